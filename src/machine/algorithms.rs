//! The cryptographic algorithms that the running kernel has for verifying signatures.

use super::Config;
use crate::sources::Root;
use std::collections::BTreeSet;

/// The algorithms in /proc/crypto: those that are built in, and those of loaded modules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Algorithms(BTreeSet<String>);

/// Whether the running kernel has an algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// The kernel has it.
    Present,
    /// It is a module, which the kernel loads when it needs it, if it is there.
    Module,
    /// The kernel was built without it.
    Missing,
    /// Unknown.
    Unknown,
}

impl Algorithms {
    /// The algorithms of the running kernel.
    #[must_use]
    pub fn read(root: &Root) -> Self {
        Self::parse(&root.text("/proc/crypto").unwrap_or_default())
    }

    /// Takes the names of /proc/crypto's entries.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let entries = text.lines().filter_map(|line| line.split_once(':'));
        let names = entries.filter(|(key, _)| key.trim() == "name");
        Self(names.map(|(_, name)| name.trim().to_owned()).collect())
    }

    /// Whether the running kernel has an algorithm, given the crypto API's name of it.
    #[must_use]
    pub fn support(&self, name: &str, config: &Config) -> Support {
        if self.0.contains(name) {
            return Support::Present;
        }
        let Some(option) = option(name) else { return Support::Unknown };
        match (config.has(option), config.is_module(option)) {
            (Some(false), _) => Support::Missing,
            (Some(true), true) => Support::Module,
            // Newer kernels have some algorithms as plain functions, which are built in but not listed.
            (Some(true), false) => Support::Present,
            (None, _) => Support::Unknown,
        }
    }
}

/// The configuration option of an algorithm (crypto/Kconfig).
fn option(name: &str) -> Option<&'static str> {
    match name {
        "sha256" => Some("CRYPTO_SHA256"),
        "sha384" | "sha512" => Some("CRYPTO_SHA512"),
        "rsa" => Some("CRYPTO_RSA"),
        "ecdsa-nist-p256" | "ecdsa-nist-p384" | "ecdsa-nist-p521" => Some("CRYPTO_ECDSA"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_configured_or_unknown() {
        let algorithms = Algorithms::parse("name         : sha256\ndriver       : sha256-ni\n\nname         : rsa\n");
        let config =
            Config::parse("CONFIG_CRYPTO_SHA512=m\nCONFIG_CRYPTO_RSA=m\n# CONFIG_CRYPTO_ECDSA is not set\n", "x");
        let rows = [
            ("sha256", Support::Present, Support::Present),
            ("rsa", Support::Present, Support::Present),
            ("sha512", Support::Module, Support::Unknown),
            ("ecdsa-nist-p384", Support::Missing, Support::Unknown),
            ("sha256-ni", Support::Unknown, Support::Unknown),
        ];
        for (name, known, without) in rows {
            assert_eq!(algorithms.support(name, &config), known, "{name}");
            assert_eq!(algorithms.support(name, &Config::default()), without, "{name}");
        }
        let built_in = Config::parse("CONFIG_CRYPTO_SHA512=y\n", "x");
        assert_eq!(algorithms.support("sha384", &built_in), Support::Present);
    }
}
