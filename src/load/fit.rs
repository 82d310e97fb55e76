//! Whether everything fits this machine, worked out before the call.

mod reservation;

use super::outcome::{Plan, SegmentLine};
use crate::arch::{Architecture as _, LaidOut, Platform};
use crate::authorize::{Authorized, Supply};
use crate::image::Kernel;
use crate::machine::Machine;
use crate::reason::{Finding, Reason};
use crate::segments::Segments;
use crate::sys::flags;
use crate::system::{Method, Slot};

const PAGE: u64 = 4096;
/// Room for boot_params, command line, setup_data and the kernel's own purgatory, which take a few pages.
const SMALL_SEGMENTS: u64 = 64 * 1024;
/// The kernel keeps lists of the pages, and tables of them: one part in so many.
const OVERHEAD: u64 = 32;
/// What skexec and the machine need meanwhile. With 1 MiB to spare of 412, Linux 6.1 killed skexec.
const OWN: u64 = 8 << 20;
/// Columns of a terminal.
const DRAWING_WIDTH: usize = 80;

/// The memory that a load needs for the kernel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Need {
    /// In whole pages.
    bytes: u64,
    /// What is in memory besides until the call has ended: copies of the kernel's file.
    copies: u64,
    method: Method,
}

impl Need {
    /// The kernel's own loader allocates all memory in which the kernel unpacks itself; segments need not.
    pub(super) fn of(kernel: &Kernel, method: Method) -> Self {
        // Ours, and where the running kernel reads the file, its own.
        let (bytes, copies) = match method {
            Method::File => (kernel.memory(), kernel.loaded().saturating_mul(2)),
            Method::Segments => (kernel.loaded(), kernel.loaded()),
        };
        Self { bytes: pages(bytes), copies: pages(copies), method }
    }

    const fn what(self) -> &'static str {
        match self.method {
            Method::File => "the kernel (init_size)",
            Method::Segments => "the kernel",
        }
    }

    fn at_least(self, bytes: u64) -> Self {
        Self { bytes: self.bytes.max(pages(bytes)), ..self }
    }
}

/// The plan of the file method, if kernel, initrds and command line fit this machine.
///
/// # Errors
/// `no-5level`, `cmdline-too-long`, `half-of-ram`, `no-crashkernel`, `crash-too-small`.
pub(super) fn file(
    authorized: &Authorized,
    machine: &Machine,
    platform: &Platform,
    slot: Slot,
    why: &'static str,
) -> Result<Plan, Finding> {
    let image = authorized.image();
    platform.can_enter(image)?;
    authorized.cmdline().for_file_load(image.cmdline_size())?;
    let initrd_bytes = authorized.initrds().length();
    let kernel = Need::of(image, Method::File).at_least(kernel_bytes(authorized));
    let memory_bytes = kernel.bytes.saturating_add(pages(initrd_bytes)).saturating_add(SMALL_SEGMENTS);
    let memory_limit = limit(machine, slot)?;
    if let Some(limit) = memory_limit.filter(|limit| memory_bytes > *limit) {
        return Err(too_much(kernel, initrd_bytes, limit, slot));
    }
    if slot == Slot::Panic {
        reservation::has_room(image, kernel, initrd_bytes, machine)?;
    }
    Ok(Plan {
        flags: flag_names(file_flags(machine, slot), initrd_bytes == 0),
        memory_limit,
        ..plan(authorized, Method::File, why, memory_bytes)
    })
}

