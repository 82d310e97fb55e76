//! What the system permits, asked before any call: each call, even one that fails, eats of `kexec_load_limit_*`.

mod segments;

use crate::machine::keyrings::{Holds, Key};
use crate::machine::{Enforcement, Machine, Support, enforcement};
use crate::prediction::Prediction;
use crate::reason::{Caution, Finding, Reason, Warning};
use crate::system::{Method, Slot};
use crate::trust::Needs;
use nix::errno::Errno;

/// Whether this process may load a kernel by this method.
///
/// # Errors
/// `no-capability`, `no-kexec`, `kexec-disabled`, `load-limit`; `no-kexec-file`, or those of the segments method.
pub fn may_load(method: Method, machine: &Machine, slot: Slot) -> Result<(), Finding> {
    may_change(machine, slot)?;
    match method {
        Method::File if machine.kexec.file_load == Some(false) => Err(Reason::NoKexecFile.into()),
        Method::File => Ok(()),
        Method::Segments => segments::permitted(machine, slot),
    }
}

/// Whether this process may load or unload a kernel on this machine at all, by whatever method.
///
/// # Errors
/// `no-capability`, `no-kexec`, `kexec-disabled`, `load-limit`.
pub fn may_change(machine: &Machine, slot: Slot) -> Result<(), Finding> {
    privileged(machine)?;
    let kexec = &machine.kexec;
    if machine.surroundings.xen_dom0 {
        return Err(Finding::new(Reason::NoKexec, "this is Xen's first domain, where kexec is the hypervisor's to do"));
    }
    if kexec.present == Some(false) {
        return Err(Finding::new(Reason::NoKexec, within(machine)));
    }
    if kexec.disabled == Some(true) {
        return Err(Reason::KexecDisabled.into());
    }
    if kexec.limit_is_used_up(slot == Slot::Panic) {
        let which = if slot == Slot::Panic { "panic" } else { "reboot" };
        return Err(Finding::new(Reason::LoadLimit, format!("kernel.kexec_load_limit_{which} is 0")));
    }
    Ok(())
}

/// What the next kernel would miss of this machine: nothing where the running kernel itself hands it over.
#[must_use]
pub fn misses(method: Method, machine: &Machine) -> Option<Warning> {
    match method {
        Method::File => None,
        Method::Segments => segments::misses(machine),
    }
}

/// Whether this process may jump into a loaded kernel.
///
/// # Errors
/// `no-capability`, `no-kexec`.
pub fn may_jump(machine: &Machine) -> Result<(), Finding> {
    privileged(machine)?;
    if machine.kexec.present == Some(false) {
        return Err(Finding::new(Reason::NoKexec, within(machine)));
    }
    if machine.surroundings.initial_pid_namespace == Some(false) {
        return Err(Finding::new(Reason::NoCapability, "this is not the first PID namespace, where alone it counts"));
    }
    Ok(())
}

fn privileged(machine: &Machine) -> Result<(), Finding> {
    let privilege = machine.privilege;
    if privilege.cap_sys_boot == Some(false) {
        return Err(Finding::new(Reason::NoCapability, within(machine)));
    }
    if privilege.initial_user_namespace == Some(false) {
        return Err(Finding::new(Reason::NoCapability, "this is not the first user namespace, where alone it counts"));
    }
    Ok(())
}

/// Names the container, if this is one.
fn within(machine: &Machine) -> String {
    machine
        .surroundings
        .container
        .as_ref()
        .map(|manager| format!("this is a container ({manager})"))
        .unwrap_or_default()
}

/// Whether the running kernel, where it enforces, would take the image by its own check: it looks at the signature
/// within the image only, and needs one of the keys that it leads to.
///
/// # Errors
/// `lockdown`, `kernel-lacks-algorithm`, when it certainly would not.
pub fn accepts(machine: &Machine, needs: &Needs, prediction: Prediction) -> Result<(), Finding> {
    let enforcement = enforcement(machine);
    if !matches!(enforcement, Enforcement::Forced | Enforcement::SecureBoot | Enforcement::Lockdown(_)) {
        return Ok(());
    }
    if let (Some(name), true) = (prediction.name(), prediction.errno != Some(0)) {
        let seen = format!("signatures are {enforcement}, and its own check of the image would answer {name}");
        return Err(Finding::new(Reason::Lockdown, seen));
    }
    if let Some(name) = needs.algorithms.iter().find(|name| support(machine, name) == Support::Missing) {
        return Err(Finding::new(Reason::KernelLacksAlgorithm, (*name).to_owned()));
    }
    let key_ids = &needs.key_ids;
    let unknown = key_ids.iter().all(|id| machine.keyrings.holds(id) == Holds::No);
    if unknown && !key_ids.is_empty() {
        let seen =
            format!("signatures are {enforcement}, and /proc/keys shows no key that this image's signature leads to");
        return Err(Finding::new(Reason::Lockdown, seen));
    }
    Ok(())
}

