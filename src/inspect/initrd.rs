//! What an initrd consists of.

use super::tree::{Node, count};
use crate::image::initrd::{self, Contents, EarlyFile};
use crate::image::payload::Compression;
use serde::Serialize;

#[derive(Debug, Clone, Serialize)]
pub(super) struct Initrd {
    segments: Vec<Segment>,
    /// What is wrong with it.
    problem: Option<String>,
}

/// A part of the file: cpio archives, compressed at once or not at all.
#[derive(Debug, Clone, Serialize)]
struct Segment {
    offset: usize,
    bytes: usize,
    /// `none`, or the name of the compression.
    compression: &'static str,
    /// Whether it holds files for the kernel's own start: microcode, ACPI tables.
    early: bool,
    archives: u64,
    entries: u64,
    content_bytes: u64,
    init: bool,
    systemd: bool,
    maker: Option<&'static str>,
    releases: Vec<String>,
    modules: u64,
    firmware: u64,
    microcode: Vec<Early>,
    acpi: Vec<Early>,
}

#[derive(Debug, Clone, Serialize)]
struct Early {
    vendor: Option<&'static str>,
    path: String,
    bytes: u64,
}

impl From<EarlyFile> for Early {
    fn from(file: EarlyFile) -> Self {
        let vendor = match file.path.rsplit('/').next() {
            Some("GenuineIntel.bin") => Some("Intel"),
            Some("AuthenticAMD.bin") => Some("AMD"),
            _ => None,
        };
        Self { vendor, path: file.path, bytes: file.bytes }
    }
}

impl Initrd {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let (found, behind) = initrd::segments(bytes);
        let fault = found.iter().find_map(|one| one.problem.clone().map(|what| (one.at.start, what)));
        let problem = fault.map(|(at, what)| format!("the segment at byte {at}: {what}")).or(behind);
        Self { segments: found.into_iter().map(Segment::from).collect(), problem }
    }

    pub(super) fn nodes(&self) -> Vec<Node> {
        let mut nodes: Vec<_> = self.segments.iter().map(Segment::node).collect();
        nodes.extend(Node::of("fault", self.problem.as_ref()));
        nodes
    }
}

impl From<initrd::Segment> for Segment {
    fn from(segment: initrd::Segment) -> Self {
        let Contents { archives, entries, bytes, init, systemd, maker, releases, modules, firmware, .. } =
            segment.contents.clone();
        let early = |files: Vec<EarlyFile>| files.into_iter().map(Early::from).collect::<Vec<_>>();
        let (microcode, acpi) = (early(segment.contents.microcode), early(segment.contents.acpi));
        Self {
            offset: segment.at.start,
            bytes: segment.at.len(),
            compression: segment.compression.map_or("none", Compression::name),
            early: !microcode.is_empty() || !acpi.is_empty(),
            archives,
            entries,
            content_bytes: bytes,
            init,
            systemd,
            maker,
            releases,
            modules,
            firmware,
            microcode,
            acpi,
        }
    }
}

impl Segment {
    fn node(&self) -> Node {
        let kind = match self.compression {
            "none" if self.early => "early cpio".to_owned(),
            "none" => "cpio".to_owned(),
            other => format!("cpio, {other}"),
        };
        let holds = format!("{}, {} bytes of files", count(self.entries, "entry", "entries"), self.content_bytes);
        let mut below = vec![Node::new("at", format!("byte {}", self.offset)).detail(), Node::new("holds", holds)];
        if self.archives != 1 {
            below.push(Node::new("archives", self.archives.to_string()));
        }
        for (key, files) in [("microcode", &self.microcode), ("ACPI", &self.acpi)] {
            below.extend(files.iter().map(|file| {
                let vendor = file.vendor.map(|vendor| format!("{vendor}, ")).unwrap_or_default();
                Node::new(key, format!("{vendor}{} bytes: {}", file.bytes, file.path))
            }));
        }
        below.extend(self.starts());
        if !self.releases.is_empty() {
            let of = self.releases.join(", ");
            below.push(Node::new("modules", format!("{} of {of}", self.modules)));
        }
        if self.firmware > 0 {
            below.push(Node::new("firmware", count(self.firmware, "file", "files")));
        }
        Node::new("segment", format!("{kind}, {} bytes", self.bytes)).with(below)
    }

    /// What the kernel would start.
    fn starts(&self) -> Option<Node> {
        let maker = self.maker.map(|maker| format!("made by {maker}"));
        let parts = [self.init.then(|| "/init".to_owned()), self.systemd.then(|| "systemd".to_owned()), maker];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| Node::new("starts", parts.join(", ")))
    }
}
