//! boot_params of two running kernels, made by QEMU and its firmware, compared with those that skexec makes for a next kernel:
//! every difference is listed here with its reason.

use super::*;
use crate::memory::MemoryType;
use crate::sources::testing::Tree;
use std::ops::Range;

const AT: PhysAddr = PhysAddr::new(0x1000_0000);

const BIOS: &[u8] = include_bytes!("../../../../tests/data/boot_params/bios");

struct Running {
    own: &'static [u8],
    tree: Tree,
    e820: Vec<MemoryEntry>,
}

impl Running {
    fn new(own: &'static [u8], sys: &str) -> Self {
        let tree = Tree::new();
        tree.write("/sys/kernel/boot_params/data", own);
        let mut e820 = Vec::new();
        let mut systab = String::new();
        for line in sys.lines() {
            let (path, value) = line.split_once(' ').unwrap();
            match path {
                "memmap" => e820.push(entry(value)),
                "efi/systab" => systab.push_str(&format!("{value}\n")),
                _ => {
                    tree.write(&format!("/sys/firmware/{path}"), value);
                }
            }
        }
        tree.write("/sys/firmware/efi/systab", systab);
        Self { own, tree, e820 }
    }

    fn bios() -> Self {
        Self::new(BIOS, include_str!("../../../../tests/data/boot_params/bios.sys"))
    }

    fn ovmf() -> Self {
        Self::new(
            include_bytes!("../../../../tests/data/boot_params/ovmf"),
            include_str!("../../../../tests/data/boot_params/ovmf.sys"),
        )
    }

    /// The segment for the same kernel, whose setup_header QEMU's loader left as it stood in the file.
    fn next(&self) -> Vec<u8> {
        let handover = Handover::read(self.tree.root());
        let header = Header::BzImage(BIOS);
        let params = BootParams {
            header,
            handover: &handover,
            e820: &self.e820,
            cmdline: b"quiet",
            rng_seed: None,
            mark: None,
            kaslr: false,
            kernel_alignment: None,
        };
        params.bytes(AT, None).unwrap()
    }

    /// Where the zero pages differ.
    fn differences(&self) -> Vec<usize> {
        let next = self.next();
        (0..0x1000).filter(|offset| self.own[*offset] != next[*offset]).collect()
    }
}

/// `start end type`, the end being the last byte.
fn entry(text: &str) -> MemoryEntry {
    let mut words = text.splitn(3, ' ');
    let mut number = || u64::from_str_radix(words.next().unwrap().strip_prefix("0x").unwrap(), 16).unwrap();
    let (start, last) = (number(), number());
    let kind = match words.next().unwrap() {
        "System RAM" => MemoryType::Ram,
        "Reserved" => MemoryType::Reserved,
        "ACPI Tables" => MemoryType::Acpi,
        "ACPI Non-volatile Storage" => MemoryType::Nvs,
        other => panic!("{other}"),
    };
    MemoryEntry { range: PhysRange::of_length(PhysAddr::new(start), last - start + 1).unwrap(), kind }
}

/// Every difference has a reason, and every reason a difference.
fn explained(running: &Running, reasons: &[(Range<usize>, &str)]) {
    let found = running.differences();
    for offset in &found {
        assert!(reasons.iter().any(|(range, _)| range.contains(offset)), "{offset:#x} differs");
    }
    for (range, why) in reasons {
        assert!(found.iter().any(|offset| range.contains(offset)), "{range:#x?} does not differ: {why}");
    }
}

#[test]
fn under_a_bios() {
    let reasons = [
        (0x060..0x070, "ist_info: what real-mode code asks of the BIOS, and no kernel hands on"),
        (0x140..0x1c0, "edid_info: the same"),
        (0x1e0..0x1e4, "alt_mem_k: the BIOS counts whole KiB, Linux up to the last byte"),
        (0x1e4..0x1e8, "scratch: of the real-mode code"),
        (0x210..0x211, "type_of_loader"),
        (0x211..0x212, "loadflags: no heap is lent, and KASLR_FLAG is not handed on"),
        (0x218..0x220, "ramdisk_image, ramdisk_size: there is none here"),
        (0x228..0x22c, "cmd_line_ptr"),
    ];
    explained(&Running::bios(), &reasons);
}

#[test]
fn under_ovmf() {
    let reasons = [
        (0x002..0x004, "ext_mem_k: the EFI stub leaves it out"),
        (0x070..0x078, "acpi_rsdp_addr: from the systab, which a kernel that is not told of EFI cannot ask"),
        (0x1c8..0x1cc, "efi_memdesc_size: the firmware's descriptors have 48 bytes"),
        (0x1d0..0x1d4, "efi_memmap: ours"),
        (0x1d4..0x1d8, "efi_memmap_size: the runtime services' part of it"),
        (0x1e0..0x1e4, "alt_mem_k: the EFI stub leaves it out"),
        (0x1f1..0x26c, "the setup_header: the EFI stub fills in what it knows, and no more"),
    ];
    explained(&Running::ovmf(), &reasons);
    let next = Running::ovmf().next();
    assert_eq!((next[0x1ec], &next[0x1c0..0x1c4]), (2, &b"EL64"[..]), "Secure Boot is off, EFI is there");
    assert_eq!(next[0x70..0x78], 0x1f77_d014u64.to_le_bytes());
    assert_eq!(next.len(), 0x1010 + 16 + 96 + 7 * 40);
}
