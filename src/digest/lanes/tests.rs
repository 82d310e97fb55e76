use super::*;
use crate::hex;
use crate::sys::all_sha256_instructions;
use sha2::{Digest as _, Sha256};

/// What stands for chance: the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

fn other(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[test]
fn pieces_go_to_their_streams() {
    for instructions in all_sha256_instructions() {
        let mut lanes = Lanes::with(instructions, 3);
        lanes.update(&[b"a", b"", b"xyz", b"ignored"]);
        lanes.update(&[b"bc"]);
        let wanted: [&[u8]; 3] = [b"abc", b"", b"xyz"];
        assert_eq!(lanes.finalize(), wanted.map(other), "{instructions:?}");
    }
}

/// FIPS 180-2, appendix B, in every lane.
#[test]
fn the_vectors_of_nist() {
    let million = vec![b'a'; 1_000_000];
    let table: [(&[u8], &str); 4] = [
        (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
        (&million, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ];
    for instructions in all_sha256_instructions() {
        for (message, wanted) in table {
            let mut lanes = Lanes::with(instructions, 9);
            lanes.update(&[message; 9]);
            let found: Vec<_> = lanes.finalize().iter().map(|digest| hex::encode(digest)).collect();
            assert_eq!(found, [wanted; 9], "{} bytes, {instructions:?}", message.len());
        }
    }
}

#[test]
fn however_it_is_cut() {
    let mut numbers = Numbers(1);
    for instructions in all_sha256_instructions() {
        for count in (0..=10).chain([17, 40]) {
            for _ in 0..12 {
                let most = [1, 64, 200, 1000, 5000][numbers.below(5)];
                let messages: Vec<Vec<u8>> = (0..count)
                    .map(|_| (0..numbers.below(most)).map(|_| u8::try_from(numbers.below(256)).unwrap()).collect())
                    .collect();
                let mut lanes = Lanes::with(instructions, count);
                let mut left: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
                let longest = [most, most / 3 + 1, 64, 130][numbers.below(4)];
                while left.iter().any(|bytes| !bytes.is_empty()) {
                    let cut = |bytes: &mut &[u8]| {
                        let (piece, rest) = bytes.split_at(bytes.len().min(numbers.below(longest + 1)));
                        *bytes = rest;
                        piece
                    };
                    let pieces: Vec<&[u8]> = left.iter_mut().map(cut).collect();
                    lanes.update(&pieces);
                }
                let wanted: Vec<_> = messages.iter().map(|message| other(message)).collect();
                assert_eq!(lanes.finalize(), wanted, "{count} streams, pieces up to {longest}, {instructions:?}");
            }
        }
    }
}

/// Pieces of equal length are what the fast paths are for; every lane has bytes of its own.
#[test]
fn whole_blocks_side_by_side() {
    let bytes: Vec<u8> = (0..40_000_u32).map(|number| (number * 197 >> 3).to_le_bytes()[0]).collect();
    for instructions in all_sha256_instructions() {
        for count in 1..=9 {
            let parts: Vec<&[u8]> = bytes.chunks(4096).take(count).collect();
            let mut lanes = Lanes::with(instructions, count);
            lanes.update(&parts);
            lanes.update(&parts);
            let wanted: Vec<_> = parts.iter().map(|part| other(&[*part, *part].concat())).collect();
            assert_eq!(lanes.finalize(), wanted, "{count} streams, {instructions:?}");
        }
    }
}

#[test]
fn the_fastest_is_chosen() {
    let all: Vec<_> = all_sha256_instructions().collect();
    assert_eq!(Some(&Lanes::new(1).instructions), all.last());
    assert!([1, 3, 4, 8].contains(&Lanes::width()));
    #[cfg(target_arch = "x86_64")]
    assert_eq!(Lanes::with(Instructions::BASELINE, 0).instructions.width(), 4);
}
