//! `skexec refresh --hardware`: the crash kernel is loaded again when processors or memory have come or gone; and the udev rule that
//! asks for it.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use skexec::record::{self, Record};
use skexec::system::Slot;
use support::{Call, LOAD, Lab, Run};

const RAM: &str =
    "00001000-0009fbff : System RAM\n00100000-3fffffff : System RAM\n  2b000000-3affffff : Crash kernel\n";
const HOTPLUG: &str = "/sys/devices/system/cpu/crash_hotplug";

/// A machine of this release, whose crash kernel was loaded by this command.
fn loaded(release: &str, line: &str) -> Lab {
    loaded_in(Lab::new(), release, line)
}

fn loaded_in(lab: Lab, release: &str, line: &str) -> Lab {
    lab.system("/proc/sys/kernel/osrelease", &format!("{release}\n"));
    lab.system(&format!("/boot/config-{release}"), "CONFIG_KEXEC=y\nCONFIG_KEXEC_FILE=y\nCONFIG_KEXEC_SIG=y\n");
    lab.system("/sys/kernel/kexec_crash_size", "268435456\n");
    lab.system("/proc/iomem", RAM);
    cpu(&lab, 0);
    let run = lab.run(line);
    assert_eq!(run.exit, 0, "{run:?}");
    lab.system("/sys/kernel/kexec_crash_loaded", "1\n");
    lab.kernel.calls.borrow_mut().clear();
    lab
}

fn by_path() -> Lab {
    loaded("6.1.0-test", &format!("{LOAD} --panic"))
}

fn cpu(lab: &Lab, number: u32) {
    let folder = format!("/sys/devices/system/cpu/cpu{number}");
    lab.system(&format!("{folder}/crash_notes"), &format!("{:x}\n", 0x3fc5_1a00 + 0x1_0000 * number));
    lab.system(&format!("{folder}/crash_notes_size"), "376\n");
}

fn loads(lab: &Lab) -> usize {
    let calls = std::mem::take(&mut *lab.kernel.calls.borrow_mut());
    assert!(calls.iter().all(|call| matches!(call, Call::Load { flags: 2, .. })), "{calls:?}");
    calls.len()
}

fn record(lab: &Lab) -> Record {
    record::read(lab.root(), Slot::Panic).unwrap().unwrap()
}

fn left(why: &str) -> Run {
    Run { exit: 0, out: format!("the crash kernel is left as it is: {why}\n"), err: String::new() }
}

const SAME: &str = "its headers name the processors and the memory that there are";

#[test]
fn a_crash_kernel_is_loaded_again_once_for_all_that_has_come() {
    let lab = by_path();
    assert_eq!(lab.run("refresh --hardware"), left(SAME));
    cpu(&lab, 1);
    cpu(&lab, 2);
    lab.system("/proc/iomem", &format!("{RAM}100000000-107ffffff : System RAM\n"));
    let before = record(&lab);
    let run = lab.run("refresh --hardware");
    assert!(run.exit == 0 && run.out.starts_with("{}/vmlinuz: loaded by kexec_file_load"), "{run:?}");
    assert_eq!(loads(&lab), 1);
    assert_ne!(record(&lab).hardware, before.hardware);
    assert_eq!(lab.run("refresh --hardware"), left(SAME));
    std::fs::remove_dir_all(lab.root().path("/sys/devices/system/cpu/cpu2")).unwrap();
    let document = lab.run("refresh --hardware --json").json();
    assert_eq!(
        (&document["refreshed"][0]["slot"], &document["refreshed"][0]["result"]),
        (&"panic".into(), &"loaded".into())
    );
    assert_eq!(loads(&lab), 1);
    // A new file is none of the hardware's; and a load by a path does not follow its file.
    lab.file("vmlinuz", &forge::signed_bzimage());
    assert_eq!(lab.run("refresh --hardware"), left(SAME));
    assert_eq!(lab.run("refresh").out, "no kernel is loaded, and none is to be\n");
    assert_eq!(loads(&lab), 0);
}

#[test]
fn what_the_kernel_does_itself_is_not_done_again() {
    let lab = loaded("6.12.0-test", &format!("{LOAD} --panic"));
    lab.system(HOTPLUG, "1\n");
    cpu(&lab, 1);
    let kept = "the running kernel keeps the headers of the dump up to date";
    assert_eq!(lab.run("refresh --hardware"), left(kept));
    lab.system(HOTPLUG, "0\n");
    assert_eq!(lab.run("refresh --hardware").exit, 0);
    assert_eq!(loads(&lab), 1);
}

