//! `skexec load` on a machine made of files: the system calls, and refusals before them.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use skexec::sys::{FileLoad, Kexec, SegmentsLoad};
use skexec::system::System;
use std::os::unix::fs::OpenOptionsExt;
use support::{Call, LOAD, Lab, Run, refusal};

#[test]
fn a_good_kernel_is_loaded_and_recorded() {
    let lab = Lab::new();
    let (one, two) = (lab.file("one", b"070701"), lab.file("two", b"070702"));
    let line =
        "load --keys {}/root.pem --initrd {}/one {}/vmlinuz --initrd {}/two --reuse-cmdline --append a=1 --append b";
    let signer = "O=skexec tests, CN=skexec test signer";
    let said = format!("{{}}/vmlinuz: loaded by kexec_file_load, signed by {signer}\n");
    assert_eq!(lab.run(line), Run { exit: 0, out: said, err: String::new() });
    let calls = lab.kernel.calls.borrow().clone();
    assert_eq!(
        calls,
        [Call::Load {
            kernel: forge::signed_bzimage(),
            sealed: true,
            initrd: Some(b"070701\x00\x00070702".to_vec()),
            cmdline: "root=/dev/vda1 quiet a=1 b".into(),
            flags: 0,
        }]
    );
    let record = skexec::record::read(lab.root(), skexec::system::Slot::Reboot).unwrap().unwrap();
    assert_eq!(
        (record.signer.as_deref(), record.initrds),
        (Some(signer), [one, two].map(|path| path.display().to_string()).to_vec())
    );
    assert_eq!((record.basis.as_str(), record.cmdline.as_str()), ("embedded", "root=/dev/vda1 quiet a=1 b"));
}

#[test]
fn new_kernels_are_asked_to_keep_out_of_cma() {
    let lab = Lab::new();
    lab.system("/proc/sys/kernel/osrelease", "6.17.2\n");
    lab.system("/boot/config-6.17.2", "CONFIG_KEXEC_FILE=y\n");
    assert_eq!(lab.run(LOAD).exit, 0);
    assert!(matches!(lab.kernel.calls.borrow()[0], Call::Load { flags: 0x10, initrd: None, .. }));
}

/// A request to load `{}/vmlinuz`, trusting the test root.
fn request(lab: &Lab) -> skexec::load::Request {
    skexec::load::Request {
        kernel: Some(lab.path("vmlinuz")),
        entry: None,
        manifest: None,
        profile: None,
        initrds: Vec::new(),
        no_initrd: true,
        kernel_alone: false,
        inject: Vec::new(),
        cmdline: skexec::load::CmdlineSource::Given(String::new()),
        append: Vec::new(),
        trust: skexec::gather::TrustRequest { keys: vec![lab.path("root.pem")], revoked: Vec::new(), system: false },
        signature: None,
        slot: skexec::system::Slot::Reboot,
        method: None,
        segments: skexec::segments::Options::default(),
        dry_run: false,
        count_loads: false,
        lock: false,
        require_signed_initrd: false,
        insecure_unsigned: false,
    }
}

/// Makes it a machine whose kernel demands the original file.
fn appraises(lab: &Lab) {
    lab.system("/proc/cmdline", "ima_policy=secure_boot\n");
    lab.system("/sys/kernel/security/ima/violations", "0\n");
    lab.system("/boot/config-6.12.0-test", "CONFIG_KEXEC_FILE=y\nCONFIG_KEXEC_SIG=y\nCONFIG_IMA_APPRAISE=y\n");
}

/// Loads `{}/vmlinuz` and calls `swap` when the verification is over.
fn load_while(lab: &Lab, mut swap: impl FnMut()) -> skexec::load::Outcome {
    let request = request(lab);
    let mut progress = |event| {
        if let skexec::progress::Event::Verified { .. } = event {
            swap();
        }
    };
    skexec::load::load(lab.system_view(), &request, &mut progress).unwrap()
}

