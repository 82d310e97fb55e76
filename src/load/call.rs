//! The system call that loads, and the meaning of its errno.

use super::fit;
use crate::authorize::Authorized;
use crate::causes;
use crate::digest::{Algorithm, Hashed};
use crate::machine::Machine;
use crate::reason::{Errno, Finding, Reason};
use crate::sealed::Sealed;
use crate::segments::Segments;
use crate::sys::{FileLoad, Kexec, Lease, Memfd, RawSegment, SegmentsLoad, flags};
use crate::system::{Method, Slot, System};
use nix::libc::EIO;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::{AsFd, BorrowedFd};

/// A load that failed.
#[derive(Debug)]
pub(super) struct Failed {
    /// Why.
    pub(super) finding: Finding,
    /// Whether the record of what the kernel held before may be kept: not where it took an image that then had to be unloaded.
    pub(super) kept: bool,
}

impl From<Finding> for Failed {
    fn from(finding: Finding) -> Self {
        Self { finding, kept: true }
    }
}

/// Hands the sealed bytes to the kernel. Where IMA or LoadPin must see the original file, hands over that file: a lease keeps
/// writers out, and its bytes are compared with the verified ones before and after the call. A kernel that is a part of its file is
/// handed over as the `copy`, which no such mechanism accepts: [`Demands`](crate::authorize::Demands) refuses it there.
pub(super) fn file_load(
    system: System<'_>,
    machine: &Machine,
    authorized: &Authorized,
    copy: Option<&Memfd>,
    slot: Slot,
) -> Result<(), Failed> {
    if let Some(copy) = copy {
        return Ok(attempt(system, machine, authorized, slot, copy.as_fd())?);
    }
    let file = authorized.kernel().file().file();
    let sealed = file.owner();
    if !machine.ima.wants_original() && !machine.load_pin.wants_original() {
        let none = || Finding::new(Reason::Unreadable, "the kernel was read for segments");
        return Ok(attempt(system, machine, authorized, slot, sealed.fd().ok_or_else(none)?)?);
    }
    let lease = hold(sealed)?;
    same(file)?;
    attempt(system, machine, authorized, slot, sealed.original().as_fd())?;
    let broken = || Finding::new(Reason::ChangedWhileRead, "a writer opened it during the load");
    let still = same(file).and_then(|()| if lease.held() { Ok(()) } else { Err(broken()) });
    still.map_err(|finding| take_back(system.kexec, slot, finding))
}

/// Hands segments to the kernel.
pub(super) fn segments_load(
    system: System<'_>,
    machine: &Machine,
    (segments, flags): (&Segments<'_>, u64),
    slot: Slot,
) -> Result<(), Failed> {
    let list = segments.list.iter();
    let raw: Vec<_> = list
        .map(|own| RawSegment { bytes: &own.bytes, at: own.range.start().get(), memory: own.range.len() })
        .collect();
    let load = SegmentsLoad { entry: segments.entry.get(), segments: &raw, flags };
    let answer = system.kexec.segments_load(&load);
    Ok(answer.map_err(|errno| {
        let mut finding = causes::of_failed(system.root, Method::Segments.into(), errno, slot, machine);
        finding.detail.push_str(&given(segments, flags));
        finding
    })?)
}

/// The arguments of the call, for whoever has to find out why the kernel refused it.
fn given(segments: &Segments<'_>, mask: u64) -> String {
    let each = segments
        .list
        .iter()
        .map(|own| format!("{} at {} ({} of {} bytes)", own.name, own.range.start(), own.bytes.len(), own.range.len()));
    let each: Vec<_> = each.collect();
    let crash = if mask & flags::CRASH_SEGMENTS != 0 { " | KEXEC_ON_CRASH" } else { "" };
    let hotplug = if mask & flags::CRASH_HOTPLUG != 0 { " | KEXEC_CRASH_HOTPLUG_SUPPORT" } else { "" };
    let flags = format!("{}{crash}{hotplug}", flags::ARCH_NAME);
    format!("; entry {}, flags {flags}, {} segments: {}", segments.entry, each.len(), each.join(", "))
}

/// Unloads an image whose bytes may not be the verified ones.
fn take_back(kexec: &dyn Kexec, slot: Slot, mut finding: Finding) -> Failed {
    if let Err(errno) = kexec.file_unload(slot == Slot::Panic) {
        let errno = Errno::describe(errno);
        finding
            .detail
            .push_str(&format!("; the kernel holds this image, and unloading it failed ({errno}): do not boot it"));
    }
    Failed { finding, kept: false }
}

fn attempt(
    system: System<'_>,
    machine: &Machine,
    authorized: &Authorized,
    slot: Slot,
    kernel: BorrowedFd<'_>,
) -> Result<(), Finding> {
    let cmdline = authorized.cmdline().for_file_load(authorized.image().cmdline_size())?;
    let load = FileLoad {
        kernel,
        initrd: authorized.initrds().fd()?,
        cmdline: &cmdline,
        flags: fit::file_flags(machine, slot),
    };
    let answer = system.kexec.file_load(&load);
    answer.map_err(|errno| {
        // The kernel does not say which file it cannot read: an initrd may be its own file, and the kernel mostly is a copy in memory.
        let fault = if errno == EIO { authorized.initrds().fault() } else { None };
        fault.unwrap_or_else(|| causes::of_failed(system.root, Method::File.into(), errno, slot, machine))
    })
}

/// Takes a lease on the file, so that nobody can open it for writing.
fn hold(sealed: &Sealed) -> Result<Lease<'_>, Finding> {
    Lease::take(sealed.original()).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => Reason::WriterOpen.into(),
        _ => Finding::new(Reason::Unreadable, format!("no lease on {}: {error}", sealed.path().display())),
    })
}

/// Whether the file still has the bytes that were verified.
fn same(verified: &Hashed<Sealed>) -> Result<(), Finding> {
    let sealed = verified.owner();
    let changed = |seen: String| Finding::new(Reason::ChangedWhileRead, seen);
    let mut file: &File = sealed.original();
    let limit = u64::try_from(sealed.bytes().len()).unwrap_or(u64::MAX).saturating_add(1);
    let mut hasher = Sha256::new();
    let read = file.rewind().and_then(|()| io::copy(&mut file.take(limit), &mut hasher)).and_then(|_| file.rewind());
    read.map_err(|error| changed(error.to_string()))?;
    if hasher.finalize()[..] == verified.whole(Algorithm::Sha256).value {
        Ok(())
    } else {
        Err(changed("its bytes are no longer those that were verified".into()))
    }
}
