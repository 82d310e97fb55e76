use super::*;
use crate::arch::x86_64::handover::{Descriptor, Edd};
use crate::memory::MemoryType;
use std::ops::Range;

mod header;

const AT: PhysAddr = PhysAddr::new(0x1_2345_6000);
/// A bzImage's header ends here: 2.15 has kernel_info_offset last.
const END: usize = 0x26c;

fn range(start: u64, length: u64) -> PhysRange {
    PhysRange::of_length(PhysAddr::new(start), length).unwrap()
}

fn ram(start: u64, length: u64) -> MemoryEntry {
    MemoryEntry { range: range(start, length), kind: MemoryType::Ram }
}

/// A file of 0xff, but for the header's length and xloadflags: what is copied that should not be is seen.
fn file() -> Vec<u8> {
    let mut file = vec![0xff; 0x1000];
    file[0x201] = u8::try_from(END - 0x202).unwrap();
    file[0x236..0x238].copy_from_slice(&[0x10, 0]);
    file
}

fn params<'a>(header: Header<'a>, handover: &'a Handover, e820: &'a [MemoryEntry]) -> BootParams<'a> {
    BootParams {
        header,
        handover,
        e820,
        cmdline: b"",
        rng_seed: None,
        mark: None,
        kaslr: false,
        kernel_alignment: None,
    }
}

const ELF: Header = Header::Elf { efi_kexec: true };

/// Which bytes of the zero page a change writes, and what.
fn written(changed: &BootParams, initrd: Option<PhysRange>) -> Vec<(usize, u8)> {
    let nothing = Handover::default();
    let base = BootParams { handover: &nothing, e820: &[], cmdline: b"", rng_seed: None, mark: None, ..*changed };
    let (old, new) = (base.bytes(AT, None).unwrap(), changed.bytes(AT, initrd).unwrap());
    let pairs = old.iter().zip(&new).enumerate().take(0x1000);
    pairs.filter(|(_, (old, new))| old != new).map(|(offset, (_, new))| (offset, *new)).collect()
}

fn at(offset: usize, bytes: &[u8]) -> Vec<(usize, u8)> {
    bytes.iter().enumerate().map(|(index, byte)| (offset + index, *byte)).collect()
}

fn edd() -> Edd {
    Edd { eddbuf: [1; 492], eddbuf_entries: 2, edd_mbr_sig_buffer: [3; 64], edd_mbr_sig_buf_entries: 4 }
}

fn efi() -> Efi {
    let first = Descriptor { kind: 5, phys_addr: 6, virt_addr: 7, num_pages: 8, attribute: 9 };
    Efi {
        signature: *b"EL64",
        memdesc_version: 1,
        systab: PhysAddr::new(0x0807_0605_0403_0201),
        fw_vendor: PhysAddr::new(0x1111),
        runtime: Some(PhysAddr::new(0x4444)),
        tables: PhysAddr::new(0x2222),
        smbios: Some(PhysAddr::new(0x3333)),
        map: vec![first, Descriptor { kind: 0x0a0b_0c0d, attribute: 0x8000_0000_0000_000f, ..first }],
    }
}

#[test]
fn each_field_of_the_handover_has_its_offset() {
    let none = Handover::default;
    let rows = [
        (Handover { screen_info: Some([0x11; 64]), ..none() }, [at(0, &[0x11; 2]), at(4, &[0x11; 60])].concat()),
        (
            Handover { acpi_rsdp_addr: Some(PhysAddr::new(0x1817_1615_1413_1211)), ..none() },
            at(0x70, &[0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18]),
        ),
        (Handover { secure_boot: Some(3), ..none() }, at(0x1ec, &[3])),
        (Handover { hardware_subarch: Some(0x0403_0201), ..none() }, at(0x23c, &[1, 2, 3, 4])),
        (
            Handover { hardware_subarch_data: Some(0x0807_0605_0403_0201), ..none() },
            at(0x240, &[1, 2, 3, 4, 5, 6, 7, 8]),
        ),
        (
            Handover { edd: Some(edd()), ..none() },
            [at(0x1e9, &[2, 4]), at(0x290, &[3; 64]), at(0xd00, &[1; 492])].concat(),
        ),
        (Handover { cc_blob_address: Some(0xffff_ffff), ..none() }, vec![]),
    ];
    for header in [ELF, Header::BzImage(&file())] {
        for (handover, wanted) in &rows {
            assert_eq!(written(&params(header, handover, &[]), None), *wanted, "{handover:?}");
        }
    }
}

#[test]
fn the_initrd_is_told_to_the_byte() {
    let nothing = Handover::default();
    let initrd = Some(range(0x1_0203_0405, 0x6_0708_090a));
    let wanted = [at(0xc0, &[1]), at(0xc4, &[6]), at(0x218, &[5, 4, 3, 2]), at(0x21c, &[0x0a, 9, 8, 7])];
    for header in [ELF, Header::BzImage(&file())] {
        assert_eq!(written(&params(header, &nothing, &[]), initrd), wanted.concat());
    }
}

