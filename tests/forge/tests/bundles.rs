//! Rules for all bundles together. skexec's tests check the verdict of each of them.

use std::collections::{BTreeMap, BTreeSet};

use forge::bundles::{Bundle, Firmware, bundles};

fn forged(prefix: &str) -> usize {
    bundles().iter().filter(|bundle| bundle.name.starts_with(prefix) && bundle.load.is_some()).count()
}

#[test]
fn every_family_has_forged_ones_and_controls() {
    for (prefix, at_least) in [("uki-", 60), ("profile-", 15), ("addon-", 15), ("manifest-", 30), ("options-", 5)] {
        assert!(forged(prefix) >= at_least, "{prefix}: {}", forged(prefix));
        assert!(bundles().iter().any(|one| one.name.starts_with(prefix) && one.passed.is_some()), "{prefix}");
    }
}

#[test]
fn names_are_unique_and_fit_a_file_system() {
    let mut seen = BTreeSet::new();
    for bundle in bundles() {
        let plain = bundle.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        assert!(plain && bundle.name.len() < 60, "{}", bundle.name);
        assert!(!bundle.about.is_empty() && !bundle.image().is_empty(), "{}", bundle.name);
        assert!(seen.insert(bundle.name.clone()), "{} twice", bundle.name);
    }
}

/// Equal files with equal options would be the same test twice.
#[test]
fn no_two_are_the_same() {
    let mut seen = BTreeMap::new();
    for Bundle { name, files, options, policy, .. } in bundles() {
        if let Some(other) = seen.insert((files, options, policy), name) {
            panic!("{name} and {other} are one");
        }
    }
}

/// What the firmware refuses, skexec refuses; and a control is trusted by both commands.
#[test]
fn the_verdicts_fit_together() {
    for bundle in bundles() {
        let Bundle { name, load, verify, firmware, passed, .. } = bundle;
        assert!(*firmware != Firmware::Refuses || load.is_some(), "{name}");
        assert!(verify.is_none() || verify == load, "{name}");
        assert_eq!(passed.is_some(), load.is_none(), "{name}");
        assert_eq!(name.contains("-good"), load.is_none(), "{name}");
    }
}
