use super::*;

/// `p_type`, `p_offset`, `p_vaddr`, `p_paddr`, `p_filesz`, `p_memsz`.
type Row = (u32, u64, u64, u64, u64, u64);

const TEXT: Row = (PT_LOAD, 0x1000, 0xffff_ffff_8100_0000, 0x100_0000, 0x800, 0x800);
const PERCPU: Row = (PT_LOAD, 0x2000, 0, 0x100_1000, 0x100, 0x100);
const DATA: Row = (PT_LOAD, 0x3000, 0xffff_ffff_8100_2000, 0x100_2000, 0x1000, 0x2345);

fn elf(entry: u64, rows: &[Row]) -> Vec<u8> {
    let mut file = vec![0; 0x4000];
    let mut put = |offset: usize, bytes: &[u8]| file[offset..offset + bytes.len()].copy_from_slice(bytes);
    put(0, b"\x7fELF\x02\x01\x01");
    put(0x10, &[2, 0, 0x3e, 0, 1]);
    put(0x18, &entry.to_le_bytes());
    put(0x20, &[0x40]);
    put(0x34, &[0x40, 0, 0x38, 0, u8::try_from(rows.len()).unwrap()]);
    for (index, (kind, offset, virtual_address, physical, in_file, in_memory)) in rows.iter().enumerate() {
        let at = 0x40 + index * 0x38;
        put(at, &kind.to_le_bytes());
        for (place, value) in [offset, virtual_address, physical, in_file, in_memory].into_iter().enumerate() {
            put(at + 8 + 8 * place, &value.to_le_bytes());
        }
    }
    file
}

fn put(mut file: Vec<u8>, offset: usize, bytes: &[u8]) -> Vec<u8> {
    file[offset..offset + bytes.len()].copy_from_slice(bytes);
    file
}

fn at(start: u64, length: u64) -> PhysRange {
    PhysRange::of_length(PhysAddr::new(start), length).unwrap()
}

#[test]
fn a_kernel_is_taken_apart() {
    let file = elf(0x100_0040, &[(4, 0x1000, 0, 0, 8, 8), DATA, PERCPU, TEXT]);
    let kernel = Vmlinux::parse(&file).unwrap();
    assert!(is_kernel(&file));
    let wanted = [
        LoadSegment { file: 0x1000..0x1800, at: at(0x100_0000, 0x800) },
        LoadSegment { file: 0x2000..0x2100, at: at(0x100_1000, 0x100) },
        LoadSegment { file: 0x3000..0x4000, at: at(0x100_2000, 0x2345) },
    ];
    assert_eq!(kernel.segments, wanted);
    assert_eq!(kernel.segments[2].pages(), at(0x100_2000, 0x3000));
    assert_eq!(kernel.entry, PhysAddr::new(0x100_0040));
    assert_eq!((kernel.release, kernel.five_level, kernel.efi_kexec), (None, false, false));
}

#[test]
fn a_segment_without_memory_is_none() {
    let nothing = (PT_LOAD, u64::MAX, 1, 1, 0, 0);
    assert_eq!(Vmlinux::parse(&elf(0x100_0000, &[nothing, TEXT])).unwrap().segments.len(), 1);
}

#[test]
fn the_entry_is_physical_or_in_the_kernels_mapping() {
    let rows = [
        (0x100_0000, Some(0x100_0000)),
        (0x100_07ff, Some(0x100_07ff)),
        (0x100_0800, None),
        // The part of a segment that is not in the file (.bss) contains no code.
        (0x100_2fff, Some(0x100_2fff)),
        (0x100_3000, None),
        (0xff_ffff, None),
        (0, None),
        (0xffff_ffff_8100_0123, Some(0x100_0123)),
        (0xffff_ffff_8100_2001, Some(0x100_2001)),
        (0xffff_ffff_8000_0000, None),
        (u64::MAX, None),
    ];
    for (e_entry, wanted) in rows {
        let file = elf(e_entry, &[TEXT, PERCPU, DATA]);
        let found = Vmlinux::parse(&file).map(|kernel| kernel.entry);
        assert_eq!(found.as_ref().ok().map(|entry| entry.get()), wanted, "{e_entry:#x}: {found:?}");
    }
}