#[test]
fn what_cannot_be_loaded_again_is_left() {
    let lab = by_path();
    cpu(&lab, 1);
    lab.system("/etc/skexec/policy.toml", "refresh = \"never\"\n");
    assert_eq!(lab.run("refresh --hardware"), left("the policy sets refresh = \"never\""));
    lab.system("/etc/skexec/policy.toml", "");
    lab.system("/proc/iomem", "00000000-00000000 : System RAM\n");
    assert_eq!(lab.run("refresh --hardware"), left("which processors and which memory there are cannot be read"));
    lab.system("/proc/iomem", RAM);
    lab.system("/sys/kernel/kexec_crash_loaded", "0\n");
    assert_eq!(lab.run("refresh --hardware").out, "no crash kernel is loaded\n");
    lab.system("/sys/kernel/kexec_crash_loaded", "1\n");
    std::fs::remove_file(lab.root().path("/run/skexec/loaded-panic.json")).unwrap();
    assert_eq!(lab.run("refresh --hardware"), left("skexec did not load it"));
    assert_eq!(loads(&lab), 0);

    let lab = by_path();
    cpu(&lab, 1);
    lab.file("vmlinuz", &forge::unsigned_bzimage());
    let run = lab.run("refresh --hardware");
    assert!(run.exit == 3 && run.err.contains("(unsigned)"), "{run:?}");
    assert_eq!(loads(&lab), 0);
    std::fs::remove_file(lab.path("vmlinuz")).unwrap();
    assert_ne!(lab.run("refresh --hardware").exit, 0);
}

#[test]
fn what_comes_during_a_load_is_loaded_for_too() {
    let lab = by_path();
    cpu(&lab, 1);
    let cpus = lab.root().path("/sys/devices/system/cpu");
    *lab.kernel.plugs.borrow_mut() = Some((cpus.clone(), 2));
    assert_eq!(lab.run("refresh --hardware").exit, 0);
    assert_eq!(loads(&lab), 3);
    // It goes on without end: that is told.
    cpu(&lab, 2);
    *lab.kernel.plugs.borrow_mut() = Some((cpus.clone(), 90));
    let run = lab.run("refresh --hardware");
    assert!(run.exit == 5 && run.err.contains("during each of sixteen loads"), "{run:?}");
    assert_eq!(loads(&lab), 16);
}

#[test]
fn a_load_beside_that_of_another_program_is_tried_again() {
    let lab = by_path();
    cpu(&lab, 1);
    *lab.kernel.answer.borrow_mut() = nix::libc::EBUSY;
    let run = lab.run("refresh --hardware");
    assert!(run.exit == 5 && run.err.matches("(busy)").count() == 4, "{run:?}");
    assert_eq!(loads(&lab), 4);
}

#[test]
fn a_crash_kernel_that_the_call_took_is_loaded_again() {
    let lab = by_path();
    cpu(&lab, 1);
    let state = lab.root().path("/sys/kernel/kexec_crash_loaded");
    *lab.kernel.crash_loaded.borrow_mut() = Some(state);
    *lab.kernel.answer.borrow_mut() = nix::libc::ENOMEM;
    let run = lab.run("refresh --hardware");
    assert!(run.exit == 4 && run.err.matches("(out-of-memory)").count() == 4, "{run:?}");
    assert_eq!(loads(&lab), 4);
    assert_eq!(lab.run("refresh --hardware").out, "no crash kernel is loaded\n");
}

/// What udev knows of an event.
struct Event {
    subsystem: &'static str,
    action: &'static str,
    /// Files that are there.
    files: &'static [&'static str],
    crash_hotplug: Option<&'static str>,
}

const RECORD: &str = "/run/skexec/loaded-panic.json";
const SYSTEMD: &str = "/run/systemd/system";
const ALL: &[&str] = &[RECORD, SYSTEMD];

/// What the rules run at this event, read as udev(7) says; a word that is not known fails.
fn run_by(rules: &str, event: &Event) -> Vec<String> {
    let mut runs = Vec::new();
    let mut goal: Option<String> = None;
    for line in rules.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let mut applies = true;
        for word in line.split(", ") {
            let (left, value) = word.strip_suffix('"').unwrap().split_once('"').unwrap();
            let known = |wanted: &str| value.split('|').any(|one| one == wanted);
            match left {
                "LABEL=" => goal = goal.filter(|goal| goal != value),
                _ if goal.is_some() || !applies => {}
                "SUBSYSTEM!=" => applies = !known(event.subsystem),
                "ACTION!=" => applies = !known(event.action),
                "TEST!=" => applies = !event.files.contains(&value),
                "ATTRS{crash_hotplug}==" => applies = event.crash_hotplug == Some(value),
                "GOTO=" => goal = Some(value.to_owned()),
                "RUN+=" => runs.push(value.to_owned()),
                other => panic!("{other}"),
            }
        }
    }
    assert_eq!(goal, None, "every label is there");
    runs
}

