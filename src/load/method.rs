//! By which system call: never found out by a call, for each one counts against `kexec_load_limit_*`.

use crate::image::Kernel;
use crate::machine::Machine;
use crate::permit;
use crate::plan::Options;
use crate::reason::{Caution, Finding, Reason, Warning};
use crate::system::Method;

/// The method, and why it is that one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) method: Method,
    pub(super) why: &'static str,
}

impl Choice {
    /// What the next kernel would miss, and what the user said in vain.
    pub(super) fn warnings(self, segments: &Options, machine: &Machine) -> Vec<Warning> {
        let vain = self.method == Method::File && *segments != Options::default();
        let vain = vain.then(|| {
            Warning::new(
                Caution::NoEffect,
                "kexec_file_load places segments itself: the options for segments have no effect",
            )
        });
        permit::misses(self.method, machine).into_iter().chain(vain).collect()
    }
}

/// The method that was asked for; without a word, the file method, unless the running kernel lacks it or takes no image of
/// this kind: under it the running kernel checks the signature, too.
///
/// # Errors
/// `unsupported-format` when the image cannot go the way that was asked for.
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
