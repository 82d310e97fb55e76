//! Where an added file lies in the initrd, and which folders it needs there.

/// The longest path that the kernel unpacks, in bytes: `PATH_MAX` less the NUL (init/initramfs.c, `do_header`).
const MAX_PATH: usize = 4095;
/// The longest name of a file or a folder, in bytes (`NAME_MAX`).
const MAX_NAME: usize = 255;
/// The name that ends an archive for the kernel.
const TRAILER: &str = "/TRAILER!!!";

/// An absolute path in the initrd, without `.`, `..` or empty parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitrdPath(String);

impl InitrdPath {
    /// Checks a path.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence for whoever typed it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts = text.strip_prefix('/').ok_or("the path in the initrd must begin with /")?;
        if text.len() > MAX_PATH {
            return Err(format!("the path in the initrd is longer than {MAX_PATH} bytes"));
        }
        if text.contains('\0') {
            return Err("the path in the initrd contains a NUL byte".into());
        }
        if text == TRAILER {
            return Err("the kernel takes this name for the end of an archive".into());
        }
        for part in parts.split('/') {
            match part {
                "" => return Err("the path in the initrd has an empty part: // or a / at its end".into()),
                "." | ".." => return Err("the path in the initrd must not contain . or .. as a part".into()),
                long if long.len() > MAX_NAME => {
                    return Err(format!("the path in the initrd has a part that is longer than {MAX_NAME} bytes"));
                }
                _ => {}
            }
        }
        Ok(Self(text.into()))
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a credential of systemd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential(String);

impl Credential {
    /// What follows the name in the file name of an encrypted credential.
    const SUFFIX: &'static str = ".cred";

    /// Checks a name by systemd's rules (src/shared/creds-util.c, `credential_name_valid`): printable ASCII without `/` and `:`, not
    /// `.` or `..`. Its length is 1 to 250 bytes, five less than systemd's limit, because a file may have it with `.cred`.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence for whoever typed it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let longest = MAX_NAME.saturating_sub(Self::SUFFIX.len());
        let fine = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'/' && byte != b':';
        match text {
            "" => Err("the credential has no name".into()),
            "." | ".." => Err(". and .. are no names of credentials".into()),
            _ if text.len() > longest => Err(format!("the name of the credential is longer than {longest} bytes")),
            _ if !text.bytes().all(fine) => {
                Err("the name of a credential consists of printable ASCII characters other than / and :".into())
            }
            _ => Ok(Self(text.into())),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where systemd in the initrd finds it. An encrypted credential lies where systemd-stub puts those that it passes: PID 1 imports them
    /// (src/core/import-creds.c, `import_credentials_boot`), so that they exist after the initrd, too. No folder is imported as
    /// plain credentials; units with `LoadCredential=` or `ImportCredential=` find those in the credential store (systemd.exec(5)).
    pub(super) fn path(&self, encrypted: bool) -> String {
        let Self(name) = self;
        if encrypted { format!("/.extra/credentials/{name}{}", Self::SUFFIX) } else { format!("/etc/credstore/{name}") }
    }
}

/// Folders that are links in an initrd with merged /usr, and exist in every other one. The kernel replaces a link by the folder of an
/// archive, so these have no entry.
const LINKS: &[&str] = &["bin", "lib", "lib32", "lib64", "libx32", "sbin", "var/lock", "var/run"];

/// Folders that are not for everybody. The first two are as systemd-stub makes them, the third as systemd's tmpfiles.d makes it.
const SPECIAL: &[(&str, u32)] = &[
    (".extra", 0o555),
    (".extra/credentials", 0o500),
    ("etc/credstore", 0o700),
    ("root", 0o700),
    ("tmp", 0o1777),
    ("var/tmp", 0o1777),
];

/// The permission bits of every other folder. The kernel sets them on a folder that exists, too (init/initramfs.c, `do_name`): with
/// fewer, a service of the initrd that does not run as root could no longer read what is in /etc.
const COMMON: u32 = 0o755;

/// The folders that these files need, with their permission bits: each once, and before what is in it. Paths are without a slash at
/// their start.
pub(super) fn folders<'a>(files: impl Iterator<Item = &'a str>) -> Vec<(&'a str, u32)> {
    let mut folders = Vec::new();
    for file in files {
        for (slash, _) in file.match_indices('/') {
            let folder = file.get(..slash).unwrap_or_default();
            if LINKS.contains(&folder) || folders.iter().any(|(known, _)| *known == folder) {
                continue;
            }
            let special = SPECIAL.iter().find(|(name, _)| *name == folder);
            folders.push((folder, special.map_or(COMMON, |(_, mode)| *mode)));
        }
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_absolute_and_plain() {
        let long = format!("/{}", "n".repeat(255));
        let deep = long.repeat(15) + "/" + &"n".repeat(254);
        assert_eq!(deep.len(), MAX_PATH);
        for path in ["/a", "/etc/hostname", "/.extra/x", "/a b=c", "/größe", "/...", "/etc/TRAILER!!!", &long, &deep]
        {
            assert_eq!(InitrdPath::parse(path).as_ref().map(InitrdPath::as_str), Ok(path));
        }
        let rows = [
            ("", "must begin with /"),
            ("etc/hostname", "must begin with /"),
            ("/", "empty part"),
            ("//etc", "empty part"),
            ("/etc//x", "empty part"),
            ("/etc/", "empty part"),
            ("/.", ". or .."),
            ("/etc/../x", ". or .."),
            ("/etc/..", ". or .."),
            ("/a\0b", "NUL"),
            ("/TRAILER!!!", "end of an archive"),
        ];
        for (path, wanted) in rows {
            assert!(InitrdPath::parse(path).is_err_and(|error| error.contains(wanted)), "{path:?}");
        }
        assert!(InitrdPath::parse(&format!("{long}n")).is_err_and(|error| error.contains("longer than 255 bytes")));
        assert!(InitrdPath::parse(&format!("{deep}n")).is_err_and(|error| error.contains("longer than 4095 bytes")));
    }

    #[test]
    fn a_name_is_one_that_systemd_accepts() {
        let long = "n".repeat(250);
        for name in ["luks", "cryptsetup.passphrase", "a b", "~", "...", "passwd.hashed-password.root", &long] {
            assert_eq!(Credential::parse(name).as_ref().map(Credential::as_str), Ok(name));
        }
        for name in ["", ".", "..", "a/b", "a:b", "a\n", "\x7f", "größe", "a\0", &format!("{long}n")] {
            assert!(Credential::parse(name).is_err(), "{name:?}");
        }
        let name = Credential::parse("luks").unwrap();
        assert_eq!(
            (name.path(false).as_str(), name.path(true).as_str()),
            ("/etc/credstore/luks", "/.extra/credentials/luks.cred")
        );
    }

    #[test]
    fn folders_come_once_and_first_and_replace_no_link() {
        let files = [
            "etc/keys/one",
            "etc/keys/deep/two",
            "lib/firmware/x",
            "usr/lib/y",
            "init",
            "var/run/z",
            "tmp/w",
            ".extra/credentials/c.cred",
        ];
        assert_eq!(
            folders(files.into_iter()),
            [
                ("etc", 0o755),
                ("etc/keys", 0o755),
                ("etc/keys/deep", 0o755),
                ("lib/firmware", 0o755),
                ("usr", 0o755),
                ("usr/lib", 0o755),
                ("var", 0o755),
                ("tmp", 0o1777),
                (".extra", 0o555),
                (".extra/credentials", 0o500),
            ]
        );
    }
}
