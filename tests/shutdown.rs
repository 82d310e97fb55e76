//! How `exec` and `reboot` leave the running system: the shutdown that they ask systemd for, and what becomes of it.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use skexec::record::Records;
use std::fs;
use std::io::{self, Write};
use std::time::Duration;
use support::systemd::{self, NO_INHIBITORS, server};
use support::{Call, LOAD, Lab, Run};

const UNIT: &str = "start --no-block --job-mode=replace-irreversibly kexec.target";
const APT: &str = r#"{"type":"a(ssssuu)","data":[[["shutdown","apt","upgrading","block",0,77]]]}"#;

#[test]
fn a_shutdown_can_be_scheduled_and_cancelled() {
    let lab = server();
    let document = lab.run("reboot --when +5 --no-wall --json").json();
    let at = document["at"].as_i64().unwrap();
    assert_eq!((&document["loaded"], &document["shutting_down"]), (&true.into(), &true.into()), "{document}");
    let wanted = [
        "ListInhibitors".to_owned(),
        "ListInhibitors".into(),
        "SetWallMessage sb  false".into(),
        format!("ScheduleShutdown st kexec {at}000000"),
    ];
    assert_eq!(systemd::asked(&lab), wanted);
    lab.kernel.calls.borrow_mut().clear();
    let run = lab.run("exec --when 3:30");
    assert!(run.exit == 0 && run.out.starts_with("shutting down at 2") && run.out.contains(" 03:30, then"), "{run:?}");
    systemd::logind(&lab, r#"{"type":"b","data":[true]}"#);
    let out = "the shutdown is cancelled; a kernel that is loaded stays loaded\n";
    assert_eq!(lab.run("reboot --when cancel"), Run { exit: 0, out: out.into(), err: String::new() });
    systemd::logind(&lab, r#"{"type":"b","data":[false]}"#);
    assert_eq!(lab.run("exec --when cancel").out, "no shutdown was scheduled\n");
    assert!(lab.kernel.calls.borrow().is_empty());
    assert_eq!(lab.run("reboot --when 25:00").exit, 2);
    // Only logind can do it.
    fs::remove_dir_all(lab.root().path("/run/systemd/seats")).unwrap();
    for (line, option) in [
        ("exec --when cancel --foreign", "--foreign"),
        ("exec --watchdog 9 --when cancel", "--watchdog"),
        ("reboot --no-wall --when cancel", "--no-wall"),
        ("reboot --when cancel --message x", "--message"),
        ("exec --when cancel --ignore-inhibitors", "--ignore-inhibitors"),
    ] {
        let run = lab.run(line);
        let what = format!("--when cancel only cancels a shutdown: {option} would do nothing");
        assert!(run.exit == 2 && run.err.contains(&what), "{line}: {run:?}");
    }
    for line in ["reboot --when +5", "exec --when +5", "exec --when cancel"] {
        let run = lab.run(line);
        assert!(run.exit == 5 && run.err.contains("(no-logind)"), "{line}: {run:?}");
    }
    assert!(lab.kernel.calls.borrow().is_empty());
}

#[test]
fn a_shutdown_of_another_kind_is_not_cancelled() {
    let lab = server();
    systemd::scheduled(&lab, "poweroff");
    let run = lab.run("exec --when cancel");
    assert!(run.exit == 1 && run.err.contains("a poweroff is scheduled") && run.err.contains("shutdown -c"), "{run:?}");
    assert_eq!(systemd::asked(&lab), Vec::<String>::new());
}

/// logind refuses a second one while programs delay the first, which may end in no kernel at all.
#[test]
fn a_shutdown_that_is_under_way_is_left_as_it_is() {
    let lab = server();
    assert_eq!(lab.run(LOAD).exit, 0);
    systemd::state(&lab, NO_INHIBITORS, true, "running");
    let refuses = "case \"$*\" in *RebootWithFlags*) echo Operation already in progress >&2; exit 1 ;; \
                   *PreparingForShutdown) echo '{\"type\":\"b\",\"data\":true}' ;; *) echo '{\"type\":\"a(ssssuu)\",\"data\":[[]]}' ;; esac";
    systemd::script(&lab, "busctl", refuses);
    for line in ["exec", "exec --when +5", "reboot"] {
        let run = lab.run(line);
        assert!(run.exit == 5 && run.err.contains("(shutdown-under-way)"), "{line}: {run:?}");
    }
    let all = systemd::asked(&lab);
    assert!(all.iter().all(|line| line == "ListInhibitors"), "{all:?}");
}

/// A second attempt must not take the watchdog, the note or the image of the first.
#[test]
fn what_a_shutdown_that_is_under_way_boots_stays() {
    let lab = server();
    lab.system("/proc/sys/kernel/random/boot_id", "one\n");
    assert_eq!(lab.run(LOAD).exit, 0);
    assert_eq!(lab.run("exec").exit, 0);
    let before = noted(&lab);
    assert!(before.is_object());
    lab.kernel.calls.borrow_mut().clear();
    for (about_to, state) in [(true, "running"), (false, "stopping"), (false, "starting")] {
        systemd::state(&lab, NO_INHIBITORS, about_to, state);
        fs::remove_file(lab.root().path("/asked")).unwrap();
        let run = lab.run("unload");
        assert!(run.exit == 5 && run.err.contains("(shutdown-under-way)"), "{state}: {run:?}");
        if state != "starting" {
            let run = lab.run("exec --watchdog 30");
            assert!(run.exit == 5 && run.err.contains("(shutdown-under-way)"), "{state}: {run:?}");
        }
        assert_eq!((systemd::asked(&lab), noted(&lab)), (Vec::new(), before.clone()), "{state}");
    }
    // Whoever knows that it was stopped can say so.
    let note = lab.root().path("/var/lib/skexec/next.json");
    let kept = fs::read(&note).unwrap();
    systemd::logind(&lab, r#"{"type":"b","data":[false]}"#);
    assert_eq!(lab.run("exec --when cancel").out, "no shutdown was scheduled\n");
    assert!(noted(&lab).is_null());
    fs::write(&note, kept).unwrap();
    assert_eq!(lab.run("unload --panic").exit, 0);
    assert!(!lab.kernel.calls.borrow().iter().any(|call| matches!(call, Call::Unload { panic: false })));
    // It was stopped.
    systemd::state(&lab, NO_INHIBITORS, false, "running");
    assert_eq!(lab.run("unload").exit, 0);
    assert!(!lab.root().has("/var/lib/skexec/next.json"));
}

#[test]
fn another_shutdown_that_is_scheduled_is_not_replaced() {
    let lab = server();
    assert_eq!(lab.run(LOAD).exit, 0);
    systemd::scheduled(&lab, "poweroff");
    for line in ["exec --when +5", "reboot --when 3:30"] {
        let run = lab.run(line);
        let said =
            run.err.contains("(another-shutdown)") && run.err.contains("poweroff") && run.err.contains("shutdown -c");
        assert!(run.exit == 5 && said, "{line}: {run:?}");
    }
    // A time of its own replaces what skexec has scheduled before, and who leaves now does not wait for a later time.
    assert_eq!(lab.run("exec").exit, 0);
    systemd::scheduled(&lab, "kexec");
    assert_eq!(lab.run("exec --when +5").exit, 0);
}

#[test]
fn exec_leaves_in_the_same_way() {
    let lab = server();
    assert_eq!(lab.run(LOAD).exit, 0);
    systemd::logind(&lab, APT);
    let run = lab.run("exec");
    assert!(run.exit == 5 && run.err.contains("(inhibited)"), "{run:?}");
    systemd::logind(&lab, NO_INHIBITORS);
    assert_eq!(lab.run("exec").out, "shutting down, then booting the loaded kernel\n");
    assert_eq!(systemd::asked(&lab).last().unwrap(), "RebootWithFlags t 3");
    assert_eq!(lab.run("exec --force --when +1").exit, 2);
    // What is said in kexec-tools' words is done without logind.
    systemd::logind(&lab, APT);
    let run = lab.run("kexec {}/vmlinuz");
    assert_eq!((run.exit, systemd::asked(&lab).last().unwrap().as_str()), (0, UNIT), "{run:?}");
}

#[test]
fn without_logind_systemd_is_asked() {
    let lab = server();
    fs::remove_dir_all(lab.root().path("/run/systemd/seats")).unwrap();
    assert_eq!(lab.run("reboot").exit, 0);
    assert_eq!(systemd::asked(&lab), [UNIT]);
    // It runs, and does not answer.
    let lab = server();
    systemd::broken_logind(&lab);
    let run = lab.run("reboot");
    assert!(
        run.exit == 0 && run.err.contains("skexec: warning: logind does not shut the machine down: busctl "),
        "{run:?}"
    );
    assert_eq!(systemd::asked(&lab).last().unwrap(), UNIT);
    let run = lab.run("reboot --when +5");
    assert!(run.exit == 1 && run.err.contains("cannot ask logind"), "{run:?}");
}

/// Holds the lock of the records for a while, and says whether systemd was asked for anything by then.
fn another_skexec(lab: &Lab) -> std::thread::JoinHandle<bool> {
    let lock = Records::lock(lab.root()).unwrap().unwrap();
    let asked = lab.root().path("/asked");
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        let early = asked.exists();
        drop(lock);
        early
    })
}

#[test]
fn another_skexec_is_waited_for() {
    let lab = server();
    systemd::logind(&lab, r#"{"type":"b","data":[true]}"#);
    let other = another_skexec(&lab);
    assert_eq!(lab.run("exec --when cancel").exit, 0);
    assert!(!other.join().unwrap());
    assert_eq!(systemd::asked(&lab), ["CancelScheduledShutdown"]);
    systemd::logind(&lab, NO_INHIBITORS);
    for line in [LOAD, "exec", "unload", "reboot"] {
        let other = another_skexec(&lab);
        let run = lab.run(line);
        assert_eq!(run.exit, 0, "{line}: {run:?}");
        other.join().unwrap();
    }
}

#[test]
fn a_shutdown_is_cancelled_however_long_another_skexec_works() {
    let lab = server();
    lab.system("/proc/sys/kernel/random/boot_id", "one\n");
    assert_eq!(lab.run("reboot --when +60").exit, 0);
    systemd::logind(&lab, r#"{"type":"b","data":[true]}"#);
    let note = || fs::read_to_string(lab.root().path("/var/lib/skexec/next.json")).unwrap();
    let before = note();
    let _lock = Records::lock(lab.root()).unwrap().unwrap();
    let run = lab.run("exec --when cancel");
    assert!(run.exit == 0 && run.out.starts_with("the shutdown is cancelled"), "{run:?}");
    assert!(
        run.err.contains("warning: another skexec holds /run/skexec/lock") && run.err.contains("not taken back"),
        "{run:?}"
    );
    assert_eq!(systemd::asked(&lab).last().unwrap(), "CancelScheduledShutdown");
    // It is the other one's, perhaps.
    assert_eq!(note(), before);
}

#[test]
fn what_a_scheduled_shutdown_boots_is_not_unloaded() {
    let lab = server();
    assert_eq!(lab.run(LOAD).exit, 0);
    lab.kernel.calls.borrow_mut().clear();
    systemd::scheduled(&lab, "kexec");
    let run = lab.run("unload");
    assert!(
        run.exit == 5 && run.err.contains("(shutdown-scheduled)") && run.err.contains("exec --when cancel"),
        "{run:?}"
    );
    assert!(lab.kernel.calls.borrow().is_empty());
    assert_eq!(lab.run("unload --panic").exit, 0);
    // It would be started by the firmware then.
    systemd::scheduled(&lab, "reboot");
    assert_eq!(lab.run("unload").out, "unloaded\n");
}

#[test]
fn who_may_not_boot_a_kernel_cancels_nothing() {
    let lab = server();
    systemd::logind(&lab, r#"{"type":"b","data":[true]}"#);
    lab.system("/proc/self/status", "CapEff:\t0000000000000000\n");
    let run = lab.run("exec --when cancel");
    assert!(run.exit == 5 && run.err.contains("(no-capability)"), "{run:?}");
    assert!(systemd::asked(&lab).is_empty());
}

/// A standard output whose reader acts as soon as it reads that a kernel was loaded, before the machine is left.
struct Rival<'a, F> {
    lab: &'a Lab,
    act: Option<F>,
    text: Vec<u8>,
}

impl<F: FnOnce(&Lab)> Write for Rival<'_, F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend(bytes);
        if String::from_utf8_lossy(&self.text).contains(": loaded by ")
            && let Some(act) = self.act.take()
        {
            act(self.lab);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The exit code of a command, and what it says on standard error, where somebody does this between its load and its shutdown.
fn disturbed(lab: &Lab, line: &str, act: impl FnOnce(&Lab)) -> (u8, String) {
    let (mut out, mut err) = (Rival { lab, act: Some(act), text: Vec::new() }, Vec::new());
    let exit = lab.run_on(line, &mut out, &mut err);
    assert!(out.act.is_none(), "{line}: {}", String::from_utf8_lossy(&out.text));
    (exit, String::from_utf8(err).unwrap())
}

#[test]
fn only_what_the_command_loaded_is_booted_by_it() {
    // Also where the other load is the same in all that a person sees.
    for (line, exit) in [("reboot", 1), ("kexec -d {}/vmlinuz --command-line=a", 1)] {
        for rival in [LOAD, "load --latest --reuse-cmdline", "kexec -l {}/vmlinuz --command-line=a"] {
            let lab = server();
            let (code, err) = disturbed(&lab, line, |lab| assert_eq!(lab.run(rival).exit, 0, "{rival}"));
            assert!(
                code == exit && err.contains("vmlinuz") && err.contains("(image-replaced)"),
                "{line}: {code}: {err}"
            );
            assert!(!systemd::asked(&lab).iter().any(|call| call == UNIT || call.starts_with("RebootWithFlags")));
            assert_eq!(lab.kernel.calls.borrow().len(), 2);
            assert_eq!(lab.run("exec").exit, 0, "whoever asks for what is loaded gets it");
        }
    }
}

/// The kernel counts the call, and keeps the image.
#[test]
fn a_load_that_the_kernel_refuses_takes_nobodys_place() {
    let lab = server();
    let counter = "/proc/sys/kernel/kexec_load_limit_reboot";
    lab.system(counter, "9\n");
    *lab.kernel.counter.borrow_mut() = Some(lab.root().path(counter));
    let (code, err) = disturbed(&lab, "reboot", |lab| {
        *lab.kernel.answer.borrow_mut() = nix::libc::ENOMEM;
        assert_ne!(lab.run(LOAD).exit, 0);
        *lab.kernel.answer.borrow_mut() = 0;
    });
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(systemd::asked(&lab).last().unwrap(), "RebootWithFlags t 3");
    assert_eq!(fs::read_to_string(lab.root().path(counter)).unwrap(), "7\n");
}

/// What the next boot is told of the jump.
fn noted(lab: &Lab) -> serde_json::Value {
    let text = fs::read_to_string(lab.root().path("/var/lib/skexec/next.json")).unwrap();
    serde_json::from_str::<serde_json::Value>(&text).unwrap()["exec"].take()
}

#[test]
fn a_shutdown_that_another_program_cancelled_is_no_longer_noted() {
    let rows = [
        // What is done then, what logind and systemd say, whether the shutdown is over.
        ("", (false, "running"), true),
        ("", (false, "degraded"), true),
        ("", (true, "running"), false),
        ("", (false, "stopping"), false),
        ("", (false, "starting"), false),
        ("kexec", (false, "running"), false),
        ("reboot", (false, "running"), true),
    ];
    for (scheduled, (about_to, state), over) in rows {
        for line in ["reboot --when +60", "reboot"] {
            let lab = server();
            lab.system("/proc/sys/kernel/random/boot_id", "one\n");
            assert_eq!(lab.run(line).exit, 0);
            assert!(noted(&lab).is_object());
            systemd::state(&lab, NO_INHIBITORS, about_to, state);
            if !scheduled.is_empty() {
                systemd::scheduled(&lab, scheduled);
            }
            let run = lab.run("refresh -v");
            assert_eq!(run.exit, 0, "{run:?}");
            let row = format!("{line} {scheduled} {about_to} {state}: {run:?}");
            assert_eq!((noted(&lab).is_null(), run.err.contains("was stopped: ")), (over, over), "{row}");
            // A load beside a shutdown that goes on is what that boots.
            assert!(over || lab.run(LOAD).exit != 0 || noted(&lab).is_object(), "{row}");
            // Once is enough.
            assert!(!over || !lab.run("refresh -v").err.contains("was stopped: "), "{row}");
        }
    }
}

/// logind's timer has some delay: it says nothing of the shutdown for a moment, although its time has come.
#[test]
fn a_shutdown_whose_time_has_just_come_is_not_over() {
    for (seconds, over) in [(2, false), (3600, true)] {
        let lab = server();
        lab.system("/proc/sys/kernel/random/boot_id", "one\n");
        assert_eq!(lab.run("reboot --when +1").exit, 0);
        systemd::state(&lab, NO_INHIBITORS, false, "running");
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let due = (since - Duration::from_secs(seconds)).as_micros();
        lab.system("/run/systemd/shutdown/scheduled", &format!("USEC={due}\nWARN_WALL=1\nMODE=kexec\n"));
        let run = lab.run("refresh -v");
        assert_eq!((noted(&lab).is_null(), run.err.contains("was stopped: ")), (over, over), "{seconds}: {run:?}");
    }
}

/// The other one may be asking for a shutdown just now.
#[test]
fn nothing_is_taken_back_from_another_skexec() {
    let lab = server();
    lab.system("/proc/sys/kernel/random/boot_id", "one\n");
    assert_eq!(lab.run("reboot --when +60").exit, 0);
    systemd::state(&lab, NO_INHIBITORS, false, "running");
    let lock = Records::lock(lab.root()).unwrap().unwrap();
    assert!(!lab.run("exec --watchdog 5").err.contains("was stopped: "));
    assert!(noted(&lab).is_object());
    drop(lock);
}
