//! `skexec refresh`: whether what is loaded is to be loaded anew, because its files have changed.

use crate::machine::crash::{hardware, is_kept_up_to_date};
use crate::machine::{Kexec, Machine};
use crate::reason::{Finding, Reason};
use crate::record::{self, Asked, Record, Standing};
use crate::sources::Root;
use crate::sys::Lease;
use crate::system::Slot;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What one of the kernel's two images is.
#[derive(Debug)]
pub(crate) enum Held {
    /// There is none.
    Nothing,
    /// An image that is not to be touched; the sentence says why.
    Other(String),
    /// An image that skexec loaded by a version or an entry.
    Asked(Box<Asked>),
}

/// Reads what is loaded, for a load after its files have changed.
pub(crate) fn held(root: &Root, slot: Slot) -> Held {
    match recorded(root, slot, &Machine::read(root).kexec) {
        Ok(Record { asked: Some(asked), .. }) if !asked.by_path => Held::Asked(Box::new(asked)),
        Ok(record) => cannot_be_had(&record),
        Err(held) => held,
    }
}

/// Reads which crash kernel is loaded, for a load after processors or memory have come or gone.
pub(crate) fn held_for_other_hardware(root: &Root) -> Held {
    let machine = Machine::read(root);
    // A load was killed after the running kernel had freed the crash kernel before, for which there is no room beside the new one.
    if machine.kexec.holds(true) == Some(false)
        && let Some(lost) = record::replacing(root, Slot::Panic)
    {
        return match lost.asked {
            Some(asked) => Held::Asked(Box::new(asked)),
            None => cannot_be_had(&lost),
        };
    }
    let record = match recorded(root, Slot::Panic, &machine.kexec) {
        Ok(record) => record,
        Err(held) => return held,
    };
    if is_kept_up_to_date(root) {
        return Held::Other("the running kernel keeps the headers of the dump up to date".into());
    }
    match (hardware(root, &machine.memory), record.hardware.as_ref(), &record.asked) {
        (None, ..) => Held::Other("which processors and which memory there are cannot be read".into()),
        (Some(now), Some(then), _) if now == *then => {
            Held::Other("its headers name the processors and the memory that there are".into())
        }
        (Some(_), _, Some(asked)) => Held::Asked(Box::new(asked.clone())),
        (Some(_), _, None) => cannot_be_had(&record),
    }
}

fn cannot_be_had(record: &Record) -> Held {
    let why = "was loaded by its path, or with a pipe or standard input, which cannot be read again";
    Held::Other(format!("{} {why}", record.kernel))
}

/// The record of what is loaded. Without a record that stands, the image may be anything.
fn recorded(root: &Root, slot: Slot, kexec: &Kexec) -> Result<Record, Held> {
    match kexec.holds(slot == Slot::Panic) {
        Some(true) => {}
        Some(false) => return Err(Held::Nothing),
        None => return Err(Held::Other("whether a kernel is loaded cannot be read".into())),
    }
    match record::known(root, kexec, slot) {
        Ok(None) => Err(Held::Other("skexec did not load it".into())),
        Ok(Some((_, Standing::Contradicted(why)))) => Err(Held::Other(why)),
        Ok(Some((record, Standing::Proved | Standing::Unproved))) => Ok(record),
        Err(error) => Err(Held::Other(format!("its record cannot be read: {error}"))),
    }
}

/// Whether the files are whole: an initrd that is still being made must not be loaded, and one that is older than the kernel's modules
/// lacks the new ones.
///
/// # Errors
/// `initrd-unfinished`.
pub(crate) fn finished(root: &Root, asked: &Asked) -> Result<(), Finding> {
    let mut files = asked.files.iter().map(|file| PathBuf::from(&file.path));
    let kernel = files.next();
    let initrds: Vec<_> = files.collect();
    for initrd in &initrds {
        untouched(initrd).map_err(|seen| unfinished(initrd, seen))?;
    }
    // Who names a file by its path need not have made it after the kernel.
    if asked.by_path {
        return Ok(());
    }
    let newest = initrds.iter().filter_map(|path| Some((modified(path)?, path))).max();
    let modules = asked.release.iter().map(|release| root.path(format!("/usr/lib/modules/{release}/modules.dep")));
    let sources = modules.chain(kernel).filter_map(|path| Some((modified(&path)?, path)));
    match (newest, sources.max()) {
        (Some((made, initrd)), Some((changed, path))) if made < changed => {
            Err(unfinished(initrd, format!("it is older than {}", path.display())))
        }
        _ => Ok(()),
    }
}

