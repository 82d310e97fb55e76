//! The layouts of the segments method (`--layout`).

use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// The kernel is unpacked and relocated before the jump.
    Vmlinux,
    /// The file's bytes only; the rest of init_size is reserved.
    Elided,
    /// A segment of init_size bytes.
    Classic,
    /// An ELF file, which lies where it was linked to lie: there is nothing to choose.
    Linked,
}

impl Layout {
    /// Those of a bzImage, in the order in which `--layout auto` tries them.
    pub(crate) const ALL: [Self; 3] = [Self::Vmlinux, Self::Elided, Self::Classic];
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Vmlinux => "vmlinux",
            Self::Elided => "elided",
            Self::Classic => "classic",
            Self::Linked => "linked",
        })
    }
}
