//! The embedded image, read by the compiler: an ELF file that is not as it should be does not build.
#![expect(clippy::as_conversions, reason = "constant functions have no other way from one integer to another")]
#![expect(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "what fails here does not build")]

use skexec_purgatory::{ELF, Params};

/// Where the file's only segment lies in it, and its two sizes (`Elf64_Phdr`).
struct Segment {
    offset: usize,
    file_bytes: usize,
    memory_bytes: usize,
}

const SEGMENT: Segment = segment();

/// The file bytes of the segment, with the block of parameters still empty.
pub(super) static FILE: [u8; SEGMENT.file_bytes] = {
    let (_, from) = ELF.split_at(SEGMENT.offset);
    match from.first_chunk() {
        Some(bytes) => *bytes,
        None => panic!("the purgatory's segment is cut off"),
    }
};

/// The length of the segment in memory, with its tables and its stack.
pub(super) const MEMORY_BYTES: usize = SEGMENT.memory_bytes;

/// Where the block of parameters begins.
pub(super) const PARAMS: usize = SEGMENT.file_bytes - Params::SIZE;

const fn segment() -> Segment {
    assert!(number::<6>(0) == 0x0102_464c_457f, "the purgatory is a little-endian ELF64 file");
    assert!(number::<2>(16) == 3 && number::<2>(18) == 62, "it is ET_DYN, for x86-64");
    assert!(number::<8>(24) as u64 == super::ENTRY, "its e_entry is its first byte");
    assert!(number::<2>(54) == 56 && number::<2>(56) == 1, "it has one program header");
    let header = number::<8>(32);
    assert!(number::<4>(header) == 1 && number::<8>(header + 16) == 0, "it is a PT_LOAD for address 0");
    let (offset, file_bytes, memory_bytes) =
        (number::<8>(header + 8), number::<8>(header + 32), number::<8>(header + 40));
    assert!(file_bytes <= 32 << 10, "it has at most 32 KiB of file bytes");
    assert!(memory_bytes >= file_bytes + (16 << 10) && memory_bytes.is_multiple_of(4096), "its stack lies behind them");
    let params = offset + file_bytes - Params::SIZE;
    assert!(number::<8>(params) as u64 == Params::MAGIC, "the block of parameters ends the file bytes");
    Segment { offset, file_bytes, memory_bytes }
}

/// The little-endian number of so many bytes at an offset.
const fn number<const BYTES: usize>(offset: usize) -> usize {
    let (mut value, mut index) = (0, BYTES);
    while index > 0 {
        index -= 1;
        value = value << 8 | ELF[offset + index] as usize;
    }
    value
}
