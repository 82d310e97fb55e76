//! From a file to the permission to load it: [`Candidate`] -> [`Verified`] -> [`Accepted`] -> [`Authorized`], each the only way
//! to the next.
//!
//! [`Verified`]: crate::trust::Verified

pub mod addons;
mod binding;
mod bundle;
mod candidate;
mod command_line;
mod demands;
mod initrds;
mod injection;
mod limits;
mod payload;
mod verdict;
mod waiver;

pub use binding::Binding;
pub use bundle::Bundle;
pub use candidate::{Candidate, Reading};
pub use command_line::CommandLine;
pub use demands::{Demands, KernelCheck};
pub use initrds::{Initrd, Initrds, Origin, Supply, Unpacked, detached_signature, signature_at, signature_path};
pub use injection::{Added, Credential, InitrdPath, Injected, Injection, Target, conflict, lasts};
pub use payload::Payload;
pub use verdict::{Accepted, Assessment, Role, assess, verify};
pub use waiver::Waiver;

use crate::image::Kernel;
use crate::image::cmdline::Cmdline;
use crate::reason::{Finding, Reason, Refusal};
use crate::trust::Signer;

/// Why the kernel may be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// An embedded signature.
    Embedded(Signer),
    /// A detached signature.
    Detached(Signer),
    /// The signature of the unified kernel image that the kernel is a part of.
    Uki(Signer),
    /// The signature of a manifest that binds the kernel.
    Manifest(Signer),
    /// Nothing: the user waived the signature, and nothing enforces it.
    Waived(Refusal),
}

impl Basis {
    /// Who signed, where that was proved.
    #[must_use]
    pub const fn signer(&self) -> Option<&Signer> {
        match self {
            Self::Embedded(signer) | Self::Detached(signer) | Self::Uki(signer) | Self::Manifest(signer) => {
                Some(signer)
            }
            Self::Waived(_) => None,
        }
    }

    /// The name in reports and in the record.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Embedded(_) => "embedded",
            Self::Detached(_) => "detached",
            Self::Uki(_) => "uki",
            Self::Manifest(_) => "manifest",
            Self::Waived(_) => "waived",
        }
    }
}

/// A kernel with its initrds and command line that may be loaded. Nothing is demanded of it any more.
#[derive(Debug)]
pub struct Authorized {
    kernel: Payload,
    initrds: Initrds,
    cmdline: CommandLine,
    basis: Basis,
}

impl Authorized {
    /// Puts a boot together and asks all demands.
    ///
    /// # Errors
    /// The first demand that is not fulfilled.
    pub fn new(
        accepted: Accepted,
        initrds: Initrds,
        cmdline: CommandLine,
        demands: &Demands<'_>,
    ) -> Result<Self, Finding> {
        let Accepted { kernel, basis, .. } = accepted;
        if !kernel.file().sealed().is_complete() {
            // No command loads what it read only to judge it.
            return Err(Finding::new(Reason::Unreadable, "not every byte of the kernel was kept"));
        }
        if matches!(basis, Basis::Manifest(_)) {
            bound_as_a_whole(&initrds, &cmdline)?;
        }
        demands.fulfilled_by(&kernel, &basis, &initrds, &cmdline)?;
        Ok(Self { kernel, initrds, cmdline, basis })
    }

    /// The kernel, and the file that it is or that it is a part of.
    #[must_use]
    pub const fn kernel(&self) -> &Payload {
        &self.kernel
    }

    /// What kind of kernel it is, as its headers describe it.
    #[must_use]
    pub const fn image(&self) -> &Kernel {
        self.kernel.image()
    }

    /// The initrds, perhaps none.
    #[must_use]
    pub const fn initrds(&self) -> &Initrds {
        &self.initrds
    }

    /// The command line.
    #[must_use]
    pub const fn cmdline(&self) -> &Cmdline {
        self.cmdline.text()
    }

    /// What the proof covers.
    #[must_use]
    pub fn covers(&self) -> Vec<&'static str> {
        let kernel = self.basis.signer().map(|_| "kernel");
        let initrd = self.initrds.verified().then_some("initrd");
        let cmdline = self.cmdline.covered().then_some("cmdline");
        kernel.into_iter().chain(initrd).chain(cmdline).collect()
    }

    /// Why the kernel may be loaded.
    #[must_use]
    pub const fn basis(&self) -> &Basis {
        &self.basis
    }
}

/// A manifest that binds the kernel binds every initrd file and the command line, too: none may come in by another way than through
/// the [`Binding`].
fn bound_as_a_whole(initrds: &Initrds, cmdline: &CommandLine) -> Result<(), Finding> {
    let unbound = |part: &&Initrd| part.signer.is_none() && part.origin.file().is_some();
    if let Some(part) = initrds.parts().iter().find(unbound) {
        return Err(Finding::new(Reason::ManifestInitrd, format!("the manifest does not bind {}", part.origin)));
    }
    if cmdline.covered() { Ok(()) } else { Err(Reason::ManifestCmdline.into()) }
}

#[cfg(test)]
mod tests;
