//! The machine of a guest: memory, processor, firmware, disks.

use std::path::PathBuf;
use std::process::Command;

use crate::machine::Accel;

/// What no processor without SSSE3 has: programs that find one of these use SSSE3 without asking.
const SSSE3_AND_LATER: [&str; 9] = ["ssse3", "sse4.1", "sse4.2", "avx", "avx2", "fma", "f16c", "aes", "pclmulqdq"];
/// The room for memory that is plugged in, in MiB.
const MOST_SPARE_MIB: u64 = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hardware {
    /// In MiB; the default depends on the guest's files
    pub(crate) memory: Option<u64>,
    /// Five-level paging
    pub(crate) la57: bool,
    pub(crate) sha_ni: bool,
    pub(crate) ssse3: bool,
    pub(crate) processors: u32,
    /// NUMA nodes, which share memory and processors equally; one is a machine without NUMA
    pub(crate) nodes: u32,
    /// Memory may be plugged in by the monitor, like a processor
    pub(crate) spare_memory: bool,
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
    /// More disks, each a namespace of one NVMe controller: the extensions of their files, which are beside the console's log
    pub(crate) disks: &'static [&'static str],
    /// The clock's time at the start, if it is not the right time: `2001-01-01T00:00:00`
    pub(crate) clock: Option<&'static str>,
}

impl Default for Hardware {
    fn default() -> Self {
        let (memory, clock) = (None, None);
        let (debugger, tpm, counting, resets, watchdog) = (false, false, false, false, false);
        let (spare_processor, spare_memory, dump_disk) = (false, false, false);
        Self {
            memory,
            la57: true,
            sha_ni: true,
            ssse3: true,
            processors: 2,
            nodes: 1,
            spare_memory,
            spare_processor,
            debugger,
            tpm,
            counting,
            resets,
            watchdog,
            dump_disk,
            disks: &[],
            clock,
        }
    }
}

impl Hardware {
    /// The monitor is at a socket in the directory of the console's log.
    pub(crate) const fn has_monitor(&self) -> bool {
        self.spare_processor || self.spare_memory
    }

    pub(crate) fn memory(&self, mib: u64, command: &mut Command) {
        let slots =
            if self.spare_memory { format!(",slots=2,maxmem={}M", mib + MOST_SPARE_MIB) } else { String::new() };
        command.args(["-m", &format!("{mib}M{slots}")]);
        if self.nodes < 2 {
            return;
        }
        let (nodes, most) = (self.nodes, self.most_processors());
        for node in 0..nodes {
            let memory = format!("memory-backend-ram,id=node{node},size={}M", mib / u64::from(nodes));
            // Of fewer processors than nodes, some nodes have none.
            let own: String = (0..most).filter(|cpu| cpu % nodes == node).map(|cpu| format!(",cpus={cpu}")).collect();
            command.args(["-object", &memory, "-numa", &format!("node,nodeid={node},memdev=node{node}{own}")]);
        }
    }

    fn most_processors(&self) -> u32 {
        self.processors + u32::from(self.spare_processor)
    }

    pub(crate) fn processor(&self, accel: Accel, command: &mut Command) {
        let mut model = accel.model().to_owned();
        let single = [(self.la57, "la57"), (self.sha_ni, "sha-ni")];
        let later = SSSE3_AND_LATER.map(|name| (self.ssse3, name));
        for (present, name) in single.into_iter().chain(later) {
            if !present {
                model += &format!(",{name}=off");
            }
        }
        let most = self.most_processors();
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
