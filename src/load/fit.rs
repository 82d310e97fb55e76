//! What the kernel would refuse by its size, worked out before it is asked.

use super::outcome::Plan;
use crate::authorize::Authorized;
use crate::image::Kernel;
use crate::machine::Machine;
use crate::plan::Segments;
use crate::reason::{Finding, Reason};
use crate::sys::flags;
use crate::system::{Method, Slot};
use std::path::PathBuf;

const PAGE: u64 = 4096;
/// boot_params, command line, setup_data and the kernel's own purgatory: a few pages, generously.
const SMALL_SEGMENTS: u64 = 64 * 1024;
/// Columns of a terminal.
const DRAWING_WIDTH: usize = 80;

/// The plan of the file method, if kernel, initrds and command line fit this machine.
///
/// # Errors
/// `no-5level`, `cmdline-too-long`, `half-of-ram`, `no-crashkernel`, `crash-too-small`.
pub(super) fn file(authorized: &Authorized, machine: &Machine, slot: Slot, why: &'static str) -> Result<Plan, Finding> {
    let image = authorized.image();
    if machine.cpu.la57 == Some(true) && !image.five_level() {
        return Err(Reason::FiveLevel.into());
    }
    authorized.cmdline().for_file_load(image.cmdline_size())?;
    let initrd_bytes = authorized.initrds().length();
    let kernel = pages(image.memory().max(kernel_bytes(authorized)));
    let memory_bytes = kernel.saturating_add(pages(initrd_bytes)).saturating_add(SMALL_SEGMENTS);
    let memory_limit = limit(machine, slot)?;
    if let Some(limit) = memory_limit.filter(|limit| memory_bytes > *limit) {
        return Err(too_much(kernel, initrd_bytes, limit, slot));
    }
    Ok(Plan {
        flags: flag_names(file_flags(machine, slot), initrd_bytes == 0),
        memory_limit,
        ..plan(authorized, Method::File, why, memory_bytes)
    })
}

/// Whether kernel and initrds would fit, by the initrds' sizes alone: on a small machine to copy what is too large could cost
/// other processes their lives.
///
/// # Errors
/// `half-of-ram`, `no-crashkernel`, `crash-too-small`.
pub(super) fn before_copying(
    kernel: &Kernel,
    initrds: &[PathBuf],
    machine: &Machine,
    slot: Slot,
) -> Result<(), Finding> {
    // What cannot be asked for its size cannot be opened either, which is said then.
    let sizes = initrds.iter().filter_map(|path| Some(std::fs::metadata(path).ok()?.len()));
    let initrd = sizes.fold(0_u64, u64::saturating_add);
    let kernel = pages(kernel.memory());
    match limit(machine, slot)? {
        Some(limit) if kernel.saturating_add(pages(initrd)) > limit => Err(too_much(kernel, initrd, limit, slot)),
        _ => Ok(()),
    }
}

fn too_much(kernel: u64, initrd: u64, limit: u64, slot: Slot) -> Finding {
    let (kernel, initrd, limit) = (mebibytes(kernel), mebibytes(initrd), limit >> 20);
    let need = format!("{kernel} MiB for the kernel (init_size) and {initrd} MiB of initrd");
    match slot {
        Slot::Reboot => Finding::new(Reason::MemoryTooSmall, format!("{need}; the limit is {limit} MiB")),
        Slot::Panic => Finding::new(Reason::CrashTooSmall, format!("{need}; crashkernel= reserved {limit} MiB")),
    }
}

/// The plan of segments that are in their places.
pub(super) fn segments(authorized: &Authorized, machine: &Machine, segments: &Segments<'_>, why: &'static str) -> Plan {
    let memory_bytes = segments.parts.iter().fold(0_u64, |all, part| all.saturating_add(part.range.len()));
    Plan {
        memory_limit: machine.memory.kexec_limit(),
        entry: Some(segments.entry),
        segments: segments.parts.iter().map(Into::into).collect(),
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
        initrds: authorized.initrds().parts().iter().map(|initrd| initrd.path.clone()).collect(),
        initrd_bytes: authorized.initrds().length(),
        memory_bytes,
        memory_limit: None,
        cmdline: authorized.cmdline().as_str().into(),
        basis: authorized.basis().name(),
        entry: None,
        segments: Vec::new(),
        summary: None,
        drawing: Vec::new(),
    }
}

fn kernel_bytes(authorized: &Authorized) -> u64 {
    u64::try_from(authorized.kernel().sealed().bytes().len()).unwrap_or(u64::MAX)
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
    } else if machine.kernel.has_no_cma() {
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
