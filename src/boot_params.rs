//! The zero page and what it points to, for a kernel that `kexec_load` starts: one segment of boot_params, command line,
//! setup_data and EFI's runtime map (Documentation/arch/x86/boot.rst, zero-page.rst).
//!
//! It is made from zeros. Of the kernel's file comes its setup_header, by the length that it has; of the running kernel what
//! [`Handover`] names; all else stays zero, and with it the sentinel that tells a copied boot sector from this.
//!
//! The random seed is not wiped from this process's memory. It lies in the segment, which the kernel copies to its own memory
//! and keeps there until the jump: to wipe one of the copies would promise what it does not hold.

#![deny(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::as_conversions)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used))]

mod efi;
mod header;
mod layout;
mod memory;
mod page;
mod setup_data;

use crate::machine::Handover;
use crate::machine::handover::{Efi, field};
use crate::memory::{E820Entry, PhysAddr, PhysRange};
use crate::reason::{Finding, Reason};
use layout::Layout;
use page::ZeroPage;
use setup_data::Node;

/// What the segment is made of.
#[derive(Debug, Clone, Copy)]
pub struct BootParams<'a> {
    /// The kernel's own setup_header, or none.
    pub header: Header<'a>,
    /// What the running kernel hands on.
    pub handover: &'a Handover,
    /// The memory map, in the order in which it is to stand.
    pub e820: &'a [E820Entry],
    /// The command line, without NUL; `Cmdline::for_segments` knows how long it may be.
    pub cmdline: &'a [u8],
    /// Random bytes for the next kernel's generator; the same must never be used twice.
    pub rng_seed: Option<[u8; 32]>,
    /// In place of the header's own: for a kernel that does not lie on a multiple of that, and would move there, out of what
    /// was kept free for it (boot.rst, `kernel_alignment`).
    pub kernel_alignment: Option<u32>,
}

/// Where the setup_header comes from.
#[derive(Debug, Clone, Copy)]
pub enum Header<'a> {
    /// The file, which has one at 0x1f1.
    BzImage(&'a [u8]),
    /// A vmlinux has none; one is made up.
    Elf {
        /// Whether it takes EFI's runtime map over; see `Vmlinux::efi_kexec`.
        efi_kexec: bool,
    },
}

impl BootParams<'_> {
    /// Bytes of the segment, wherever it is placed.
    #[must_use]
    pub fn length(&self) -> usize {
        self.layout(&self.nodes()).length()
    }

    /// The segment for physical address `at`, with the initrd at `initrd`, to the byte. `at` is a multiple of 16.
    ///
    /// # Errors
    /// `setup-header`: a bzImage's header ends before its fields, or the file before it; `cmdline-nul`; `no-memory-hole`:
    /// the segment goes past the last address.
    pub fn bytes(&self, at: PhysAddr, initrd: Option<PhysRange>) -> Result<Vec<u8>, Finding> {
        if let Some(nul) = self.cmdline.iter().position(|byte| *byte == 0) {
            return Err(Finding::new(Reason::CmdlineNul, format!("at byte {nul}")));
        }
        let nodes = self.nodes();
        let layout = self.layout(&nodes);
        let places = layout.at(at).ok_or_else(|| Finding::new(Reason::NoMemoryHole, format!("boot_params at {at}")))?;
        let mut page = ZeroPage::new();
        header::write(&mut page, self)?;
        self.write_handover(&mut page);
        memory::write(&mut page, self.e820);
        page.put_halves(field::CMD_LINE_PTR, field::EXT_CMD_LINE_PTR, places.cmdline.get());
        if let Some(initrd) = initrd {
            page.put_halves(field::RAMDISK_IMAGE, field::EXT_RAMDISK_IMAGE, initrd.start().get());
            page.put_halves(field::RAMDISK_SIZE, field::EXT_RAMDISK_SIZE, initrd.len());
        }
        page.put(field::SETUP_DATA, &places.first_node().to_le_bytes());
        if let Some(efi) = self.efi() {
            efi::write(&mut page, efi, places.efi_map);
        }
        Ok(self.join(&page, &nodes, &layout, &places.nodes))
    }

    fn join(&self, page: &ZeroPage, nodes: &[Node], layout: &Layout, addresses: &[PhysAddr]) -> Vec<u8> {
        // The length at once, so that nothing of it, such as the seed, is left where a shorter one was.
        let mut segment = Vec::with_capacity(layout.length());
        segment.extend_from_slice(page.bytes());
        segment.extend_from_slice(self.cmdline);
        let next = addresses.iter().skip(1).map(|address| address.get()).chain([0]);
        for ((node, offset), next) in nodes.iter().zip(&layout.nodes).zip(next) {
            segment.resize(*offset, 0);
            node.write(&mut segment, next);
        }
        segment.resize(layout.efi_map, 0);
        if let Some(efi) = self.efi() {
            efi::write_map(&mut segment, &efi.map);
        }
        segment.resize(layout.length(), 0);
        segment
    }

    fn write_handover(&self, page: &mut ZeroPage) {
        let handover = self.handover;
        page.put(field::SCREEN_INFO, &handover.screen_info.unwrap_or([0; 64]));
        page.put(field::ACPI_RSDP_ADDR, &handover.acpi_rsdp_addr.unwrap_or_default().get().to_le_bytes());
        page.put(field::SECURE_BOOT, &[handover.secure_boot.unwrap_or_default()]);
        page.put(field::HARDWARE_SUBARCH, &handover.hardware_subarch.unwrap_or_default().to_le_bytes());
        page.put(field::HARDWARE_SUBARCH_DATA, &handover.hardware_subarch_data.unwrap_or_default().to_le_bytes());
        if let Some(edd) = &handover.edd {
            page.put(field::EDDBUF, &edd.eddbuf);
            page.put(field::EDDBUF_ENTRIES, &[edd.eddbuf_entries]);
            page.put(field::EDD_MBR_SIG_BUFFER, &edd.edd_mbr_sig_buffer);
            page.put(field::EDD_MBR_SIG_BUF_ENTRIES, &[edd.edd_mbr_sig_buf_entries]);
        }
    }

    /// EFI, where there is one and the kernel can take it over.
    pub(crate) fn efi(&self) -> Option<&Efi> {
        let takes = match self.header {
            Header::BzImage(file) => header::efi_kexec(file),
            Header::Elf { efi_kexec } => efi_kexec,
        };
        self.handover.efi.as_ref().filter(|_| takes)
    }

    fn nodes(&self) -> Vec<Node> {
        let more = memory::beyond_the_page(self.e820).map(Node::e820_ext);
        let efi = self.efi().map(Node::efi);
        let seed = self.rng_seed.as_ref().map(Node::rng_seed);
        [more, efi, seed].into_iter().flatten().collect()
    }

    fn layout(&self, nodes: &[Node]) -> Layout {
        let map = self.efi().map_or(0, |efi| efi::map_length(&efi.map));
        Layout::new(self.cmdline.len(), nodes, map)
    }
}

#[cfg(test)]
mod differential;
#[cfg(test)]
mod tests;
