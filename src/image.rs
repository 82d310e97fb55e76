//! What a file is: pure parsers over its bytes, which say nothing about who made them.

#![deny(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::as_conversions)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used))]

mod bytes;
pub mod bzimage;
pub mod cmdline;
pub mod elf;
pub mod initrd;
mod kernel;
pub mod pe;

pub use kernel::Kernel;

use crate::reason::{Finding, Reason};
use bzimage::SetupHeader;
use elf::Vmlinux;
use pe::Pe;

/// What a file is, by its own account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// A Linux kernel with a setup_header; as a rule a PE, too.
    BzImage,
    /// A vmlinux.
    Elf,
    /// A unified kernel image: a PE with a `.linux` section.
    Uki,
    /// Another EFI program, such as a boot loader.
    Pe,
    /// A cpio archive, compressed or not.
    Initrd,
    /// Nothing of these.
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
            Self::Unknown => "unknown",
        }
    }

    /// Tells formats apart by their first bytes, never by the file's name.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        match () {
            () if SetupHeader::claimed_by(bytes) => Self::BzImage,
            () if elf::claimed_by(bytes) => Self::Elf,
            () if Pe::claimed_by(bytes) && has_linux_section(bytes) => Self::Uki,
            () if Pe::claimed_by(bytes) => Self::Pe,
            () if initrd::claimed_by(bytes) => Self::Initrd,
            () => Self::Unknown,
        }
    }
}

fn has_linux_section(bytes: &[u8]) -> bool {
    Pe::parse(bytes).is_ok_and(|pe| pe.sections.iter().any(|section| section.name() == b".linux"))
}

/// Checks that the file can be booted, whoever signed it, and says what kind of kernel it is.
///
/// # Errors
/// `not-a-kernel`, `unsupported-format`, or what is wrong with the setup_header or the ELF headers.
pub fn loadable(bytes: &[u8]) -> Result<Kernel, Finding> {
    match Format::of(bytes) {
        Format::BzImage => {
            let header = SetupHeader::parse(bytes)?;
            if let Some(Ok(pe)) = Pe::claimed_by(bytes).then(|| Pe::parse(bytes)) {
                agree(&header, &pe)?;
            }
            Ok(Kernel::BzImage(header))
        }
        Format::Elf => Vmlinux::parse(bytes).map(Kernel::Elf),
        Format::Uki => Err(Finding::new(Reason::UnsupportedFormat, "a UKI")),
        Format::Pe => Err(Finding::new(Reason::NotAKernel, "an EFI program")),
        Format::Initrd => Err(Finding::new(Reason::NotAKernel, "it looks like an initrd")),
        Format::Unknown => Err(Finding::new(Reason::NotAKernel, "neither bzImage nor PE nor ELF")),
    }
}

/// The setup_header and the PE must speak of the same kernel: of this architecture, and all of it signed.
fn agree(header: &SetupHeader, pe: &Pe) -> Result<(), Finding> {
    if pe.machine != pe::MACHINE_X86_64 {
        return Err(Finding::new(
            Reason::PeHeader,
            format!("Machine {:#x}, wanted {:#x}", pe.machine, pe::MACHINE_X86_64),
        ));
    }
    match &pe.certificate_table {
        Some(table) if header.end() > table.start => {
            let seen = format!(
                "by its setup_header it ends at {:#x}, its signature starts at {:#x}",
                header.end(),
                table.start
            );
            Err(Finding::new(Reason::Truncated, seen))
        }
        _ => Ok(()),
    }
}
