//! The keys that the running kernel holds, as far as /proc/keys shows them.
//!
//! /proc/keys lists keys and keyrings, but not which key is on which keyring; reading a keyring takes keyctl(2). So a key that is
//! not listed is on none of the keyrings that kexec searches, and a key that is listed may be on another keyring. /proc/keys
//! silently omits keys that the reader may not view: only root sees the system's keyrings.

use crate::sources::Root;
use crate::sources::proc_keys::{self, Line, lines};
use std::fmt;

/// A key of type `asymmetric`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The subject, as the kernel composed it from parts of the certificate's subject name.
    pub name: String,
    /// The subjectKeyIdentifier, or the serial number where the certificate has none.
    pub id: Vec<u8>,
    /// Where it probably came from, by its permissions.
    pub origin: Origin,
}

/// Where a key came from, guessed from its permissions. It is for people to read; no decision depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The permissions that the kernel gives to keys from EFI variables: `.platform` or `.machine`.
    Firmware,
    /// The permissions that the kernel gives to built-in keys and to revoked ones.
    Kernel,
    /// Added while the system ran.
    Runtime,
}

/// Shows the name, and the probable origin.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = match self.origin {
            Origin::Firmware => "from the firmware: .platform or .machine",
            Origin::Kernel => "built in, or revoked: .builtin_trusted_keys or .blacklist",
            Origin::Runtime => "added at run time",
        };
        write!(f, "{} ({origin})", self.name)
    }
}

/// A keyring of the system and how many keys it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ring {
    /// With its leading dot.
    pub name: String,
    /// Keys on it.
    pub keys: usize,
}

/// What /proc/keys shows to this process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keyrings {
    /// Keyrings whose names start with a dot: the kernel's own.
    pub rings: Vec<Ring>,
    /// All asymmetric keys.
    pub keys: Vec<Key>,
}

/// Whether kexec can find a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// The key is on none of the keyrings that kexec searches.
    No,
    /// The kernel holds the key, and kexec finds it unless it is on another keyring.
    Perhaps,
    /// This process does not see the system's keyrings.
    Unknown,
}

impl Keyrings {
    /// Reads the keys that this process may view.
    #[must_use]
    pub fn read(root: &Root) -> Self {
        Self::parse(&root.text("/proc/keys").unwrap_or_default())
    }

    /// Parses the text of /proc/keys; keys of other types are skipped.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut keyrings = Self::default();
        for Line { permissions, kind, description } in lines(text) {
            match kind {
                "keyring" => keyrings.rings.extend(ring(description)),
                "asymmetri" => keyrings.keys.extend(key(description, permissions)),
                _ => {}
            }
        }
        keyrings
    }

    /// Whether this process sees the system's keyrings at all.
    #[must_use]
    pub fn visible(&self) -> bool {
        self.ring(".builtin_trusted_keys").is_some()
    }

    /// A keyring of the system, by its name with the dot.
    #[must_use]
    pub fn ring(&self, name: &str) -> Option<&Ring> {
        self.rings.iter().find(|ring| ring.name == name)
    }

    /// Whether kexec may find the key whose certificate has this subjectKeyIdentifier.
    #[must_use]
    pub fn holds(&self, subject_key_id: &[u8]) -> Holds {
        match () {
            () if self.keys.iter().any(|key| key.id == subject_key_id) => Holds::Perhaps,
            () if self.visible() => Holds::No,
            () => Holds::Unknown,
        }
    }
}

/// The names of the kernel's own keyrings start with a dot.
fn ring(description: &str) -> Option<Ring> {
    let (name, keys) = proc_keys::ring(description)?;
    name.starts_with('.').then(|| Ring { name: name.to_owned(), keys })
}

/// `Debian Secure Boot CA: 6ccece7e…: X509.rsa cbb419ea []`: the key's description, then the subtype's.
fn key(description: &str, permissions: &str) -> Option<Key> {
    let (description, _subtype) = description.rsplit_once(": ")?;
    let (name, id) = description.rsplit_once(": ")?;
    Some(Key { name: name.to_owned(), id: crate::hex::decode(id)?, origin: origin(permissions) })
}

/// The possessor's permissions without setattr, and `view`, or `view` and `read`, for the owner
/// (include/linux/key.h; who asks for which: security/integrity/platform_certs, certs/system_keyring.c).
fn origin(permissions: &str) -> Origin {
    match permissions {
        "1f010000" => Origin::Firmware,
        "1f030000" => Origin::Kernel,
        _ => Origin::Runtime,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
02be1a3a I------     1 perm 1f0b0000     0     0 keyring   .builtin_trusted_keys: 1
04352b9e I------     1 perm 1f0b0000     0     0 keyring   .platform: 2
135de38c I------     1 perm 0f0b0000     0     0 keyring   .blacklist: empty
13efe382 I--Q---     2 perm 1f3f0000     0 65534 keyring   _uid.0: empty
0a54d9a1 I------     1 perm 1f030000     0     0 asymmetri Build time autogenerated kernel key: 01aB: X509.rsa 0001aabb []
1b62fd6c I------     1 perm 1f010000     0     0 asymmetri Org: Debian Secure Boot CA: 6ccece7e4c6c0d1f6149f3dd27dfcc5cbb419ea1: X509.rsa bb419ea1 []
2c33f0d1 I------     1 perm 1f030000     0     0 blacklist bin:80b4d96931bf0d02fd91a61e19d14f1d
3d33f0d1 I--Q---   perm 3f010000  1000  1000 user      x
junk
";

    #[test]
    fn rings_and_keys() {
        let keyrings = Keyrings::parse(TEXT);
        let rings: Vec<_> = keyrings.rings.iter().map(|ring| (ring.name.as_str(), ring.keys)).collect();
        assert_eq!(rings, [(".builtin_trusted_keys", 1), (".platform", 2), (".blacklist", 0)]);
        let keys: Vec<_> = keyrings.keys.iter().map(|key| (key.name.as_str(), key.id.len(), key.origin)).collect();
        let wanted = [
            ("Build time autogenerated kernel key", 2, Origin::Kernel),
            ("Org: Debian Secure Boot CA", 20, Origin::Firmware),
        ];
        assert_eq!(keys, wanted);
        let shown = keyrings.keys.last().map(Key::to_string);
        assert_eq!(shown.as_deref(), Some("Org: Debian Secure Boot CA (from the firmware: .platform or .machine)"));
    }

    #[test]
    fn only_who_sees_the_rings_can_say_no() {
        let keyrings = Keyrings::parse(TEXT);
        assert_eq!(keyrings.holds(&[1, 0xab]), Holds::Perhaps);
        assert_eq!(keyrings.holds(&[1, 0xac]), Holds::No);
        assert_eq!(Keyrings::parse("").holds(&[1, 0xac]), Holds::Unknown);
    }
}
