//! Refusals: each before the call, or with an explanation of the kernel's answer.

use super::support::{LOAD, Lab, refusal};

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
