//! The privilege of this process.

use crate::sources::Root;
use crate::sys::own_filters;

/// CAP_SYS_BOOT (include/uapi/linux/capability.h).
const CAP_SYS_BOOT: u32 = 22;

/// Whether this process has the capability that loading needs, and whether the capability counts here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Privilege {
    /// CAP_SYS_BOOT is in the effective set; `None` where that cannot be read.
    pub cap_sys_boot: Option<bool>,
    /// The process is in the initial user namespace: in another one the capability does not count.
    pub initial_user_namespace: Option<bool>,
    /// A seccomp filter of another program judges the system calls of this process.
    pub seccomp_filter: Option<bool>,
}

impl Privilege {
    /// The privilege of this process.
    #[must_use]
    pub fn read(root: &Root) -> Self {
        let status = root.text("/proc/self/status");
        Self {
            cap_sys_boot: status.as_deref().and_then(has_cap_sys_boot),
            seccomp_filter: status.as_deref().and_then(|status| has_filter(status, own_filters())),
            initial_user_namespace: root.text("/proc/self/uid_map").map(|map| is_identity(&map)),
        }
    }
}

fn has_cap_sys_boot(status: &str) -> Option<bool> {
    let set = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    Some(u64::from_str_radix(set.trim(), 16).ok()? & (1 << CAP_SYS_BOOT) != 0)
}

/// Mode 2 is a filter (proc_pid_status(5)), and from Linux 5.9 on they are counted. A kernel without seccomp has no such line.
fn has_filter(status: &str, own: u32) -> Option<bool> {
    let value = |key| status.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
    let filtered = value("Seccomp:")? == "2";
    if !filtered || own == 0 {
        return Some(filtered);
    }
    Some(value("Seccomp_filters:")?.parse::<u32>().ok()? > own)
}

/// The first namespace maps every identifier to itself (user_namespaces(7)).
fn is_identity(map: &str) -> bool {
    map.split_whitespace().eq(["0", "0", "4294967295"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effective_set_decides() {
        let table = [
            ("CapPrm:\tffffffffffffffff\nCapEff:\t000001ffffffffff\n", Some(true)),
            ("CapEff:\t0000000000400000", Some(true)),
            ("CapEff:\t0000000000000000", Some(false)),
            ("CapEff:\t00000000ffbfffff", Some(false)),
            ("CapEff:\tx", None),
            ("Name:\tskexec", None),
        ];
        for (status, wanted) in table {
            assert_eq!(has_cap_sys_boot(status), wanted, "{status}");
        }
    }

    #[test]
    fn mode_two_is_a_filter() {
        let table = [
            ("Seccomp:\t2\nSeccomp_filters:\t1\n", 0, Some(true)),
            ("Seccomp:\t0\n", 0, Some(false)),
            ("", 0, None),
            ("Seccomp:\t2\nSeccomp_filters:\t1\n", 1, Some(false)),
            ("Seccomp:\t2\nSeccomp_filters:\t2\n", 1, Some(true)),
            ("Seccomp:\t2\n", 1, None),
        ];
        for (status, own, wanted) in table {
            assert_eq!(has_filter(status, own), wanted, "{status}");
        }
    }

    #[test]
    fn one_mapping_is_the_initial_one() {
        let table = [
            ("         0          0 4294967295\n", true),
            ("         0       1000          1\n", false),
            ("0 0 65536\n", false),
            ("0 0 4294967295\n1 1 1\n", false),
            ("", false),
        ];
        for (map, wanted) in table {
            assert_eq!(is_identity(map), wanted, "{map}");
        }
    }
}
