//! The embedded purgatory, the object code that runs between the kernels, mapped into this process and called as a function.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/mapped.rs"]
mod mapped;

use goblin::elf::Elf;
use goblin::elf::program_header::PT_LOAD;
use mapped::{ELF, Mapped, symbol};
use sha2::{Digest, Sha256};
use skexec::arch::x86_64::purgatory::{self, Params, Region, Span};
use skexec_purgatory::{Backup, PURGATORY, SOUND, Verdict};

/// The ways to compute the digest that this processor has.
fn ways() -> Vec<bool> {
    if mapped::has_sha_ni() {
        return vec![false, true];
    }
    eprintln!("this processor has no SHA extensions: that half is not tested here");
    vec![false]
}

fn address(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.as_ptr().expose_provenance()).unwrap()
}

fn region(name: &str, bytes: &[u8]) -> Region {
    Region {
        name: purgatory::name(name),
        start: address(bytes),
        length: bytes.len().try_into().unwrap(),
        digest: Sha256::digest(bytes).into(),
    }
}

/// The image that checks these regions.
fn arm(sha_ni: bool, regions: &[Region]) -> Vec<u8> {
    purgatory::arm(Params { sha_ni: sha_ni.into(), ..Params::EMPTY }, regions, &[]).unwrap()
}

