//! Whether the running kernel accepts segments, for which it can check no signature: `kexec_load_permitted` (kernel/kexec.c)
//! asks the LSMs before it looks at anything else.

use crate::arch::{Architecture as _, Platform};
use crate::machine::Machine;
use crate::reason::{Finding, Reason};

/// Whether the running kernel takes segments, and whether a kernel loaded as segments would find a sound machine.
pub(super) fn permitted(machine: &Machine, platform: &Platform) -> Result<(), Finding> {
    if machine.kexec.segments == Some(false) {
        return Err(Reason::NoKexecLoad.into());
    }
    if let Some(why) = forbidden(machine) {
        return Err(Finding::new(Reason::SegmentsForbidden, why));
    }
    if let Some(kho) = &machine.kho {
        return Err(Finding::new(Reason::KexecHandover, kho.sign.clone()));
    }
    platform.can_hand_over(machine.secure_boot.is_efi())?;
    machine.memory.map.as_ref().map(drop).map_err(|problem| Finding::from(*problem))
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
