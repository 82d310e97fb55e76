//! What is not what the manifest binds, and manifests that nobody may sign so.

use super::support::{self, Lab, refusal};
use super::{BY_KERNEL, BY_MANIFEST, CMDLINE, INITRD_OPTIONS, INITRDS, lab, reason};
use forge::pki;
use sha2::Digest as _;
use std::fs;

#[test]
fn what_is_not_bound_is_not_loaded() {
    type Change = fn(&Lab);
    let rows: &[(&str, Change, &str, &str)] = &[
        ("another kernel", |lab| drop(lab.file("vmlinuz", &forge::signed_bzimage())), "", "manifest-kernel"),
        (
            "a longer kernel",
            |lab| drop(lab.file("vmlinuz", &[forge::unsigned_bzimage(), vec![0; 8]].concat())),
            "",
            "manifest-kernel",
        ),
        ("another initrd", |lab| drop(lab.file("initrd.1", b"070701 the sekond")), "", "manifest-initrd"),
        ("a longer initrd", |lab| drop(lab.file("initrd.1", b"070701 the second\0")), "", "manifest-initrd"),
        ("an empty initrd", |lab| drop(lab.file("initrd.1", b"")), "", "initrd-empty"),
        ("the other order", |_| (), "--initrd {}/initrd.1 --initrd {}/initrd.0", "manifest-initrd"),
        ("one initrd", |_| (), "--initrd {}/initrd.0", "manifest-initrd"),
        ("three initrds", |_| (), "--initrd {}/initrd.0 --initrd {}/initrd.1 --initrd {}/initrd.1", "manifest-initrd"),
        ("no initrd", |_| (), "--no-initrd", "manifest-initrd"),
        ("one word more", |_| (), "--append init=/bin/sh", "manifest-cmdline"),
        ("another command line", |_| (), "--cmdline root=/dev/vda3", "manifest-cmdline"),
        ("no command line", |_| (), "--no-cmdline", "manifest-cmdline"),
        ("the running command line", |_| (), "--reuse-cmdline", "manifest-cmdline"),
        ("a value that may not be", |_| (), "--append console=hvc0", "manifest-cmdline"),
        ("behind the --", |_| (), "--append -- --append quiet", "manifest-cmdline"),
        ("no signature", |lab| fs::remove_file(lab.path("vmlinuz.manifest.p7s")).unwrap(), "", "manifest-unsigned"),
        (
            "the signature of another manifest",
            |lab| drop(lab.file("vmlinuz.manifest.p7s", &forge::detached(b"manifest = 1", &pki::signer()))),
            "",
            "message-digest",
        ),
        ("no message", |lab| drop(lab.file("vmlinuz.manifest.p7s", b"no message")), "", "pkcs7"),
        (
            "an initrd as the manifest",
            |lab| {
                lab.file("vmlinuz.manifest", INITRDS[0]);
                lab.file("vmlinuz.manifest.p7s", &forge::detached(INITRDS[0], &pki::signer()));
            },
            "",
            "manifest",
        ),
        (
            "a malformed manifest",
            |lab| {
                lab.file("vmlinuz.manifest", b"manifest = 1\nmode = 2\n");
                lab.file("vmlinuz.manifest.p7s", &forge::detached(b"manifest = 1\nmode = 2\n", &pki::signer()));
            },
            "",
            "manifest",
        ),
        (
            "an initrd with a wrong signature of its own",
            |lab| drop(lab.file("initrd.1.p7s", &forge::detached(INITRDS[0], &pki::signer()))),
            "",
            "message-digest",
        ),
        ("a missing initrd", |lab| fs::remove_file(lab.path("initrd.0")).unwrap(), "", "unreadable"),
        (
            "a dangling manifest",
            |lab| {
                fs::remove_file(lab.path("vmlinuz.manifest")).unwrap();
                std::os::unix::fs::symlink("/nowhere", lab.path("vmlinuz.manifest")).unwrap();
            },
            "--no-initrd --no-cmdline",
            "unreadable",
        ),
    ];
    for (what, change, options, wanted) in rows {
        for line in [BY_MANIFEST, BY_KERNEL] {
            let lab = lab();
            change(&lab);
            let options = if options.is_empty() { String::new() } else { format!(" {options}") };
            let run = lab.run(&format!("{line}{options} --json"));
            assert_eq!(reason(&run).1.as_deref(), Some(*wanted), "{what}: {run:?}");
            assert!([1, 3, 4].contains(&run.exit) && run.json()["covers"] == serde_json::json!([]), "{what}: {run:?}");
            assert!(lab.kernel.calls.borrow().is_empty(), "{what}");
            // Waiving the kernel's signature does not waive the manifest.
            let run = lab.run(&format!("{line}{options} --insecure-unsigned --json"));
            assert_eq!(reason(&run).1.as_deref(), Some(*wanted), "{what}: {run:?}");
        }
    }
}

