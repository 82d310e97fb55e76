//! `exec --watchdog` where systemd shuts down: systemd is asked to arm the watchdog first, and nothing is begun where it does not.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[allow(dead_code, reason = "other tests use the rest")]
mod support;

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use support::{LOAD, Lab};

const CALLS: &str = "SKEXEC_TEST_CALLS";
const PROPERTY: &str =
    "org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager KExecWatchdogUSec";

/// Runs the test of this name again, where busctl and systemctl are scripts that note how they are called; returns the calls.
fn again(name: &str, busctl: &str) -> String {
    let lab = Lab::new();
    let calls = lab.file("calls", b"");
    for (program, then) in [("busctl", busctl), ("systemctl", "")] {
        let script = format!("#!/bin/sh\necho {program} \"$@\" >>${CALLS}\n{then}\n");
        let script = lab.file(&format!("bin/{program}"), script.as_bytes());
        std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([name, "--exact"]).env(CALLS, &calls).env("PATH", lab.path("bin"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    std::fs::read_to_string(calls).unwrap()
}

/// A machine with systemd, a watchdog and a loaded kernel.
fn machine() -> Lab {
    let lab = Lab::new();
    lab.system("/run/systemd/system/unit", "");
    lab.system("/sys/class/watchdog/watchdog0/identity", "test\n");
    lab.system("/sys/module/watchdog/parameters/stop_on_reboot", "0\n");
    lab.system("/proc/sys/kernel/random/boot_id", "one\n");
    assert_eq!(lab.run(LOAD).exit, 0);
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    lab
}

#[test]
fn systemd_arms_it_before_it_shuts_down() {
    if std::env::var_os(CALLS).is_none() {
        let calls = again("systemd_arms_it_before_it_shuts_down", "[ $1 = set-property ] || echo t 30000000");
        let wanted = format!(
            "busctl set-property {PROPERTY} t 30000000\nbusctl get-property {PROPERTY}\n\
             systemctl start --no-block --job-mode=replace-irreversibly kexec.target\n"
        );
        assert_eq!(calls, wanted);
        return;
    }
    let lab = machine();
    let run = lab.run("exec --watchdog 30");
    assert_eq!((run.exit, run.err.as_str()), (0, ""), "{run:?}");
    let note = std::fs::read(lab.root().path("/var/lib/skexec/next.json")).unwrap();
    let note: serde_json::Value = serde_json::from_slice(&note).unwrap();
    assert_eq!((&note["exec"]["watchdog"], &note["exec"]["clean"]), (&30.into(), &true.into()), "{note}");
}

#[test]
fn nothing_is_begun_where_systemd_does_not_arm_it() {
    const NAME: &str = "nothing_is_begun_where_systemd_does_not_arm_it";
    if std::env::var_os(CALLS).is_none() {
        for busctl in ["exit 1", "[ $1 = set-property ] || echo t 0"] {
            let calls = again(NAME, busctl);
            assert!(calls.contains("set-property") && !calls.contains("systemctl"), "{calls}");
        }
        return;
    }
    let lab = machine();
    let run = lab.run("exec --watchdog 30");
    assert!(run.exit == 1 && run.err.contains("cannot have systemd arm the watchdog"), "{run:?}");
    let note = std::fs::read_to_string(lab.root().path("/var/lib/skexec/next.json")).unwrap();
    assert!(note.contains("\"exec\": null"), "{note}");
}
