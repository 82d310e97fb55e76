//! From a file to the permission to load it: [`Candidate`] -> [`Verified`] -> [`Authorized`], each the only way to the
//! next.

mod candidate;
mod companions;
mod policy;

pub use candidate::Candidate;
pub use companions::{Initrd, Initrds, Piece, Refusal, signature_beside};
pub use policy::Policy;

use crate::image::Kernel;
use crate::image::cmdline::Cmdline;
use crate::reason::Finding;
use crate::trust::{Judgement, Place, Signer, Verified};

/// What the permission rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// A signature within the image.
    Embedded(Signer),
    /// A signature in a file of its own.
    Detached(Signer),
    /// Nothing: the user waived the signature, and nothing enforces it.
    Waived(Vec<Finding>),
}

impl Basis {
    /// Who signed, where that was proved.
    #[must_use]
    pub const fn signer(&self) -> Option<&Signer> {
        match self {
            Self::Embedded(signer) | Self::Detached(signer) => Some(signer),
            Self::Waived(_) => None,
        }
    }

    /// The name in reports and in the record.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Embedded(_) => "embedded",
            Self::Detached(_) => "detached",
            Self::Waived(_) => "waived",
        }
    }
}

/// A kernel with its initrds and command line that may be loaded.
#[derive(Debug)]
pub struct Authorized {
    kernel: Candidate,
    image: Kernel,
    initrds: Initrds,
    cmdline: Cmdline,
    basis: Basis,
}

impl Authorized {
    /// Applies the policy to a judgement.
    ///
    /// # Errors
    /// The candidate's findings, with what is wrong with it as a kernel first.
    pub fn new(
        judgement: Judgement<Candidate>,
        initrds: Initrds,
        cmdline: Cmdline,
        policy: Policy,
    ) -> Result<Self, Vec<Finding>> {
        let (kernel, basis) = match judgement.outcome {
            Ok(verified) => of_signer(verified),
            Err(refused) => (refused.subject, policy.waive(refused.findings)?),
        };
        let image = kernel.loadable().cloned().map_err(|finding| vec![finding.clone()])?;
        Ok(Self { kernel, image, initrds, cmdline, basis })
    }

    /// The file.
    #[must_use]
    pub const fn kernel(&self) -> &Candidate {
        &self.kernel
    }

    /// What kind of kernel it is, and what it says of itself.
    #[must_use]
    pub const fn image(&self) -> &Kernel {
        &self.image
    }

    /// The initrds, perhaps none.
    #[must_use]
    pub const fn initrds(&self) -> &Initrds {
        &self.initrds
    }

    /// The command line.
    #[must_use]
    pub const fn cmdline(&self) -> &Cmdline {
        &self.cmdline
    }

    /// What the proof covers.
    #[must_use]
    pub fn covers(&self) -> Vec<&'static str> {
        let kernel = self.basis.signer().map(|_| "kernel");
        let initrd = self.initrds.verified().then_some("initrd");
        kernel.into_iter().chain(initrd).collect()
    }

    /// What the permission rests on.
    #[must_use]
    pub const fn basis(&self) -> &Basis {
        &self.basis
    }
}

fn of_signer(verified: Verified<Candidate>) -> (Candidate, Basis) {
    let (kernel, signer, place) = verified.into_parts();
    match place {
        Place::Within => (kernel, Basis::Embedded(signer)),
        Place::Beside => (kernel, Basis::Detached(signer)),
    }
}
