//! Options beside a UKI, which brings its initrd and its command line.

use crate::support::refusal;
use crate::{CMDLINE, INITRD, LOAD, Lab, joined, loaded, plain, with};
use forge::uki::Uki;

/// A UKI without an initrd and a command line.
fn bare() -> Uki {
    Uki { initrd: None, cmdline: None, ..plain() }
}

fn lab(uki: &Uki) -> Lab {
    let lab = Lab::new();
    lab.file("a.efi", &uki.signed(&forge::pki::signer()));
    lab.file("initrd", b"070701 another");
    lab
}

#[test]
fn signed_parts_are_fixed() {
    let lab = lab(&plain());
    let cmdline = "skexec: {}/a.efi: the command line is signed, and the policy does not allow to change it: OPTION was given \
                   (cmdline-signed)\n  do: leave out the options for the command line, or allow changes: signed-cmdline = \"append\" \
                   or \"replace\" in /etc/skexec/policy.toml\n";
    let initrd = "skexec: {}/a.efi: the file brings its own initrd, which options must not change: OPTION was given (initrd-signed)\n  \
                  do: leave out --initrd and --no-initrd; the policy can allow --initrd: signed-initrd = \"append\" in \
                  /etc/skexec/policy.toml\n";
    let rows = [
        ("--cmdline", " quiet", cmdline),
        ("--no-cmdline", "", cmdline),
        ("--reuse-cmdline", "", cmdline),
        ("--append", " quiet", cmdline),
        ("--initrd", " {}/initrd", initrd),
        ("--no-initrd", "", initrd),
    ];
    for (option, value, wanted) in rows {
        let run = lab.run(&format!("{LOAD} {option}{value}"));
        let given = if option == "--cmdline" { "another one" } else { option };
        assert_eq!(run, refusal(3, &wanted.replace("OPTION", given)), "{option}");
    }
    assert!(lab.kernel.calls.borrow().is_empty());
}

#[test]
fn the_policy_can_allow_changes() {
    let lab = lab(&plain());
    lab.system("/etc/skexec/policy.toml", "signed-cmdline = \"append\"\nsigned-initrd = \"append\"\n");
    let run = lab.run(&format!("{LOAD} --append quiet --initrd {{}}/initrd --json"));
    assert_eq!(run.json()["covers"], serde_json::json!(["kernel"]), "{run:?}");
    assert_eq!(loaded(&lab).1, joined(&[INITRD, b"070701 another"]));
    let run = lab.run(&format!("{LOAD} --cmdline quiet"));
    assert!(run.exit == 3 && run.err.contains("another one was given (cmdline-signed)"), "{run:?}");
    let run = lab.run(&format!("{LOAD} --no-initrd"));
    assert!(run.exit == 3 && run.err.contains("--no-initrd was given (initrd-signed)"), "{run:?}");
    lab.system("/etc/skexec/policy.toml", "signed-cmdline = \"replace\"\n");
    let run = lab.run(&format!("{LOAD} --cmdline quiet --append more --json"));
    assert_eq!(run.json()["covers"], serde_json::json!(["kernel", "initrd"]), "{run:?}");
    assert_eq!(loaded(&lab).2, "quiet more");
}

#[test]
fn what_it_does_not_bring_must_be_named() {
    let lab = lab(&bare());
    let initrd = "  do: give --initrd FILE, or --no-initrd to boot without one\n";
    let cmdline = "  do: give --cmdline STR, --reuse-cmdline or --no-cmdline\n";
    let no_initrd =
        "skexec: {}/a.efi: no initrd was named, and the file brings none: the UKI has no .initrd (initrd-unsaid)\n";
    let no_cmdline = "skexec: {}/a.efi: no command line was named, and the file brings none: the UKI has no .cmdline (cmdline-unsaid)\n";
    assert_eq!(lab.run(LOAD), refusal(2, &format!("{no_initrd}{initrd}")));
    assert_eq!(lab.run(&format!("{LOAD} --no-initrd")), refusal(2, &format!("{no_cmdline}{cmdline}")));
    let run = lab.run(&format!("{LOAD} --initrd {{}}/initrd --reuse-cmdline --json"));
    assert_eq!(run.json()["covers"], serde_json::json!(["kernel"]), "{run:?}");
    assert_eq!(loaded(&lab), (forge::unsigned_bzimage(), b"070701 another".to_vec(), "root=/dev/vda1 quiet".into()));
    // A plain kernel brings neither.
    let run = lab.run("load {}/vmlinuz --keys {}/root.pem");
    let wanted = "skexec: {}/vmlinuz: no initrd was named, and the file brings none (initrd-unsaid)\n";
    assert_eq!(run, refusal(2, &format!("{wanted}{initrd}")));
    let run = lab.run("load {}/vmlinuz --keys {}/root.pem --no-initrd");
    let wanted = "skexec: {}/vmlinuz: no command line was named, and the file brings none (cmdline-unsaid)\n";
    assert_eq!(run, refusal(2, &format!("{wanted}{cmdline}")));
    // The status of a kernel is asked without both.
    assert_eq!(lab.run("status {}/a.efi --keys {}/root.pem").exit, 0);
}

#[test]
fn what_is_not_verified_covers_nothing() {
    let lab = Lab::new();
    lab.file("a.efi", &plain().unsigned());
    let run = lab.run(&format!("{LOAD} --json"));
    assert_eq!((run.exit, run.json()["reason"].as_str()), (3, Some("unsigned")));
    let run = lab.run(&format!("{LOAD} --insecure-unsigned --append quiet --json"));
    let json = run.json();
    assert_eq!(
        (run.exit, &json["covers"], json["plan"]["basis"].as_str()),
        (0, &serde_json::json!([]), Some("waived"))
    );
    assert_eq!(loaded(&lab).2, format!("{CMDLINE} quiet"));
    let run = lab.run(&format!("{LOAD} --insecure-unsigned --require-signed-initrd"));
    assert!(run.exit == 3 && run.err.contains("no signature covers {}/a.efi (.initrd) (initrd-unsigned)"), "{run:?}");
    // A detached signature covers the file with all its parts.
    lab.file("a.p7s", &forge::detached(&plain().unsigned(), &forge::pki::signer()));
    let json = lab.run(&format!("{LOAD} --signature {{}}/a.p7s --json")).json();
    assert_eq!(json["covers"], serde_json::json!(["kernel", "initrd", "cmdline"]));
    assert_eq!(json["plan"]["basis"], "detached");
    let added = "--inject /a={}/a.p7s --json";
    let run = lab.run(&format!("{LOAD} --signature {{}}/a.p7s {added}"));
    assert_eq!((run.exit, run.json()["reason"].as_str()), (3, Some("injection-forbidden")));
}

#[test]
fn the_completions_offer_the_profiles_of_the_image_on_the_line() {
    let lab = Lab::new();
    let profile = |text: &'static [u8]| (b".profile".as_slice(), text);
    lab.file("plain.efi", &with(&plain(), []));
    lab.file("a.efi", &with(&plain(), [profile(b"ID=main\n"), profile(b"TITLE=no ID\n"), profile(b"ID=b\n")]));
    let offered = |line: &str| {
        let run = lab.run(line);
        assert!(run.exit == 0 && run.err.is_empty(), "{run:?}");
        run.out
    };
    assert_eq!(
        offered("complete profiles -- load --method file {}/vmlinuz {}/none {}/a.efi --profile"),
        "main\n1\nb\n"
    );
    assert_eq!(offered("complete profiles -- load {}/plain.efi --profile"), "");
    assert_eq!(offered("complete profiles"), "");
}
