//! Compares skexec's verdict and its prediction for every forged file, valid or invalid, with the recorded answers of real kernels.
//! `cargo xtask oracle` checks that the kernels still give these answers.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use forge::cases::{Case, Expect};
use forge::verdicts::{Answer, REFERENCE, Verdicts, recorded};
use skexec::authorize::{Candidate, Reading, Role, verify};
use skexec::gather::{TrustRequest, gather};
use skexec::prediction::Prediction;
use skexec::sources::policy::Policy;
use skexec::trust::{Signature, Trust};
use support::Lab;

/// What a machine with the forge's firmware trusts.
fn firmware(lab: &Lab) -> Trust {
    lab.forge_firmware();
    let request = TrustRequest { system: true, ..TrustRequest::default() };
    gather(lab.root(), &Policy::default(), &request).unwrap().trust
}

/// The slug of the first reason (`None` if skexec trusts the file), and the prediction.
fn judge(lab: &Lab, case: &Case, trust: &Trust) -> (Option<&'static str>, Prediction) {
    let candidate = match Candidate::read(&lab.file("case", &case.image), Reading::to_judge(trust)) {
        Ok(candidate) => candidate,
        Err(finding) => return (Some(finding.reason.slug()), Prediction::default()),
    };
    let assessment = verify(candidate, Role::Kernel, Signature::Embedded, trust);
    let refusal = assessment.judgement.outcome.err().map(|refused| refused.refusal);
    (refusal.map(|refusal| refusal.first().reason.slug()), assessment.prediction.unwrap())
}

fn wanted(case: &Case) -> Option<&'static str> {
    match case.skexec {
        Expect::Accept | Expect::AcceptWarn => None,
        Expect::Reject(slug) => Some(slug),
    }
}

fn report(faults: &[String]) {
    assert!(faults.is_empty(), "{}:\n{}", faults.len(), faults.join("\n"));
}

/// The reference kernel's answer to this file.
fn answer(case: &Case, verdicts: &Verdicts) -> Answer {
    let verdict = verdicts.of.get(&case.name).unwrap_or_else(|| panic!("{} is not recorded", case.name));
    verdict.answers[REFERENCE]
}

#[test]
fn the_record_is_of_these_files() {
    let (cases, verdicts) = (forge::cases(), recorded());
    assert!(cases.len() >= 200, "only {} cases", cases.len());
    let names: Vec<_> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names, verdicts.of.keys().collect::<Vec<_>>(), "cargo xtask oracle --hazards --record");
    let changed: Vec<_> =
        cases.iter().filter(|case| case.sha256() != verdicts.of[&case.name].sha256).map(|case| &case.name).collect();
    assert!(changed.is_empty(), "not the files that were judged: {changed:?}; cargo xtask oracle --hazards --record");
}

/// The forge states for each case the reference kernel's errno. It must agree with the recorded answer.
#[test]
fn the_forge_says_what_was_recorded() {
    let verdicts = recorded();
    let mut faults = vec![];
    for case in forge::cases() {
        let verdict = &verdicts.of[&case.name];
        let right = match answer(&case, &verdicts) {
            Answer::Errno(errno) => case.kernel == Some(errno),
            Answer::Crash => case.hazard,
        };
        if !right || (verdict.crash() && !case.hazard) {
            faults.push(format!("{}: {:?}, recorded {verdict:?}", case.name, case.kernel));
        }
    }
    report(&faults);
}

#[test]
fn every_verdict_is_right_and_named() {
    let (lab, verdicts) = (Lab::new(), recorded());
    let trust = firmware(&lab);
    let mut faults = vec![];
    for case in forge::cases() {
        let (said, _) = judge(&lab, &case, &trust);
        let kernel = answer(&case, &verdicts);
        let loads = kernel == Answer::Errno(0);
        // The kernel accepts every file that skexec trusts. If only the kernel accepts a file, the case states it.
        if said != wanted(&case) || (said.is_none() && !loads) || case.stricter != (said.is_some() && loads) {
            faults.push(format!("{}: said {said:?}, wanted {:?}; the kernel {kernel:?}", case.name, wanted(&case)));
        }
    }
    report(&faults);
}

#[test]
fn every_answer_is_predicted() {
    let (lab, verdicts) = (Lab::new(), recorded());
    let trust = firmware(&lab);
    let mut faults = vec![];
    for case in forge::cases() {
        let (_, predicted) = judge(&lab, &case, &trust);
        let foretold = match answer(&case, &verdicts) {
            Answer::Errno(errno) => predicted.errno == Some(errno),
            // If a kernel may survive the file, its errno is known, too.
            Answer::Crash => predicted.hazard.is_some() && predicted.errno == case.kernel,
        };
        if !foretold
            || case.hazard != predicted.hazard.is_some()
            || predicted.name().is_some() != predicted.errno.is_some()
        {
            faults.push(format!("{}: {predicted:?}, recorded {:?}", case.name, verdicts.of[&case.name]));
        }
    }
    report(&faults);
}

/// `verify` and `load` give the same answer to a file. On another processor, `load` makes no judgement.
#[cfg(target_arch = "x86_64")]
#[test]
fn verify_and_load_agree_on_every_file() {
    let lab = Lab::new();
    firmware(&lab);
    let mut faults = vec![];
    for case in forge::cases() {
        lab.file("case", &case.image);
        let verified = lab.run("verify {}/case --json");
        let loaded = lab.run("load {}/case --no-initrd --no-cmdline --dry-run --json");
        let (one, other) = (&verified.json()[0], &loaded.json());
        if (verified.exit, &one["reason"], &one["reasons"]) != (loaded.exit, &other["reason"], &other["reasons"]) {
            faults.push(format!("{}: {} {} and {} {}", case.name, verified.exit, one, loaded.exit, other));
        }
    }
    assert!(lab.kernel.calls.borrow().is_empty());
    report(&faults);
}
