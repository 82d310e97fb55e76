//! `skexec inspect`: what a file claims about itself, unverified.

mod addon;
mod attribute;
mod bundle;
mod certificate;
mod extension;
mod header;
mod initrd;
mod lists;
mod loose;
mod measured;
mod message;
mod names;
mod path;
mod program;
mod signature;
mod timestamp;
mod tree;

use crate::authorize::addons;
use crate::digest::Algorithm;
use crate::hex;
use crate::image::manifest::Manifest;
use crate::image::uki::Name;
use crate::image::{Format, Kernel, Parsed};
use crate::reason::{Caution, Finding, Reason, Warning};
use crate::report::ManifestReport;
use crate::trust::Anchor;
use crate::trust::authenticode::image_digest;
use addon::Addon;
use bundle::Bundle;
use header::{ElfHeaders, Header};
use initrd::Initrd;
use loose::Loose;
use program::{Program, Section};
use serde::{Serialize, Serializer};
use signature::Signature;
use std::path::Path;
pub use tree::Node;

/// The trusted certificates of this machine; `None` where they were not asked for.
type Anchors<'a> = Option<&'a [Anchor]>;

/// A file's own account.
#[derive(Debug, Clone, Serialize)]
pub struct Description {
    schema: u32,
    path: String,
    bytes: usize,
    sha256: String,
    format: &'static str,
    /// Why it cannot be loaded as what it claims to be; nothing for a sound kernel or an initrd.
    problem: Option<String>,
    setup_header: Option<Header>,
    elf: Option<ElfHeaders>,
    pe: Option<Program>,
    sections: Vec<Section>,
    uki: Option<Bundle>,
    addons: Vec<Addon>,
    initrd: Option<Initrd>,
    manifest: Option<ManifestReport>,
    #[serde(flatten)]
    loose: Loose,
    digest: Option<String>,
    signatures: Vec<Signature>,
    /// What could not be described.
    #[serde(serialize_with = "slugs")]
    warnings: Vec<Warning>,
    #[serde(skip)]
    unknown: Option<Finding>,
}

fn slugs<S: Serializer>(warnings: &[Warning], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(warnings.iter().map(Warning::slug))
}

impl Description {
    /// Describes a file's bytes.
    #[must_use]
    pub fn new(path: String, bytes: &[u8]) -> Self {
        Self::with_profile(path, bytes, None, None)
    }

    /// The same; of a UKI, with the profile of this number or ID. Signatures are compared with the trusted certificates of this machine.
    #[must_use]
    pub fn with_profile(path: String, bytes: &[u8], profile: Option<&str>, anchors: Option<&[Anchor]>) -> Self {
        let file = Parsed::with_profile(bytes, profile);
        let pe = file.pe().and_then(Result::ok);
        let manifest = (file.format() == Format::Manifest).then(|| Manifest::parse(bytes));
        let loose = Loose::of(&file);
        let format = loose.format().unwrap_or_else(|| file.format().name());
        let unknown = (format == Format::Unknown.name()).then(|| Finding::from(Reason::UnknownFormat));
        let problem = if loose.format().is_some() { loose.problem() } else { problem(&file, manifest.as_ref()) };
        let (setup_header, elf) = match file.loadable().ok().cloned() {
            Some(Kernel::BzImage(header)) => (Some(Header::new(header, file.kernel_bytes().unwrap_or_default())), None),
            Some(Kernel::Elf(vmlinux)) => (None, Some(ElfHeaders::from(vmlinux))),
            None => (None, None),
        };
        let manifest = manifest.and_then(Result::ok).map(|manifest| ManifestReport::new(Path::new(&path), &manifest));
        let mut signatures = pe.map(|pe| signature::embedded(file.file(), pe, anchors)).unwrap_or_default();
        signatures.extend(loose.signatures(bytes, anchors));
        Self {
            schema: 1,
            path,
            bytes: bytes.len(),
            sha256: hex::encode(&file.file().whole(Algorithm::Sha256).value),
            format,
            problem,
            unknown,
            setup_header,
            elf,
            pe: pe.map(|pe| Program::new(bytes, pe)),
            sections: pe.map(|pe| program::sections(file.file(), pe)).unwrap_or_default(),
            uki: Bundle::of(&file, anchors),
            addons: Vec::new(),
            warnings: Vec::new(),
            initrd: initrd_of(&file).map(Initrd::new),
            manifest,
            loose,
            digest: pe.map(|pe| image_digest(file.file(), pe, Algorithm::Sha256).to_string()),
            signatures,
        }
    }

