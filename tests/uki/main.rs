//! Unified kernel images: what is verified, put together and loaded, by exact output and exit code.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod addons;
mod boot;
mod entries;
#[path = "../segments/machine.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod machine;
mod options;
mod rules;
#[path = "../support/mod.rs"]
mod support;

use forge::pe::{Pe, Section};
use forge::pki;
use forge::recipe::Recipe;
use forge::uki::Uki;
use support::{Call, Lab};

pub(crate) const LOAD: &str = "load {}/a.efi --keys {}/root.pem";
pub(crate) const INITRD: &[u8] = b"070701 the initrd";
pub(crate) const CMDLINE: &str = "root=/dev/vda1 ro";

/// A UKI with an initrd and a command line.
pub(crate) fn plain() -> Uki {
    Uki {
        initrd: Some(INITRD.to_vec()),
        cmdline: Some(format!("{CMDLINE}\n")),
        osrel: None,
        ..Uki::new(forge::unsigned_bzimage())
    }
}

/// A UKI with further sections, signed by the test signer.
pub(crate) fn with(uki: &Uki, sections: impl IntoIterator<Item = (&'static [u8], &'static [u8])>) -> Vec<u8> {
    let mut pe = uki.pe();
    pe.sections.extend(sections.into_iter().map(|(name, data)| Section::new(name, data)));
    placed(pe)
}

/// A signed add-on with these sections.
pub(crate) fn addon(sections: impl IntoIterator<Item = (&'static [u8], &'static [u8])>) -> Vec<u8> {
    let sections = sections.into_iter().map(|(name, data)| Section::new(name, data));
    placed(Pe { lfanew: 0x80, ..Pe::new(0x600, sections.collect()) })
}

/// Gives every section pages of its own in memory, and signs the file.
pub(crate) fn placed(mut pe: Pe) -> Vec<u8> {
    let mut address = 0x1000;
    for section in &mut pe.sections {
        section.virtual_address = Some(address);
        address += u32::try_from(section.data.len().next_multiple_of(0x1000).max(0x1000)).unwrap();
    }
    pe.image_size = address;
    Recipe::new().image(pe.build()).who(pki::signer()).build()
}

/// What the last `kexec_file_load` was given: the kernel, the initrd, the command line.
pub(crate) fn loaded(lab: &Lab) -> (Vec<u8>, Vec<u8>, String) {
    match lab.kernel.calls.borrow_mut().pop() {
        Some(Call::Load { kernel, sealed: true, initrd, cmdline, .. }) => (kernel, initrd.unwrap_or_default(), cmdline),
        other => panic!("no load of sealed bytes: {other:?}"),
    }
}

/// The archive that systemd-stub makes of a file in /.extra.
pub(crate) fn extra(name: &str, content: &[u8]) -> Vec<u8> {
    let header = |number: u32, mode: u32, size: usize, name: &str| {
        let length = name.len() + 1;
        let header = format!(
            "070701{number:08x}{mode:08x}{:016x}{:08x}{:08x}{size:08x}{:032x}{length:08x}{:08x}{name}\0",
            0, 1, 0, 0, 0
        );
        let mut header = header.into_bytes();
        header.resize(header.len().next_multiple_of(4), 0);
        header
    };
    let folder = header(1, 0o40555, 0, ".extra");
    let mut file = [header(2, 0o100444, content.len(), &format!(".extra/{name}")), content.to_vec()].concat();
    file.resize(file.len().next_multiple_of(4), 0);
    let zeros = "0".repeat(32);
    let trailer = format!("070701{zeros}00000001{}0000000B00000000TRAILER!!!\0\0\0\0", "0".repeat(48));
    [folder, file, trailer.into_bytes()].concat()
}

/// Parts of an initrd, each at a multiple of four bytes.
pub(crate) fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().fold(Vec::new(), |mut all, part| {
        all.resize(all.len().next_multiple_of(4), 0);
        [all, part.to_vec()].concat()
    })
}
