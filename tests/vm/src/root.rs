//! Machines that boot a complete Debian from a disk.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use vm_protocol::Boot;

use crate::fetch::{LABEL, Root};
use crate::guest::Guest;
use crate::hardware::{Drive, Hardware, Platform};
use crate::initramfs::Files;
use crate::lab::Lab;
use crate::machine::Machine;
use crate::tool;

/// The time limit for the boot of systemd and its services under TCG, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(400);
const MEMORY_MIB: u64 = 2048;
const SECTOR: usize = 512;
/// The size of the disk for the guest's output.
const OUT_SIZE: u64 = 1 << 30;

/// A root file system for one scenario, and the disks for the guest's input and output.
#[derive(Debug)]
pub(crate) struct Disks {
    root: PathBuf,
    /// The scenario's own copy of the root file system; writes to it persist.
    copy: Option<Scratch>,
    files: PathBuf,
    out: PathBuf,
    more: Vec<Drive>,
}

/// The kernel to boot, with its initrd, command line and machine.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    pub(crate) kernel: &'a Path,
    pub(crate) initrd: &'a Path,
    pub(crate) cmdline: &'a str,
    /// Writes to the root are discarded when the guest ends.
    pub(crate) snapshot: bool,
    pub(crate) hardware: Hardware,
}

/// A system that boots a kernel of its own.
#[derive(Debug)]
pub(crate) struct Own<'a> {
    pub(crate) root: &'a Root,
    pub(crate) release: &'a str,
    /// Besides those that every boot has.
    pub(crate) words: &'a str,
    pub(crate) hardware: Hardware,
}

impl<'a> Own<'a> {
    pub(crate) fn new(root: &'a Root, release: &'a str) -> Self {
        Self { root, release, words: "", hardware: Hardware::default() }
    }
}

/// The command line of [`Disks::boot_own`].
pub(crate) fn own_cmdline(words: &str) -> String {
    let space = if words.is_empty() { "" } else { " " };
    format!("console=ttyS0 panic=-1{space}{words} {}", root_words())
}

/// The parameters by which the real system finds its root.
pub(crate) fn root_words() -> String {
    format!("root=LABEL={LABEL} ro")
}

impl Disks {
    /// The cached root file system itself; every guest must be a snapshot.
    pub(crate) fn shared(lab: &Lab, name: &str, root: &Root, files: Files) -> Result<Self> {
        let file = |what: &str| lab.scratch(&format!("{name}.{what}"));
        let disks = Self { root: root.image(), copy: None, files: file("files"), out: file("out"), more: vec![] };
        disks.bring(lab, files)?;
        fs::File::create(&disks.out)?.set_len(OUT_SIZE)?;
        Ok(disks)
    }

    /// A copy of it.
    pub(crate) fn copied(lab: &Lab, name: &str, root: &Root, files: Files) -> Result<Self> {
        let shared = Self::shared(lab, name, root, files)?;
        let copy = lab.scratch(&format!("{name}.root"));
        tool::run(Command::new("cp").arg("--sparse=always").arg(root.image()).arg(&copy))?;
        Ok(Self { root: copy.clone(), copy: Some(Scratch(copy)), ..shared })
    }

    /// Adds a disk to its machines.
    pub(crate) fn attach(&mut self, drive: Drive) {
        self.more.push(drive);
    }

    /// The files that its guests find in their root, apart from the agent.
    fn bring(&self, lab: &Lab, mut files: Files) -> Result<()> {
        files.program("/usr/local/sbin/agent", &lab.binaries().agent)?;
        let mut archive = files.finish();
        archive.resize(archive.len().next_multiple_of(SECTOR), 0);
        Ok(fs::write(&self.files, archive)?)
    }

    /// Boots a system with an agent in it.
    pub(crate) fn boot(&self, lab: &Lab, name: &str, start: &Start<'_>) -> Result<(Guest, Boot)> {
        let mut guest = self.start(lab, name, start)?;
        guest.be_patient(PATIENCE);
        let boot = guest.await_boot(PATIENCE, "the first kernel")?;
        Ok((guest, boot))
    }

    /// Boots the system's own kernel of this release, with more words on its command line; what it writes is discarded.
    pub(crate) fn boot_own(&self, lab: &Lab, name: &str, own: &Own<'_>) -> Result<(Guest, Boot)> {
        let Own { root, release, words, hardware } = *own;
        let start = Start {
            kernel: &root.kernel(release),
            initrd: &root.initrd(release),
            cmdline: &own_cmdline(words),
            snapshot: true,
            hardware,
        };
        self.boot(lab, name, &start)
    }

    pub(crate) fn start(&self, lab: &Lab, name: &str, start: &Start<'_>) -> Result<Guest> {
        let Start { kernel, initrd, cmdline, snapshot, hardware } = *start;
        ensure!(snapshot || self.copy.is_some(), "{name}: it would write into the cached root");
        let drive = |serial, file: &Path, snapshot| Drive { serial, file: file.to_owned(), snapshot };
        let mut drives = vec![
            drive("root", &self.root, snapshot),
            drive("files", &self.files, true),
            drive("out", &self.out, false),
        ];
        drives.extend(self.more.iter().cloned());
        let machine = Machine {
            kernel: kernel.to_owned(),
            initrd: initrd.to_owned(),
            cmdline: cmdline.to_owned(),
            platform: Platform::Disks(drives),
            hardware,
            memory_mib: MEMORY_MIB,
            accel: lab.accel(),
        };
        Guest::start(&machine, &lab.tools, &lab.scratch(&format!("{name}.console.log")))
    }

    /// Reads a file that the guest wrote.
    pub(crate) fn fetch(&self, guest: &mut Guest, path: &str, into: &Path) -> Result<()> {
        let done = guest.run(&format!("wc -c < {path} && cat {path} > /dev/disk/by-id/virtio-out && sync"))?;
        ensure!(done.exit == Some(0), "{path}: {}", done.stderr);
        let length: usize = done.stdout.trim().parse()?;
        let mut bytes = vec![0; length];
        fs::File::open(&self.out)?.read_exact(&mut bytes)?;
        Ok(fs::write(into, bytes)?)
    }
}

/// The largest file of a run, removed with it.
#[derive(Debug)]
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
