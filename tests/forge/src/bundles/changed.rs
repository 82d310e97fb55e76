//! UKIs that were changed after they were signed: a part, its name, its size, its place.

use super::{Bundle, Firmware, changed, good, uki};
use crate::pe::{get32, put32};
use crate::uki::{header_of, raw_of};
use crate::{bzimage::BzImage, pki, recipe::Recipe};

/// Every part, and the stub.
const PARTS: [&[u8]; 12] = [
    b".text",
    b".sbat",
    b".osrel",
    b".uname",
    b".cmdline",
    b".initrd",
    b".ucode",
    b".splash",
    b".pcrsig",
    b".pcrpkey",
    b".dtb",
    b".linux",
];

pub(super) fn bundles() -> Vec<Bundle> {
    [PARTS.map(flipped).to_vec(), headers(), bytes(), cut()].concat()
}

/// A good UKI of every part.
fn whole() -> Vec<u8> {
    let mut sections = super::sections();
    good::every_part(&mut sections);
    sections.add_before(b".linux", b".dtb", b"\xd0\x0d\xfe\xed a device tree".to_vec());
    sections.signed(&pki::signer())
}

fn flipped(part: &[u8]) -> Bundle {
    let mut file = whole();
    let raw = raw_of(&file, part);
    file[raw.start + 9] ^= 4;
    let name = format!("changed-{}", String::from_utf8_lossy(&part[1..]));
    uki(&name, "a bit of this section", file).reject(3, "digest-mismatch").firmware(Firmware::Refuses)
}

fn headers() -> Vec<Bundle> {
    let rename = |from: &'static [u8], to: &'static [u8; 8]| {
        move |file: &mut Vec<u8>| {
            let row = header_of(file, from, 0);
            file[row..row + 8].copy_from_slice(to);
        }
    };
    let sized = |name: &'static [u8], at: usize, change: fn(u32) -> u32| {
        move |file: &mut Vec<u8>| {
            let field = header_of(file, name, 0) + at;
            let value = get32(file, field);
            put32(file, field, change(value));
        }
    };
    vec![
        changed(
            "renamed-initrd",
            "the initrd under a name that the stub does not know",
            rename(b".initrd", b".initrx\0"),
        ),
        changed("renamed-cmdline", "the command line under another name", rename(b".cmdline", b".cmdlinf")),
        changed("renamed-to-cmdline", "another text as the command line", |file| {
            rename(b".cmdline", b".comment")(file);
            rename(b".osrel", b".cmdline")(file);
        }),
        changed(
            "shortened-cmdline",
            "VirtualSize of .cmdline: its last word is missing",
            sized(b".cmdline", 8, |n| n - 6),
        ),
        changed(
            "lengthened-cmdline",
            "VirtualSize of .cmdline: padding belongs to it",
            sized(b".cmdline", 8, |n| n + 6),
        ),
        changed("shortened-initrd", "VirtualSize of .initrd", sized(b".initrd", 8, |n| n - 1)),
        changed("shortened-linux", "VirtualSize of .linux", sized(b".linux", 8, |n| n - 0x1000)),
        changed("moved-cmdline", "PointerToRawData of .cmdline and .initrd exchanged", |file| {
            let [one, two] = [b".cmdline".as_slice(), b".initrd"].map(|name| header_of(file, name, 0) + 20);
            let [a, b] = [one, two].map(|at| get32(file, at));
            put32(file, one, b);
            put32(file, two, a);
        }),
        changed("moved-address", "VirtualAddress of .cmdline is that of .osrel", |file| {
            let [one, two] = [b".cmdline".as_slice(), b".osrel"].map(|name| header_of(file, name, 0) + 12);
            let address = get32(file, two);
            put32(file, one, address);
        }),
        changed("reordered-headers", "the section headers of .initrd and .cmdline exchanged", |file| {
            let [one, two] = [b".cmdline".as_slice(), b".initrd"].map(|name| header_of(file, name, 0));
            for byte in 0..40 {
                file.swap(one + byte, two + byte);
            }
        }),
        changed("doubled-osrel", ".uname is now a second .osrel", rename(b".uname", b".osrel\0\0")),
    ]
}

fn bytes() -> Vec<Bundle> {
    vec![
        changed("changed-padding", "a byte between VirtualSize and SizeOfRawData of .cmdline", |file| {
            let end = raw_of(file, b".cmdline").end;
            file[end - 1] = 1;
        }),
        changed("swapped-kernel", "another kernel with a good signature of its own in .linux", |file| {
            let other = Recipe::new().image(BzImage::default().pe(|pe| pe.sections[2].data[5] ^= 1).build()).build();
            let raw = raw_of(file, b".linux");
            file[raw.start..raw.start + other.len()].copy_from_slice(&other);
        }),
        changed("swapped-initrd", "another initrd of the same size in .initrd", |file| {
            let start = raw_of(file, b".initrd").start;
            file[start..start + super::INITRD.len()].copy_from_slice(b"070701 the initrd of a thief");
        }),
        changed("swapped-stub", "the machine code of another stub", |file| {
            let start = raw_of(file, b".text").start;
            file[start..start + 4].copy_from_slice(&[0xfa, 0xf4, 0xeb, 0xfd]);
        }),
        changed("entry-point", "AddressOfEntryPoint leads into .initrd", |file| {
            let address = get32(file, header_of(file, b".initrd", 0) + 12);
            put32(file, 0x80 + 24 + 16, address);
        }),
    ]
}

fn cut() -> Vec<Bundle> {
    vec![
        changed("cut", "the last 16 bytes are missing", |file| file.truncate(file.len() - 16))
            .reject(4, "cert-table-bounds"),
        changed("cut-in-linux", "the file ends within .linux", |file| {
            let raw = raw_of(file, b".linux");
            file.truncate(raw.start + 0x2000);
        })
        .reject(4, "cert-table-bounds"),
        changed("appended", "bytes behind the certificate table", |file| file.extend(b"070701 one more initrd  "))
            .reject(4, "cert-table-bounds"),
    ]
}
