//! Unified kernel images and their add-ons (UAPI Group specification 5; systemd-stub(7)): a kernel, its initrd, its command line and
//! other resources as sections of one PE.
//!
//! The stub takes the first section of a name, as firmware has put it into memory, and ignores what it does not understand. Here each
//! section must be what every reader takes it for: one of a name, its content in the file, and no section over another in memory.

mod linux;
mod profile;
mod sections;
mod text;

pub use profile::Profile;
pub use sections::{Name, Part};

use super::pe::{self, Pe};
use crate::reason::{Finding, Reason};
use std::ops::Range;

/// The sections of a UKI or of an add-on, and those that one profile uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uki {
    /// All sections with names of the specification, in the order of the section table.
    pub parts: Vec<Part>,
    /// The profiles, by their numbers; without profiles, empty.
    pub profiles: Vec<Profile>,
    /// The number of the profile whose sections are used; `None` without profiles.
    pub chosen: Option<usize>,
}

impl Uki {
    /// Parses the sections, and chooses the profile with the number or the ID `wanted`; without a wish, profile 0.
    ///
    /// # Errors
    /// `pe-header` for another processor; `uki-empty`, `uki-size`, `uki-doubled`, `section-overlap`, `section-bounds`, `uki-text`, `uki-profile`; `uki-missing` where the
    /// wanted profile has no `.linux` but another has one.
    pub fn parse(bytes: &[u8], pe: &Pe, wanted: Option<&str>) -> Result<Self, Finding> {
        starts_here(pe)?;
        let parts = sections::parts(bytes, pe)?;
        sections::apart_in_memory(pe)?;
        text::check(bytes, &parts)?;
        let profiles = profile::parse(bytes, &parts)?;
        let chosen = profile::choose(&profiles, wanted)?;
        Ok(Self { parts, profiles, chosen })
    }

    /// Where the content of a section lies in the file: the section of the chosen profile, or else that of the base, which are the
    /// sections before the first profile. `None` where neither has one.
    #[must_use]
    pub fn at(&self, name: Name) -> Option<Range<usize>> {
        self.part(name).map(|part| part.at.clone())
    }

    /// The content of a section.
    #[must_use]
    pub fn content<'a>(&self, bytes: &'a [u8], name: Name) -> Option<&'a [u8]> {
        bytes.get(self.at(name)?)
    }

    /// The text of a section, without blanks, control characters and NULs around it.
    #[must_use]
    pub fn text<'a>(&self, bytes: &'a [u8], name: Name) -> Option<&'a str> {
        self.part(name)?.text(bytes)
    }

    fn part(&self, name: Name) -> Option<&Part> {
        let of = |profile: Option<usize>| self.parts.iter().find(|part| part.name == name && part.profile == profile);
        of(self.chosen).or_else(|| of(None))
    }

    /// Where the kernel lies in the file.
    ///
    /// # Errors
    /// `uki-missing`.
    pub fn linux(&self) -> Result<Range<usize>, Finding> {
        self.at(Name::Linux).ok_or_else(|| {
            let of = self.chosen.map(|number| format!(" for profile {number}")).unwrap_or_default();
            Finding::new(Reason::UkiMissing, format!("there is no .linux{of}"))
        })
    }

    /// Demands that `.uname`, if there is one, is the release that the kernel states. A kernel that states none has nothing to compare.
    ///
    /// # Errors
    /// `uki-uname`.
    pub fn names_release(&self, bytes: &[u8], release: Option<&str>) -> Result<(), Finding> {
        let release = release.and_then(|release| release.split_ascii_whitespace().next());
        match (self.text(bytes, Name::Uname), release) {
            (Some(uname), Some(release)) if uname != release => {
                Err(Finding::new(Reason::UkiUname, format!(".uname is {uname:?}, .linux is {release:?}")))
            }
            _ => Ok(()),
        }
    }
}

/// Firmware does not start a program for another processor, nor one that is no application.
fn starts_here(pe: &Pe) -> Result<(), Finding> {
    let wrong = |what: String| Err(Finding::new(Reason::PeHeader, what));
    match (pe.machine, pe.subsystem) {
        (pe::MACHINE_X86_64, pe::EFI_APPLICATION) => Ok(()),
        (pe::MACHINE_X86_64, other) => wrong(format!("Subsystem {other}, wanted {}", pe::EFI_APPLICATION)),
        (other, _) => wrong(format!("Machine {other:#x}, wanted {:#x}", pe::MACHINE_X86_64)),
    }
}

/// Whether a PE has sections of the specification that make it a UKI or an add-on.
#[must_use]
pub(super) fn claimed_by(pe: &Pe) -> bool {
    // Boot loaders have .osrel and .sbat, too.
    let telling =
        [Name::Linux, Name::Initrd, Name::Cmdline, Name::Ucode, Name::Dtb, Name::DtbAuto, Name::EfiFw, Name::Profile];
    pe.table.iter().filter_map(|section| Name::of(section.name())).any(|name| telling.contains(&name))
}

#[cfg(test)]
mod tests;
