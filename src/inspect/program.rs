//! A PE: its headers, its sections and its SBAT.

use super::tree::Node;
use crate::digest::Hashed;
use crate::hex;
use crate::image::pe::{self, Pe};
use serde::Serialize;

/// The most rows of SBAT that are shown.
const MOST_ROWS: usize = 64;

/// The headers.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Program {
    machine: String,
    subsystem: String,
    checksum: u32,
    image_size: usize,
    /// The rows of `.sbat`, as they were written.
    sbat: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Section {
    name: String,
    offset: usize,
    bytes: usize,
    virtual_address: usize,
    virtual_size: usize,
    sha256: String,
}

impl Program {
    pub(super) fn new(bytes: &[u8], pe: &Pe) -> Self {
        let checksum = bytes.get(pe.checksum.clone()).and_then(|field| field.first_chunk().copied());
        Self {
            machine: machine(pe.machine),
            subsystem: subsystem(pe.subsystem),
            checksum: checksum.map(u32::from_le_bytes).unwrap_or_default(),
            image_size: pe.image_size,
            sbat: sbat(bytes, pe),
        }
    }

    pub(super) fn nodes(&self) -> Vec<Node> {
        let mut nodes = vec![Node::new("program", format!("{}, {}", self.subsystem, self.machine)).with([
            Node::new("memory", format!("{} bytes", self.image_size)).detail(),
            Node::new("checksum", format!("{:#010x}", self.checksum)).detail(),
        ])];
        nodes.extend(self.sbat.iter().map(|row| Node::new("sbat", row)));
        nodes
    }
}

fn machine(number: u16) -> String {
    match number {
        pe::MACHINE_X86_64 => "x86-64".to_owned(),
        0x014c => "i386".to_owned(),
        0xaa64 => "aarch64".to_owned(),
        0x5064 => "riscv64".to_owned(),
        0x6264 => "loongarch64".to_owned(),
        other => format!("machine {other:#06x}"),
    }
}

fn subsystem(number: u16) -> String {
    match number {
        pe::EFI_APPLICATION => "EFI application".to_owned(),
        11 => "EFI boot service driver".to_owned(),
        12 => "EFI runtime driver".to_owned(),
        other => format!("subsystem {other}"),
    }
}

fn sbat(bytes: &[u8], pe: &Pe) -> Vec<String> {
    let Some(section) = pe.sections.iter().find(|section| section.name() == b".sbat") else { return Vec::new() };
    let content = bytes.get(content(section)).unwrap_or_default();
    let text = content.split(|byte| *byte == 0).next().unwrap_or_default();
    let rows = text.split(|byte| matches!(byte, b'\n' | b'\r')).filter(|row| !row.is_empty()).take(MOST_ROWS);
    rows.map(|row| String::from_utf8_lossy(row.get(..200).unwrap_or(row)).into_owned()).collect()
}

/// The bytes of a section without its padding.
fn content(section: &pe::Section) -> std::ops::Range<usize> {
    let length = match section.virtual_size {
        0 => section.raw.len(),
        size => size.min(section.raw.len()),
    };
    section.raw.start..section.raw.start.saturating_add(length)
}

pub(super) fn sections<B: AsRef<[u8]>>(file: &Hashed<B>, pe: &Pe) -> Vec<Section> {
    let describe = |section: &pe::Section| Section {
        name: String::from_utf8_lossy(section.name()).into_owned(),
        offset: section.raw.start,
        bytes: section.raw.len(),
        virtual_address: section.virtual_address,
        virtual_size: section.virtual_size,
        sha256: hex::encode(&file.sha256(&[content(section)])),
    };
    pe.sections.iter().map(describe).collect()
}

impl Section {
    pub(super) fn node(&self) -> Node {
        let seen = format!("{:<9} {:#010x} {:>10} bytes", self.name, self.offset, self.bytes);
        Node::new("section", seen).with([
            Node::new("memory", format!("{} bytes at {:#x}", self.virtual_size, self.virtual_address)).detail(),
            Node::new("sha256", &self.sha256).detail(),
        ])
    }
}
