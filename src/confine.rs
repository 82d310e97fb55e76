//! What a command gives up before it reads what others wrote: docs/least-privilege.md.

use crate::machine::kexec::{DISABLED, limit_file};
use crate::measure;
use crate::reason::{Caution, Warning};
use crate::sources::Root;
use crate::sources::lock::STATE;
use crate::sources::policy::{MeasureAt, Policy};
use crate::sys::{Capability, Need};
use crate::system::System;
use crate::tpm;

/// What reading the facts about this machine and the lists of the firmware needs, and nothing after it. Without CAP_SYS_ADMIN, shim's
/// table of MOK variables reads as empty (drivers/firmware/efi/mokvar-table.c, `efi_mokvar_sysfs_read`).
const FACTS: [Capability; 2] = [Capability::SysAdmin, Capability::SysRawio];
/// What a load needs to its end.
const LOAD: [Capability; 4] = [Capability::SysBoot, Capability::DacReadSearch, Capability::IpcLock, Capability::Lease];

/// Folders of skexec's own, with the mode with which each is made.
const FOLDERS: [(&str, u32); 2] = [("/run/skexec", 0o700), (STATE, 0o755)];

/// What a command that only reads files needs to its end.
const READ: [Capability; 1] = [Capability::DacReadSearch];

/// For a command that only reads files.
pub(crate) fn to_read(system: System<'_>) {
    system.kexec.confine(&Need { capabilities: [&READ[..], &[Capability::SysAdmin]].concat(), ..Need::default() });
}

/// Such a command knows whom to trust.
pub(crate) fn trust_is_read(system: System<'_>) {
    system.kexec.keep_capabilities(&READ);
}

/// For a command that tells whether this machine would load, and loads nothing. It keeps the capabilities because it looks at them.
pub(crate) fn to_tell(system: System<'_>) {
    system.kexec.confine(&Need { capabilities: [&LOAD[..], &FACTS].concat(), ..Need::default() });
}

/// For a command that loads or unloads, and writes down what it did.
pub(crate) fn to_change(system: System<'_>) {
    let root = system.root;
    let mut need = Need { writes: true, loads: true, ..Need::default() };
    need.capabilities = [&LOAD[..], &FACTS].concat();
    need.folders = FOLDERS.map(|(folder, mode)| (root.path(folder), mode)).to_vec();
    need.files = [DISABLED, limit_file(false), limit_file(true)].map(|file| root.path(file)).to_vec();
    if measures(root) {
        need.capabilities.push(Capability::DacOverride);
        need.folders.push((root.path("/var/log"), 0o755));
        need.files.extend(tpm::PATHS.map(|device| root.path(device)));
    }
    system.kexec.confine(&need);
}

/// Whether the TPM may be needed: to measure, or because what was measured is not booted.
fn measures(root: &Root) -> bool {
    measure::is_open(root) || Policy::read(root).is_ok_and(|policy| policy.measure.at.value != MeasureAt::Off)
}

/// A load knows the facts about this machine, and whom to trust.
pub(crate) fn facts_are_read(system: System<'_>) {
    system.kexec.keep_capabilities(&[&LOAD[..], &[Capability::DacOverride]].concat());
}

/// What could not be given up.
pub(crate) fn warning(system: System<'_>) -> Option<Warning> {
    let kept = system.kexec.kept()?;
    let message = format!("skexec keeps rights that it does not need, because it cannot give them up ({kept})");
    Some(Warning::new(Caution::NotConfined, message))
}
