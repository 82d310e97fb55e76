//! What the system permits. It is read from files, because each call, even one that fails, counts against
//! `kexec_load_limit_*`.

mod segments;

use crate::arch::{Architecture as _, Platform};
use crate::machine::keyrings::{Holds, Key};
use crate::machine::{Enforcement, Machine, Support, enforcement};
use crate::prediction::Prediction;
use crate::reason::{Caution, Errno, Finding, Reason, Warning};
use crate::system::{Method, Slot};
use crate::trust::Needs;
use nix::libc::{ENOKEY, EPERM};

/// Whether this process may load a kernel by this method.
///
/// # Errors
/// `unsupported-processor`; those of [`may_change`]; `no-kexec-file`, or those of the segments method.
pub(crate) fn may_load(method: Method, machine: &Machine, platform: &Platform, slot: Slot) -> Result<(), Finding> {
    first(obstacles(method, machine, platform, slot))
}

/// Everything that forbids a load by this method, in the order in which it is told: [`may_load`] tells the first.
pub(crate) fn obstacles(method: Method, machine: &Machine, platform: &Platform, slot: Slot) -> Vec<Finding> {
    let mut found: Vec<_> = platform.supported().err().into_iter().collect();
    found.extend(forbids_change(machine, slot));
    // Without kexec there is neither call.
    if machine.kexec.present != Some(false) {
        found.extend(has_call(method, machine, platform).err());
    }
    found
}

fn first(findings: Vec<Finding>) -> Result<(), Finding> {
    findings.into_iter().next().map_or(Ok(()), Err)
}

/// Whether the running kernel takes a kernel by this call.
fn has_call(method: Method, machine: &Machine, platform: &Platform) -> Result<(), Finding> {
    match method {
        Method::File if machine.kexec.file_load == Some(false) => Err(Reason::NoKexecFile.into()),
        Method::File => Ok(()),
        Method::Segments => segments::permitted(machine, platform),
    }
}

/// Whether this process may load or unload a kernel on this machine at all, by whatever method.
///
/// # Errors
/// `no-capability`, `no-kexec`, `kexec-disabled`, `load-limit`.
pub(crate) fn may_change(machine: &Machine, slot: Slot) -> Result<(), Finding> {
    first(forbids_change(machine, slot))
}

fn forbids_change(machine: &Machine, slot: Slot) -> Vec<Finding> {
    let mut found: Vec<_> = privileged(machine).err().into_iter().collect();
    let kexec = &machine.kexec;
    if machine.surroundings.xen_dom0 {
        found.push(Finding::new(Reason::NoKexec, "this is Xen's dom0, where the hypervisor loads kernels, not Linux"));
    }
    if kexec.present == Some(false) {
        found.push(Finding::new(Reason::NoKexec, within(machine)));
    }
    if kexec.disabled == Some(true) {
        found.push(Reason::KexecDisabled.into());
    }
    if kexec.limit_is_used_up(slot == Slot::Panic) {
        let which = if slot == Slot::Panic { "panic" } else { "reboot" };
        found.push(Finding::new(Reason::LoadLimit, format!("kernel.kexec_load_limit_{which} is 0")));
    }
    found
}

/// A warning about what the next kernel is not told of this machine; none where the running kernel itself tells it.
#[must_use]
pub(crate) fn misses(method: Method, machine: &Machine, platform: &Platform) -> Option<Warning> {
    match method {
        Method::File => None,
        Method::Segments => platform.misses(machine.secure_boot.is_efi()),
    }
}

/// Whether this process may jump into a loaded kernel.
///
/// # Errors
/// `no-capability`, `no-kexec`, `pid-namespace`.
pub(crate) fn may_jump(machine: &Machine) -> Result<(), Finding> {
    privileged(machine)?;
    if machine.kexec.present == Some(false) {
        return Err(Finding::new(Reason::NoKexec, within(machine)));
    }
    if machine.surroundings.initial_pid_namespace == Some(false) {
        return Err(Reason::PidNamespace.into());
    }
    Ok(())
}

