//! The sections: their offsets, and bytes that the signature does not cover.

use super::{Case, ELIBBAD, case};
use crate::bzimage::{BzImage, noise};
use crate::pe::{Pe, Section};
use crate::recipe::Recipe;
use crate::wincert::Table;

pub(crate) fn cases() -> Vec<Case> {
    [order_and_overlap(), holes(), counts(), crashing()].concat()
}

fn signed(change: impl FnOnce(&mut Pe)) -> Vec<u8> {
    Recipe::new().image(BzImage::default().pe(change).build()).build()
}

/// If sections and certificate table together are longer than the file, a subtraction in Linux 6.12.95 wraps around and the kernel
/// hashes 4 GiB; 6.12.107 checks this.
fn order_and_overlap() -> Vec<Case> {
    vec![
        case("A037_pe_signed_sections_unsorted", "section headers not in the order of the file", {
            signed(|pe| pe.header_order = Some(vec![2, 0, 1]))
        }),
        case("A038_pe_signed_sections_overlap", ".text reaches into .data", {
            signed(|pe| pe.sections[1].raw_size = Some(0x4200))
        })
        .reject(ELIBBAD, "section-overlap")
        .crashed(),
        case("A043_pe_signed_hdr_overlaps_section", "SizeOfHeaders reaches into .setup", {
            signed(|pe| pe.says_headers = Some(0x1200))
        })
        .reject(ELIBBAD, "section-bounds")
        .crashed(),
        case("D028_overlap_same_sum", ".data lies over .text, so that as many bytes at the end are nowhere", {
            signed(|pe| pe.sections[2].raw_pointer = Some(0x5000))
        })
        .stricter("section-overlap"),
        case("D028_section_twice", "two headers for the same bytes", {
            signed(|pe| pe.sections[2].raw_pointer = Some(0x1000))
        })
        .stricter("section-overlap"),
        case("D028_section_in_headers", "a section that points to the headers", {
            signed(|pe| pe.sections[2].raw_pointer = Some(0))
        })
        .reject(super::EKEYREJECTED, "section-bounds"),
        case("D028_section_same_name", "two sections of one name", signed(|pe| pe.sections[2].name = b".text")),
        case("D028_section_no_name", "a section without a name", signed(|pe| pe.sections[2].name = b"")),
        case("D028_section_without_bytes", "a .bss: no bytes in the file, its pointer wild", {
            signed(|pe| {
                let bss = Section {
                    raw_size: Some(0),
                    raw_pointer: Some(0xffff_fff0),
                    virtual_size: Some(0x8000),
                    ..Section::new(b".bss", [])
                };
                pe.sections.push(bss);
            })
        }),
    ]
}

fn holes() -> Vec<Case> {
    let gap = |pe: &mut Pe| pe.sections[2].gap = 0x200;
    let changed = Recipe::new().image(BzImage::default().pe(gap).build()).file(|f| f[0x6010] ^= 0xff).build();
    let tail = |pe: &mut Pe| pe.tail = noise(3, 0x200);
    vec![
        case("A039_pe_signed_gap", "a hole between .text and .data", signed(gap)).stricter("unsigned-gap"),
        case("A040_pe_signed_gap_modified", "a byte in the hole changed after signing", changed)
            .stricter("unsigned-gap"),
        case("A041_pe_signed_trailing", "hashed bytes between the last section and the table", signed(tail)),
        case("A042_pe_signed_unaligned_table", "the certificate table starts at a multiple of four", {
            signed(|pe| pe.tail = vec![0x41; 4])
        })
        .stricter("cert-table-align"),
        case("D029_gap_after_headers", "a hole between the headers and .setup", {
            signed(|pe| pe.sections[0].gap = 0x200)
        })
        .stricter("unsigned-gap"),
        case("D029_gap_one_byte", "a hole of one byte: .text says one byte less than it has", {
            signed(|pe| pe.sections[1].raw_size = Some(0x3fff))
        })
        .stricter("unsigned-gap"),
        case("D029_trailing_flipped", "a bit of the hashed bytes behind the last section", {
            Recipe::new().image(BzImage::default().pe(tail).build()).file(|f| f[0x7010] ^= 1).build()
        })
        .reject(super::EKEYREJECTED, "digest-mismatch"),
        case("D030_table_one_byte_off", "the certificate table at an odd offset", signed(|pe| pe.tail = vec![0x41]))
            .stricter("cert-table-align"),
    ]
}

fn counts() -> Vec<Case> {
    let with_sections = |n: usize| {
        signed(|pe| {
            pe.lfanew = 0x280;
            pe.sections.extend((3..n).map(|i| Section::new(b".more", noise(i as u64, 16))));
        })
    };
    vec![
        case("D025_sections_64", "64 sections", with_sections(64)),
        case("D025_one_section", "one section from the headers to the table", {
            signed(|pe| {
                let all: Vec<u8> = pe.sections.iter().flat_map(|section| section.data.clone()).collect();
                pe.sections = vec![Section::new(b".all", all)];
            })
        }),
        case("D025_sections_97", "more sections than Windows loads; SizeOfHeaders has room for them", {
            signed(|pe| {
                pe.lfanew = 0x280;
                pe.headers = 0x2000;
                pe.sections[0].data.clear();
                pe.sections[0].raw_size = Some(0);
                pe.sections.extend((3..97).map(|_| Section { raw_size: Some(0), ..Section::new(b".bss", []) }));
            })
        })
        .stricter("pe-nsec"),
    ]
}

/// Files that only a kernel in a VM may be given: with a valid PKCS#7 message they crash `pefile_digest_pe_contents`.
fn crashing() -> Vec<Case> {
    let good = Recipe::new().pkcs7();
    let grafted = |change: fn(&mut Pe)| {
        let image = BzImage::default().pe(change).build();
        Table::of(good.clone()).attach(&image)
    };
    vec![
        case("D025_no_sections", "NumberOfSections 0: writes through a null pointer", {
            grafted(|pe| pe.says_sections = Some(0))
        })
        .crashes("pe-nsec"),
        case("D027_section_past_eof", "a section far behind the end: reads out of bounds", {
            grafted(|pe| pe.sections[2].raw_pointer = Some(0x4000_0000))
        })
        .crashes("section-bounds"),
        case("D027_section_size_huge", "a section of 2 GiB", grafted(|pe| pe.sections[2].raw_size = Some(0x8000_0000)))
            .crashes("section-bounds"),
        case("D027_section_wraps", "a section whose pointer and size wrap 32 bits", {
            grafted(|pe| {
                pe.sections[2].raw_pointer = Some(0xffff_f000);
                pe.sections[2].raw_size = Some(0x8000);
            })
        })
        .crashes("section-bounds"),
        case("D027_section_over_table", "a section that reaches into the certificate table", {
            grafted(|pe| pe.sections[2].raw_size = Some(0x1008))
        })
        .reject(ELIBBAD, "section-bounds")
        .crashed(),
    ]
}
