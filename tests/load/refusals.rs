//! Refusals: each before the call, or with an explanation of the kernel's answer.

use super::support::{LOAD, Lab, refusal};
use forge::bzimage::BzImage;
use forge::recipe::Recipe;
use forge::vmlinux::Vmlinux;

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
    let unpermitted: &[(&str, &str, &str, &str, &str)] = &[
        (
            "/proc/self/status",
            "CapEff:\t0000000000000000\n",
            "the process lacks CAP_SYS_BOOT, which it needs to load, unload or boot a kernel (no-capability)",
            "run skexec as root: sudo skexec ...",
            "the kernel loads and boots kernels only for a process with CAP_SYS_BOOT in the initial user namespace",
        ),
        (
            "/proc/sys/kernel/kexec_load_disabled",
            "1\n",
            "kexec is turned off on this system (kernel.kexec_load_disabled=1) (kexec-disabled)",
            "only a reboot turns kexec on again; look in /etc/sysctl.d for the setting that turns it off",
            "kernel.kexec_load_disabled is 1, and the kernel never lets it be set back to 0",
        ),
        (
            "/proc/sys/kernel/kexec_load_limit_reboot",
            "0\n",
            "the kexec load limit has been reached: kernel.kexec_load_limit_reboot is 0 (load-limit)",
            "reboot: only that resets kernel.kexec_load_limit_reboot and kernel.kexec_load_limit_panic",
            "each load and each unload counts against the limit, even one that fails, and the kernel never lets the limit be raised",
        ),
    ];
    for (path, text, what, advice, why) in unpermitted {
        let lab = Lab::new();
        lab.system(path, text);
        let answer = format!("  kernel: Operation not permitted (EPERM): {why}\n");
        let wanted = format!("skexec: {{}}/vmlinuz: {what}\n  do: {advice}\n{answer}");
        assert_eq!(lab.run(LOAD), refusal(5, &wanted), "{path}");
        assert!(lab.kernel.calls.borrow().is_empty(), "{path}");
    }
}

#[test]
fn the_kernels_answer_is_explained() {
    use nix::libc::{EACCES, EADDRNOTAVAIL, EBUSY, EINVAL, ENODATA, ENOKEY, ENOMEM, ENOSYS, EPERM, ETXTBSY};
    let rows = [
        (EBUSY, 5, "busy"),
        (ETXTBSY, 5, "open-for-writing"),
        (ENOSYS, 5, "no-kexec-file"),
        (EADDRNOTAVAIL, 4, "no-memory-hole"),
        (EACCES, 5, "ima"),
        (ENOKEY, 5, "lockdown"),
        (ENODATA, 3, "unsigned"),
        (ENOMEM, 4, "out-of-memory"),
        // The facts of this machine exclude every cause.
        (EPERM, 5, "kernel-refused"),
        (EINVAL, 5, "kernel-refused"),
        (524, 5, "kernel-refused"),
    ];
    for (errno, exit, reason) in rows {
        let lab = Lab::new();
        *lab.kernel.answer.borrow_mut() = errno;
        let run = lab.run(&format!("{LOAD} --json"));
        let json = run.json();
        assert_eq!((run.exit, json["reason"].as_str()), (exit, Some(reason)), "{errno}");
        // The words of the C library, for those who match them.
        let words = skexec::reason::Errno::describe(errno);
        assert!(json["message"].as_str().unwrap().contains(&format!("the kernel answered {words}")), "{json}");
        assert!(skexec::record::read(lab.root(), skexec::system::Slot::Reboot).unwrap().is_none());
        assert_eq!(std::fs::read_dir(lab.root().path("/run/skexec")).unwrap().count(), 1, "only the lock is left");
    }
}

/// What another process did between the checks and the call is seen after it.
#[test]
fn the_facts_are_read_again_after_the_call() {
    let lab = Lab::new();
    lab.system("/proc/self/status", "CapEff:\t000001ffffffffff\nSeccomp:\t2\n");
    *lab.kernel.answer.borrow_mut() = nix::libc::EPERM;
    let run = lab.run(LOAD);
    let advice =
        "run skexec outside the container or sandbox; for a systemd unit, let SystemCallFilter= permit @reboot";
    let wanted = format!(
        "skexec: {{}}/vmlinuz: a seccomp filter does not permit the call: the kernel answered Operation not permitted (EPERM) (seccomp)\n  \
         do: {advice}\n  kernel: a seccomp filter of this process, such as a container's or SystemCallFilter= of a unit, answers in \
         place of the kernel\n"
    );
    assert_eq!(run, refusal(5, &wanted));
    lab.system("/proc/sys/kernel/kexec_load_limit_reboot", "2\n");
    *lab.kernel.counter.borrow_mut() = Some(lab.root().path("/proc/sys/kernel/kexec_load_limit_reboot"));
    // The first call leaves one, the second none: that it took the last one does not explain its own failure.
    for wanted in ["seccomp", "seccomp", "load-limit"] {
        let run = lab.run(&format!("{LOAD} --json"));
        assert_eq!((run.exit, run.json()["reason"].as_str()), (5, Some(wanted)), "{run:?}");
    }
}

