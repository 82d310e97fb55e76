use super::*;

const CONTENT: &[u8] = b"what is packed";

/// A stream with one block, which holds its content without compression. All lengths are below 128: an integer is one byte.
struct Xz {
    check: (u8, Vec<u8>),
    /// What the block's header says of its length before and after unpacking.
    packed: Option<u8>,
    unpacked: Option<u8>,
    dictionary: u8,
    backward: u32,
    footer_check: u8,
    footer_magic: [u8; 2],
}

impl Default for Xz {
    fn default() -> Self {
        Self {
            check: (1, crc32(CONTENT).to_vec()),
            packed: None,
            unpacked: None,
            dictionary: 0,
            // The index has eight bytes.
            backward: 1,
            footer_check: 1,
            footer_magic: *b"YZ",
        }
    }
}

impl Xz {
    fn of_check(kind: u8, sum: Vec<u8>) -> Self {
        Self { check: (kind, sum), footer_check: kind, ..Self::default() }
    }

    fn build(&self) -> Vec<u8> {
        let (kind, check) = &self.check;
        let block = self.block();
        let data = data();
        let index = [0, 1, byte(block.len() + data.len() + check.len()), byte(CONTENT.len())];
        let footer = [&self.backward.to_le_bytes()[..], &[0, self.footer_check]].concat();
        let mut stream = [MAGIC, &summed(&[0, *kind]), &block, &data].concat();
        stream.resize(stream.len().next_multiple_of(4), 0);
        stream.extend([check.as_slice(), &summed(&index), &crc32(&footer), &footer, &self.footer_magic].concat());
        stream
    }

    fn block(&self) -> Vec<u8> {
        let flags = if self.packed.is_some() { 0x40 } else { 0 } | if self.unpacked.is_some() { 0x80 } else { 0 };
        let mut header = vec![0, flags];
        header.extend(self.packed.into_iter().chain(self.unpacked));
        header.extend([0x21, 1, self.dictionary]);
        header.resize(header.len().next_multiple_of(4), 0);
        header[0] = byte(header.len() / 4);
        summed(&header)
    }
}

/// LZMA2: a chunk without compression, and the end.
fn data() -> Vec<u8> {
    [&[1, 0, byte(CONTENT.len() - 1)], CONTENT, &[0]].concat()
}

fn byte(length: usize) -> u8 {
    u8::try_from(length).ok().filter(|byte| *byte < 0x80).unwrap()
}

/// Bytes, and their CRC32.
fn summed(bytes: &[u8]) -> Vec<u8> {
    [bytes, &crc32(bytes)].concat()
}

fn whole(xz: &Xz) -> Result<Vec<u8>, String> {
    unpack(&xz.build(), CONTENT.len())
}

#[test]
fn the_check_of_each_kind_has_its_length() {
    for (kind, length) in (0..).zip([0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64]) {
        let stream = [Xz::of_check(kind, vec![0x5a; length]).build(), b"behind".to_vec()].concat();
        let (mut rest, mut found) = (&stream[..], Vec::new());
        let result = each(&mut rest, &mut |piece| {
            found.extend_from_slice(piece);
            Ok(())
        });
        assert_eq!((result, &found[..], rest), (Ok(()), CONTENT, &b"behind"[..]), "{kind}");
    }
}

#[test]
fn a_kernel_has_a_crc32_or_no_check() {
    let content = || Ok(CONTENT.to_vec());
    let rows = [
        (0, Vec::new(), content()),
        (1, crc32(CONTENT).to_vec(), content()),
        (1, vec![0; 4], Err("its CRC32 does not match".to_owned())),
        (4, vec![0; 8], Err("its stream flags are \\x00\\x04".to_owned())),
    ];
    for (kind, sum, wanted) in rows {
        assert_eq!(whole(&Xz::of_check(kind, sum)), wanted, "{kind}");
    }
}

#[test]
fn a_block_has_the_lengths_that_it_states() {
    let (packed, unpacked) = (byte(data().len()), byte(CONTENT.len()));
    let rows = [
        (None, None, true),
        (Some(packed), None, true),
        (None, Some(unpacked), true),
        (Some(packed), Some(unpacked), true),
        (Some(packed + 1), Some(unpacked), false),
        (Some(packed), Some(unpacked + 1), false),
        (None, Some(unpacked - 1), false),
        (Some(0), None, false),
    ];
    for (packed, unpacked, wanted) in rows {
        let result = whole(&Xz { packed, unpacked, ..Xz::default() });
        assert_eq!(result.is_ok(), wanted, "{packed:?} {unpacked:?}");
        assert!(result.err().is_none_or(|error| error == "its block has another length than it states"));
    }
}

#[test]
fn each_field_of_the_footer_is_compared() {
    let wrong = [
        Xz { backward: 0, ..Xz::default() },
        Xz { backward: 2, ..Xz::default() },
        Xz { footer_check: 0, ..Xz::default() },
        Xz { footer_magic: *b"YY", ..Xz::default() },
    ];
    for xz in wrong {
        assert_eq!(whole(&xz), Err("its footer does not match".to_owned()));
    }
}

#[test]
fn a_dictionary_has_128_mib_at_most() {
    let rows = [
        (31, "its dictionary has 201326592 bytes, wanted at most 134217728"),
        (40, "its dictionary has 4294967295 bytes, wanted at most 134217728"),
        (41, "the size of its dictionary is malformed"),
    ];
    for dictionary in [0, 1, 30] {
        assert_eq!(whole(&Xz { dictionary, ..Xz::default() }), Ok(CONTENT.to_vec()), "{dictionary}");
    }
    for (dictionary, wanted) in rows {
        assert_eq!(whole(&Xz { dictionary, ..Xz::default() }), Err(wanted.to_owned()), "{dictionary}");
    }
}