#[test]
fn what_is_no_kernel_is_refused() {
    let with = |change: fn(&mut Row)| {
        let mut row = DATA;
        change(&mut row);
        elf(0x100_0000, &[TEXT, row])
    };
    let good = || elf(0x100_0000, &[TEXT]);
    let many = |count: u64| {
        let rows: Vec<_> = (0..count).map(|index| (PT_LOAD, 0, 0, 0x100_0000 + index * PAGE, 8, 8)).collect();
        elf(0x100_0000, &rows)
    };
    let rows: &[(&str, Vec<u8>, Reason)] = &[
        ("no magic", put(good(), 0, b"xELF"), Reason::NotAKernel),
        ("32 bits", put(good(), 4, &[1]), Reason::NotAKernel),
        ("big-endian", put(good(), 5, &[2]), Reason::NotAKernel),
        ("no endianness", put(good(), 5, &[3]), Reason::ElfHeader),
        ("another machine", put(good(), 0x12, &[0xb7]), Reason::NotAKernel),
        ("an object", put(good(), 0x10, &[1]), Reason::NotAKernel),
        ("an interpreter", elf(0x100_0000, &[TEXT, (PT_INTERP, 0, 0, 0, 0, 0)]), Reason::NotAKernel),
        ("nothing to load", elf(0, &[(4, 0, 0, 0, 0, 0)]), Reason::NotAKernel),
        ("no headers", elf(0, &[]), Reason::NotAKernel),
        ("64 headers", many(64), Reason::ElfHeader),
        ("65535 headers", put(good(), 0x38, &[0xff, 0xff]), Reason::ElfHeader),
        ("small headers", put(good(), 0x36, &[0x20]), Reason::ElfHeader),
        ("headers past the end", put(good(), 0x20, &0x3fe0u64.to_le_bytes()), Reason::Truncated),
        ("headers nowhere", put(good(), 0x20, &u64::MAX.to_le_bytes()), Reason::Truncated),
        ("14 segments", many(14), Reason::ElfHeader),
        ("filesz above memsz", with(|row| row.5 = 0xfff), Reason::ElfHeader),
        ("not on a page", with(|row| row.3 += 0x10), Reason::ElfHeader),
        ("past the last address", with(|row| row.3 = 0u64.wrapping_sub(PAGE)), Reason::ElfHeader),
        ("no page after it", with(|row| row.5 = 0u64.wrapping_sub(row.3 + 1)), Reason::ElfHeader),
        ("bytes past the end", with(|row| row.1 += 1), Reason::Truncated),
        ("bytes nowhere", with(|row| row.1 = u64::MAX), Reason::Truncated),
        ("on another", with(|row| row.3 = 0x100_0000), Reason::ElfHeader),
        ("around another", with(|row| (row.3, row.5) = (0xff_f000, 0x10_0000)), Reason::ElfHeader),
    ];
    for (what, file, reason) in rows {
        assert_eq!(Vmlinux::parse(file).map_err(|finding| finding.reason), Err(*reason), "{what}");
    }
    assert_eq!(Vmlinux::parse(&many(13)).unwrap().segments.len(), 13);
}

#[test]
fn segments_that_overlap_are_refused() {
    let first = |length| (PT_LOAD, 0x1000, 0, 0x100_0000, 0x800, length);
    let second = (PT_LOAD, 0x1000, 0, 0x100_2000, 0x800, 0x800);
    assert!(Vmlinux::parse(&elf(0x100_0000, &[second, first(0x2000)])).is_ok());
    let error = Vmlinux::parse(&elf(0x100_0000, &[second, first(0x2001)])).unwrap_err();
    assert!(error.to_string().contains("overlap"), "{error}");
}

