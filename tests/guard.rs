//! Another program loads or unloads a kernel after skexec: the kernel's counter reveals it. `load --lock` prevents it.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::unistd::write;
use skexec::record::{self, Record};
use skexec::system::Slot;
use std::fs;
use std::os::fd::AsRawFd;
use support::{Call, LOAD, Lab};

const COUNTER: &str = "/proc/sys/kernel/kexec_load_limit_reboot";
const DISABLED: &str = "/proc/sys/kernel/kexec_load_disabled";
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// A machine whose kernel can count (Linux 6.3 and later).
fn counting(value: &str) -> Lab {
    let lab = Lab::new();
    lab.system(COUNTER, value);
    *lab.kernel.counter.borrow_mut() = Some(lab.root().path(COUNTER));
    lab
}

fn counter(lab: &Lab) -> String {
    fs::read_to_string(lab.root().path(COUNTER)).unwrap()
}

fn recorded(lab: &Lab) -> Option<Record> {
    record::read(lab.root(), Slot::Reboot).unwrap()
}

fn loaded(lab: &Lab) -> String {
    let run = lab.run("status");
    run.out.lines().find_map(|line| line.strip_prefix("  loaded   ")).unwrap().to_owned()
}

fn standing(lab: &Lab) -> Option<String> {
    let json = lab.run("status --json").json();
    let standing = json["reboot"]["standing"].as_str().map(Into::into);
    assert_eq!(
        json["reboot"]["record"].is_null(),
        standing.as_deref() != Some("proved") && standing.as_deref() != Some("unproved")
    );
    standing
}

#[test]
fn what_another_program_loads_is_noticed() {
    let lab = counting("-1\n");
    assert_eq!(lab.run(&format!("{LOAD} --count-loads")).exit, 0);
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    assert_eq!((counter(&lab).as_str(), recorded(&lab).unwrap().loads_left), ("999999\n", Some(999_999)));
    assert_eq!(standing(&lab).as_deref(), Some("proved"));
    assert!(loaded(&lab).starts_with("{}/vmlinuz ("), "{}", loaded(&lab));

    // kexec-tools loads another image.
    lab.system(COUNTER, "999998\n");
    assert_eq!(standing(&lab).as_deref(), Some("contradicted"));
    let why = "another program has loaded or unloaded a kernel since: kernel.kexec_load_limit_reboot is 999998, and was \
               999999 after skexec's load";
    assert_eq!(loaded(&lab), format!("not what skexec loaded ({{}}/vmlinuz): {why}"));
    lab.kernel.calls.borrow_mut().clear();
    let run = lab.run("exec --force");
    let wanted = format!(
        "skexec: a kernel is loaded, but it may not be the one that skexec recorded: {why} (record-contradicted)\n  \
         do: load the kernel again with skexec, or boot the unknown one with --foreign\n"
    );
    assert_eq!((run.exit, run.err), (1, wanted));
    assert!(lab.kernel.calls.borrow().is_empty());
    lab.run("exec --force --foreign");
    assert_eq!(lab.kernel.calls.borrow().as_slice(), [Call::Jump]);

    // After another load by skexec the record is valid again; the counter is set already.
    assert_eq!(lab.run(&format!("{LOAD} --count-loads")).exit, 0);
    assert_eq!((counter(&lab).as_str(), standing(&lab).as_deref()), ("999997\n", Some("proved")));
    lab.run("exec --force");
    assert_eq!(lab.kernel.calls.borrow().last(), Some(&Call::Jump));
}

#[test]
fn a_call_that_changes_nothing_does_not_contradict_the_record() {
    let lab = counting("100\n");
    assert_eq!(lab.run(LOAD).exit, 0);
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    *lab.kernel.answer.borrow_mut() = nix::libc::EINVAL;
    for (line, left) in [(LOAD, "98\n"), ("unload", "97\n")] {
        assert_eq!(lab.run(line).exit, 5, "{line}");
        assert_eq!((counter(&lab).as_str(), standing(&lab).as_deref()), (left, Some("proved")), "{line}");
    }
    // A record that was contradicted before stays contradicted.
    lab.system(COUNTER, "96\n");
    for line in [LOAD, "unload"] {
        assert_eq!((lab.run(line).exit, standing(&lab).as_deref()), (5, Some("contradicted")), "{line}");
    }
    *lab.kernel.answer.borrow_mut() = 0;
    assert_eq!(lab.run("unload").exit, 0);
    assert_eq!(standing(&lab), None);
}

