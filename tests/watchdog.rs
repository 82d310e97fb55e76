//! `exec --watchdog` where systemd shuts down: systemd is asked to arm the watchdog first, and nothing is begun where it does not.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use support::{LOAD, Lab, systemd};

const PROPERTY: &str =
    "org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager KExecWatchdogUSec";

/// A machine with systemd, a watchdog and a loaded kernel.
fn machine(busctl: &str) -> Lab {
    let lab = Lab::new();
    systemd::install(&lab);
    systemd::script(&lab, "busctl", busctl);
    lab.system("/sys/class/watchdog/watchdog0/identity", "test\n");
    lab.system("/sys/module/watchdog/parameters/stop_on_reboot", "0\n");
    lab.system("/proc/sys/kernel/random/boot_id", "one\n");
    assert_eq!(lab.run(LOAD).exit, 0);
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    lab
}

#[test]
fn systemd_arms_it_before_it_shuts_down() {
    let lab = machine("[ $1 = set-property ] || echo t 30000000");
    let run = lab.run("exec --watchdog 30");
    assert_eq!((run.exit, run.err.as_str()), (0, ""), "{run:?}");
    let wanted = [
        format!("set-property {PROPERTY} t 30000000"),
        format!("get-property {PROPERTY}"),
        "start --no-block --job-mode=replace-irreversibly kexec.target".to_owned(),
    ];
    assert_eq!(systemd::asked(&lab), wanted);
    let note = std::fs::read(lab.root().path("/var/lib/skexec/next.json")).unwrap();
    let note: serde_json::Value = serde_json::from_slice(&note).unwrap();
    assert_eq!((&note["exec"]["watchdog"], &note["exec"]["clean"]), (&30.into(), &true.into()), "{note}");
}

#[test]
fn nothing_is_begun_where_systemd_does_not_arm_it() {
    for busctl in ["exit 1", "[ $1 = set-property ] || echo t 0"] {
        let lab = machine(busctl);
        let run = lab.run("exec --watchdog 30");
        assert!(run.exit == 1 && run.err.contains("cannot have systemd arm the watchdog"), "{run:?}");
        let asked = systemd::asked(&lab);
        assert!(
            asked[0].starts_with("set-property ") && asked.iter().all(|call| !call.starts_with("start")),
            "{asked:?}"
        );
        let note = std::fs::read_to_string(lab.root().path("/var/lib/skexec/next.json")).unwrap();
        assert!(note.contains("\"exec\": null"), "{note}");
    }
}
