//! Boots that are signed as a whole: UKIs, profiles, add-ons and manifests, valid and forged, through `verify` and `load`.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use forge::bundles::{Bundle, Passed, Refusal, bundles};
use support::{Call, Lab, Run};

/// A machine that trusts the forge, with the files of this boot in the user's folder.
fn lab(bundle: &Bundle) -> Lab {
    let lab = Lab::new();
    lab.forge_firmware();
    for (name, bytes) in &bundle.files {
        lab.file(name, bytes);
    }
    if !bundle.policy.is_empty() {
        lab.system("/etc/skexec/policy.toml", bundle.policy);
    }
    lab
}

fn load(lab: &Lab, bundle: &Bundle, more: &[&str]) -> Run {
    let boot = format!("{{}}/{}", bundle.boot);
    let words = ["load", &boot, "--json"].into_iter();
    lab.run_words(words.chain(more.iter().copied()).chain(bundle.options.iter().copied()))
}

/// The exit code and the first reason.
fn said(run: &Run, report: Option<&serde_json::Value>) -> (u8, String) {
    let reason = report.map_or(&serde_json::Value::Null, |report| &report["reason"]);
    (run.exit, reason.as_str().unwrap_or("-").to_owned())
}

fn wanted(refusal: Refusal) -> (u8, String) {
    let (exit, slug) = refusal.unwrap_or((0, "-"));
    (exit, slug.to_owned())
}

fn judge(bundle: &Bundle, faults: &mut Vec<String>) {
    let lab = lab(bundle);
    let run = load(&lab, bundle, &["--dry-run"]);
    let report = serde_json::from_str(&run.out).ok();
    let mut check = |command, said: (u8, String), refusal, run: &Run| {
        if said != wanted(refusal) {
            faults.push(format!(
                "{} ({}): {command} said {said:?}, wanted {refusal:?}: {}",
                bundle.name, bundle.about, run.err
            ));
        }
    };
    check("load", said(&run, report.as_ref()), bundle.load, &run);
    let run = lab.run(&format!("verify --json {{}}/{}", bundle.verified));
    let report: Option<serde_json::Value> = serde_json::from_str(&run.out).ok();
    check("verify", said(&run, report.as_ref().map(|all| &all[0])), bundle.verify, &run);
    // Versions belong to the machine: only `load` looks at them.
    if bundle.options.is_empty() && bundle.load != Some((3, "manifest-rollback")) {
        let run = lab.run(&format!("verify --json {{}}/{}", bundle.boot));
        let report: Option<serde_json::Value> = serde_json::from_str(&run.out).ok();
        check("verify of what is booted", said(&run, report.as_ref().map(|all| &all[0])), bundle.load, &run);
    }
    if !lab.kernel.calls.borrow().is_empty() {
        faults.push(format!("{}: a call to the kernel", bundle.name));
    }
}

#[test]
fn every_forged_boot_is_refused_by_its_own_reason() {
    let mut faults = vec![];
    for bundle in bundles() {
        judge(bundle, &mut faults);
    }
    assert!(faults.is_empty(), "{}:\n{}", faults.len(), faults.join("\n"));
}

/// Whether the parts are in the initrd, one behind the other.
fn holds(initrd: &[u8], parts: &[Vec<u8>]) -> bool {
    let mut rest = initrd;
    parts.iter().all(|part| {
        let found = rest.windows(part.len()).position(|window| window == part);
        rest = found.map_or(&[], |at| &rest[at + part.len()..]);
        found.is_some()
    })
}

#[test]
fn a_trusted_boot_is_passed_on_as_it_was_signed() {
    for bundle in bundles() {
        let Some(Passed { kernel: wanted, cmdline: line, initrd: parts }) = &bundle.passed else { continue };
        let lab = lab(bundle);
        let run = load(&lab, bundle, &[]);
        assert_eq!(run.exit, 0, "{}: {run:?}", bundle.name);
        let calls = lab.kernel.calls.borrow();
        let [Call::Load { kernel, initrd: Some(initrd), cmdline, .. }] = calls.as_slice() else {
            panic!("{}: {calls:?}", bundle.name)
        };
        assert!(kernel == wanted, "{}: another kernel", bundle.name);
        assert_eq!(cmdline, line, "{}", bundle.name);
        assert!(holds(initrd, parts), "{}: {}", bundle.name, String::from_utf8_lossy(initrd));
    }
}

/// Nothing is trusted without the signer's certificate, whatever else is right.
#[test]
fn no_boot_is_trusted_by_a_machine_that_trusts_nobody() {
    for bundle in bundles().iter().filter(|bundle| bundle.passed.is_some()) {
        let lab = lab(bundle);
        let run = load(&lab, bundle, &["--no-system-trust", "--dry-run"]);
        assert_eq!((run.exit, run.json()["reason"].as_str()), (3, Some("unknown-signer")), "{}", bundle.name);
    }
}
