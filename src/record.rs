//! What skexec loaded, kept under /run until the next boot: the kernel tells only that something is loaded.

use crate::authorize::Authorized;
use crate::digest::sha256;
use crate::hex;
use crate::sources::Root;
use crate::system::{Method, Slot};
use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

const FOLDER: &str = "run/skexec";

const fn file_name(slot: Slot) -> &'static str {
    match slot {
        Slot::Reboot => "loaded.json",
        Slot::Panic => "loaded-panic.json",
    }
}

/// The record of one load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The format of this record.
    pub schema: u32,
    /// Seconds since 1970.
    pub time: u64,
    /// `file`: by `kexec_file_load`; `segments`: by `kexec_load`.
    pub method: String,
    /// Where the kernel was read from.
    pub kernel: PathBuf,
    /// What the kernel calls itself.
    pub release: Option<String>,
    /// SHA-256 of the whole kernel file, in hexadecimal.
    pub sha256: String,
    /// `embedded`, or `waived` when the signature was waived.
    pub basis: String,
    /// Who signed, if that was proved.
    pub signer: Option<String>,
    /// What the proof covers: `kernel`.
    pub covers: Vec<String>,
    /// The initrds, in order.
    pub initrds: Vec<PathBuf>,
    /// The command line.
    pub cmdline: String,
}

impl Record {
    /// The record of a load that is about to be made.
    #[must_use]
    pub fn of(authorized: &Authorized, method: Method) -> Self {
        let kernel = authorized.kernel().sealed();
        Self {
            schema: 1,
            time: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
            method: method.name().into(),
            kernel: absolute(kernel.path()),
            release: authorized.image().release().map(Into::into),
            sha256: hex::encode(&sha256(&[kernel.bytes()])),
            basis: authorized.basis().name().into(),
            covers: authorized.covers().into_iter().map(Into::into).collect(),
            signer: authorized.basis().signer().map(|signer| signer.subject.clone()),
            initrds: authorized.initrds().parts().iter().map(|initrd| absolute(&initrd.path)).collect(),
            cmdline: authorized.cmdline().as_str().into(),
        }
    }
}

/// A path that still says something when the directory is another.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The folder under /run, locked against another skexec that loads, unloads or executes.
#[derive(Debug)]
pub struct Records {
    folder: PathBuf,
    _lock: Flock<File>,
}

impl Records {
    /// Makes the folder and takes the lock; nothing when another skexec has it.
    ///
    /// # Errors
    /// What making the folder or the lock file answers.
    pub fn lock(root: &Root) -> io::Result<Option<Self>> {
        let folder = root.path(FOLDER);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(folder.join("lock"))?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Ok(Some(Self { folder, _lock: lock })),
            Err((_, nix::errno::Errno::EWOULDBLOCK)) => Ok(None),
            Err((_, errno)) => Err(errno.into()),
        }
    }

    /// Writes the record beside its place, so that after the load only a rename can fail, and puts the one before it
    /// aside: whatever happens during the call, no record speaks of an image that it was not made for.
    ///
    /// # Errors
    /// What writing answers; nothing is changed then.
    pub fn prepare(&self, slot: Slot, record: &Record) -> io::Result<Prepared> {
        let target = self.folder.join(file_name(slot));
        let prepared =
            Prepared { draft: target.with_extension("json.new"), before: target.with_extension("json.before"), target };
        let mut text = serde_json::to_vec_pretty(record)?;
        text.push(b'\n');
        let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&prepared.draft)?;
        file.write_all(&text)?;
        match fs::rename(&prepared.target, &prepared.before) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(prepared),
        }
    }

    /// Forgets the record of a slot.
    ///
    /// # Errors
    /// What removing answers; that there is none is fine.
    pub fn forget(&self, slot: Slot) -> io::Result<()> {
        match fs::remove_file(self.folder.join(file_name(slot))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// A record that takes its place once the kernel has taken the image. Dropped, it leaves no record at all: then nobody
/// knows what is loaded.
#[derive(Debug)]
pub struct Prepared {
    draft: PathBuf,
    before: PathBuf,
    target: PathBuf,
}

impl Prepared {
    /// The kernel has the new image: its record takes its place.
    ///
    /// # Errors
    /// What renaming answers.
    pub fn commit(self) -> io::Result<()> {
        fs::rename(&self.draft, &self.target)
    }

    /// The kernel kept what it had: so does the record.
    ///
    /// # Errors
    /// What renaming answers; that there was none is fine.
    pub fn restore(self) -> io::Result<()> {
        match fs::rename(&self.before, &self.target) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        // What took its place is not there any more.
        let _ = fs::remove_file(&self.draft);
        let _ = fs::remove_file(&self.before);
    }
}

/// What is recorded for a slot.
///
/// # Errors
/// What reading answers; that there is none is no error.
pub fn read(root: &Root, slot: Slot) -> io::Result<Option<Record>> {
    let path = root.path(Path::new(FOLDER).join(file_name(slot)));
    match fs::read(path) {
        Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
