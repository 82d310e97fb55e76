//! Whether IMA appraises kernels for kexec. This is inferred, because most kernels do not let even root read IMA's policy.

use super::{Config, SecureBoot};
use crate::sources::Root;

/// Whether IMA demands a signature in security.ima of the file that is given to `kexec_file_load`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ima {
    /// Yes; the text names the evidence.
    Appraises(String),
    /// No; the text names the evidence.
    Absent(String),
    /// There is no evidence that it does, but a policy that cannot be read may be loaded.
    NotSeen,
}

/// A policy that init systems load early.
const POLICY_FILE: &str = "/etc/ima/ima-policy";
const POLICY: &str = "/sys/kernel/security/ima/policy";

/// The facts that the state is inferred from.
#[derive(Debug, Clone, Default)]
struct Evidence {
    /// The policy in force; readable only with CONFIG_IMA_READ_POLICY.
    policy: Option<String>,
    /// The kernel's command line.
    cmdline: String,
    /// [`POLICY_FILE`].
    policy_file: Option<String>,
    /// /sys/kernel/security/ima is there; `None` where securityfs is not mounted.
    in_kernel: Option<bool>,
    secure_boot: Option<bool>,
}

impl Ima {
    /// The state of the running kernel.
    #[must_use]
    pub fn read(root: &Root, config: &Config, secure_boot: SecureBoot) -> Self {
        let in_kernel = root.has("/sys/kernel/security/ima");
        let evidence = Evidence {
            policy: root.text(POLICY).filter(|text| !text.is_empty()),
            cmdline: root.text("/proc/cmdline").unwrap_or_default(),
            policy_file: root.text(POLICY_FILE),
            in_kernel: (in_kernel || root.has("/sys/kernel/security/lsm")).then_some(in_kernel),
            secure_boot: secure_boot.for_kernel(),
        };
        judge(&evidence, config)
    }

    /// Whether the kernel must be given the original file: a memfd has no security.ima.
    #[must_use]
    pub const fn wants_original(&self) -> bool {
        matches!(self, Self::Appraises(_))
    }
}

/// Tests the evidence from the strongest to the weakest.
fn judge(evidence: &Evidence, config: &Config) -> Ima {
    let appraises = |source: &str| Ima::Appraises(source.to_owned());
    let absent = |source: &str| Ima::Absent(source.to_owned());
    if evidence.in_kernel == Some(false) {
        return absent("the kernel has no IMA");
    }
    if config.has("IMA_APPRAISE") == Some(false) {
        return absent("CONFIG_IMA_APPRAISE is not set");
    }
    if let Some(policy) = &evidence.policy {
        return if names_kexec(policy) { appraises(POLICY) } else { absent(POLICY) };
    }
    // With Secure Boot on, the kernel ignores that switch.
    if let (Some(word), Some(false)) = (appraisal_off(&evidence.cmdline), evidence.secure_boot) {
        return absent(word);
    }
    match () {
        () if config.has("IMA_APPRAISE_REQUIRE_KEXEC_SIGS") == Some(true) => {
            appraises("CONFIG_IMA_APPRAISE_REQUIRE_KEXEC_SIGS")
        }
        () if by_arch_policy(evidence, config) => appraises("CONFIG_IMA_ARCH_POLICY under Secure Boot"),
        () if has_secure_boot_policy(&evidence.cmdline) => appraises("ima_policy=secure_boot on the command line"),
        () if evidence.policy_file.as_deref().is_some_and(names_kexec) => appraises(POLICY_FILE),
        () => Ima::NotSeen,
    }
}

/// With CONFIG_KEXEC_SIG, IMA's arch policy relies on kexec's own check (security/integrity/ima/ima_efi.c).
fn by_arch_policy(evidence: &Evidence, config: &Config) -> bool {
    evidence.secure_boot == Some(true)
        && config.has("IMA_ARCH_POLICY") == Some(true)
        && config.has("KEXEC_SIG") == Some(false)
}

/// Whether a policy has a rule `appraise … func=KEXEC_KERNEL_CHECK …` (Documentation/ABI/testing/ima_policy). A rule
/// before it may exempt the file. The answer is yes all the same: the only cost is that the original descriptor is used.
fn names_kexec(policy: &str) -> bool {
    policy.lines().any(|line| {
        let mut words = line.split_whitespace();
        words.next() == Some("appraise") && words.any(|word| word == "func=KEXEC_KERNEL_CHECK")
    })
}