/// Whether this process may boot a kernel at all.
///
/// # Errors
/// `no-capability`
pub(crate) fn privileged(machine: &Machine) -> Result<(), Finding> {
    let privilege = machine.privilege;
    if privilege.cap_sys_boot == Some(false) {
        return Err(Finding::new(Reason::NoCapability, within(machine)));
    }
    if privilege.initial_user_namespace == Some(false) {
        let seen = "this process is not in the initial user namespace, and the capability has an effect only there";
        return Err(Finding::new(Reason::NoCapability, seen));
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

/// Whether the running kernel, where it enforces signatures, would accept the image by its own check: it looks only at the
/// embedded signature, and must hold a key of that signature's certificate chain.
///
/// # Errors
/// `lockdown`, `kernel-lacks-algorithm`, where it is certain that the kernel would refuse the image.
pub(crate) fn accepts(machine: &Machine, needs: &Needs, prediction: Prediction) -> Result<(), Finding> {
    let enforcement = enforcement(machine);
    if !matches!(enforcement, Enforcement::Forced | Enforcement::SecureBoot | Enforcement::Lockdown(_)) {
        return Ok(());
    }
    if let Some(errno) = prediction.errno.filter(|errno| *errno != 0).map(Errno::describe) {
        let seen =
            format!("signatures are {enforcement}, and the kernel's own check would refuse the image with {errno}");
        return Err(Finding::new(Reason::Lockdown, seen));
    }
    if let Some(name) = needs.algorithms.iter().find(|name| support(machine, name) == Support::Missing) {
        return Err(Finding::new(Reason::KernelLacksAlgorithm, (*name).to_owned()));
    }
    let key_ids = &needs.key_ids;
    let unknown = key_ids.iter().all(|id| machine.keyrings.holds(id) == Holds::No);
    if unknown && !key_ids.is_empty() {
        // Lockdown alone answers every fault of a signature with EPERM.
        let errno = if matches!(enforcement, Enforcement::Lockdown(_)) { EPERM } else { ENOKEY };
        let seen = format!(
            "signatures are {enforcement}, and no key in /proc/keys belongs to this image's certificate chain: the kernel would \
             answer {}",
            Errno::describe(errno)
        );
        return Err(Finding::new(Reason::Lockdown, seen));
    }
    Ok(())
}

/// The running kernel's keys that belong to the image's certificate chain.
#[must_use]
pub(crate) fn held_keys(machine: &Machine, needs: &Needs) -> Vec<String> {
    let needed = |key: &&Key| needs.key_ids.contains(&key.id);
    machine.keyrings.keys.iter().filter(needed).map(Key::to_string).collect()
}

/// The modules that a kernel which enforces signatures must load before it can verify the image.
#[must_use]
pub(crate) fn missing_modules(machine: &Machine, needs: &Needs) -> Vec<Warning> {
    if !enforcement(machine).may_enforce() {
        return Vec::new();
    }
    let modules = needs.algorithms.iter().filter(|name| support(machine, name) == Support::Module);
    let warn = |name: &&str| {
        let message = format!("the running kernel has {name} only as a module, and must load it to verify this image");
        Warning::new(Caution::AlgorithmModule, message)
    };
    modules.map(warn).collect()
}

fn support(machine: &Machine, name: &str) -> Support {
    machine.algorithms.support(name, &machine.config)
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
            let platform = Platform::read(Tree::new().root());
            let found = may_load(Method::File, &machine, &platform, Slot::Reboot).err().map(|finding| finding.reason);
            // On another processor that is what comes first.
            let wanted = platform.supported().err().map(|finding| finding.reason).or(wanted);
            assert_eq!(found, wanted, "{path}");
        }
    }

    #[test]
    fn a_jump_counts_in_the_first_pid_namespace_only() {
        assert!(may_jump(&machine("/nothing", "")).is_ok());
        assert!(may_jump(&machine("/proc/2/comm", "bash\n")).is_err());
    }
}
