//! The result of a load: every load ends with a report.

use super::obstacles::Seen;
use crate::arch::{Platform, Summary};
use crate::hex;
use crate::machine::Machine;
use crate::memory::PhysAddr;
use crate::placement::{Segment, digests, length};
use crate::reason::{Exit, Warning};
use crate::report::Report;
use crate::segments::CrashPlan;
use serde::Serialize;

/// What is handed to the kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// `file` or `segments`.
    pub method: &'static str,
    /// Why it is that method.
    pub why: &'static str,
    /// Flags of `kexec_file_load`, by name.
    pub flags: Vec<&'static str>,
    /// Bytes of the kernel file.
    pub kernel_bytes: u64,
    /// Bytes of memory that the kernel needs from its load address on (of a vmlinux, from its first address to its last).
    pub init_size: u64,
    /// The initrds, in order.
    pub initrds: Vec<String>,
    /// Paths of the files that are added to the initrd.
    pub injected: Vec<String>,
    /// Bytes of all initrds, joined.
    pub initrd_bytes: u64,
    /// Bytes of memory in all.
    pub memory_bytes: u64,
    /// Half of the machine's memory, in bytes; the crash kernel's reservation for a crash kernel. Nothing where it is not
    /// known: then the kernel decides.
    pub memory_limit: Option<u64>,
    /// The command line.
    pub cmdline: String,
    /// `embedded`, `detached`, `uki`, `manifest` or `waived`.
    pub basis: &'static str,
    /// How the kernel lies in its segments: `vmlinux`, `elided`, `classic`, or `linked` for an ELF vmlinux; only with segments, as
    /// all below.
    pub layout: Option<&'static str>,
    /// Why it is that layout: for each that comes before it, why it does not apply.
    pub layout_why: Option<String>,
    /// Where the running kernel jumps to, a physical address.
    pub entry: Option<PhysAddr>,
    /// The segments, in ascending order of their addresses.
    pub segments: Vec<SegmentLine>,
    /// What the next kernel and the purgatory are told.
    pub summary: Option<Summary>,
    /// The physical memory, drawn to scale.
    #[serde(skip)]
    pub drawing: Vec<String>,
}

impl Plan {
    /// The plan of a crash kernel: what it may take is its reservation, and it is given a command line with one more parameter.
    pub(super) fn of_crash(self, crash: &CrashPlan) -> Self {
        Self { memory_limit: Some(crash.bytes()), cmdline: crash.cmdline().as_str().into(), ..self }
    }
}

/// One segment of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SegmentLine {
    /// What it is.
    pub name: String,
    /// The physical address that it goes to.
    pub addr: PhysAddr,
    /// Bytes that are put there.
    pub bufsz: u64,
    /// Bytes of memory; what is not put there is zero.
    pub memsz: u64,
    /// SHA-256 of the bytes, in hexadecimal; nothing unless [`Request::segment_digests`](super::Request::segment_digests) asks for it.
    pub sha256: Option<String>,
}

impl SegmentLine {
    /// A line for each segment, with its digest or without.
    pub(super) fn all(segments: &[Segment<'_>], with_digests: bool) -> Vec<Self> {
        let hashed = if with_digests { segments } else { &[] };
        let contents: Vec<_> = hashed.iter().map(|segment| &*segment.bytes).collect();
        let mut computed = digests(&contents).into_iter();
        let line = |segment: &Segment<'_>| Self {
            name: segment.name.to_string(),
            addr: segment.range.start(),
            bufsz: length(&segment.bytes),
            memsz: segment.range.len(),
            sha256: computed.next().map(|digest| hex::encode(&digest)),
        };
        segments.iter().map(line).collect()
    }
}

/// The result of a load.
#[derive(Debug)]
pub struct Outcome {
    /// The report on the kernel, with a refusal for whatever reason.
    pub report: Report,
    /// The warnings.
    pub warnings: Vec<Warning>,
    /// What was handed over, or would be.
    pub plan: Option<Plan>,
    /// The running kernel's keys that the image's signature leads to, and where they seem to come from.
    pub keys: Vec<String>,
    /// Whether the kernel has it now.
    pub loaded: bool,
    /// Whether loading was turned off afterwards; nothing where that was not asked for or nothing was loaded.
    pub locked: Option<bool>,
    /// What tells this load from any other, for whoever boots it; nothing where nothing was loaded.
    pub(crate) identity: Option<String>,
    /// What a dry run saw of the kernel.
    pub(super) seen: Option<Seen>,
    /// The machine that it saw. Not all of it can be read a second time.
    pub(super) here: Option<(Machine, Platform)>,
}

impl Outcome {
    /// The exit code: that of the report, or 1 where the kernel was loaded but could not be locked.
    #[must_use]
    pub fn exit(&self) -> Exit {
        if self.locked == Some(false) { Exit::Failed } else { self.report.exit() }
    }
}
