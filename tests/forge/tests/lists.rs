//! The signature lists, read by a parser that is modelled on the kernel's (`parse_efi_signature_list` in certs/efi_parser.c), and
//! the other files that only skexec reads.

// Offsets in files of a few KiB.
#![allow(clippy::as_conversions)]

use std::collections::BTreeSet;

use forge::pe::{get16, get32};
use forge::{Expect, esl};

/// The number of entries that the kernel reads, and whether it finds no fault.
fn kernel_reads(mut rest: &[u8]) -> (usize, bool) {
    let known: Vec<_> = [esl::X509, esl::SHA256, esl::X509_SHA256].iter().map(|text| esl::guid(text)).collect();
    let mut entries = 0;
    while !rest.is_empty() {
        if rest.len() < 28 {
            return (entries, false);
        }
        let [size, header, element] = [16, 20, 24].map(|at| get32(rest, at) as usize);
        let fits = size <= rest.len() && size >= 28 && size - 28 >= header && element >= 16;
        let body = if fits { size - 28 - header } else { 0 };
        if !fits || body < element || body % element != 0 {
            return (entries, false);
        }
        if known.iter().any(|kind| rest.starts_with(kind)) {
            entries += body / element;
        }
        rest = &rest[size..];
    }
    (entries, true)
}

#[test]
fn the_lists_are_what_they_say() {
    for case in esl::cases() {
        let (entries, content) = kernel_reads(&case.bytes);
        match case.entries {
            Some(wanted) => assert_eq!((entries, content), (wanted, true), "{}", case.name),
            // An owner without data is a fault of the type, which the kernel finds only afterwards.
            None if case.name == "element-size-16" => assert!(content),
            None => assert_eq!((entries, content), (case.before_fault, false), "{}", case.name),
        }
    }
}

#[test]
fn db_and_dbx_are_read_to_the_end() {
    assert_eq!(kernel_reads(&forge::db_esl()), (forge::db().len(), true));
    // One of the entries has three images, another one two.
    assert_eq!(kernel_reads(&forge::dbx_esl()), (forge::dbx().len() + 3, true));
}

#[test]
fn messages_have_names_of_their_own() {
    let names: BTreeSet<_> = forge::messages().iter().map(|message| message.name).collect();
    assert_eq!(names.len(), forge::messages().len());
    let good = forge::messages().iter().filter(|message| message.skexec == Expect::Accept).count();
    assert!(good >= 10);
}

#[test]
fn a_uki_has_its_sections() {
    let uki = forge::uki(Some(b"initrd"), Some("console=ttyS0"));
    let pe = get32(&uki, 0x3c) as usize;
    let table = pe + 24 + usize::from(get16(&uki, pe + 20));
    let names: Vec<_> =
        (0..usize::from(get16(&uki, pe + 6))).map(|i| &uki[table + i * 40..table + i * 40 + 8]).collect();
    let wanted = [".text", ".sbat", ".osrel", ".uname", ".cmdline", ".initrd", ".linux"];
    for (name, wanted) in names.iter().zip(wanted) {
        assert!(name.starts_with(wanted.as_bytes()), "{name:?}");
    }
    assert_eq!(names.len(), wanted.len());
}