#[test]
fn what_was_verified_is_what_is_loaded() {
    let lab = Lab::new();
    let (good, bad) = (forge::signed_bzimage(), forge::unsigned_bzimage());
    for round in 0..1000 {
        let path = lab.file("vmlinuz", &good);
        // The file is changed in place, or replaced by another of its name.
        let outcome = load_while(&lab, || match round % 2 {
            0 => std::fs::write(&path, &bad).unwrap(),
            _ => std::fs::rename(lab.file("other", &bad), &path).unwrap(),
        });
        assert!(outcome.loaded && std::fs::read(&path).unwrap() == bad, "round {round}");
        let Some(Call::Load { kernel, sealed: true, .. }) = lab.kernel.calls.borrow_mut().pop() else {
            panic!("round {round}: no load")
        };
        assert!(kernel == good, "round {round}: other bytes were loaded");
    }
}

#[test]
fn a_machine_that_appraises_gets_the_file_itself_and_only_unchanged() {
    let lab = Lab::new();
    appraises(&lab);
    let good = forge::signed_bzimage();
    assert!(load_while(&lab, || ()).loaded);
    let call = lab.kernel.calls.borrow_mut().pop();
    assert!(matches!(call, Some(Call::Load { sealed: false, ref kernel, .. }) if *kernel == good), "the original");
    // A file that replaces it under its name has no effect, because the original stays open.
    let rename = || std::fs::rename(lab.file("other", &forge::unsigned_bzimage()), lab.path("vmlinuz")).unwrap();
    assert!(load_while(&lab, rename).loaded);
    let call = lab.kernel.calls.borrow_mut().pop();
    assert!(matches!(call, Some(Call::Load { sealed: false, ref kernel, .. }) if *kernel == good), "the original");
    // A change in place is detected before the call.
    lab.file("vmlinuz", &good);
    let outcome = load_while(&lab, || std::fs::write(lab.path("vmlinuz"), forge::unsigned_bzimage()).unwrap());
    assert_eq!(outcome.report.refusal().unwrap().first().reason.slug(), "changed-while-read");
    assert!(!outcome.loaded && lab.kernel.calls.borrow().is_empty());
    // An open for writing is detected, too, even without a write.
    lab.file("vmlinuz", &good);
    let mut writer = None;
    let outcome = load_while(&lab, || writer = std::fs::OpenOptions::new().append(true).open(lab.path("vmlinuz")).ok());
    assert_eq!(outcome.report.refusal().unwrap().first().reason.slug(), "open-for-writing");
    assert!(writer.is_some() && lab.kernel.calls.borrow().is_empty());
}

/// A kernel during whose call someone opens the file for writing.
#[derive(Debug)]
struct Disturbed<'a> {
    lab: &'a Lab,
    unloads: bool,
}

impl Kexec for Disturbed<'_> {
    fn file_load(&self, load: &FileLoad<'_>) -> Result<(), i32> {
        let options = std::fs::OpenOptions::new().write(true).custom_flags(nix::libc::O_NONBLOCK).to_owned();
        assert!(options.open(self.lab.path("vmlinuz")).is_err(), "the lease holds the writer");
        self.lab.kernel.file_load(load)
    }

    fn file_unload(&self, panic: bool) -> Result<(), i32> {
        self.lab.kernel.file_unload(panic)?;
        if self.unloads { Ok(()) } else { Err(nix::libc::EPERM) }
    }

    fn segments_load(&self, load: &SegmentsLoad<'_>) -> Result<(), i32> {
        self.lab.kernel.segments_load(load)
    }

    fn segments_unload(&self, panic: bool) -> Result<(), i32> {
        self.lab.kernel.segments_unload(panic)
    }

    fn jump(&self) -> i32 {
        self.lab.kernel.jump()
    }
}

