//! The causes: how each is produced, and what is foretold of skexec and of the kernel.

mod crash;
mod enforced;
mod files;
mod forged;
mod permission;

use crate::fetch::Series;
use crate::lab::Firmware;

pub(crate) use self::forged::files as forged_files;

/// One cause, produced.
#[derive(Debug)]
pub(crate) struct Case {
    /// Its slug in docs/causes.md.
    pub(crate) cause: &'static str,
    /// What is done, as the page says it.
    pub(crate) about: &'static str,
    /// What comes first, in the shell of the command.
    pub(crate) before: &'static str,
    /// A program that runs the command.
    pub(crate) within: &'static str,
    /// What comes after it.
    pub(crate) after: &'static str,
    /// The arguments for skexec, for kexec-tools and for the agent, which makes the call alone. `...` stands for the options that
    /// every load has. Nothing where the program is not asked.
    pub(crate) skexec: &'static str,
    pub(crate) kexec: &'static str,
    pub(crate) raw: &'static str,
    /// The kernel's answer; and that of Linux 6.1, where it is another.
    pub(crate) errno: &'static str,
    pub(crate) on_6_1: Option<&'static str>,
    /// skexec's exit code, its reason, and words that it must say.
    pub(crate) exit: i32,
    pub(crate) reason: &'static str,
    pub(crate) words: &'static str,
    /// Linux 6.1 does not have what it needs.
    pub(crate) since_6_3: bool,
}

/// A machine, and what is produced on it, in this order.
#[derive(Debug)]
pub(crate) struct Guest {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) firmware: Firmware,
    pub(crate) cmdline: &'static str,
    /// In MiB; nothing for as much as the files need.
    pub(crate) memory: Option<u64>,
    pub(crate) cases: &'static [&'static [Case]],
}

impl Guest {
    pub(crate) fn cases(&self) -> impl Iterator<Item = &'static Case> {
        self.cases.iter().copied().flatten()
    }

    /// The name of its section in the page.
    pub(crate) fn section(&self, series: Series) -> String {
        format!("{}-{series}", self.name)
    }
}

/// A load of the good kernel, refused with EPERM.
const LOAD: Case = Case {
    cause: "",
    about: "",
    before: "",
    within: "",
    after: "",
    skexec: "load /boot/vmlinuz ...",
    kexec: "-s -l /boot/vmlinuz ...",
    raw: "file-load /boot/vmlinuz ...",
    errno: "EPERM",
    on_6_1: None,
    exit: 5,
    reason: "",
    words: "",
    since_6_3: false,
};

/// A jump, refused with EPERM.
const JUMP: Case = Case { skexec: "exec --force", kexec: "-e", raw: "jump", ..LOAD };

/// A call that only a faulty program makes.
const RAW: Case = Case { skexec: "", kexec: "", ..LOAD };

/// Another kernel.
macro_rules! kernel {
    ($path:literal) => {
        Case {
            skexec: concat!("load ", $path, " ..."),
            kexec: concat!("-s -l ", $path, " ..."),
            raw: concat!("file-load ", $path, " ..."),
            ..LOAD
        }
    };
}
use kernel;

/// Another initrd.
macro_rules! initrd {
    ($path:literal) => {
        Case {
            skexec: concat!("load /boot/vmlinuz --keys /keys/debian --initrd ", $path, " --reuse-cmdline"),
            kexec: concat!("-s -l /boot/vmlinuz --initrd=", $path, " --reuse-cmdline"),
            raw: concat!("file-load /boot/vmlinuz --initrd ", $path),
            ..LOAD
        }
    };
}
use initrd;

const LOAD_IN_PROGRESS: &str =
    "agent file-load /boot/vmlinuz --initrd /boot/initrd --hold 90000 >/run/held 2>&1 & holder=$!; sleep 3";
const END_HOLDER: &str = "kill $holder; wait";

const EPERM: &str = "Operation not permitted (EPERM)";
const EINVAL: &str = "Invalid argument (EINVAL)";
const EBUSY: &str = "Device or resource busy (EBUSY)";

