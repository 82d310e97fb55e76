//! `skexec exec`: from a loaded kernel to the jump.

use crate::machine::Machine;
use crate::machine::surroundings::Init;
use crate::reason::{Finding, Reason};
use crate::record::{self, Slot};
use crate::system::System;
use crate::{load, shutdown};
use anyhow::Context as _;
use nix::errno::Errno;

/// How the jump is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// Without the init system.
    pub force: bool,
    /// Also an image that there is no record of.
    pub foreign: bool,
}

/// What happened, if the machine still runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The init system shuts the machine down.
    ShuttingDown,
}

/// Boots the loaded kernel. Forced, this does not return when it works.
///
/// # Errors
/// What has no reason in the table.
pub fn exec(
    system: System<'_>,
    request: Request,
    progress: &mut dyn FnMut(&str),
) -> anyhow::Result<Result<Outcome, Finding>> {
    let machine = Machine::read(system.root);
    if let Err(finding) = may_jump(system, &machine, request.foreign)? {
        return Ok(Err(finding));
    }
    // In an initramfs nobody else is there to end anything properly.
    let alone = std::process::id() == 1 || machine.surroundings.initramfs;
    match machine.surroundings.init {
        _ if request.force => jump(system, progress).map(Err),
        Init::Systemd => {
            progress("asking systemd for kexec.target");
            shutdown::ask_systemd().context("systemd does not shut the machine down")?;
            Ok(Ok(Outcome::ShuttingDown))
        }
        _ if alone => jump(system, progress).map(Err),
        _ => Ok(Err(Reason::NoInit.into())),
    }
}

fn may_jump(system: System<'_>, machine: &Machine, foreign: bool) -> anyhow::Result<Result<(), Finding>> {
    if let Err(finding) = load::permit::may_jump(machine) {
        return Ok(Err(finding));
    }
    if machine.kexec.loaded == Some(false) {
        return Ok(Err(Reason::NothingLoaded.into()));
    }
    if foreign || record::read(system.root, Slot::Reboot).context("cannot read the record in /run/skexec")?.is_some() {
        return Ok(Ok(()));
    }
    Ok(Err(Reason::ForeignImage.into()))
}

fn jump(system: System<'_>, progress: &mut dyn FnMut(&str)) -> anyhow::Result<Finding> {
    shutdown::prepare_jump(system.root, &mut |warning| progress(&format!("warning: {warning}")));
    progress("jumping");
    let errno = system.kexec.jump();
    let reason = match Errno::from_raw(errno) {
        Errno::EINVAL => Reason::NothingLoaded,
        Errno::EPERM => Reason::NoCapability,
        Errno::EBUSY => Reason::Busy,
        known => anyhow::bail!("the kernel did not jump: {}", known.desc()),
    };
    Ok(Finding::new(reason, "the kernel did not jump"))
}
