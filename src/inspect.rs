//! `skexec inspect`: what a file claims about itself, unverified.

mod bundle;

use crate::digest::Algorithm;
use crate::hex;
use crate::image::bzimage::SetupHeader;
use crate::image::elf::Vmlinux;
use crate::image::manifest::Manifest;
use crate::image::pe::{self, Pe};
use crate::image::{Format, Kernel, Parsed};
use crate::memory::PhysAddr;
use crate::reason::{Finding, Reason};
use crate::report::ManifestReport;
use crate::trust::authenticode::{image_digest, signatures};
use crate::trust::pkcs7::{Profile, SignedData};
use bundle::Bundle;
use serde::Serialize;
use std::path::Path;

/// A file's own account.
#[derive(Debug, Clone, Serialize)]
pub struct Description {
    schema: u32,
    path: String,
    bytes: usize,
    format: &'static str,
    /// Why it cannot be loaded as what it claims to be; nothing for a sound kernel or an initrd.
    problem: Option<String>,
    setup_header: Option<Header>,
    elf: Option<ElfHeaders>,
    sections: Vec<Section>,
    uki: Option<Bundle>,
    manifest: Option<ManifestReport>,
    digest: Option<String>,
    signatures: Vec<Signature>,
    #[serde(skip)]
    unknown: Option<Finding>,
}

#[derive(Debug, Clone, Serialize)]
struct Header {
    release: Option<String>,
    protocol: String,
    setup_size: usize,
    system_size: usize,
    init_size: u32,
    pref_address: u64,
    kernel_alignment: u32,
    relocatable: bool,
    xloadflags: u16,
    cmdline_size: u32,
}

/// The program headers of a vmlinux.
#[derive(Debug, Clone, Serialize)]
struct ElfHeaders {
    release: Option<String>,
    entry: PhysAddr,
    segments: Vec<ElfSegment>,
}

#[derive(Debug, Clone, Serialize)]
struct ElfSegment {
    address: PhysAddr,
    file_bytes: usize,
    memory_bytes: u64,
}

#[derive(Debug, Clone, Serialize)]
struct Section {
    name: String,
    offset: usize,
    bytes: usize,
}

#[derive(Debug, Clone, Serialize)]
struct Signature {
    signer: Option<String>,
    issuer: Option<String>,
    sha256: Option<String>,
    problem: Option<String>,
}

impl Description {
    /// Describes a file's bytes.
    #[must_use]
    pub fn new(path: String, bytes: &[u8]) -> Self {
        Self::with_profile(path, bytes, None)
    }

    /// The same; of a UKI, with the profile of this number or ID.
    #[must_use]
    pub fn with_profile(path: String, bytes: &[u8], profile: Option<&str>) -> Self {
        let file = Parsed::with_profile(bytes, profile);
        let pe = file.pe().transpose();
        let unknown = (file.format() == Format::Unknown).then(|| Finding::from(Reason::UnknownFormat));
        let manifest = (file.format() == Format::Manifest).then(|| Manifest::parse(bytes));
        let problem = match file.format() {
            Format::Initrd => None,
            Format::Manifest => manifest.as_ref().and_then(|manifest| manifest.as_ref().err()),
            Format::Unknown => unknown.as_ref(),
            // What is no UKI may be an add-on, which needs no kernel.
            Format::Pe if matches!(file.uki(), Some(Ok(_))) => None,
            _ => file.loadable().err().or(pe.err()),
        };
        let problem = problem.map(Finding::to_string);
        let pe = pe.ok().flatten();
        let (setup_header, elf) = match file.loadable().ok().cloned() {
            Some(Kernel::BzImage(header)) => (Some(Header::from(header)), None),
            Some(Kernel::Elf(vmlinux)) => (None, Some(ElfHeaders::from(vmlinux))),
            None => (None, None),
        };
        let manifest = manifest.and_then(Result::ok).map(|manifest| ManifestReport::new(Path::new(&path), &manifest));
        Self {
            schema: 1,
            path,
            bytes: bytes.len(),
            format: file.format().name(),
            problem,
            unknown,
            setup_header,
            elf,
            sections: pe.map(sections).unwrap_or_default(),
            uki: Bundle::of(&file),
            manifest,
            digest: pe.map(|pe| image_digest(file.file(), pe, Algorithm::Sha256).to_string()),
            signatures: pe.map(|pe| table(bytes, pe)).unwrap_or_default(),
        }
    }

    /// That the file is of no format that could be described.
    #[must_use]
    pub const fn unknown(&self) -> Option<&Finding> {
        self.unknown.as_ref()
    }

