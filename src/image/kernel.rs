//! The two kinds of kernel that can be booted.

use super::bzimage::SetupHeader;
use super::elf::{self, Vmlinux};

/// A kernel, as its headers describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kernel {
    /// A bzImage.
    BzImage(SetupHeader),
    /// A vmlinux.
    Elf(Vmlinux),
}

impl Kernel {
    /// The release that the kernel states.
    #[must_use]
    pub fn release(&self) -> Option<&str> {
        match self {
            Self::BzImage(header) => header.release.as_deref(),
            Self::Elf(vmlinux) => vmlinux.release.as_deref(),
        }
    }

    /// The longest command line in bytes, without its NUL.
    #[must_use]
    pub const fn cmdline_size(&self) -> u32 {
        match self {
            Self::BzImage(header) => header.cmdline_size,
            Self::Elf(_) => elf::CMDLINE_SIZE,
        }
    }

    /// Whether it can be entered under five-level page tables; `false` for a vmlinux without evidence that it can.
    #[must_use]
    pub const fn five_level(&self) -> bool {
        match self {
            Self::BzImage(header) => header.five_level(),
            Self::Elf(vmlinux) => vmlinux.five_level,
        }
    }

    /// Bytes of memory that it needs, from its first address to its last.
    #[must_use]
    pub fn memory(&self) -> u64 {
        match self {
            Self::BzImage(header) => header.init_size.into(),
            Self::Elf(vmlinux) => {
                let end = vmlinux.segments.last().map_or(0, |segment| segment.pages().end().get());
                let start = vmlinux.segments.first().map_or(end, |segment| segment.at.start().get());
                end.saturating_sub(start)
            }
        }
    }

    /// Bytes that segments load of it at least.
    #[must_use]
    pub fn loaded(&self) -> u64 {
        match self {
            Self::BzImage(header) => u64::try_from(header.system_size).unwrap_or(u64::MAX),
            Self::Elf(_) => self.memory(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_needs_and_loads_what_its_headers_say() {
        let packed = forge::bzimage::BzImage { syssize: Some(0x456), init_size: 0x12_3000, ..Default::default() };
        let unpacked = forge::vmlinux::Vmlinux::default();
        let rows = [
            (Kernel::BzImage(SetupHeader::parse(&packed.build()).unwrap()), 0x12_3000, 0x4560),
            (Kernel::Elf(Vmlinux::parse(&unpacked.build()).unwrap()), 0x8000, 0x8000),
        ];
        for (kernel, memory, loaded) in rows {
            assert_eq!((kernel.memory(), kernel.loaded()), (memory, loaded), "{kernel:?}");
        }
    }
}
