//! A processor for which skexec cannot load kernels: `verify` and `inspect` work, `load` reports what is missing.
#![cfg(not(target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use support::{LOAD, Lab};

#[test]
fn verify_and_inspect_work() {
    let lab = Lab::new();
    let run = lab.run("verify {}/vmlinuz --keys {}/root.pem");
    assert_eq!(run.exit, 0, "{run:?}");
    assert_eq!(lab.run("inspect {}/vmlinuz").exit, 0);
}

#[test]
fn load_says_what_is_missing_and_makes_no_call() {
    for method in ["", " --method file", " --method segments", " --dry-run"] {
        let lab = Lab::new();
        let run = lab.run(&format!("{LOAD} --json{method}"));
        assert_eq!((run.exit, run.json()["reason"].as_str()), (4, Some("unsupported-processor")), "{method}: {run:?}");
        assert!(run.json()["message"].as_str().unwrap().contains("for x86-64 only"), "{run:?}");
        assert!(lab.kernel.calls.borrow().is_empty());
    }
}