#[test]
fn the_rule_starts_the_unit_when_it_is_needed() {
    let rules = include_str!("../dist/udev/60-skexec-hardware.rules");
    let unit = include_str!("../dist/systemd/skexec-hardware.service");
    assert!(unit.contains("\nExecStart=/usr/sbin/skexec refresh --hardware --quiet\n") && unit.contains(RECORD));
    assert!(unit.contains("\nRestart=on-abnormal\n"));
    let rows = [
        (Event { subsystem: "cpu", action: "add", files: ALL, crash_hotplug: None }, true),
        (Event { subsystem: "cpu", action: "remove", files: ALL, crash_hotplug: Some("0") }, true),
        (Event { subsystem: "memory", action: "online", files: ALL, crash_hotplug: None }, true),
        (Event { subsystem: "memory", action: "offline", files: ALL, crash_hotplug: None }, true),
        (Event { subsystem: "memory", action: "add", files: ALL, crash_hotplug: Some("1") }, false),
        (Event { subsystem: "memory", action: "change", files: ALL, crash_hotplug: None }, false),
        (Event { subsystem: "block", action: "add", files: ALL, crash_hotplug: None }, false),
        (Event { subsystem: "cpu", action: "add", files: &[SYSTEMD], crash_hotplug: None }, false),
        (Event { subsystem: "cpu", action: "add", files: &[RECORD], crash_hotplug: None }, false),
    ];
    let start = "/usr/bin/systemctl --no-block start skexec-hardware.service";
    for (event, starts) in rows {
        let wanted = if starts { &[start][..] } else { &[] };
        assert_eq!(run_by(rules, &event), wanted, "{} {} {:?}", event.subsystem, event.action, event.files);
    }
}

/// The kernel frees the old crash kernel before it reads the new one. A record of the load is what is left.
#[test]
fn a_crash_kernel_that_a_killed_load_has_given_up_is_loaded_again() {
    let lab = Lab::new();
    lab.system("/proc/sys/kernel/random/boot_id", "one\n");
    let lab = loaded_in(lab, "6.1.0-test", &format!("{LOAD} --panic"));
    let path = lab.root().path("/run/skexec/loaded-panic.json");
    let mut begun: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let begin = |begun: &serde_json::Value| {
        std::fs::write(lab.root().path("/run/skexec/loaded-panic.json.begun"), begun.to_string()).unwrap();
    };
    lab.system("/sys/kernel/kexec_crash_loaded", "0\n");
    for (replaces, boot) in [(false, "one"), (true, "another")] {
        begun["replaces"] = replaces.into();
        begun["boot_id"] = boot.into();
        begin(&begun);
        assert_eq!(lab.run("refresh --hardware").out, "no crash kernel is loaded\n", "{replaces} {boot}");
        assert_eq!(loads(&lab), 0);
    }
    begun["boot_id"] = "one".into();
    begin(&begun);
    let run = lab.run("refresh --hardware");
    assert!(run.exit == 0 && run.out.starts_with("{}/vmlinuz: loaded by kexec_file_load"), "{run:?}");
    assert!(loads(&lab) > 0);
    assert!(!lab.root().has("/run/skexec/loaded-panic.json.begun"));
}

/// Only after the kernel has given up the old crash kernel would it find out.
#[test]
fn a_crash_kernel_that_the_last_range_has_no_place_for_is_refused() {
    let lab = by_path();
    lab.system("/sys/kernel/crash_elfcorehdr_size", "475136\n");
    let low = "00100000-3fffffff : System RAM\n  2b000000-3affffff : Crash kernel\n";
    for (size, exit) in [("1fffff", 4), ("3fffff", 0)] {
        let high = format!("100000000-17fffffff : System RAM\n  100000000-100{size} : Crash kernel\n");
        lab.system("/proc/iomem", &format!("{low}{high}"));
        let run = lab.run(&format!("{LOAD} --panic"));
        assert_eq!((run.exit, run.err.contains("(crash-too-small)")), (exit, exit != 0), "{size}: {run:?}");
        assert_eq!(loads(&lab), usize::from(exit == 0));
    }
}
