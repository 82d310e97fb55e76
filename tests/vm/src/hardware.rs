//! The machine of a guest: memory, processor, firmware, disks.

use std::path::PathBuf;
use std::process::Command;

use crate::machine::Accel;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hardware {
    /// In MiB; the default depends on the guest's files
    pub(crate) memory: Option<u64>,
    /// Five-level paging
    pub(crate) la57: bool,
    pub(crate) sha_ni: bool,
    pub(crate) processors: u32,
    /// One more processor may be plugged in by the monitor, at a socket in the directory of the console's log
    pub(crate) spare_processor: bool,
    /// A debugger may attach, at a socket in the directory of the console's log
    pub(crate) debugger: bool,
    /// A TPM, which [`Swtpm`](crate::swtpm::Swtpm) must have been started for
    pub(crate) tpm: bool,
    /// One instruction takes one nanosecond of the guest's time: its clock counts instructions, on one processor
    pub(crate) counting: bool,
    /// A reset starts the machine again; otherwise it ends QEMU
    pub(crate) resets: bool,
    /// A watchdog on the PCI bus, which resets the machine
    pub(crate) watchdog: bool,
    /// An empty disk by NVMe, whose driver is in every kernel: [`Disk`](crate::dump::Disk) must have made its file
    pub(crate) dump_disk: bool,
    /// The clock's time at the start, if it is not the right time: `2001-01-01T00:00:00`
    pub(crate) clock: Option<&'static str>,
}

impl Default for Hardware {
    fn default() -> Self {
        let (memory, clock) = (None, None);
        let (debugger, tpm, counting, resets, watchdog) = (false, false, false, false, false);
        let (spare_processor, dump_disk) = (false, false);
        Self {
            memory,
            la57: true,
            sha_ni: true,
            processors: 2,
            spare_processor,
            debugger,
            tpm,
            counting,
            resets,
            watchdog,
            dump_disk,
            clock,
        }
    }
}

impl Hardware {
    pub(crate) fn processor(&self, accel: Accel, command: &mut Command) {
        let mut model = accel.model().to_owned();
        for (present, name) in [(self.la57, "la57"), (self.sha_ni, "sha-ni")] {
            if !present {
                model += &format!(",{name}=off");
            }
        }
        let most = self.processors + u32::from(self.spare_processor);
        let processors = format!("cpus={},maxcpus={most},sockets={most},cores=1,threads=1", self.processors);
        let processors = if self.spare_processor { processors } else { self.processors.to_string() };
        command.args(["-accel", &accel.to_string(), "-cpu", &model, "-smp", &processors]);
        if let Some(clock) = self.clock {
            command.args(["-rtc", &format!("base={clock}")]);
        }
        if self.watchdog {
            command.args(["-device", "i6300esb", "-watchdog-action", "reset"]);
        }
        if self.counting {
            command.args(["-icount", "shift=0"]);
        }
    }
}

/// The firmware that starts the first kernel.
#[derive(Debug)]
pub(crate) enum Platform {
    Bios,
    /// A BIOS that reads GRUB, kernel and initrd from this disk.
    Disk(PathBuf),
    /// UEFI without Secure Boot, with this variable store.
    Uefi(PathBuf),
    /// UEFI with Secure Boot, with this variable store.
    SecureBoot(PathBuf),
    /// The same, booting from this disk.
    SignedBoot {
        variables: PathBuf,
        disk: PathBuf,
    },
    /// A BIOS; the root file system and the files of the test are on disks.
    Disks(Vec<Drive>),
}

/// A disk, by virtio.
#[derive(Debug, Clone)]
pub(crate) struct Drive {
    /// The serial number, by which the guest finds the disk: `/dev/disk/by-id/virtio-SERIAL`
    pub(crate) serial: &'static str,
    pub(crate) file: PathBuf,
    /// Writes are discarded when the guest ends.
    pub(crate) snapshot: bool,
}

impl Drive {
    pub(crate) fn attach(&self, command: &mut Command) {
        let Self { serial, file, snapshot } = self;
        let snapshot = if *snapshot { "on" } else { "off" };
        let file = file.display();
        command.args(["-drive", &format!("if=none,id={serial},format=raw,snapshot={snapshot},file={file}")]);
        command.args(["-device", &format!("virtio-blk-pci,drive={serial},serial={serial}")]);
    }
}
