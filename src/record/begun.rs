//! A load that was begun. Its record is written before the call: a process that is killed then can record nothing, and the kernel tells
//! only that something is loaded.

use super::{MODE, Record, read_json, text};
use crate::machine::kexec::Limit;
use crate::machine::{Kexec, boot_id};
use crate::sources::Root;
use crate::sources::replace::{draft_of, gone, write};
use crate::system::Slot;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The record of a load, before the call. It is a record as it stands, so that a rename alone puts it in its place.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Begun {
    #[serde(flatten)]
    pub(super) record: Record,
    /// Whether the kernel held an image before the call; nothing where that could not be read.
    pub(super) replaces: Option<bool>,
}

/// How a load ended that did not live to say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The kernel was not called, or it holds nothing any more.
    NotMade,
    /// The kernel holds the image.
    Made,
    /// The kernel holds the image or the one before it.
    Unknown,
}

impl Begun {
    /// Writes it beside the place of the record. What stands under its name is whole: until then the call was not made.
    pub(super) fn write(&self, target: &Path) -> io::Result<PathBuf> {
        let place = place_beside(target);
        let draft = draft_of(&place);
        let written = self.write_to(&draft).and_then(|()| {
            // After a load whose end is not known, the record before it is no longer that of an image that the kernel keeps.
            if place.exists() { gone(target) } else { Ok(()) }
        });
        written.and_then(|()| fs::rename(&draft, &place)).map(|()| place)
    }

    fn write_to(&self, draft: &Path) -> io::Result<()> {
        write(draft, &text(self)?, MODE).map(drop)
    }

    /// What the running kernel shows about its end. Its counter counts every permitted call, so one that has not moved proves that none
    /// was made; where it has moved, the call may have failed.
    pub(super) fn end(&self, root: &Root, kexec: &Kexec, slot: Slot) -> End {
        let boots = (&self.record.boot_id, boot_id(root));
        if matches!(boots, (Some(then), Some(now)) if *then != now) {
            return End::NotMade;
        }
        let left = kexec.limit(slot == Slot::Panic).and_then(Limit::remaining);
        let before = self.record.loads_left.and_then(|calls| calls.checked_add(1));
        if before.is_some() && before == left {
            return End::NotMade;
        }
        match (self.replaces, kexec.holds(slot == Slot::Panic)) {
            (_, Some(false)) => End::NotMade,
            (Some(false), Some(true)) => End::Made,
            _ => End::Unknown,
        }
    }
}

impl Record {
    /// The record of a load that was not seen to end: the one call that was counted may have been another program's.
    pub(super) fn unproved(self, kexec: &Kexec, slot: Slot) -> Self {
        let left = kexec.limit(slot == Slot::Panic).and_then(Limit::remaining);
        Self { loads_left: self.loads_left.filter(|calls| Some(*calls) != left), ..self }
    }
}

/// Reads what a load left that did not live to end it.
pub(super) fn read(target: &Path) -> io::Result<Option<Begun>> {
    let Some(begun): Option<Begun> = read_json(&place_beside(target))? else { return Ok(None) };
    begun.record.check_schema()?;
    Ok(Some(begun))
}

pub(super) fn settle(target: &Path, root: &Root, kexec: &Kexec, slot: Slot) -> io::Result<()> {
    let place = place_beside(target);
    gone(&draft_of(&place))?;
    let begun = match read(target) {
        Ok(Some(begun)) => begun,
        Ok(None) => return Ok(()),
        // Somebody else wrote it, or another version of this program. What the kernel holds is not known then.
        Err(_) => return forget(target).and_then(|()| gone(target)),
    };
    match begun.end(root, kexec, slot) {
        End::NotMade => gone(&place),
        End::Made => {
            let record = Begun { record: begun.record.unproved(kexec, slot), ..begun };
            record.write_to(&draft_of(&place))?;
            fs::rename(draft_of(&place), target)?;
            gone(&place)
        }
        End::Unknown => Ok(()),
    }
}

/// Removes what loads left.
pub(super) fn forget(target: &Path) -> io::Result<()> {
    let place = place_beside(target);
    gone(&draft_of(&place))?;
    gone(&place)
}

/// `FILE.begun`.
fn place_beside(target: &Path) -> PathBuf {
    let mut name = OsString::from(target);
    name.push(".begun");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;

    #[test]
    fn the_kernel_shows_how_it_ended_or_does_not() {
        use Limit::{Remaining, Unlimited};
        let text = r#"{"schema":1,"time":1,"method":"file","kernel":"/k","release":null,"sha256":"","basis":"embedded",
                       "signer":null,"covers":[],"initrds":[],"cmdline":"","replaces":null}"#;
        // Whether there was an image, calls left after the load, whether there is an image, calls left now.
        let rows = [
            (Some(false), None, Some(true), None, End::Made),
            (Some(false), None, Some(false), None, End::NotMade),
            (Some(false), None, None, None, End::Unknown),
            (Some(true), None, Some(true), None, End::Unknown),
            (Some(true), None, Some(true), Some(Unlimited), End::Unknown),
            (Some(true), None, Some(false), None, End::NotMade),
            (None, None, Some(true), None, End::Unknown),
            // The counter has not moved.
            (Some(true), Some(8), Some(true), Some(Remaining(9)), End::NotMade),
            (Some(false), Some(8), Some(true), Some(Remaining(9)), End::NotMade),
            // One call was counted; it may have failed.
            (Some(true), Some(8), Some(true), Some(Remaining(8)), End::Unknown),
            (Some(false), Some(8), Some(true), Some(Remaining(8)), End::Made),
            // Another program has called, too: the record's own number contradicts it.
            (Some(false), Some(8), Some(true), Some(Remaining(7)), End::Made),
        ];
        let tree = Tree::new();
        for (replaces, loads_left, holds, now, wanted) in rows {
            let begun: Begun = serde_json::from_str(text).unwrap();
            let begun = Begun { record: Record { loads_left, ..begun.record }, replaces };
            let kexec =
                Kexec { limit_reboot: now, limit_panic: now, loaded: holds, crash_loaded: holds, ..Kexec::default() };
            for slot in [Slot::Reboot, Slot::Panic] {
                assert_eq!(
                    begun.end(tree.root(), &kexec, slot),
                    wanted,
                    "{replaces:?} {loads_left:?} {holds:?} {now:?}"
                );
            }
        }
    }

    #[test]
    fn a_load_of_another_boot_is_over() {
        let tree = Tree::new();
        tree.write("/proc/sys/kernel/random/boot_id", "two\n");
        let text = r#"{"schema":1,"time":1,"method":"file","kernel":"/k","release":null,"sha256":"","basis":"embedded",
                       "signer":null,"covers":[],"initrds":[],"cmdline":"","boot_id":"one","replaces":true}"#;
        let begun: Begun = serde_json::from_str(text).unwrap();
        let kexec = Kexec { loaded: Some(true), ..Kexec::default() };
        assert_eq!(begun.end(tree.root(), &kexec, Slot::Reboot), End::NotMade);
    }
}
