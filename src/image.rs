//! File formats: pure parsers over the bytes of a file. They do not check who made the file.

#![deny(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::as_conversions)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used))]

mod bytes;
pub mod bzimage;
pub mod cmdline;
pub mod cpio;
pub mod elf;
pub mod flat;
pub(crate) mod glob;
pub(crate) mod initrd;
mod kernel;
pub mod manifest;
mod parsed;
pub mod payload;
pub mod pe;
pub mod relocations;
pub mod uki;

pub use kernel::Kernel;
pub use parsed::Parsed;

/// The format that a file claims to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// A Linux kernel with a setup_header; usually a PE, too.
    BzImage,
    /// A vmlinux.
    Elf,
    /// A unified kernel image: a PE with a `.linux` section.
    Uki,
    /// Another EFI program, such as a boot loader.
    Pe,
    /// A cpio archive, compressed or not.
    Initrd,
    /// The text that binds a boot.
    Manifest,
    /// None of the above.
    Unknown,
}

impl Format {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BzImage => "bzimage",
            Self::Elf => "elf",
            Self::Uki => "uki",
            Self::Pe => "pe",
            Self::Initrd => "initrd",
            Self::Manifest => "manifest",
            Self::Unknown => "unknown",
        }
    }
}
