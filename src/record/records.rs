//! The folder of the records, which one skexec at a time may change.

use super::begun::{self, Begun};
use super::{FOLDER, MODE, Record, file_name, read_from, text};
use crate::machine::Kexec;
use crate::machine::kexec::Limit;
use crate::reason::{Finding, Reason};
use crate::sources::Root;
use crate::sources::lock::lock;
use crate::sources::replace::{gone, replace};
use crate::system::Slot;
use nix::fcntl::Flock;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::time::Duration;

/// How long a command waits for another skexec, which a hook or a timer may have started.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// That the folder is locked.
pub(crate) fn busy() -> Finding {
    Finding::new(Reason::Busy, "another skexec holds /run/skexec/lock")
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
        Self::lock_within(root, Duration::ZERO)
    }

    /// The same for a command that nobody would repeat, which waits for so long.
    ///
    /// # Errors
    /// As for [`Records::lock`].
    pub fn lock_within(root: &Root, patience: Duration) -> io::Result<Option<Self>> {
        let folder = root.path(FOLDER);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let lock = lock(root, &folder.join("lock"), patience)?;
        Ok(lock.map(|lock| Self { folder, _lock: lock }))
    }

    /// Writes the record beside its place, so that after the load only a rename can fail, and whoever finds it after a kill knows that
    /// a load was begun. `replaces`: whether the kernel holds another image.
    ///
    /// # Errors
    /// Those of writing and renaming; nothing is changed then.
    pub fn prepare(&self, slot: Slot, record: &Record, replaces: Option<bool>) -> io::Result<Prepared> {
        let target = self.folder.join(file_name(slot));
        let begun = Begun { record: record.clone(), replaces };
        begun.write(&target).map(|place| Prepared { place, target })
    }

    /// Ends what a killed load left: its record takes its place or goes, where the kernel shows which of the two is true.
    ///
    /// # Errors
    /// Those of reading, writing and removing.
    pub fn settle(&self, root: &Root, kexec: &Kexec, slot: Slot) -> io::Result<()> {
        begun::settle(&self.folder.join(file_name(slot)), root, kexec, slot)
    }

    /// Notes in the record of a slot that nobody can load or unload any more. The record without this note is still true.
    ///
    /// # Errors
    /// Those of reading, writing and renaming; the record is as it was then.
    pub fn note_locked(&self, slot: Slot) -> io::Result<()> {
        self.amend(slot, |record| Some(Record { locked: true, ..record }))
    }

    /// After a call that left the kernel's image as it was, but was counted: the record of that image goes on to be true.
    /// A counter that was already another before the call, or shows more than the one call, keeps contradicting it.
    ///
    /// # Errors
    /// Those of reading, writing and renaming; the record is as it was then.
    pub fn recount(&self, slot: Slot, before: Option<Limit>, after: Option<Limit>) -> io::Result<()> {
        let [before, after] = [before, after].map(|limit| limit.and_then(Limit::remaining));
        if after.is_none() || before.and_then(|calls| calls.checked_sub(1)) != after {
            return Ok(());
        }
        self.amend(slot, |record| (record.loads_left == before).then_some(Record { loads_left: after, ..record }))
    }

    fn amend(&self, slot: Slot, change: impl FnOnce(Record) -> Option<Record>) -> io::Result<()> {
        let target = self.folder.join(file_name(slot));
        if let Some(record) = read_from(&target)?.and_then(change) {
            replace(&target, &text(&record)?, MODE)?;
        }
        Ok(())
    }

    /// Removes the record of a slot, and what killed loads left beside it.
    ///
    /// # Errors
    /// That it cannot be removed; that there is none is no error.
    pub fn forget(&self, slot: Slot) -> io::Result<()> {
        let target = self.folder.join(file_name(slot));
        gone(&target)?;
        begun::forget(&target)
    }
}

/// A record that takes its place once the kernel has taken the image. Dropped, it leaves no record at all: then skexec does
/// not know what is loaded.
#[derive(Debug)]
pub struct Prepared {
    place: PathBuf,
    target: PathBuf,
}

impl Prepared {
    /// The kernel has the new image: puts its record in place.
    ///
    /// # Errors
    /// That it cannot be renamed.
    pub fn commit(self) -> io::Result<()> {
        fs::rename(&self.place, &self.target)
    }

    /// The kernel kept the image that it had, and its record is true.
    ///
    /// # Errors
    /// That the record of the load cannot be removed.
    pub fn restore(self) -> io::Result<()> {
        gone(&self.place)
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        // After a commit or a restore it is not there. The order: a kill in between leaves a load that nothing is known of.
        if self.place.exists() {
            let _ = fs::remove_file(&self.target);
            let _ = fs::remove_file(&self.place);
        }
    }
}
