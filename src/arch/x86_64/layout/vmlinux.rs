//! The vmlinux in a bzImage, unpacked and relocated by the loader: what the bzImage would do to itself after the jump
//! (arch/x86/boot/compressed/misc.c, `extract_kernel`; kaslr.c, `choose_random_location`).
//!
//! The kernel gets a random physical and a random virtual address, each within the limits that its own code keeps: physical from
//! 16 MiB on, in memory that its command line leaves it; virtual within `KERNEL_IMAGE_SIZE`. Its own code also keeps memory free
//! for huge pages of 1 GiB (`hugepages=`): this one does not, and such a kernel may get one of them less.

use super::classic;
use super::context::Context;
use crate::arch::x86_64::{Cpu, early_options};
use crate::image::bzimage::{SetupHeader, xloadflags};
use crate::image::flat::Flat;
use crate::image::payload::Packed;
use crate::memory::{MIB, PhysAddr};
use crate::placement::{Constraints, Content, Role, SegmentSpec, below, length};
use crate::sealed;

/// The kernel is entered at a multiple of a large page, whatever it was configured for (arch/x86/kernel/head64.c,
/// `__startup_64`).
const LEAST_ALIGNMENT: u64 = 2 * MIB;
/// Below, the kernel's own code places no kernel (`LOAD_PHYSICAL_ADDR` by default).
const LOWEST: u64 = 16 * MIB;
/// Where the addresses of the kernel's text end (`KERNEL_IMAGE_SIZE` where addresses are random), from `__START_KERNEL_map` on.
const IMAGE_SIZE: u64 = 1 << 30;
/// What boot_params, page tables and purgatory take at most, in bytes.
const SMALL_SEGMENTS: u64 = MIB;

/// The kernel as it lies in memory.
#[derive(Debug)]
pub(in super::super) struct Unpacked {
    flat: Flat,
    alignment: u64,
    fallback_alignment: u64,
    lowest: PhysAddr,
    draws: Vec<u64>,
}

impl Unpacked {
    /// Unpacks and relocates the kernel; or says why this layout does not apply.
    pub(super) fn new(context: &Context<'_>, header: &SetupHeader) -> Result<Self, String> {
        let cmdline = context.boot.cmdline.as_str();
        applies(header, cmdline, context.cpu)?;
        let numbers = if early_options::has(cmdline, "nokaslr") {
            None
        } else {
            Some((context.random)().ok_or("the running kernel has no random numbers yet")?)
        };
        let packed = Packed::of(header, context.boot.file)?;
        let initrd = context.boot.initrd.map_or(0, |read| length(read.bytes()));
        let size = u64::try_from(packed.unpacked_size()).unwrap_or(u64::MAX);
        // The initrd is in memory twice when the kernel is loaded: here, and where the running kernel copies it to.
        let needed = [size, size, initrd, initrd];
        has_room("there is too little memory to unpack the kernel", context.memory.available, &needed)?;
        let mut flat = Flat::new(sealed::unpack(|| packed.unpack())?)?;
        let limit = "the unpacked kernel and the initrd need more than half of the memory";
        has_room(limit, context.memory.kexec_limit(), &[length(flat.bytes()), initrd, SMALL_SEGMENTS])?;
        let alignment = LEAST_ALIGNMENT.max(header.kernel_alignment.into());
        if let Some([first, ..]) = numbers {
            flat.relocate(virtual_delta(&flat, alignment, first)?)?;
        }
        // As for a bzImage, which then runs where it lies (`classic::kept_alignment`).
        let fallback_alignment = LEAST_ALIGNMENT.max(classic::fallback_alignment(header));
        let draws = numbers.map_or_else(Vec::new, |[_, draws @ ..]| draws.to_vec());
        let lowest = PhysAddr::new(header.pref_address.max(LOWEST));
        Ok(Self { flat, alignment, fallback_alignment, lowest, draws })
    }

    /// The segment of all bytes; the memory behind them, which is .bss and .brk, is in the window only.
    pub(super) fn spec(&self) -> SegmentSpec<'_> {
        let constraints = Constraints {
            alignment: self.alignment,
            fallback_alignment: self.fallback_alignment,
            lowest: self.lowest,
            draws: self.draws.clone(),
            ..Constraints::default()
        };
        let kernel = SegmentSpec::new(Role::Kernel, "kernel", Content::Bytes(self.flat.bytes()));
        SegmentSpec { window: self.flat.span(), zeroed: true, constraints, ..kernel }
    }

    /// The offset of the entry point from the start of the segment.
    pub(super) const fn entry(&self) -> u64 {
        self.flat.entry()
    }
}

/// What the code of a bzImage does before it starts the kernel, and a loader cannot do in its place.
fn applies(header: &SetupHeader, cmdline: &str, cpu: &Cpu) -> Result<(), String> {
    if !header.relocatable {
        return Err("the kernel can only lie where it was linked to lie (no CONFIG_RELOCATABLE)".into());
    }
    if early_options::has(cmdline, "mem_encrypt=on") {
        return Err("mem_encrypt=on is for the code that unpacks the kernel to prepare".into());
    }
    if early_options::has(cmdline, "movable_node") {
        return Err("movable_node: the code that unpacks the kernel keeps it out of memory that can be removed".into());
    }
    let is = cpu.la57 == Some(true);
    let wanted = cpu.can_la57
        && header.xloadflags & xloadflags::FIVE_LEVEL_ENABLED != 0
        && !early_options::has(cmdline, "no5lvl");
    if is != wanted {
        let levels = |five| if five { "five" } else { "four" };
        return Err(format!(
            "the page tables have {} levels, and the code that unpacks the kernel would change to {}",
            levels(is),
            levels(wanted)
        ));
    }
    Ok(())
}

/// Whether these bytes fit; where the limit is not known, that shows later.
fn has_room(what: &str, limit: Option<u64>, bytes: &[u64]) -> Result<(), String> {
    let needed = bytes.iter().fold(0, |sum: u64, bytes| sum.saturating_add(*bytes));
    match limit.filter(|limit| needed > *limit) {
        Some(limit) => Err(format!("{what}: {} MiB of {} MiB", needed.div_ceil(MIB), limit / MIB)),
        None => Ok(()),
    }
}

/// How far above its linked address the kernel runs: a random multiple of the alignment, so that it ends within its address
/// space (arch/x86/boot/compressed/kaslr.c, `find_random_virt_addr`).
fn virtual_delta(flat: &Flat, alignment: u64, random: u64) -> Result<u64, String> {
    let room = flat.base().checked_add(flat.span()).and_then(|end| IMAGE_SIZE.checked_sub(end));
    let slots = room.and_then(|room| room.checked_div(alignment)?.checked_add(1));
    let slot = slots.and_then(|slots| below(random, slots)?.checked_mul(alignment));
    slot.ok_or_else(|| "the unpacked kernel is larger than its address space".into())
}

#[cfg(test)]
mod tests;
