//! The prediction against what real kernels answered, and against what was read in their source.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use forge::{Case, cases, db, dbx_esl};
use skexec::trust::cert::Certificate;
use skexec::trust::kernel::{Hazard, Prediction, predict};
use skexec::trust::revocation::Revocations;
use skexec::trust::{Anchor, Trust};

/// The machine on which all cases were judged.
fn machine() -> Trust {
    let anchors = db()
        .into_iter()
        .filter_map(|entry| {
            let certificate = Certificate::parse(&entry.der).ok()?;
            Some(Anchor { certificate, source: entry.name.into() })
        })
        .collect();
    let revocations = Revocations::from_lists(&dbx_esl(), "dbx").unwrap();
    Trust { anchors, revocations, ..Trust::default() }
}

/// The cases for which `wanted` knows an errno, and is not the one predicted.
fn differences(wanted: impl Fn(&Case) -> Option<i32>) -> (usize, Vec<String>) {
    let trust = machine();
    let mut count = 0;
    let mut differences = Vec::new();
    for case in cases() {
        let Some(errno) = wanted(&case) else { continue };
        count += 1;
        let found = predict(&case.image, &trust);
        if found != (Prediction { errno: Some(errno), hazard: None }) {
            differences.push(format!("{}: wanted {errno}, predicted {found:?}: {}", case.name, case.about));
        }
    }
    (count, differences)
}

#[test]
fn every_judged_case_is_predicted() {
    let (count, differences) = differences(|case| case.kernel);
    assert_eq!(count, 140);
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn two_readings_of_the_source_agree() {
    let (count, differences) = differences(|case| case.reading);
    assert!(count > 100, "{count}");
    assert!(differences.is_empty(), "{} of {count} differ:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn what_crashes_kernels_is_a_hazard() {
    let trust = machine();
    for case in cases() {
        let found = predict(&case.image, &trust);
        assert_eq!(found.hazard, case.hazard.then_some(Hazard::Oops), "{}: {}", case.name, case.about);
        assert_eq!(found.errno.is_none(), case.hazard, "{}", case.name);
        assert_eq!(found.name().is_none(), case.hazard, "{}", case.name);
    }
}
