//! Wrong command lines, and help.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use support::Place;

#[test]
fn a_wrong_command_line_is_exit_2() {
    let place = Place::new(&[]);
    let long = format!("keys {{}}/k --no-passphrase --name {}", "x".repeat(60));
    for args in [
        "",
        "sign",
        "image {}/file",
        "image --key k {}/file",
        "image --key k --cert c --digest sha1 {}/file",
        "keys {}/k --days 0",
        "keys {}/k --algorithm rsa1024",
        "keys {}/k --no-passphrase --passphrase-file p",
        &long,
    ] {
        let run = place.run(args);
        assert_eq!((run.exit, run.out.as_str()), (2, ""), "{args}");
        assert!(!run.err.is_empty(), "{args}");
    }
    assert_eq!(place.names(), ["root.pem"]);
}

#[test]
fn every_help_has_examples() {
    let place = Place::new(&[]);
    for command in ["image", "uki", "manifest", "detached", "keys"] {
        let help = place.sign(&format!("{command} --help"));
        assert!(help.contains("Examples:\n") && help.contains(&format!("skexec-sign {command} ")), "{help}");
    }
    assert!(place.sign("--help").contains("Exit codes:\n"));
}
