//! A file that claims to be a kernel or an initrd.

use crate::image::Parsed;
use crate::reason::Finding;
use crate::sealed::Sealed;
use std::path::Path;

/// A file that was read once and parsed once. Nothing about it was verified.
pub type Candidate = Parsed<Sealed>;

impl Candidate {
    /// Reads and parses a file.
    ///
    /// # Errors
    /// Those of [`Sealed::read`].
    pub fn read(path: &Path) -> Result<Self, Finding> {
        Self::read_profile(path, None)
    }

    /// Reads and parses a file, and chooses the profile of a UKI by its number or its ID.
    ///
    /// # Errors
    /// Those of [`Sealed::read`].
    pub fn read_profile(path: &Path, profile: Option<&str>) -> Result<Self, Finding> {
        let sealed = Sealed::read(path).map_err(|error| Finding::from(error).in_file(path))?;
        Ok(Self::with_profile(sealed, profile))
    }

    /// Reads and parses a file that may not have more than this many bytes.
    ///
    /// # Errors
    /// Those of [`Sealed::read_at_most`].
    pub(super) fn read_at_most(path: &Path, most: u64) -> Result<Self, Finding> {
        let sealed = Sealed::read_at_most(path, most).map_err(|error| Finding::from(error).in_file(path))?;
        Ok(Self::new(sealed))
    }

    /// Its bytes and their descriptor.
    #[must_use]
    pub const fn sealed(&self) -> &Sealed {
        self.file().owner()
    }
}
