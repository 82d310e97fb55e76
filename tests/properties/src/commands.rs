//! The property of the commands that tell: whatever the machine's files hold, they say something printable and change nothing.

use crate::tree::{Tree, files};
use crate::{boots, records, system, trusted};
use skexec::sys::{FileLoad, Kexec, SegmentsLoad};
use skexec::system::System;
use std::ffi::OsString;
use std::sync::LazyLock;

/// More files that are read. A kept input names them by their number: new ones go to the end, where
/// [`PATHS`] has room for them.
const MORE: [&str; 11] = [
    "/var/lib/skexec/next.json",
    "/var/lib/skexec/manifests.json",
    "/run/skexec/arrival.json",
    "/run/skexec/measured.json",
    "/run/skexec/tcg.log",
    "/etc/skexec/policy.toml",
    "/etc/default/kexec",
    "/etc/init.d/kexec",
    "/run/systemd/container",
    "/var/lib/systemd/pstore/dmesg.txt",
    "/sys/kernel/security/tpm0/binary_bios_measurements",
];

/// All files: those of this target alone, then those that others read, too, so that each keeps its number when others are added.
pub(crate) static PATHS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let lists =
        [(&MORE[..], 24), (&records::PATHS, 16), (&boots::PATHS, 48), (&trusted::PATHS, 32), (&system::PATHS, 100)];
    lists
        .into_iter()
        .flat_map(|(list, room)| list.iter().copied().chain(std::iter::repeat("/none")).take(room))
        .collect()
});

/// A kernel that nothing is asked of.
#[derive(Debug)]
struct Untouched;

impl Kexec for Untouched {
    fn file_load(&self, _: &FileLoad<'_>) -> Result<(), i32> {
        panic!("a kernel was loaded")
    }

    fn file_unload(&self, _: bool) -> Result<(), i32> {
        panic!("a kernel was unloaded")
    }

    fn segments_load(&self, _: &SegmentsLoad<'_>) -> Result<(), i32> {
        panic!("segments were loaded")
    }

    fn segments_unload(&self, _: bool) -> Result<(), i32> {
        panic!("segments were unloaded")
    }

    fn jump(&self) -> i32 {
        panic!("the machine would have been restarted")
    }
}

/// `status`, `entries` and `policy`, for people and as JSON: the text cannot steer a terminal, JSON is one document, the exit code is
/// one that is documented, and no file of the machine changes. After `booted`, a version that has booted is not forgotten, and a second
/// `booted` changes nothing.
pub fn commands(input: &[u8]) {
    let tree = Tree::of(&files(input, &PATHS));
    let before = tree.content();
    for command in ["status", "entries", "policy"] {
        for json in [false, true] {
            run(&tree, command, json);
        }
    }
    assert!(tree.content() == before, "a file was changed");
    let versions = highest(&tree).unwrap_or_default();
    run(&tree, "booted", false);
    let now = highest(&tree).unwrap_or_default();
    for (name, version) in versions {
        assert!(now.get(&name).is_some_and(|now| *now >= version), "{name}: {version}, now {now:?}");
    }
    let settled = tree.content();
    run(&tree, "booted", false);
    assert!(tree.content() == settled, "the second time, something was changed");
}

type Versions = std::collections::BTreeMap<String, u64>;

/// The versions that have booted, where the file is whole.
fn highest(tree: &Tree) -> Option<Versions> {
    let text = std::fs::read(tree.root().path(MORE[1])).ok()?;
    let state: serde_json::Value = serde_json::from_slice(&text).ok()?;
    serde_json::from_value(state.get("highest")?.clone()).ok()
}

fn run(tree: &Tree, command: &str, json: bool) {
    let words = ["skexec", command].into_iter().chain(json.then_some("--json")).map(OsString::from);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let system = System { root: tree.root(), kexec: &Untouched };
    let exit = skexec::cli::start(system, words, &mut out, &mut err);
    assert!(exit <= 5, "{command}: exit code {exit}");
    for text in [out.as_slice(), &err] {
        let text = std::str::from_utf8(text).unwrap();
        assert_eq!(skexec::cli::printable::lines(text), text, "{command}");
    }
    if json && !out.is_empty() {
        serde_json::from_slice::<serde_json::Value>(&out).unwrap();
    }
}
