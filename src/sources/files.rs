//! Files and directories of keys. Those of the user are read as they are; those of the system must belong to root.

use super::Root;
use super::root::{open_regular, read_capped, read_rest};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The largest file of keys, in bytes; all of a distribution's TLS authorities take 220 KiB.
const MAX_FILE: u64 = 4 << 20;
/// The most files that a directory of keys may hold.
const MAX_FILES: usize = 4096;

/// A file that was read.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
}

/// Why a file or a directory cannot be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) path: PathBuf,
    pub(crate) what: String,
}

impl Unreadable {
    pub(crate) fn new(path: &Path, what: impl ToString) -> Self {
        Self { path: path.to_owned(), what: what.to_string() }
    }
}

/// Reads a file that the user named, or the files of a directory whose names have one of the extensions.
pub(crate) fn read_named(path: &Path, endings: &[&str]) -> Result<Vec<Loaded>, Unreadable> {
    let failed = |error: io::Error| Unreadable::new(path, error);
    let paths = if fs::metadata(path).map_err(failed)?.is_dir() {
        names(path, endings).map_err(failed)?.into_iter().map(|name| path.join(name)).collect()
    } else {
        vec![path.to_owned()]
    };
    paths
        .into_iter()
        .map(|path| {
            let bytes = read_capped(&path, MAX_FILE).map_err(|error| Unreadable::new(&path, error))?;
            Ok(Loaded { path, bytes })
        })
        .collect()
}

/// Reads the files of the system's directories. A file in the first directory masks files of the same name in the others; a link
/// to /dev/null only masks. An absent directory has no files.
///
/// The result has one entry per file, so that the caller decides what an unreadable one means.
pub(crate) fn read_system(root: &Root, directories: &[&str], endings: &[&str]) -> Vec<Result<Loaded, Unreadable>> {
    let mut files: BTreeMap<OsString, Option<PathBuf>> = BTreeMap::new();
    let mut read = Vec::new();
    for directory in directories {
        let directory = root.path(directory);
        match system_names(root, &directory, endings) {
            Err(error) => read.push(Err(Unreadable::new(&directory, error))),
            Ok(names) => {
                for name in names {
                    let path = directory.join(&name);
                    files.entry(name).or_insert_with(|| (!is_mask(&path)).then_some(path));
                }
            }
        }
    }
    read.extend(files.into_values().flatten().map(|path| match read_owned(root, &path, MAX_FILE) {
        Ok(bytes) => Ok(Loaded { path, bytes }),
        Err(error) => Err(Unreadable::new(&path, error)),
    }));
    read
}

/// Reads a system file of at most `max` bytes that must belong to root; `None` if it is absent. A link that leads nowhere is an
/// error: a file was meant to be there.
pub(crate) fn read_system_file(root: &Root, absolute: &str, max: u64) -> Result<Option<Vec<u8>>, Unreadable> {
    let path = root.path(absolute);
    unless_absent(root, &path, read_owned(root, &path, max)).map_err(|error| Unreadable::new(&path, error))
}

/// Turns absence into `None`. A link that leads nowhere is not absence, nor is what stands in the place of a directory and is none:
/// something was meant to be there, and it may forbid what is permitted without it.
fn unless_absent<T>(root: &Root, path: &Path, result: io::Result<T>) -> io::Result<Option<T>> {
    let leads_nowhere = |step: &&Path| step.is_symlink() && step.metadata().is_err();
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        found => return found.map(Some),
    }
    match path.ancestors().take_while(|step| *step != root.0).find(leads_nowhere) {
        Some(link) if link == path => Err(io::Error::new(io::ErrorKind::NotFound, "the link leads nowhere")),
        Some(link) => {
            Err(io::Error::new(io::ErrorKind::NotFound, format!("the link {} leads nowhere", link.display())))
        }
        None => Ok(None),
    }
}

fn system_names(root: &Root, directory: &Path, endings: &[&str]) -> io::Result<Vec<OsString>> {
    let Some(names) = unless_absent(root, directory, names(directory, endings))? else { return Ok(Vec::new()) };
    // Whoever may write to the directory may add, remove and mask files.
    check_way(root, directory)?;
    Ok(names)
}

/// The sorted names with one of the extensions, in upper or lower case.
fn names(directory: &Path, endings: &[&str]) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        let ending = Path::new(&name).extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
        if ending.is_some_and(|ending| endings.contains(&ending.as_str())) {
            names.push(name);
        }
        if names.len() > MAX_FILES {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("more than {MAX_FILES} files")));
        }
    }
    names.sort();
    Ok(names)
}

fn is_mask(path: &Path) -> bool {
    fs::read_link(path).is_ok_and(|target| target == Path::new("/dev/null"))
}

/// Reads a file that only root can have written, at a path that only root can have changed.
fn read_owned(root: &Root, path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let file = open_regular(path)?;
    check_owner(root, &file.metadata()?)?;
    // A link leads to another directory; the directories above its target are checked as well.
    check_way(root, &fs::canonicalize(path)?)?;
    read_rest(&file, max)
}

/// Checks a path and all directories above it, up to the root.
pub(crate) fn check_way(root: &Root, path: &Path) -> io::Result<()> {
    let top = fs::canonicalize(&root.0)?;
    let path = fs::canonicalize(path)?;
    for step in path.ancestors().take_while(|step| *step != top) {
        // Whoever reports the error names the path itself.
        let named = |error: io::Error| match step == path {
            true => error,
            false => io::Error::new(error.kind(), format!("{}: {error}", step.display())),
        };
        check_owner(root, &fs::metadata(step)?).map_err(named)?;
    }
    Ok(())
}

fn check_owner(root: &Root, metadata: &Metadata) -> io::Result<()> {
    let wrong = |what: String| io::Error::new(io::ErrorKind::PermissionDenied, what);
    if metadata.uid() != root.owner() {
        return Err(wrong(format!("belongs to user {}, not to root", metadata.uid())));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(wrong("others than root may write to it".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
