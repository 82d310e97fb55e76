//! boot_params against a reader of its own (Documentation/arch/x86/boot.rst, zero-page.rst).

use crate::memory::entries;
use crate::tree::{Tree, files};
use skexec::arch::x86_64::{Descriptor, Efi, Handover};
use skexec::arch::{Architecture, Boot, Layout, OnDamage, Platform};
use skexec::image::Kernel;
use skexec::image::bzimage::SetupHeader;
use skexec::image::cmdline::Cmdline;
use skexec::machine::Memory;
use skexec::memory::{MemoryEntry, MemoryType, PhysAddr, PhysRange, RangeSet};
use skexec::placement::{Role, Room, Segment, place};
use std::sync::LazyLock;

/// Parts of the input; the first three are files of the running kernel. A kept input names them by their number: new ones go to the end.
pub(crate) const PATHS: [&str; 7] =
    ["/sys/kernel/boot_params/data", "/sys/firmware/efi/systab", "/proc/cpuinfo", "e820", "cmdline", "mark", "efi"];

static KERNEL: LazyLock<(Vec<u8>, Kernel)> = LazyLock::new(|| {
    let mut file = forge::unsigned_bzimage();
    // XLF_EFI_KEXEC
    file[0x236] |= 1 << 4;
    let header = SetupHeader::parse(&file).unwrap();
    (file, Kernel::BzImage(header))
});

/// Whatever the running kernel's own boot_params hold, the next kernel finds in its own what is said here and no more: command line,
/// memory map, screen, disks, the root pointer of ACPI, EFI's runtime map, the mark, and the kernel's own setup_header.
pub fn handover(input: &[u8]) {
    let parts = files(input, &PATHS);
    let part = |index: usize| parts.iter().rev().find(|(path, _)| *path == PATHS[index]).map(|(_, content)| *content);
    let of_machine: Vec<_> = parts.iter().filter(|(path, _)| PATHS[..3].contains(path)).copied().collect();
    let tree = Tree::of(&of_machine);
    let mut platform = Platform::read(tree.root());
    if let Some(bytes) = part(6) {
        platform.handover.efi = efi(bytes);
    }
    let map: Vec<_> = entries(&String::from_utf8_lossy(part(3).unwrap_or_default())).into_iter().take(300).collect();
    let cmdline = Cmdline::reuse(&String::from_utf8_lossy(part(4).unwrap_or_default()), &[]);
    let mark = part(5).map(|mark| &mark[..mark.len().min(4096)]);
    let (file, kernel) = &*KERNEL;
    let boot = Boot { kernel, file, initrd: None, cmdline: &cmdline, map: &map, mark, crash: None };
    let memory = Memory {
        total: None,
        available: None,
        swap: None,
        map: Err(skexec::machine::memory::MapProblem::Hidden),
        pluggable: false,
    };
    let Ok(laid_out) = platform.lay_out(&boot, Some(Layout::Classic), &memory, &|_| Ok(())) else { return };
    let Ok(prepared) = platform.prepare(&boot, &laid_out, OnDamage::default()) else { return };
    let usable: RangeSet = PhysRange::new(PhysAddr::new(1 << 20), PhysAddr::new(1 << 40)).into_iter().collect();
    let room = Room { usable: &usable, limit: None, lowest: PhysAddr::default(), highest: Platform::HIGHEST };
    let segments = place(prepared.specs, &room).unwrap();
    let of = |role| segments.iter().find(|segment| segment.role == role).unwrap();
    let told = Told { own: of(Role::BootData) };
    told.header(file);
    told.text(cmdline.as_str());
    told.table(&map);
    told.facts(&platform.handover);
    told.nodes(&platform.handover, mark, map.len());
}

