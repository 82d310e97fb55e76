//! Versions: what has booted, and what the policy demands, refuses older manifests.

use super::support::{Lab, Run, refusal};
use super::{BY_MANIFEST, CMDLINE, bind, lab};
use std::fs;

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
    lab.system("/var/lib/skexec/manifests.json.new/in-the-way", "");
    let run = lab.run(BY_MANIFEST);
    assert!(run.exit == 0 && run.err.contains("(version-not-kept)"), "{run:?}");
}
