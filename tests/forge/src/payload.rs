//! Payloads for a bzImage in the legacy frame of lz4, written without compression; and signed bzImages with hostile payloads.

use crate::bzimage::BzImage;
use crate::recipe::Recipe;
use crate::vmlinux::{BASE, INVERSE, LONG, Vmlinux, WORD};

const LZ4: [u8; 4] = [0x02, 0x21, 0x4c, 0x18];

/// Packs content as the kernel's build does: the stream, then the size of the content.
#[must_use]
pub fn pack(content: &[u8]) -> Vec<u8> {
    sized(stream(content), content.len() as u32)
}

/// The stream alone.
#[must_use]
pub fn stream(content: &[u8]) -> Vec<u8> {
    let mut stream = LZ4.to_vec();
    for block in content.chunks(8 << 20) {
        let literals = literals(block);
        stream.extend((literals.len() as u32).to_le_bytes());
        stream.extend(literals);
    }
    stream
}

/// A block of one sequence, which has literals only: a token, the length in steps of 255, the bytes.
fn literals(block: &[u8]) -> Vec<u8> {
    let Some(more) = block.len().checked_sub(15) else { return [&[(block.len() << 4) as u8], block].concat() };
    let mut packed = vec![0xf0];
    packed.resize(1 + more / 255, 0xff);
    packed.push((more % 255) as u8);
    packed.extend(block);
    packed
}

fn sized(mut stream: Vec<u8>, size: u32) -> Vec<u8> {
    stream.extend(size.to_le_bytes());
    stream
}

/// A signed bzImage whose payload is, or is not, a kernel that can be unpacked and relocated.
#[derive(Debug, Clone)]
pub struct Payload {
    pub name: &'static str,
    pub image: Vec<u8>,
    /// What is wrong with it, in words that the refusal has; `None` for a good one.
    pub wrong: Option<&'static str>,
}

/// A signed bzImage with a payload.
#[must_use]
pub fn signed(payload: Vec<u8>) -> Vec<u8> {
    signed_with(BzImage { payload, ..BzImage::default() })
}

fn signed_with(image: BzImage) -> Vec<u8> {
    Recipe::new().image(image.build()).build()
}

/// All of them, the good ones first.
#[must_use]
pub fn payloads() -> Vec<Payload> {
    let of = |name, payload, wrong| Payload { name, image: signed(payload), wrong };
    let kernel = |name, change: fn(&mut Vmlinux), wrong| {
        let mut vmlinux = Vmlinux::default();
        change(&mut vmlinux);
        of(name, pack(&vmlinux.build()), wrong)
    };
    let good = Vmlinux::default().build();
    let size = good.len() as u32;
    let frame = stream(&good);
    let outside = BzImage { payload: pack(&good), payload_length: Some(u32::MAX), ..BzImage::default() };
    vec![
        kernel("good", |_| {}, None),
        kernel("two-lists", |vmlinux| drop(vmlinux.lists.remove(1)), None),
        Payload { name: "outside", image: signed_with(outside), wrong: Some("outside") },
        of("no-format", [b"abcd".as_slice(), &pack(&good)].concat(), Some("not known")),
        of("size-zero", sized(frame.clone(), 0), Some("states")),
        of("size-of-4-gib", sized(frame.clone(), u32::MAX), Some("states")),
        of("size-above-init-size", sized(frame.clone(), 0x10_0001), Some("init_size")),
        of("size-one-less", sized(frame.clone(), size - 1), Some("lz4")),
        of("size-one-more", sized(frame.clone(), size + 1), Some("lz4")),
        of("cut-short", sized(frame[..frame.len() - 1].to_vec(), size), Some("cut short")),
        of("bytes-behind", sized([frame.as_slice(), b"more"].concat(), size), Some("lz4")),
        of("two-streams", sized([frame.as_slice(), &frame].concat(), size), Some("lz4")),
        of("xz-dictionary-of-4-gib", sized(xz_header(40), size), Some("dictionary")),
        of(
            "lzma-dictionary-of-4-gib",
            sized([&[0x5d, 0, 0, 0xff, 0xff], [0xff; 24].as_slice()].concat(), size),
            Some("dictionary"),
        ),
        of("zstd-window-of-4-gib", sized(vec![0x28, 0xb5, 0x2f, 0xfd, 0, 22 << 3, 1, 0, 0], size), Some("zstd")),
        of("no-elf", pack(&[0x5a; 0x400]), Some("ELF")),
        kernel("entry-elsewhere", |vmlinux| vmlinux.entry = BASE - 1, Some("entry point")),
        kernel("segments-swapped", swapped, Some("order")),
        kernel("segment-above-4-gib", |vmlinux| vmlinux.loads[2][2] = 1 << 33, Some("1 GiB")),
        kernel("no-relocations", |vmlinux| vmlinux.lists.clear(), Some("no table of relocations")),
        kernel("one-list", |vmlinux| vmlinux.lists.truncate(1), Some("one list")),
        kernel("four-lists", |vmlinux| vmlinux.lists.push(vec![WORD]), Some("more than three lists")),
        kernel("half-a-word", |vmlinux| vmlinux.behind = vec![0x81, 0], Some("whole words")),
        kernel("no-first-zero", |vmlinux| vmlinux.loads[2][3] = 0x1000 + 0x84, Some("no table of relocations")),
        kernel("relocation-outside", |vmlinux| vmlinux.lists[2].push(0x8100_6000), Some("no segment's bytes")),
        kernel("relocation-in-bss", |vmlinux| vmlinux.lists[0].push(0x8100_5ffc), Some("no segment's bytes")),
        kernel("relocation-between", |vmlinux| vmlinux.lists[1].push(0x8100_33fe), Some("no segment's bytes")),
        kernel("relocation-below", |vmlinux| vmlinux.lists[2].insert(0, WORD - 0x101), Some("no segment's bytes")),
        kernel(
            "relocation-not-in-the-map",
            |vmlinux| vmlinux.lists[2].insert(0, 0x100_0100),
            Some("no segment's bytes"),
        ),
        kernel("relocations-out-of-order", |vmlinux| vmlinux.lists[0].reverse(), Some("not in order")),
        kernel("relocations-overlap", |vmlinux| vmlinux.lists[0] = vec![LONG, LONG + 4], Some("not in order")),
        kernel("relocation-twice", |vmlinux| vmlinux.lists[1].push(INVERSE), Some("not in order")),
    ]
}

fn swapped(vmlinux: &mut Vmlinux) {
    vmlinux.loads[0][2] = BASE + 0x8000;
    vmlinux.entry = BASE + 0x8040;
    vmlinux.lists = vec![Vec::new(), Vec::new()];
}

/// The headers of an xz stream and of a block with LZMA2, whose dictionary has this size.
fn xz_header(dictionary: u8) -> Vec<u8> {
    let block = [2, 0, 0x21, 1, dictionary, 0, 0, 0];
    let flags = [0, 1];
    let mut stream = b"\xfd7zXZ\0".to_vec();
    stream.extend(flags.into_iter().chain(crc32(&flags)));
    stream.extend(block.into_iter().chain(crc32(&block)));
    stream.resize(64, 0);
    stream
}

/// The CRC of IEEE 802.3, bit by bit.
fn crc32(bytes: &[u8]) -> [u8; 4] {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg());
        }
    }
    (!sum).to_le_bytes()
}
