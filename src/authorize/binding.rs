//! A manifest whose signature was verified, and the boot that it binds.

use super::candidate::{Candidate, Reading};
use super::command_line::CommandLine;
use super::initrds::{Claims, Supply, detached_signature, read_initrd};
use super::verdict::{Accepted, Assessment, Role, verify};
use crate::digest::Hashed;
use crate::image::Format;
use crate::image::cmdline::Cmdline;
use crate::image::manifest::{Bound, Manifest};
use crate::reason::{Finding, Reason, Refusal};
use crate::sealed::Sealed;
use crate::trust::{Signature, Signer, Trust};
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::slice::from_ref;

/// The largest file that is judged as a manifest, in bytes. The text itself has at most 64 KiB, which is known once it is verified.
const MAX_FILE: u64 = 1 << 20;

/// A manifest that someone whom an anchor trusts has signed. Only [`Binding::new`] makes one, from a judgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    path: PathBuf,
    manifest: Manifest,
    signer: Signer,
}

impl Binding {
    /// The manifest of a kernel when there is one: `KERNEL.manifest`. A link that leads nowhere is a manifest that was meant to be
    /// there, and one that cannot be looked at may be there.
    #[must_use]
    pub fn beside(kernel: &Path) -> Option<PathBuf> {
        let mut name = OsString::from(kernel);
        name.push(".manifest");
        let path = PathBuf::from(name);
        let absent = |kind| matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename);
        let is_absent = path.symlink_metadata().is_err_and(|error| absent(error.kind()));
        (!is_absent).then_some(path)
    }

    /// Reads a file that is to be a manifest.
    ///
    /// # Errors
    /// Why it cannot be read; `too-big`.
    pub fn read(path: &Path) -> Result<Candidate, Finding> {
        Candidate::read_at_most(path, MAX_FILE)
    }

    /// Judges a manifest by a detached signature: by this one, or else by `FILE.p7s`.
    ///
    /// # Errors
    /// `manifest-unsigned`, or why the signature cannot be read; `too-big`.
    pub fn judge(
        candidate: Candidate,
        signature: Option<Sealed>,
        trust: &Trust,
    ) -> Result<Assessment<Sealed>, Finding> {
        let path = candidate.sealed().path();
        if length(candidate.bytes()) > MAX_FILE {
            let seen = format!("it has {} bytes; the limit is {MAX_FILE}", candidate.bytes().len());
            return Err(Finding::new(Reason::TooBig, seen).in_file(path));
        }
        let found = if signature.is_some() { signature } else { detached_signature(path)? };
        let signature = found.ok_or_else(|| {
            let seen = format!("there is no {}.p7s", path.display());
            Finding::new(Reason::ManifestUnsigned, seen).in_file(path)
        })?;
        Ok(verify(candidate, Role::Manifest, Signature::Detached(signature.bytes()), trust))
    }

    /// Parses a manifest whose signature is proved.
    ///
    /// # Errors
    /// The reasons against its signature, or `manifest`.
    pub fn new(assessment: Assessment<Sealed>) -> Result<Self, Refusal> {
        let verified = assessment.judgement.outcome.map_err(|refused| refused.refusal)?;
        let (file, signer, _) = verified.into_parts();
        let path = file.sealed().path().to_owned();
        let manifest = Manifest::parse(file.bytes()).map_err(|finding| finding.in_file(&path))?;
        Ok(Self { path, manifest, signer })
    }

    /// What it binds.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Who signed it.
    #[must_use]
    pub const fn signer(&self) -> &Signer {
        &self.signer
    }

    /// The path of the manifest.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it covers.
    #[must_use]
    pub fn covers(&self) -> Vec<&'static str> {
        let initrd = (!self.manifest.initrds().is_empty()).then_some("initrd");
        [Some("kernel"), initrd, Some("cmdline")].into_iter().flatten().collect()
    }

    /// Where a bound file is expected: beside the manifest. Nothing where the manifest does not name it.
    #[must_use]
    pub fn place(&self, bound: &Bound) -> Option<PathBuf> {
        bound.file.as_ref().map(|name| self.path.with_file_name(name))
    }

    /// Checks that a kernel file is the bound one.
    ///
    /// # Errors
    /// `manifest-kernel`
    pub(super) fn check_kernel(&self, kernel: &Candidate) -> Result<(), Finding> {
        let digest = kernel.file().sha256(from_ref(&(0..kernel.bytes().len())));
        let bound = match kernel.format() {
            Format::Uki => {
                let seen = "it is a unified kernel image, which binds an initrd and a command line of its own";
                Err(Finding::new(Reason::ManifestKernel, seen))
            }
            _ => self.manifest.check_kernel(length(kernel.bytes()), &digest),
        };
        bound.map_err(|finding| finding.in_file(kernel.sealed().path()))
    }

    /// Demands of the files among these parts that they are the bound ones, in this order. Other parts stay as they are.
    ///
    /// # Errors
    /// `manifest-initrd`
    pub fn bound<'a>(&'a self, supplies: Vec<Supply<'a>>) -> Result<Vec<Supply<'a>>, Finding> {
        self.manifest.check_initrd_count(supplies.iter().filter(|supply| matches!(supply, Supply::File(_))).count())?;
        let mut places = 0..;
        let bind = |supply| match supply {
            Supply::File(path) => Supply::Bound(path, self, places.next().unwrap_or(usize::MAX)),
            other => other,
        };
        Ok(supplies.into_iter().map(bind).collect())
    }

    /// Checks that a file is the initrd that is bound at this place, and that it is not revoked.
    ///
    /// # Errors
    /// `manifest-initrd`, `revoked-image`.
    pub(super) fn check_initrd<B: AsRef<[u8]>>(
        &self,
        place: usize,
        file: &Hashed<B>,
        trust: &Trust,
    ) -> Result<(), Finding> {
        let digest = file.sha256(from_ref(&(0..file.bytes().len())));
        self.manifest.check_initrd(place, length(file.bytes()), &digest)?;
        trust.revocations.check_image(&digest)
    }

    /// Checks the bound files that the manifest names, in its own directory, as a load would.
    ///
    /// # Errors
    /// What a load would refuse first.
    pub fn check_named(&self, trust: &Trust) -> Result<(), Refusal> {
        if let Some(path) = self.place(self.manifest.kernel()) {
            let how = Reading { whole: true, ..Reading::to_judge(trust) };
            let assessment = verify(Candidate::read(&path, how)?, Role::Kernel, Signature::Embedded, trust);
            Accepted::bound(assessment, Signature::Embedded, self)?;
        }
        self.check_named_initrds(trust)
    }

    /// Checks the initrds that the manifest names, in its own directory, as a load would.
    ///
    /// # Errors
    /// What a load would refuse first.
    pub fn check_named_initrds(&self, trust: &Trust) -> Result<(), Refusal> {
        for (place, bound) in self.manifest.initrds().iter().enumerate() {
            if let Some(path) = self.place(bound) {
                let claims = Claims { bound: Some((self, place)), signature: detached_signature(&path)? };
                claims.check(&path, read_initrd(&path)?, trust)?;
            }
        }
        Ok(())
    }

    /// A command line that the manifest covers, if it permits it.
    ///
    /// # Errors
    /// `manifest-cmdline`
    pub fn command_line(&self, text: Cmdline) -> Result<CommandLine, Finding> {
        self.manifest.check_cmdline(&text).map_err(|finding| finding.in_file(&self.path))?;
        Ok(CommandLine::signed(text))
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;
    use crate::trust::Anchor;
    use crate::trust::cert::Certificate;
    use forge::manifest::Manifest as Text;

    fn trust() -> Trust {
        let certificate = Certificate::parse(&forge::root_der()).unwrap();
        Trust { anchors: vec![Anchor { certificate, source: "test".into() }], ..Trust::default() }
    }

    /// Writes a file and the test signer's signature of it.
    fn signed(tree: &Tree, path: &str, bytes: &[u8]) -> PathBuf {
        tree.write(&format!("{path}.p7s"), forge::detached(bytes, &forge::pki::signer()));
        tree.write(path, bytes)
    }

    #[test]
    fn a_manifest_of_the_largest_size_is_judged_and_none_beyond() {
        let tree = Tree::new();
        let most = usize::try_from(MAX_FILE).unwrap();
        for (length, wanted) in [(most, None), (most + 1, Some(Reason::TooBig))] {
            let path = signed(&tree, "/a.manifest", &vec![b'#'; length]);
            let candidate = Candidate::read(&path, Reading::to_judge(&trust())).unwrap();
            let judged = Binding::judge(candidate, None, &trust()).err().map(|finding| finding.reason);
            let read = Binding::read(&path).err().map(|finding| finding.reason);
            assert_eq!((judged, read), (wanted, wanted), "{length}");
        }
    }

    /// A manifest that binds one would have two command lines and two lists of initrds.
    #[test]
    fn no_uki_is_bound() {
        let tree = Tree::new();
        for (kernel, wanted) in
            [(forge::unsigned_bzimage(), None), (forge::uki(Some(b"070701"), Some("ro")), Some(Reason::ManifestKernel))]
        {
            let path = tree.write("/a", &kernel);
            let text =
                Text { name: "a", version: 1, cmdline: "ro", kernel, initrds: Vec::new(), vary: "", files: None };
            let manifest = Binding::read(&signed(&tree, "/a.manifest", text.text().as_bytes())).unwrap();
            let binding = Binding::new(Binding::judge(manifest, None, &trust()).unwrap()).unwrap();
            let candidate = Candidate::read(&path, Reading::to_judge(&trust())).unwrap();
            let assessment = verify(candidate, Role::Kernel, Signature::Embedded, &trust());
            let refused = Accepted::bound(assessment, Signature::Embedded, &binding).err();
            assert_eq!(refused.map(|refusal| refusal.first().reason), wanted);
        }
    }
}