#[test]
fn no_byte_is_loaded_twice_without_end() {
    let rows = |length: u64| [0, 1, 2].map(|index| (PT_LOAD, 0, 0, 0x100_0000 + 0x1_0000 * index, length, length));
    assert!(Vmlinux::parse(&elf(0x100_0000, &rows(0x1555))).is_ok());
    let error = Vmlinux::parse(&elf(0x100_0000, &rows(0x1556))).unwrap_err();
    assert_eq!(error.reason, Reason::ElfHeader, "{error}");
    let whole = (PT_LOAD, 0, 0, 0x100_0000, 0x4000, 0x4000);
    assert!(Vmlinux::parse(&elf(0x100_0000, &[whole])).is_ok());
}

#[test]
fn the_number_of_program_headers_is_bounded() {
    for (notes, wanted) in [(63, Ok(1)), (64, Err(Reason::ElfHeader))] {
        let rows = [vec![(4, 0x1000, 0, 0, 8, 8); notes], vec![TEXT]].concat();
        let kernel = Vmlinux::parse(&elf(0x100_0000, &rows));
        assert_eq!(kernel.map(|kernel| kernel.segments.len()).map_err(|finding| finding.reason), wanted, "{notes}");
    }
}

#[test]
fn signs_count_where_they_are_loaded() {
    let banner = b"\0Linux version %s\0Linux version 6.1.0-test (x@y) #1 SMP\nmore";
    let file = elf(0x100_0000, &[TEXT, DATA]);
    let signed = put(put(put(file, 0x1100, banner), 0x1200, b"\0ptrs_per_p4d\0"), 0x3100, b"\0kexec_loaded\0");
    let kernel = Vmlinux::parse(&signed).unwrap();
    assert_eq!(kernel.release.as_deref(), Some("6.1.0-test (x@y) #1 SMP"));
    assert!(kernel.five_level && kernel.efi_kexec);
    let text = Vmlinux::parse(&put(signed.clone(), 0x70, &[0; 8])).err();
    assert_eq!(text, None, "p_align means nothing");
    let elsewhere = put(signed, 0x40, &[4]);
    let elsewhere = put(elsewhere, 0x18, &0x100_2000u64.to_le_bytes());
    let kernel = Vmlinux::parse(&elsewhere).unwrap();
    assert_eq!((kernel.release, kernel.five_level, kernel.efi_kexec), (None, false, true));
}

#[test]
fn new_kernels_need_no_sign() {
    for (banner, wanted) in [("6.16.9", false), ("6.17.0-rc1", true), ("7.2-rc3+deb14-amd64", true), ("10", false)] {
        let file = elf(0x100_0000, &[TEXT]);
        let kernel = Vmlinux::parse(&put(file, 0x1000, format!("Linux version {banner}\0").as_bytes())).unwrap();
        assert_eq!(kernel.five_level, wanted, "{banner}");
    }
}

#[test]
fn a_banner_is_printable_and_bounded() {
    let rows: &[(&[u8], Option<&str>)] = &[
        (b"Linux version 6.12\n", Some("6.12")),
        (b"Linux version 6.12", Some("6.12")),
        (b"Linux version 6.1\x1b[2J\n", None),
        (b"Linux version Linux version 7", Some("7")),
        (b"Linux version ", None),
        (b"", None),
    ];
    for (content, wanted) in rows {
        assert_eq!(signs::release(content).as_deref(), *wanted, "{}", content.escape_ascii());
    }
    let long = [b"Linux version ".as_slice(), &[b'6'; 1000]].concat();
    assert_eq!(signs::release(&long).unwrap().len(), MAX_TEXT);
}

const MAX_TEXT: usize = 200;

#[test]
fn a_program_is_no_kernel() {
    let program = std::fs::read("/proc/self/exe").unwrap();
    assert!(claimed_by(&program) && !is_kernel(&program));
    assert_eq!(Vmlinux::parse(&program).unwrap_err().reason, Reason::NotAKernel);
}

#[test]
fn no_length_makes_it_panic() {
    let file = elf(0x100_0000, &[TEXT, PERCPU, DATA]);
    for length in 0..file.len() {
        assert!(Vmlinux::parse(&file[..length]).is_err(), "{length}");
    }
}
