//! The command line of kexec-tools on a machine made of files: exact output, exit codes and system calls.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod answers;
mod boots;
mod loads;
#[path = "../segments/machine.rs"]
#[allow(dead_code, reason = "the tests of segments need more of it")]
mod machine;
mod refusals;
mod segments;
#[path = "../support/mod.rs"]
mod support;

use support::{Lab, Run};

/// A machine that trusts the test root as its own certificate authority.
fn lab() -> Lab {
    trusting(Lab::new())
}

fn trusting(lab: Lab) -> Lab {
    lab.system("/etc/skexec/trust.d/root.pem", &forge::root_pem());
    lab.file("initrd", b"070701 an initrd");
    lab
}

/// A run that prints nothing.
fn silent(exit: u8) -> Run {
    said(exit, "")
}

/// A run that prints this on standard error.
fn said(exit: u8, err: &str) -> Run {
    Run { exit, out: String::new(), err: err.to_owned() }
}

/// A run that prints this on standard output.
fn answer(out: &str) -> Run {
    Run { exit: 0, out: out.to_owned(), err: String::new() }
}
