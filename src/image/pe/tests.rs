use super::*;
use forge::pe::put32;

/// Sections without bytes in the file.
fn empty(count: usize) -> Vec<forge::pe::Section> {
    vec![forge::pe::Section::new(b".bss", []); count]
}

#[test]
fn the_number_of_sections_is_bounded() {
    for (count, wanted) in [(0, false), (1, true), (96, true), (97, false)] {
        let pe = forge::pe::Pe { tail: vec![0], ..forge::pe::Pe::new(0x2000, empty(count)) };
        let found = Pe::parse(&pe.build()).map(|pe| pe.table.len()).map_err(|finding| finding.reason);
        assert_eq!(found, if wanted { Ok(count) } else { Err(Reason::PeSections) });
    }
}

#[test]
fn the_section_table_may_end_where_the_headers_do() {
    for (less, wanted) in [(0, Ok(())), (1, Err(Reason::PeSections))] {
        let mut pe = forge::pe::Pe { tail: vec![0], ..forge::pe::Pe::new(0x400, empty(2)) };
        pe.says_headers = u32::try_from(pe.section_table() + 2 * SECTION_HEADER - less).ok();
        assert_eq!(Pe::parse(&pe.build()).map(drop).map_err(|finding| finding.reason), wanted, "{less}");
    }
}

#[test]
fn the_certificate_table_lies_behind_the_headers_up_to_the_end() {
    let bounds = Err(Reason::CertTableBounds);
    let rows = [
        (0x400, 0x10, Ok(())),
        (0x408, 8, Ok(())),
        (0x3f8, 0x18, bounds),
        (0x400, 8, bounds),
        (0x408, 0x10, bounds),
        (0x409, 7, bounds),
        (0x404, 0xc, Err(Reason::CertTableAlign)),
    ];
    for (offset, size, wanted) in rows {
        let pe = forge::pe::Pe { tail: vec![0; 0x10], ..forge::pe::Pe::new(0x400, empty(1)) };
        let mut file = pe.build();
        put32(&mut file, pe.certificate_entry(), offset);
        put32(&mut file, pe.certificate_entry() + 4, size);
        assert_eq!(Pe::parse(&file).map(drop).map_err(|finding| finding.reason), wanted, "{size:#x} at {offset:#x}");
    }
}