#[test]
fn the_record_of_an_image_that_is_gone_does_not_outlive_a_load_that_fails() {
    let lab = Lab::new();
    assert_eq!(lab.run(LOAD).exit, 0);
    // Another program unloads it, skexec fails to load, and the other program loads something.
    lab.system("/sys/kernel/kexec_loaded", "0\n");
    *lab.kernel.answer.borrow_mut() = nix::libc::EINVAL;
    assert_eq!(lab.run(LOAD).exit, 5);
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    lab.kernel.calls.borrow_mut().clear();
    let run = lab.run("exec --force");
    assert!(run.exit == 1 && run.err.contains("(foreign-image)"), "{run:?}");
    assert!(lab.kernel.calls.borrow().is_empty());
}

#[test]
fn where_nothing_counts_it_was_last_loaded_by_skexec() {
    for value in [Some("-1\n"), None] {
        let lab = Lab::new();
        if let Some(value) = value {
            lab.system(COUNTER, value);
        }
        assert_eq!(lab.run(LOAD).exit, 0);
        lab.system("/sys/kernel/kexec_loaded", "1\n");
        assert_eq!((standing(&lab).as_deref(), recorded(&lab).unwrap().loads_left), (Some("unproved"), None));
        assert!(loaded(&lab).starts_with("last loaded by skexec: {}/vmlinuz ("), "{}", loaded(&lab));
        lab.run("exec --force");
        assert_eq!(lab.kernel.calls.borrow().last(), Some(&Call::Jump));
    }
    let lab = Lab::new();
    let run = lab.run(&format!("{LOAD} --count-loads"));
    let wanted = "skexec: warning: --count-loads has no effect: the running kernel cannot count loads (Linux 6.3 and later can) \
                  (no-effect)\n";
    assert_eq!((run.exit, run.err.as_str()), (0, wanted));
}

#[test]
fn a_record_of_an_earlier_boot_boots_nothing() {
    let lab = Lab::new();
    lab.system(BOOT_ID, "11111111-2222-3333-4444-555555555555\n");
    assert_eq!(lab.run(LOAD).exit, 0);
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    assert_eq!(standing(&lab).as_deref(), Some("unproved"));
    lab.system(BOOT_ID, "66666666-2222-3333-4444-555555555555\n");
    assert_eq!(standing(&lab).as_deref(), Some("contradicted"));
    lab.kernel.calls.borrow_mut().clear();
    let run = lab.run("exec --force");
    assert!(run.exit == 1 && run.err.contains("skexec recorded it before this boot (record-contradicted)"), "{run:?}");
    assert!(lab.kernel.calls.borrow().is_empty());
}

#[test]
fn a_lock_keeps_what_was_loaded() {
    let lab = Lab::new();
    let run = lab.run(&format!("{LOAD} --lock --dry-run"));
    assert_eq!((run.exit, fs::read_to_string(lab.root().path(DISABLED)).unwrap().as_str()), (0, "0\n"));
    let run = lab.run(&format!("{LOAD} --lock"));
    let wanted = "{}/vmlinuz: loaded by kexec_file_load, signed by O=skexec tests, CN=skexec test signer; locked: until the \
                  next boot no kernel can be loaded or unloaded on this machine, not even a crash kernel\n";
    assert_eq!((run.exit, run.out.as_str(), run.err.as_str()), (0, wanted, ""));
    assert_eq!(fs::read_to_string(lab.root().path(DISABLED)).unwrap(), "1\n");
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    // This kernel cannot count: another program could have loaded between the load and the lock.
    assert_eq!((standing(&lab).as_deref(), recorded(&lab).unwrap().locked), (Some("unproved"), true));
    for line in [LOAD, "unload"] {
        let run = lab.run(line);
        assert!(run.exit == 5 && run.err.contains("(kexec-disabled)"), "{run:?}");
    }
    lab.run("exec --force");
    assert_eq!(lab.kernel.calls.borrow().last(), Some(&Call::Jump));

    // One that can is made to.
    let lab = Lab::new();
    lab.system(COUNTER, "-1\n");
    *lab.kernel.counter.borrow_mut() = Some(lab.root().path(COUNTER));
    let json = lab.run(&format!("{LOAD} --lock --json")).json();
    assert_eq!((json["loaded"].as_bool(), json["locked"].as_bool()), (Some(true), Some(true)));
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    assert_eq!((standing(&lab).as_deref(), recorded(&lab).unwrap().loads_left), (Some("proved"), Some(999_999)));
    let json = lab.run(&format!("{LOAD} --dry-run --json")).json();
    assert!(json["locked"].is_null());
}

