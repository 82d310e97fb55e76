//! The offsets of the parts of the segment.

use super::field;
use super::setup_data::Node;
use crate::memory::PhysAddr;

/// The kernel reads setup_data and the EFI map as structures with 64-bit members.
const ALIGNMENT: usize = 16;

/// Offsets from the segment's start, in order: the zero page, the command line with its NUL, setup_data, the EFI map.
pub(super) struct Offsets {
    /// The offset of each setup_data node.
    pub(super) nodes: Vec<usize>,
    /// The offset of the EFI map, also where there is none.
    pub(super) efi_map: usize,
    length: usize,
}

/// The same places as physical addresses.
pub(super) struct Addresses {
    pub(super) cmdline: PhysAddr,
    pub(super) nodes: Vec<PhysAddr>,
    pub(super) efi_map: PhysAddr,
}

impl Offsets {
    pub(super) fn new(cmdline: usize, nodes: &[Node], efi_map: usize) -> Self {
        // All parts are in this process's memory already, so that their sum fits a usize.
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
    pub(super) fn at(&self, start: PhysAddr) -> Option<Addresses> {
        let address = |offset: usize| start.checked_add(offset.try_into().ok()?);
        address(self.length)?;
        Some(Addresses {
            cmdline: address(field::SIZE)?,
            nodes: self.nodes.iter().map(|offset| address(*offset)).collect::<Option<_>>()?,
            efi_map: address(self.efi_map)?,
        })
    }
}

impl Addresses {
    /// The address of the first setup_data node; 0 where there is none.
    pub(super) fn first_node(&self) -> u64 {
        self.nodes.first().copied().unwrap_or_default().get()
    }
}
