//! A manifest: the text that binds a kernel, its initrds and its command line. docs/manifest.md describes the format.
//!
//! The text is parsed only after its detached signature was verified. The parser is strict all the same: what one reader of a
//! signed text overlooks, another one may act upon.

mod glob;
mod text;
mod vary;

use super::cmdline::Cmdline;
use crate::hex;
use crate::reason::{Finding, Reason};
use std::fmt;
use vary::Vary;

/// The largest manifest, in bytes.
pub const MAX_SIZE: usize = 64 << 10;
/// The most initrds that a manifest binds.
const MAX_INITRDS: usize = 64;

/// What a manifest binds. Having one says nothing about who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    name: String,
    version: u64,
    kernel: Bound,
    initrds: Vec<Bound>,
    cmdline: Cmdline,
    vary: Vary,
}

/// A file that a manifest binds by its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// SHA-256 of the whole file.
    pub sha256: [u8; 32],
    /// Bytes of the file.
    pub size: u64,
    /// Where the file is expected: a plain file name in the directory of the manifest. It is a hint for whoever names no file;
    /// it binds nothing.
    pub file: Option<String>,
}

impl Bound {
    /// Compares a file's size and SHA-256 with the bound ones.
    fn check(&self, size: u64, sha256: &[u8; 32], otherwise: Reason) -> Result<(), Finding> {
        if size == self.size && *sha256 == self.sha256 {
            return Ok(());
        }
        let of = |size, sha256| format!("{size} bytes with SHA-256 {}", hex::encode(sha256));
        let seen = format!("it has {}; the manifest binds {}", of(size, sha256), of(self.size, &self.sha256));
        Err(Finding::new(otherwise, seen))
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes, SHA-256 {}", self.size, hex::encode(&self.sha256))?;
        self.file.as_ref().map_or(Ok(()), |file| write!(f, ", {file}"))
    }
}

/// Whether a file claims to be a manifest: its first line that is neither blank nor a comment sets `manifest`. No kernel, no
/// archive and no message starts like this, so that a signature over one of them never makes it a manifest.
#[must_use]
pub fn claimed_by(bytes: &[u8]) -> bool {
    let head = bytes.get(..MAX_SIZE).unwrap_or(bytes);
    let lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let mut first = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#"));
    let rest = first.next().and_then(|line| line.strip_prefix(b"manifest"));
    rest.is_some_and(|rest| rest.trim_ascii_start().starts_with(b"="))
}

impl Manifest {
    /// Parses the text of a manifest.
    ///
    /// # Errors
    /// `manifest`, with the line and what is wrong there: the text is longer than [`MAX_SIZE`] or no TOML, a key is unknown or
    /// missing, or a value is outside its range.
    pub fn parse(bytes: &[u8]) -> Result<Self, Finding> {
        text::parse(bytes).map_err(|what| Finding::new(Reason::Manifest, what))
    }

    /// The name of the boot, under which its versions are counted: 1 to 64 of `A-Z a-z 0-9 . _ -`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version, at least 1; a higher one is newer.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The kernel.
    #[must_use]
    pub const fn kernel(&self) -> &Bound {
        &self.kernel
    }

    /// The initrds, in the order in which they are loaded.
    #[must_use]
    pub fn initrds(&self) -> &[Bound] {
        &self.initrds
    }

    /// The command line, where no other one is given.
    #[must_use]
    pub const fn cmdline(&self) -> &Cmdline {
        &self.cmdline
    }

    /// The parameters that may vary, each with the patterns of its values.
    pub fn vary(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        self.vary.rows()
    }

    /// Compares a kernel's size in bytes and SHA-256 with the bound ones.
    ///
    /// # Errors
    /// `manifest-kernel`
    pub fn check_kernel(&self, size: u64, sha256: &[u8; 32]) -> Result<(), Finding> {
        self.kernel.check(size, sha256, Reason::ManifestKernel)
    }

    /// Checks the number of initrds.
    ///
    /// # Errors
    /// `manifest-initrd`
    pub fn check_initrd_count(&self, given: usize) -> Result<(), Finding> {
        let bound = self.initrds.len();
        if given == bound {
            return Ok(());
        }
        let seen = format!("the number of initrds is {given}; the manifest binds {bound}");
        Err(Finding::new(Reason::ManifestInitrd, seen))
    }

    /// Compares an initrd's size in bytes and SHA-256 with those that are bound at its place, counted from 0.
    ///
    /// # Errors
    /// `manifest-initrd`
    pub fn check_initrd(&self, place: usize, size: u64, sha256: &[u8; 32]) -> Result<(), Finding> {
        match self.initrds.get(place) {
            Some(bound) => bound.check(size, sha256, Reason::ManifestInitrd),
            None => self.check_initrd_count(place.saturating_add(1)),
        }
    }

    /// Compares a command line with the bound one: without the parameters that may vary, both must consist of the same words in
    /// the same order. From a `--` on, where init's arguments begin, nothing varies.
    ///
    /// # Errors
    /// `manifest-cmdline`
    pub fn check_cmdline(&self, given: &Cmdline) -> Result<(), Finding> {
        self.vary.check(&self.cmdline, given).map_err(|seen| Finding::new(Reason::ManifestCmdline, seen))
    }
}

#[cfg(test)]
mod tests;
