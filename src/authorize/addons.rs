//! Add-ons: small signed PE files beside a UKI that add to its command line and to its initrd (systemd-stub(7), "Companion Files").
//!
//! The stub ignores an add-on that it cannot verify. Here it refuses the load: who can write to the folder could otherwise take away a
//! parameter that a signed add-on was meant to add, by damaging it.

mod folders;

use super::candidate::{Candidate, Reading};
use super::verdict::{Role, verify};
use crate::image::Parsed;
use crate::image::uki::{Name, Uki};
use crate::reason::{Caution, Finding, Reason, Refusal, Warning};
use crate::trust::{Signature, Signer, Trust};
use std::path::{Path, PathBuf};

/// The most add-ons of one UKI.
const MOST: usize = 256;
/// The sections that add something on this processor.
const ADDS: [Name; 3] = [Name::Cmdline, Name::Ucode, Name::Initrd];
/// Device trees, which kernels for this processor do not take from a boot loader.
const DEVICE_TREES: [Name; 3] = [Name::Dtb, Name::DtbAuto, Name::EfiFw];

/// A verified add-on.
#[derive(Debug)]
pub struct Addon {
    file: Candidate,
    signer: Signer,
}

impl Addon {
    /// Where it was read from.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.sealed().path()
    }

    /// Who signed it.
    #[must_use]
    pub const fn signer(&self) -> &Signer {
        &self.signer
    }

    /// The content of a section.
    pub(super) fn content(&self, name: Name) -> Option<&[u8]> {
        self.file.uki()?.ok()?.content(self.file.bytes(), name)
    }

    /// The text of a section.
    pub(super) fn text(&self, name: Name) -> Option<&str> {
        self.file.uki()?.ok()?.text(self.file.bytes(), name)
    }
}

/// Whether the stub would take a file for an add-on: by the end of its name, NAME.addon.efi.
#[must_use]
pub fn named(path: &Path) -> bool {
    path.file_name().is_some_and(|name| folders::is_addon(&name.to_string_lossy()))
}

/// Reads and verifies the add-ons beside a UKI, none for another file: first those for all UKIs of the ESP, then its own; both by their
/// names, as the stub orders them. Returns warnings about what the stub would use and skexec does not.
///
/// # Errors
/// Every reason against the first add-on that cannot be used, `unreadable` for a folder.
pub fn of(kernel: &Candidate, trust: &Trust) -> Result<(Vec<Addon>, Vec<Warning>), Refusal> {
    let Some(Ok(uki)) = kernel.uki() else { return Ok((Vec::new(), Vec::new())) };
    let stated = kernel.loadable().ok().and_then(|image| image.release());
    let release = stated.or_else(|| uki.text(kernel.bytes(), Name::Uname));
    let (found, mut warnings) = beside(kernel.sealed().path())?;
    let mut addons = Vec::with_capacity(found.len());
    for path in found {
        let addon = open(&path, release, trust)?;
        warnings.extend(addon.device_tree());
        addons.push(addon);
    }
    Ok((addons, warnings))
}

/// The add-ons for the UKI at this path, in the order of the stub, and warnings about what the stub would use and skexec does not.
///
/// # Errors
/// `unreadable`; `uki-addon` for too many.
pub(crate) fn beside(uki: &Path) -> Result<(Vec<PathBuf>, Vec<Warning>), Finding> {
    let mut found = Vec::new();
    let mut warnings = Vec::new();
    for folder in folders::of(uki) {
        let listed = folders::list(&folder)?;
        found.extend(listed.addons);
        warnings.extend(listed.passed_over);
    }
    if found.len() > MOST {
        return Err(Finding::new(Reason::UkiAddon, format!("{} add-ons, at most {MOST}", found.len())));
    }
    Ok((found, warnings))
}

fn open(path: &Path, release: Option<&str>, trust: &Trust) -> Result<Addon, Refusal> {
    let assessment = verify(Candidate::read(path, Reading::to_judge(trust))?, Role::Addon, Signature::Embedded, trust);
    let (file, signer, _) = assessment.judgement.outcome.map_err(|refused| refused.refusal)?.into_parts();
    let addon = Addon { file, signer };
    addon.fits(release).map_err(|finding| finding.in_file(path))?;
    Ok(addon)
}

impl Addon {
    /// `.uname` binds an add-on to one kernel.
    fn fits(&self, release: Option<&str>) -> Result<(), Finding> {
        match self.file.uki() {
            Some(Ok(uki)) => uki.names_release(self.file.bytes(), release),
            _ => Ok(()),
        }
    }

    fn device_tree(&self) -> Option<Warning> {
        let unused = DEVICE_TREES.into_iter().find(|name| self.content(*name).is_some())?;
        let message = format!("{}: {} is not used on this processor", self.path().display(), unused.text());
        Some(Warning::new(Caution::CompanionUnused, message))
    }
}

/// Why a file cannot be an add-on, whoever signed it.
pub(super) fn unfit<B: AsRef<[u8]>>(file: &Parsed<B>) -> Option<Finding> {
    let unfit = |what: &str| Some(Finding::new(Reason::UkiAddon, what));
    let uki = match (file.pe(), file.uki()) {
        (Some(Err(finding)), _) | (_, Some(Err(finding))) => return Some(finding.clone()),
        (_, Some(Ok(uki))) => uki,
        _ => return unfit("it has no section of an add-on"),
    };
    let has = |name: &Name| uki.parts.iter().any(|part| part.name == *name);
    if let Some(forbidden) = [Name::Linux, Name::Profile].iter().find(|name| has(name)) {
        return unfit(&format!("it has {}", forbidden.text()));
    }
    if ADDS.iter().chain(&DEVICE_TREES).any(has) { None } else { unfit("it has nothing to add") }
}

/// What a verified add-on covers.
pub(super) fn covered(uki: &Uki) -> Vec<&'static str> {
    let initrd = [Name::Initrd, Name::Ucode].into_iter().any(|name| uki.at(name).is_some());
    let cmdline = uki.at(Name::Cmdline).is_some();
    [initrd.then_some("initrd"), cmdline.then_some("cmdline")].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;

    #[test]
    fn there_is_a_limit_to_the_add_ons_of_one_uki() {
        let tree = Tree::new();
        let uki = tree.write("/a.efi", b"");
        let add = |number: usize| tree.write(&format!("/a.efi.extra.d/{number:03}.addon.efi"), b"");
        let written: Vec<_> = (0..MOST).map(add).collect();
        assert_eq!(beside(&uki), Ok((written, Vec::new())));
        add(MOST);
        assert_eq!(beside(&uki), Err(Finding::new(Reason::UkiAddon, "257 add-ons, at most 256")));
    }
}
