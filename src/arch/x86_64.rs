//! x86-64: what is read of processor and firmware, and the segments that start a kernel by the 64-bit boot protocol
//! (Documentation/arch/x86/boot.rst).

#![deny(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::as_conversions)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used))]

mod boot_data;
mod boot_params;
mod confidential;
mod console;
mod core_header;
mod cpu;
mod e820;
mod early_options;
mod handover;
mod layout;
mod limits;
mod page_tables;
pub mod purgatory;
mod summary;

pub use confidential::Confidential;
pub use console::Console;
pub use cpu::Cpu;
pub use handover::{Descriptor, Edd, Efi, Handover};
pub use layout::LaidOut;
pub use summary::Summary;

use super::{Architecture, Backup, Boot, Crash, Fits, Layout, OnDamage, Prepared};
use crate::image::Kernel;
use crate::image::cmdline::Cmdline;
use crate::machine::{CrashFacts, Memory};
use crate::memory::{MIB, MemoryEntry, MemoryType, PAGE, PhysAddr, PhysRange, RangeSet, ranges_of};
use crate::placement::{Constraints, Content, Role, SegmentSpec};
use crate::reason::{Caution, Finding, Reason, Warning};
use crate::sources::Root;
use crate::sys;
use boot_data::BootData;
use boot_params::BootParams;
use layout::{Context, Form};
use page_tables::{Levels, PageTables};
use purgatory::Purgatory;

/// `MAXMEM` under four-level paging (arch/x86/include/asm/pgtable_64_types.h).
const MAXMEM: PhysAddr = PhysAddr::new(1 << 46);
/// Conventional memory: from the second page on, because nothing uses the first, up to where the video memory begins.
const LOW: (PhysAddr, PhysAddr) = (PhysAddr::new(PAGE), PhysAddr::new(640 << 10));
/// Where an initrd may begin: a kernel that decompresses itself overwrites nothing that lies above.
const INITRD_LOWEST: PhysAddr = PhysAddr::new(16 * MIB);

/// The facts about an x86-64 machine that a kernel started by kexec depends on.
#[derive(Debug, Clone)]
pub struct Platform {
    /// Flags of the processor.
    pub cpu: Cpu,
    /// What the next kernel has to be told of firmware and boot loader.
    pub handover: Handover,
    /// Signs of a guest with encrypted memory, if there are any.
    pub confidential: Option<Confidential>,
}

impl Architecture for Platform {
    /// `MAXMEM - 1` (`KEXEC_DESTINATION_MEMORY_LIMIT`, arch/x86/include/asm/kexec.h), in whole pages.
    const HIGHEST: PhysAddr = PhysAddr::new(MAXMEM.get() - PAGE);
    const PURGATORY_ENTRY: u64 = purgatory::ENTRY;

    fn read(root: &Root) -> Self {
        let handover = Handover::read(root);
        Self { cpu: Cpu::read(root), confidential: Confidential::read(root, &handover), handover }
    }

    fn supported(&self) -> Result<(), Finding> {
        Ok(())
    }

    fn five_level(&self) -> Option<bool> {
        self.cpu.la57
    }

    fn can_enter(&self, kernel: &Kernel) -> Result<(), Finding> {
        if self.cpu.la57 == Some(true) && !kernel.five_level() { Err(Reason::FiveLevel.into()) } else { Ok(()) }
    }

    fn can_hand_over(&self, efi: bool) -> Result<(), Finding> {
        if let Some(guest) = &self.confidential {
            return Err(Finding::new(Reason::ConfidentialGuest, guest.sign.clone()));
        }
        // Without ACPI's tables a machine that was started by EFI may not come back.
        if efi && self.handover.acpi_rsdp_addr.is_none() {
            let seen = "neither boot_params nor UEFI's tables hold the address of ACPI's root pointer";
            return Err(Finding::new(Reason::Handover, seen));
        }
        Ok(())
    }

    fn misses(&self, efi: bool) -> Option<Warning> {
        let missing = efi && self.handover.efi.is_none();
        let message = "UEFI's runtime map cannot be read: the next kernel gets no runtime services, and no variables";
        missing.then(|| Warning::new(Caution::HandoverIncomplete, message))
    }

    fn low(map: &[MemoryEntry]) -> RangeSet {
        ranges_of(map, MemoryType::Ram).from(LOW.0).below(LOW.1)
    }

