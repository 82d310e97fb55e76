//! Entries of type 2: unified kernel images in `EFI/Linux` (Boot Loader Specification, "Type #2 EFI Unified Kernel Images").

use super::text::assignments;
use crate::image::pe::Pe;
use crate::image::uki::{Name, Uki};
use crate::reason::{Finding, Reason};

/// What a boot loader shows of one profile of a UKI.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Type2 {
    /// Its number; `None` for a UKI without profiles.
    pub(super) profile: Option<usize>,
    /// What stands after the `@` in its ID; `None` for the first profile.
    pub(super) suffix: Option<String>,
    /// The title.
    pub(super) title: String,
    /// The version of the operating system.
    pub(super) version: Option<String>,
    /// The key by which entries are grouped.
    pub(super) sort_key: Option<String>,
    /// The release of the kernel: `.uname`.
    pub(super) release: Option<String>,
}

impl Type2 {
    /// Each profile of a UKI.
    ///
    /// # Errors
    /// What is wrong with the PE headers or the sections; `not-a-kernel` without `.linux`; `entry-file` if no profile has an `.osrel` that
    /// names the system: boot loaders do not list such a UKI.
    pub(super) fn all(bytes: &[u8]) -> Result<Vec<Self>, Finding> {
        let pe = Pe::parse(bytes)?;
        let uki = Uki::parse(bytes, &pe, None)?;
        if !uki.parts.iter().any(|part| part.name == Name::Linux) {
            return Err(Finding::new(Reason::NotAKernel, "an EFI program"));
        }
        let numbers: Vec<_> = match uki.profiles.len() {
            0 => vec![None],
            count => (0..count).map(Some).collect(),
        };
        let profile = |chosen| Self::of(&Uki { chosen, ..uki.clone() }, bytes);
        let all: Vec<_> = numbers.into_iter().filter_map(profile).collect();
        let nameless = || Finding::new(Reason::EntryFile, "its .osrel has no name of an operating system");
        if all.is_empty() { Err(nameless()) } else { Ok(all) }
    }

    /// The chosen profile, with title, version and sort key as systemd takes them (src/fundamental/bootspec.c,
    /// `bootspec_pick_name_version_sort_key`; src/boot/boot.c, `boot_entry_add_type2`).
    fn of(uki: &Uki, bytes: &[u8]) -> Option<Self> {
        let os_release: Vec<_> =
            assignments(uki.text(bytes, Name::Osrel)?).filter(|(_, value)| !value.is_empty()).collect();
        let first = |keys: &[&str]| {
            let value = |key: &&str| os_release.iter().rev().find(|(found, _)| found == key);
            keys.iter().find_map(value).map(|(_, value)| (*value).to_owned())
        };
        let name = first(&["PRETTY_NAME", "IMAGE_ID", "NAME", "ID"])?;
        let own = uki.chosen.and_then(|number| uki.profiles.get(number));
        let (id, title) = own.map(|profile| (profile.id.clone(), profile.title.clone())).unwrap_or_default();
        let later = uki.chosen.filter(|number| *number > 0);
        let shown = title.or_else(|| later.map(|number| id.clone().unwrap_or_else(|| format!("profile {number}"))));
        Some(Self {
            profile: uki.chosen,
            suffix: later.map(|number| id.unwrap_or_else(|| number.to_string())),
            title: shown.map_or_else(|| name.clone(), |shown| format!("{name} ({shown})")),
            version: first(&["IMAGE_VERSION", "VERSION", "VERSION_ID", "BUILD_ID"]),
            sort_key: first(&["IMAGE_ID", "ID"]),
            release: uki.text(bytes, Name::Uname).map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use forge::pe::Section;

    /// The UKI of the forge with these sections behind the others.
    fn uki(osrel: Option<&str>, sections: &[(&'static [u8], &str)]) -> Vec<u8> {
        let base = forge::uki::Uki { osrel: osrel.map(Into::into), ..forge::uki::Uki::new(forge::unsigned_bzimage()) };
        let mut pe = base.pe();
        for (name, text) in sections {
            let address = pe.image_size;
            pe.image_size += 0x1000;
            let section = Section::new(name, text.as_bytes().to_vec());
            pe.sections.push(Section { virtual_address: Some(address), ..section });
        }
        pe.build()
    }

    fn shown(file: &[u8]) -> Vec<(Option<usize>, Option<String>, String)> {
        let all = Type2::all(file).unwrap().into_iter();
        all.map(|profile| (profile.profile, profile.suffix, profile.title)).collect()
    }

    #[test]
    fn the_names_of_a_uki() {
        let osrel = "NAME=a\nID=debian\nPRETTY_NAME=\"Debian 13\"\nVERSION_ID=13\nVERSION='13 (trixie)'\nIMAGE_ID=\n";
        let wanted = Type2 {
            title: "Debian 13".into(),
            version: Some("13 (trixie)".into()),
            sort_key: Some("debian".into()),
            release: Some(forge::bzimage::RELEASE.into()),
            ..Type2::default()
        };
        assert_eq!(Type2::all(&uki(Some(osrel), &[])), Ok(vec![wanted]));
        for osrel in [None, Some("VERSION_ID=1\n")] {
            assert_eq!(Type2::all(&uki(osrel, &[])).unwrap_err().reason, Reason::EntryFile);
        }
        assert!(Type2::all(&forge::signed_bzimage()).is_err());
    }

    #[test]
    fn each_profile_is_an_entry() {
        let rows = [
            (".profile", "ID=main\n"),
            (".profile", "ID=rescue\nTITLE=Rescue\n"),
            (".profile", "ID=debug\n"),
            (".profile", "A=b\n"),
        ];
        let sections: Vec<(&'static [u8], &str)> = rows.iter().map(|(name, text)| (name.as_bytes(), *text)).collect();
        let some = |text: &str| Some(text.to_owned());
        let wanted = [
            (Some(0), None, "Forge".to_owned()),
            (Some(1), some("rescue"), "Forge (Rescue)".to_owned()),
            (Some(2), some("debug"), "Forge (debug)".to_owned()),
            (Some(3), some("3"), "Forge (profile 3)".to_owned()),
        ];
        assert_eq!(shown(&uki(Some("NAME=Forge\n"), &sections)), wanted);
        // A profile with an .osrel of its own; without one, it is not listed.
        let own: [(&'static [u8], &str); 3] = [(b".profile", "ID=a\n"), (b".profile", "ID=b\n"), (b".osrel", "ID=x\n")];
        assert_eq!(shown(&uki(None, &own)), [(Some(1), some("b"), "x (b)".to_owned())]);
    }
}
