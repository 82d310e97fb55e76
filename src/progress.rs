//! What happens on the way, for those who follow it: events, not lines of text.

use crate::authorize::Authorized;
use crate::system::Method;
use std::fmt;
use std::path::PathBuf;

/// A step of `load` or `exec`, or a fault that stops neither.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The kernel may be loaded; by whose signature, or nothing where that was waived.
    Verified {
        /// The kernel.
        kernel: PathBuf,
        /// The signer's distinguished name.
        signer: Option<String>,
    },
    /// The system call was chosen.
    Chosen {
        /// By which call.
        method: Method,
        /// Why.
        why: &'static str,
    },
    /// The system call comes next.
    Loading {
        /// The kernel.
        kernel: PathBuf,
        /// By which call.
        method: Method,
    },
    /// systemd is asked for `kexec.target`.
    ShuttingDown,
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
            Self::Chosen { method, why } => write!(f, "by {}: {why}", method.call()),
            Self::Loading { kernel, method } => write!(f, "loading {} by {}", kernel.display(), method.call()),
            Self::ShuttingDown => f.write_str("asking systemd for kexec.target"),
            Self::Jumping => f.write_str("jumping"),
            Self::Fault(what) => write!(f, "warning: {what}"),
        }
    }
}

impl Event {
    /// What may be loaded, and why.
    #[must_use]
    pub fn verified(authorized: &Authorized) -> Self {
        let signer = authorized.basis().signer().map(|signer| signer.subject.clone());
        Self::Verified { kernel: authorized.kernel().sealed().path().to_owned(), signer }
    }
}

/// Who follows.
pub type Follow<'a> = dyn FnMut(Event) + 'a;
