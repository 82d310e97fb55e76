//! A packer for LZO, because no crate has one: LZO1X in the frame of `lzop`, without checksums.

use std::collections::HashMap;

/// The magic number; versions of the file, the library and the format; LZO1X-1 and its level; no flags; no mode, time and name; no sum.
const HEADER: &[u8] = b"\x89LZO\0\r\n\x1a\n\x10\x40\x20\xa0\x09\x40\x01\x05\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
/// The longest distance of the match that is used here.
const FARTHEST: usize = 0x4000;
/// What ends a block: a match without a distance.
const END: [u8; 3] = [0x11, 0, 0];

/// Blocks of this many bytes, each after its two lengths. One that does not become shorter is stored as it is.
pub(super) fn frame(content: &[u8], block: usize) -> Vec<u8> {
    let mut frame = HEADER.to_vec();
    for content in content.chunks(block) {
        let packed = pack(content);
        let stored = if packed.len() < content.len() { &packed } else { content };
        frame.extend([be(content.len()), be(stored.len())].concat());
        frame.extend(stored);
    }
    [frame, be(0).to_vec()].concat()
}

fn be(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap().to_be_bytes()
}

/// Each four bytes that were there before become a match, as long as it can be.
fn pack(content: &[u8]) -> Vec<u8> {
    let mut block = Block::default();
    let mut seen = HashMap::new();
    let (mut at, mut literals) = (0, 0);
    while let Some(four) = content[at..].first_chunk::<4>() {
        let before = seen.insert(*four, at).filter(|before| at - before <= FARTHEST);
        let Some(before) = before else {
            at += 1;
            continue;
        };
        let length = content[at..].iter().zip(&content[before..]).take_while(|(new, old)| new == old).count();
        block.literals(&content[literals..at]);
        block.repeat(at - before, length);
        at += length;
        literals = at;
    }
    block.literals(&content[literals..]);
    [block.bytes, END.to_vec()].concat()
}

#[derive(Default)]
struct Block {
    bytes: Vec<u8>,
    /// Where the last match has two bits for the number of literals that follow it.
    few: Option<usize>,
}

impl Block {
    fn literals(&mut self, literals: &[u8]) {
        match (literals.len(), self.few) {
            (0, _) => return,
            (count @ 1..=3, Some(few)) => self.bytes[few] |= byte(count),
            (count @ 1..=3, None) => self.bytes.push(byte(17 + count)),
            (count, _) => self.length(0, 15, count - 3),
        }
        self.bytes.extend(literals);
    }

    /// The match with 14 bits of distance, which may be as long as it likes.
    fn repeat(&mut self, distance: usize, length: usize) {
        self.length(0x20, 31, length - 2);
        self.few = Some(self.bytes.len());
        self.bytes.extend(u16::try_from((distance - 1) << 2).unwrap().to_le_bytes());
    }

    /// A length in the low bits of the instruction, or behind it: 255 for each byte of zero, and the byte after them.
    fn length(&mut self, instruction: u8, most: usize, length: usize) {
        if length <= most {
            self.bytes.push(instruction | byte(length));
            return;
        }
        let (zeros, last) = ((length - most - 1) / 255, (length - most - 1) % 255 + 1);
        self.bytes.push(instruction);
        self.bytes.extend(vec![0; zeros]);
        self.bytes.push(byte(last));
    }
}

fn byte(number: usize) -> u8 {
    u8::try_from(number).unwrap()
}