    /// Adds the add-ons that lie beside a UKI.
    #[must_use]
    pub fn with_addons(mut self, path: &Path, anchors: Option<&[Anchor]>) -> Self {
        if self.format == Format::Uki.name() {
            match addons::beside(path) {
                Ok((found, _)) => self.addons = found.iter().map(|path| Addon::read(path, anchors)).collect(),
                Err(finding) => {
                    self.warnings.push(Warning::new(Caution::AddonsUnreadable, finding.sentence(None)));
                }
            }
        }
        self
    }

    /// What could not be described.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// That the file is of no format that could be described.
    #[must_use]
    pub const fn unknown(&self) -> Option<&Finding> {
        self.unknown.as_ref()
    }

    /// What people are shown.
    #[must_use]
    pub fn nodes(&self) -> Vec<Node> {
        let mut nodes = vec![
            Node::new("format", self.format),
            Node::new("size", format!("{} bytes", self.bytes)),
            Node::new("sha256", &self.sha256),
        ];
        nodes.extend(Node::of("problem", self.problem.as_ref().filter(|_| self.unknown.is_none())));
        nodes.extend(self.setup_header.iter().flat_map(Header::nodes));
        nodes.extend(self.elf.iter().flat_map(ElfHeaders::nodes));
        nodes.extend(self.pe.iter().flat_map(Program::nodes));
        // The parts of a UKI say the same.
        let detail = self.uki.is_some();
        nodes.extend(self.sections.iter().map(|section| Node { detail, ..section.node() }));
        nodes.extend(self.uki.iter().flat_map(Bundle::nodes));
        nodes.extend(self.addons.iter().map(Addon::node));
        nodes.extend(self.initrd.iter().flat_map(Initrd::nodes));
        nodes.extend(self.manifest.iter().flat_map(ManifestReport::lines).map(|(key, value)| Node::new(key, value)));
        nodes.extend(self.loose.nodes());
        let digest = self.digest.as_deref().and_then(|digest| digest.strip_prefix("sha256:"));
        nodes.extend(digest.map(|digest| Node::new("digest", digest)));
        let all = self.signatures.len();
        nodes.extend(self.signatures.iter().zip(1..).map(|(one, number)| one.node(format!("{number} of {all}"))));
        nodes.extend(self.note().map(|note| Node::new("note", note)));
        nodes
    }

    /// Says once that nothing is verified.
    fn note(&self) -> Option<&'static str> {
        if self.manifest.is_some() {
            Some("its signature and the files were not verified here: skexec verify does that")
        } else if !self.signatures.is_empty() {
            Some("no signature was verified here: skexec verify does that")
        } else {
            None
        }
    }
}

fn problem(file: &Parsed<&[u8]>, manifest: Option<&Result<Manifest, Finding>>) -> Option<String> {
    let problem = match file.format() {
        Format::Initrd => None,
        Format::Manifest => manifest.and_then(|manifest| manifest.as_ref().err()),
        // What is no UKI may be an add-on, which needs no kernel.
        Format::Pe if matches!(file.uki(), Some(Ok(_))) => None,
        Format::Unknown => return Some(Finding::from(Reason::UnknownFormat).to_string()),
        _ => file.loadable().err().or_else(|| file.pe().and_then(Result::err)),
    };
    problem.map(Finding::to_string)
}

/// The initrd: the file itself, or that in a UKI.
fn initrd_of<'a>(file: &'a Parsed<&[u8]>) -> Option<&'a [u8]> {
    match file.format() {
        Format::Initrd => Some(file.bytes()),
        _ => file.uki()?.ok()?.content(file.bytes(), Name::Initrd),
    }
}