/// Whether kernel and initrds would fit, by the initrds' sizes and the least that is loaded of the kernel: on a small machine the
/// copy of too large an initrd could make the kernel kill processes. What is measured is read by skexec first.
///
/// # Errors
/// `half-of-ram`, `no-crashkernel`, `crash-too-small`, `out-of-memory`.
pub(super) fn before_copying(
    kernel: Need,
    initrds: &[Supply<'_>],
    measured: bool,
    machine: &Machine,
    slot: Slot,
) -> Result<(), Finding> {
    let initrd = initrds.iter().map(Supply::size).fold(0_u64, u64::saturating_add);
    match limit(machine, slot)? {
        Some(limit) if kernel.bytes.saturating_add(pages(initrd)) > limit => Err(too_much(kernel, initrd, limit, slot)),
        _ => {
            // The segments of a crash kernel lie in memory that is reserved.
            let image = if slot == Slot::Panic { 0 } else { kernel.bytes.saturating_add(pages(initrd)) };
            let copies = kernel.copies.saturating_add(pages(copies(initrds, kernel.method, measured)));
            room(image.saturating_add(copies), initrd, machine)
        }
    }
}

/// What the initrds take besides the image until the call has ended. The running kernel reads a file that it is given into memory of its
/// own (kernel/kexec_file.c, `kimage_file_prepare_segments`). Before that skexec has copied it, unless it is one file that nothing
/// checks. Bytes of a UKI or of added files are also where they come from.
fn copies(initrds: &[Supply<'_>], method: Method, measured: bool) -> u64 {
    let as_it_is = !measured && matches!(initrds, [one] if one.is_unclaimed_file());
    let everywhere = match method {
        Method::File if as_it_is => 1_u64,
        Method::File => 2,
        Method::Segments => 1,
    };
    let of = |one: &Supply<'_>| one.size().saturating_mul(everywhere.saturating_add(u64::from(one.is_in_memory())));
    initrds.iter().map(of).fold(0, u64::saturating_add)
}

/// Whether the free memory takes the image and what it is made from. The kernel allocates both in a way that kills a process where
/// nothing is left.
fn room(needed: u64, initrd: u64, machine: &Machine) -> Result<(), Finding> {
    let needed = needed.saturating_add(needed / OVERHEAD).saturating_add(OWN);
    match machine.memory.to_be_had() {
        Some(free) if needed > free => {
            let (needed, initrd, free) = (mebibytes(needed), mebibytes(initrd), free >> 20);
            let seen = format!("the load takes {needed} MiB, for an initrd of {initrd} MiB, and {free} MiB can be had");
            Err(Finding::new(Reason::OutOfMemory, seen))
        }
        _ => Ok(()),
    }
}

fn too_much(kernel: Need, initrd: u64, limit: u64, slot: Slot) -> Finding {
    let (bytes, initrd, limit) = (mebibytes(kernel.bytes), mebibytes(initrd), limit >> 20);
    let need = format!("{bytes} MiB for {} and {initrd} MiB of initrd", kernel.what());
    match slot {
        Slot::Reboot => Finding::new(Reason::MemoryTooSmall, format!("{need}; the limit is {limit} MiB")),
        Slot::Panic => Finding::new(Reason::CrashTooSmall, format!("{need}; crashkernel= reserved {limit} MiB")),
    }
}

/// The plan of segments that have their addresses; with the SHA-256 of each, or without.
pub(super) fn segments(
    authorized: &Authorized,
    machine: &Machine,
    laid_out: &LaidOut,
    segments: &Segments<'_>,
    why: &'static str,
    with_digests: bool,
) -> Plan {
    let memory_bytes = segments.list.iter().fold(0_u64, |all, segment| all.saturating_add(segment.range.len()));
    Plan {
        memory_limit: machine.memory.kexec_limit(),
        layout: Some(laid_out.name()),
        layout_why: Some(laid_out.why().to_owned()),
        entry: Some(segments.entry),
        segments: SegmentLine::all(&segments.list, with_digests),
        summary: Some(segments.summary.clone()),
        drawing: segments.drawing(machine, DRAWING_WIDTH),
        ..plan(authorized, Method::Segments, why, memory_bytes)
    }
}

fn plan(authorized: &Authorized, method: Method, why: &'static str, memory_bytes: u64) -> Plan {
    Plan {
        method: method.name(),
        why,
        flags: Vec::new(),
        kernel_bytes: kernel_bytes(authorized),
        init_size: authorized.image().memory(),
        initrds: authorized.initrds().named().map(|origin| origin.to_string()).collect(),
        injected: authorized.initrds().added().iter().map(|file| file.path.clone()).collect(),
        initrd_bytes: authorized.initrds().length(),
        memory_bytes,
        memory_limit: None,
        cmdline: authorized.cmdline().as_str().into(),
        basis: authorized.basis().name(),
        layout: None,
        layout_why: None,
        entry: None,
        segments: Vec::new(),
        summary: None,
        drawing: Vec::new(),
    }
}

fn kernel_bytes(authorized: &Authorized) -> u64 {
    u64::try_from(authorized.kernel().bytes().len()).unwrap_or(u64::MAX)
}

/// Half of the memory (kernel/kexec_core.c, `sanity_check_segment_list`), or what crashkernel= reserved.
fn limit(machine: &Machine, slot: Slot) -> Result<Option<u64>, Finding> {
    match slot {
        Slot::Reboot => Ok(machine.memory.kexec_limit()),
        Slot::Panic => match machine.kexec.crash_size {
            Some(0) => Err(Reason::NoCrashKernel.into()),
            size => Ok(size),
        },
    }
}

/// The flags for this kernel: none that it does not know.
pub(super) fn file_flags(machine: &Machine, slot: Slot) -> u64 {
    let mut flags = 0;
    if slot == Slot::Panic {
        flags |= flags::ON_CRASH;
    } else if machine.release.has_no_cma() {
        flags |= flags::NO_CMA;
    }
    flags
}

fn flag_names(mask: u64, no_initrd: bool) -> Vec<&'static str> {
    let rows = [
        (mask & flags::ON_CRASH != 0, "KEXEC_FILE_ON_CRASH"),
        (no_initrd, "KEXEC_FILE_NO_INITRAMFS"),
        (mask & flags::NO_CMA != 0, "KEXEC_FILE_NO_CMA"),
    ];
    rows.into_iter().filter_map(|(set, name)| set.then_some(name)).collect()
}

fn pages(bytes: u64) -> u64 {
    bytes.checked_next_multiple_of(PAGE).unwrap_or(u64::MAX)
}

fn mebibytes(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

#[cfg(test)]
mod tests;
