//! Properties of unified kernel images.

use skexec::image::Parsed;
use skexec::image::pe::Pe;
use skexec::image::uki::{Name, Uki};
use skexec::inspect::Description;

/// Any file. Each part of a UKI or an add-on lies in the signed part of the file and shares no byte with another; a name comes once in
/// the base and in each profile; a profile is the same by its number and by its ID; the kernel lies in `.linux`.
pub fn uki(file: &[u8]) {
    let parsed = Parsed::new(file);
    let Some(Ok(uki)) = parsed.uki() else {
        assert!(Parsed::with_profile(file, Some("0")).loadable().is_err());
        return;
    };
    let pe = Pe::parse(file).unwrap();
    apart(uki, pe.headers.end, pe.certificate_table.map_or(file.len(), |table| table.start));
    assert_eq!(uki.chosen, (!uki.profiles.is_empty()).then_some(0));
    for (number, profile) in uki.profiles.iter().enumerate() {
        let by_number = chosen(file, &number.to_string());
        assert_eq!(by_number.chosen, Some(number));
        assert!(profile.id.as_ref().is_none_or(|id| chosen(file, id) == by_number), "{profile:?}");
    }
    assert!(Parsed::with_profile(file, Some(&uki.profiles.len().to_string())).loadable().is_err());
    for name in [Name::Cmdline, Name::Uname, Name::Osrel] {
        assert!(uki.text(file, name).is_none_or(|text| !text.contains(char::from(0))));
    }
    if let Ok(kernel) = parsed.kernel_bytes() {
        assert_eq!(Some(kernel), uki.content(file, Name::Linux));
        assert_eq!(Parsed::new(kernel).loadable(), parsed.loadable());
    }
    let _ = Description::new(String::new(), file).nodes();
}

fn chosen(file: &[u8], profile: &str) -> Uki {
    Parsed::with_profile(file, Some(profile)).uki().unwrap().unwrap().clone()
}

fn apart(uki: &Uki, start: usize, end: usize) {
    let mut parts = uki.parts.clone();
    parts.sort_by_key(|part| part.at.start);
    let mut before = start;
    for part in &parts {
        assert!(before <= part.at.start && part.at.start < part.at.end, "{part:?}");
        before = part.at.end;
    }
    assert!(before <= end);
    let repeated = |name| matches!(name, Name::Dtb | Name::DtbAuto | Name::EfiFw);
    for part in uki.parts.iter().filter(|part| !repeated(part.name)) {
        let same = uki.parts.iter().filter(|other| (other.name, other.profile) == (part.name, part.profile));
        assert_eq!(same.count(), 1, "{part:?}");
    }
}
