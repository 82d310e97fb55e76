#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::arithmetic_side_effects)]
use super::super::hash::Hash;
use super::*;

/// 0x100 bytes of headers with the section table at 0x60, sections from 0x100 on, a table of 16 bytes at the end.
const HEADERS: Headers = Headers {
    size: 0x100,
    checksum: 0x10,
    security_entry: 0x20,
    table: 0x1f0,
    table_size: 16,
    sections: 0x60,
    section_count: 2,
};

fn file(sections: &[(u32, u32)]) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..0x200_usize).map(|at| u8::try_from(at % 251).unwrap()).collect();
    bytes[0x60..0x100].fill(0);
    for (index, (offset, size)) in sections.iter().enumerate() {
        let header = 0x60 + index * 40;
        bytes[header + 16..][..4].copy_from_slice(&size.to_le_bytes());
        bytes[header + 20..][..4].copy_from_slice(&offset.to_le_bytes());
    }
    bytes
}

/// The ranges after the headers.
fn places(sections: &[(u32, u32)], headers: &Headers) -> Result<Vec<(usize, usize)>, Stop> {
    let bytes = file(sections);
    let ranges = pefile_digest_pe_contents(&bytes, headers)?;
    Ok(ranges.iter().skip(3).map(|range| (range.start, range.len())).collect())
}

#[test]
fn sections_count_by_place_and_size() {
    type Case<'a> = (&'a [(u32, u32)], Result<&'a [(usize, usize)], Stop>);
    let cases: [Case<'_>; 7] = [
        (&[(0x100, 0x80), (0x180, 0x40)], Ok(&[(0x100, 0x80), (0x180, 0x40), (0x1c0, 0x30)])),
        (&[(0x180, 0x40), (0x100, 0x80)], Ok(&[(0x100, 0x80), (0x180, 0x40), (0x1c0, 0x30)])),
        // A hole: as many bytes at the end are hashed twice instead.
        (&[(0x100, 0x40), (0x180, 0x70)], Ok(&[(0x100, 0x40), (0x180, 0x70), (0x1b0, 0x40)])),
        // No bytes in the file: its place means nothing.
        (&[(0x100, 0xf0), (0xffff_fff0, 0)], Ok(&[(0x100, 0xf0), (0x1f0, 0)])),
        // Less than the certificate table is left, or nothing at all.
        (&[(0x100, 0xf0), (0x100, 1)], Err(Stop::Errno(Errno::Libbad))),
        (&[(0x100, 0x100), (0, 0)], Ok(&[(0x100, 0x100)])),
        (&[(0x100, 0x101), (0, 0)], Err(Stop::Hazard(Hazard::Oops))),
    ];
    for (sections, wanted) in cases {
        assert_eq!(places(sections, &HEADERS), wanted.map(<[_]>::to_vec), "{sections:x?}");
    }
}

#[test]
fn what_the_kernel_s_arithmetic_does_not_survive() {
    let sections = [(0x100, 0x80), (0x180, 0x40)];
    let oops = Err(Stop::Hazard(Hazard::Oops));
    assert_eq!(places(&sections, &Headers { section_count: 0, ..HEADERS }), oops);
    // The security entry is after the headers.
    assert_eq!(places(&sections, &Headers { security_entry: 0xfc, ..HEADERS }), oops);
    let edge = Headers { security_entry: 0xf8, ..HEADERS };
    assert!(places(&sections, &edge).is_ok());
    assert_eq!(places(&[(0xffff_ffff, 1), (0, 0)], &HEADERS), oops);
}

#[test]
fn names_and_sizes_break_ties() {
    let mut bytes = file(&[(0x100, 0x10), (0x100, 0x20)]);
    bytes[0x60] = b'b';
    bytes[0x88] = b'a';
    let lengths = |bytes: &[u8]| {
        let pieces = pefile_digest_pe_contents(bytes, &HEADERS).unwrap();
        pieces.iter().skip(3).take(2).map(|piece| piece.len()).collect::<Vec<_>>()
    };
    assert_eq!(lengths(&bytes), [0x20, 0x10]);
    bytes[0x88] = b'b';
    assert_eq!(lengths(&bytes), [0x10, 0x20]);
    // The virtual address comes before the name.
    bytes[0x60 + 12] = 1;
    assert_eq!(lengths(&bytes), [0x20, 0x10]);
}

#[test]
fn the_digest_decides() {
    let file = Hashed::new(b"--skexec");
    let value = Hash::Sha256.digest(&[b"skexec"]).unwrap();
    for (hash, wanted) in [
        (Hash::Sha256, Ok(())),
        (Hash::Sha384, Err(Errno::Keyrejected)),
        (Hash::Sha1, Err(Errno::Keyrejected)),
        (Hash::Sm3, Err(Errno::Nopkg)),
    ] {
        let signed = ImageDigest { hash, value: &value };
        assert_eq!(pefile_digest_pe(&file, &[2..5, 5..8], &signed), wanted, "{hash:?}");
    }
}