#[test]
fn what_had_to_be_taken_back_is_not_taken_for_what_was_loaded_before() {
    for unloads in [true, false] {
        let lab = Lab::new();
        assert_eq!(lab.run(LOAD).exit, 0);
        lab.system("/sys/kernel/kexec_loaded", "1\n");
        appraises(&lab);
        let request = request(&lab);
        let system = System { root: lab.root(), kexec: &Disturbed { lab: &lab, unloads } };
        let outcome = skexec::load::load(system, &request, &mut |_| ()).unwrap();
        let finding = outcome.report.refusal().unwrap().first();
        assert_eq!((finding.reason.slug(), outcome.loaded), ("changed-while-read", false));
        assert_eq!(finding.detail.contains("do not boot it"), !unloads, "{finding}");
        assert_eq!(lab.kernel.calls.borrow().last(), Some(&Call::Unload { panic: false }));
        assert!(lab.run("exec --force").err.contains("(foreign-image)"), "the old record does not describe it");
    }
}

#[test]
fn a_failed_call_leaves_the_old_image_and_its_record() {
    let lab = Lab::new();
    assert_eq!(lab.run(LOAD).exit, 0);
    let before = skexec::record::read(lab.root(), skexec::system::Slot::Reboot).unwrap();
    *lab.kernel.answer.borrow_mut() = nix::libc::EINVAL;
    assert_eq!(lab.run(LOAD).exit, 5);
    assert_eq!(skexec::record::read(lab.root(), skexec::system::Slot::Reboot).unwrap(), before);
    // After another program has unloaded the kernel, the record no longer applies.
    lab.system("/sys/kernel/kexec_loaded", "0\n");
    assert_eq!(lab.run("exec --force").exit, 1);
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    assert!(lab.run("exec --force").err.contains("(foreign-image)"));
}

#[test]
fn a_refused_kernel_reaches_no_call() {
    let lab = Lab::new();
    lab.file("unsigned", &forge::unsigned_bzimage());
    let mut flipped = forge::signed_bzimage();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    lab.file("flipped", &flipped);
    lab.file("half", &forge::signed_bzimage()[..middle]);
    lab.file("text", b"no kernel");
    lab.file("empty", b"");
    let rows = [
        ("load {}/unsigned --no-initrd --no-cmdline", 3, "unsigned"),
        ("load {}/flipped --no-initrd --no-cmdline --keys {}/root.pem", 3, "digest-mismatch"),
        ("load {}/half --no-initrd --no-cmdline --keys {}/root.pem", 4, "truncated"),
        ("load {}/vmlinuz --no-initrd --no-cmdline", 3, "unknown-signer"),
        ("load {}/text --no-initrd --no-cmdline", 4, "not-a-kernel"),
        ("load {}/empty --no-initrd --no-cmdline", 4, "empty"),
        ("load {} --no-initrd --no-cmdline", 4, "not-regular"),
        ("load {}/none --no-initrd --no-cmdline", 1, "unreadable"),
        ("load {}/vmlinuz --initrd {}/empty --no-cmdline --keys {}/root.pem", 4, "initrd-empty"),
        ("load {}/vmlinuz --initrd {}/none --no-cmdline --keys {}/root.pem", 1, "unreadable"),
        ("load {}/vmlinuz --no-initrd --no-cmdline --keys {}/none", 1, "trust-file"),
        ("load {}/vmlinuz --no-initrd --no-cmdline --keys {}/text", 1, "trust-file"),
        // Only a missing signature and an unknown signer can be waived.
        ("load {}/flipped --no-initrd --no-cmdline --insecure-unsigned", 3, "digest-mismatch"),
        ("load {}/half --no-initrd --no-cmdline --insecure-unsigned", 4, "truncated"),
    ];
    for (line, exit, reason) in rows {
        let run = lab.run(&format!("{line} --json"));
        let json = run.json();
        assert_eq!((run.exit, json["reason"].as_str()), (exit, Some(reason)), "{line}: {json}");
        assert_eq!((json["loaded"].as_bool(), json["verdict"].as_str()), (Some(false), Some("refused")), "{line}");
        let run = lab.run(line);
        assert!(run.exit == exit && run.out.is_empty() && run.err.contains(&format!("({reason})\n  do: ")), "{run:?}");
    }
    assert!(lab.kernel.calls.borrow().is_empty());
}

