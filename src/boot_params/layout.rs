//! Where the parts of the segment stand.

use super::setup_data::Node;
use crate::machine::handover::field;
use crate::memory::PhysAddr;

/// setup_data and the EFI map are read as structures with 64-bit numbers.
const ALIGNMENT: usize = 16;

/// Offsets from the segment's start, in order: the zero page, the command line with its NUL, setup_data, the EFI map.
pub(super) struct Layout {
    /// Of each of setup_data.
    pub(super) nodes: Vec<usize>,
    /// Of the EFI map, whether there is one or not.
    pub(super) efi_map: usize,
    length: usize,
}

/// The same as addresses.
pub(super) struct Places {
    pub(super) cmdline: PhysAddr,
    pub(super) nodes: Vec<PhysAddr>,
    pub(super) efi_map: PhysAddr,
}

impl Layout {
    pub(super) fn new(cmdline: usize, nodes: &[Node], efi_map: usize) -> Self {
        // All of it is in memory already, so that no sum of it is too great.
        let aligned = |end: usize| end.checked_next_multiple_of(ALIGNMENT).unwrap_or(end);
        let mut end = field::SIZE.saturating_add(cmdline).saturating_add(1);
        let mut offsets = Vec::with_capacity(nodes.len());
        for node in nodes {
            let start = aligned(end);
            offsets.push(start);
            end = start.saturating_add(node.length());
        }
        let map = aligned(end);
        Self { nodes: offsets, efi_map: map, length: map.saturating_add(efi_map) }
    }

    /// Bytes of the segment.
    pub(super) const fn length(&self) -> usize {
        self.length
    }

    /// The addresses when it starts at `start`; nothing where it would go past the last one.
    pub(super) fn at(&self, start: PhysAddr) -> Option<Places> {
        let address = |offset: usize| start.checked_add(offset.try_into().ok()?);
        address(self.length)?;
        Some(Places {
            cmdline: address(field::SIZE)?,
            nodes: self.nodes.iter().map(|offset| address(*offset)).collect::<Option<_>>()?,
            efi_map: address(self.efi_map)?,
        })
    }
}

impl Places {
    /// Where the list of setup_data starts; 0 where it is empty.
    pub(super) fn first_node(&self) -> u64 {
        self.nodes.first().copied().unwrap_or_default().get()
    }
}
