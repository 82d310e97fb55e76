//! Waivers of a missing signature.

use super::support::Lab;

#[test]
fn a_waiver_is_said_everywhere() {
    let lab = Lab::new();
    lab.file("unsigned", &forge::unsigned_bzimage());
    let run = lab.run("load {}/unsigned --no-initrd --no-cmdline --insecure-unsigned");
    assert_eq!(run.out, "{}/unsigned: loaded by kexec_file_load, NOT VERIFIED\n");
    assert_eq!(
        run.err,
        "skexec: warning: the kernel was not verified, because this was waived: unsigned (insecure-unsigned)\n"
    );
    let json = lab.run("load {}/unsigned --no-initrd --no-cmdline --insecure-unsigned --json").json();
    // The file is still unsigned, so the verdict does not change.
    assert_eq!((json["verdict"].as_str(), json["covers"].as_array().map(Vec::len)), (Some("refused"), Some(0)));
    assert_eq!((json["reason"].as_str(), json["loaded"].as_bool()), (Some("unsigned"), Some(true)));
    assert_eq!(json["warnings"][0], "insecure-unsigned");
    let record = skexec::record::read(lab.root(), skexec::system::Slot::Reboot).unwrap().unwrap();
    assert_eq!((record.basis.as_str(), record.signer), ("waived", None));
}

#[test]
fn the_policy_can_waive_for_everyone() {
    let lab = Lab::new();
    lab.file("unsigned", &forge::unsigned_bzimage());
    let line = "load {}/unsigned --no-initrd --no-cmdline";
    assert_eq!(lab.run(line).exit, 3);
    lab.system("/etc/skexec/policy.toml", "unsigned = \"if-not-enforced\"\n");
    let run = lab.run(line);
    assert!(run.exit == 0 && run.err.contains("(insecure-unsigned)") && run.out.contains("NOT VERIFIED"), "{run:?}");
    lab.system("/etc/skexec/policy.toml", "unsigned = \"always\"\n");
    let run = lab.run(line);
    assert!(run.exit == 1 && run.err.contains("(policy-file)"), "{run:?}");
}

#[test]
fn nothing_is_waived_where_the_kernel_enforces() {
    let lab = Lab::new();
    lab.file("unsigned", &forge::unsigned_bzimage());
    lab.system("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    let run = lab.run("load {}/unsigned --no-initrd --no-cmdline --insecure-unsigned");
    assert!(run.exit == 3 && run.err.contains("(unsigned)"), "{run:?}");
}
