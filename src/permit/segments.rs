//! Whether the running kernel accepts segments, for which it can check no signature: `kexec_load_permitted` (kernel/kexec.c)
//! asks the LSMs before it looks at anything else.

use crate::machine::Machine;
use crate::reason::{Caution, Finding, Reason, Warning};
use crate::system::Slot;

/// Whether segments may be loaded, and whether they would be safe.
pub(super) fn permitted(machine: &Machine, slot: Slot) -> Result<(), Finding> {
    if machine.kexec.segments == Some(false) {
        return Err(Reason::NoKexecLoad.into());
    }
    if slot == Slot::Panic {
        return Err(Reason::CrashBySegments.into());
    }
    if let Some(why) = forbidden(machine) {
        return Err(Finding::new(Reason::SegmentsForbidden, why));
    }
    if let Some(guest) = &machine.confidential {
        return Err(Finding::new(Reason::ConfidentialGuest, guest.sign.clone()));
    }
    if let Some(kho) = &machine.kho {
        return Err(Finding::new(Reason::KexecHandover, kho.sign.clone()));
    }
    // Without ACPI's tables a machine that was started by EFI may not come back.
    if machine.secure_boot.is_efi() && machine.handover.acpi_rsdp_addr.is_none() {
        return Err(Finding::new(
            Reason::Handover,
            "neither boot_params nor UEFI's tables give the address of the ACPI tables (RSDP)",
        ));
    }
    machine.memory.map.as_ref().map(drop).map_err(|problem| Finding::from(*problem))
}

/// A warning about what the next kernel is not told of this machine, and can do without.
pub(super) fn misses(machine: &Machine) -> Option<Warning> {
    let missing = machine.secure_boot.is_efi() && machine.handover.efi.is_none();
    let message =
        "UEFI's runtime map cannot be read: the next kernel will have no UEFI runtime services and no EFI variables";
    missing.then(|| Warning::new(Caution::HandoverIncomplete, message))
}

/// Which security mechanism would refuse, and why.
fn forbidden(machine: &Machine) -> Option<String> {
    if machine.lockdown.restricts() {
        return Some(format!("lockdown is {}", machine.lockdown.name()));
    }
    // security/integrity/ima/ima_main.c, `ima_load_data`: without a file there is no signature to appraise.
    if machine.secure_boot.for_kernel() == Some(true) && machine.config.has("KEXEC_SIG") != Some(false) {
        return Some("Secure Boot is on, and IMA can appraise files, but not segments".into());
    }
    if machine.ima.wants_original() {
        return Some("IMA appraises kernels, and it can appraise files, but not segments".into());
    }
    if machine.load_pin.wants_original() {
        return Some("LoadPin allows only kernels from the pinned file system".into());
    }
    None
}
