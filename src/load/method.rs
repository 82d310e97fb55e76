//! The choice of the system call. It is made without a call as a probe, for each call counts against `kexec_load_limit_*`.

use crate::arch::{OnDamage, Platform};
use crate::image::Kernel;
use crate::machine::Machine;
use crate::permit;
use crate::reason::{Caution, Finding, Reason, Warning};
use crate::segments::Options;
use crate::system::Method;

/// The method, and why it is that one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) method: Method,
    pub(super) why: &'static str,
}

impl Choice {
    /// What the next kernel would miss, and which options have no effect.
    pub(super) fn warnings(self, segments: &Options, machine: &Machine, platform: &Platform) -> Vec<Warning> {
        permit::misses(self.method, machine, platform).into_iter().chain(about(*segments, self.method)).collect()
    }
}

/// A warning about the options for segments.
fn about(segments: Options, method: Method) -> Option<Warning> {
    let unchecked = segments.on_damage.unchecked;
    let others = Options { on_damage: OnDamage { unchecked: false, ..segments.on_damage }, ..segments };
    let vain = |message: &str| Some(Warning::new(Caution::NoEffect, message));
    match method {
        Method::Segments => unchecked.then(|| Caution::Unchecked.into()),
        Method::File if others != Options::default() => {
            vain("kexec_file_load places segments itself: the options for segments have no effect")
        }
        Method::File if unchecked => {
            vain("kexec_file_load brings the running kernel's purgatory, which always checks: -i has no effect")
        }
        Method::File => None,
    }
}

/// The method that was asked for. Where none was, the file method, by which the running kernel checks the signature too;
/// segments where the running kernel has no `kexec_file_load`, or that call takes no image of this kind.
///
/// # Errors
/// `unsupported-format` when the method that was asked for cannot load the image.
pub(super) fn choose(asked: Option<Method>, image: &Kernel, machine: &Machine) -> Result<Choice, Finding> {
    let choice = |method, why| Ok(Choice { method, why });
    match (asked, image) {
        (Some(Method::File), Kernel::Elf(_)) => {
            Err(Finding::new(Reason::UnsupportedFormat, "an ELF vmlinux; kexec_file_load takes a bzImage only"))
        }
        (Some(method), _) => choice(method, "as asked for"),
        (None, Kernel::Elf(_)) => {
            choice(Method::Segments, "kexec_file_load takes a bzImage only, and this is an ELF vmlinux")
        }
        (None, Kernel::BzImage(_)) if machine.kexec.file_load == Some(false) => {
            choice(Method::Segments, "the running kernel has no kexec_file_load")
        }
        (None, Kernel::BzImage(_)) => choice(Method::File, "the running kernel looks at the signature, too"),
    }
}
