//! UKIs that a trusted signer has signed although a part is missing, doubled, empty, too long or no text.

use super::{Bundle, Firmware, INITRD, good, signed, uki};
use crate::pe::Section;
use crate::uki::Sections;
use crate::{pki, uki::Uki};

pub(super) fn bundles() -> Vec<Bundle> {
    [doubled(), missing(), sizes(), texts(), unames()].concat()
}

fn bad(name: &str, about: &'static str, slug: &'static str, change: impl FnOnce(&mut Sections)) -> Bundle {
    signed(name, about, change).reject(4, slug)
}

fn doubled() -> Vec<Bundle> {
    let twice = |part: &'static [u8], about| {
        let name = format!("two-{}", String::from_utf8_lossy(&part[1..]));
        bad(&name, about, "uki-doubled", |sections| {
            good::every_part(sections);
            let copy = Section::new(part, sections.named(part).data.clone());
            sections.list.insert(sections.place(b".linux"), copy);
        })
    };
    vec![
        twice(b".linux", "two kernels"),
        twice(b".initrd", "two initrds"),
        twice(b".cmdline", "two command lines"),
        twice(b".osrel", "two os-release files"),
        twice(b".uname", "two releases"),
        twice(b".ucode", "two microcode archives"),
        twice(b".splash", "two pictures"),
        twice(b".pcrsig", "two PCR signatures"),
        twice(b".pcrpkey", "two PCR public keys"),
        signed("two-sbat", "two lists of generations", |sections| {
            let copy = sections.named(b".sbat").clone();
            sections.list.insert(1, copy);
        })
        .reject(4, "uki-doubled"),
    ]
}

fn missing() -> Vec<Bundle> {
    vec![
        bad("no-linux", "no kernel", "uki-missing", |sections| sections.remove(b".linux")),
        bad("linux-in-capitals", "the kernel in .LINUX: names are compared byte by byte", "uki-missing", |sections| {
            sections.named(b".linux").name = b".LINUX";
        }),
        bad("linux-with-blank", "the kernel in `.linux `", "uki-missing", |sections| {
            sections.named(b".linux").name = b".linux ";
        }),
        bad("linux-by-8-bytes", "the kernel in .linux-a", "uki-missing", |sections| {
            sections.named(b".linux").name = b".linux-a";
        }),
    ]
}

fn sizes() -> Vec<Bundle> {
    let empty = |name: &str, part: &'static [u8]| {
        bad(name, "no bytes in the file, none in memory", "uki-empty", |sections| {
            good::every_part(sections);
            let section = sections.named(part);
            section.data.clear();
            (section.raw_size, section.virtual_size) = (Some(0), Some(0));
        })
    };
    let without_content = |name: &str, part: &'static [u8]| {
        bad(name, "bytes in the file, but VirtualSize 0", "uki-empty", |sections| {
            sections.named(part).virtual_size = Some(0);
        })
    };
    let too_long = |name: &str, part: &'static [u8]| {
        bad(name, "VirtualSize above SizeOfRawData", "uki-size", |sections| {
            let section = sections.named(part);
            section.virtual_size = Some(section.data.len().next_multiple_of(0x200) as u32 + 1);
        })
    };
    vec![
        empty("empty-linux", b".linux"),
        empty("empty-initrd", b".initrd"),
        empty("empty-cmdline", b".cmdline"),
        empty("empty-ucode", b".ucode"),
        without_content("virtual-0-linux", b".linux"),
        without_content("virtual-0-cmdline", b".cmdline"),
        too_long("virtual-above-raw-linux", b".linux"),
        too_long("virtual-above-raw-cmdline", b".cmdline"),
        too_long("virtual-above-raw-initrd", b".initrd"),
        bad("virtual-only-initrd", "an initrd in memory alone: no bytes in the file", "uki-empty", |sections| {
            let section = sections.named(b".initrd");
            section.data.clear();
            (section.raw_size, section.virtual_size) = (Some(0), Some(0x1000));
        }),
        bad("virtual-huge-cmdline", "VirtualSize of 2 GiB", "uki-size", |sections| {
            sections.named(b".cmdline").virtual_size = Some(0x7fff_0000);
        })
        .firmware(Firmware::Unknown),
    ]
}

fn texts() -> Vec<Bundle> {
    let text = |name: &str, about, part: &'static [u8], bytes: &'static [u8]| {
        bad(name, about, "uki-text", |sections| sections.named(part).data = bytes.to_vec())
    };
    vec![
        text(
            "nul-in-cmdline",
            "a NUL within .cmdline: the stub ends the text there",
            b".cmdline",
            b"root=/dev/vda2\0 ro",
        ),
        text("cmdline-no-utf8", "bytes in .cmdline that are not UTF-8", b".cmdline", b"root=/dev/\xff\xfe ro"),
        text("nul-in-uname", "a NUL within .uname", b".uname", b"6.12.0\0-forge"),
        text("uname-no-utf8", "bytes in .uname that are not UTF-8", b".uname", b"6.12.0-forge\xc3"),
        text("nul-in-osrel", "a NUL within .osrel", b".osrel", b"ID=forge\0VERSION_ID=1\n"),
        text("osrel-no-utf8", "bytes in .osrel that are not UTF-8", b".osrel", b"ID=forge\xa0\n"),
    ]
}

fn unames() -> Vec<Bundle> {
    let uname = |name: &str, about, text: &'static str| {
        let parts = Uki { uname: Some(text.into()), initrd: Some(INITRD.into()), ..Uki::new(crate::signed_bzimage()) };
        uki(name, about, parts.signed(&pki::signer())).reject(4, "uki-uname")
    };
    vec![
        uname("uname-other", "the release of another kernel", "6.12.1-forge"),
        uname("uname-shorter", "the start of the release", "6.12.0"),
        uname("uname-longer", "the release and more", "6.12.0-forge-2"),
    ]
}