#[test]
fn only_whom_an_anchor_trusts_signs_manifests() {
    let lab = lab();
    let run = lab.run("load --manifest {}/vmlinuz.manifest --json");
    assert_eq!(reason(&run), (3, Some("unknown-signer".into())));
    assert_eq!(run.json()["path"], "{}/vmlinuz.manifest");
    lab.file("signer.pem", forge::signer_pem().as_bytes());
    let run = lab.run(&format!("{BY_MANIFEST} --revoked {{}}/signer.pem --json"));
    assert_eq!(reason(&run), (3, Some("revoked-cert".into())));
    // The manifest, the kernel or an initrd can be revoked by its hash.
    let files = ["vmlinuz.manifest", "vmlinuz", "initrd.1"];
    for file in files {
        let digest: String =
            sha2::Sha256::digest(fs::read(lab.path(file)).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect();
        lab.file("revoked", format!("sha256:{digest}\n").as_bytes());
        let run = lab.run(&format!("{BY_MANIFEST} --revoked {{}}/revoked --json"));
        assert_eq!(reason(&run), (3, Some("revoked-image".into())), "{file}");
    }
    assert!(lab.kernel.calls.borrow().is_empty());
}

/// Each kind of signer is restricted for itself; the kernel's own signature does not count beside a manifest's.
#[test]
fn the_policy_restricts_who_signs_manifests() {
    let rows = [("manifest", 3), ("kernel", 0), ("initrd", 0)];
    for kernel in [forge::unsigned_bzimage(), forge::signed_bzimage()] {
        for (kind, exit) in rows {
            let lab = Lab::new();
            support::bind(&lab, &kernel, &INITRDS, CMDLINE, 7);
            lab.system("/etc/skexec/policy.toml", &format!("require = \"everything\"\n[signers]\n{kind} = []\n"));
            let run = lab.run(&format!("{BY_MANIFEST} --json"));
            let wanted = (exit == 3).then(|| "signer-not-allowed".to_owned());
            assert_eq!(reason(&run), (exit, wanted), "{kind}: {run:?}");
        }
    }
}

#[test]
fn other_signatures_must_hold_as_well() {
    let signed = forge::signed_bzimage();
    let mut changed = signed.clone();
    changed[4096] ^= 1;
    for (kernel, reason_wanted) in [(signed.clone(), None), (changed, Some("digest-mismatch"))] {
        let lab = Lab::new();
        support::bind(&lab, &kernel, &INITRDS, CMDLINE, 7);
        let run = lab.run(&format!("{BY_MANIFEST} --json"));
        assert_eq!(reason(&run).1.as_deref(), reason_wanted, "{run:?}");
    }
    let lab = Lab::new();
    support::bind(&lab, &signed, &INITRDS, CMDLINE, 7);
    lab.file("good.p7s", &forge::detached(&signed, &pki::signer()));
    lab.file("wrong.p7s", &forge::detached(b"another file", &pki::signer()));
    assert_eq!(lab.run(&format!("{BY_MANIFEST} --signature {{}}/good.p7s")).exit, 0);
    let run = lab.run(&format!("{BY_MANIFEST} --signature {{}}/wrong.p7s --json"));
    assert_eq!(reason(&run), (3, Some("message-digest".into())));
}

#[test]
fn what_nobody_says_is_an_error_of_usage() {
    let lab = lab();
    let text = support::manifest(&forge::unsigned_bzimage(), &INITRDS, CMDLINE, 7);
    let rows = [
        (
            "file = \"vmlinuz\"\n",
            "{}/vmlinuz.manifest: no kernel was named, and the manifest does not name its file (kernel-unsaid)",
            "give KERNEL",
        ),
        (
            "file = \"initrd.1\"\n",
            "{}/vmlinuz.manifest: no initrd was named, and the file brings none: the manifest does not name the files of all \
             its initrds (initrd-unsaid)",
            "give --initrd FILE, or --no-initrd to boot without one",
        ),
    ];
    for (hint, wanted, advice) in rows {
        let text = text.replace(hint, "");
        lab.file("vmlinuz.manifest", text.as_bytes());
        lab.file("vmlinuz.manifest.p7s", &forge::detached(text.as_bytes(), &pki::signer()));
        assert_eq!(lab.run(BY_MANIFEST), refusal(2, &format!("skexec: {wanted}\n  do: {advice}\n")));
        assert!(lab.kernel.calls.borrow().is_empty());
        assert_eq!(lab.run(&format!("{BY_KERNEL} {INITRD_OPTIONS}")).exit, 0);
        lab.kernel.calls.borrow_mut().clear();
    }
}

/// Neither a manifest nor its signature is read into memory if it is far too large.
#[test]
fn what_is_far_too_large_is_not_read() {
    let long = [bound_text(), vec![b'#'; 1 << 20]].concat();
    for (name, bytes) in [("vmlinuz.manifest", long), ("vmlinuz.manifest.p7s", vec![0; (1 << 20) + 1])] {
        let lab = lab();
        lab.file(name, &bytes);
        for line in [BY_MANIFEST, "verify {}/vmlinuz.manifest --keys {}/root.pem"] {
            let run = lab.run(&format!("{line} --json"));
            let json = run.json();
            let report = if json.is_array() { &json[0] } else { &json };
            assert_eq!((run.exit, report["reason"].as_str()), (4, Some("too-big")), "{name} {line} {run:?}");
        }
        assert!(lab.kernel.calls.borrow().is_empty());
    }
}

fn bound_text() -> Vec<u8> {
    let lab = lab();
    fs::read(lab.path("vmlinuz.manifest")).unwrap()
}
