//! `skexec explain`, the tables of `skexec help`, and the usage that an error of usage shows.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use skexec::reason::{Caution, Reason};
use support::{Lab, Run};

fn done(out: &str) -> Run {
    Run { exit: 0, out: out.into(), err: String::new() }
}

fn misused(what: &str, usage: &str) -> Run {
    let err = format!("error: {what}\n\nUsage: {usage}\n\nFor more information, try '--help'.\n");
    Run { exit: 2, out: String::new(), err }
}

#[test]
fn a_reason_a_warning_and_a_reason_without_a_cause() {
    let lab = Lab::new();
    let wanted = "\
busy (reason): another load or unload is in progress
  exit     5 (the system does not permit it)
  do       wait until it has finished, then try again
  kernel   kexec_file_load, kexec_load, reboot answers Device or resource busy (EBUSY): one lock covers both images: a load, an \
unload or a jump holds it, and so does a change of the crash kernel's memory
  page     /usr/share/doc/skexec/docs/reasons.md
";
    assert_eq!(lab.run("explain busy"), done(wanted));
    let wanted = "\
no-effect (warning): an option has no effect here
  do       remove the option, or use --method segments
  page     /usr/share/doc/skexec/docs/warnings.md
";
    assert_eq!(lab.run("explain no-effect"), done(wanted));
    let wanted = "\
kernel-lacks-algorithm (reason): the running kernel verifies signatures but lacks an algorithm that this signature uses
  exit     5 (the system does not permit it)
  do       run a newer kernel, or use an image that is signed with algorithms that /proc/crypto lists
";
    let run = lab.run("explain kernel-lacks-algorithm");
    assert!(run.exit == 0 && run.out.starts_with(wanted) && run.out.contains("(ENOPKG)"), "{run:?}");
}

#[test]
fn every_slug_is_explained() {
    let lab = Lab::new();
    let warnings = Caution::ALL.iter().map(|caution| (caution.slug(), caution.means()));
    for (slug, means) in Reason::ALL.iter().map(|reason| (reason.slug(), reason.means())).chain(warnings) {
        let run = lab.run(&format!("explain {slug}"));
        assert!(run.exit == 0 && run.out.contains(means) && run.out.contains("\n  do       "), "{run:?}");
    }
}

#[test]
fn an_unknown_slug_is_an_error_of_usage() {
    let lab = Lab::new();
    let usage = "skexec explain [OPTIONS] <SLUG>";
    let lists = "skexec help reasons and skexec help warnings list them";
    let what = |slug: &str, similar: &str| format!("no reason or warning has the slug '{slug}'{similar}; {lists}");
    assert_eq!(lab.run("explain lokdown"), misused(&what("lokdown", "; similar ones: lockdown"), usage));
    assert_eq!(lab.run("explain xyzzyxyzzy --json"), misused(&what("xyzzyxyzzy", ""), usage));
}

#[test]
fn the_tables_have_every_row() {
    let lab = Lab::new();
    let reasons = lab.run("help reasons");
    assert_eq!((reasons.exit, reasons.out.lines().count()), (0, Reason::ALL.len() + 1));
    let head: Vec<_> = reasons.out.lines().take(2).collect();
    let wanted =
        ["slug                    exit  what it means", "unreadable              1     the file cannot be read"];
    assert_eq!(head, wanted);
    let warnings = lab.run("help warnings");
    assert_eq!((warnings.exit, warnings.out.lines().count()), (0, Caution::ALL.len() + 1));
    let head: Vec<_> = warnings.out.lines().take(2).collect();
    let wanted = [
        "slug                    what it means",
        "revocation-incomplete   a revocation list could only be read in part",
    ];
    assert_eq!(head, wanted);
    let rows = lab.run("help warnings --json").json();
    assert_eq!(rows.as_array().map(Vec::len), Some(Caution::ALL.len()));
}

#[test]
fn help_knows_the_commands() {
    let lab = Lab::new();
    assert_eq!(lab.run("help").out, lab.run("--help").out);
    assert_eq!(lab.run("help unload").out, lab.run("unload --help").out);
    let what = "there is no command 'nonsense'; the tables are: reasons, warnings";
    assert_eq!(lab.run("help nonsense"), misused(what, "skexec help [OPTIONS] [TOPIC]"));
}

#[test]
fn an_error_shows_the_usage_of_its_command() {
    let lab = Lab::new();
    let what = "--signature belongs to one FILE, and several were given";
    let usage = "skexec verify [OPTIONS] <FILE>...";
    assert_eq!(lab.run("verify a b --signature c"), misused(what, usage));
    let run = lab.run("load a --no-initrd --no-cmdline --credential a=b --credential a=c");
    assert!(run.exit == 2 && run.err.contains("Usage: skexec load KERNEL "), "{run:?}");
    let run = lab.run("--quiet kexec");
    assert!(run.exit == 2 && run.err.contains("Usage: skexec kexec "), "{run:?}");
}
