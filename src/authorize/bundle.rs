//! What a UKI brings besides its kernel, put together as systemd-stub does it (src/boot/stub.c, `run`).

use super::addons::{self, Addon};
use super::{Accepted, CommandLine, Origin, Supply};
use crate::image::cmdline::Cmdline;
use crate::image::cpio::{self, Entry};
use crate::image::uki::{Name, Uki};
use crate::image::{Format, Parsed};
use crate::reason::{Caution, Finding, Warning};
use crate::trust::Signer;
use std::path::Path;

/// What the stub puts into /.extra of the initrd, in its order.
const EXTRA: [(Name, &str); 4] = [
    (Name::PcrSig, ".extra/tpm2-pcr-signature.json"),
    (Name::PcrPkey, ".extra/tpm2-pcr-public-key.pem"),
    (Name::Osrel, ".extra/os-release"),
    (Name::Profile, ".extra/profile"),
];

/// A UKI that may be booted, with its add-ons.
#[derive(Debug)]
pub struct Bundle<'a> {
    uki: &'a Uki,
    bytes: &'a [u8],
    path: &'a Path,
    signer: Option<&'a Signer>,
    addons: &'a [Addon],
}

impl<'a> Bundle<'a> {
    /// What a kernel was accepted with; `None` for a file that is no UKI.
    #[must_use]
    pub fn of(accepted: &'a Accepted, addons: &'a [Addon]) -> Option<Self> {
        let kernel = accepted.kernel();
        let uki = kernel.file().uki()?.ok()?;
        let (bytes, path) = (kernel.file().bytes(), kernel.path());
        Some(Self { uki, bytes, path, signer: accepted.basis().signer(), addons })
    }

    /// Whether it has an initrd of its own.
    #[must_use]
    pub fn has_initrd(&self) -> bool {
        self.uki.at(Name::Initrd).is_some()
    }

    /// Whether it or an add-on has an initrd.
    #[must_use]
    pub fn brings_initrd(&self) -> bool {
        self.has_initrd() || self.addons.iter().any(|addon| addon.content(Name::Initrd).is_some())
    }

    /// Whether a verified signature covers it.
    #[must_use]
    pub const fn signed(&self) -> bool {
        self.signer.is_some()
    }

    /// The initrd: microcode first, because the kernel looks for it at the start, that of the last add-on before that of the first;
    /// then the UKI's own initrd, or else those that were `given`; then /.extra; then those of the add-ons; then what was given beside
    /// an initrd of the UKI's own.
    ///
    /// # Errors
    /// `too-big`: a section is too large for a cpio archive.
    pub fn supplies(&self, given: Vec<Supply<'a>>) -> Result<Vec<Supply<'a>>, Finding> {
        let mut supplies: Vec<_> = self.addons.iter().rev().filter_map(|addon| addon.supply(Name::Ucode)).collect();
        supplies.extend(self.section(Name::Ucode));
        let (instead, beside) = if self.has_initrd() { (Vec::new(), given) } else { (given, Vec::new()) };
        supplies.extend(self.section(Name::Initrd));
        supplies.extend(instead);
        for (name, path) in EXTRA {
            supplies.extend(self.extra(name, path)?);
        }
        supplies.extend(self.addons.iter().filter_map(|addon| addon.supply(Name::Initrd)));
        supplies.extend(beside);
        Ok(supplies)
    }

    fn section(&self, name: Name) -> Option<Supply<'a>> {
        let bytes = self.uki.content(self.bytes, name)?;
        Some(supply(self.path, name, bytes, self.signer))
    }

    /// An archive as the stub makes it, with permissions that let every program of the initrd read the file.
    fn extra(&self, name: Name, path: &str) -> Result<Option<Supply<'a>>, Finding> {
        let Some(content) = self.uki.content(self.bytes, name) else { return Ok(None) };
        let archive = cpio::archive(&[Entry::folder(".extra", 0o555), Entry::file(path, 0o444, content)])?;
        let origin = Origin::Section { file: self.path.to_owned(), name: name.text() };
        Ok(Some(Supply::Bytes { origin, bytes: archive.into(), signer: self.signer.cloned() }))
    }

    /// The command line of the UKI and of its add-ons; `None` where none of them has one.
    #[must_use]
    pub fn command_line(&self) -> Option<CommandLine> {
        let own = self.uki.text(self.bytes, Name::Cmdline);
        let added: Vec<_> = self.added().collect();
        if own.is_none() && added.is_empty() {
            return None;
        }
        let text = added.iter().fold(plain(own.unwrap_or_default()), |line, more| line.append(plain(more).as_str()));
        let covered = self.signer.is_some() || own.is_none();
        Some(if covered { CommandLine::signed(text) } else { CommandLine::unsigned(text) })
    }

    /// Whether the UKI itself has a command line.
    #[must_use]
    pub fn has_cmdline(&self) -> bool {
        self.uki.at(Name::Cmdline).is_some()
    }

    /// A command line that replaces that of the UKI; those of the add-ons are appended to it.
    #[must_use]
    pub fn replaced_by(&self, base: Cmdline) -> CommandLine {
        CommandLine::unsigned(self.added().fold(base, |line, more| line.append(plain(more).as_str())))
    }

    fn added(&self) -> impl Iterator<Item = &'a str> {
        self.addons.iter().filter_map(|addon| addon.text(Name::Cmdline))
    }

    /// Warnings about sections that are not used.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        let unused = [Name::Dtb, Name::DtbAuto].into_iter().find(|name| self.uki.at(*name).is_some());
        let warn = |name: Name| {
            let message = format!("{}: {} is not used on this processor", self.path.display(), name.text());
            Warning::new(Caution::CompanionUnused, message)
        };
        unused.map(warn).into_iter().collect()
    }
}

