//! The kernel that is booted: the file that was judged, or a part of it.

use super::candidate::Candidate;
use crate::image::Kernel;
use crate::reason::{Finding, Reason};
use crate::sys::Memfd;
use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

/// The bytes of a kernel, within the file that was judged. The file and its parse stay together, so that no kernel is cut from other
/// bytes than those that were verified.
#[derive(Debug)]
pub struct Payload {
    file: Candidate,
    /// Where the kernel lies in the file; `None` where the file is the kernel.
    part: Option<Range<usize>>,
    image: Kernel,
}

impl Payload {
    /// The kernel that the file's parse describes.
    pub(super) fn of(file: Candidate) -> Result<Self, Finding> {
        let image = file.loadable().cloned().map_err(Clone::clone)?;
        let part = match file.uki() {
            Some(uki) => Some(uki.map_err(Clone::clone)?.linux()?),
            None => None,
        };
        Ok(Self { file, part, image })
    }

    /// The file that was judged.
    #[must_use]
    pub const fn file(&self) -> &Candidate {
        &self.file
    }

    /// The path of the file that was judged.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.sealed().path()
    }

    /// The kernel's bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.part {
            None => self.file.bytes(),
            Some(part) => self.file.bytes().get(part.clone()).unwrap_or_default(),
        }
    }

    /// Whether the file is the kernel, so that its descriptor can be handed over.
    #[must_use]
    pub const fn is_whole_file(&self) -> bool {
        self.part.is_none()
    }

    /// What kind of kernel it is, as its headers describe it.
    #[must_use]
    pub const fn image(&self) -> &Kernel {
        &self.image
    }

    /// A sealed copy of the kernel's bytes for `kexec_file_load`; `None` where the file itself is handed over.
    ///
    /// # Errors
    /// `unreadable`: the copy cannot be made.
    pub fn copy(&self) -> Result<Option<Memfd>, Finding> {
        if self.is_whole_file() {
            return Ok(None);
        }
        let bytes = self.bytes();
        let copied = Memfd::create(c"skexec-kernel", |target| {
            target.write_all(bytes)?;
            Ok::<_, io::Error>(u64::try_from(bytes.len()).unwrap_or(u64::MAX))
        });
        let failed =
            |error: io::Error| Finding::new(Reason::Unreadable, format!("the copy of the kernel in memory: {error}"));
        copied.map(Some).map_err(failed)
    }
}