/// The runtime map: 40 bytes for each entry, behind four addresses.
fn efi(bytes: &[u8]) -> Option<Efi> {
    let long = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().unwrap()));
    let address = |at| long(at).map(PhysAddr::new);
    let map: Vec<_> = (0..)
        .map_while(|index: usize| {
            let at = 32 + 40 * index;
            Some(Descriptor {
                kind: u32::try_from(long(at)? & 0xffff_ffff).unwrap(),
                phys_addr: long(at + 8)?,
                virt_addr: long(at + 16)?,
                num_pages: long(at + 24)?,
                attribute: long(at + 32)?,
            })
        })
        .take(500)
        .collect();
    let [systab, fw_vendor, tables, smbios] = [address(0)?, address(8)?, address(16)?, address(24)?];
    let efi = Efi {
        signature: *b"EL64",
        memdesc_version: 1,
        systab,
        fw_vendor,
        runtime: None,
        tables,
        smbios: Some(smbios),
        map,
    };
    (!efi.map.is_empty()).then_some(efi)
}

/// What the next kernel is told.
struct Told<'a> {
    own: &'a Segment<'a>,
}

impl<'a> Told<'a> {
    fn number(&self, at: usize, size: usize) -> u64 {
        self.own.bytes[at..at + size].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// A number whose high half stands elsewhere.
    fn halves(&self, low: usize, high: usize) -> u64 {
        self.number(low, 4) | self.number(high, 4) << 32
    }

    /// The bytes at a physical address, which must lie in the segment.
    fn at(&self, address: u64, length: usize) -> &'a [u8] {
        let offset = usize::try_from(address.checked_sub(self.own.range.start().get()).unwrap()).unwrap();
        assert!(offset >= 0x1000, "it lies in the zero page");
        &self.own.bytes[offset..offset + length]
    }

    /// The kernel's own header, but for what a boot loader writes; nothing says that the boot sector was copied.
    fn header(&self, file: &[u8]) {
        let bytes = &self.own.bytes;
        let end = 0x202 + usize::from(file[0x201]);
        let written = [0x210..0x212, 0x218..0x220, 0x228..0x22c, 0x230..0x234, 0x23c..0x248, 0x250..0x258];
        for at in (0x1f1..end).filter(|at| !written.iter().any(|range| range.contains(at))) {
            assert_eq!(bytes[at], file[at], "{at:#x}");
        }
        assert_eq!((bytes[0x1ef], bytes[0x210]), (0, 0xd0), "sentinel, type_of_loader");
        assert_eq!((self.number(0x218, 8), self.halves(0x0c0, 0x0c4)), (0, 0), "there is no initrd");
    }

    fn text(&self, cmdline: &str) {
        let text = self.at(self.halves(0x228, 0x0c8), cmdline.len() + 1);
        assert_eq!(text.strip_suffix(b"\0"), Some(cmdline.as_bytes()));
    }

    fn table(&self, map: &[MemoryEntry]) {
        let here = map.len().min(128);
        assert_eq!(self.number(0x1e8, 1), u64::try_from(here).unwrap());
        for (index, entry) in map[..here].iter().enumerate() {
            same_entry(&self.own.bytes[0x2d0 + 20 * index..][..20], *entry);
        }
        assert!(self.own.bytes[0x2d0 + 20 * here..0xcd0].iter().all(|byte| *byte == 0));
        let more: Vec<_> = self.list().into_iter().filter(|(kind, _)| *kind == 1).collect();
        assert_eq!(more.len(), usize::from(map.len() > 128));
        for (_, entries) in more {
            assert_eq!(entries.len(), 20 * (map.len() - 128));
            entries.chunks(20).zip(&map[128..]).for_each(|(bytes, entry)| same_entry(bytes, *entry));
        }
    }

