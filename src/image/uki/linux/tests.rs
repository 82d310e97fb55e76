//! UKIs whose `.linux` has more bytes in memory than in the file.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use crate::image::Parsed;
use crate::image::pe::Pe;
use crate::image::uki::Name;
use crate::reason::Reason;
use forge::pe::{get32, image_size, put32};
use forge::uki::{Sections, Uki};

fn with(linux: &[u8], change: impl FnOnce(&mut Sections)) -> Vec<u8> {
    let mut sections = Uki::new(linux.to_vec()).sections();
    sections.named(b".linux").virtual_size = Some(image_size(linux));
    change(&mut sections);
    sections.pe().build()
}

fn refused(file: &[u8]) -> Option<(Reason, String)> {
    Parsed::new(file).loadable().err().map(|finding| (finding.reason, finding.detail.clone()))
}

#[test]
fn the_kernel_ends_with_its_certificates() {
    let linux = forge::signed_bzimage();
    assert!(usize::try_from(image_size(&linux)).unwrap() > linux.len() && !linux.len().is_multiple_of(0x200));
    let file = with(&linux, |_| ());
    let parsed = Parsed::new(file.as_slice());
    assert_eq!(parsed.kernel_bytes().map_err(ToString::to_string), Ok(linux.as_slice()));
    let more = with(&linux, |sections| sections.named(b".linux").virtual_size = Some(image_size(&linux) + 0x1000));
    assert_eq!(refused(&more), None);
}

#[test]
fn a_kernel_without_certificates_has_the_whole_section() {
    let file = with(&forge::unsigned_bzimage(), |sections| sections.named(b".linux").data.push(0));
    let parsed = Parsed::new(file.as_slice());
    let wanted = [forge::unsigned_bzimage(), vec![0; 0x200]].concat();
    assert!(parsed.kernel_bytes().unwrap() == wanted.as_slice());
    let uki = parsed.uki().unwrap().unwrap();
    assert_eq!(uki.at(Name::Linux).unwrap().len(), wanted.len());
}

#[test]
fn each_other_size_is_refused() {
    let linux = forge::signed_bzimage();
    let (size, end) = (image_size(&linux), linux.len());
    let raw = end.next_multiple_of(0x200);
    let sizes = |virtual_size: u32, why: &str| {
        Some((Reason::UkiSize, format!(".linux: VirtualSize {virtual_size:#x}, SizeOfRawData {raw:#x}; {why}")))
    };
    let short = with(&linux, |sections| sections.named(b".linux").virtual_size = Some(size - 1));
    assert_eq!(refused(&short), sizes(size - 1, &format!("SizeOfImage of the kernel is {size:#x}")));
    let behind = with(&linux, |sections| {
        sections.named(b".linux").data.resize(raw, 0);
        *sections.named(b".linux").data.last_mut().unwrap() = 1;
    });
    let why = format!("the kernel ends at {end:#x}, but the byte at {:#x} is not zero", raw - 1);
    assert_eq!(refused(&behind), sizes(size, &why));
    // The size in the data directory's entry of the certificate table.
    let entry = Pe::parse(&linux).unwrap().security_entry.start + 4;
    let long = with(&linux, |sections| {
        let value = get32(&linux, entry) + 0x200;
        put32(&mut sections.named(b".linux").data, entry, value);
    });
    let why = format!("the certificate table of the kernel ends at {:#x}", end + 0x200);
    assert_eq!(refused(&long), sizes(size, &why));
    let cut = with(&linux, |sections| {
        let value = get32(&linux, entry) - 8;
        put32(&mut sections.named(b".linux").data, entry, value);
    });
    assert_eq!(refused(&cut).unwrap().0, Reason::UkiSize);
    let no_pe = with(&linux, |sections| sections.named(b".linux").data[..2].fill(0));
    assert_eq!(refused(&no_pe), sizes(size, "the PE header is malformed: no MZ at the start"));
}

#[test]
fn the_memory_lies_in_the_image() {
    let mut pe = {
        let mut sections = Uki::new(forge::signed_bzimage()).sections();
        sections.named(b".linux").virtual_size = Some(image_size(&forge::signed_bzimage()));
        sections.pe()
    };
    let linux = pe.sections.last().unwrap();
    pe.image_size = linux.virtual_address.unwrap() + linux.virtual_size.unwrap();
    assert_eq!(refused(&pe.build()), None);
    pe.image_size -= 1;
    assert_eq!(refused(&pe.build()).unwrap().0, Reason::SectionBounds);
}