impl Addon {
    fn supply(&self, name: Name) -> Option<Supply<'_>> {
        Some(supply(self.path(), name, self.content(name)?, Some(self.signer())))
    }
}

fn supply<'a>(path: &Path, name: Name, bytes: &'a [u8], signer: Option<&Signer>) -> Supply<'a> {
    let origin = Origin::Section { file: path.to_owned(), name: name.text() };
    Supply::Bytes { origin, bytes: bytes.into(), signer: signer.cloned() }
}

/// The text of a section as the stub passes it: each control character is a blank.
fn plain(text: &str) -> Cmdline {
    Cmdline::new(&text.replace(|letter: char| letter.is_ascii_control(), " "))
}

/// What a valid signature of a kernel, a UKI or an add-on covers. A UKI that has microcode but no `.initrd` is given an initrd that it
/// does not cover.
pub(super) fn covered<B: AsRef<[u8]>>(file: &Parsed<B>) -> Vec<&'static str> {
    match file.uki() {
        Some(Ok(uki)) if file.format() == Format::Uki => {
            let initrd = uki.at(Name::Initrd).map(|_| "initrd");
            let cmdline = uki.at(Name::Cmdline).map(|_| "cmdline");
            [Some("kernel"), initrd, cmdline].into_iter().flatten().collect()
        }
        Some(Ok(uki)) => addons::covered(uki),
        _ => vec!["kernel"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorize::{Candidate, Reading, Role, Waiver, verify};
    use crate::machine::Enforcement;
    use crate::sources::testing::Tree;
    use crate::trust::cert::Certificate;
    use crate::trust::{Anchor, Signature, Trust};

    /// What a kernel is accepted with, where the test root is the only anchor and a missing signature is waived.
    fn accepted(tree: &Tree, image: &[u8]) -> Accepted {
        let certificate = Certificate::parse(&forge::root_der()).unwrap();
        let trust = Trust { anchors: vec![Anchor { certificate, source: "test".into() }], ..Trust::default() };
        let candidate = Candidate::read(&tree.write("/a.efi", image), Reading::to_judge(&trust)).unwrap();
        let waiver = Waiver { asked: true, enforcement: Enforcement::Off };
        Accepted::new(verify(candidate, Role::Kernel, Signature::Embedded, &trust), waiver).unwrap()
    }

    #[test]
    fn a_bundle_is_signed_where_a_signature_was_verified() {
        let tree = Tree::new();
        let unsigned = forge::uki::Uki::new(forge::unsigned_bzimage()).unsigned();
        for (image, signed) in [(forge::uki(None, None), true), (unsigned, false)] {
            let accepted = accepted(&tree, &image);
            assert_eq!(Bundle::of(&accepted, &[]).unwrap().signed(), signed);
        }
    }

    #[test]
    fn a_device_tree_of_the_bundle_is_told() {
        let tree = Tree::new();
        let rows: [(&[&'static [u8]], Option<&str>); 4] = [
            (&[], None),
            (&[b".dtb"], Some(".dtb")),
            (&[b".dtbauto"], Some(".dtbauto")),
            (&[b".dtbauto", b".dtb"], Some(".dtb")),
        ];
        for (names, told) in rows {
            let mut sections = forge::uki::Uki::new(forge::unsigned_bzimage()).sections();
            names.iter().for_each(|name| sections.add_before(b".linux", name, *b"a device tree"));
            let accepted = accepted(&tree, &sections.signed(&forge::pki::signer()));
            let bundle = Bundle::of(&accepted, &[]).unwrap();
            let said: Vec<_> =
                bundle.warnings().into_iter().map(|warning| (warning.caution, warning.message)).collect();
            let wanted = told.map(|name| {
                let message = format!("{}: {name} is not used on this processor", bundle.path.display());
                (Caution::CompanionUnused, message)
            });
            assert_eq!(said, Vec::from_iter(wanted));
        }
    }

    #[test]
    fn a_control_character_is_a_blank() {
        let rows = [
            ("root=/dev/vda2 ro", "root=/dev/vda2 ro"),
            ("a\tb\nc\u{1f}d\u{7f}e", "a b c d e"),
            ("a!~\u{80}\u{e9}", "a!~\u{80}\u{e9}"),
        ];
        for (text, wanted) in rows {
            assert_eq!(plain(text).as_str(), wanted, "{text:?}");
        }
    }
}