#[test]
fn what_the_machine_does_not_permit() {
    let unpermitted: &[(&str, &str, &str, &str)] = &[
        (
            "/proc/self/status",
            "CapEff:\t0000000000000000\n",
            "the process lacks CAP_SYS_BOOT, which it needs to load, unload or boot a kernel (no-capability)",
            "run skexec as root: sudo skexec ...",
        ),
        (
            "/proc/sys/kernel/kexec_load_disabled",
            "1\n",
            "kexec is turned off on this system (kernel.kexec_load_disabled=1) (kexec-disabled)",
            "only a reboot turns kexec on again; look in /etc/sysctl.d for the setting that turns it off",
        ),
        (
            "/proc/sys/kernel/kexec_load_limit_reboot",
            "0\n",
            "the kexec load limit has been reached: kernel.kexec_load_limit_reboot is 0 (load-limit)",
            "reboot: only that resets kernel.kexec_load_limit_reboot and kernel.kexec_load_limit_panic",
        ),
    ];
    for (path, text, what, advice) in unpermitted {
        let lab = Lab::new();
        lab.system(path, text);
        assert_eq!(lab.run(LOAD), refusal(5, &format!("skexec: {{}}/vmlinuz: {what}\n  do: {advice}\n")), "{path}");
        assert!(lab.kernel.calls.borrow().is_empty(), "{path}");
    }
}

#[test]
fn two_at_once_are_one_too_many() {
    let lab = Lab::new();
    let records = skexec::record::Records::lock(lab.root()).unwrap().unwrap();
    let run = lab.run(LOAD);
    assert_eq!(run.exit, 5);
    assert!(run.err.contains("another load or unload is in progress") && run.err.contains("(busy)"), "{run:?}");
    drop(records);
    assert_eq!(lab.run(LOAD).exit, 0);
}

#[test]
fn the_kernels_answer_is_explained() {
    use nix::libc::{EACCES, EADDRNOTAVAIL, EBUSY, EINVAL, ENOKEY, ENOSYS, EPERM, ETXTBSY};
    let rows = [
        (EBUSY, 5, "busy"),
        (ETXTBSY, 5, "open-for-writing"),
        (ENOSYS, 5, "no-kexec-file"),
        (EADDRNOTAVAIL, 4, "no-memory-hole"),
        (EACCES, 5, "ima"),
        (ENOKEY, 5, "lockdown"),
        (EPERM, 5, "no-capability"),
        (EINVAL, 5, "kernel-refused"),
        (524, 5, "kernel-refused"),
    ];
    for (errno, exit, reason) in rows {
        let lab = Lab::new();
        *lab.kernel.answer.borrow_mut() = errno;
        let run = lab.run(&format!("{LOAD} --json"));
        let json = run.json();
        assert_eq!((run.exit, json["reason"].as_str()), (exit, Some(reason)), "{errno}");
        assert!(skexec::record::read(lab.root(), skexec::system::Slot::Reboot).unwrap().is_none());
        assert_eq!(std::fs::read_dir(lab.root().path("/run/skexec")).unwrap().count(), 1, "only the lock is left");
    }
}

