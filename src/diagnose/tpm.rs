//! What the TPM's registers speak of, and what skexec measures into them.

use super::section::{Mark, Row, Section};
use crate::machine::started_by_kexec;
use crate::reason::{Finding, Reason, Site};
use crate::sources::Root;
use crate::sources::policy::{Choice as _, Measure, MeasureAt, Policy};
use crate::tpm;
use serde::Serialize;

/// The TPM of this machine.
#[derive(Debug, Clone, Serialize)]
pub(super) struct TpmStatus {
    /// Whether there is a device for it.
    present: bool,
    /// Of which boot the firmware's registers speak: `this-boot`; `earlier-boot` in a kernel that was booted by kexec; `unknown`.
    firmware_registers: &'static str,
    /// When skexec measures; nothing where the policy cannot be used.
    measure: Option<&'static str>,
    #[serde(skip)]
    policy: Option<Measure>,
}

impl TpmStatus {
    /// Nothing where there is no TPM, and none is asked for.
    pub(super) fn read(root: &Root, policy: &Result<Policy, Finding>) -> Option<Self> {
        let policy = policy.as_ref().ok().map(|policy| policy.measure.clone());
        let wanted = policy.as_ref().is_some_and(|measure| measure.at.value != MeasureAt::Off);
        let present = tpm::present(root);
        let firmware_registers = match started_by_kexec(root) {
            Some(true) => "earlier-boot",
            Some(false) => "this-boot",
            None => "unknown",
        };
        let measure = policy.as_ref().map(|measure| measure.at.value.name());
        (present || wanted).then_some(Self { present, firmware_registers, measure, policy })
    }

    pub(super) fn section(&self, site: Site) -> Section {
        let speaks = match self.firmware_registers {
            "earlier-boot" => "registers 0 to 7 speak of the boot before kexec, and not of this kernel",
            "this-boot" => "registers 0 to 7 speak of this boot",
            _ => "whether registers 0 to 7 speak of this boot is not known",
        };
        let mut rows = Vec::new();
        if self.present {
            rows.push(Row::plain("firmware", speaks));
        }
        rows.extend(self.policy.as_ref().map(|measure| self.measures(measure, site)));
        Section::new("TPM", rows)
    }

    fn measures(&self, measure: &Measure, site: Site) -> Row {
        const KEY: &str = "skexec";
        let when = match measure.at.value {
            MeasureAt::Off => return Row::plain(KEY, "measures nothing"),
            MeasureAt::Load => "once they are loaded",
            MeasureAt::Exec => "before the jump",
        };
        let Measure { at, kernel, initrd, cmdline } = measure;
        let value = format!(
            "measures {when}: the kernel into {}, the initrd into {}, the command line into {} ({})",
            kernel.value, initrd.value, cmdline.value, at.origin
        );
        if self.present {
            return Row::plain(KEY, value);
        }
        let refuses = format!("boots nothing ({}), because there is no TPM: {value}", Reason::NotMeasured);
        Row::advise(Mark::Bad, KEY, refuses, Reason::NotMeasured.advice_on(site))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::policy::PATH;
    use crate::sources::testing::Tree;

    fn shown(tree: &Tree) -> Option<(String, Vec<String>)> {
        let status = TpmStatus::read(tree.root(), &Policy::read(tree.root()))?;
        let json = serde_json::to_string(&status).unwrap();
        let rows = status.section(Site::default()).rows;
        Some((json, rows.into_iter().flat_map(|row| row.values).collect()))
    }

    #[test]
    fn the_firmwares_registers_speak_of_the_boot_that_it_started() {
        let tree = Tree::new();
        assert_eq!(shown(&tree), None);
        tree.write("/dev/tpm0", "");
        let rows = [
            ("", "unknown", "whether registers 0 to 7 speak of this boot is not known"),
            ("114", "this-boot", "registers 0 to 7 speak of this boot"),
            ("208", "earlier-boot", "registers 0 to 7 speak of the boot before kexec, and not of this kernel"),
        ];
        for (loader, name, text) in rows {
            tree.write("/proc/sys/kernel/bootloader_type", loader);
            let json = format!(r#"{{"present":true,"firmware_registers":"{name}","measure":"off"}}"#);
            assert_eq!(shown(&tree), Some((json, vec![text.into(), "measures nothing".into()])));
        }
    }

    #[test]
    fn a_policy_that_cannot_be_fulfilled_is_told() {
        let tree = Tree::new();
        tree.write(PATH, "[measure]\nat = \"exec\"\nkernel = 11\n");
        let what = "measures before the jump: the kernel into 11, the initrd into 9, the command line into 8 \
                    (/etc/skexec/policy.toml:2)";
        let (json, rows) = shown(&tree).unwrap();
        assert_eq!(json, r#"{"present":false,"firmware_registers":"unknown","measure":"exec"}"#);
        assert_eq!(rows, [format!("boots nothing (not-measured), because there is no TPM: {what}")]);
        tree.write("/dev/tpmrm0", "");
        assert_eq!(shown(&tree).unwrap().1[1], what);
        tree.write(PATH, "measure = 1");
        assert!(shown(&tree).unwrap().0.ends_with(r#""measure":null}"#));
    }
}