#[test]
fn a_lock_that_fails_is_told_and_the_kernel_stays_loaded() {
    let lab = Lab::new();
    // It can be opened, but takes nothing.
    fs::remove_file(lab.root().path(DISABLED)).unwrap();
    std::os::unix::fs::symlink("/dev/full", lab.root().path(DISABLED)).unwrap();
    let run = lab.run(&format!("{LOAD} --lock"));
    assert_eq!(run.exit, 1);
    assert!(run.out.ends_with("signed by O=skexec tests, CN=skexec test signer; NOT LOCKED\n"), "{run:?}");
    let wanted = "skexec: warning: the kernel is loaded but not locked, because kernel.kexec_load_disabled cannot be set (No \
                  space left on device (os error 28)): another program can still replace it (not-locked)\n";
    assert_eq!(run.err, wanted);
    assert!(!recorded(&lab).unwrap().locked);
    let json = lab.run(&format!("{LOAD} --lock --json")).json();
    assert_eq!((json["loaded"].as_bool(), json["locked"].as_bool()), (Some(true), Some(false)));
    assert_eq!((json["verdict"].as_str(), json["warnings"][0].as_str()), (Some("trusted"), Some("not-locked")));

    // Where it is known before the load that it cannot be locked, nothing is loaded.
    let lab = Lab::new();
    fs::remove_file(lab.root().path(DISABLED)).unwrap();
    let run = lab.run(&format!("{LOAD} --lock"));
    assert!(run.exit == 1 && run.err.contains("cannot set kernel.kexec_load_disabled for --lock"), "{run:?}");
    assert!(lab.kernel.calls.borrow().is_empty());

    // Where loads cannot be counted as asked for, nothing is loaded.
    let lab = Lab::new();
    // It can be read, but not even root can change it.
    let sealed = memfd_create("counter", MFdFlags::MFD_ALLOW_SEALING).unwrap();
    write(&sealed, b"-1\n").unwrap();
    fcntl(&sealed, FcntlArg::F_ADD_SEALS(SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_SHRINK)).unwrap();
    let place = lab.root().path(COUNTER);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(format!("/proc/self/fd/{}", sealed.as_raw_fd()), place).unwrap();
    let run = lab.run(&format!("{LOAD} --count-loads"));
    assert!(run.exit == 1 && run.err.contains("cannot let the kernel count loads; nothing was loaded"), "{run:?}");
    assert!(lab.kernel.calls.borrow().is_empty());
}

/// What a load leaves that is killed before it can record what the kernel took.
fn killed(lab: &Lab, name: &str, replaces: bool) {
    let record = fs::read_to_string(lab.root().path("/run/skexec/loaded.json")).unwrap();
    let mut begun: serde_json::Value =
        serde_json::from_str(&record.replace("/vmlinuz\"", &format!("/{name}\""))).unwrap();
    begun["replaces"] = replaces.into();
    lab.system("/run/skexec/loaded.json.begun", &begun.to_string());
}

