//! A QEMU command line.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use clap::ValueEnum;

use crate::fetch::Tools;
use crate::initramfs::INIT;
use crate::parent;

/// The console, and how a kernel that panics ends: by a reset, which QEMU turns into its own end.
const COMMON_CMDLINE: &str = "console=ttyS0 panic=-1";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Accel {
    /// QEMU's own translation: slow, and works everywhere
    Tcg,
    /// The machine's virtualization
    Kvm,
}

impl fmt::Display for Accel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcg => "tcg",
            Self::Kvm => "kvm",
        })
    }
}

#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) kernel: PathBuf,
    pub(crate) initrd: PathBuf,
    /// Joined to what every guest needs.
    pub(crate) cmdline: String,
    /// The variable store of a machine with UEFI Secure Boot; without one it is a BIOS.
    pub(crate) secure_boot: Option<PathBuf>,
    pub(crate) memory_mib: u64,
    pub(crate) accel: Accel,
}

/// To what the two serial ports are wired.
#[derive(Debug)]
pub(crate) enum Wiring<'a> {
    /// The console to a file, the agent's port to the harness.
    Harness { console: &'a Path },
    /// The console to the user's terminal.
    Terminal,
}

impl Machine {
    pub(crate) fn command(&self, tools: &Tools, wiring: &Wiring<'_>) -> Result<Command> {
        // QEMU would outlive a harness that is killed; the guard ties their lives together.
        let mut command = parent::guarded(tools.qemu())?;
        command.args(["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]);
        command.args(["-m", &format!("{}M", self.memory_mib), "-smp", "2"]);
        self.processor(&mut command);
        self.firmware(&mut command, tools);
        match wiring {
            Wiring::Harness { console } => {
                command.arg("-serial").arg(format!("file:{}", console.display()));
                command.args(["-chardev", "stdio,id=agent,signal=off", "-serial", "chardev:agent"]);
            }
            Wiring::Terminal => {
                command.args(["-serial", "mon:stdio"]);
            }
        }
        command.arg("-kernel").arg(&self.kernel).arg("-initrd").arg(&self.initrd);
        command.arg("-append").arg(format!("{COMMON_CMDLINE} rdinit={INIT} {}", self.cmdline));
        Ok(command)
    }

    fn processor(&self, command: &mut Command) {
        match self.accel {
            Accel::Tcg => command.args(["-accel", "tcg", "-cpu", "max"]),
            Accel::Kvm => command.args(["-accel", "kvm", "-cpu", "host"]),
        };
    }

    fn firmware(&self, command: &mut Command, tools: &Tools) {
        let Some(variables) = &self.secure_boot else {
            command.args(["-machine", "q35"]);
            return;
        };
        // Only system management mode may write the variables: else the guest could switch Secure Boot off.
        command.args(["-machine", "q35,smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on"]);
        let code = tools.path("usr/share/OVMF/OVMF_CODE_4M.secboot.fd");
        command.arg("-drive").arg(format!("if=pflash,format=raw,unit=0,readonly=on,file={}", code.display()));
        command.arg("-drive").arg(format!("if=pflash,format=raw,unit=1,file={}", variables.display()));
    }
}
