//! Advice that fits the machine on which it is read: the table's is for any machine.

use super::Reason;

/// What of a machine decides which advice fits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Site {
    /// It was started by UEFI, so that shim may be there and `mokutil` has something to work on.
    pub uefi: bool,
    /// The command runs in an initramfs, where there is no package manager and no editor.
    pub initramfs: bool,
    /// The command runs in a container, or in another PID or user namespace than the initial one.
    pub container: bool,
    /// The command was given in the words of kexec-tools, which has other options.
    pub kexec_words: bool,
}

impl Reason {
    /// What to do about it on such a machine.
    #[must_use]
    pub const fn advice_on(self, site: Site) -> &'static str {
        if site.kexec_words
            && let Some(advice) = self.advice_in_kexec_words(site)
        {
            return advice;
        }
        match self {
            Self::UnknownSigner if site.initramfs => {
                "boot the installed system, put the CA certificate of the signer into /etc/skexec/trust.d, and build this initramfs again"
            }
            Self::UnknownSigner if !site.uefi => {
                "give the CA certificate of the signer with --keys FILE, or put it into /etc/skexec/trust.d"
            }
            Self::Lockdown if !site.uefi => {
                "use a kernel that is signed with a key of the running kernel (skexec status -v lists its keys); \
                 without UEFI no other key can be enrolled"
            }
            Self::NoCapability if site.container => {
                "run skexec as root on the host, outside every container and namespace"
            }
            Self::NoCapability if site.initramfs => "run skexec as root, with CAP_SYS_BOOT",
            Self::NoKexec if site.container => {
                "run skexec on the host; if kexec is missing there too, use a kernel with CONFIG_KEXEC_FILE or CONFIG_KEXEC"
            }
            Self::InitrdEmpty if site.initramfs => "boot the installed system, and build the initrd again there",
            _ => self.advice(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_without_uefi_is_sent_to_mokutil() {
        let uefi = Site { uefi: true, ..Site::default() };
        for reason in Reason::ALL {
            assert!(!reason.advice_on(Site::default()).contains("mokutil"), "{reason}");
            assert_eq!(reason.advice_on(uefi), reason.advice(), "{reason}");
        }
    }

    #[test]
    fn a_container_and_an_initramfs_are_told_apart() {
        let container = Site { container: true, ..Site::default() };
        assert!(Reason::NoKexec.advice_on(container).starts_with("run skexec on the host"));
        assert!(!Reason::NoCapability.advice_on(container).contains("sudo"));
        let initramfs = Site { initramfs: true, uefi: true, ..Site::default() };
        for reason in [Reason::NoCapability, Reason::InitrdEmpty, Reason::UnknownSigner] {
            let advice = reason.advice_on(initramfs);
            assert!(!advice.contains("sudo") && !advice.contains("update-initramfs"), "{reason}: {advice}");
        }
    }
}
