//! Everything that is demanded before a kernel may be loaded, apart from its signature.

use super::{Basis, CommandLine, Initrd, Initrds, Payload};
use crate::machine::Machine;
use crate::permit;
use crate::prediction::Prediction;
use crate::reason::{Finding, Reason, Warning};
use crate::sources::policy::{Part, Policy};
use crate::system::Method;
use crate::trust::Needs;

/// What the running kernel would check of an image: by the signature in its certificate table, whichever signature we judged.
#[derive(Debug, Clone)]
pub struct KernelCheck {
    /// The keys and algorithms that this takes.
    pub needs: Needs,
    /// What the reference kernel would answer.
    pub prediction: Prediction,
}

/// What this load, by this method, on this machine must fulfil.
#[derive(Debug, Clone, Copy)]
pub struct Demands<'a> {
    /// The running kernel and what is around it.
    pub machine: &'a Machine,
    /// By which call.
    pub method: Method,
    /// Every initrd must be signed, whatever the policy requires.
    pub signed_initrds: bool,
    /// What a signature must cover, and what may be added all the same.
    pub policy: &'a Policy,
    /// What the running kernel would check itself; nothing where it checks nothing.
    pub kernel_check: Option<&'a KernelCheck>,
}

impl Demands<'_> {
    /// What the running kernel would have to load before it can verify the image.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        self.kernel_check.map(|check| permit::missing_modules(self.machine, &check.needs)).unwrap_or_default()
    }

    pub(super) fn fulfilled_by(
        &self,
        kernel: &Payload,
        basis: &Basis,
        initrds: &Initrds,
        cmdline: &CommandLine,
    ) -> Result<(), Finding> {
        self.covered(basis, initrds, cmdline)?;
        self.allow_added(basis, initrds)?;
        if self.method == Method::File {
            self.original_descriptors(kernel, initrds)?;
        }
        let accepted =
            self.kernel_check.map_or(Ok(()), |check| permit::accepts(self.machine, &check.needs, check.prediction));
        accepted.map_err(|finding| match finding.reason {
            Reason::Lockdown if !kernel.is_whole_file() => Finding::new(Reason::InnerSignature, finding.detail),
            _ => finding,
        })
    }

    /// Refuses added files where every initrd must be signed, or where a bundle signs the initrd, unless the policy allows them by name.
    pub(super) fn allow_added(&self, basis: &Basis, initrds: &Initrds) -> Result<(), Finding> {
        let bundled = match basis {
            Basis::Manifest(_) => true,
            // A detached signature may be that of a unified kernel image, too.
            Basis::Uki(_) | Basis::Detached(_) => initrds.parts().iter().any(Initrd::is_signed_section),
            Basis::Embedded(_) | Basis::Waived(_) => false,
        };
        if !self.signed_initrds && !self.policy.requires(Part::Initrd) && !bundled {
            return Ok(());
        }
        let forbidden = initrds.added().iter().filter(|file| !file.target.is_allowed_by(self.policy));
        let forbidden: Vec<_> = forbidden.map(|file| file.target.to_string()).collect();
        if forbidden.is_empty() { Ok(()) } else { Err(Finding::new(Reason::InjectionForbidden, forbidden.join(", "))) }
    }

    /// Asks for the signatures that the policy or the request requires.
    fn covered(&self, basis: &Basis, initrds: &Initrds, cmdline: &CommandLine) -> Result<(), Finding> {
        let required = |part| self.policy.requires(part);
        let uncovered = |reason, seen: &str| {
            let demanded = format!("{} sets require", self.policy.require.origin);
            Finding::new(reason, if seen.is_empty() { demanded } else { format!("{seen}; {demanded}") })
        };
        if required(Part::Kernel) && basis.signer().is_none() {
            return Err(uncovered(Reason::UncoveredKernel, ""));
        }
        if self.signed_initrds {
            initrds.all_signed()?;
        }
        if required(Part::Initrd) {
            initrds.all_signed().map_err(|finding| match finding.reason {
                Reason::InitrdUnsigned => {
                    Finding { file: finding.file, ..uncovered(Reason::UncoveredInitrd, &finding.detail) }
                }
                _ => finding,
            })?;
        }
        if required(Part::Cmdline) && !cmdline.covered() {
            return Err(uncovered(Reason::UncoveredCmdline, ""));
        }
        Ok(())
    }

    /// LoadPin checks on which file system a file is, and IMA the signature of that file; a copy in memory is on no file system and has
    /// no signature.
    fn original_descriptors(&self, kernel: &Payload, initrds: &Initrds) -> Result<(), Finding> {
        if !kernel.is_whole_file() {
            let seen = "the kernel is a part of a file, and skexec hands it over as a copy in memory";
            if self.machine.load_pin.wants_original() {
                return Err(Finding::new(Reason::LoadPin, format!("{seen}, which is on no file system")));
            }
            if self.machine.ima.wants_original() {
                return Err(Finding::new(Reason::ImaRefused, format!("{seen}, which has no IMA signature")));
            }
        }
        if self.machine.load_pin.wants_original() && initrds.in_memory() {
            let seen = "skexec hands over several initrds, a signed one, or one with added files, as a copy in memory, which is on no \
                        file system";
            return Err(Finding::new(Reason::LoadPin, seen));
        }
        Ok(())
    }
}
