//! Valid UKIs: controls for the forged ones.

use super::{Bundle, CMDLINE, Firmware, INITRD, sections_of, signed, uki};
use crate::bzimage::noise;
use crate::pe::Section;
use crate::pki;
use crate::uki::Sections;

pub(super) const MICROCODE: &[u8] = b"070701 microcode";

/// Adds every part that a UKI may have besides those of the plain one.
pub(super) fn every_part(sections: &mut Sections) {
    sections.add_before(b".linux", b".ucode", MICROCODE);
    sections.add_before(b".linux", b".splash", [b"BM".to_vec(), noise(6, 60)].concat());
    sections.add_before(b".linux", b".pcrsig", b"{\"sha256\": []}".to_vec());
    sections.add_before(b".linux", b".pcrpkey", b"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n".to_vec());
}

fn passes(bundle: Bundle) -> Bundle {
    bundle.passes(crate::signed_bzimage(), CMDLINE, vec![INITRD.to_vec()])
}

pub(super) fn bundles() -> Vec<Bundle> {
    let cmdline = |text: &'static [u8]| move |sections: &mut Sections| sections.named(b".cmdline").data = text.to_vec();
    vec![
        passes(signed("good", "kernel, initrd and command line", |_| ())),
        signed("good-every-part", "every part that a UKI may have", every_part).passes(
            crate::signed_bzimage(),
            CMDLINE,
            vec![MICROCODE.to_vec(), INITRD.to_vec()],
        ),
        uki("good-kernel-unsigned", "the kernel in it is not signed itself", {
            sections_of(crate::unsigned_bzimage()).signed(&pki::signer())
        })
        .passes(crate::unsigned_bzimage(), CMDLINE, vec![INITRD.to_vec()]),
        passes(signed("good-cmdline-ends", "NULs and a newline at the end of .cmdline: the stub removes them", {
            cmdline(b"root=/dev/vda2 ro quiet\n\0\0")
        })),
        passes(signed("good-padding-used-by-nothing", "bytes behind the VirtualSize of .cmdline", |sections| {
            let section = sections.named(b".cmdline");
            section.virtual_size = Some(CMDLINE.len() as u32);
            section.data.extend(b" init=/bin/sh");
        })),
        passes(signed(
            "good-unknown-sections",
            "sections that are none of the parts, one of them without bytes",
            |sections| {
                sections.add_before(b".linux", b".sdmagic", b"#### LoaderInfo: systemd-stub 257 ####\0".to_vec());
                sections.add_before(b".linux", b".INITRD", b"070701 another initrd".to_vec());
                sections.add_before(b".linux", b".initrd ", b"070701 another initrd".to_vec());
                let bss = Section {
                    raw_size: Some(0),
                    raw_pointer: Some(0),
                    virtual_size: Some(0x800),
                    ..Section::new(b".bss", [])
                };
                sections.list.insert(1, bss);
            },
        )),
        passes(signed("good-two-dtb", "two device trees, of which a stub chooses one", |sections| {
            sections.add_before(b".linux", b".dtb", b"\xd0\x0d\xfe\xed one");
            sections.add_before(b".linux", b".dtb", b"\xd0\x0d\xfe\xed two");
        })),
        passes(signed("good-header-order", "section headers in another order than the bytes", |sections| {
            sections.header_order = Some((0..sections.list.len()).rev().collect());
        }))
        .firmware(Firmware::Unknown),
    ]
}