/// `ima_policy=tcb|secure_boot`, given once or several times.
fn has_secure_boot_policy(cmdline: &str) -> bool {
    let policies = cmdline.split_whitespace().filter_map(|word| word.strip_prefix("ima_policy="));
    policies.flat_map(|names| names.split(['|', ' '])).any(|name| name.trim_matches('"') == "secure_boot")
}

/// The last `ima_appraise=` that turns enforcement off.
fn appraisal_off(cmdline: &str) -> Option<&str> {
    let word = cmdline.split_whitespace().rfind(|word| word.starts_with("ima_appraise="))?;
    matches!(word.strip_prefix("ima_appraise="), Some("off" | "log" | "fix")).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "measure func=KEXEC_KERNEL_CHECK\nappraise func=KEXEC_KERNEL_CHECK appraise_type=imasig\n";

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn a_rule_is_an_appraise_line_for_kexec() {
        let table = [
            (RULE, true),
            ("measure func=KEXEC_KERNEL_CHECK", false),
            ("# appraise func=KEXEC_KERNEL_CHECK", false),
            ("dont_appraise func=KEXEC_KERNEL_CHECK", false),
            ("appraise func=MODULE_CHECK", false),
            ("", false),
        ];
        for (policy, wanted) in table {
            assert_eq!(names_kexec(policy), wanted, "{policy}");
        }
    }

    #[test]
    fn the_command_line_says_what_it_may() {
        let table = [
            ("quiet ima_policy=tcb|secure_boot", true),
            ("ima_policy=tcb ima_policy=secure_boot", true),
            ("ima_policy=\"secure_boot|tcb\"", true),
            ("ima_policy=tcb secure_boot", false),
            ("xima_policy=secure_boot", false),
        ];
        for (cmdline, wanted) in table {
            assert_eq!(has_secure_boot_policy(cmdline), wanted, "{cmdline}");
        }
        assert_eq!(appraisal_off("ima_appraise=enforce ima_appraise=log"), Some("ima_appraise=log"));
        assert_eq!(appraisal_off("ima_appraise=log ima_appraise=enforce"), None);
    }

    #[test]
    fn the_surest_evidence_decides() {
        let base = || Evidence { in_kernel: Some(true), secure_boot: Some(false), ..Evidence::default() };
        let secure = || Evidence { secure_boot: Some(true), ..base() };
        let config = |text: &str| Config::parse(&format!("CONFIG_IMA_APPRAISE=y\n{text}"), "x");
        let cmdline = |text: &str| text.to_owned();
        let table = [
            (Evidence { in_kernel: Some(false), policy_file: text(RULE), ..base() }, config(""), "absent"),
            (base(), Config::parse("", "x"), "absent"),
            (Evidence { policy: text(RULE), ..base() }, config(""), "appraises"),
            (Evidence { policy: text("measure"), policy_file: text(RULE), ..base() }, config(""), "absent"),
            (Evidence { policy_file: text(RULE), ..base() }, Config::default(), "appraises"),
            (
                Evidence { policy_file: text(RULE), cmdline: cmdline("ima_appraise=off"), ..base() },
                config(""),
                "absent",
            ),
            (
                Evidence { policy_file: text(RULE), cmdline: cmdline("ima_appraise=off"), ..secure() },
                config(""),
                "appraises",
            ),
            (base(), config("CONFIG_IMA_APPRAISE_REQUIRE_KEXEC_SIGS=y\n"), "appraises"),
            (secure(), config("CONFIG_IMA_ARCH_POLICY=y\n"), "appraises"),
            (secure(), config("CONFIG_IMA_ARCH_POLICY=y\nCONFIG_KEXEC_SIG=y\n"), "not seen"),
            (base(), config("CONFIG_IMA_ARCH_POLICY=y\n"), "not seen"),
            (Evidence { cmdline: cmdline("ima_policy=secure_boot"), ..base() }, config(""), "appraises"),
            (Evidence::default(), Config::default(), "not seen"),
        ];
        for (evidence, config, wanted) in table {
            let seen = match judge(&evidence, &config) {
                Ima::Appraises(_) => "appraises",
                Ima::Absent(_) => "absent",
                Ima::NotSeen => "not seen",
            };
            assert_eq!(seen, wanted, "{evidence:?} {config:?}");
        }
    }
}