#[test]
fn what_does_not_fit_is_said_before_the_call() {
    let lab = Lab::new();
    lab.system("/proc/meminfo", "MemTotal:        65536 kB\n");
    let initrd = lab.path("big");
    std::fs::File::create(&initrd).unwrap().set_len(40 << 20).unwrap();
    let run = lab.run("load {}/vmlinuz --initrd {}/big --no-cmdline --keys {}/root.pem");
    assert!(run.exit == 4 && run.err.contains("(half-of-ram)") && run.err.contains("the limit is 32 MiB"), "{run:?}");
    let long = "x".repeat(2017);
    let run = lab.run(&format!("load {{}}/vmlinuz --no-initrd --cmdline {long} --keys {{}}/root.pem"));
    assert!(run.exit == 4 && run.err.contains("2017 bytes of text, 1 too many"), "{run:?}");
    assert!(lab.kernel.calls.borrow().is_empty());
}

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

#[test]
fn a_dry_run_shows_the_plan_and_calls_nothing() {
    let lab = Lab::new();
    let run = lab.run(&format!("{LOAD} --dry-run"));
    let wanted = "\
{}/vmlinuz: would be loaded by kexec_file_load
  method   file: the running kernel looks at the signature, too
  kernel   ";
    assert!(run.exit == 0 && run.out.starts_with(wanted) && run.out.contains("KEXEC_FILE_NO_INITRAMFS"), "{run:?}");
    let json = lab.run(&format!("{LOAD} --dry-run --json")).json();
    assert_eq!((json["plan"]["method"].as_str(), json["loaded"].as_bool()), (Some("file"), Some(false)));
    assert!(lab.kernel.calls.borrow().is_empty());
}

#[test]
fn what_the_running_kernel_lacks_is_said_before_the_call() {
    let lab = Lab::new();
    let case = forge::cases().into_iter().find(|case| case.name == "A112_p7_p256").unwrap();
    lab.file("vmlinuz", &case.image);
    lab.system("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    lab.system("/proc/crypto", "name         : sha256\nname         : rsa\n");
    let config = |ecdsa: &str| {
        lab.system("/boot/config-6.12.0-test", &format!("CONFIG_KEXEC_FILE=y\nCONFIG_KEXEC_SIG=y\n{ecdsa}\n"));
    };
    config("# CONFIG_CRYPTO_ECDSA is not set");
    let run = lab.run(LOAD);
    assert!(run.exit == 5 && run.err.contains("ecdsa-nist-p256 (kernel-lacks-algorithm)"), "{run:?}");
    assert!(lab.kernel.calls.borrow().is_empty());
    config("CONFIG_CRYPTO_ECDSA=m");
    let run = lab.run(LOAD);
    assert!(run.exit == 0 && run.err.contains("(algorithm-module)"), "{run:?}");
    // If the kernel does not enforce signatures, its predicted answer does not matter.
    lab.system("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
    config("# CONFIG_CRYPTO_ECDSA is not set");
    assert_eq!(lab.run(LOAD).exit, 0);
}

#[test]
fn a_path_need_not_be_utf8() {
    use std::os::unix::ffi::OsStrExt;
    let lab = Lab::new();
    let name = std::ffi::OsStr::from_bytes(b"initrd-\xff");
    std::fs::write(lab.path("").join(name), b"070701").unwrap();
    let mut words: Vec<std::ffi::OsString> =
        ["skexec", "load", "--no-cmdline", "--no-system-trust", "--json", "--initrd"].map(Into::into).to_vec();
    words.push(lab.path("").join(name).into());
    words.extend([lab.path("vmlinuz").into(), "--keys".into(), lab.path("root.pem").into()]);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = skexec::cli::run(lab.system_view(), words, &mut out, &mut err);
    assert_eq!(exit.code(), 0, "{}", String::from_utf8_lossy(&err));
    let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert!(json["plan"]["initrds"][0].as_str().unwrap().ends_with("initrd-\u{fffd}"), "{json}");
    let record = skexec::record::read(lab.root(), skexec::system::Slot::Reboot).unwrap().unwrap();
    assert!(record.initrds[0].ends_with("initrd-\u{fffd}"), "{record:?}");
}
