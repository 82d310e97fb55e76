//! The choice of the method, and refusals before and after the call.

use crate::machine::{IMA, KHO, SEGMENTS, call, lab};
use crate::support::{Call, LOAD};
use serde_json::json;

#[test]
fn auto_takes_files_where_it_can_and_says_why_not() {
    let lab = lab();
    assert!(lab.run(LOAD).out.contains("loaded by kexec_file_load"));
    lab.kernel.calls.borrow_mut().clear();
    lab.system("/boot/config-6.12.0-test", "CONFIG_KEXEC=y\n");
    let run = lab.run(LOAD);
    assert!(
        run.exit == 0 && run.out.contains("loaded by kexec_load (the running kernel has no kexec_file_load)"),
        "{run:?}"
    );
    assert!(matches!(lab.kernel.calls.borrow().as_slice(), [Call::Segments { .. }]));
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    lab.kernel.calls.borrow_mut().clear();
    assert_eq!(lab.run("unload").exit, 0);
    assert_eq!(*lab.kernel.calls.borrow(), [Call::SegmentsUnload { panic: false }]);
}

#[test]
fn what_forbids_segments_is_said_before_the_call() {
    let rows: &[(&str, &str, &str, u8)] = &[
        ("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n", "segments-forbidden", 5),
        ("/boot/config-6.12.0-test", "CONFIG_KEXEC_FILE=y\n", "no-kexec-load", 5),
        ("/proc/iomem", "00000000-00000000 : System RAM\n00000000-00000000 : Reserved\n", "memory-map", 5),
        ("/proc/iomem", "", "memory-map", 5),
        ("/proc/meminfo", "MemTotal: 256 kB\n", "half-of-ram", 4),
        ("/boot/config-6.12.0-test", KHO, "kexec-handover", 5),
        ("/proc/cpuinfo", "flags\t\t: fpu hypervisor sev_es\n", "confidential-guest", 5),
        ("/proc/sys/kernel/kexec_load_disabled", "1\n", "kexec-disabled", 5),
        ("/boot/config-6.12.0-test", IMA, "segments-forbidden", 5),
        ("/proc/sys/kernel/loadpin/enforce", "1\n", "segments-forbidden", 5),
    ];
    for (path, text, slug, exit) in rows {
        let lab = lab();
        lab.system(path, text);
        let run = lab.run(&format!("{SEGMENTS} --json"));
        assert_eq!((run.exit, run.json()["reason"].as_str()), (*exit, Some(*slug)), "{path}: {run:?}");
        assert!(lab.kernel.calls.borrow().is_empty(), "{path}");
    }
}

#[test]
fn bounds_are_kept() {
    let lab = lab();
    let run = lab.run(&format!("{SEGMENTS} --json --mem-min 256M --mem-max 0x1bffffff"));
    assert_eq!(run.exit, 0, "{run:?}");
    let (_, segments) = call(&lab);
    for (at, memory, _) in segments {
        assert!(at >= 0x1400_0000 && at + memory <= 0x1c00_0000, "{at:#x}");
    }
    let run = lab.run(&format!("{LOAD} --mem-max 1M"));
    assert!(run.exit == 0 && run.err.contains("(no-effect)"), "{run:?}");
    let run = lab.run(&format!("{SEGMENTS} --mem-max 1M"));
    let blamed = run.err.contains("--mem-max") && run.err.contains("(no-memory-hole)");
    assert!(run.exit == 4 && blamed, "{run:?}");
    // No segment may lie in memory that the next kernel must not use.
    let run = lab.run(&format!("{SEGMENTS} --append mem=64M --dry-run --json"));
    let segments = run.json()["plan"]["segments"].as_array().unwrap().clone();
    assert!(segments.iter().all(|segment| segment["addr"].as_u64().unwrap() < 64 << 20), "{segments:?}");
    let run = lab.run(&format!("{SEGMENTS} --append memmap=480M$32M --dry-run --json"));
    let segments = run.json()["plan"]["segments"].as_array().unwrap().clone();
    assert!(segments.iter().all(|segment| segment["addr"].as_u64().unwrap() < 32 << 20), "{segments:?}");
    assert_eq!(lab.run(&format!("{SEGMENTS} --mem-min 1X")).exit, 2);
    assert_eq!(lab.run(&format!("{SEGMENTS} --mem-min 32M --mem-max 16M")).exit, 2);
}

/// Without configuration and symbols, it is unknown which calls the kernel has.
#[test]
fn unload_finds_the_call_that_the_kernel_has() {
    let lab = lab();
    lab.system("/proc/sys/kernel/osrelease", "6.12.0-without-a-file\n");
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    lab.kernel.lacks_file_load.set(true);
    assert_eq!(lab.run("unload").exit, 0);
    let both = [Call::Unload { panic: false }, Call::SegmentsUnload { panic: false }];
    assert_eq!(*lab.kernel.calls.borrow(), both);
}

#[test]
fn a_failed_call_is_explained() {
    let rows = [
        (nix::libc::EPERM, "segments-forbidden"),
        (nix::libc::EACCES, "segments-forbidden"),
        (nix::libc::ENOSYS, "no-kexec-load"),
        (nix::libc::EBUSY, "busy"),
        (nix::libc::EINVAL, "kernel-refused"),
    ];
    for (errno, slug) in rows {
        let lab = lab();
        // Without this file, as without securityfs, nobody can see whether the kernel is locked down.
        lab.system("/sys/kernel/security/lockdown", "");
        *lab.kernel.answer.borrow_mut() = errno;
        let run = lab.run(&format!("{SEGMENTS} --json"));
        assert_eq!((run.json()["reason"].as_str(), &run.json()["loaded"]), (Some(slug), &json!(false)), "{run:?}");
        let message = run.json()["message"].to_string();
        for part in ["; entry 0x", "flags KEXEC_ARCH_X86_64, 5 segments: ", "kernel at 0x", "purgatory at 0x"] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
}

#[test]
fn what_is_too_large_is_not_copied_first() {
    let lab = lab();
    let initrd = std::fs::File::create(lab.path("initrd")).unwrap();
    initrd.set_len(1 << 40).unwrap();
    let run = lab.run(&format!("{SEGMENTS} --json"));
    assert_eq!((run.exit, run.json()["reason"].as_str()), (4, Some("half-of-ram")), "{run:?}");
}
