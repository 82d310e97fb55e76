//! Rules for all cases together. skexec's tests and the kernel in the VM check the verdict of each case.

use std::collections::{BTreeMap, BTreeSet};

use forge::{Expect, cases, db, dbx, sbat};

#[test]
fn names_are_unique_and_fit_a_file_system() {
    let mut seen = BTreeSet::new();
    for case in cases() {
        let plain = case.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        assert!(plain && case.name.len() < 60, "{}", case.name);
        assert!(!case.about.is_empty(), "{} says nothing about itself", case.name);
        assert!(seen.insert(case.name.clone()), "{} twice", case.name);
    }
    assert!(seen.len() >= 200, "only {} cases", seen.len());
}

#[test]
fn two_runs_give_equal_bytes() {
    let (one, two) = (cases(), cases());
    for (a, b) in one.iter().zip(&two) {
        assert_eq!((&a.name, &a.image), (&b.name, &b.image));
    }
    assert_eq!((forge::db_esl(), forge::dbx_esl()), (forge::db_esl(), forge::dbx_esl()));
}

/// Equal files with different names would be the same test twice.
#[test]
fn no_two_cases_are_the_same_file() {
    let mut seen = BTreeMap::new();
    for case in cases() {
        if let Some(other) = seen.insert(case.image, case.name.clone()) {
            panic!("{} and {other} are one file", case.name);
        }
    }
}

#[test]
fn the_verdicts_fit_together() {
    for case in cases() {
        let accepted = !matches!(case.skexec, Expect::Reject(_));
        // The invariant: the kernel accepts every file that skexec trusts.
        assert!(!accepted || case.kernel == Some(0), "{}: {:?}", case.name, case.kernel);
        assert_eq!(case.stricter, !accepted && case.kernel == Some(0), "{}: stricter", case.name);
        assert!(case.kernel.is_some() || case.hazard, "{}: unknown and no hazard", case.name);
    }
}

/// All 140 `A` cases are there; skexec is stricter than the kernel on 28 of them.
#[test]
fn the_appendix_is_complete() {
    let all = cases();
    let appendix: Vec<_> = all.iter().filter(|case| case.name.starts_with('A')).collect();
    for (i, case) in appendix.iter().enumerate() {
        assert!(case.name.starts_with(&format!("A{i:03}_")), "{} is not number {i}", case.name);
        assert!(case.kernel.is_some(), "{}", case.name);
    }
    assert_eq!(appendix.len(), 140);
    assert_eq!(appendix.iter().filter(|case| case.stricter).count(), 28);
}

#[test]
fn every_need_can_be_met() {
    let (anchors, revocations) = (db(), dbx());
    for case in cases() {
        for need in &case.needs.db {
            assert!(anchors.iter().any(|cert| cert.name == *need), "{}: {need} is not in db", case.name);
        }
        for need in &case.needs.dbx {
            assert!(revocations.iter().any(|entry| entry.name == *need), "{}: {need} is not in dbx", case.name);
        }
    }
    assert!(sbat::LEVEL.starts_with("sbat,1,"));
}

/// The kernel allocates every page of a segment and OVMF's variables are small.
#[test]
fn everything_is_small() {
    for case in cases() {
        assert!(case.image.len() < 128 * 1024, "{} has {} bytes", case.name, case.image.len());
    }
    assert!(forge::db_esl().len() < 16 * 1024 && forge::dbx_esl().len() < 16 * 1024);
}
