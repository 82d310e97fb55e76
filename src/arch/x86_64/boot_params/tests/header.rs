use super::*;

#[test]
fn a_bzimages_header_is_copied_by_its_length() {
    let nothing = Handover::default();
    // Bytes that a loader writes, whatever the file has: type_of_loader, loadflags, ramdisk_*, cmd_line_ptr, hardware_subarch
    // and its data, setup_data.
    let own: [Range<usize>; 5] = [0x210..0x212, 0x218..0x220, 0x228..0x22c, 0x23c..0x248, 0x250..0x258];
    for end in [0x264usize, END, 0x27f, 0x28f, 0x290, 0x291, 0x301] {
        let mut file = file();
        file[0x201] = u8::try_from(end - 0x202).unwrap();
        let segment = params(Header::BzImage(&file), &nothing, &[]).bytes(AT, None).unwrap();
        for offset in 0x1f1..0x290 {
            if own.iter().any(|own| own.contains(&offset)) {
                continue;
            }
            let wanted = if offset < end { file[offset] } else { 0 };
            assert_eq!(segment[offset], wanted, "{end:#x}: {offset:#x}");
        }
        assert_eq!(segment[0x290..0x1000], [0; 0xd70], "{end:#x}");
        assert_eq!((segment[0x210], segment[0x211]), (0xd0, 1));
        assert_eq!(segment[0x218..0x220], [0; 8]);
        assert_eq!(segment[0x23c..0x248], [0; 12]);
    }
    for (length, cut) in [(0x61, 0x1000), (0, 0x1000), (0x6a, 0x26b), (0x6a, 0x202), (0x6a, 0x201), (0x6a, 0)] {
        let mut file = file();
        file[0x201] = length;
        let error = params(Header::BzImage(&file[..cut]), &nothing, &[]).bytes(AT, None).unwrap_err();
        assert_eq!(error.reason, Reason::HeaderInvalid, "{length:#x} {cut:#x}");
    }
}

#[test]
fn a_vmlinux_gets_a_header() {
    let nothing = Handover::default();
    for (kaslr, loadflags) in [(true, 3), (false, 1)] {
        let segment = BootParams { kaslr, ..params(ELF, &nothing, &[]) }.bytes(AT, None).unwrap();
        let mut wanted = [0; 0x290 - 0x1f1];
        let mut put = |offset: usize, bytes: &[u8]| wanted[offset - 0x1f1..][..bytes.len()].copy_from_slice(bytes);
        put(0x1f2, &[1, 0]);
        put(0x1fe, &[0x55, 0xaa]);
        put(0x200, &[0xeb, 0x6a]);
        put(0x202, b"HdrS");
        put(0x206, &[0x0f, 2]);
        put(0x210, &[0xd0, loadflags]);
        put(0x228, &0x2345_7000u32.to_le_bytes());
        put(0x236, &[3, 0]);
        put(0x238, &2047u32.to_le_bytes());
        assert_eq!(segment[0x1f1..0x290], wanted, "{kaslr}");
    }
}

#[test]
fn the_flag_of_kaslr_is_the_only_one_that_changes() {
    let (nothing, file) = (Handover::default(), file());
    for (kaslr, loadflags) in [(true, 3), (false, 1)] {
        let params = BootParams { kaslr, ..params(Header::BzImage(&file), &nothing, &[]) };
        assert_eq!(params.bytes(AT, None).unwrap()[0x211], loadflags);
    }
}
