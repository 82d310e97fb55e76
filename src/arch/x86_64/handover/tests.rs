use super::*;
use crate::sources::testing::Tree;

const DATA: &str = "/sys/kernel/boot_params/data";

/// Every byte tells its own offset, so that what is read from elsewhere is seen.
fn own() -> [u8; field::SIZE] {
    std::array::from_fn(|offset| (offset ^ (offset >> 8)).to_le_bytes()[0])
}

/// Bytes of `own` at an offset, by a second way.
fn slice<const N: usize>(own: &[u8], offset: usize) -> [u8; N] {
    own[offset..offset + N].try_into().unwrap()
}

#[test]
fn each_field_has_its_offset() {
    let tree = Tree::new();
    let mut own = own();
    (own[0x1e9], own[0x1ea]) = (2, 3);
    tree.write(DATA, own);
    let found = Handover::read(tree.root());
    let edd = Edd {
        eddbuf: slice(&own, 0xd00),
        eddbuf_entries: 2,
        edd_mbr_sig_buffer: slice(&own, 0x290),
        edd_mbr_sig_buf_entries: 3,
    };
    let wanted = Handover {
        screen_info: Some(slice(&own, 0)),
        edd: Some(edd),
        hardware_subarch: Some(u32::from_le_bytes(slice(&own, 0x23c))),
        hardware_subarch_data: Some(u64::from_le_bytes(slice(&own, 0x240))),
        acpi_rsdp_addr: Some(PhysAddr::new(u64::from_le_bytes(slice(&own, 0x70)))),
        secure_boot: Some(own[0x1ec]),
        cc_blob_address: Some(u32::from_le_bytes(slice(&own, 0x13c))),
        efi: None,
    };
    assert_eq!(found, wanted);
}

#[test]
fn what_is_not_there_is_unknown() {
    let tree = Tree::new();
    assert_eq!(Handover::read(tree.root()), Handover::default());
    for length in [0, 4095, 4097] {
        tree.write(DATA, vec![1; length]);
        assert_eq!(Handover::read(tree.root()), Handover::default(), "{length}");
    }
    tree.write(DATA, [0; 4096]);
    let empty = Handover::read(tree.root());
    assert_eq!((empty.edd, empty.acpi_rsdp_addr, empty.cc_blob_address), (None, None, None));
    assert_eq!((empty.secure_boot, empty.hardware_subarch), (Some(0), Some(0)));
}

#[test]
fn counts_are_bounded() {
    let tree = Tree::new();
    let mut own = [0; field::SIZE];
    (own[0x1e9], own[0x1ea]) = (200, 17);
    tree.write(DATA, own);
    let edd = Handover::read(tree.root()).edd.unwrap();
    assert_eq!((edd.eddbuf_entries, edd.edd_mbr_sig_buf_entries), (6, 16));
}

#[test]
fn the_root_pointer_is_the_boot_loaders_or_else_the_firmwares() {
    let rows = [
        (0u64, "ACPI20=0x7ef014\nACPI=0x7ee014\nSMBIOS=0x1\n", Some(0x7e_f014)),
        (0, "MPS=0x1\nACPI=0x7ee014\n", Some(0x7e_e014)),
        (0, "ACPI20=0\nACPI=0xg\nXACPI=0x1\nACPI20 =0x1", None),
        (0, "ACPI20=0x+1\nACPI=-0x1", None),
        (0xe_0000, "ACPI20=0x7ef014\n", Some(0xe_0000)),
    ];
    for (own_pointer, systab, wanted) in rows {
        let tree = Tree::new();
        let mut own = [0; field::SIZE];
        own[0x70..0x78].copy_from_slice(&own_pointer.to_le_bytes());
        tree.write(DATA, own);
        tree.write("/sys/firmware/efi/systab", systab);
        assert_eq!(Handover::read(tree.root()).acpi_rsdp_addr, wanted.map(PhysAddr::new), "{systab}");
    }
    let tree = Tree::new();
    tree.write("/sys/firmware/efi/systab", "ACPI20=0x7ef014\n");
    assert_eq!(Handover::read(tree.root()).acpi_rsdp_addr, Some(PhysAddr::new(0x7e_f014)));
}

