//! The call itself, and what its errno means here.

use super::fit;
use crate::authorize::Authorized;
use crate::machine::Machine;
use crate::reason::{Finding, Reason};
use crate::record::Slot;
use crate::sealed::Sealed;
use crate::sys::{FileLoad, Kexec, Lease};
use crate::trust::digest::sha256;
use nix::errno::Errno;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::{AsFd, BorrowedFd};

/// Hands the sealed bytes to the kernel; where the machine insists on the file itself, that file, held still and
/// compared.
pub(super) fn file_load(
    kexec: &dyn Kexec,
    machine: &Machine,
    authorized: &Authorized,
    slot: Slot,
) -> Result<(), Finding> {
    let sealed = authorized.kernel().sealed();
    if !machine.ima.wants_original() && !machine.load_pin.wants_original() {
        return attempt(kexec, machine, authorized, slot, sealed.fd());
    }
    let call = || attempt(kexec, machine, authorized, slot, sealed.original().as_fd());
    original(sealed, call, || {
        // What was loaded cannot be vouched for; the kernel's answer to this changes nothing.
        let _ = kexec.unload(slot == Slot::Panic);
    })
}

fn attempt(
    kexec: &dyn Kexec,
    machine: &Machine,
    authorized: &Authorized,
    slot: Slot,
    kernel: BorrowedFd<'_>,
) -> Result<(), Finding> {
    let cmdline = authorized.cmdline().for_file_load(authorized.header().cmdline_size)?;
    let load = FileLoad {
        kernel,
        initrd: authorized.initrds().fd(),
        cmdline: &cmdline,
        flags: fit::file_flags(machine, slot),
    };
    kexec.load(&load).map_err(|errno| explain(errno, machine, slot == Slot::Panic))
}

/// Runs `call` on a file that nobody can open for writing meanwhile, and compares its bytes before and after.
fn original(sealed: &Sealed, call: impl FnOnce() -> Result<(), Finding>, undo: impl FnOnce()) -> Result<(), Finding> {
    let failed = |error: io::Error| Finding::new(Reason::Unreadable, format!("{}: {error}", sealed.path().display()));
    let lease = match Lease::take(sealed.original()) {
        Ok(lease) => lease,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(Reason::WriterOpen.into()),
        Err(error) => return Err(failed(error)),
    };
    same(sealed)?;
    call()?;
    let still = same(sealed);
    if still.is_ok() && lease.held() {
        return Ok(());
    }
    undo();
    still.and_then(|()| Err(Finding::new(Reason::ChangedWhileRead, "a writer opened it during the load")))
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

/// `ENOTSUPP`, which the kernel lets out though user space has no name for it.
const ENOTSUPP: i32 = 524;

/// The finding for an errno that the checks before the call did not foresee.
pub(crate) fn explain(errno: i32, machine: &Machine, panic: bool) -> Finding {
    let (name, text) = match Errno::from_raw(errno) {
        _ if errno == ENOTSUPP => ("ENOTSUPP".to_owned(), "WIN_CERTIFICATE revision or type"),
        known => (format!("{known:?}"), known.desc()),
    };
    let reason = match Errno::from_raw(errno) {
        Errno::EPERM if machine.lockdown.restricts() => Reason::Lockdown,
        Errno::EPERM => Reason::NoCapability,
        Errno::EACCES => Reason::ImaRefused,
        Errno::EBUSY => Reason::Busy,
        Errno::ETXTBSY => Reason::WriterOpen,
        Errno::ENOSYS => Reason::NoKexecFile,
        Errno::ENOKEY => Reason::Lockdown,
        Errno::EADDRNOTAVAIL if panic => Reason::NoCrashKernel,
        Errno::EADDRNOTAVAIL => Reason::NoMemoryHole,
        _ => Reason::KernelRefused,
    };
    Finding::new(reason, format!("the kernel answered {name}: {text}"))
}
