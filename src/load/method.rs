//! The choice of the system call. It is made without a call as a probe, for each call counts against `kexec_load_limit_*`.

use crate::arch::Platform;
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
        let vain = self.method == Method::File && *segments != Options::default();
        let vain = vain.then(|| {
            Warning::new(
                Caution::NoEffect,
                "kexec_file_load places segments itself: the options for segments have no effect",
            )
        });
        permit::misses(self.method, machine, platform).into_iter().chain(vain).collect()
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