fn with_efi() -> Tree {
    let tree = Tree::new();
    let mut own = [0; field::SIZE];
    let mut put = |offset: usize, bytes: &[u8]| own[offset..offset + bytes.len()].copy_from_slice(bytes);
    put(0x1c0, b"EL64");
    put(0x1c4, &0x7ff0_1018u32.to_le_bytes());
    put(0x1cc, &[1]);
    put(0x1d8, &[2]);
    tree.write(DATA, own);
    tree.write(
        "/sys/firmware/efi/systab",
        "ACPI20=0x7f77e014\nACPI=0x7f77e000\nSMBIOS3=0x7f5db000\nSMBIOS=0x7f5dd000\n",
    );
    tree.write("/sys/firmware/efi/fw_vendor", "0x7f9ff98a\n");
    tree.write("/sys/firmware/efi/runtime", "0x7f9ecb98\n");
    tree.write("/sys/firmware/efi/config_table", "0x7f5ec198\n");
    for (index, kind) in [(0, "0x5"), (1, "0x6")] {
        let values = [
            ("type", kind),
            ("phys_addr", "0x7f8ed000"),
            ("virt_addr", "0xfffffffeffe00000"),
            ("num_pages", "0x100"),
            ("attribute", "0x800000000000000f"),
        ];
        for (name, value) in values {
            tree.write(&format!("/sys/firmware/efi/runtime-map/{index}/{name}"), format!("{value}\n"));
        }
    }
    tree
}

#[test]
fn efi_is_read() {
    let descriptor = Descriptor {
        kind: 5,
        phys_addr: 0x7f8e_d000,
        virt_addr: 0xffff_fffe_ffe0_0000,
        num_pages: 0x100,
        attribute: 0x8000_0000_0000_000f,
    };
    let wanted = Efi {
        signature: *b"EL64",
        memdesc_version: 1,
        systab: PhysAddr::new(0x2_7ff0_1018),
        fw_vendor: PhysAddr::new(0x7f9f_f98a),
        runtime: Some(PhysAddr::new(0x7f9e_cb98)),
        tables: PhysAddr::new(0x7f5e_c198),
        smbios: Some(PhysAddr::new(0x7f5d_d000)),
        map: vec![descriptor, Descriptor { kind: 6, ..descriptor }],
    };
    assert_eq!(Handover::read(with_efi().root()).efi, Some(wanted));
}

#[test]
fn a_virtual_address_is_no_physical_one() {
    let tree = with_efi();
    tree.write("/sys/firmware/efi/runtime", "0xfffffffeff1ebb98\n");
    assert_eq!(Handover::read(tree.root()).efi.unwrap().runtime, None);
}

#[test]
fn half_of_efi_is_none() {
    let broken: [(&str, &str); 6] = [
        ("/sys/firmware/efi/fw_vendor", ""),
        ("/sys/firmware/efi/config_table", "7f5ec198"),
        ("/sys/firmware/efi/runtime-map/1/type", "0x100000000"),
        ("/sys/firmware/efi/runtime-map/0/virt_addr", "?"),
        ("/sys/firmware/efi/runtime-map/1/attribute", "0x18000000000000000"),
        ("/sys/firmware/efi/runtime-map/2/type", "0x5"),
    ];
    for (path, text) in broken {
        let tree = with_efi();
        tree.write(path, text);
        assert_eq!(Handover::read(tree.root()).efi, None, "{path}");
    }
    for (offset, bytes) in [(0x1c0, *b"EL32"), (0x1c0, [0; 4])] {
        let tree = with_efi();
        let mut own = tree.root().read(DATA, 4096).unwrap().unwrap();
        own[offset..offset + 4].copy_from_slice(&bytes);
        tree.write(DATA, own);
        assert_eq!(Handover::read(tree.root()).efi, None, "{offset:#x}");
    }
    let tree = with_efi();
    std::fs::remove_dir_all(tree.root().path("/sys/firmware/efi/runtime-map")).unwrap();
    assert_eq!(Handover::read(tree.root()).efi, None, "an old kernel, or noefi");
}
