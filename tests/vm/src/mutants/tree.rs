//! A copy of the source: what is broken there is broken nowhere else, and its build stays warm.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::tool;

/// Brings the copy up to date. What is the same already keeps its time, so that nothing is built again for it.
pub(crate) fn copy(workspace: &Path, tree: &Path) -> Result<()> {
    copy_with(workspace, tree, &BTreeMap::new())
}

/// The same, with these texts in the place of those files, or beside them.
pub(crate) fn copy_with(workspace: &Path, tree: &Path, texts: &BTreeMap<String, String>) -> Result<()> {
    let mut git = Command::new("git");
    git.current_dir(workspace).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listed = tool::stdout(&mut git)?;
    let mut wanted: BTreeSet<_> = listed.split('\0').filter(|name| !name.is_empty()).collect();
    wanted.extend(texts.keys().map(String::as_str));
    for name in &wanted {
        let (from, to) = (workspace.join(name), tree.join(name));
        // A file that was removed without a commit, and a link to a folder.
        let text = texts.get(*name).map(|text| text.as_bytes().to_owned());
        let Some(bytes) = text.clone().or_else(|| fs::read(&from).ok()) else { continue };
        if fs::read(&to).ok().as_ref() == Some(&bytes) {
            continue;
        }
        fs::create_dir_all(to.parent().context("a file lies in a folder")?)?;
        match text {
            Some(text) => fs::write(&to, text),
            // With its mode.
            None => fs::copy(&from, &to).map(drop),
        }
        .with_context(|| to.display().to_string())?;
        fs::File::options().append(true).open(&to)?.set_modified(std::time::SystemTime::now())?;
    }
    forget(tree, tree, &wanted)
}

/// Removes the sources that are no longer there.
fn forget(tree: &Path, folder: &Path, wanted: &BTreeSet<&str>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.strip_prefix(tree)?.to_string_lossy().into_owned();
        if path.is_dir() {
            forget(tree, &path, wanted)?;
        } else if !wanted.contains(name.as_str()) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_follows_the_source() {
        let folder = std::env::temp_dir().join(format!("skexec-mutants-{}", std::process::id()));
        let (source, tree) = (folder.join("source"), folder.join("tree"));
        fs::create_dir_all(source.join("src")).unwrap();
        fs::create_dir_all(&tree).unwrap();
        tool::run(Command::new("git").args(["init", "--quiet"]).current_dir(&source)).unwrap();
        fs::write(source.join("src/a.rs"), "one").unwrap();
        fs::write(source.join("src/b.rs"), "two").unwrap();
        copy(&source, &tree).unwrap();
        let time = || fs::metadata(tree.join("src/a.rs")).unwrap().modified().unwrap();
        let before = time();
        fs::write(tree.join("src/b.rs"), "broken").unwrap();
        copy(&source, &tree).unwrap();
        assert_eq!((time(), fs::read_to_string(tree.join("src/b.rs")).unwrap()), (before, "two".to_owned()));
        fs::remove_file(source.join("src/b.rs")).unwrap();
        copy(&source, &tree).unwrap();
        assert!(!tree.join("src/b.rs").exists());
        let texts = BTreeMap::from([("src/a.rs", "other"), ("src/c.rs", "new")]);
        let texts = texts.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
        copy_with(&source, &tree, &texts).unwrap();
        let text = |name| fs::read_to_string(tree.join(name)).unwrap();
        assert_eq!([text("src/a.rs"), text("src/c.rs")], ["other", "new"]);
        fs::remove_dir_all(folder).unwrap();
    }
}