fn unfinished(initrd: &Path, seen: String) -> Finding {
    Finding::new(Reason::InitrdUnfinished, seen).in_file(initrd)
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

/// Whether nobody is writing a file, or the one that will replace it.
fn untouched(path: &Path) -> Result<(), String> {
    let made = modified(path);
    // One that was left behind by a program that failed long ago is older.
    let draft = drafts(path).into_iter().find(|draft| modified(draft) >= made && draft.is_file());
    if let Some(draft) = draft {
        return Err(format!("{} is there, which will replace it", draft.display()));
    }
    let file = File::open(path).map_err(|error| error.to_string())?;
    match Lease::take(&file) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Err("a program has it open for writing".into()),
        // Where the file system has no leases, the times and the names must do.
        _ => Ok(()),
    }
}

/// The names under which initramfs-tools, dpkg, mkinitcpio and editors write a file before they put it in its place.
fn drafts(path: &Path) -> Vec<PathBuf> {
    let Some(name) = path.file_name() else { return Vec::new() };
    let with = |end: &str| {
        let mut name = name.to_owned();
        name.push(end);
        path.with_file_name(name)
    };
    let mut hidden = OsString::from(".");
    hidden.push(name);
    let mut all: Vec<_> = [".new", ".tmp", ".dpkg-new", ".dpkg-tmp", "~"].map(with).into();
    all.push(path.with_file_name(hidden));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Stamp;
    use crate::sources::testing::Tree;
    use std::fs::OpenOptions;
    use std::time::Duration;

    /// A file that was written at this second.
    fn write(tree: &Tree, path: &str, second: u64) -> PathBuf {
        let path = tree.write(path, "x");
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        OpenOptions::new().write(true).open(&path).unwrap().set_modified(time).unwrap();
        path
    }

    fn found(tree: &Tree, initrds: &[&str]) -> Result<(), String> {
        let all = std::iter::once("/boot/vmlinuz-6.12").chain(initrds.iter().copied());
        let asked = Asked {
            words: Vec::new(),
            by_path: false,
            folder: String::new(),
            release: Some("6.12".into()),
            options: None,
            files: all.map(|path| Stamp::of(&tree.root().path(path))).collect(),
            others: Vec::new(),
        };
        let short = |finding: Finding| finding.detail.replace(tree.root().0.to_str().unwrap(), "");
        finished(tree.root(), &asked).map_err(short)
    }

    #[test]
    fn an_initrd_that_is_not_finished() {
        let tree = Tree::new();
        let initrd = "/boot/initrd.img-6.12";
        write(&tree, "/boot/vmlinuz-6.12", 100);
        let file = write(&tree, initrd, 200);
        write(&tree, "/boot/microcode", 50);
        assert_eq!(found(&tree, &[]), Ok(()));
        assert_eq!(found(&tree, &["/boot/microcode", initrd]), Ok(()));
        assert_eq!(found(&tree, &["/boot/microcode"]), Err("it is older than /boot/vmlinuz-6.12".into()));
        write(&tree, "/usr/lib/modules/6.12/modules.dep", 199);
        assert_eq!(found(&tree, &[initrd]), Ok(()));
        write(&tree, "/usr/lib/modules/6.12/modules.dep", 201);
        assert_eq!(found(&tree, &[initrd]), Err("it is older than /usr/lib/modules/6.12/modules.dep".into()));
        write(&tree, "/usr/lib/modules/6.12/modules.dep", 0);
        for (draft, name) in [(".new", "/boot/initrd.img-6.12.new"), (".dpkg-new", "/boot/initrd.img-6.12.dpkg-new")] {
            let path = write(&tree, &format!("{initrd}{draft}"), 199);
            assert_eq!(found(&tree, &[initrd]), Ok(()), "{draft}");
            write(&tree, &format!("{initrd}{draft}"), 200);
            assert_eq!(found(&tree, &[initrd]), Err(format!("{name} is there, which will replace it")));
            fs::remove_file(path).unwrap();
        }
        assert!(found(&tree, &["/boot/none"]).is_err());
        let writer = OpenOptions::new().append(true).open(&file).unwrap();
        let supported = !matches!(Lease::take(&writer), Err(error) if error.kind() != ErrorKind::WouldBlock);
        if supported {
            assert_eq!(found(&tree, &[initrd]), Err("a program has it open for writing".into()));
        }
    }
}
