//! The steps of `load` and `exec`, as events: the command line prints them with --verbose.

use crate::arch::LaidOut;
use crate::authorize::Authorized;
use crate::system::Method;
use std::fmt;
use std::path::PathBuf;

/// A step of `load` or `exec`, or a fault that does not stop it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The kernel may be loaded.
    Verified {
        /// The kernel.
        kernel: PathBuf,
        /// The signer's distinguished name; nothing where the signature was waived.
        signer: Option<String>,
    },
    /// A manifest is not compared with the versions that have booted, because an initramfs does not know them.
    VersionsUnknown,
    /// The system call was chosen.
    Chosen {
        /// The method.
        method: Method,
        /// Why it was chosen.
        why: &'static str,
    },
    /// The layout of the kernel in its segments was chosen.
    LaidOut {
        /// The layout's name.
        layout: &'static str,
        /// Why it was chosen.
        why: String,
    },
    /// The kernel counts loads and unloads from now on; the name of the counter.
    Counting(&'static str),
    /// The system call comes next.
    Loading {
        /// The kernel.
        kernel: PathBuf,
        /// The method.
        method: Method,
    },
    /// What is booted is measured into the TPM.
    Measuring,
    /// A watchdog counts down; what it will do.
    Armed(String),
    /// systemd is asked for `kexec.target`.
    ShuttingDown,
    /// logind is asked for a reboot by kexec; when, unless at once.
    AskingLogind(Option<String>),
    /// A shutdown that was asked for is not made: what was noted, armed and measured for it is taken back.
    Stopped,
    /// The jump comes next.
    Jumping,
    /// Something failed; the command goes on.
    Fault(String),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verified { kernel, signer: Some(signer) } => {
                write!(f, "verified: {}: signed by {signer}", kernel.display())
            }
            Self::Verified { kernel, signer: None } => write!(f, "not verified: {}", kernel.display()),
            Self::VersionsUnknown => f.write_str(
                "an initramfs does not know which versions have booted: only the policy's least versions count",
            ),
            Self::Chosen { method, why } => write!(f, "chose {}: {why}", method.call()),
            Self::LaidOut { layout, why } => write!(f, "chose the layout {layout}: {why}"),
            Self::Counting(counter) => {
                write!(f, "set {counter}: the kernel counts loads and unloads until the next boot")
            }
            Self::Loading { kernel, method } => write!(f, "loading {} by {}", kernel.display(), method.call()),
            Self::Measuring => f.write_str("measuring kernel, initrd and command line into the TPM"),
            Self::Armed(what) => write!(f, "armed the watchdog: {what}"),
            Self::ShuttingDown => f.write_str("asking systemd to start kexec.target"),
            Self::AskingLogind(None) => f.write_str("asking logind to reboot into the loaded kernel"),
            Self::AskingLogind(Some(when)) => write!(f, "asking logind to reboot into the loaded kernel at {when}"),
            Self::Stopped => f.write_str(
                "the shutdown that was asked for was stopped: what was noted, armed and measured for it is taken back",
            ),
            Self::Jumping => f.write_str("jumping into the loaded kernel"),
            Self::Fault(what) => write!(f, "warning: {what}"),
        }
    }
}

impl Event {
    /// The event for a layout.
    #[must_use]
    pub fn laid_out(laid_out: &LaidOut) -> Self {
        Self::LaidOut { layout: laid_out.name(), why: laid_out.why().to_owned() }
    }

    /// The event for a kernel that may be loaded.
    #[must_use]
    pub fn verified(authorized: &Authorized) -> Self {
        let signer = authorized.basis().signer().map(|signer| signer.subject.clone());
        Self::Verified { kernel: authorized.kernel().path().to_owned(), signer }
    }
}

/// Is called with each event.
pub type Follow<'a> = dyn FnMut(Event) + 'a;
