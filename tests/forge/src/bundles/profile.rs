//! UKIs with profiles. A section belongs to the profile whose header stands before its own in the section table.

use super::{Bundle, CMDLINE, Firmware, INITRD, revoked, sections, uki};
use crate::bzimage::BzImage;
use crate::pe::put32;
use crate::pki;
use crate::recipe::Recipe;
use crate::uki::{Sections, header_of, raw_of};

const MAIN: &[u8] = b"ID=main\nTITLE=Main system\n";
const RESCUE: &[u8] = b"ID=rescue\nTITLE=Rescue\n";

/// A UKI of two profiles; the second has a command line of its own.
fn two() -> Sections {
    let mut sections = sections();
    sections.add(b".profile", MAIN);
    sections.add(b".profile", RESCUE);
    sections.add(b".cmdline", b"rescue");
    sections
}

fn signed(name: &str, about: &'static str, change: impl FnOnce(&mut Sections)) -> Bundle {
    let mut sections = two();
    change(&mut sections);
    uki(name, about, sections.signed(&pki::signer()))
}

fn bad(name: &str, about: &'static str, slug: &'static str, change: impl FnOnce(&mut Sections)) -> Bundle {
    signed(name, about, change).reject(4, slug)
}

fn changed(name: &str, about: &'static str, change: impl FnOnce(&mut Vec<u8>)) -> Bundle {
    let mut file = two().signed(&pki::signer());
    change(&mut file);
    uki(name, about, file).reject(3, "digest-mismatch").firmware(Firmware::Refuses)
}

pub(super) fn bundles() -> Vec<Bundle> {
    [good(), not_there(), texts(), parts(), after_signing()].concat()
}

fn good() -> Vec<Bundle> {
    let passes = |bundle: Bundle, cmdline| bundle.passes(crate::signed_bzimage(), cmdline, vec![INITRD.to_vec()]);
    let other = || Recipe::new().image(BzImage::default().pe(|pe| pe.sections[2].data[9] ^= 1).build()).build();
    vec![
        passes(signed("good-default", "the first profile, which nobody asked for", |_| ()), CMDLINE),
        passes(signed("good-number", "a profile by its number", |_| ()).options(["--profile", "1"]), "rescue"),
        passes(signed("good-id", "a profile by its ID", |_| ()).options(["--profile", "rescue"]), "rescue"),
        passes(
            signed("good-no-id", "a profile without an ID, by its number", |sections| {
                sections.list[8].data = b"TITLE=Rescue\n".to_vec();
            })
            .options(["--profile", "1"]),
            "rescue",
        ),
        signed("good-linux", "a profile with a kernel of its own", |sections| sections.add(b".linux", other()))
            .options(["--profile", "1"])
            .passes(other(), "rescue", vec![INITRD.to_vec()]),
        passes(
            signed(
                "good-header-order",
                "the headers decide which profile has which command line, not the bytes",
                |sections| {
                    sections.list.insert(8, crate::pe::Section::new(b".cmdline", b"main"));
                    sections.list.swap(8, 10);
                    sections.header_order = Some(vec![0, 1, 2, 3, 4, 5, 6, 7, 10, 9, 8]);
                },
            )
            .options(["--profile", "rescue"])
            .firmware(Firmware::Unknown),
            "rescue",
        ),
    ]
}

fn not_there() -> Vec<Bundle> {
    let asked = |name: &str, about, profile| {
        signed(name, about, |_| ()).options(["--profile", profile]).load_rejects(4, "uki-profile")
    };
    vec![
        asked("99", "a number that no profile has", "99"),
        asked("2", "the number after the last profile's", "2"),
        asked("unknown", "an ID that no profile has", "factory-reset"),
        asked("capitals", "an ID in other letters", "Rescue"),
        uki("of-none", "a profile of a UKI that has none", sections().signed(&pki::signer()))
            .options(["--profile", "1"])
            .load_rejects(4, "uki-profile"),
        signed("without-id", "an ID, but the profile has none", |sections| {
            sections.list[8].data = b"TITLE=rescue\n".to_vec();
        })
        .options(["--profile", "rescue"])
        .load_rejects(4, "uki-profile"),
    ]
}

