//! Advice for those who use the options of kexec-tools.

use super::{Reason, Site};

impl Reason {
    /// What to do, where the advice of the table names options that kexec-tools does not have.
    pub(super) const fn advice_in_kexec_words(self, site: Site) -> Option<&'static str> {
        Some(match self {
            Self::UnsupportedFormat => {
                "load the bzImage (vmlinuz) of the same kernel; a vmlinux can be loaded with -c (--kexec-syscall)"
            }
            // In an initramfs the policy's waiver does not count.
            Self::Unsigned if site.initramfs => {
                "use the distribution's signed kernel, or sign the image: sbsign --key KEY --cert CERT FILE"
            }
            Self::Unsigned => {
                "use the distribution's signed kernel, or sign the image: sbsign --key KEY --cert CERT FILE; to load unsigned kernels \
                 where the running kernel does not enforce signatures, set unsigned = \"if-not-enforced\" in /etc/skexec/policy.toml"
            }
            Self::UnknownSigner if !site.initramfs => {
                "put the CA certificate of the signer into /etc/skexec/trust.d; to load kernels of unknown signers where the running \
                 kernel does not enforce signatures, set unsigned = \"if-not-enforced\" in /etc/skexec/policy.toml"
            }
            Self::InitrdSigned => {
                "leave out --initrd; the policy can allow it: signed-initrd = \"append\" in /etc/skexec/policy.toml"
            }
            Self::CmdlineSigned => {
                "leave out --append and --reuse-cmdline, or allow changes: signed-cmdline = \"replace\" in /etc/skexec/policy.toml"
            }
            Self::InitrdIsKernel => {
                "give the path of this kernel's initrd (initrd.img, initramfs.img), or leave out --initrd"
            }
            Self::InitrdEmpty if !site.initramfs => {
                "build the initrd again (update-initramfs -u), or leave out --initrd"
            }
            Self::InitrdUnsaid => "give --initrd FILE",
            Self::ManifestCmdline => {
                "leave out --append and --reuse-cmdline: the manifest has the command line; or allow the parameter under [vary] \
                 and sign the manifest again"
            }
            Self::NoCapability if !site.container && !site.initramfs => "run kexec as root: sudo kexec ...",
            Self::NoKexecFile => "use a kernel with CONFIG_KEXEC_FILE, or -c (--kexec-syscall)",
            Self::NoKexecLoad => "use a kernel with CONFIG_KEXEC, or -s (--kexec-file-syscall) with a bzImage",
            Self::SegmentsForbidden => {
                "use -s (--kexec-file-syscall) with a bzImage (vmlinuz) that is signed by a key which the running kernel trusts"
            }
            Self::CrashFacts | Self::ConfidentialGuest => "use -s (--kexec-file-syscall) with a bzImage (vmlinuz)",
            Self::KexecHandover => "use -s (--kexec-file-syscall), or boot without kho=on",
            Self::MemoryMap => {
                "run kexec as root, with CAP_SYS_ADMIN and with /proc and /sys mounted, or use -s (--kexec-file-syscall)"
            }
            Self::Handover => "mount /sys and run kexec as root, or use -s (--kexec-file-syscall)",
            Self::NothingLoaded => "load a kernel first: kexec -l ...",
            Self::ForeignImage | Self::RecordContradicted => {
                "load the kernel again: kexec -l ...; or boot the unknown one: skexec exec --force --foreign"
            }
            Self::NoInit => "stop the services, then run: kexec -e",
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_advice_names_an_option_that_kexec_does_not_have() {
        // What the words of kexec-tools cannot lead to.
        let others =
            [Reason::CmdlineUnsaid, Reason::InitrdUnsigned, Reason::WaiverForbidden, Reason::Layout, Reason::NoEntry];
        for (container, initramfs) in [(false, false), (true, false), (false, true)] {
            let site = Site { container, initramfs, kexec_words: true, ..Site::default() };
            for reason in Reason::ALL.iter().filter(|reason| !others.contains(reason)) {
                let advice = reason.advice_on(site);
                for word in ["--method", "--no-initrd", "--keys", "out --cmdline", "sudo skexec", "skexec load ..."] {
                    assert!(!advice.contains(word), "{reason}: {advice}");
                }
            }
        }
    }
}