/// The refusals that stand for an answer of the kernel say it in the C library's words.
#[test]
fn a_refused_signature_has_the_kernels_words() {
    let lab = Lab::new();
    lab.file("unsigned", &forge::unsigned_bzimage());
    let mut flipped = forge::signed_bzimage();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    lab.file("flipped", &flipped);
    let zeros = forge::cases().into_iter().find(|case| case.name == "A064_p7_sig_zero").unwrap();
    lab.file("zeros", &zeros.image);
    let rows = [
        ("vmlinuz", "unknown-signer", "Required key not available (ENOKEY)"),
        ("unsigned", "unsigned", "No data available (ENODATA)"),
        ("flipped --keys {}/root.pem", "digest-mismatch", "Key was rejected by service (EKEYREJECTED)"),
        (
            "zeros --keys {}/root.pem",
            "bad-signature",
            "Key was rejected by service (EKEYREJECTED) or Invalid argument (EINVAL)",
        ),
    ];
    for (file, reason, words) in rows {
        let run = lab.run(&format!("load --no-initrd --no-cmdline {{}}/{file}"));
        let (sentence, answer) = (run.err.lines().next().unwrap(), run.err.lines().nth(2).unwrap());
        assert!(sentence.ends_with(&format!("({reason})")), "{run:?}");
        assert!(answer.starts_with(&format!("  kernel: {words}")), "{run:?}");
        // No call would be made.
        let run = lab.run(&format!("load --no-initrd --no-cmdline --dry-run {{}}/{file}"));
        assert_eq!(run.err.lines().count(), 2, "{run:?}");
    }
}

/// Well signed, but the kernel's loader takes neither.
#[test]
fn what_the_kernels_loader_does_not_take() {
    let lab = Lab::new();
    lab.system("/proc/cpuinfo", "flags\t\t: fpu la57\n");
    let four_level = BzImage { xloadflags: 0x13, ..BzImage::default() };
    lab.file("four", &Recipe::new().image(four_level.build()).build());
    let vmlinux = Vmlinux::default().build();
    lab.file("elf", &vmlinux);
    lab.file("elf.p7s", &forge::detached(&vmlinux, &forge::pki::signer()));
    for (file, reason) in [("four", "no-5level"), ("elf --signature {}/elf.p7s --method file", "unsupported-format")] {
        let run = lab.run(&format!("load --no-initrd --no-cmdline --keys {{}}/root.pem {{}}/{file}"));
        assert!(run.exit == 4 && run.err.contains(&format!("({reason})\n")), "{run:?}");
        assert!(run.err.contains("\n  kernel: Exec format error (ENOEXEC): "), "{run:?}");
    }
    assert!(lab.kernel.calls.borrow().is_empty());
}

#[test]
fn what_does_not_fit_is_said_before_the_call() {
    let lab = Lab::new();
    lab.system("/proc/meminfo", "MemTotal:        65536 kB\n");
    let initrd = lab.path("big");
    std::fs::File::create(&initrd).unwrap().set_len(40 << 20).unwrap();
    let run = lab.run("load {}/vmlinuz --initrd {}/big --no-cmdline --keys {}/root.pem");
    assert!(run.exit == 4 && run.err.contains("(half-of-ram)") && run.err.contains("the limit is 32 MiB"), "{run:?}");
    // It would fit, but what it is made from would not: the running kernel would kill a process.
    let free = |available: u64, swap: u64| {
        let text = format!("MemTotal: 1048576 kB\nMemAvailable: {available} kB\nSwapFree: {swap} kB\n");
        lab.system("/proc/meminfo", &text);
        lab.run("load {}/vmlinuz --initrd {}/big --no-cmdline --keys {}/root.pem")
    };
    let run = free(90 << 10, 0);
    let seen = "the load takes 92 MiB, for an initrd of 40 MiB, and 90 MiB can be had (out-of-memory)";
    assert!(run.exit == 4 && run.err.contains(seen), "{run:?}");
    assert!(lab.kernel.calls.borrow().is_empty());
    assert_eq!((free(93 << 10, 0).exit, free(90 << 10, 3 << 10).exit), (0, 0));
    lab.kernel.calls.borrow_mut().clear();
    lab.system("/proc/meminfo", "MemTotal:        65536 kB\n");
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