#[test]
fn the_command_line_follows_the_page() {
    let nothing = Handover::default();
    let params = BootParams { cmdline: b"root=/dev/vda", ..params(ELF, &nothing, &[]) };
    let segment = params.bytes(AT, None).unwrap();
    assert_eq!(segment[0x228..0x22c], 0x2345_7000u32.to_le_bytes());
    assert_eq!(segment[0xc8..0xcc], 1u32.to_le_bytes());
    assert_eq!(segment[0x1000..0x100e], *b"root=/dev/vda\0");
    assert_eq!(segment.len(), params.length());
    let error = BootParams { cmdline: b"a\0b", ..params }.bytes(AT, None).unwrap_err();
    assert_eq!(error.reason, Reason::CmdlineNul);
}

#[test]
fn the_map_has_128_entries_and_more_in_setup_data() {
    let nothing = Handover::default();
    let many: Vec<_> = (0..131).map(|index| ram(0x10_0000 * index, 0x1000 + index)).collect();
    for count in [0, 1, 127, 128, 129, 131] {
        let segment = params(ELF, &nothing, &many[..count]).bytes(AT, None).unwrap();
        let on_page = count.min(128);
        assert_eq!(usize::from(segment[0x1e8]), on_page, "{count}");
        for index in 0..128 {
            let entry = &segment[0x2d0 + 20 * index..][..20];
            let numbers = (index < on_page).then(|| u64::try_from(index).unwrap());
            let wanted = numbers.map_or(vec![0; 20], |number| {
                [&(0x10_0000 * number).to_le_bytes()[..], &(0x1000 + number).to_le_bytes(), &[1, 0, 0, 0]].concat()
            });
            assert_eq!(entry, wanted, "{count}: {index}");
        }
        let nodes = nodes(&segment);
        let Some((kind, data)) = nodes.first() else {
            assert!(count <= 128, "{count}");
            continue;
        };
        assert_eq!((*kind, data.len()), (1, 20 * (count - 128)), "{count}");
        assert_eq!(data[..8], (0x10_0000u64 * 128).to_le_bytes());
        assert_eq!(data[20 * (count - 129) + 16..], [1, 0, 0, 0]);
    }
}

/// Follows the list as the kernel does: types and data.
fn nodes(segment: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let u64_at = |offset: usize| u64::from_le_bytes(segment[offset..offset + 8].try_into().unwrap());
    let u32_at = |offset: usize| u32::from_le_bytes(segment[offset..offset + 4].try_into().unwrap());
    let mut found = Vec::new();
    let mut next = u64_at(0x250);
    while next != 0 {
        let offset = usize::try_from(next - AT.get()).unwrap();
        assert!(offset > 0x1000 && offset.is_multiple_of(8), "{next:#x}");
        let length = usize::try_from(u32_at(offset + 12)).unwrap();
        found.push((u32_at(offset + 8), segment[offset + 16..][..length].to_vec()));
        next = u64_at(offset);
    }
    found
}

#[test]
fn memory_above_one_mib() {
    let nothing = Handover::default();
    let rows: &[(&[MemoryEntry], u16, u32)] = &[
        (&[], 0, 0),
        (&[ram(0, 0x9_fc00)], 0, 0),
        (&[ram(0, 0x9_fc00), ram(0x10_0000, 0x10_0000)], 0x3ff, 0x3ff),
        (&[ram(0x10_0000, 0x3fff_0000 - 0x10_0000)], 0xfc00, 0xf_fbbf),
        (&[ram(0, 0x20_0000)], 0x3ff, 0x3ff),
        (&[ram(0, 0x10_0000)], 0, 0),
        (&[ram(0x10_0001, 0x100_0000)], 0, 0),
        (&[MemoryEntry { kind: MemoryType::Reserved, ..ram(0, 0x4000_0000) }], 0, 0),
        (&[ram(0x10_0000, u64::MAX - 0x10_0000)], 0xfc00, u32::MAX),
    ];
    for (e820, ext, alt) in rows {
        let segment = params(ELF, &nothing, e820).bytes(AT, None).unwrap();
        assert_eq!(segment[0x02..0x04], ext.to_le_bytes(), "{e820:?}");
        assert_eq!(segment[0x1e0..0x1e4], alt.to_le_bytes(), "{e820:?}");
    }
}

