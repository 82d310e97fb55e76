//! The table of warnings: slug, meaning, advice. A warning refuses nothing.
//!
//! `docs/warnings.md` is written from the same table; a test compares the two.

use std::fmt;

macro_rules! cautions {
    ($($variant:ident $slug:literal $means:literal $advice:literal;)*) => {
        /// A named warning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Caution { $(#[doc = $means] $variant,)* }

        impl Caution {
            /// Every warning, in the table's order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable name that scripts match.
            #[must_use]
            pub const fn slug(self) -> &'static str { match self { $(Self::$variant => $slug,)* } }

            /// What it means: one sentence, without a full stop.
            #[must_use]
            pub const fn means(self) -> &'static str { match self { $(Self::$variant => $means,)* } }

            /// What to do about it.
            #[must_use]
            pub const fn advice(self) -> &'static str { match self { $(Self::$variant => $advice,)* } }
        }
    };
}

cautions! {
    RevocationIncomplete "revocation-incomplete" "a revocation list could only be read in part" "run skexec as root, which can read the whole list";
    RevocationIgnored "revocation-ignored" "a revocation list cannot be used, and the policy says to ignore that" "repair the list, then remove its name from ignore-revocations in /etc/skexec/policy.toml";
    TrustListIgnored "trust-list-ignored" "a list of trusted certificates, or one of its certificates, cannot be used and is ignored" "repair or remove the file or the EFI variable that the message names";
    MokVariableIgnored "mok-variable-ignored" "a MOK variable was ignored because shim did not create it" "find out who wrote the variable: those of shim are volatile";
    EntriesUnreadable "entries-unreadable" "a folder of boot entries could not be read, or not wholly" "run skexec as root";
    SignerExpired "signer-expired" "the signer's certificate has expired; kernels do not check this" "ask the signer for a kernel with a newer signature";
    SignerNotYetValid "signer-not-yet-valid" "the signer's certificate is not valid yet, by the clock of this machine" "set the clock";
    InsecureUnsigned "insecure-unsigned" "the kernel was not verified, because --insecure-unsigned or the policy waived the signature" "load a signed kernel";
    NoEffect "no-effect" "an option has no effect here" "remove the option, or use --method segments";
    Injected "injected" "a file is added to the initrd in memory, and no signature covers it" "leave out --inject and --credential where a signature must cover the whole initrd";
    AlgorithmModule "algorithm-module" "the running kernel must load a module before it can verify the image" "load the module first: modprobe NAME";
    NotLocked "not-locked" "the kernel is loaded, but --lock failed: another program can still replace it" "run skexec as root, with /proc/sys writable, or set it yourself: sysctl kernel.kexec_load_disabled=1";
    VersionNotKept "version-not-kept" "the version of the manifest cannot be noted, so that its boot will not protect against older versions" "make /var/lib/skexec writable, or repair or remove /var/lib/skexec/manifests.json; or set least.version in the policy";
    AddonsUnreadable "addons-unreadable" "a folder of add-ons beside a UKI could not be read, so that they are not described" "run skexec as root, or repair the folder; a load of the UKI would be refused";
    CompanionUnused "companion-unused" "a section of the UKI, or a file beside it, is not used" "remove it, or boot the UKI by its own stub";
    Unchecked "unchecked" "the purgatory will not check the loaded segments before the jump, because -i (--no-checks) was given" "leave out -i (--no-checks)";
    LogNotKept "log-not-kept" "the log of what was measured into the TPM will not be there after the jump" "make /var/log writable";
    MeasurementNotClosed "measurement-not-closed" "the TPM still has a kernel as the one that is booted, and it will not be booted" "repair what the message names, and run skexec unload or skexec load: either closes the measurement first; until then trust no register that skexec extends";
    WatchdogStops "watchdog-stops" "the watchdog may be stopped at the jump, so that a hang would not be noticed" "boot the running kernel with watchdog.stop_on_reboot=0 on its command line";
    CrashTight "crash-tight" "the crash kernel may have too little memory to unpack its initrd" "reserve as much as the message names: boot the running kernel with a larger crashkernel=; or use a smaller initrd";
    CrashTakesMemory "crash-takes-memory" "the crash kernel takes memory that was plugged in as its own, and the dump lacks it" "load it with --append acpi_no_memhotplug";
    NotConfined "not-confined" "skexec keeps rights that it does not need: a fault in a parser could use them" "boot a kernel that has landlock among lsm= (CONFIG_LSM), and CONFIG_SECCOMP_FILTER; outside a container that forbids them";
    HandoverIncomplete "handover-incomplete" "a fact about this machine cannot be passed to the next kernel" "mount /sys and run skexec as root, or use --method file";
}

impl fmt::Display for Caution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}

/// A warning, and what caused it in this file or on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The row of the table.
    pub caution: Caution,
    /// One sentence, without a full stop.
    pub message: String,
}

impl Warning {
    /// A warning with a sentence of its own.
    pub fn new(caution: Caution, message: impl Into<String>) -> Self {
        Self { caution, message: message.into() }
    }

    /// The stable name that scripts match.
    #[must_use]
    pub const fn slug(&self) -> &'static str {
        self.caution.slug()
    }
}

impl From<Caution> for Warning {
    fn from(caution: Caution) -> Self {
        Self::new(caution, caution.means())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Reason;
    use std::collections::HashSet;

    #[test]
    fn slugs_are_unique_and_no_reasons() {
        let slugs: HashSet<_> = Caution::ALL.iter().map(|caution| caution.slug()).collect();
        assert_eq!(slugs.len(), Caution::ALL.len());
        assert!(Reason::ALL.iter().all(|reason| !slugs.contains(reason.slug())));
    }
}
