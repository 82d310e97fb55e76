//! UKIs whose `.linux` is no kernel that can be booted, signed as they are.

use super::{Bundle, Firmware, sections, sections_of, signed, uki};
use crate::bzimage::{BzImage, noise};
use crate::pki;
use crate::uki::Sections;

fn of(name: &str, about: &'static str, linux: Vec<u8>) -> Bundle {
    uki(name, about, sections_of(linux).signed(&pki::signer()))
}

pub(super) fn bundles() -> Vec<Bundle> {
    let image = |change: fn(&mut BzImage)| {
        let mut image = BzImage::default();
        change(&mut image);
        image.build()
    };
    vec![
        signed("linux-cut", ".linux ends in the middle of the kernel, by its VirtualSize", |sections| {
            sections.named(b".linux").virtual_size = Some(0x4000);
        })
        .reject(4, "truncated"),
        signed("linux-cut-by-one", "VirtualSize is one byte short", |sections| {
            let size = crate::unsigned_bzimage().len() as u32;
            let section = sections.named(b".linux");
            section.data = crate::unsigned_bzimage();
            section.virtual_size = Some(size - 1);
        })
        .reject(4, "truncated"),
        of("linux-elf", "an ELF file", [b"\x7fELF\x02\x01\x01".to_vec(), noise(8, 0x1000)].concat())
            .reject(4, "not-a-kernel"),
        of("linux-text", "a text", b"This is no kernel.\n".repeat(300)).reject(4, "not-a-kernel"),
        of("linux-initrd", "a cpio archive", b"070701".repeat(500)).reject(4, "not-a-kernel"),
        of("linux-program", "an EFI program that is no kernel", {
            Sections { list: vec![crate::uki::stub()], header_order: None }.signed(&pki::signer())
        })
        .reject(4, "not-a-kernel"),
        of("linux-uki", "a UKI in a UKI", sections().signed(&pki::signer())).reject(4, "not-a-kernel"),
        of("linux-old", "boot protocol 2.11", image(|image| image.version = 0x20b)).reject(4, "boot-protocol"),
        of("linux-32-bit", "no 64-bit entry point", image(|image| image.xloadflags = 0x72)).reject(4, "no-64bit-entry"),
        of("linux-zimage", "a zImage", image(|image| image.loadflags = 0)).reject(4, "setup-header"),
        of("linux-init-size", "init_size less than the kernel's own bytes", image(|image| image.init_size = 0x1000))
            .reject(4, "setup-header"),
        of("linux-syssize", "syssize says more than .linux has", image(|image| image.syssize = Some(0x1_0000)))
            .reject(4, "truncated"),
        of(
            "linux-setup-sects",
            "the setup part ends behind .linux",
            image(|image| (image.setup_sects, image.syssize) = (255, Some(0x500))),
        )
        .reject(4, "truncated"),
    ]
    .into_iter()
    .map(|bundle| bundle.firmware(Firmware::Loads))
    .collect()
}
