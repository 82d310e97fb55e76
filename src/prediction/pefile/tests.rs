#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::arithmetic_side_effects)]
use super::*;

const PE: usize = 0x80;
const OPTIONAL: usize = PE + 24;
const TABLE: usize = 0x400;

/// A PE32+ with one section, 16 directories, and a certificate table at the end that holds `message`.
fn image(message: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; TABLE + 8];
    bytes[..2].copy_from_slice(b"MZ");
    put(&mut bytes, 0x3c, 0x80);
    bytes[PE..][..4].copy_from_slice(b"PE\0\0");
    bytes[PE + 6] = 1;
    bytes[OPTIONAL..][..2].copy_from_slice(&[0x0b, 0x02]);
    put(&mut bytes, OPTIONAL + 60, 0x200);
    put(&mut bytes, OPTIONAL + 108, 16);
    bytes.extend_from_slice(message);
    let size = u32::try_from(bytes.len() - TABLE).unwrap();
    put(&mut bytes, OPTIONAL + 112 + 32, 0x400);
    put(&mut bytes, OPTIONAL + 112 + 36, size);
    put(&mut bytes, TABLE, size);
    put(&mut bytes, TABLE + 4, 0x0002_0200);
    bytes
}

fn put(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..][..4].copy_from_slice(&value.to_le_bytes());
}

fn outcome(bytes: &[u8]) -> Result<Wrapped, Stop> {
    pefile_strip_sig_wrapper(bytes, &pefile_parse_binary(bytes)?)
}

const MESSAGE: [u8; 8] = [0x30, 4, 0, 0, 0, 0, 0, 0];

#[test]
fn a_sound_image_gives_the_message_without_its_padding() {
    assert_eq!(outcome(&image(&MESSAGE)), Ok(Wrapped { offset: 0x408, len: 6 }));
}

#[test]
fn every_field_has_its_errno() {
    type Change = (usize, u32, Stop);
    let libbad = Stop::Errno(Errno::Libbad);
    let table: [Change; 15] = [
        (0, 0, libbad),
        (0x3c, 0x10, libbad),
        (0x3c, 0xffff_ffff, libbad),
        (PE, 0, libbad),
        (OPTIONAL, 0x107, libbad),
        (OPTIONAL + 60, 0x10, libbad),
        (OPTIONAL + 60, 0x8000, libbad),
        (OPTIONAL + 108, 0x4000_0000, libbad),
        (OPTIONAL + 144, 0, Stop::Errno(Errno::Nodata)),
        (OPTIONAL + 148, 0, Stop::Errno(Errno::Nodata)),
        (OPTIONAL + 144, 0x100, libbad),
        (OPTIONAL + 148, 0xffff_ffff, libbad),
        (PE + 4, 0xffff_0000, libbad),
        (TABLE + 4, 0x0002_0100, Stop::Errno(Errno::Notsupp)),
        (TABLE + 4, 0x0001_0200, Stop::Errno(Errno::Notsupp)),
    ];
    for (at, value, wanted) in table {
        let mut bytes = image(&MESSAGE);
        put(&mut bytes, at, value);
        assert_eq!(outcome(&bytes), Err(wanted), "{at:#x} = {value:#x}");
    }
}

#[test]
fn the_wrapper_s_length_wraps_around() {
    for (claimed, wanted) in [
        (0, Ok(6)),
        (4, Ok(6)),
        (8, Err(Stop::Errno(Errno::Keyrejected))),
        (11, Err(Stop::Errno(Errno::Keyrejected))),
        (12, Err(Stop::Errno(Errno::Libbad))),
        (17, Err(Stop::Errno(Errno::Libbad))),
    ] {
        let mut bytes = image(&MESSAGE);
        put(&mut bytes, TABLE, claimed);
        assert_eq!(outcome(&bytes).map(|wrapped| wrapped.len), wanted, "{claimed}");
    }
}

#[test]
fn the_first_length_byte_decides() {
    let cases: [(&[u8], Result<u32, Stop>); 6] = [
        (&[0x31, 2, 0, 0], Err(Stop::Errno(Errno::Libbad))),
        (&[0x30, 0x80, 0, 0], Ok(4)),
        (&[0x30, 0x81, 1, 0], Ok(4)),
        (&[0x30, 0x82, 0, 0], Ok(4)),
        (&[0x30, 0x82, 0, 1], Err(Stop::Errno(Errno::Libbad))),
        (&[0x30, 0x83, 0, 0], Err(Stop::Errno(Errno::Msgsize))),
    ];
    for (message, wanted) in cases {
        assert_eq!(outcome(&image(message)).map(|wrapped| wrapped.len), wanted, "{message:02x?}");
    }
}

#[test]
fn reading_past_the_file_is_a_hazard() {
    // There are no bytes after a wrapper whose length wraps around.
    let mut bytes = image(&[]);
    put(&mut bytes, TABLE, 0);
    assert_eq!(outcome(&bytes), Err(Stop::Hazard(Hazard::Oops)));
    // Headers that end before the place where the security directory would be, at the end of the file.
    let mut bytes = image(&MESSAGE);
    bytes.truncate(OPTIONAL + 112 + 20);
    put(&mut bytes, OPTIONAL + 60, u32::try_from(OPTIONAL + 112 + 1).unwrap());
    put(&mut bytes, OPTIONAL + 108, 0);
    assert_eq!(outcome(&bytes), Err(Stop::Hazard(Hazard::Oops)));
}
