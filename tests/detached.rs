//! Detached and appended signatures.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use support::{LOAD, Lab};

/// Of an initrd, too, both commands say the same.
#[test]
fn verify_and_load_agree_on_initrds() {
    let lab = Lab::new();
    let good = b"070701 an initrd".to_vec();
    let signature = forge::detached(&good, &forge::pki::signer());
    type Row<'a> = (&'a [u8], Option<&'a [u8]>, &'a str, u8);
    let rows: [Row<'_>; 5] = [
        (&good, None, "initrd-unsigned", 3),
        (&good, Some(&signature), "null", 0),
        (b"070701 another initrd", Some(&signature), "message-digest", 3),
        // Nothing tells what it is but its signature.
        (b"x70701 an initrd", Some(&signature), "message-digest", 3),
        (&good, Some(b"no signature"), "pkcs7", 3),
    ];
    for (initrd, signature, reason, exit) in rows {
        lab.file("initrd", initrd);
        let _ = std::fs::remove_file(lab.path("initrd.p7s"));
        if let Some(signature) = signature {
            lab.file("initrd.p7s", signature);
        }
        let verified = lab.run("verify {}/initrd --keys {}/root.pem --json");
        let load = "load {}/vmlinuz --initrd {}/initrd --require-signed-initrd --no-cmdline --keys {}/root.pem --dry-run --json";
        let loaded = lab.run(load);
        let reasons = (verified.json()[0]["reason"].to_string(), loaded.json()["reason"].to_string());
        let wanted = if reason == "null" { reason.to_owned() } else { format!("\"{reason}\"") };
        assert_eq!((reasons, verified.exit, loaded.exit), ((wanted.clone(), wanted), exit, exit), "{reason}");
    }
    // A link that leads nowhere was meant to be a signature.
    let _ = std::fs::remove_file(lab.path("initrd.p7s"));
    std::os::unix::fs::symlink("/nowhere", lab.path("initrd.p7s")).unwrap();
    assert!(lab.run("verify {}/initrd --keys {}/root.pem").out.contains("(unreadable)"));
}

#[test]
fn a_signed_initrd_is_covered_and_a_wrong_signature_is_worse_than_none() {
    let lab = Lab::new();
    let initrd = b"070701 an initrd".to_vec();
    lab.file("initrd", &initrd);
    lab.file("other", b"070701 another");
    let line = "load {}/vmlinuz --keys {}/root.pem --no-cmdline --json --initrd {}/initrd";
    assert_eq!(lab.run(line).json()["covers"], serde_json::json!(["kernel"]));
    lab.file("initrd.p7s", &forge::detached(&initrd, &forge::pki::signer()));
    assert_eq!(lab.run(line).json()["covers"], serde_json::json!(["kernel", "initrd"]));
    // With one unsigned initrd among them, only the kernel is reported as covered.
    assert_eq!(lab.run(&format!("{line} --initrd {{}}/other")).json()["covers"], serde_json::json!(["kernel"]));
    let run = lab.run("verify --json --keys {}/root.pem {}/initrd");
    assert_eq!((run.exit, run.json()[0]["covers"].clone()), (0, serde_json::json!(["initrd"])));
    assert_eq!(run.json()[0]["kernel"]["errno"], serde_json::Value::Null);

    lab.kernel.calls.borrow_mut().clear();
    lab.file("initrd", b"070701 tampered with");
    let run = lab.run(line);
    assert_eq!((run.exit, run.json()["reason"].as_str().map(str::to_owned)), (3, Some("message-digest".into())));
    lab.file("initrd", &initrd);
    lab.file("initrd.p7s", b"no signature");
    assert_eq!(lab.run(line).exit, 3);
    assert!(lab.kernel.calls.borrow().is_empty());
}

#[test]
fn where_signed_initrds_are_required_every_one_must_be() {
    let lab = Lab::new();
    let initrd = b"070701 an initrd".to_vec();
    lab.file("initrd", &initrd);
    lab.file("initrd.p7s", &forge::detached(&initrd, &forge::pki::signer()));
    lab.file("other", b"070701 another");
    let mut tampered = forge::signed_bzimage();
    tampered[4096] ^= 1;
    lab.file("tampered", &tampered);
    let line = "--keys {}/root.pem --no-cmdline --require-signed-initrd";
    let rows = [
        ("vmlinuz --initrd {}/initrd", 0, None),
        ("vmlinuz --no-initrd", 0, None),
        ("vmlinuz --initrd {}/other", 3, Some("initrd-unsigned")),
        ("vmlinuz --initrd {}/initrd --initrd {}/other", 3, Some("initrd-unsigned")),
        ("tampered --initrd {}/other", 3, Some("digest-mismatch")),
    ];
    for (what, exit, reason) in rows {
        lab.kernel.calls.borrow_mut().clear();
        let run = lab.run(&format!("load {{}}/{what} {line} --json"));
        assert_eq!((run.exit, run.json()["reason"].as_str()), (exit, reason), "{what}");
        assert_eq!(lab.kernel.calls.borrow().is_empty(), exit != 0, "{what}");
    }
    let run = lab.run(&format!("load {{}}/vmlinuz --initrd {{}}/other {line}"));
    assert!(run.err.contains("{}/other: the initrd has no detached signature, and one is required: there is no {}/other.p7s (initrd-unsigned)"), "{run:?}");
}

