//! ELF kernels.

use crate::machine::{address, call, lab};
use crate::params::Told;
use serde_json::Value;

/// A vmlinux of one segment with a .bss, with the sign that it supports five-level page tables.
fn vmlinux() -> Vec<u8> {
    let text = b"Linux version 6.12.0-test (nobody)\0ptrs_per_p4d\0";
    let mut elf = vec![0; 0x1000];
    elf[..20].copy_from_slice(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0");
    let mut put = |offset: usize, value: u64, bytes: usize| {
        elf[offset..offset + bytes].copy_from_slice(&value.to_le_bytes()[..bytes]);
    };
    put(0x14, 1, 4); // e_version
    put(0x18, 0x100_0000, 8); // e_entry
    put(0x20, 0x40, 8); // e_phoff
    put(0x34, 64, 2); // e_ehsize
    put(0x36, 56, 2); // e_phentsize
    put(0x38, 1, 2); // e_phnum
    put(0x40, 1, 4); // PT_LOAD
    put(0x44, 7, 4);
    put(0x48, 0x1000, 8); // p_offset
    put(0x50, 0xffff_ffff_8100_0000, 8);
    put(0x58, 0x100_0000, 8); // p_paddr
    put(0x60, 0x100, 8); // p_filesz
    put(0x68, 0x2800, 8); // p_memsz
    put(0x70, 0x20_0000, 8);
    elf.extend_from_slice(text);
    elf.resize(0x1100, 0x90);
    elf
}

#[test]
fn a_signed_vmlinux_goes_where_it_was_linked_to_be() {
    let lab = lab();
    let elf = vmlinux();
    lab.file("vmlinux", &elf);
    lab.file("vmlinux.p7s", &forge::detached(&elf, &forge::pki::signer()));
    let line = "load {}/vmlinux --no-initrd --no-cmdline --keys {}/root.pem --signature {}/vmlinux.p7s";
    let run = lab.run(&format!("{line} --json"));
    assert_eq!(run.exit, 0, "{run:?}");
    let document = run.json();
    assert_eq!((document["format"].as_str(), document["kernel"]["errno"].clone()), (Some("elf"), Value::Null));
    assert_eq!(document["plan"]["method"], "segments");
    let (_, segments) = call(&lab);
    let (_, memory, bytes) = segments.iter().find(|(at, _, _)| *at == 0x100_0000).unwrap();
    assert_eq!((*memory, bytes.as_slice()), (0x3000, &elf[0x1000..0x1100]));
    let purgatory = address(&document["plan"], "purgatory");
    let told = Told::of(&segments.iter().find(|(at, _, _)| *at == purgatory).unwrap().2);
    assert_eq!((told.entry, told.zero), (0x100_0000, vec![(0x100_0100, 0x2f00)]));
    // An unsigned vmlinux is not loaded, and with no method does skexec call kexec_file_load.
    assert_eq!(lab.run("load {}/vmlinux --no-initrd --no-cmdline --keys {}/root.pem").exit, 3);
    let run = lab.run(&format!("{line} --method file"));
    assert!(run.exit == 4 && run.err.contains("(unsupported-format)"), "{run:?}");
    assert_eq!(lab.kernel.calls.borrow().len(), 1);
}

#[test]
fn five_level_paging_needs_a_sign() {
    let lab = lab();
    lab.system("/proc/cpuinfo", "flags\t\t: fpu la57\n");
    let without: Vec<u8> = vmlinux().iter().map(|byte| if *byte == b'4' { b'5' } else { *byte }).collect();
    for (elf, exit) in [(vmlinux(), 0), (without, 4)] {
        lab.file("vmlinux", &elf);
        lab.file("vmlinux.p7s", &forge::detached(&elf, &forge::pki::signer()));
        let line = "load {}/vmlinux --no-initrd --no-cmdline --keys {}/root.pem --signature {}/vmlinux.p7s";
        let run = lab.run(line);
        assert_eq!(run.exit, exit, "{run:?}");
    }
}
