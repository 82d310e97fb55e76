//! Properties of unpacked kernels.

use skexec::image::bzimage::SetupHeader;
use skexec::image::elf::Program;
use skexec::image::flat::Flat;
use skexec::image::payload::Packed;
use skexec::image::relocations::Relocations;

/// Most bytes that a payload may state in a fuzzing run, so that it does not spend its time on zeros.
const MOST: u32 = 1 << 20;

/// A payload: the stream, and in its last four bytes the size. What is unpacked has the size that was stated.
pub fn payload(stream: &[u8]) {
    let mut image = forge::bzimage::BzImage { payload: stream.to_vec(), ..Default::default() };
    image.init_size = MOST;
    let image = image.build();
    let Ok(header) = SetupHeader::parse(&image) else { return };
    let Ok(packed) = Packed::of(&header, &image) else { return };
    assert!((1..=usize::try_from(MOST).unwrap()).contains(&packed.unpacked_size()));
    if let Ok(content) = packed.unpack() {
        assert_eq!(content.len(), packed.unpacked_size(), "{}", packed.format());
        assert_eq!(packed.unpack().as_ref(), Ok(&content));
    }
}

/// What a payload unpacks to. A kernel that is laid out lies in its span, and only as many bytes change as the relocations have
/// places for.
pub fn relocations(unpacked: &[u8]) {
    let Ok(mut flat) = Flat::new(unpacked.to_vec()) else { return };
    let program = Program::parse(unpacked).unwrap();
    assert_eq!(Relocations::parse(&program, unpacked).as_ref(), Ok(flat.relocations()));
    let length = u64::try_from(flat.bytes().len()).unwrap();
    assert!(length <= flat.span() && flat.entry() < flat.span() && flat.span() <= 1 << 30);
    for segment in program.segments.iter().filter(|segment| !segment.file.is_empty()) {
        let start = usize::try_from(segment.at.start().get() - flat.base()).unwrap();
        let (loaded, zeros) =
            unpacked[segment.file.clone()].split_at(segment.file.len().min(flat.bytes().len().saturating_sub(start)));
        assert_eq!(flat.bytes()[start.min(flat.bytes().len())..][..loaded.len()], *loaded);
        assert!(zeros.iter().all(|byte| *byte == 0));
    }
    let [words, inverse, longs] = flat.relocations().counts();
    let before = flat.clone();
    if flat.relocate(0x20_0000).is_ok() {
        let changed = flat.bytes().iter().zip(before.bytes()).filter(|(new, old)| new != old).count();
        assert!(changed <= 4 * (words + inverse) + 8 * longs);
    }
    let mut still = before.clone();
    assert!(still.relocate(0).is_err() || still == before);
}