    fn core_header(facts: &CrashFacts, dumped: &RangeSet, backup: Option<Backup>) -> Vec<u8> {
        core_header::core_header(facts, dumped, backup)
    }

    fn usable(cmdline: &Cmdline, free: &RangeSet) -> RangeSet {
        limits::usable(cmdline, free)
    }

    fn lay_out(
        &self,
        boot: &Boot<'_>,
        asked: Option<Layout>,
        memory: &Memory,
        fits: &Fits<'_>,
    ) -> Result<LaidOut, Finding> {
        self.can_enter(boot.kernel)?;
        let random = || sys::random().map(layout::numbers);
        layout::choose(&Context { boot, cpu: &self.cpu, memory, random: &random }, asked, fits)
    }

    fn prepare<'a>(
        &'a self,
        boot: &Boot<'a>,
        laid_out: &'a LaidOut,
        on_damage: OnDamage,
    ) -> Result<Prepared<'a>, Finding> {
        let form = Form::of(boot.kernel, laid_out);
        let boot_params = BootParams {
            header: form.header(boot.file),
            handover: &self.handover,
            e820: boot.map,
            cmdline: boot.cmdline.for_segments(boot.kernel.cmdline_size())?,
            rng_seed: sys::random(),
            mark: boot.mark,
            kaslr: form.sets_kaslr_flag(boot.cmdline.as_str()),
            kernel_alignment: None,
        };
        let params = purgatory::Params {
            sha_ni: (self.cpu.sha_ni == Some(true)).into(),
            on_mismatch: purgatory::on_mismatch(on_damage.end),
            backup: purgatory::backup(boot.crash.and_then(|crash| crash.backup)),
            ..on_damage.console.params(boot.cmdline, self.handover.text_mode())
        };
        let summary = Summary { unchecked: on_damage.unchecked, ..Summary::new(&boot_params, &params) };
        let mut specs = form.specs(boot.file)?;
        specs.extend(boot.initrd.map(|read| initrd(read.bytes())));
        specs.extend(boot.crash.into_iter().flat_map(of_crash));
        let boot_data = Content::Deferred(Box::new(BootData { params: boot_params, form }));
        specs.push(SegmentSpec::new(Role::BootData, "boot_params", boot_data));
        let rewritten = boot.crash.filter(|crash| crash.rewritten).map(|_| Role::CoreHeader);
        let purgatory =
            Purgatory { params, form, initrd: boot.initrd, unchecked: on_damage.unchecked, rewritten }.spec();
        if form.own_page_tables() {
            let tables = self.page_tables(boot.map, specs.iter().chain([&purgatory]));
            specs.push(tables.spec());
        }
        specs.push(purgatory);
        Ok(Prepared { specs, summary })
    }
}

impl Platform {
    /// The page tables for these segments.
    fn page_tables<'a>(&self, map: &[MemoryEntry], specs: impl Iterator<Item = &'a SegmentSpec<'a>>) -> PageTables {
        let levels = if self.cpu.la57 == Some(true) { Levels::Five } else { Levels::Four };
        let reserved: Vec<_> = specs.map(SegmentSpec::reserved).collect();
        PageTables::new(levels, map, &self.handover, &reserved)
    }
}

fn initrd(bytes: &[u8]) -> SegmentSpec<'_> {
    let constraints = Constraints { lowest: INITRD_LOWEST, ..Constraints::default() };
    SegmentSpec { constraints, ..SegmentSpec::new(Role::Initrd, "initrd", Content::Bytes(bytes)) }
}

/// The segments that a crash kernel has besides. That of the backup is empty until the purgatory makes the copy.
fn of_crash(crash: &Crash) -> impl Iterator<Item = SegmentSpec<'_>> {
    let spec = |role, name, bytes, range: PhysRange| {
        let constraints = Constraints { fixed: Some(range.start()), ..Constraints::default() };
        SegmentSpec { memory: range.len(), constraints, ..SegmentSpec::new(role, name, Content::Bytes(bytes)) }
    };
    let header = spec(Role::CoreHeader, "elfcorehdr", &*crash.header, crash.header_at);
    let backup = crash.backup.map(|backup| spec(Role::Backup, "backup", &[], backup.to));
    std::iter::once(header).chain(backup)
}

#[cfg(test)]
mod tests;