#[test]
fn what_a_killed_load_left_is_vouched_for_where_the_kernel_shows_what_it_is() {
    // There was no image before, and there is one now.
    let lab = Lab::new();
    lab.run(LOAD);
    killed(&lab, "new", false);
    fs::remove_file(lab.root().path("/run/skexec/loaded.json")).unwrap();
    assert_eq!(lab.run("status --json").json()["reboot"]["record"], serde_json::Value::Null, "nothing is loaded");
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    let status = lab.run("status --json").json();
    assert!(status["reboot"]["record"]["kernel"].as_str().is_some_and(|path| path.ends_with("/new")), "{status}");
    assert_eq!(standing(&lab).as_deref(), Some("unproved"));
    lab.run("exec --force");
    assert_eq!(lab.kernel.calls.borrow().last(), Some(&Call::Jump));
    assert!(!lab.root().path("/run/skexec/loaded.json.begun").exists());
    assert!(recorded(&lab).unwrap().kernel.ends_with("/new"));

    // One image in the place of another: both were verified, and which one it is nothing shows.
    let lab = Lab::new();
    lab.run(LOAD);
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    killed(&lab, "new", true);
    let run = lab.run("exec --force");
    let seen = "a load of {}/new was ended before skexec could record it, or has not ended yet: nothing shows whether the kernel \
                holds it or {}/vmlinuz (record-contradicted)";
    assert!(run.exit == 1 && run.err.contains(seen), "{run:?}");
    assert_eq!(standing(&lab).as_deref(), Some("contradicted"));
    assert!(lab.run("status").out.contains("nothing shows whether the kernel holds it"));
    // A load that fails does not make the old record true again.
    *lab.kernel.answer.borrow_mut() = 22;
    assert_ne!(lab.run(LOAD).exit, 0);
    assert!(lab.run("exec --force").err.contains("(foreign-image)"));
    *lab.kernel.answer.borrow_mut() = 0;
    assert_eq!(lab.run(LOAD).exit, 0);
    assert_eq!(standing(&lab).as_deref(), Some("unproved"));

    // A counter that has not moved proves that the kernel was not called.
    let lab = Lab::new();
    lab.system(COUNTER, "9\n");
    *lab.kernel.counter.borrow_mut() = Some(lab.root().path(COUNTER));
    lab.run(LOAD);
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    killed(&lab, "new", true);
    let begun = lab.root().path("/run/skexec/loaded.json.begun");
    fs::write(&begun, fs::read_to_string(&begun).unwrap().replace("\"loads_left\":8", "\"loads_left\":7")).unwrap();
    assert_eq!((standing(&lab).as_deref(), recorded(&lab).unwrap().loads_left), (Some("proved"), Some(8)));
    lab.system(COUNTER, "7\n");
    assert_eq!(standing(&lab).as_deref(), Some("contradicted"));
    lab.system(COUNTER, "8\n");
    lab.run("exec --force");
    assert_eq!((lab.kernel.calls.borrow().last(), begun.exists()), (Some(&Call::Jump), false));
}

#[test]
fn what_is_no_record_of_a_load_vouches_for_nothing() {
    let lab = Lab::new();
    lab.run(LOAD);
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    lab.system("/run/skexec/loaded.json.begun", "{");
    assert!(lab.run("exec --force").err.contains("(foreign-image)"));
    assert_eq!(lab.run(LOAD).exit, 0);
    assert_eq!(standing(&lab).as_deref(), Some("unproved"));
}

#[test]
fn a_record_that_cannot_be_understood_boots_nothing() {
    let lab = Lab::new();
    lab.run(LOAD);
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    let good = fs::read_to_string(lab.root().path("/run/skexec/loaded.json")).unwrap();
    for (text, why) in [
        (good.replace("\"schema\": 1", "\"schema\": 9"), "it has schema 9, which this skexec does not know"),
        ("{}".to_owned(), "missing field"),
    ] {
        lab.system("/run/skexec/loaded.json", &text);
        lab.kernel.calls.borrow_mut().clear();
        let run = lab.run("exec --force");
        assert!(run.exit == 1 && run.err.contains(why) && run.err.contains("(record-contradicted)"), "{run:?}");
        assert!(lab.kernel.calls.borrow().is_empty());
        assert!(lab.run("status").out.contains("a kernel, but skexec's record of it cannot be read"), "{why}");
        lab.run("exec --force --foreign");
        assert_eq!(lab.kernel.calls.borrow().last(), Some(&Call::Jump));
    }
}

#[test]
fn a_jump_that_failed_is_not_expected_to_have_been_made() {
    let lab = Lab::new();
    lab.system(BOOT_ID, "one\n");
    assert_eq!(lab.run(LOAD).exit, 0);
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    let run = lab.run("exec --force");
    assert!(run.exit != 0 && lab.kernel.calls.borrow().contains(&Call::Jump), "{run:?}");
    let note = fs::read_to_string(lab.root().path("/var/lib/skexec/next.json")).unwrap();
    assert!(note.contains("\"exec\": null") && note.contains("\"kernel_sha256\""), "{note}");
}
