//! Boots that a signed manifest binds.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod refusals;
#[path = "../support/mod.rs"]
mod support;
mod versions;

use std::fs;
use support::{Call, Lab, Run};

const INITRDS: [&[u8]; 2] = [b"070701 one...", b"070701 the second"];
const CMDLINE: &str = "root=/dev/vda2 ro";

fn bind(lab: &Lab, version: u64) {
    support::bind(lab, &forge::unsigned_bzimage(), &INITRDS, CMDLINE, version);
}

/// A machine with the signed manifest of a kernel that nobody signed.
fn lab() -> Lab {
    let lab = Lab::new();
    bind(&lab, 7);
    lab
}

const BY_MANIFEST: &str = "load --manifest {}/vmlinuz.manifest --keys {}/root.pem";
const BY_KERNEL: &str = "load {}/vmlinuz --keys {}/root.pem";
const INITRD_OPTIONS: &str = "--initrd {}/initrd.0 --initrd {}/initrd.1";

fn reason(run: &Run) -> (u8, Option<String>) {
    (run.exit, run.json()["reason"].as_str().map(Into::into))
}

#[test]
fn a_manifest_alone_says_what_to_boot() {
    for line in [BY_MANIFEST, BY_KERNEL] {
        let lab = lab();
        let run = lab.run(line);
        let signer = "signed by ";
        assert!(run.exit == 0 && run.err.is_empty(), "{run:?}");
        assert!(run.out.starts_with(&format!("{{}}/vmlinuz: loaded by kexec_file_load, {signer}")), "{run:?}");
        let calls = lab.kernel.calls.borrow();
        let [Call::Load { kernel, sealed: true, initrd: Some(initrd), cmdline, .. }] = calls.as_slice() else {
            panic!("{calls:?}")
        };
        assert_eq!((kernel, cmdline.as_str()), (&forge::unsigned_bzimage(), CMDLINE));
        assert_eq!(initrd, b"070701 one...\x00\x00\x00070701 the second");
        let record = skexec::record::read(lab.root(), skexec::system::Slot::Reboot).unwrap().unwrap();
        assert_eq!(record.basis, "manifest");
        assert_eq!(record.covers, ["kernel", "initrd", "cmdline"]);
    }
}

#[test]
fn the_json_says_what_it_binds() {
    let lab = lab();
    let run = lab.run(&format!("{BY_MANIFEST} --dry-run --json"));
    let json = run.json();
    assert_eq!((run.exit, json["verdict"].as_str()), (0, Some("trusted")), "{json:#}");
    assert_eq!(json["path"], "{}/vmlinuz");
    assert_eq!(json["covers"], serde_json::json!(["kernel", "initrd", "cmdline"]));
    assert_eq!((json["format"].as_str(), json["plan"]["basis"].as_str()), (Some("bzimage"), Some("manifest")));
    assert!(json["signer"]["subject"].as_str().unwrap().contains("signer"));
    assert_eq!(json["kernel"]["errno"], serde_json::Value::Null);
    let manifest = &json["manifest"];
    assert_eq!((manifest["name"].as_str(), manifest["version"].as_u64()), (Some("acme-boot"), Some(7)));
    assert_eq!(manifest["initrds"][1]["file"], "initrd.1");
    assert_eq!(
        manifest["vary"],
        serde_json::json!([{"parameter": "console", "patterns": ["ttyS[0-9]*"]}, {"parameter": "quiet", "patterns": [""]}])
    );
    assert!(lab.kernel.calls.borrow().is_empty());
}

/// A change of one part, after the manifest was signed.

#[test]
fn what_may_vary_is_loaded() {
    let rows = [
        ("--append console=ttyS0,115200", "root=/dev/vda2 ro console=ttyS0,115200"),
        ("--append quiet", "root=/dev/vda2 ro quiet"),
        (INITRD_OPTIONS, CMDLINE),
    ];
    for (options, wanted) in rows {
        let lab = lab();
        let run = lab.run(&format!("{BY_KERNEL} {options} --require-signed-initrd --json"));
        assert_eq!((run.exit, run.json()["plan"]["cmdline"].as_str()), (0, Some(wanted)), "{run:?}");
        assert_eq!(run.json()["covers"], serde_json::json!(["kernel", "initrd", "cmdline"]));
    }
}

/// The kernel's own signature need not be trusted, but it must not be broken or revoked; one that was named must be valid.

#[test]
fn verify_says_who_signed_a_manifest_and_what_it_binds() {
    let lab = lab();
    let run = lab.run("verify {}/vmlinuz.manifest --keys {}/root.pem");
    let lines: Vec<_> = run.out.lines().filter(|line| !line.contains("SHA-256") && !line.contains("sha256")).collect();
    assert_eq!(run.exit, 0, "{run:?}");
    let wanted = [
        "{}/vmlinuz.manifest: trusted",
        "  format   manifest",
        "  manifest acme-boot, version 7",
        "           command line root=/dev/vda2 ro",
        "           where console may vary: ttyS[0-9]*",
        "           where quiet may vary: no value",
        "  covers   kernel, initrd, cmdline",
    ];
    for line in wanted {
        assert!(lines.contains(&line), "{line}\n{}", run.out);
    }
    assert!(run.out.contains("  binds    kernel vmlinuz: "), "{}", run.out);
    lab.file("initrd.0", b"070701 another");
    let run = lab.run("verify {}/vmlinuz.manifest --keys {}/root.pem --json");
    assert_eq!((run.exit, run.json()[0]["reason"].as_str()), (3, Some("manifest-initrd")));
    fs::remove_file(lab.path("vmlinuz.manifest.p7s")).unwrap();
    let run = lab.run("verify {}/vmlinuz.manifest --keys {}/root.pem --json");
    assert_eq!((run.exit, run.json()[0]["reason"].as_str()), (3, Some("manifest-unsigned")));
    // A signed manifest is no initrd, and a signed initrd no manifest.
    bind(&lab, 7);
    lab.file("other", &forge::signed_bzimage());
    let line =
        "load {}/other --keys {}/root.pem --no-cmdline --require-signed-initrd --json --initrd {}/vmlinuz.manifest";
    assert_eq!(reason(&lab.run(line)), (4, Some("not-an-initrd".into())));
    assert_eq!(lab.run("status {}/vmlinuz --keys {}/root.pem").exit, 0);
}
