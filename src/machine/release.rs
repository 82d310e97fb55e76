//! The running kernel's release, and the features of kexec that depend on it.

use crate::sources::Root;

/// A kernel release such as `6.12.43+deb13-amd64`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Release {
    /// As `uname -r` prints it; empty where it cannot be read.
    pub text: String,
    /// The first two numbers; `None` where the text has none.
    pub version: Option<(u32, u32)>,
}

impl Release {
    /// The release of the running kernel.
    #[must_use]
    pub fn read(root: &Root) -> Self {
        Self::parse(&root.text("/proc/sys/kernel/osrelease").unwrap_or_default())
    }

    /// Splits a release into its numbers.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut numbers = text.split(|character: char| !character.is_ascii_digit()).map(str::parse);
        let version = match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => Some((major, minor)),
            _ => None,
        };
        Self { text: text.to_owned(), version }
    }

    /// Whether the kernel is that new. A release without numbers is not: a flag that is not known must not be used.
    #[must_use]
    pub fn at_least(&self, major: u32, minor: u32) -> bool {
        self.version.is_some_and(|version| version >= (major, minor))
    }

    /// `KEXEC_CRASH_HOTPLUG_SUPPORT` came with 6.10.
    #[must_use]
    pub fn has_crash_hotplug(&self) -> bool {
        self.at_least(6, 10)
    }

    /// `KEXEC_FILE_NO_CMA` came with 6.17.
    #[must_use]
    pub fn has_no_cma(&self) -> bool {
        self.at_least(6, 17)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_of_distributions() {
        let table = [
            ("6.1.0-49-amd64", Some((6, 1)), false),
            ("6.3.0", Some((6, 3)), false),
            ("6.8.0-31-generic", Some((6, 8)), false),
            ("6.12.43+deb13-amd64", Some((6, 12)), false),
            ("6.17-rc1", Some((6, 17)), true),
            ("7.2-rc3+deb14-amd64", Some((7, 2)), true),
            ("10.0", Some((10, 0)), true),
            ("5.19.17", Some((5, 19)), false),
            ("", None, false),
            ("mainline", None, false),
            ("6", None, false),
            ("99999999999.1", None, false),
        ];
        for (text, version, no_cma) in table {
            let release = Release::parse(text);
            assert_eq!((release.version, release.has_no_cma()), (version, no_cma), "{text}");
        }
    }
}