#[test]
fn efi_is_handed_on_where_it_is_taken() {
    let handover = Handover { efi: Some(efi()), ..Handover::default() };
    let whole = file();
    let old = {
        let mut file = file();
        file[0x236] = 0xef;
        file
    };
    for header in [ELF, Header::BzImage(&whole)] {
        let segment = params(header, &handover, &[]).bytes(AT, None).unwrap();
        let map = segment.len() - 80;
        let address = AT.get() + u64::try_from(map).unwrap();
        let info = [
            b"EL64".as_slice(),
            &[1, 2, 3, 4],
            &[40, 0, 0, 0],
            &[1, 0, 0, 0],
            &address.to_le_bytes()[..4],
            &[80, 0, 0, 0],
            &[5, 6, 7, 8],
            &address.to_le_bytes()[4..],
        ];
        assert_eq!(segment[0x1c0..0x1e0], info.concat());
        let numbers = [5, 6, 7, 8, 9, 0x0a0b_0c0d, 6, 7, 8, 0x8000_0000_0000_000fu64];
        assert_eq!(segment[map..], numbers.map(u64::to_le_bytes).concat());
        let data = [0x1111, 0x4444, 0x2222, 0x3333, 0, 0, 0, 0, 0, 0, 0, 0u64];
        assert_eq!(nodes(&segment), [(4, data.map(u64::to_le_bytes).concat())]);
    }
    for header in [Header::Elf { efi_kexec: false }, Header::BzImage(&old)] {
        let segment = params(header, &handover, &[]).bytes(AT, None).unwrap();
        assert_eq!(segment[0x1c0..0x1e0], [0; 32]);
        assert_eq!((nodes(&segment), segment.len()), (vec![], 0x1010));
    }
}

#[test]
fn setup_data_is_one_list() {
    let handover = Handover { efi: Some(efi()), ..Handover::default() };
    let many = vec![ram(0, 1); 130];
    for cmdline in [&b""[..], b"x", &[b'x'; 15], &[b'x'; 2047]] {
        let (rng_seed, mark) = (Some([7; 32]), Some(&b"mark"[..]));
        let params = BootParams { cmdline, rng_seed, mark, ..params(ELF, &handover, &many) };
        let segment = params.bytes(AT, None).unwrap();
        let kinds: Vec<_> = nodes(&segment).iter().map(|(kind, data)| (*kind, data.len())).collect();
        assert_eq!(kinds, [(1, 40), (4, 96), (9, 32), (0x736b_6578, 4)]);
        assert_eq!((&nodes(&segment)[2].1[..], &nodes(&segment)[3].1[..]), (&[7; 32][..], &b"mark"[..]));
        assert_eq!(segment.len(), params.length());
        assert_eq!(segment.capacity(), segment.len(), "it was never moved");
        assert_eq!(segment[0x1000 + cmdline.len()], 0);
    }
}

#[test]
fn all_else_stays_zero() {
    let everything = Handover {
        screen_info: Some([0xff; 64]),
        edd: Some(Edd {
            eddbuf: [0xff; 492],
            eddbuf_entries: 6,
            edd_mbr_sig_buffer: [0xff; 64],
            edd_mbr_sig_buf_entries: 16,
        }),
        hardware_subarch: Some(u32::MAX),
        hardware_subarch_data: Some(u64::MAX),
        acpi_rsdp_addr: Some(PhysAddr::new(u64::MAX)),
        secure_boot: Some(0xff),
        cc_blob_address: Some(u32::MAX),
        efi: Some(efi()),
    };
    let many = vec![ram(0x10_0000, 0xffff_ffff_ffff); 200];
    let zero: [(&str, Range<usize>); 11] = [
        ("apm_bios_info", 0x40..0x58),
        ("tboot_addr", 0x58..0x60),
        ("ist_info", 0x60..0x70),
        ("hd0_info, hd1_info, sys_desc_table, olpc_ofw_header", 0x78..0xc0),
        ("cc_blob_address, edid_info", 0xcc..0x1c0),
        ("scratch", 0x1e4..0x1e8),
        ("kbd_status", 0x1eb..0x1ec),
        ("sentinel", 0x1ed..0x1f1),
        ("behind the header", END..0x290),
        ("_pad8", 0xcd0..0xd00),
        ("_pad9", 0xeec..0x1000),
    ];
    let file = file();
    let initrd = Some(range(0xffff_ffff_0000, 0xffff_ffff));
    for header in [ELF, Header::BzImage(&file)] {
        let params =
            BootParams { cmdline: &[0xff; 2047], rng_seed: Some([0xff; 32]), ..params(header, &everything, &many) };
        let segment = params.bytes(AT, initrd).unwrap();
        for (name, range) in &zero {
            assert!(segment[range.clone()].iter().all(|byte| *byte == 0), "{name}");
        }
    }
}

#[test]
fn no_address_makes_it_wrap() {
    let handover = Handover { efi: Some(efi()), ..Handover::default() };
    let params = BootParams { rng_seed: Some([1; 32]), ..params(ELF, &handover, &[]) };
    let length = u64::try_from(params.length()).unwrap();
    for (below, fits) in [(length, true), (length - 1, false), (1, false)] {
        let at = PhysAddr::new(u64::MAX - below);
        assert_eq!(
            params.bytes(at, None).map(|_| ()).map_err(|finding| finding.reason),
            if fits { Ok(()) } else { Err(Reason::NoMemoryHole) }
        );
    }
}