fn texts() -> Vec<Bundle> {
    let text = |name: &str, about, slug, bytes: &'static [u8]| {
        bad(name, about, slug, |sections| sections.list[8].data = bytes.to_vec())
    };
    vec![
        text("same-id", "two profiles of one ID", "uki-profile", MAIN),
        text("id-twice", "two IDs in one .profile", "uki-profile", b"ID=rescue\nID=other\n"),
        text("no-assignment", "a line that assigns nothing", "uki-profile", b"rescue\n"),
        text("id-empty", "an empty ID", "uki-profile", b"ID=\nTITLE=Rescue\n"),
        text("nul", "a NUL within .profile", "uki-text", b"ID=rescue\0\nTITLE=Rescue\n"),
        text("no-utf8", "bytes in .profile that are not UTF-8", "uki-text", b"ID=rescue\nTITLE=\xff\n"),
        bad("empty", "a .profile without bytes", "uki-empty", |sections| {
            let section = &mut sections.list[8];
            section.data.clear();
            (section.raw_size, section.virtual_size) = (Some(0), Some(0));
        }),
    ]
}

fn parts() -> Vec<Bundle> {
    vec![
        bad("two-cmdlines", "two command lines in one profile", "uki-doubled", |sections| {
            sections.add(b".cmdline", b"rescue again");
        }),
        bad("two-linux", "two kernels in one profile", "uki-doubled", |sections| {
            sections.add(b".linux", crate::signed_bzimage());
            sections.add(b".linux", crate::unsigned_bzimage());
        }),
        bad("cmdline-size", "VirtualSize above SizeOfRawData in a profile", "uki-size", |sections| {
            sections.list[9].virtual_size = Some(0x201);
        }),
        bad("cmdline-nul", "a NUL within the command line of a profile", "uki-text", |sections| {
            sections.list[9].data = b"rescue\0me".to_vec();
        }),
        signed("uname", "the second profile has the release of another kernel", |sections| {
            sections.add(b".uname", b"6.12.1-forge");
        })
        .options(["--profile", "1"])
        .load_rejects(4, "uki-uname"),
        signed("linux-text", "the kernel of the second profile is a text", |sections| {
            sections.add(b".linux", b"This is no kernel.\n".repeat(300));
        })
        .options(["--profile", "1"])
        .load_rejects(4, "not-a-kernel"),
        signed("linux-revoked", "dbx has the digest of the second profile's kernel", |sections| {
            sections.add(b".linux", revoked::kernel());
        })
        .options(["--profile", "1"])
        .load_rejects(3, "revoked-image"),
        bad("before-linux", "the only kernel is in the second profile", "uki-missing", |sections| {
            let place = sections.place(b".linux");
            let linux = sections.list.remove(place);
            sections.list.push(linux);
        }),
    ]
}

fn after_signing() -> Vec<Bundle> {
    vec![
        changed("changed-id", "a letter of an ID", |file| {
            let start = raw_of(file, b".profile").start;
            file[start + 3] = b'M';
        }),
        changed("changed-cmdline", "a letter of a profile's command line", |file| {
            let row = header_of(file, b".cmdline", 1);
            let start = crate::pe::get32(file, row + 20) as usize;
            file[start] = b'R';
        }),
        changed("swapped", "the headers of both .profile sections exchanged", |file| {
            let [one, two] = [0, 1].map(|nth| header_of(file, b".profile", nth));
            for byte in 0..40 {
                file.swap(one + byte, two + byte);
            }
        }),
        changed("moved", "the command line of the second profile moved to the first, by its header", |file| {
            let (one, two) = (header_of(file, b".profile", 1), header_of(file, b".cmdline", 1));
            for byte in 0..40 {
                file.swap(one + byte, two + byte);
            }
        }),
        changed(
            "taken-away",
            "the second .profile has a name that nobody knows, so its sections belong to the first",
            |file| {
                let row = header_of(file, b".profile", 1);
                file[row..row + 8].copy_from_slice(b".profilf");
            },
        ),
        changed("resized", "VirtualSize of a .profile: its ID is cut", |file| {
            let row = header_of(file, b".profile", 1);
            put32(file, row + 8, 6);
        }),
    ]
}
