//! Properties of signature lists and of SBAT.

use skexec::image::pe::{MACHINE_X86_64, Pe, Section};
use skexec::trust::esl::{self as lists, Entry};
use skexec::trust::revocation::Revocations;
use skexec::trust::sbat::{self as generations, Level};

/// EFI signature lists: the parser adds no entry and loses none, and listed images are refused.
pub fn esl(bytes: &[u8]) {
    let _ = Revocations::default().add_blacklist(&String::from_utf8_lossy(bytes), "fuzz");
    let Ok(entries) = lists::parse(bytes) else {
        assert!(Revocations::from_lists(bytes, "fuzz").is_err(), "a damaged list revokes nothing");
        return;
    };
    assert!(entries.len() * 16 <= bytes.len());
    let twice = [bytes, bytes].concat();
    let twice = lists::parse(&twice).unwrap();
    assert!(twice.iter().eq(entries.iter().chain(&entries)), "lists depend on one another");
    let Ok(revocations) = Revocations::from_lists(bytes, "fuzz") else { return };
    let (images, certificates, tbs) = revocations.counts();
    assert!(images + certificates + tbs <= entries.len());
    for entry in entries {
        if let Entry::Image(hash) = entry {
            assert!(revocations.check_image(&hash).is_err());
        }
    }
}

/// SBAT: the text is parsed as the content of a section and as a level. An image passes a level that is made of its own generations.
pub fn sbat(text: &[u8]) {
    let section = Section {
        name: *b".sbat\0\0\0",
        raw: 0..text.len(),
        virtual_size: text.len(),
        virtual_address: 0,
        relocations: 0,
    };
    let pe = Pe {
        machine: MACHINE_X86_64,
        subsystem: 10,
        headers: 0..0,
        checksum: 0..0,
        security_entry: 0..0,
        certificate_table: None,
        table: vec![section.clone()],
        sections: vec![section],
        image_size: 0,
    };
    let components = generations::components(&pe, text);
    let Ok(level) = Level::parse(text) else { return };
    assert_eq!(generations::check(&pe, text, Some(&level)).is_ok(), components.is_ok(), "{components:?}");
}
