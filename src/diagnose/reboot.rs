//! What each command that reboots would do now.

use super::section::{Mark, Row};
use super::slot::SlotStatus;
use crate::machine::Machine;
use crate::machine::surroundings::Init;
use crate::permit;
use crate::reason::{Finding, Reason, Site};
use crate::sources::Root;
use crate::sources::policy::Policy;
use serde::Serialize;

/// One command.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Step {
    command: &'static str,
    does: String,
    advice: Option<String>,
    #[serde(skip)]
    mark: Mark,
}

impl Step {
    fn plain(command: &'static str, does: impl Into<String>) -> Self {
        Self { command, does: does.into(), advice: None, mark: Mark::Plain }
    }

    fn notice(command: &'static str, does: impl Into<String>, advice: &str) -> Self {
        Self { advice: Some(advice.into()), mark: Mark::Notice, ..Self::plain(command, does) }
    }

    pub(super) fn row(&self) -> Row {
        Row { mark: self.mark, advice: self.advice.clone(), ..Row::plain(self.command, &self.does) }
    }
}

/// Debian's kexec-tools: whether its scripts load a kernel at the shutdown.
const DEBIAN: &str = "/etc/default/kexec";

pub(super) fn steps(
    machine: &Machine,
    slot: &SlotStatus,
    root: &Root,
    site: Site,
    policy: &Result<Policy, Finding>,
) -> Vec<Step> {
    let systemd = machine.surroundings.init == Init::Systemd;
    let mut steps = vec![if site.container { ends_the_container() } else { reboot(systemd, slot, root) }];
    if systemd && !site.container {
        steps.push(systemctl_kexec(slot));
    }
    // What is booted may have to be measured, and only the policy says so.
    let may = exec(machine, slot).and_then(|does| policy.as_ref().map(|_| does).map_err(Clone::clone));
    steps.push(match may {
        Ok(does) => Step::plain("skexec exec", does),
        Err(finding) => {
            let does = format!("refuses: {finding} ({})", finding.reason);
            let advice = finding.reason.advice_on(site);
            match finding.reason {
                Reason::NothingLoaded => Step { advice: Some(advice.into()), ..Step::plain("skexec exec", does) },
                _ => Step::notice("skexec exec", does, advice),
            }
        }
    });
    steps
}

/// reboot(2) within another PID namespace than the initial one ends that namespace.
fn ends_the_container() -> Step {
    Step::plain("reboot", "ends this container, and not the machine")
}

/// A plain reboot. systemd, and the scripts of Debian's kexec-tools, boot a loaded image then, too.
fn reboot(systemd: bool, slot: &SlotStatus, root: &Root) -> Step {
    const FIRMWARE: &str = "for a reboot by the firmware, run first: skexec unload";
    let debian = root.text(DEBIAN).unwrap_or_default();
    let script = root.has("/etc/init.d/kexec");
    match slot.loaded {
        Some(true) if systemd => {
            Step::notice("reboot", "boots the loaded kernel: systemd does so when one is loaded", FIRMWARE)
        }
        Some(true) if script => Step::notice(
            "reboot",
            "boots the loaded kernel: the scripts of kexec-tools do so when one is loaded",
            FIRMWARE,
        ),
        None => Step::notice(
            "reboot",
            "may boot a loaded kernel: whether one is loaded cannot be read",
            "mount /sys: mount -t sysfs sysfs /sys",
        ),
        _ if script && debian.lines().any(|line| line.trim() == "LOAD_KEXEC=true") => Step::notice(
            "reboot",
            format!("loads a kernel with kexec-tools and boots it: {DEBIAN} sets LOAD_KEXEC=true"),
            &format!("for a reboot by the firmware, set LOAD_KEXEC=false in {DEBIAN}"),
        ),
        Some(true) => Step::plain("reboot", "starts the firmware; the loaded kernel is lost"),
        Some(false) => Step::plain("reboot", "starts the firmware"),
    }
}

fn systemctl_kexec(slot: &SlotStatus) -> Step {
    const COMMAND: &str = "systemctl kexec";
    match slot.loaded {
        Some(true) => Step::plain(COMMAND, "shuts down, then boots the loaded kernel"),
        Some(false) => Step::plain(
            COMMAND,
            "loads the boot loader's default entry with the program kexec, if it can, and boots that",
        ),
        None => Step::plain(COMMAND, "shuts down, then boots the loaded kernel, if there is one"),
    }
}

/// What `skexec exec` would do without options.
///
/// # Errors
/// Why it would refuse.
pub(super) fn exec(machine: &Machine, slot: &SlotStatus) -> Result<&'static str, Finding> {
    permit::may_jump(machine)?;
    slot.known()?;
    match machine.surroundings.init {
        Init::Systemd => Ok("stops the services, then boots the loaded kernel"),
        _ if machine.surroundings.initramfs => Ok("boots the loaded kernel at once"),
        _ => Err(Reason::NoInit.into()),
    }
}
