//! The running kernel's configuration, where the distribution installed the file.

use super::Release;
use crate::sources::Root;
use std::collections::BTreeSet;

/// The options that are built in or modules. If the configuration file is absent, every query returns `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The path of the file that was read.
    pub source: Option<String>,
    on: BTreeSet<String>,
    modules: BTreeSet<String>,
}

impl Config {
    /// Reads the configuration of this release. Debian and Fedora install it in /boot; newer releases install it beside the
    /// modules. /proc/config.gz is not read: it would need a gzip decoder, and kernels that have it usually have one of the files.
    #[must_use]
    pub fn read(root: &Root, release: &Release) -> Self {
        let release = &release.text;
        // The release becomes part of a path; it must not lead to another directory.
        if release.is_empty() || release.contains('/') {
            return Self::default();
        }
        [format!("/boot/config-{release}"), format!("/lib/modules/{release}/config")]
            .into_iter()
            .find_map(|path| Some(Self::parse(&root.text(&path)?, &path)))
            .unwrap_or_default()
    }

    /// Parses the `CONFIG_X=y` and `CONFIG_X=m` lines of a .config.
    #[must_use]
    pub fn parse(text: &str, source: &str) -> Self {
        let with = |ending: &'static str| {
            let lines = text.lines().filter_map(move |line| line.strip_suffix(ending)?.strip_prefix("CONFIG_"));
            lines.map(str::to_owned)
        };
        Self {
            source: Some(source.to_owned()),
            on: with("=y").chain(with("=m")).collect(),
            modules: with("=m").collect(),
        }
    }

    /// Whether an option is known to be a module.
    #[must_use]
    pub fn is_module(&self, option: &str) -> bool {
        self.modules.contains(option)
    }

    /// Whether an option, named without `CONFIG_`, is built in or a module; `None` where there is no configuration.
    #[must_use]
    pub fn has(&self, option: &str) -> Option<bool> {
        self.source.is_some().then(|| self.on.contains(option))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;

    const TEXT: &str =
        "CONFIG_KEXEC_SIG=y\n# CONFIG_KEXEC_SIG_FORCE is not set\nCONFIG_EFIVAR_FS=m\nCONFIG_LSM=\"y\"\n";

    #[test]
    fn options_are_on_off_or_unknown() {
        let config = Config::parse(TEXT, "x");
        let table =
            [("KEXEC_SIG", true), ("KEXEC_SIG_FORCE", false), ("EFIVAR_FS", true), ("LSM", false), ("KEXEC", false)];
        for (option, wanted) in table {
            assert_eq!(config.has(option), Some(wanted), "{option}");
        }
        assert_eq!(Config::default().has("KEXEC_SIG"), None);
    }

    #[test]
    fn it_is_found_in_either_place() {
        let tree = Tree::new();
        let release = Release::parse("6.1.0");
        assert_eq!(Config::read(tree.root(), &release), Config::default());
        tree.write("/lib/modules/6.1.0/config", TEXT);
        assert_eq!(Config::read(tree.root(), &release).source.as_deref(), Some("/lib/modules/6.1.0/config"));
        tree.write("/boot/config-6.1.0", TEXT);
        assert_eq!(Config::read(tree.root(), &release).source.as_deref(), Some("/boot/config-6.1.0"));
        assert_eq!(Config::read(tree.root(), &Release::parse("../6.1.0")), Config::default());
    }
}