    /// Facts at fixed places.
    fn facts(&self, handover: &Handover) {
        let mut screen = handover.screen_info.unwrap_or([0; 64]);
        // ext_mem_k is about memory.
        screen[2..4].copy_from_slice(&self.own.bytes[2..4]);
        assert_eq!(self.own.bytes[..64], screen);
        assert_eq!(self.number(0x070, 8), handover.acpi_rsdp_addr.unwrap_or_default().get());
        assert_eq!(self.number(0x1ec, 1), u64::from(handover.secure_boot.unwrap_or_default()));
        assert_eq!(self.number(0x13c, 4), 0, "cc_blob_address");
        let disks = handover.edd.as_ref().map_or((0, 0), |edd| (edd.eddbuf_entries, edd.edd_mbr_sig_buf_entries));
        assert_eq!((self.own.bytes[0x1e9], self.own.bytes[0x1ea]), disks);
        assert!(disks.0 <= 6 && disks.1 <= 16);
        let Some(efi) = &handover.efi else {
            assert_eq!(self.number(0x1c0, 4), 0, "no EFI");
            return;
        };
        assert_eq!(self.own.bytes[0x1c0..0x1c4], efi.signature);
        assert_eq!(self.halves(0x1c4, 0x1d8), efi.systab.get());
        let (size, length) = (self.number(0x1c8, 4), self.number(0x1d4, 4));
        assert_eq!((size, length), (40, 40 * u64::try_from(efi.map.len()).unwrap()));
        let map = self.at(self.halves(0x1d0, 0x1dc), usize::try_from(length).unwrap());
        for (bytes, entry) in map.chunks(40).zip(&efi.map) {
            let numbers = bytes.chunks(8).map(|bytes| u64::from_le_bytes(bytes.try_into().unwrap()));
            let wanted = [entry.kind.into(), entry.phys_addr, entry.virt_addr, entry.num_pages, entry.attribute];
            assert!(numbers.eq(wanted), "{entry:?}");
        }
    }

    fn nodes(&self, handover: &Handover, mark: Option<&[u8]>, entries: usize) {
        let list = self.list();
        let of = |wanted: u64| {
            list.iter().filter(move |(kind, _)| *kind == wanted).map(|(_, data)| *data).collect::<Vec<_>>()
        };
        assert_eq!(of(0x736b_6578), mark.into_iter().collect::<Vec<_>>());
        let seed = of(9);
        assert!(seed.len() <= 1 && seed.iter().all(|seed| seed.len() == 32 && seed.iter().any(|byte| *byte != 0)));
        let efi = handover.efi.as_ref().map(|efi| {
            let smbios = efi.smbios.unwrap_or_default();
            let numbers = [efi.fw_vendor, efi.runtime.unwrap_or_default(), efi.tables, smbios].map(PhysAddr::get);
            numbers.into_iter().chain([0; 8]).flat_map(u64::to_le_bytes).collect::<Vec<_>>()
        });
        assert_eq!(of(4), efi.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let known = of(1).len() + of(4).len() + of(9).len() + of(0x736b_6578).len();
        assert_eq!((known, of(1).len()), (list.len(), usize::from(entries > 128)), "{list:?}");
    }

    /// The list of setup_data: types and data.
    fn list(&self) -> Vec<(u64, &'a [u8])> {
        let long = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap());
        let mut list = Vec::new();
        let mut next = self.number(0x250, 8);
        while next != 0 {
            assert!(list.len() < 8, "the list has no end");
            let head = self.at(next, 16);
            let size = usize::try_from(long(&head[8..]) >> 32).unwrap();
            list.push((long(&head[8..]) & 0xffff_ffff, self.at(next + 16, size)));
            next = long(&head[..8]);
        }
        list
    }
}

fn same_entry(bytes: &[u8], entry: MemoryEntry) {
    let long = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    assert_eq!((long(0), long(8)), (entry.range.start().get(), entry.range.len()));
    let kind = u32::from_le_bytes(bytes[16..].try_into().unwrap());
    match entry.kind {
        MemoryType::Ram => assert_eq!(kind, 1),
        MemoryType::Reserved => assert_eq!(kind, 2),
        MemoryType::Acpi => assert_eq!(kind, 3),
        MemoryType::Nvs => assert_eq!(kind, 4),
        _ => assert!(kind != 1, "{entry:?}"),
    }
}
