//! Who makes a load, or a jump.

use crate::sources::Root;
use serde::{Deserialize, Serialize};

/// What /proc shows of the process that loads. A fact that it does not show is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loader {
    /// The real user ID.
    pub uid: Option<u32>,
    /// The user ID of the login, which sudo and su do not change.
    pub login_uid: Option<u32>,
    /// The name of the program.
    pub program: Option<String>,
}

/// The login ID of a process that belongs to no login.
const NO_LOGIN: u32 = u32::MAX;

impl Loader {
    /// This process.
    #[must_use]
    pub fn this_process(root: &Root) -> Self {
        let status = root.text("/proc/self/status").unwrap_or_default();
        let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"));
        let login = root.text("/proc/self/loginuid").and_then(|text| text.parse().ok());
        Self {
            uid: uid.and_then(|ids| ids.split_whitespace().next()?.parse().ok()),
            login_uid: login.filter(|uid| *uid != NO_LOGIN),
            program: root.text("/proc/self/comm"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;

    #[test]
    fn the_login_is_told_from_the_user() {
        let tree = Tree::new();
        let read = || Loader::this_process(tree.root());
        assert_eq!(read(), Loader { uid: None, login_uid: None, program: None });
        tree.write("/proc/self/status", "Name:\tskexec\nUid:\t0\t0\t0\t0\n");
        tree.write("/proc/self/loginuid", "4294967295");
        tree.write("/proc/self/comm", "kexec\n");
        assert_eq!(read(), Loader { uid: Some(0), login_uid: None, program: Some("kexec".into()) });
        tree.write("/proc/self/loginuid", "1000");
        assert_eq!(read().login_uid, Some(1000));
    }
}
