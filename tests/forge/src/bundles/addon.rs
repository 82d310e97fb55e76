//! Add-ons beside a good UKI. The firmware does not see them; the stub leaves out those that it does not trust, skexec refuses.

use super::{Bundle, Firmware, INITRD, sections, uki};
use crate::bzimage::RELEASE;
use crate::pe::Section;
use crate::pki;
use crate::uki::{Sections, raw_of, stub};
use crate::{bundles::good::MICROCODE, sbat};

/// A good add-on: a command line, for this release only.
fn addon() -> Sections {
    let mut sections = Sections { list: vec![stub()], header_order: None };
    sections.add(b".sbat", sbat::section("forge", "2"));
    sections.add(b".uname", RELEASE);
    sections.add(b".cmdline", b"addon=1");
    sections
}

/// A good UKI beside which this add-on is.
fn beside(name: &str, about: &'static str, addon: Vec<u8>) -> Bundle {
    uki(name, about, sections().signed(&pki::signer()))
        .file("boot.efi.extra.d/local.addon.efi", addon)
        .firmware(Firmware::Loads)
}

fn bad(name: &str, about: &'static str, exit: u8, slug: &'static str, addon: Vec<u8>) -> Bundle {
    beside(name, about, addon).reject(exit, slug)
}

fn signed(name: &str, about: &'static str, exit: u8, slug: &'static str, change: impl FnOnce(&mut Sections)) -> Bundle {
    let mut sections = addon();
    change(&mut sections);
    bad(name, about, exit, slug, sections.signed(&pki::signer()))
}

pub(super) fn bundles() -> Vec<Bundle> {
    [good(), trust(), parts()].concat()
}

fn good() -> Vec<Bundle> {
    let good = || addon().signed(&pki::signer());
    let full = || {
        let mut sections = addon();
        sections.named(b".cmdline").data = b"addon=2".to_vec();
        sections.add(b".ucode", MICROCODE);
        sections.add(b".initrd", b"070701 the initrd of an add-on");
        sections.signed(&pki::signer())
    };
    vec![
        beside("good", "a command line", good()).passes(
            crate::signed_bzimage(),
            "root=/dev/vda2 ro quiet addon=1",
            vec![INITRD.to_vec()],
        ),
        beside("good-two", "two of them, in the order of their names", good())
            .file("boot.efi.extra.d/more.addon.efi", full())
            .passes(
                crate::signed_bzimage(),
                "root=/dev/vda2 ro quiet addon=1 addon=2",
                vec![MICROCODE.to_vec(), INITRD.to_vec(), b"070701 the initrd of an add-on".to_vec()],
            ),
        beside("good-other-files", "a file beside it that is no add-on by its name", good())
            .file("boot.efi.extra.d/readme.txt", b"This is a text.\n".to_vec())
            .passes(crate::signed_bzimage(), "root=/dev/vda2 ro quiet addon=1", vec![INITRD.to_vec()]),
    ]
}

fn trust() -> Vec<Bundle> {
    let flipped = |name: &str, part: &'static [u8]| {
        let mut file = addon().signed(&pki::signer());
        let start = raw_of(&file, part).start;
        file[start + 6] ^= 1;
        bad(name, "a bit of it changed after signing", 3, "digest-mismatch", file)
    };
    let renamed = || {
        let mut file = addon().signed(&pki::signer());
        let row = crate::uki::header_of(&file, b".cmdline", 0);
        file[row..row + 8].copy_from_slice(b".initrd\0");
        file
    };
    let mut cut = addon().signed(&pki::signer());
    cut.truncate(cut.len() - 8);
    vec![
        bad("unsigned", "not signed", 3, "unsigned", addon().pe().build()),
        bad("stranger", "another signer, whom nobody knows", 3, "unknown-signer", addon().signed(&pki::stranger())),
        bad("revoked", "dbx has the signer's certificate", 3, "revoked-cert", addon().signed(&pki::revoked_cert())),
        flipped("changed-cmdline", b".cmdline"),
        flipped("changed-stub", b".text"),
        bad("renamed", ".cmdline renamed to .initrd after signing", 3, "digest-mismatch", renamed()),
        bad("cut", "the last eight bytes are missing", 4, "cert-table-bounds", cut),
        signed("old", "its SBAT generation is below the level", 3, "sbat", |sections| {
            sections.named(b".sbat").data = sbat::section("forge", "1");
        }),
        bad("second-bad", "the second of two is not signed", 3, "unsigned", addon().pe().build())
            .file("boot.efi.extra.d/first.addon.efi", addon().signed(&pki::signer())),
    ]
}

fn parts() -> Vec<Bundle> {
    let text = |name: &str, about, bytes: &'static [u8]| {
        signed(name, about, 4, "uki-text", |sections| sections.named(b".cmdline").data = bytes.to_vec())
    };
    vec![
        signed("linux", "a kernel in it", 4, "uki-addon", |sections| sections.add(b".linux", crate::signed_bzimage())),
        signed("profile", "a profile in it", 4, "uki-addon", |sections| sections.add(b".profile", b"ID=main\n")),
        signed("two-cmdlines", "two command lines", 4, "uki-doubled", |sections| sections.add(b".cmdline", b"x")),
        signed("uname", "for another release", 4, "uki-uname", |sections| {
            sections.named(b".uname").data = b"6.12.1-forge".to_vec();
        }),
        signed("size", "VirtualSize above SizeOfRawData", 4, "uki-size", |sections| {
            sections.named(b".cmdline").virtual_size = Some(0x201);
        }),
        signed("empty-cmdline", "a command line without bytes", 4, "uki-empty", |sections| {
            let empty = Section { raw_size: Some(0), virtual_size: Some(0), ..Section::new(b".cmdline", []) };
            *sections.named(b".cmdline") = empty;
        }),
        text("nul", "a NUL within the command line", b"addon=1\0x"),
        text("no-utf8", "a command line that is not UTF-8", b"addon=\xff"),
        bad("kernel", "a signed kernel under the name of an add-on", 4, "uki-addon", crate::signed_bzimage()),
        bad("text", "a text under the name of an add-on", 4, "uki-addon", b"cmdline=init=/bin/sh\n".to_vec()),
    ]
}
