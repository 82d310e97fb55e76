//! Every module imports only from the floors below its own, according to the table in src/lib.rs.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The table at the head of lib.rs: `| F2 | [`trust`], [`image`]: ... |`.
fn floors() -> BTreeMap<String, u32> {
    let text = fs::read_to_string(source().join("lib.rs")).unwrap();
    let mut floors = BTreeMap::new();
    for row in text.lines().filter_map(|line| line.strip_prefix("//! | F")) {
        let (floor, modules) = row.split_once(" | ").unwrap();
        for name in modules.split("[`").skip(1) {
            floors.insert(name.split('`').next().unwrap().to_owned(), floor.parse().unwrap());
        }
    }
    floors
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The module that a file belongs to: the first part of its path below src, without the extension.
fn module(path: &Path) -> String {
    let first = path.strip_prefix(source()).unwrap().iter().next().unwrap();
    Path::new(first).file_stem().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn nobody_imports_from_above() {
    let floors = floors();
    let mut paths = Vec::new();
    files(&source(), &mut paths);
    let mut wrong = Vec::new();
    for path in paths {
        let own = module(&path);
        if ["lib", "main"].contains(&own.as_str()) {
            continue;
        }
        let floor = floors.get(&own).unwrap_or_else(|| panic!("lib.rs gives {own} no floor"));
        let text = fs::read_to_string(&path).unwrap();
        // Test code, which may import any module, is not checked.
        let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        // Several modules in braces would not be seen below.
        assert!(!text.contains("crate::{"), "{}: one import for each module", path.display());
        for used in text.split("crate::").skip(1) {
            let used: String =
                used.chars().take_while(|letter| letter.is_ascii_lowercase() || *letter == '_').collect();
            let below = floors.get(&used).is_some_and(|other| other < floor);
            if !used.is_empty() && used != own && !below {
                wrong.push(format!("{}: {own} (F{floor}) uses {used} (F{:?})", path.display(), floors.get(&used)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
