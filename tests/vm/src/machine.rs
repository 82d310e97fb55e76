//! A QEMU command line.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use clap::ValueEnum;

use crate::dump;
use crate::fetch::Tools;
use crate::hardware::{Hardware, Platform};
use crate::initramfs::INIT;
use crate::parent;
use crate::swtpm;

/// The console; and a kernel that panics resets the machine, on which QEMU exits. `no_timer_check`: if the host is busy, a timer
/// interrupt may be late, which the kernel would take for a missing one.
const COMMON_CMDLINE: &str = "console=ttyS0 panic=-1 no_timer_check";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Accel {
    /// QEMU's own emulation: slow, but works everywhere
    Tcg,
    /// The machine's virtualization
    Kvm,
}

impl Accel {
    /// The processor that has all that the emulation, or the host, has.
    pub(crate) const fn model(self) -> &'static str {
        match self {
            Self::Tcg => "max",
            Self::Kvm => "host",
        }
    }
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
    /// The archive that is joined to the base of every guest; for a complete Debian, the whole initrd.
    pub(crate) cmdline: String,
    pub(crate) platform: Platform,
    pub(crate) hardware: Hardware,
    pub(crate) memory_mib: u64,
    pub(crate) accel: Accel,
}

/// The whole command line of the first kernel.
pub(crate) fn cmdline(own: &str) -> String {
    format!("{COMMON_CMDLINE} rdinit={INIT} {own}")
}

/// The connection of the two serial ports.
#[derive(Debug)]
pub(crate) enum Wiring<'a> {
    /// The console to a file, the agent's port to the harness.
    Harness { console: &'a Path },
    /// The console to the user's terminal.
    Terminal,
}

impl Machine {
    pub(crate) fn command(&self, tools: &Tools, wiring: &Wiring<'_>) -> Result<Command> {
        // QEMU would outlive a harness that is killed; the guard ends QEMU with the harness.
        let mut command = parent::guarded(tools.qemu())?;
        command.args(["-nodefaults", "-no-user-config", "-display", "none"]);
        if !self.hardware.resets {
            command.arg("-no-reboot");
        }
        self.hardware.memory(self.memory_mib, &mut command);
        self.hardware.processor(self.accel, &mut command);
        self.firmware(&mut command, tools);
        match wiring {
            Wiring::Harness { console } => {
                command.arg("-serial").arg(format!("file:{}", console.display()));
                command.args(["-chardev", "stdio,id=agent,signal=off", "-serial", "chardev:agent"]);
                if self.hardware.debugger {
                    let socket = debugger(console);
                    let backend = format!("socket,id=debugger,server=on,wait=off,path={}", socket.display());
                    command.args(["-chardev", &backend, "-gdb", "chardev:debugger"]);
                }
                if self.hardware.has_monitor() {
                    let backend = format!("socket,id=monitor,server=on,wait=off,path={}", monitor(console).display());
                    command.args(["-chardev", &backend, "-mon", "chardev=monitor,mode=readline"]);
                }
                if self.hardware.tpm {
                    let backend = format!("socket,id=swtpm,path={}", swtpm::socket(console).display());
                    command.args(["-chardev", &backend, "-tpmdev", "emulator,id=tpm,chardev=swtpm"]);
                    command.args(["-device", "tpm-tis,tpmdev=tpm"]);
                }
                if self.hardware.dump_disk {
                    let file = dump::disk(console);
                    let drive = format!("if=none,id=dump,format=raw,cache=unsafe,file={}", file.display());
                    command.args(["-drive", &drive, "-device", "nvme,drive=dump,serial=dump"]);
                }
                disks(self.hardware.disks, console, &mut command);
            }
            Wiring::Terminal => {
                command.args(["-serial", "mon:stdio"]);
            }
        }
        match &self.platform {
            Platform::Disk(disk) => {
                command.arg("-drive").arg(format!("if=ide,format=raw,file={}", disk.display()));
            }
            Platform::SignedBoot { disk, .. } => {
                // Read-only, because boot loaders only read. First in the boot order, because firmware would try other devices first.
                let drive = format!("if=none,id=esp,format=raw,readonly=on,file={}", disk.display());
                command.args(["-drive", &drive, "-device", "virtio-blk-pci,drive=esp,bootindex=0"]);
            }
            Platform::Disks(drives) => {
                drives.iter().for_each(|drive| drive.attach(&mut command));
                command.arg("-kernel").arg(&self.kernel).arg("-initrd").arg(&self.initrd);
                command.arg("-append").arg(&self.cmdline);
            }
            Platform::Bios | Platform::Uefi(_) | Platform::SecureBoot(_) => {
                command.arg("-kernel").arg(&self.kernel).arg("-initrd").arg(&self.initrd);
                command.arg("-append").arg(cmdline(&self.cmdline));
            }
        }
        Ok(command)
    }

    fn firmware(&self, command: &mut Command, tools: &Tools) {
        let (code, variables) = match &self.platform {
            Platform::Bios | Platform::Disk(_) | Platform::Disks(_) => {
                command.args(["-machine", "q35"]);
                return;
            }
            Platform::Uefi(variables) => {
                command.args(["-machine", "q35"]);
                ("OVMF_CODE_4M.fd", variables)
            }
            Platform::SecureBoot(variables) | Platform::SignedBoot { variables, .. } => {
                // Only system management mode may write the variables; otherwise the guest could switch Secure Boot off.
                command.args(["-machine", "q35,smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on"]);
                ("OVMF_CODE_4M.secboot.fd", variables)
            }
        };
        let code = tools.path("usr/share/OVMF").join(code);
        command.arg("-drive").arg(format!("if=pflash,format=raw,unit=0,readonly=on,file={}", code.display()));
        command.arg("-drive").arg(format!("if=pflash,format=raw,unit=1,file={}", variables.display()));
    }
}

/// Disks by NVMe, in this order: `/dev/nvme0n1` and so on.
fn disks(names: &[&str], console: &Path, command: &mut Command) {
    if names.is_empty() {
        return;
    }
    command.args(["-device", "nvme,id=disks,serial=disks"]);
    for (at, name) in names.iter().enumerate() {
        let file = console.with_extension(name);
        command.args(["-drive", &format!("if=none,id={name},format=raw,cache=unsafe,file={}", file.display())]);
        command.args(["-device", &format!("nvme-ns,drive={name},bus=disks,nsid={}", at + 1)]);
    }
}

/// The socket of a guest's monitor.
pub(crate) fn monitor(console: &Path) -> PathBuf {
    console.with_file_name("monitor")
}

/// The socket of a guest's debugger. Its name is not that of the scenario: the path of a socket has at most 107 bytes (unix(7)).
pub(crate) fn debugger(console: &Path) -> PathBuf {
    console.with_file_name("gdb")
}
