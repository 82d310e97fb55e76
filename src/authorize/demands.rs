//! Everything that is demanded before a kernel may be loaded, apart from its signature.

use super::Initrds;
use crate::machine::Machine;
use crate::permit;
use crate::reason::{Finding, Reason, Warning};
use crate::system::Method;
use crate::trust::Evidence;

/// What this load, by this method, on this machine must fulfil.
#[derive(Debug, Clone, Copy)]
pub struct Demands<'a> {
    /// The running kernel and what is around it.
    pub machine: &'a Machine,
    /// By which call.
    pub method: Method,
    /// Every initrd must be signed.
    pub signed_initrds: bool,
    /// What was seen of the embedded signature, the only one that the running kernel looks at.
    pub embedded: &'a Evidence,
}

impl Demands<'_> {
    /// What the running kernel would have to load before it can verify the image.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        match self.method {
            Method::File => permit::missing_modules(self.machine, self.embedded),
            Method::Segments => Vec::new(),
        }
    }

    pub(super) fn fulfilled_by(&self, initrds: &Initrds) -> Result<(), Finding> {
        if self.signed_initrds {
            initrds.all_signed()?;
        }
        match self.method {
            Method::Segments => Ok(()),
            Method::File => {
                self.original_descriptors(initrds)?;
                permit::accepts(self.machine, self.embedded)
            }
        }
    }

    /// LoadPin asks on which file system a file is; a copy in memory is on none.
    fn original_descriptors(&self, initrds: &Initrds) -> Result<(), Finding> {
        if self.machine.load_pin.wants_original() && initrds.in_memory() {
            let seen =
                "skexec hands over several initrds, or a signed one, as a copy in memory, which is on no file system";
            return Err(Finding::new(Reason::LoadPin, seen));
        }
        Ok(())
    }
}
