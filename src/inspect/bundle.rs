//! The parts of a UKI or of an add-on, as `inspect` shows them.

use super::Anchors;
use super::measured::{self, Measured};
use super::signature::{self, Signature};
use super::tree::Node;
use crate::digest::{Algorithm, Hashed};
use crate::hex;
use crate::image::Parsed;
use crate::image::pe::Pe;
use crate::image::uki::{Name, Part, Uki};
use crate::trust::authenticode::image_digest;
use serde::Serialize;
use std::slice::from_ref;

/// What a UKI or an add-on consists of.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Bundle {
    /// The number of the profile that would be booted; nothing without profiles.
    profile: Option<usize>,
    profiles: Vec<ProfileLine>,
    parts: Vec<PartLine>,
    pcrsig: Vec<Measured>,
    kernel: Option<Inner>,
}

#[derive(Debug, Clone, Serialize)]
struct ProfileLine {
    id: Option<String>,
    title: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct PartLine {
    name: &'static str,
    /// The number of the profile that it belongs to; nothing for the base.
    profile: Option<usize>,
    /// Whether a boot of the profile uses it.
    used: bool,
    bytes: usize,
    sha256: String,
    /// The content of a section of text.
    text: Option<String>,
}

/// The kernel in `.linux`, as far as it is a PE of its own.
#[derive(Debug, Clone, Serialize)]
struct Inner {
    digest: String,
    signatures: Vec<Signature>,
}

/// The sections of text, and whether a line of theirs tells enough to be always shown.
const TEXTS: [(Name, bool); 6] = [
    (Name::Cmdline, true),
    (Name::Uname, true),
    (Name::Osrel, false),
    (Name::Profile, false),
    (Name::Sbat, false),
    (Name::PcrPkey, false),
];

impl Bundle {
    pub(super) fn of<B: AsRef<[u8]>>(file: &Parsed<B>, anchors: Anchors<'_>) -> Option<Self> {
        let uki = file.uki()?.ok()?;
        let profiles = uki.profiles.iter().map(|own| ProfileLine { id: own.id.clone(), title: own.title.clone() });
        Some(Self {
            profile: uki.chosen,
            profiles: profiles.collect(),
            parts: uki.parts.iter().map(|part| line(file.file(), uki, part)).collect(),
            pcrsig: uki.content(file.bytes(), Name::PcrSig).map(measured::of).unwrap_or_default(),
            kernel: file.linux().and_then(|linux| Inner::of(&linux, anchors)),
        })
    }

    pub(super) fn nodes(&self) -> Vec<Node> {
        let profile = |(number, own): (usize, &ProfileLine)| {
            let chosen = if self.profile == Some(number) { ", chosen" } else { "" };
            let id = own.id.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
            let title = own.title.as_ref().map(|title| format!(" {title}")).unwrap_or_default();
            Node::new("profile", format!("{number}{id}{title}{chosen}"))
        };
        let mut nodes: Vec<_> = self.profiles.iter().enumerate().map(profile).collect();
        nodes.extend(self.parts.iter().map(PartLine::node));
        nodes.extend(self.pcrsig.iter().map(Measured::node));
        nodes.extend(self.kernel.as_ref().map(Inner::node));
        nodes
    }

    /// The text of the command line that a boot uses.
    pub(super) fn cmdline(&self) -> Option<&String> {
        self.parts.iter().find(|part| part.used && part.name == Name::Cmdline.text())?.text.as_ref()
    }
}

impl Inner {
    fn of(linux: &Hashed<&[u8]>, anchors: Anchors<'_>) -> Option<Self> {
        let pe = Pe::parse(linux.bytes()).ok()?;
        let digest = image_digest(linux, &pe, Algorithm::Sha256).to_string();
        Some(Self { digest, signatures: signature::embedded(linux, &pe, anchors) })
    }

    fn node(&self) -> Node {
        let signed = if self.signatures.is_empty() { "not signed itself" } else { "signed itself" };
        let digest = self.digest.strip_prefix("sha256:").unwrap_or(&self.digest);
        let all = self.signatures.len();
        let signatures = self.signatures.iter().zip(1..).map(|(one, number)| one.node(format!("{number} of {all}")));
        Node::new(".linux", signed).with([Node::new("digest", digest)]).with(signatures)
    }
}

fn line<B: AsRef<[u8]>>(file: &Hashed<B>, uki: &Uki, part: &Part) -> PartLine {
    let shown = TEXTS.iter().any(|(name, _)| *name == part.name);
    PartLine {
        name: part.name.text(),
        profile: part.profile,
        used: uki.at(part.name).as_ref() == Some(&part.at),
        bytes: part.at.len(),
        sha256: hex::encode(&file.sha256(from_ref(&part.at))),
        text: part.text(file.bytes()).filter(|_| shown).map(Into::into),
    }
}

impl PartLine {
    fn node(&self) -> Node {
        let place = self.profile.map_or_else(|| "base".to_owned(), |number| format!("profile {number}"));
        let used = if self.used { "" } else { ", not used" };
        let always = TEXTS.iter().any(|(name, always)| name.text() == self.name && *always);
        let lines = self
            .text
            .iter()
            .flat_map(|text| text.lines())
            .map(|line| Node { detail: !always && !line.starts_with("PRETTY_NAME="), ..Node::new("", line) });
        let seen = format!("{:<9} {:>21} bytes, {place}{used}", self.name, self.bytes);
        Node::new("part", seen).with([Node::new("", &self.sha256)]).with(lines)
    }
}
