//! Entries of type 2: unified kernel images in `EFI/Linux` (Boot Loader Specification, "Type #2 EFI Unified Kernel Images").

use super::text::assignments;
use crate::image::pe::Pe;
use crate::reason::{Finding, Reason};

/// The longest text that is read of a section, in bytes.
const MAX_TEXT: usize = 64 << 10;

/// What a boot loader shows of one profile of a UKI.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Type2 {
    /// Its number; `None` for a UKI without `.profile` sections.
    pub(super) profile: Option<u32>,
    /// What stands after the `@` in its ID; `None` for the first.
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
    /// What is wrong with the PE headers; `not-a-kernel` without `.linux`; `entry-file` if nothing in `.osrel` names the system: boot
    /// loaders do not list such a UKI.
    pub(super) fn all(bytes: &[u8]) -> Result<Vec<Self>, Finding> {
        let pe = Pe::parse(bytes)?;
        let text = |name: &[u8]| {
            let section = pe.sections.iter().find(|section| section.name() == name)?;
            let raw = bytes.get(section.raw.clone())?;
            let content = raw.get(..section.virtual_size.min(raw.len()).min(MAX_TEXT))?;
            Some(String::from_utf8_lossy(content).trim_end_matches('\0').to_owned())
        };
        if text(b".linux").is_none() {
            return Err(Finding::new(Reason::NotAKernel, "an EFI program"));
        }
        let release = text(b".uname").map(|release| release.trim().to_owned());
        Ok(vec![Self { release, ..named(&text(b".osrel").unwrap_or_default())? }])
    }
}

/// Title, version and sort key, as systemd chooses them (src/fundamental/bootspec.c, `bootspec_pick_name_version_sort_key`).
fn named(os_release: &str) -> Result<Type2, Finding> {
    let values: Vec<_> = assignments(os_release).filter(|(_, value)| !value.is_empty()).collect();
    let first = |keys: &[&str]| {
        let value = |key: &&str| values.iter().rev().find(|(found, _)| found == key);
        keys.iter().find_map(value).map(|(_, value)| (*value).to_owned())
    };
    let title = first(&["PRETTY_NAME", "IMAGE_ID", "NAME", "ID"]);
    let nameless = || Finding::new(Reason::EntryFile, "its .osrel has no name of an operating system");
    Ok(Type2 {
        title: title.ok_or_else(nameless)?,
        version: first(&["IMAGE_VERSION", "VERSION", "VERSION_ID", "BUILD_ID"]),
        sort_key: first(&["IMAGE_ID", "ID"]),
        ..Type2::default()
    })
}
