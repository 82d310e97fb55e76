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
fn names_steer_no_terminal() {
    let place = Place::new(&[]);
    // With its feature `color`, clap removes a control sequence from its messages; without, it is shown as text.
    let clap = place.run("keys {}/k --days \u{1b}[2J");
    let own = place.run("detached --key k --cert c {}/a\u{202e}b\u{1b}[2J");
    assert!(own.err.contains("\\u{1b}[2J"), "{own:?}");
    for run in [clap, own] {
        assert!(run.exit != 0 && !run.err.contains(['\u{1b}', '\u{202e}']), "{run:?}");
    }
}

#[test]
fn examples_are_understood() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/signing.md")).unwrap();
    let lines: Vec<_> = page.lines().filter(|line| line.starts_with("skexec-sign ")).collect();
    for line in &lines {
        // What is quoted is one word; only its blanks matter.
        let quoted = line.split('"').enumerate();
        let plain: String =
            quoted.map(|(index, text)| if index % 2 == 1 { text.replace(' ', "_") } else { text.to_owned() }).collect();
        let read = skexec_sign::command().try_get_matches_from(plain.split(' '));
        assert!(read.is_ok(), "{line}: {}", read.unwrap_err());
    }
    assert!(lines.len() > 4, "only {} examples were found", lines.len());
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

#[test]
fn help_that_cannot_be_written_is_exit_1() {
    for line in ["--help", "--version", "keys --help"] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_skexec-sign"));
        let output = command.args(line.split(' ')).stdout(full).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        let wanted = "skexec-sign: cannot write to standard output: No space left on device (os error 28)\n";
        assert_eq!((output.status.code(), err.as_str()), (Some(1), wanted), "{line}");
    }
}

#[test]
fn an_error_names_the_file_that_was_asked_for() {
    let place = Place::new(&["p256"]);
    place.write("file", b"a file");
    let run = place.run("detached --key {}/p256.key --cert {}/p256.pem {}/file -o {}/none/x");
    let wanted = "skexec-sign: cannot write {}/none/x: No such file or directory (os error 2)\n";
    assert_eq!((run.exit, run.err.as_str()), (1, wanted));
}