#[test]
fn a_detached_signature_is_used_only_when_named() {
    let lab = Lab::new();
    let unsigned = forge::unsigned_bzimage();
    lab.file("unsigned", &unsigned);
    lab.file("unsigned.p7s", &forge::detached(&unsigned, &forge::pki::signer()));
    let line = "load {}/unsigned --no-initrd --no-cmdline --keys {}/root.pem";
    assert_eq!(lab.run(line).exit, 3);
    let run = lab.run(&format!("{line} --signature {{}}/unsigned.p7s"));
    assert!(run.exit == 0 && run.out.contains("signed by"), "{run:?}");
    let record = skexec::record::read(lab.root(), skexec::system::Slot::Reboot).unwrap().unwrap();
    assert_eq!(record.basis, "detached");
    // A valid embedded signature does not replace an invalid detached one that was named.
    lab.file("wrong.p7s", &forge::detached(b"another file", &forge::pki::signer()));
    let run = lab.run(&format!("{LOAD} --signature {{}}/wrong.p7s --json"));
    assert_eq!((run.exit, run.json()["reason"].as_str().map(str::to_owned)), (3, Some("message-digest".into())));
    // A kernel that enforces signatures looks for an embedded one and finds none.
    lab.system("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    lab.kernel.calls.borrow_mut().clear();
    let run = lab.run(&format!("{line} --signature {{}}/unsigned.p7s"));
    assert!(run.exit == 5 && run.err.contains("would refuse the image with No data available (ENODATA)"), "{run:?}");
    assert!(lab.kernel.calls.borrow().is_empty());
}

#[test]
fn an_appended_signature_is_seen() {
    let lab = Lab::new();
    lab.file("signed", &forge::appended(b"a file", &forge::pki::signer()));
    // Such a signature carries no certificate, so the signer itself must be an anchor.
    lab.file("signer.pem", forge::signer_pem().as_bytes());
    let json = lab.run("verify --json --keys {}/signer.pem {}/signed").json();
    assert_eq!(json[0]["reasons"], serde_json::json!(["not-a-kernel"]));
    assert!(json[0]["signer"]["subject"].as_str().is_some_and(|name| name.contains("signer")), "{json}");
}

#[test]
fn a_revoked_file_is_revoked_whatever_is_wrapped_around_it() {
    use sha2::Digest as _;
    let lab = Lab::new();
    lab.file("signer.pem", forge::signer_pem().as_bytes());
    let signed = forge::appended(b"a file", &forge::pki::signer());
    let line = |bytes: &[u8]| {
        format!("sha256:{}\n", sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    };
    lab.file("signed", &signed);
    for revoked in [b"a file".as_slice(), &signed] {
        lab.file("revoked", line(revoked).as_bytes());
        let json = lab.run("verify --json --keys {}/signer.pem --revoked {}/revoked {}/signed").json();
        assert_eq!(json[0]["reasons"], serde_json::json!(["not-a-kernel", "revoked-image"]));
    }
    // The hash that sha256sum prints counts, too, though it is not the Authenticode hash.
    lab.file("revoked", line(&forge::signed_bzimage()).as_bytes());
    let json = lab.run("verify --json --keys {}/root.pem --revoked {}/revoked {}/vmlinuz").json();
    assert_eq!(json[0]["reasons"], serde_json::json!(["revoked-image"]));
}

/// The policy's waiver for the administrator's loads does not apply to a first stage, which demands signatures of everything.
#[test]
fn the_policy_waives_nothing_where_the_initrd_must_be_signed() {
    let lab = Lab::new();
    lab.file("unsigned", &forge::unsigned_bzimage());
    lab.system("/etc/skexec/policy.toml", "unsigned = \"if-not-enforced\"\n");
    let line = "load {}/unsigned --keys {}/root.pem --no-cmdline --no-initrd";
    assert_eq!(lab.run(line).exit, 0);
    lab.kernel.calls.borrow_mut().clear();
    let run = lab.run(&format!("{line} --require-signed-initrd --json"));
    assert_eq!((run.exit, run.json()["reason"].as_str()), (3, Some("unsigned")));
    // It does not apply in an initramfs either, whatever the options demand.
    lab.system("/etc/initrd-release", "");
    assert_eq!(lab.run(line).exit, 3);
    assert!(lab.kernel.calls.borrow().is_empty());
}

/// A signer of kernels may sign other files, too, which a kernel would ignore in the place of an initrd.
#[test]
fn what_must_be_a_signed_initrd_must_be_an_initrd() {
    let lab = Lab::new();
    let line = "load {}/vmlinuz --keys {}/root.pem --no-cmdline --require-signed-initrd --json --initrd {}/initrd";
    let rows: [(&[u8], _); 3] = [
        (b"070701 an initrd", None),
        (b"a text", Some("not-an-initrd")),
        (b"\x7fELF a module", Some("initrd-is-kernel")),
    ];
    for (bytes, reason) in rows {
        lab.file("initrd", bytes);
        lab.file("initrd.p7s", &forge::detached(bytes, &forge::pki::signer()));
        let run = lab.run(line);
        assert_eq!((run.exit, run.json()["reason"].as_str()), (if reason.is_some() { 4 } else { 0 }, reason));
    }
}