/// The digest of these bytes that the image computes. The image is given a wrong digest, so that it reports its own.
fn digest(sha_ni: bool, bytes: &[u8]) -> [u8; 32] {
    let wrong = Region { digest: [0; 32], ..region("bytes", bytes) };
    let verdict = Mapped::new(&arm(sha_ni, &[wrong])).check();
    assert_eq!(verdict.damaged, 0);
    verdict.found
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_damaged_purgatory_is_not_taken_for_a_sound_one() {
    assert_eq!([PURGATORY, SOUND], [0xffff_fffe, 0xffff_ffff]);
}

#[test]
fn the_image_is_one_segment_without_relocations() {
    let elf = Elf::parse(ELF).unwrap();
    let loads: Vec<_> = elf.program_headers.iter().filter(|header| header.p_type == PT_LOAD).collect();
    assert_eq!((loads.len(), elf.program_headers.len()), (1, 1));
    assert_eq!(loads[0].p_filesz, u64::try_from(purgatory::file_bytes()).unwrap());
    assert_eq!(loads[0].p_memsz, purgatory::memory_bytes());
    assert!(purgatory::file_bytes() <= 32 << 10, "{}", purgatory::file_bytes());
    assert_eq!((elf.entry, symbol("purgatory_start")), (purgatory::ENTRY, 0));
    assert!(elf.dynamic.is_none() && elf.dynrelas.is_empty() && elf.dynrels.is_empty() && elf.pltrelocs.is_empty());
    assert!(elf.shdr_relocs.is_empty() && elf.libraries.is_empty() && elf.interpreter.is_none());
    for section in &elf.section_headers {
        let name = elf.shdr_strtab.get_at(section.sh_name).unwrap();
        let known = ["", ".text", ".rodata", ".params", ".bss", ".symtab", ".strtab", ".shstrtab"].contains(&name);
        assert!(known || section.sh_size == 0, "{name}");
    }
    for symbol in elf.syms.iter().skip(1) {
        let name = elf.strtab.get_at(symbol.st_name).unwrap();
        assert_ne!(symbol.st_shndx, 0, "{name} is undefined");
        // The standard library was compiled with a red zone, which an NMI would overwrite.
        assert!(!symbol.is_function() || !name.starts_with("_ZN4core"), "{name}");
    }
}

#[test]
fn what_is_sound_is_found_sound() {
    let bytes: Vec<u8> = (0..100_000_u32).map(|number| ((number * 197) >> 3).to_le_bytes()[0]).collect();
    for sha_ni in ways() {
        let regions: Vec<_> = (0..16).map(|index| region("part", &bytes[index * 4097..][..index * 511])).collect();
        let mut image = Mapped::new(&arm(sha_ni, &regions));
        // The image does not change itself: a second run gives the same result.
        assert_eq!([image.check(), image.check()], [Verdict { damaged: SOUND, found: [0; 32] }; 2]);
    }
}

#[test]
fn the_region_that_is_damaged_is_named() {
    let mut buffers: Vec<Vec<u8>> = (0..16_u8).map(|index| vec![index; 100 + usize::from(index) * 37]).collect();
    for sha_ni in ways() {
        let armed = {
            let regions: Vec<_> = buffers.iter().map(|bytes| region("part", bytes)).collect();
            arm(sha_ni, &regions)
        };
        let mut image = Mapped::new(&armed);
        for (buffer, damaged) in buffers.iter_mut().zip(0..) {
            for at in [0, buffer.len() / 2, buffer.len() - 1] {
                buffer[at] ^= 0x10;
                let found = Sha256::digest(&*buffer).into();
                assert_eq!(image.check(), Verdict { damaged, found });
                buffer[at] ^= 0x10;
            }
        }
        assert_eq!(image.check().damaged, SOUND);
        // If two regions are damaged, the first is reported.
        buffers[3][0] ^= 1;
        buffers[7][0] ^= 1;
        assert_eq!(image.check().damaged, 3);
        buffers[3][0] ^= 1;
        buffers[7][0] ^= 1;
    }
}

#[test]
fn a_bit_of_the_image_itself() {
    let bytes = [1, 2, 3];
    for sha_ni in ways() {
        let armed = arm(sha_ni, &[region("three", &bytes)]);
        let mut image = Mapped::new(&armed);
        // Code that the check does not run (the entry and the exception handlers), a constant at the end, every part of the
        // parameters that the check does not need to find itself, and the digest.
        let params = armed.len() - Params::SIZE;
        let entry = [0, 1, 0x40, symbol("give_up"), symbol("memcpy")];
        let block = [0, 8, 16, 24, 36, 40, 44, 48, 52, 56, 64, 72, 104, 127, 128, 1208, 1463, 1464, 1487, 1488, 1519]
            .map(|at| params + at);
        for at in entry.into_iter().chain(block) {
            for bit in [0, 7] {
                image.bytes()[at] ^= 1 << bit;
                let verdict = image.check();
                assert_eq!(verdict.damaged, PURGATORY, "byte {at:#x} of the image");
                let own: [u8; 32] = Sha256::digest(&image.bytes()[..armed.len() - 32]).into();
                assert_eq!(verdict.found, own);
                image.bytes()[at] ^= 1 << bit;
            }
        }
        assert_eq!(image.check().damaged, SOUND);
        // The digest does not cover the tables and the stack, which follow the bytes of the file.
        image.bytes()[armed.len() + 1] ^= 1;
        assert_eq!(image.check().damaged, SOUND);
    }
}

/// FIPS 180-2, appendix B, and the vectors that NIST publishes with FIPS 180-4.
#[test]
fn the_vectors_of_nist() {
    let million = vec![b'a'; 1_000_000];
    let table: [(&[u8], &str); 8] = [
        (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
        (
            b"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
        ),
        (&million, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
        // SHA256ShortMsg.rsp: Len = 8, 16, and 32.
        (&[0xd3], "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"),
        (&[0x11, 0xaf], "5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98"),
        (&[0x74, 0xba, 0x25, 0x21], "b16aa56be3880d18cd41e68384cf1ec8c17680c45a02b1575dc1518923ae8b0e"),
    ];
    for (message, wanted) in table {
        for sha_ni in ways() {
            assert_eq!(hex(&digest(sha_ni, message)), wanted, "{} bytes, SHA-NI {sha_ni}", message.len());
        }
    }
}

#[test]
fn every_length_and_every_alignment() {
    let bytes: Vec<u8> = (0..400_u32).map(|number| ((number * 197) >> 3).to_le_bytes()[0]).collect();
    for sha_ni in ways() {
        for length in 0..=300 {
            let part = &bytes[length % 17..][..length];
            assert_eq!(digest(sha_ni, part), <[u8; 32]>::from(Sha256::digest(part)), "{length} bytes, {sha_ni}");
        }
    }
}

#[test]
fn the_spans_are_zeroed_and_nothing_else() {
    let mut memory = vec![0xff_u8; 100_000];
    let start = u64::try_from(memory.as_mut_ptr().expose_provenance()).unwrap();
    let table = [(0, 1), (3, 0), (5, 8), (4096, 8192), (50_001, 33_333), (99_999, 1)];
    let zero = table.map(|(from, length)| Span { start: start + from, length });
    Mapped::new(&purgatory::arm(Params::EMPTY, &[], &zero).unwrap()).zero();
    for (at, byte) in memory.iter_mut().enumerate() {
        let inside = table.iter().any(|(from, length)| (*from..from + length).contains(&u64::try_from(at).unwrap()));
        assert_eq!(*byte, if inside { 0 } else { 0xff }, "{at}");
    }
}

#[test]
fn the_copy_is_what_there_is_at_the_jump() {
    let mut from: Vec<u8> = (0..9000_u32).map(|number| ((number * 197) >> 3).to_le_bytes()[0]).collect();
    let mut to = vec![0xff_u8; 10_000];
    let start = u64::try_from(to.as_mut_ptr().expose_provenance()).unwrap();
    for length in [0_u16, 1, 4096, 9000] {
        let params =
            Params { backup: Backup { from: address(&from), to: start + 7, length: length.into() }, ..Params::EMPTY };
        let mut image = Mapped::new(&purgatory::arm(params, &[], &[]).unwrap());
        assert_eq!(image.check().damaged, SOUND);
        assert!(to.iter().all(|byte| *byte == 0xff), "the check copies nothing");
        // Nothing of it is digested: it changes until the jump.
        from[0] ^= 1;
        image.backup();
        let length = usize::from(length);
        assert_eq!(to[7..7 + length], from[..length]);
        assert!(to[..7].iter().chain(&to[7 + length..]).all(|byte| *byte == 0xff), "nothing else");
        to.fill(0xff);
    }
}

#[test]
fn seventeen_regions_are_refused() {
    let bytes = [0; 4];
    let refused = purgatory::arm(Params::EMPTY, &[region("part", &bytes); 17], &[]).unwrap_err();
    assert_eq!(refused.reason.slug(), "too-many-segments");
}
