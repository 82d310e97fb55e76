use super::*;
use linux_raw_sys::bootparam::boot_params;
use std::mem::offset_of;

/// The size of what a function takes out of a structure.
const fn size<Structure, Member>(_member: fn(Structure) -> Member) -> usize {
    size_of::<Member>()
}

/// Name, offset and size of members, by the structures that bindgen made of the kernel's headers.
macro_rules! members {
    ($($($member:ident).+),* $(,)?) => {
        [$((
            [$(stringify!($member)),+].join("."),
            offset_of!(boot_params, $($member).+),
            size(|all: boot_params| all.$($member).+),
        )),*]
    };
}

#[test]
fn the_kernels_headers_say_the_same() {
    let kernels = members![
        screen_info,
        screen_info.ext_mem_k,
        acpi_rsdp_addr,
        ext_ramdisk_image,
        ext_ramdisk_size,
        ext_cmd_line_ptr,
        cc_blob_address,
        efi_info.efi_loader_signature,
        efi_info.efi_systab,
        efi_info.efi_memdesc_size,
        efi_info.efi_memdesc_version,
        efi_info.efi_memmap,
        efi_info.efi_memmap_size,
        efi_info.efi_systab_hi,
        efi_info.efi_memmap_hi,
        alt_mem_k,
        e820_entries,
        eddbuf_entries,
        edd_mbr_sig_buf_entries,
        secure_boot,
        hdr,
        hdr.root_flags,
        hdr.boot_flag,
        hdr.jump,
        hdr.header,
        hdr.version,
        hdr.type_of_loader,
        hdr.loadflags,
        hdr.ramdisk_image,
        hdr.ramdisk_size,
        hdr.cmd_line_ptr,
        hdr.kernel_alignment,
        hdr.xloadflags,
        hdr.cmdline_size,
        hdr.hardware_subarch,
        hdr.hardware_subarch_data,
        hdr.setup_data,
        edd_mbr_sig_buffer,
        e820_table,
        eddbuf,
    ];
    assert_eq!(kernels.len(), ALL.len());
    for (own, (name, offset, size)) in ALL.iter().zip(kernels) {
        // The header's own length says where it ends; the room for it reaches up to the next field.
        let size = if name == "hdr" { size + size_of_val(&[0_u8; 36]) } else { size };
        assert_eq!((own.name, own.offset, own.size), (name.as_str(), offset, size));
    }
    assert_eq!((SIZE, size_of::<boot_params>()), (4096, 4096));
    let init_size = offset_of!(boot_params, hdr.init_size) + size(|all: boot_params| all.hdr.init_size);
    assert_eq!(INIT_SIZE_END, init_size);
}

#[test]
fn no_field_overlaps_another_or_leaves_the_page() {
    for (index, one) in ALL.iter().enumerate() {
        assert!(one.size > 0 && one.range().end <= SIZE, "{one:?}");
        for other in &ALL[index + 1..] {
            let apart = one.range().end <= other.offset || other.range().end <= one.offset;
            // Members of two structures that are copied whole.
            let within = other.name.starts_with(&format!("{}.", one.name))
                && one.offset <= other.offset
                && other.range().end <= one.range().end;
            assert!(apart || within, "{one:?} {other:?}");
        }
    }
}
