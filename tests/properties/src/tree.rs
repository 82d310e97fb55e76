//! A machine whose files are the input: a directory in memory stands for `/`.

use skexec::sources::Root;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// What stands before each file of an input. It is text, so that inserting bytes into one file leaves the others as they are.
const MARK: &[u8] = b"\n\0#";

/// The files of an input: after each mark a byte that chooses the path, then the content. What stands before the first mark is the
/// first path's content.
pub(crate) fn files<'a>(input: &'a [u8], paths: &[&'static str]) -> Vec<(&'static str, &'a [u8])> {
    let mut rest = input;
    let mut files = Vec::new();
    let mut path = 0;
    loop {
        let end = rest.windows(MARK.len()).position(|window| window == MARK);
        let (content, after) = rest.split_at(end.unwrap_or(rest.len()));
        if path != 0 || !content.is_empty() {
            files.push((paths[path % paths.len()], content));
        }
        let Some((choice, content)) = after.get(MARK.len()..).and_then(<[u8]>::split_first) else { return files };
        (path, rest) = (usize::from(*choice), content);
    }
}

/// The input that [`files`] takes apart into these.
pub(crate) fn input(paths: &[&str], files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut input = Vec::new();
    for (path, content) in files {
        let index = paths.iter().position(|known| known == path).unwrap_or_else(|| panic!("{path} is not in the list"));
        input.extend(MARK);
        input.push(u8::try_from(index).unwrap());
        input.extend(*content);
    }
    input
}

/// The directory, removed with all that is in it at the end.
pub(crate) struct Tree(Root);

impl Tree {
    /// Writes the files.
    pub(crate) fn of(files: &[(&'static str, &[u8])]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let tree = Self(Root(place().join(format!("skexec-properties-{}-{number}", std::process::id()))));
        fs::create_dir(&tree.0.0).unwrap();
        for (path, content) in files {
            tree.write(path, content);
        }
        tree
    }

    pub(crate) fn write(&self, path: &str, content: &[u8]) {
        let path = self.0.path(path);
        if fs::write(&path, content).is_err() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, content).unwrap();
        }
    }

    pub(crate) fn root(&self) -> &Root {
        &self.0
    }

    /// Every file with its content, in order.
    pub(crate) fn content(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut folders = vec![self.0.0.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let content = fs::read(&path).unwrap();
                    found.push((path, content));
                }
            }
        }
        found.sort();
        found
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0.0).unwrap();
    }
}

/// A file system in memory where there is one: the fuzzer makes thousands of trees in a second.
fn place() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}
