//! `exec --watchdog` where systemd shuts down: systemd is asked to arm the watchdog first, and nothing is begun where it does not.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use support::{LOAD, Lab, systemd};

const PROPERTY: &str =
    "org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager KExecWatchdogUSec";

/// A systemd that keeps the property, which is 7 s at first, and a logind that answers this to every call.
fn keeps(lab: &Lab, answer: &str) {
    lab.system("/property", "t 7000000\n");
    let file = lab.root().path("/property");
    let file = file.display();
    let text = format!(
        "case $1 in set-property) echo \"$6 $7\" >{file} ;; get-property) cat {file} ;; *) echo '{answer}' ;; esac"
    );
    systemd::script(lab, "busctl", &text);
}

/// The seconds that systemd knows.
fn armed(lab: &Lab) -> String {
    let text = std::fs::read_to_string(lab.root().path("/property")).unwrap();
    text.trim().strip_prefix("t ").unwrap().strip_suffix("000000").unwrap().to_owned()
}

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
    let lab = machine("");
    keeps(&lab, "");
    let run = lab.run("exec --watchdog 30");
    assert_eq!((run.exit, run.err.as_str()), (0, ""), "{run:?}");
    let wanted = [
        "show --property=WatchdogDevice --value".to_owned(),
        format!("get-property {PROPERTY}"),
        format!("set-property {PROPERTY} t 30000000"),
        format!("get-property {PROPERTY}"),
        "start --no-block --job-mode=replace-irreversibly kexec.target".to_owned(),
    ];
    assert_eq!(systemd::asked(&lab), wanted);
    let note = std::fs::read(lab.root().path("/var/lib/skexec/next.json")).unwrap();
    let note: serde_json::Value = serde_json::from_slice(&note).unwrap();
    assert_eq!((&note["exec"]["watchdog"], &note["exec"]["clean"]), (&30.into(), &true.into()), "{note}");
}

/// systemd arms one device, and that must outlive the running kernel.
#[test]
fn the_device_that_systemd_arms_must_be_hardware() {
    let lab = machine("");
    keeps(&lab, "");
    lab.system("/sys/class/watchdog/watchdog0/identity", "Software Watchdog\n");
    lab.system("/sys/class/watchdog/watchdog1/identity", "iTCO_wdt\n");
    let run = lab.run("exec --watchdog 30");
    let told = "systemd arms watchdog0, which is no hardware; set WatchdogDevice=/dev/watchdog1";
    assert!(run.exit == 5 && run.err.contains("(no-watchdog)") && run.err.contains(told), "{run:?}");
    assert_eq!(armed(&lab), "7");
    systemd::script(&lab, "systemctl", "case \"$*\" in *WatchdogDevice*) echo /dev/watchdog1 ;; esac");
    assert_eq!(lab.run("exec --watchdog 30").exit, 0);
    assert_eq!(armed(&lab), "30");
}

#[test]
fn nothing_is_begun_where_systemd_does_not_arm_it() {
    for busctl in ["exit 1", "[ $1 = set-property ] || echo t 0", "[ $1 = set-property ] || echo no number"] {
        let lab = machine(busctl);
        let run = lab.run("exec --watchdog 30");
        assert!(run.exit == 1 && run.err.contains("cannot have systemd arm the watchdog"), "{run:?}");
        let asked = systemd::asked(&lab);
        assert!(
            asked[1].starts_with("get-property ") && asked.iter().all(|call| !call.starts_with("start")),
            "{asked:?}"
        );
        let note = std::fs::read_to_string(lab.root().path("/var/lib/skexec/next.json")).unwrap();
        assert!(note.contains("\"exec\": null"), "{note}");
    }
}

#[test]
fn a_shutdown_that_is_not_made_leaves_systemd_as_it_was() {
    let lab = machine("");
    keeps(&lab, "");
    systemd::script(&lab, "systemctl", "exit 1");
    let run = lab.run("exec --watchdog 30");
    assert!(run.exit == 1 && run.err.contains("cannot ask systemd"), "{run:?}");
    assert_eq!(armed(&lab), "7");
    // What cannot be measured is not booted.
    lab.system("/etc/skexec/policy.toml", "[measure]\nat = \"exec\"\n");
    assert_eq!(lab.run("exec --watchdog 30").exit, 5);
    assert_eq!(armed(&lab), "7");
    assert!(systemd::asked(&lab).iter().any(|call| call.ends_with("t 30000000")));
}

