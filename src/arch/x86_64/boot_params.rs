//! The zero page and what it points to, for a kernel that `kexec_load` starts: one segment of boot_params, command line,
//! setup_data and EFI's runtime map (Documentation/arch/x86/boot.rst, zero-page.rst).
//!
//! It starts as zeros. The setup_header is copied from the kernel's file, by its own length. The fields that [`Handover`] names
//! come from the running kernel. Everything else stays zero, `sentinel` included, by which the kernel recognises a loader that
//! copied the boot sector as a whole.
//!
//! The random seed is not wiped from this process's memory: the running kernel keeps a copy of the segment until the jump, so
//! that wiping ours would protect nothing.

mod efi;
pub(super) mod field;
mod header;
mod memory;
mod offsets;
mod page;
mod setup_data;

use super::handover::{Efi, Handover};
use crate::memory::{MemoryEntry, PhysAddr, PhysRange};
use crate::reason::{Finding, Reason};
use offsets::Offsets;
use page::ZeroPage;
use setup_data::Node;

/// What the segment is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct BootParams<'a> {
    /// The kernel's own setup_header, or none.
    pub(super) header: Header<'a>,
    /// What the running kernel hands on.
    pub(super) handover: &'a Handover,
    /// The memory map, in the order in which boot_params will hold it.
    pub(super) e820: &'a [MemoryEntry],
    /// The command line, without NUL; `Cmdline::for_segments` has checked its length.
    pub(super) cmdline: &'a [u8],
    /// Random bytes for the next kernel's generator, new for each load.
    pub(super) rng_seed: Option<[u8; 32]>,
    /// What the next kernel shows to its skexec.
    pub(super) mark: Option<&'a [u8]>,
    /// Whether `KASLR_FLAG` is set; see `Form::sets_kaslr_flag`.
    pub(super) kaslr: bool,
    /// Replaces the `kernel_alignment` of the header; see `Form::alignment`.
    pub(super) kernel_alignment: Option<u32>,
}

/// Where the setup_header comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Header<'a> {
    /// The file, which has one at 0x1f1.
    BzImage(&'a [u8]),
    /// A vmlinux has none; it gets a made-up one.
    Elf {
        /// Whether it takes EFI's runtime map over; see `Vmlinux::efi_kexec`.
        efi_kexec: bool,
    },
}

impl BootParams<'_> {
    /// Bytes of the segment, wherever it is placed.
    pub(super) fn length(&self) -> usize {
        self.offsets(&self.nodes()).length()
    }

    /// The segment for physical address `at`, a multiple of 16. `initrd` is the range of the initrd's bytes.
    ///
    /// # Errors
    /// `setup-header`: a bzImage's header ends before its fields, or the file before it; `cmdline-nul`; `no-memory-hole`:
    /// the segment goes past the last address.
    pub(super) fn bytes(&self, at: PhysAddr, initrd: Option<PhysRange>) -> Result<Vec<u8>, Finding> {
        if let Some(nul) = self.cmdline.iter().position(|byte| *byte == 0) {
            return Err(Finding::new(Reason::CmdlineNul, format!("at byte {nul}")));
        }
        let nodes = self.nodes();
        let offsets = self.offsets(&nodes);
        let places =
            offsets.at(at).ok_or_else(|| Finding::new(Reason::NoMemoryHole, format!("boot_params at {at}")))?;
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
        Ok(self.join(&page, &nodes, &offsets, &places.nodes))
    }

    fn join(&self, page: &ZeroPage, nodes: &[Node], offsets: &Offsets, addresses: &[PhysAddr]) -> Vec<u8> {
        // All memory at once: a vector that grows would leave a copy of the seed where it lay before.
        let mut segment = Vec::with_capacity(offsets.length());
        segment.extend_from_slice(page.bytes());
        segment.extend_from_slice(self.cmdline);
        let next = addresses.iter().skip(1).map(|address| address.get()).chain([0]);
        for ((node, offset), next) in nodes.iter().zip(&offsets.nodes).zip(next) {
            segment.resize(*offset, 0);
            node.write(&mut segment, next);
        }
        segment.resize(offsets.efi_map, 0);
        if let Some(efi) = self.efi() {
            efi::write_map(&mut segment, &efi.map);
        }
        segment.resize(offsets.length(), 0);
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

    /// The EFI facts to hand on, where the kernel can take them over.
    pub(super) fn efi(&self) -> Option<&Efi> {
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
        let mark = self.mark.map(Node::mark);
        [more, efi, seed, mark].into_iter().flatten().collect()
    }

    fn offsets(&self, nodes: &[Node]) -> Offsets {
        let map = self.efi().map_or(0, |efi| efi::map_length(&efi.map));
        Offsets::new(self.cmdline.len(), nodes, map)
    }
}

#[cfg(test)]
mod differential;
#[cfg(test)]
mod tests;
