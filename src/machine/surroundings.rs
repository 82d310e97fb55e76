//! The environment of this process: init system, initramfs, container, hypervisor.

use crate::sources::Root;

/// The init system, as far as it tells how to shut down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Init {
    /// systemd, recognised by the test of sd_booted(3).
    Systemd,
    /// Another init system, with the name of process 1.
    Other(String),
    /// Unknown: /proc does not show process 1.
    Unknown,
}

/// The environment of this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    /// The init system.
    pub init: Init,
    /// The root file system is the initramfs; systemd may be running there, too.
    pub initramfs: bool,
    /// The evidence of a container, if there is any.
    pub container: Option<String>,
    /// Process 2 is a kernel thread, so this is the initial PID namespace: the only one in which reboot(2) starts the loaded kernel.
    pub initial_pid_namespace: Option<bool>,
    /// This is Xen's first domain, where only the hypervisor can kexec.
    pub xen_dom0: bool,
}

impl Surroundings {
    /// Reads the environment of this process.
    #[must_use]
    pub fn read(root: &Root) -> Self {
        Self {
            init: init(root),
            initramfs: root.has("/etc/initrd-release")
                || root.text("/proc/self/mounts").is_some_and(|mounts| root_is_in_memory(&mounts)),
            container: container(root),
            initial_pid_namespace: initial_pid_namespace(root),
            xen_dom0: root.text("/proc/xen/capabilities").is_some_and(|text| text.contains("control_d")),
        }
    }
}

fn init(root: &Root) -> Init {
    if root.has("/run/systemd/system") {
        return Init::Systemd;
    }
    root.text("/proc/1/comm").map_or(Init::Unknown, Init::Other)
}

/// Whether `/` is an initramfs. The last mount on `/` covers those before it. A tmpfs does not count, because a live system may run
/// on one, with services that must be stopped.
fn root_is_in_memory(mounts: &str) -> bool {
    let mut types = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        (fields.next() == Some("/")).then(|| fields.next()).flatten()
    });
    matches!(types.next_back(), Some("rootfs" | "ramfs"))
}

/// Container managers create these files. None of the files proves a container, and their absence proves nothing.
fn container(root: &Root) -> Option<String> {
    if let Some(manager) = root.text("/run/systemd/container") {
        return Some(manager);
    }
    [("/.dockerenv", "docker"), ("/run/.containerenv", "podman"), ("/dev/lxd", "lxd")]
        .into_iter()
        .find_map(|(path, manager)| root.has(path).then(|| manager.to_owned()))
}

fn initial_pid_namespace(root: &Root) -> Option<bool> {
    match root.text("/proc/2/comm") {
        Some(name) => Some(name == "kthreadd"),
        // With hidepid= the directories of other users' processes are hidden, too.
        None if root.has("/proc/2") => None,
        None => root.has("/proc/1/comm").then_some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;

    #[test]
    fn the_last_mount_on_the_root_counts() {
        let table = [
            ("rootfs / rootfs rw 0 0\nproc /proc proc rw 0 0\n", true),
            ("rootfs / rootfs rw 0 0\n/dev/sda1 / ext4 rw 0 0\ntmpfs /run tmpfs rw 0 0\n", false),
            ("none / tmpfs rw 0 0\n", false),
            ("", false),
        ];
        for (mounts, wanted) in table {
            assert_eq!(root_is_in_memory(mounts), wanted, "{mounts}");
        }
    }

    #[test]
    fn a_machine_a_container_and_an_initramfs() {
        let tree = Tree::new();
        let read = || Surroundings::read(tree.root());
        assert_eq!((read().init, read().initial_pid_namespace), (Init::Unknown, None));
        tree.write("/proc/1/comm", "init\n");
        assert_eq!((read().init, read().initial_pid_namespace), (Init::Other("init".to_owned()), Some(false)));
        tree.write("/proc/2/comm", "kthreadd\n");
        tree.directory("/run/systemd/system");
        tree.write("/etc/initrd-release", "");
        let machine = read();
        assert_eq!((machine.init, machine.initial_pid_namespace), (Init::Systemd, Some(true)));
        assert!(machine.initramfs && machine.container.is_none() && !machine.xen_dom0);
        tree.write("/.dockerenv", "");
        tree.write("/proc/xen/capabilities", "control_d\n");
        assert_eq!(read().container.as_deref(), Some("docker"));
        assert!(read().xen_dom0);
    }
}
