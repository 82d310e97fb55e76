//! The administrator's policy: what he demands beyond a trusted signature, and what he allows.
//!
//! The defaults of the distribution are in /usr/lib/skexec/policy.toml. A key in /etc/skexec/policy.toml replaces the same key there.

mod describe;
mod entry;
mod parse;
mod setting;
mod values;

pub use describe::{Described, Value};
pub use setting::{Origin, Setting};
pub use values::{
    Choice, Kind, MeasureAt, Part, Refresh, SignedCmdline, SignedInitrd, SignerId, Unsigned, WaiverOption,
};

use super::Root;
use super::files::read_system_file;
use crate::reason::{Finding, Reason};
use std::collections::BTreeMap;

/// The administrator's file.
pub const PATH: &str = "/etc/skexec/policy.toml";
/// The defaults of the distribution.
pub const VENDOR_PATH: &str = "/usr/lib/skexec/policy.toml";
/// The file of former versions, which had the same keys. Nothing in it may be ignored silently.
const FORMER_PATH: &str = "/etc/skexec/policy.conf";
/// The largest file, in bytes.
const MAX_FILE: u64 = 64 << 10;

/// Every setting, and where it was set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// `unsigned`: whether unsigned kernels are permitted on every load.
    pub unsigned: Setting<Unsigned>,
    /// `insecure-unsigned`: whether the option `--insecure-unsigned` may be given.
    pub insecure_unsigned: Setting<WaiverOption>,
    /// `require`: the parts of a boot that a verified signature must cover.
    pub require: Setting<Vec<Part>>,
    /// `signed-cmdline`: what options may do to a signed command line.
    pub signed_cmdline: Setting<SignedCmdline>,
    /// `signed-initrd`: whether `--initrd` may add to the initrds of a signed bundle.
    pub signed_initrd: Setting<SignedInitrd>,
    /// `inject`: paths that `--inject` may add where the initrd must be covered.
    pub inject: Setting<Vec<String>>,
    /// `credentials`: names that `--credential` may add where the initrd must be covered.
    pub credentials: Setting<Vec<String>>,
    /// `ignore-revocations`: names of revocation lists that may be unreadable. What can be read of a list counts in any case.
    pub ignore_revocations: Setting<Vec<String>>,
    /// `refresh`: what `skexec refresh` does.
    pub refresh: Setting<Refresh>,
    /// `least.version`: the least version of a manifest, by the manifest's name.
    pub versions: BTreeMap<String, Setting<u64>>,
    /// `least.rsa-bits`, `least.ec-bits` and `signers`.
    pub limits: Limits,
    /// `measure`: what is measured into the TPM.
    pub measure: Measure,
}

/// When the next boot is measured into the TPM, and into which registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// `measure.at`
    pub at: Setting<MeasureAt>,
    /// `measure.kernel`
    pub kernel: Setting<u8>,
    /// `measure.initrd`
    pub initrd: Setting<u8>,
    /// `measure.cmdline`
    pub cmdline: Setting<u8>,
}

/// The registers into which GRUB measures the same: 9 for files that it reads, 8 for command lines.
impl Default for Measure {
    fn default() -> Self {
        Self { at: Setting::default(), kernel: 9.into(), initrd: 9.into(), cmdline: 8.into() }
    }
}

/// What a signature must fulfil beyond leading to a trusted certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// `least.rsa-bits`: the least RSA key of a signer or issuer; nothing where no more is demanded than everywhere (2048 bits).
    pub rsa_bits: Option<Setting<u32>>,
    /// `least.ec-bits`: the same for ECDSA (256 bits).
    pub ec_bits: Option<Setting<u32>>,
    /// `signers`: whose signatures count, by the kind of thing that is signed. Without an entry, every trusted signer's does.
    pub signers: BTreeMap<Kind, Setting<Vec<SignerId>>>,
}

impl Policy {
    /// Reads the policy of this system. The files must belong to root.
    ///
    /// # Errors
    /// `policy-file`, with the file and, where there is one, the line.
    pub fn read(root: &Root) -> Result<Self, Finding> {
        if root.has(FORMER_PATH) {
            let seen =
                format!("{FORMER_PATH}: this file is not read any more; move it to {PATH}, which has the same keys");
            return Err(Finding::new(Reason::PolicyFile, seen));
        }
        [VENDOR_PATH, PATH].into_iter().try_fold(Self::default(), |policy, file| {
            let refused = |what: String| Finding::new(Reason::PolicyFile, format!("{file}: {what}"));
            let bytes = read_system_file(root, file, MAX_FILE).map_err(|error| refused(error.what))?;
            let text = String::from_utf8(bytes.unwrap_or_default()).map_err(|error| refused(error.to_string()))?;
            policy.replaced_by(file, &text)
        })
    }

    /// The policy in which the keys of a file's text replace the same keys.
    ///
    /// # Errors
    /// `policy-file`: malformed TOML, an unknown key, or a value that the key cannot have; with the file and the line. None of it
    /// is ignored, because it may have been meant to forbid something.
    pub fn replaced_by(self, file: &'static str, text: &str) -> Result<Self, Finding> {
        parse::onto(self, file, text)
    }

    /// Whether a verified signature must cover this part.
    #[must_use]
    pub fn requires(&self, part: Part) -> bool {
        self.require.value.contains(&part)
    }
}

#[cfg(test)]
mod tests;