#[test]
fn a_shutdown_that_is_cancelled_leaves_systemd_as_it_was() {
    let lab = machine("");
    lab.system("/run/systemd/seats/seat0", "");
    keeps(&lab, r#"{"type":"a(ssssuu)","data":[[]]}"#);
    for seconds in ["30", "40"] {
        assert_eq!(lab.run(&format!("exec --when +5 --watchdog {seconds}")).exit, 0);
        assert_eq!(armed(&lab), seconds);
    }
    let before = std::fs::read_to_string(lab.root().path("/property")).unwrap();
    keeps(&lab, r#"{"type":"b","data":[true]}"#);
    lab.system("/property", &before);
    let run = lab.run("exec --when cancel");
    assert_eq!((run.exit, run.err.as_str(), armed(&lab).as_str()), (0, "", "7"), "{run:?}");
    // Somebody else stopped one: the next shutdown is made as it was asked for.
    keeps(&lab, r#"{"type":"a(ssssuu)","data":[[]]}"#);
    assert_eq!(lab.run("exec --when +5 --watchdog 30").exit, 0);
    assert_eq!(lab.run("exec --when +5").exit, 0);
    assert_eq!(armed(&lab), "7");
}

#[test]
fn a_second_attempt_that_fails_leaves_what_belongs_to_the_scheduled_one() {
    let lab = machine("");
    lab.system("/run/systemd/seats/seat0", "");
    keeps(&lab, r#"{"type":"a(ssssuu)","data":[[]]}"#);
    assert_eq!(lab.run("exec --when +5 --watchdog 30").exit, 0);
    systemd::scheduled(&lab, "kexec");
    let note = || std::fs::read_to_string(lab.root().path("/var/lib/skexec/next.json")).unwrap();
    let before = note();
    systemd::script(&lab, "systemctl", "exit 1");
    let file = lab.root().path("/property");
    let file = file.display();
    let text = format!(
        "case \"$1 $*\" in set-property*) echo \"$6 $7\" >{file} ;; get-property*) cat {file} ;; *ListInhibitors*) \
         echo '{{\"type\":\"a(ssssuu)\",\"data\":[[]]}}' ;; *) exit 1 ;; esac"
    );
    systemd::script(&lab, "busctl", &text);
    for line in ["exec", "exec --watchdog 40", "exec --when +9", "exec --force"] {
        let run = lab.run(line);
        assert_ne!(run.exit, 0, "{line}: {run:?}");
        assert_eq!((armed(&lab).as_str(), note()), ("30", before.clone()), "{line}: {run:?}");
    }
    // Where none is scheduled, nothing of them is left.
    std::fs::remove_file(lab.root().path("/run/systemd/shutdown/scheduled")).unwrap();
    assert_eq!(lab.run("exec --watchdog 40").exit, 1);
    assert_eq!(armed(&lab), "7");
    assert!(note().contains("\"exec\": null"), "{}", note());
}

#[test]
fn a_time_that_no_watchdog_counts_is_refused_at_once() {
    let lab = machine("");
    keeps(&lab, "");
    lab.system("/sys/class/watchdog/watchdog0/max_timeout", "613\n");
    for line in ["exec --watchdog 614", "exec --force --watchdog 614", "reboot --watchdog 614 --dry-run"] {
        let run = lab.run(line);
        assert!(run.exit == 5 && run.err.contains("watchdog0 counts at most 613 s (no-watchdog)"), "{line}: {run:?}");
    }
    assert_eq!((armed(&lab).as_str(), systemd::asked(&lab)), ("7", Vec::new()));
    assert_eq!(lab.run("exec --watchdog 613").exit, 0);
    // A driver without a limit, and one of two that counts so many.
    lab.system("/sys/class/watchdog/watchdog0/max_timeout", "0\n");
    assert_eq!(lab.run("exec --watchdog 65535").exit, 0);
}
