//! Kexec handover (KHO): the running kernel preserves memory for the next one. Only the kernel's own loader passes the location
//! of that memory to the next kernel.

use super::Config;
use crate::sources::Root;

/// Paths that exist where KHO is on: its own directory, and those of features that use it.
const PATHS: [&str; 3] = ["/sys/kernel/debug/kho", "/sys/kernel/debug/liveupdate", "/dev/liveupdate"];

/// KHO is on or may be on, with the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kho {
    /// The evidence, for messages.
    pub sign: String,
}

impl Kho {
    /// `None` if KHO is off or no evidence of it was found; debugfs is often not mounted.
    #[must_use]
    pub fn read(root: &Root, config: &Config) -> Option<Self> {
        let sign = |text: &str| Some(Self { sign: text.to_owned() });
        if config.has("KEXEC_HANDOVER") == Some(false) {
            return None;
        }
        match root.text("/proc/cmdline").as_deref().and_then(parameter) {
            Some(true) => return sign("kho= on the command line"),
            Some(false) => return None,
            None => {}
        }
        if let Some(path) = PATHS.into_iter().find(|path| root.has(path)) {
            return sign(path);
        }
        if config.has("KEXEC_HANDOVER_ENABLE_DEFAULT") == Some(true) {
            return sign("CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT");
        }
        None
    }
}

/// The last `kho=` that is a truth value, as `kstrtobool` reads one: by its first letter, or two for `on` and `off`.
fn parameter(cmdline: &str) -> Option<bool> {
    let values = cmdline.split_whitespace().filter_map(|word| word.strip_prefix("kho="));
    values.filter_map(truth).next_back()
}

fn truth(value: &str) -> Option<bool> {
    let mut letters = value.bytes().map(|byte| byte.to_ascii_lowercase());
    match (letters.next()?, letters.next()) {
        (b'y' | b't' | b'1', _) | (b'o', Some(b'n')) => Some(true),
        (b'n' | b'f' | b'0', _) | (b'o', Some(b'f')) => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;

    #[test]
    fn truth_as_the_kernel_reads_it() {
        let table = [
            ("quiet", None),
            ("kho=on", Some(true)),
            ("a kho=Y b", Some(true)),
            ("kho=1", Some(true)),
            ("kho=off", Some(false)),
            ("kho=on kho=0", Some(false)),
            ("kho=o xkho=on", None),
            ("kho=", None),
        ];
        for (cmdline, wanted) in table {
            assert_eq!(parameter(cmdline), wanted, "{cmdline}");
        }
    }

    #[test]
    fn the_command_line_goes_before_all_but_a_kernel_without_it() {
        let on = Config::parse("CONFIG_KEXEC_HANDOVER=y\nCONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT=y\n", "x");
        let without = Config::parse("", "x");
        let unknown = Config::default();
        let read = |tree: &Tree, config: &Config| Kho::read(tree.root(), config).map(|kho| kho.sign);
        let tree = Tree::new();
        assert_eq!(read(&tree, &unknown), None);
        assert_eq!(read(&tree, &on).as_deref(), Some("CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT"));
        tree.directory("/sys/kernel/debug/kho");
        assert_eq!(read(&tree, &unknown).as_deref(), Some("/sys/kernel/debug/kho"));
        assert_eq!(read(&tree, &without), None);
        tree.write("/proc/cmdline", "quiet kho=off\n");
        assert_eq!(read(&tree, &on), None);
        tree.write("/proc/cmdline", "kho=on\n");
        assert_eq!(read(&tree, &unknown).as_deref(), Some("kho= on the command line"));
        assert_eq!(read(&tree, &without), None);
    }
}
