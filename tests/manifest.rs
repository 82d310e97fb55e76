//! Boots that a signed manifest binds.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use forge::pki;
use sha2::Digest as _;
use std::fs;
use support::{Call, Lab, Run, refusal};

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

/// Another boot: of the kernel and the command line that the last load gave.
fn boot(lab: &Lab, id: &str) {
    let release = skexec::record::read(lab.root(), skexec::system::Slot::Reboot).unwrap().unwrap().release.unwrap();
    let release = release.split(' ').next().unwrap();
    lab.system("/proc/sys/kernel/random/boot_id", &format!("{id}\n"));
    lab.system("/proc/sys/kernel/osrelease", &format!("{release}\n"));
    lab.system(&format!("/boot/config-{release}"), "CONFIG_KEXEC_FILE=y\nCONFIG_KEXEC_SIG=y\n");
    lab.system("/proc/cmdline", &format!("{CMDLINE}\n"));
    lab.system("/proc/sys/kernel/bootloader_type", "208\n");
}

#[test]
fn a_version_that_has_booted_refuses_lower_ones() {
    let lab = lab();
    lab.system("/proc/sys/kernel/random/boot_id", "one\n");
    assert_eq!(lab.run(BY_MANIFEST).exit, 0);
    let nothing = "this boot was not started by a load with a manifest, or it is recorded already\n";
    assert_eq!(lab.run("booted"), Run { exit: 0, out: nothing.into(), err: String::new() });
    bind(&lab, 6);
    assert_eq!(lab.run(&format!("{BY_MANIFEST} --dry-run")).exit, 0);
    boot(&lab, "two");
    let wanted = "skexec: {}/vmlinuz.manifest: the version of the manifest is too low: acme-boot has version 6; version 7 \
                  has booted on this machine (manifest-rollback)\n  do: load the current version; the policy \
                  (least.version) and the versions that have booted set the least one\n";
    lab.kernel.calls.borrow_mut().clear();
    assert_eq!(lab.run(BY_MANIFEST), refusal(3, wanted));
    let done = "acme-boot: version 7 has booted; lower versions are refused\n";
    assert_eq!(lab.run("booted"), Run { exit: 0, out: done.into(), err: String::new() });
    assert_eq!(lab.run(BY_MANIFEST), refusal(3, wanted));
    assert!(lab.kernel.calls.borrow().is_empty());
    for version in [7, 8] {
        bind(&lab, version);
        assert_eq!(lab.run(BY_MANIFEST).exit, 0, "{version}");
    }
}

#[test]
fn the_policy_sets_the_least_version() {
    let lab = lab();
    for (least, other, exit) in [(7, 9, 0), (8, 1, 3)] {
        let text = format!("[least.version]\n\"other\" = {other}\n\"acme-boot\" = {least}\n");
        lab.system("/etc/skexec/policy.toml", &text);
        for initramfs in [false, true] {
            if initramfs {
                lab.system("/etc/initrd-release", "");
            }
            assert_eq!(lab.run(BY_MANIFEST).exit, exit, "{least} {initramfs}");
        }
        fs::remove_file(lab.root().path("/etc/initrd-release")).unwrap();
    }
    let wanted = "skexec: {}/vmlinuz.manifest: the version of the manifest is too low: acme-boot has version 7; the policy \
                  demands at least 8 (/etc/skexec/policy.toml:3) (manifest-rollback)\n";
    let run = lab.run(BY_MANIFEST);
    assert!(run.err.starts_with(wanted), "{run:?}");
}

#[test]
fn a_kernel_that_was_unloaded_or_is_for_crashes_raises_no_version() {
    for (line, then) in [
        (BY_MANIFEST.to_owned(), "unload"),
        (BY_MANIFEST.to_owned(), "load {}/other --no-initrd --no-cmdline --keys {}/root.pem"),
        (format!("{BY_MANIFEST} --panic"), "status"),
    ] {
        let lab = lab();
        lab.system("/proc/sys/kernel/random/boot_id", "one\n");
        lab.system("/sys/kernel/kexec_crash_size", "268435456\n");
        lab.file("other", &forge::signed_bzimage());
        let run = lab.run(&line);
        assert_eq!(run.exit, 0, "{run:?}");
        lab.system("/sys/kernel/kexec_loaded", "1\n");
        let run = lab.run(then);
        assert_eq!(run.exit, 0, "{run:?}");
        lab.system("/proc/sys/kernel/random/boot_id", "two\n");
        lab.system("/proc/cmdline", &format!("{CMDLINE}\n"));
        assert!(lab.run("booted").out.starts_with("this boot was not started"), "{then}");
    }
}

#[test]
fn versions_are_kept_where_they_can_be() {
    // Damaged: refused.
    let lab = lab();
    lab.system("/var/lib/skexec/manifests.json", "{");
    let run = lab.run(BY_MANIFEST);
    assert!(run.exit == 1 && run.err.contains("(manifest-state)"), "{run:?}");
    assert!(run.err.contains("  do: repair /var/lib/skexec/manifests.json, or remove it"), "{run:?}");
    let run = lab.run("booted");
    assert!(run.exit == 1 && run.err.contains("/var/lib/skexec/manifests.json: EOF"), "{run:?}");
    assert!(run.err.contains("(manifest-state)"), "{run:?}");
    // A boot without a manifest has nothing to do with it.
    lab.file("other", &forge::signed_bzimage());
    assert_eq!(lab.run("load {}/other --no-initrd --no-cmdline --keys {}/root.pem").exit, 0);
    // In an initramfs there is none.
    lab.system("/etc/initrd-release", "");
    let run = lab.run(&format!("{BY_MANIFEST} -v"));
    let line =
        "skexec: an initramfs does not know which versions have booted: only the policy's least versions count\n";
    assert!(run.exit == 0 && run.err.contains(line), "{run:?}");
}

#[test]
fn a_state_that_cannot_be_written_is_a_warning() {
    let lab = lab();
    lab.system("/proc/sys/kernel/random/boot_id", "one\n");
    lab.system("/var/lib", "a file\n");
    let run = lab.run(BY_MANIFEST);
    assert!(run.exit == 0 && run.err.contains("(version-not-kept)"), "{run:?}");
}

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
