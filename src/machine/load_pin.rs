//! LoadPin: whether the running kernel accepts images from one file system only (Documentation/admin-guide/LSM/LoadPin.rst).

use super::Config;
use crate::sources::Root;

/// The state of LoadPin in the running kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadPin {
    /// The kernel does not have LoadPin, or does not use it.
    Absent,
    /// LoadPin logs files from elsewhere, but accepts them.
    Reporting,
    /// LoadPin refuses a file from another file system. A memfd is such a file.
    Enforcing,
    /// LoadPin is active; whether it enforces is unknown.
    Unknown,
}

impl LoadPin {
    /// The state of the running kernel.
    #[must_use]
    pub fn read(root: &Root, config: &Config) -> Self {
        let lsm = root.text("/sys/kernel/security/lsm");
        let sysctl = root.text("/proc/sys/kernel/loadpin/enforce");
        judge(lsm.as_deref(), sysctl.as_deref(), config.has("SECURITY_LOADPIN"))
    }

    /// Whether the kernel must be given the original file, because it may refuse a copy.
    #[must_use]
    pub const fn wants_original(self) -> bool {
        matches!(self, Self::Enforcing | Self::Unknown)
    }
}

/// The sysctl exists only where LoadPin registered it. Kernels that were built to always enforce have LoadPin without the sysctl.
fn judge(lsm: Option<&str>, sysctl: Option<&str>, configured: Option<bool>) -> LoadPin {
    match (sysctl, lsm) {
        (Some("0"), _) => LoadPin::Reporting,
        (Some("1"), _) => LoadPin::Enforcing,
        (Some(_), _) => LoadPin::Unknown,
        (None, Some(names)) if names.split(',').any(|name| name.trim() == "loadpin") => LoadPin::Unknown,
        (None, None) if configured == Some(true) => LoadPin::Unknown,
        (None, _) => LoadPin::Absent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sysctl_then_the_list_of_modules() {
        let table = [
            (None, Some("1"), None, LoadPin::Enforcing),
            (Some("lockdown,loadpin"), Some("0"), None, LoadPin::Reporting),
            (Some("lockdown,loadpin"), None, None, LoadPin::Unknown),
            (Some("lockdown,yama"), None, Some(true), LoadPin::Absent),
            (None, None, Some(true), LoadPin::Unknown),
            (None, None, Some(false), LoadPin::Absent),
            (None, None, None, LoadPin::Absent),
        ];
        for (lsm, sysctl, configured, wanted) in table {
            assert_eq!(judge(lsm, sysctl, configured), wanted, "{lsm:?} {sysctl:?} {configured:?}");
        }
    }
}
