//! A file that alleges to be a kernel.

use crate::image::{self, Format, Kernel};
use crate::reason::Finding;
use crate::sealed::Sealed;
use std::path::Path;

/// A file that was read once and told apart by its bytes. Having one says nothing about who made it, nor that it can
/// be booted.
#[derive(Debug)]
pub struct Candidate {
    sealed: Sealed,
    format: Format,
    loadable: Result<Kernel, Finding>,
}

impl Candidate {
    /// Reads a file.
    ///
    /// # Errors
    /// Those of [`Sealed::read`].
    pub fn read(path: &Path) -> Result<Self, Finding> {
        let sealed = Sealed::read(path).map_err(|error| Finding::from(error).in_file(path))?;
        let format = Format::of(sealed.bytes());
        let loadable = image::loadable(sealed.bytes());
        Ok(Self { sealed, format, loadable })
    }

    /// What it is by its own account.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Its bytes and their descriptor.
    #[must_use]
    pub const fn sealed(&self) -> &Sealed {
        &self.sealed
    }

    /// The kernel that it is.
    ///
    /// # Errors
    /// Why it cannot be booted.
    pub fn loadable(&self) -> Result<&Kernel, &Finding> {
        self.loadable.as_ref()
    }
}

impl AsRef<[u8]> for Candidate {
    fn as_ref(&self) -> &[u8] {
        self.sealed.bytes()
    }
}