/// The keys of the running kernel that the image's signature leads to.
#[must_use]
pub fn held_keys(machine: &Machine, needs: &Needs) -> Vec<String> {
    let needed = |key: &&Key| needs.key_ids.contains(&key.id);
    machine.keyrings.keys.iter().filter(needed).map(Key::to_string).collect()
}

/// What a kernel that enforces would have to load before it can verify the image.
#[must_use]
pub fn missing_modules(machine: &Machine, needs: &Needs) -> Vec<Warning> {
    if !enforcement(machine).may_enforce() {
        return Vec::new();
    }
    let modules = needs.algorithms.iter().filter(|name| support(machine, name) == Support::Module);
    let warn = |name: &&str| {
        let message = format!("the running kernel has {name} as a module only, and must load it to verify this image");
        Warning::new(Caution::AlgorithmModule, message)
    };
    modules.map(warn).collect()
}

fn support(machine: &Machine, name: &str) -> Support {
    machine.algorithms.support(name, &machine.config)
}

/// `ENOTSUPP`, which the kernel lets out though user space has no name for it.
const ENOTSUPP: i32 = 524;

/// The finding for an errno that the checks before the call did not foresee.
#[must_use]
pub fn explain(errno: i32, machine: &Machine, method: Method, slot: Slot) -> Finding {
    let (name, text) = match Errno::from_raw(errno) {
        _ if errno == ENOTSUPP => ("ENOTSUPP".to_owned(), "WIN_CERTIFICATE revision or type"),
        known => (format!("{known:?}"), known.desc()),
    };
    let segments = method == Method::Segments;
    let reason = match Errno::from_raw(errno) {
        // With the capability it can be lockdown only, which cannot be seen without securityfs.
        Errno::EPERM if segments && machine.privilege.cap_sys_boot == Some(true) => Reason::SegmentsForbidden,
        Errno::EACCES if segments => Reason::SegmentsForbidden,
        Errno::ENOSYS if segments => Reason::NoKexecLoad,
        Errno::EPERM if machine.load_pin.wants_original() => Reason::LoadPin,
        Errno::EPERM if machine.lockdown.restricts() => Reason::Lockdown,
        Errno::EPERM => Reason::NoCapability,
        Errno::EACCES => Reason::ImaRefused,
        Errno::EBUSY => Reason::Busy,
        Errno::ETXTBSY => Reason::WriterOpen,
        Errno::ENOSYS => Reason::NoKexecFile,
        Errno::ENOKEY => Reason::Lockdown,
        Errno::EADDRNOTAVAIL if slot == Slot::Panic => Reason::NoCrashKernel,
        Errno::EADDRNOTAVAIL => Reason::NoMemoryHole,
        _ => Reason::KernelRefused,
    };
    Finding::new(reason, format!("the kernel answered {name}: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;

    /// A machine that permits all, and what one row changes.
    fn machine(path: &str, text: &str) -> Machine {
        let tree = Tree::new();
        tree.write("/proc/self/status", b"CapEff:\t000001ffffffffff\n");
        tree.write("/proc/self/uid_map", b"0 0 4294967295\n");
        tree.write("/proc/2/comm", b"kthreadd\n");
        tree.write("/sys/kernel/kexec_loaded", b"0\n");
        tree.write("/proc/sys/kernel/osrelease", b"6.12.1\n");
        tree.write("/boot/config-6.12.1", b"CONFIG_KEXEC_FILE=y\n");
        tree.write("/proc/sys/kernel/kexec_load_disabled", b"0\n");
        tree.write("/proc/sys/kernel/kexec_load_limit_reboot", b"-1\n");
        tree.write(path, text.as_bytes());
        Machine::read(tree.root())
    }

    #[test]
    fn each_obstacle_has_its_slug() {
        let rows = [
            ("/nothing", "", None),
            ("/proc/self/status", "CapEff:\t0000000000000000\n", Some(Reason::NoCapability)),
            ("/proc/self/uid_map", "0 1000 1\n", Some(Reason::NoCapability)),
            ("/boot/config-6.12.1", "# CONFIG_KEXEC_FILE is not set\n", Some(Reason::NoKexecFile)),
            ("/proc/sys/kernel/kexec_load_disabled", "1\n", Some(Reason::KexecDisabled)),
            ("/proc/sys/kernel/kexec_load_limit_reboot", "0\n", Some(Reason::LoadLimit)),
            ("/proc/sys/kernel/kexec_load_limit_reboot", "1\n", None),
            ("/proc/sys/kernel/kexec_load_limit_panic", "0\n", None),
            ("/proc/xen/capabilities", "control_d\n", Some(Reason::NoKexec)),
        ];
        for (path, text, wanted) in rows {
            let machine = machine(path, text);
            let found = may_load(Method::File, &machine, Slot::Reboot).err().map(|finding| finding.reason);
            assert_eq!(found, wanted, "{path}");
        }
    }

    #[test]
    fn a_jump_counts_in_the_first_pid_namespace_only() {
        assert!(may_jump(&machine("/nothing", "")).is_ok());
        assert!(may_jump(&machine("/proc/2/comm", "bash\n")).is_err());
    }
}