    /// The lines for people.
    #[must_use]
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![("format", self.format.to_owned()), ("size", format!("{} bytes", self.bytes))];
        lines.extend(self.problem.clone().filter(|_| self.unknown.is_none()).map(|problem| ("problem", problem)));
        if let Some(header) = &self.setup_header {
            lines.extend(header.lines());
        }
        if let Some(elf) = &self.elf {
            lines.extend(elf.lines());
        }
        for section in &self.sections {
            lines
                .push(("section", format!("{:<9} {:#010x} {:>10} bytes", section.name, section.offset, section.bytes)));
        }
        lines.extend(self.uki.iter().flat_map(Bundle::lines));
        if let Some(manifest) = &self.manifest {
            lines.extend(manifest.lines());
            let unverified = "its signature and the files were not verified here: skexec verify does that";
            lines.push(("note", unverified.to_owned()));
        }
        let digest = self.digest.as_deref().and_then(|digest| digest.strip_prefix("sha256:"));
        lines.extend(digest.map(|digest| ("sha256", digest.to_owned())));
        lines.extend(self.signatures.iter().flat_map(Signature::lines));
        lines
    }
}

impl From<SetupHeader> for Header {
    fn from(header: SetupHeader) -> Self {
        Self {
            release: header.release,
            protocol: format!("{}.{:02}", header.version >> 8, header.version & 0xff),
            setup_size: header.setup_size,
            system_size: header.system_size,
            init_size: header.init_size,
            pref_address: header.pref_address,
            kernel_alignment: header.kernel_alignment,
            relocatable: header.relocatable,
            xloadflags: header.xloadflags,
            cmdline_size: header.cmdline_size,
        }
    }
}

impl Header {
    fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines: Vec<_> = self.release.clone().map(|release| ("release", release)).into_iter().collect();
        let flags = format!("protocol {}, xloadflags {:#x}", self.protocol, self.xloadflags);
        lines.push(("header", flags));
        lines.push(("layout", format!("setup {} bytes, system {} bytes", self.setup_size, self.system_size)));
        let place = if self.relocatable { "relocatable" } else { "fixed" };
        let wants = format!(
            "{} bytes at {:#x}, {place}, aligned to {:#x}",
            self.init_size, self.pref_address, self.kernel_alignment
        );
        lines.push(("memory", wants));
        lines.push(("cmdline", format!("at most {} bytes", self.cmdline_size)));
        lines
    }
}

impl From<Vmlinux> for ElfHeaders {
    fn from(vmlinux: Vmlinux) -> Self {
        let segments = vmlinux.segments.iter().map(|segment| ElfSegment {
            address: segment.at.start(),
            file_bytes: segment.file.len(),
            memory_bytes: segment.at.len(),
        });
        Self { segments: segments.collect(), entry: vmlinux.entry, release: vmlinux.release }
    }
}

impl ElfHeaders {
    fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines: Vec<_> = self.release.iter().map(|release| ("release", release.clone())).collect();
        lines.push(("entry", self.entry.to_string()));
        lines.extend(self.segments.iter().map(|segment| {
            let ElfSegment { address, file_bytes, memory_bytes } = segment;
            ("PT_LOAD", format!("{address}: {file_bytes} bytes of {memory_bytes}"))
        }));
        lines
    }
}

fn sections(pe: &Pe) -> Vec<Section> {
    let describe = |section: &pe::Section| Section {
        name: String::from_utf8_lossy(section.name()).into_owned(),
        offset: section.raw.start,
        bytes: section.raw.len(),
    };
    pe.sections.iter().map(describe).collect()
}

fn table(bytes: &[u8], pe: &Pe) -> Vec<Signature> {
    let Some(table) = pe.certificate_table.clone().and_then(|table| bytes.get(table)) else {
        return Vec::new();
    };
    match signatures(table) {
        Ok(bodies) => bodies.into_iter().map(signature).collect(),
        Err(finding) => vec![Signature::broken(&finding)],
    }
}

fn signature(body: &[u8]) -> Signature {
    let message = match SignedData::parse(Profile::Authenticode, body) {
        Ok(message) => message,
        Err(finding) => return Signature::broken(&finding),
    };
    let certificate = message.signer_certificate();
    Signature {
        signer: certificate.map(|certificate| certificate.subject()),
        issuer: certificate.map(|certificate| certificate.issuer()),
        sha256: certificate.map(|certificate| hex::encode(&certificate.sha256())),
        problem: None,
    }
}

impl Signature {
    fn lines(&self) -> Vec<(&'static str, String)> {
        let claim = |signer: &String| format!("claims to be signed by {signer} (not verified here)");
        let mut lines: Vec<_> = self.signer.iter().map(|signer| ("signer", claim(signer))).collect();
        lines.extend(self.issuer.clone().map(|issuer| ("issuer", issuer)));
        lines.extend(self.sha256.clone().map(|sha256| ("cert", sha256)));
        lines.extend(self.problem.clone().map(|problem| ("problem", problem)));
        lines
    }

    fn broken(finding: &Finding) -> Self {
        Self { signer: None, issuer: None, sha256: None, problem: Some(format!("{finding} ({})", finding.reason)) }
    }
}
