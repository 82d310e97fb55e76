#![allow(clippy::unwrap_used)]

use super::*;
use crate::sources::lock::STATE;
use crate::sources::replace::{Step, draft_of};
use crate::sources::testing::Tree;
use std::fs::{self, File};

fn version(number: u64) -> Version {
    Version { name: "acme-boot".into(), number }
}

/// A machine in the boot with this ID.
fn boot(tree: &Tree, id: &str, release: &str, cmdline: &str, loader: &str) {
    tree.write("/proc/sys/kernel/random/boot_id", format!("{id}\n"));
    tree.write("/proc/sys/kernel/osrelease", format!("{release}\n"));
    tree.write("/proc/cmdline", format!("{cmdline}\n"));
    tree.write("/proc/sys/kernel/bootloader_type", format!("{loader}\n"));
}

/// Loads a version in boot `one`.
fn loaded(number: u64) -> Tree {
    let tree = Tree::new();
    boot(&tree, "one", "6.1.0", "root=/dev/vda1", "114");
    expect(tree.root(), Some(&version(number)), Some("6.12.0 (x@y) #1 SMP"), "root=/dev/vda2 ro").unwrap();
    tree
}

fn refused(root: &Root, number: u64) -> bool {
    let answer = Booted::read(root).unwrap().check(&version(number));
    answer.is_err_and(|finding| finding.reason == Reason::ManifestRollback)
}

#[test]
fn the_expected_boot_and_no_other_raises_the_version() {
    let rows = [
        (("two", "6.12.0", "root=/dev/vda2 ro", "208"), true),
        // The boot in which it was loaded.
        (("one", "6.12.0", "root=/dev/vda2 ro", "208"), false),
        (("", "6.12.0", "root=/dev/vda2 ro", "208"), false),
        (("two", "6.12.1", "root=/dev/vda2 ro", "208"), false),
        (("two", "6.12.0", "root=/dev/vda1 ro", "208"), false),
        // The firmware started it.
        (("two", "6.12.0", "root=/dev/vda2 ro", "114"), false),
    ];
    for ((id, release, cmdline, loader), wanted) in rows {
        let tree = loaded(7);
        assert!(!refused(tree.root(), 6));
        boot(&tree, id, release, cmdline, loader);
        if id.is_empty() {
            fs::remove_file(tree.root().path("/proc/sys/kernel/random/boot_id")).unwrap();
        }
        let row = format!("{id} {release} {cmdline} {loader}");
        // A load knows it without writing anything.
        assert_eq!(refused(tree.root(), 6), wanted, "{row}");
        assert!(!refused(tree.root(), 7) && !refused(tree.root(), 8));
        assert_eq!(settle(tree.root()).unwrap(), wanted.then(|| version(7)), "{row}");
        assert_eq!(settle(tree.root()).unwrap(), None);
        assert_eq!(refused(tree.root(), 6), wanted, "{row}");
        let other = Version { name: "other".into(), number: 1 };
        assert_eq!(Booted::read(tree.root()).unwrap().check(&other), Ok(()));
    }
}

/// Other processors' kernels have no such file.
#[test]
fn a_boot_is_recognised_without_the_number_of_its_loader() {
    let tree = loaded(7);
    boot(&tree, "two", "6.12.0", "root=/dev/vda2 ro", "208");
    fs::remove_file(tree.root().path("/proc/sys/kernel/bootloader_type")).unwrap();
    assert_eq!(settle(tree.root()).unwrap(), Some(version(7)));
}

#[test]
fn a_boot_that_failed_is_expected_no_more() {
    let tree = loaded(7);
    boot(&tree, "two", "6.1.0", "root=/dev/vda1", "114");
    assert_eq!(settle(tree.root()).unwrap(), None);
    boot(&tree, "three", "6.12.0", "root=/dev/vda2 ro", "208");
    assert_eq!(settle(tree.root()).unwrap(), None);
    assert!(!refused(tree.root(), 1));
}

#[test]
fn a_load_without_a_manifest_ends_the_expectation() {
    let tree = loaded(7);
    expect(tree.root(), None, None, "").unwrap();
    boot(&tree, "two", "6.12.0", "root=/dev/vda2 ro", "208");
    assert_eq!(settle(tree.root()).unwrap(), None);
    // Where there is no state, none is made.
    let tree = Tree::new();
    expect(tree.root(), None, None, "").unwrap();
    assert_eq!(settle(tree.root()).unwrap(), None);
    assert!(!tree.root().has("/var"));
}

#[test]
fn an_older_boot_lowers_nothing_and_the_next_load_keeps_what_booted() {
    let tree = loaded(7);
    boot(&tree, "two", "6.12.0", "root=/dev/vda2 ro", "208");
    // The load before anybody has settled the boot.
    expect(tree.root(), Some(&version(3)), None, "root=/dev/vda2 ro").unwrap();
    assert!(refused(tree.root(), 6));
    boot(&tree, "three", "6.12.0", "root=/dev/vda2 ro", "208");
    assert_eq!(settle(tree.root()).unwrap(), Some(version(3)));
    assert!(refused(tree.root(), 6) && !refused(tree.root(), 7));
}

#[test]
fn a_state_that_is_damaged_refuses() {
    let good = r#"{"schema": 1, "highest": {"acme-boot": 7}, "expected": null}"#;
    let tree = Tree::new();
    tree.write(PATH, good);
    assert!(refused(tree.root(), 6));
    for text in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"schema": 2, "highest": {}, "expected": null}"#,
        r#"{"schema": 1, "highest": {"acme-boot": -7}, "expected": null}"#,
        r#"{"schema": 1, "highest": {}, "expected": null, "more": 1}"#,
        r#"{"schema": 1, "highest": {}, "expected": {"name": "acme-boot"}}"#,
    ] {
        tree.write(PATH, text);
        let finding = Booted::read(tree.root()).unwrap_err();
        assert_eq!(finding.reason, Reason::ManifestState, "{text}");
        assert!(finding.detail.starts_with(PATH), "{finding}");
        assert!(settle(tree.root()).is_err());
        assert!(expect(tree.root(), Some(&version(7)), None, "").is_err());
    }
    tree.write(PATH, good);
    tree.mode(PATH, 0o666);
    assert_eq!(Booted::read(tree.root()).unwrap_err().reason, Reason::ManifestState);
}

/// Killed before any step, and with half of a draft on the disk, the file has the old state or the new one, and the next write
/// is not hindered.
#[test]
fn a_crash_leaves_the_old_state_or_the_new_one() {
    let highest = |number| State { highest: [("acme-boot".to_owned(), number)].into(), ..State::default() };
    let (old, new, newest) = (highest(7), highest(8), highest(9));
    for (killed, wanted) in
        [(Step::Write, &old), (Step::SyncDraft, &old), (Step::Rename, &old), (Step::SyncFolder, &new)]
    {
        for half in [false, true] {
            let tree = Tree::new();
            tree.directory(STATE);
            old.write(tree.root()).unwrap();
            let kill = &mut |step| if step == killed { Err(io::Error::other("killed")) } else { Ok(()) };
            assert!(new.write_in_steps(tree.root(), kill).is_err());
            let draft = draft_of(&tree.root().path(PATH));
            if half && draft.exists() {
                let length = fs::metadata(&draft).unwrap().len();
                File::options().write(true).open(&draft).unwrap().set_len(length / 2).unwrap();
            }
            assert_eq!(State::read(tree.root()).unwrap(), *wanted, "{killed:?}");
            newest.write(tree.root()).unwrap();
            assert_eq!(State::read(tree.root()).unwrap(), newest);
            assert!(!draft.exists());
        }
    }
}
