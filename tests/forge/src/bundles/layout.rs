//! UKIs that a trusted signer has signed although their PE layout breaks a rule.

use super::{Bundle, CMDLINE, Firmware, changed, sections, signed, uki};
use crate::bzimage::noise;
use crate::pe::{Section, get32, put16, put32};
use crate::pki;
use crate::recipe::Recipe;
use crate::uki::{Sections, header_of};

pub(super) fn bundles() -> Vec<Bundle> {
    [places(), addresses(), headers()].concat()
}

fn bad(name: &str, about: &'static str, exit: u8, slug: &'static str, change: impl FnOnce(&mut Sections)) -> Bundle {
    signed(name, about, change).reject(exit, slug).firmware(Firmware::Unknown)
}

/// Of a section header: SizeOfRawData and PointerToRawData.
const SIZE: usize = 16;
const POINTER: usize = 20;

/// A section beyond the file has no bytes that could be signed, so its header is changed afterwards.
fn moved(name: &str, about: &'static str, section: &'static [u8], field: usize, value: u32) -> Bundle {
    changed(name, about, |file| {
        let row = header_of(file, section, 0);
        put32(file, row + field, value);
    })
    .reject(4, "section-bounds")
}

/// Where the bytes of that section of a good UKI start in the file.
fn offset(name: &[u8]) -> u32 {
    let file = sections().pe().build();
    get32(&file, header_of(&file, name, 0) + 20)
}

/// The address of that section of a good UKI.
fn address(name: &[u8]) -> u32 {
    let file = sections().pe().build();
    get32(&file, header_of(&file, name, 0) + 12)
}

fn places() -> Vec<Bundle> {
    let gap = |sections: &mut Sections| sections.named(b".initrd").gap = 0x200;
    let in_gap = || {
        let mut sections = sections();
        gap(&mut sections);
        let at = offset(b".initrd") as usize;
        Recipe::new().image(sections.pe().build()).file(move |file| file[at + 0x10] ^= 1).build()
    };
    vec![
        bad("overlap", ".cmdline reaches into .initrd", 4, "section-overlap", |sections| {
            sections.named(b".cmdline").raw_size = Some(0x400);
        }),
        bad("same-bytes", ".uname has the bytes of .cmdline", 4, "section-overlap", |sections| {
            sections.named(b".uname").raw_pointer = Some(offset(b".cmdline"));
        }),
        moved("past-the-end", ".linux ends behind the signed part of the file", b".linux", SIZE, 0x10_0000),
        moved("far-away", ".initrd starts behind the end of the file", b".initrd", POINTER, 0x10_0000),
        moved("wraps", ".initrd starts so high that its end wraps around", b".initrd", POINTER, 0xffff_fff0),
        bad("in-headers", ".cmdline lies in the headers", 4, "section-bounds", |sections| {
            sections.named(b".cmdline").raw_pointer = Some(0x200);
        }),
        bad("gap", "a hole in front of .initrd", 3, "unsigned-gap", gap),
        uki("gap-changed", "a byte in a hole that the signature does not cover", in_gap())
            .reject(3, "unsigned-gap")
            .firmware(Firmware::Unknown),
    ]
}

/// The stub reads the parts where the firmware has put them: at their addresses, not at their offsets in the file.
fn addresses() -> Vec<Bundle> {
    vec![
        bad(
            "same-address",
            ".cmdline and .osrel share an address: the stub would read another text",
            4,
            "section-overlap",
            |sections| sections.named(b".cmdline").virtual_address = Some(address(b".osrel")),
        ),
        bad("address-overlap", "the address of .cmdline lies within .linux", 4, "section-overlap", |sections| {
            sections.named(b".cmdline").virtual_address = Some(address(b".linux") + 0x2000);
        }),
        bad(
            "address-in-headers",
            "the address of .cmdline lies within the headers",
            4,
            "section-overlap",
            |sections| {
                sections.named(b".cmdline").virtual_address = Some(0x100);
            },
        ),
        bad(
            "address-wraps",
            "the address of .cmdline is so high that its end wraps around",
            4,
            "section-bounds",
            |sections| {
                sections.named(b".cmdline").virtual_address = Some(0xffff_fff8);
            },
        ),
        bad("address-past-image", "the address of .cmdline lies behind SizeOfImage", 4, "section-bounds", |sections| {
            sections.named(b".cmdline").virtual_address = Some(0x100_0000);
        }),
    ]
}

fn headers() -> Vec<Bundle> {
    let pe = |name: &str, about, change: fn(&mut crate::pe::Pe)| {
        let mut pe = sections().pe();
        change(&mut pe);
        uki(name, about, Recipe::new().image(pe.build()).who(pki::signer()).build()).firmware(Firmware::Unknown)
    };
    vec![
        bad("97-sections", "more sections than a PE may have", 4, "pe-nsec", |sections| {
            for seed in 0..90 {
                sections.list.insert(1, Section::new(b".more", noise(seed, 16)));
            }
        }),
        pe("hidden-section", "NumberOfSections leaves out the last section, .linux", |pe| pe.says_sections = Some(6))
            .reject(4, "uki-missing"),
        pe("pe32", "the 32-bit optional header", |pe| pe.pe32 = true).reject(4, "pe-magic"),
        pe("machine", "for another processor", |pe| pe.machine = 0xaa64)
            .reject(4, "pe-header")
            .firmware(Firmware::Refuses),
        pe("subsystem", "a console program of Windows", |pe| pe.subsystem = 3)
            .reject(4, "pe-header")
            .firmware(Firmware::Refuses),
        pe("directories-17", "17 data directories", |pe| {
            pe.says_directories = Some(17);
        })
        .reject(4, "pe-dirs"),
        pe("section-table", "SizeOfOptionalHeader leads to another section table", |pe| {
            pe.says_optional_size = Some(112 + 6 * 8 + 40);
        })
        .reject(4, "pe-opthdr-size"),
        uki("no-mz", "the first two bytes are not MZ", {
            let mut file = sections().signed(&pki::signer());
            put16(&mut file, 0, 0x4141);
            file
        })
        .reject(4, "not-a-kernel")
        .firmware(Firmware::Refuses),
        bad("cmdline-in-tail", "bytes of .cmdline behind the end of its raw data", 4, "uki-size", |sections| {
            let section = sections.named(b".cmdline");
            section.data = vec![b'x'; 0x200];
            section.data[..CMDLINE.len()].copy_from_slice(CMDLINE.as_bytes());
            section.virtual_size = Some(0x300);
        }),
    ]
}