pub(crate) const GUESTS: [Guest; 6] = [
    Guest {
        name: "plain",
        about: "a BIOS machine that enforces nothing",
        firmware: Firmware::Bios,
        cmdline: "",
        memory: None,
        // The last two settings can only be tightened until the next boot.
        cases: &[files::CASES, permission::CASES],
    },
    Guest {
        name: "lockdown",
        about: "a BIOS machine in lockdown, whose kernel knows no signer",
        firmware: Firmware::Bios,
        cmdline: "lockdown=integrity",
        memory: None,
        cases: &[enforced::LOCKDOWN],
    },
    Guest {
        name: "secure-boot",
        about: "a machine with Secure Boot",
        firmware: Firmware::SecureBoot,
        cmdline: "",
        memory: None,
        cases: &[enforced::SECURE_BOOT],
    },
    Guest {
        name: "ima",
        about: "a BIOS machine whose IMA policy appraises kernels",
        firmware: Firmware::Bios,
        cmdline: "ima_policy=secure_boot",
        memory: None,
        cases: &[enforced::IMA],
    },
    Guest {
        name: "crash",
        about: "a BIOS machine with memory for a crash kernel",
        firmware: Firmware::Bios,
        cmdline: "crashkernel=256M",
        memory: Some(2048),
        cases: &[crash::CASES],
    },
    Guest {
        name: "forged",
        about: "a machine with Secure Boot that trusts the signer of forged files",
        firmware: Firmware::Forged,
        cmdline: "",
        memory: None,
        cases: &[forged::CASES],
    },
];

/// Causes that no guest produces, and why.
pub(crate) const UNPLAYED: [(&str, &str); 9] = [
    ("loadpin", "Debian's kernels are built without LoadPin"),
    ("no-kexec", "Debian's kernels have kexec"),
    ("no-kexec-file", "Debian's kernels have `kexec_file_load`"),
    ("no-kexec-load", "Debian's kernels have `kexec_load`"),
    ("changed-while-read", "it needs a disk that fails, or a file that becomes shorter, while the kernel reads it"),
    ("no-memory-hole", "a guest's memory is one range, so that the limit of half of it comes first"),
    (
        "kernel-lacks-algorithm",
        "6.12 has every algorithm that skexec accepts; [oracle.md](oracle.md) shows which 6.1 lacks",
    ),
    ("revoked-cert", "Debian's kernels are built without `CONFIG_SYSTEM_REVOCATION_LIST`"),
    ("kernel-refused", "Debian's kernels can verify the signature of a bzImage"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn all() -> impl Iterator<Item = &'static Case> {
        GUESTS.iter().flat_map(Guest::cases)
    }

    /// The table of causes, which `cargo test --test docs` writes from the code.
    #[test]
    fn every_cause_is_produced_or_has_a_reason() {
        let page = include_str!("../../../../docs/causes.md");
        let table = page.split("\n## ").next().expect("a table");
        let rows = table.lines().filter(|line| line.starts_with("| `"));
        let listed: BTreeSet<_> =
            rows.filter_map(|row| row.split(" | ").nth(2)).map(|slug| slug.trim_matches('`')).collect();
        let produced: BTreeSet<_> = all().map(|case| case.cause).collect();
        let left_out: BTreeSet<_> = UNPLAYED.iter().map(|(cause, _)| *cause).collect();
        assert!(produced.is_disjoint(&left_out), "{produced:?} {left_out:?}");
        assert_eq!(listed, produced.union(&left_out).copied().collect());
    }

    #[test]
    fn each_case_is_named_once_in_its_guest() {
        for guest in &GUESTS {
            let names: BTreeSet<_> = guest.cases().map(|case| (case.cause, case.about)).collect();
            assert_eq!(names.len(), guest.cases().count(), "{}", guest.name);
        }
        assert!(all().all(|case| case.skexec.is_empty() || (case.exit == 0) == case.reason.is_empty()));
    }
}
