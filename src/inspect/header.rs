//! The setup_header of a bzImage, and the headers of a vmlinux.

use super::tree::Node;
use crate::image::bzimage::{LOADED_HIGH, SetupHeader, xloadflags};
use crate::image::elf::Vmlinux;
use crate::image::payload::Packed;
use crate::memory::PhysAddr;
use serde::Serialize;

#[derive(Debug, Clone, Serialize)]
pub(super) struct Header {
    release: Option<String>,
    protocol: String,
    setup_size: usize,
    system_size: usize,
    init_size: u32,
    pref_address: u64,
    kernel_alignment: u32,
    relocatable: bool,
    loadflags: u8,
    loadflag_names: Vec<String>,
    xloadflags: u16,
    xloadflag_names: Vec<String>,
    cmdline_size: u32,
    payload: Option<Payload>,
}

/// The compressed kernel.
#[derive(Debug, Clone, Serialize)]
struct Payload {
    compression: &'static str,
    unpacked_size: usize,
}

const LOADFLAGS: [(u8, &str); 5] = [
    (LOADED_HIGH, "LOADED_HIGH"),
    (1 << 1, "KASLR_FLAG"),
    (1 << 5, "QUIET_FLAG"),
    (1 << 6, "KEEP_SEGMENTS"),
    (1 << 7, "CAN_USE_HEAP"),
];

const XLOADFLAGS: [(u16, &str); 7] = [
    (xloadflags::KERNEL_64, "KERNEL_64"),
    (xloadflags::ABOVE_4G, "CAN_BE_LOADED_ABOVE_4G"),
    (xloadflags::HANDOVER_32, "EFI_HANDOVER_32"),
    (xloadflags::HANDOVER_64, "EFI_HANDOVER_64"),
    (xloadflags::EFI_KEXEC, "EFI_KEXEC"),
    (xloadflags::FIVE_LEVEL, "5LEVEL"),
    (xloadflags::FIVE_LEVEL_ENABLED, "5LEVEL_ENABLED"),
];

/// The names of the bits that are set; of bits without a name, their value.
fn flags<T: Into<u32> + Copy>(value: T, known: &[(T, &str)]) -> Vec<String> {
    let value: u32 = value.into();
    let mut rest = value;
    let mut names = Vec::new();
    for (bit, name) in known {
        let bit: u32 = (*bit).into();
        if value & bit != 0 {
            names.push((*name).to_owned());
            rest &= !bit;
        }
    }
    names.extend((rest != 0).then(|| format!("{rest:#x}")));
    names
}

impl Header {
    /// `kernel` is what the header was parsed from.
    pub(super) fn new(header: SetupHeader, kernel: &[u8]) -> Self {
        let payload = Packed::of(&header, kernel).ok();
        let payload = payload.map(|it| Payload { compression: it.format(), unpacked_size: it.unpacked_size() });
        Self {
            release: header.release,
            protocol: format!("{}.{:02}", header.version >> 8, header.version & 0xff),
            setup_size: header.setup_size,
            system_size: header.system_size,
            init_size: header.init_size,
            pref_address: header.pref_address,
            kernel_alignment: header.kernel_alignment,
            relocatable: header.relocatable,
            loadflags: header.loadflags,
            loadflag_names: flags(header.loadflags, &LOADFLAGS),
            xloadflags: header.xloadflags,
            xloadflag_names: flags(header.xloadflags, &XLOADFLAGS),
            cmdline_size: header.cmdline_size,
            payload,
        }
    }

    pub(super) fn nodes(&self) -> Vec<Node> {
        let mut nodes: Vec<_> = Node::of("release", self.release.as_ref()).into_iter().collect();
        let named = |value: String, names: &[String]| format!("{value}: {}", names.join(", "));
        nodes.push(Node::new("header", format!("protocol {}", self.protocol)).with([
            Node::new("xloadflags", named(format!("{:#x}", self.xloadflags), &self.xloadflag_names)),
            Node::new("loadflags", named(format!("{:#x}", self.loadflags), &self.loadflag_names)),
        ]));
        let layout = format!("setup {} bytes, system {} bytes", self.setup_size, self.system_size);
        nodes.push(Node::new("layout", layout));
        let place = if self.relocatable { "relocatable" } else { "fixed" };
        let wants = format!(
            "{} bytes at {:#x}, {place}, aligned to {:#x}",
            self.init_size, self.pref_address, self.kernel_alignment
        );
        nodes.push(Node::new("memory", wants));
        nodes.push(Node::new("cmdline", format!("at most {} bytes", self.cmdline_size)));
        if let Some(Payload { compression, unpacked_size }) = &self.payload {
            nodes.push(Node::new("payload", format!("{compression}, {unpacked_size} bytes unpacked")));
        }
        nodes
    }
}

/// The program headers of a vmlinux.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ElfHeaders {
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
    pub(super) fn nodes(&self) -> Vec<Node> {
        let mut nodes: Vec<_> = Node::of("release", self.release.as_ref()).into_iter().collect();
        nodes.push(Node::new("entry", self.entry.to_string()));
        nodes.extend(self.segments.iter().map(|segment| {
            let ElfSegment { address, file_bytes, memory_bytes } = segment;
            Node::new("PT_LOAD", format!("{address}: {file_bytes} bytes of {memory_bytes}"))
        }));
        nodes
    }
}
