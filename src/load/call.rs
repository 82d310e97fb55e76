//! The call itself, and what its errno means here.

use super::fit;
use crate::authorize::Authorized;
use crate::digest::sha256;
use crate::machine::Machine;
use crate::permit::explain;
use crate::plan::Segments;
use crate::reason::{Finding, Reason};
use crate::sealed::Sealed;
use crate::sys::{FileLoad, Kexec, Lease, Segment, SegmentsLoad};
use crate::system::{Method, Slot};
use nix::errno::Errno;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::{AsFd, BorrowedFd};

/// A load that failed.
#[derive(Debug)]
pub(super) struct Failed {
    /// Why.
    pub(super) finding: Finding,
    /// Whether the kernel still has what it had before: not so where it took an image that had to be taken back.
    pub(super) kept: bool,
}

impl From<Finding> for Failed {
    fn from(finding: Finding) -> Self {
        Self { finding, kept: true }
    }
}

/// Hands the sealed bytes to the kernel; where the machine insists on the file itself, that file, held still and
/// compared.
pub(super) fn file_load(
    kexec: &dyn Kexec,
    machine: &Machine,
    authorized: &Authorized,
    slot: Slot,
) -> Result<(), Failed> {
    let sealed = authorized.kernel().sealed();
    if !machine.ima.wants_original() && !machine.load_pin.wants_original() {
        return Ok(attempt(kexec, machine, authorized, slot, sealed.fd())?);
    }
    let lease = hold(sealed)?;
    same(sealed)?;
    attempt(kexec, machine, authorized, slot, sealed.original().as_fd())?;
    let broken = || Finding::new(Reason::ChangedWhileRead, "a writer opened it during the load");
    let still = same(sealed).and_then(|()| if lease.held() { Ok(()) } else { Err(broken()) });
    still.map_err(|finding| take_back(kexec, slot, finding))
}

/// Hands segments to the kernel.
pub(super) fn segments_load(kexec: &dyn Kexec, machine: &Machine, segments: &Segments<'_>) -> Result<(), Failed> {
    let parts = segments.parts.iter();
    let raw: Vec<_> = parts
        .map(|part| Segment { bytes: &part.bytes, at: part.range.start().get(), memory: part.range.len() })
        .collect();
    let load = SegmentsLoad { entry: segments.entry.get(), segments: &raw };
    let answer = kexec.segments_load(&load);
    Ok(answer.map_err(|errno| {
        let mut finding = explain(errno, machine, Method::Segments, Slot::Reboot);
        finding.detail.push_str(&given(segments));
        finding
    })?)
}

/// What the call was given, for whoever has to find out why the kernel refused it.
fn given(segments: &Segments<'_>) -> String {
    let each = segments.parts.iter().map(|part| {
        format!("{} at {} ({} of {} bytes)", part.name, part.range.start(), part.bytes.len(), part.range.len())
    });
    let each: Vec<_> = each.collect();
    format!("; entry {}, flags KEXEC_ARCH_X86_64, {} segments: {}", segments.entry, each.len(), each.join(", "))
}

/// Unloads what nobody can vouch for.
fn take_back(kexec: &dyn Kexec, slot: Slot, mut finding: Finding) -> Failed {
    if let Err(errno) = kexec.file_unload(slot == Slot::Panic) {
        let errno = Errno::from_raw(errno).desc();
        finding.detail.push_str(&format!("; the kernel has it, and unloading it failed ({errno}): do not boot it"));
    }
    Failed { finding, kept: false }
}

fn attempt(
    kexec: &dyn Kexec,
    machine: &Machine,
    authorized: &Authorized,
    slot: Slot,
    kernel: BorrowedFd<'_>,
) -> Result<(), Finding> {
    let cmdline = authorized.cmdline().for_file_load(authorized.image().cmdline_size())?;
    let load = FileLoad {
        kernel,
        initrd: authorized.initrds().fd(),
        cmdline: &cmdline,
        flags: fit::file_flags(machine, slot),
    };
    kexec.file_load(&load).map_err(|errno| explain(errno, machine, Method::File, slot))
}

/// Sees to it that nobody can open the file for writing.
fn hold(sealed: &Sealed) -> Result<Lease<'_>, Finding> {
    Lease::take(sealed.original()).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => Reason::WriterOpen.into(),
        _ => Finding::new(Reason::Unreadable, format!("no lease on {}: {error}", sealed.path().display())),
    })
}

/// Whether the file still has the bytes that were verified.
fn same(sealed: &Sealed) -> Result<(), Finding> {
    let changed = |seen: String| Finding::new(Reason::ChangedWhileRead, seen);
    let mut file: &File = sealed.original();
    let limit = u64::try_from(sealed.bytes().len()).unwrap_or(u64::MAX).saturating_add(1);
    let mut hasher = Sha256::new();
    let read = file.rewind().and_then(|()| io::copy(&mut file.take(limit), &mut hasher)).and_then(|_| file.rewind());
    read.map_err(|error| changed(error.to_string()))?;
    if <[u8; 32]>::from(hasher.finalize()) == sha256(&[sealed.bytes()]) {
        Ok(())
    } else {
        Err(changed("the file is no longer what was verified".into()))
    }
}
