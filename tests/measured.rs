//! A policy that demands a measurement: what is loaded for it, and that nothing is booted without a TPM.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use sha2::{Digest as _, Sha256};
use skexec::record::{self, Record};
use skexec::system::Slot;
use support::{Call, Lab, systemd};

const POLICY: &str = "/etc/skexec/policy.toml";
const LOAD: &str = "load {}/vmlinuz --keys {}/root.pem --no-cmdline --initrd {}/initrd";
const NO_TPM: &str = "the policy demands that what is booted is measured into the TPM, and it cannot be: there is no \
                      /dev/tpmrm0 and no /dev/tpm0";

/// With an initrd, and this policy.
fn lab(policy: &str) -> Lab {
    let lab = Lab::new();
    lab.file("initrd", b"070701 an initrd");
    lab.system(POLICY, policy);
    lab
}

fn recorded(lab: &Lab) -> Option<Record> {
    record::read(lab.root(), Slot::Reboot).unwrap()
}

/// The digest in the record after a load.
fn digest(lab: &Lab, options: &str) -> Option<String> {
    let run = lab.run(format!("{LOAD} {options}").trim_end());
    assert_eq!(run.exit, 0, "{run:?}");
    recorded(lab).unwrap().initrd_sha256
}

fn jumps(lab: &Lab) -> usize {
    lab.kernel.calls.borrow().iter().filter(|call| **call == Call::Jump).count()
}

#[test]
fn the_initrd_is_hashed_only_where_it_is_measured() {
    let of = |bytes: &[u8]| Some(Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let lab = lab("[measure]\nat = \"exec\"\n");
    assert_eq!(digest(&lab, ""), of(b"070701 an initrd"));
    lab.file("more", b"070701");
    assert_eq!(digest(&lab, "--initrd {}/more"), of(b"070701 an initrd070701"));
    lab.system(POLICY, "");
    assert_eq!(digest(&lab, ""), None);
    let given = lab
        .kernel
        .calls
        .borrow()
        .iter()
        .map(|call| match call {
            Call::Load { initrd, .. } => initrd.clone().unwrap(),
            other => panic!("{other:?}"),
        })
        .collect::<Vec<_>>();
    assert_eq!(given, [&b"070701 an initrd"[..], b"070701 an initrd070701", b"070701 an initrd"]);
}

#[test]
fn nothing_is_booted_that_cannot_be_measured() {
    let lab = lab("[measure]\nat = \"exec\"\n");
    digest(&lab, "");
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    let run = lab.run("exec --force");
    assert!(run.exit == 5 && run.err.contains(NO_TPM) && run.err.contains("(not-measured)"), "{run:?}");
    let run = lab.run("exec --force --foreign");
    assert!(run.exit == 5 && run.err.contains("skexec does not know what --foreign boots"), "{run:?}");

    lab.system(POLICY, "");
    lab.system("/sys/kernel/kexec_loaded", "0\n");
    digest(&lab, "");
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    lab.system(POLICY, "[measure]\nat = \"load\"\n");
    let run = lab.run("exec --force");
    assert!(run.exit == 5 && run.err.contains("without a digest of its initrd: load it again"), "{run:?}");
    lab.system(POLICY, "[measure]\nat = 1\n");
    let run = lab.run("exec --force");
    assert!(run.exit == 1 && run.err.contains("(policy-file)"), "{run:?}");
    assert_eq!(jumps(&lab), 0);
    lab.system(POLICY, "");
    lab.run("exec --force");
    assert_eq!(jumps(&lab), 1);
}

/// Notes that what is loaded was measured, as skexec does: the next measurement needs no TPM then, and to close this one needs it.
fn measured(lab: &Lab) {
    let Record { sha256, initrd_sha256, cmdline, .. } = recorded(lab).unwrap();
    let initrd = initrd_sha256.unwrap();
    let events = [
        (9_u8, format!("skexec kernel sha256:{sha256}")),
        (9, format!("skexec initrd sha256:{initrd}")),
        (8, format!("skexec cmdline {cmdline}")),
    ];
    let bytes: Vec<u8> =
        events.into_iter().flat_map(|(pcr, data)| [vec![pcr], data.into(), vec![0]].concat()).collect();
    let events: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let text = format!(r#"{{"schema":1,"boot_id":null,"registers":[8,9],"complete":true,"events":"{events}"}}"#);
    lab.system("/run/skexec/measured.json", &text);
}

#[test]
fn a_shutdown_that_is_stopped_closes_what_was_measured_for_it() {
    let closes = "the TPM still has the kernel as the one that is booted: there is no /dev/tpmrm0";
    for (at, closed) in [("exec", true), ("load", false)] {
        let lab = lab("[measure]\nat = \"exec\"\n");
        digest(&lab, "");
        measured(&lab);
        lab.system(POLICY, &format!("[measure]\nat = \"{at}\"\n"));
        lab.system("/sys/kernel/kexec_loaded", "1\n");
        systemd::install(&lab);
        systemd::logind(&lab, r#"{"type":"b","data":[true]}"#);
        let run = lab.run("exec --when cancel");
        assert!(run.exit == 0 && run.err.contains(closes) == closed, "{at}: {run:?}");
    }
}

/// With two installed kernels, of which one is loaded, and that was measured for a shutdown that systemd was asked for.
fn asked_to_shut_down() -> Lab {
    let lab = lab("[measure]\nat = \"exec\"\n");
    lab.system_bytes("/etc/skexec/trust.d/root.pem", forge::root_pem().as_bytes());
    for version in ["6.1.0-9", "6.1.0-10"] {
        lab.system_bytes(&format!("/boot/vmlinuz-{version}"), &forge::signed_bzimage());
        lab.system(&format!("/boot/initrd.img-{version}"), &format!("initrd of {version}"));
    }
    assert_eq!(lab.run("load --kernel-version 6.1.0-9 --reuse-cmdline").exit, 0);
    lab.system("/boot/initrd.img-6.1.0-9", "a new initrd");
    measured(&lab);
    let text = std::fs::read_to_string(lab.root().path(MEASURED)).unwrap();
    lab.system(MEASURED, &text.replace("\"complete\":true", "\"complete\":true,\"shutdown\":true"));
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    lab.system("/sys/kernel/kexec_crash_size", "268435456\n");
    systemd::install(&lab);
    systemd::state(&lab, NO_INHIBITORS, false, "stopping");
    lab.kernel.calls.borrow_mut().clear();
    lab
}

const NO_INHIBITORS: &str = r#"{"type":"a(ssssuu)","data":[[]]}"#;

#[test]
fn nothing_takes_the_place_of_what_was_measured_for_a_shutdown() {
    let lab = asked_to_shut_down();
    let before = recorded(&lab);
    for (about_to, state) in [(false, "stopping"), (true, "running"), (false, "starting"), (false, "offline")] {
        systemd::state(&lab, NO_INHIBITORS, about_to, state);
        for (line, exit) in [
            (LOAD, 5),
            ("load --latest --lock", 5),
            ("unload", 5),
            ("refresh", 5),
            ("reboot", 5),
            ("kexec -l {}/vmlinuz --command-line=a", 255),
            ("kexec {}/vmlinuz --command-line=a", 255),
            ("kexec -u", 255),
        ] {
            let run = lab.run(line);
            // It would shut down, too.
            let under_way = line == "reboot" && (about_to || state == "stopping");
            let reason = if under_way { "(shutdown-under-way)" } else { "(measured-for-shutdown)" };
            assert!(run.exit == exit && run.err.contains(reason), "{state}: {line}: {run:?}");
        }
    }
    assert!(lab.kernel.calls.borrow().is_empty() && recorded(&lab) == before);
    assert!(!systemd::asked(&lab).iter().any(|call| call.contains("RebootWithFlags") || call.contains("kexec.target")));
    // A crash kernel takes nobody's place.
    assert_eq!(lab.run(&format!("{LOAD} --panic")).exit, 0);
    assert_eq!(lab.run("unload --panic").exit, 0);
}

#[test]
fn a_shutdown_that_another_program_has_stopped_keeps_nobody_out() {
    for state in ["running", "degraded", "maintenance"] {
        let lab = asked_to_shut_down();
        systemd::state(&lab, NO_INHIBITORS, false, state);
        let run = lab.run(&format!("{LOAD} -v"));
        let said =
            "the shutdown that was asked for was stopped: what was noted, armed and measured for it is taken back";
        assert!(run.exit == 0 && run.err.contains(said) && run.err.contains(NOT_CLOSED), "{state}: {run:?}");
    }
    // What systemd does not say, the administrator does.
    let lab = asked_to_shut_down();
    systemd::state(&lab, r#"{"type":"b","data":[false]}"#, false, "starting");
    let run = lab.run("exec --when cancel");
    assert!(run.exit == 0 && run.err.contains(NOT_CLOSED), "{run:?}");
    assert_eq!(lab.run("unload").exit, 1, "without a TPM it cannot be closed");
    assert!(matches!(&lab.kernel.calls.borrow()[..], [Call::Unload { panic: false }]));
    // But not where systemd says the opposite.
    let lab = asked_to_shut_down();
    systemd::state(&lab, r#"{"type":"b","data":[false]}"#, false, "stopping");
    let run = lab.run("exec --when cancel");
    let said = "the machine is shutting down, so that what was measured may still be booted";
    assert!(run.exit == 0 && run.err.contains(said), "{run:?}");
    assert!(lab.run("unload").err.contains("(measured-for-shutdown)"));
    // Without logind, too.
    let lab = asked_to_shut_down();
    std::fs::remove_dir_all(lab.root().path("/run/systemd/seats")).unwrap();
    systemd::script(&lab, "systemctl", "echo no bus >&2; exit 1");
    assert_eq!(lab.run("exec --when cancel").exit, 0);
    assert_eq!(lab.run(LOAD).exit, 0);
}

#[test]
fn a_shutdown_is_not_scheduled_for_an_image_that_would_not_be_measured() {
    let lab = lab("[measure]\nat = \"exec\"\n");
    digest(&lab, "");
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    systemd::install(&lab);
    systemd::logind(&lab, r#"{"type":"a(ssssuu)","data":[[]]}"#);
    lab.kernel.calls.borrow_mut().clear();
    for line in ["exec --when +5", "reboot --when 3:30 --no-initrd", "reboot --dry-run --when +5"] {
        let run = lab.run(line);
        assert!(
            run.exit == 5 && run.err.contains("leave out --when, or set at = \"load\" (not-measured)"),
            "{line}: {run:?}"
        );
    }
    assert!(lab.kernel.calls.borrow().is_empty() && systemd::asked(&lab).is_empty());
    lab.system(POLICY, "[measure]\nat = \"load\"\n");
    measured(&lab);
    // Whether the registers still hold it cannot be seen without a TPM, and that is what it is refused for.
    let run = lab.run("exec --when +5");
    assert!(run.exit == 5 && run.err.contains(NO_TPM) && !run.err.contains("leave out --when"), "{run:?}");
    // A policy that does not measure it demands nothing.
    lab.system(POLICY, "[measure]\nat = \"off\"\n");
    let run = lab.run("exec --when +5");
    assert!(run.exit == 0 && run.out.starts_with("shutting down at "), "{run:?}");
    assert!(systemd::asked(&lab).last().unwrap().starts_with("ScheduleShutdown st kexec "));
}

#[test]
fn what_cannot_be_measured_at_the_load_takes_nobodys_place() {
    let lab = lab("[measure]\nat = \"off\"\n");
    assert_eq!(lab.run(LOAD).exit, 0);
    let before = recorded(&lab);
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    lab.system(POLICY, "[measure]\nat = \"load\"\n");
    lab.kernel.calls.borrow_mut().clear();
    let run = lab.run(&format!("{LOAD} --json"));
    let json = run.json();
    assert_eq!((run.exit, json["reason"].as_str(), json["loaded"].as_bool()), (5, Some("not-measured"), Some(false)));
    assert_eq!(json["message"].as_str(), Some(NO_TPM));
    assert!(recorded(&lab) == before && lab.kernel.calls.borrow().is_empty());
    // A crash kernel is not what the administrator boots.
    lab.system("/sys/kernel/kexec_crash_size", "268435456\n");
    assert_eq!(lab.run(&format!("{LOAD} --panic")).exit, 0);
}

const MEASURED: &str = "/run/skexec/measured.json";
const STATE: &str = r#"{"schema":1,"boot_id":null,"registers":[8,9],"complete":true,"events":""}"#;
const NOT_CLOSED: &str =
    "the TPM still has the kernel as the one that is booted: there is no /dev/tpmrm0 and no /dev/tpm0";

#[test]
fn whatever_became_of_an_image_its_measurement_is_closed() {
    let lab = lab("");
    lab.system(MEASURED, STATE);
    for (loaded, line, what) in [
        // Another program has unloaded it.
        ("0\n", "unload", "no kernel is loaded, but"),
        ("0\n", "exec --force", "no kernel is loaded, but"),
        ("1\n", "unload", "the kernel was unloaded, but"),
    ] {
        lab.system("/sys/kernel/kexec_loaded", loaded);
        let run = lab.run(line);
        let wanted = format!("{what} {NOT_CLOSED} (measurement-not-closed)");
        assert!(run.exit == 1 && run.err.contains(&wanted), "{line}: {run:?}");
    }
    // Also where the record cannot be removed.
    std::fs::create_dir_all(lab.root().path("/run/skexec/loaded.json")).unwrap();
    let run = lab.run("unload");
    assert!(run.err.contains("its record in /run/skexec remains: ") && run.err.contains(NOT_CLOSED), "{run:?}");
    std::fs::remove_dir(lab.root().path("/run/skexec/loaded.json")).unwrap();
    // A crash kernel has nothing to do with it.
    assert_eq!(lab.run("unload --panic").exit, 0);
    let run = lab.run(&format!("{LOAD} --json"));
    assert_eq!(run.exit, 0);
    assert!(run.out.contains("\"measurement-not-closed\"") && run.err.contains(NOT_CLOSED), "{run:?}");
}

#[test]
fn what_is_measured_at_the_jump_and_cannot_be_recorded_stays() {
    let lab = lab("[measure]\nat = \"exec\"\n");
    *lab.kernel.folder.borrow_mut() = Some(lab.root().path("/run/skexec/loaded.json"));
    let run = lab.run(LOAD);
    let error = "the record in /run/skexec cannot be put in its place: Is a directory";
    assert!(run.exit == 1 && run.err.contains(error) && !run.err.contains("unloaded again"), "{run:?}");
    assert_eq!(lab.kernel.calls.borrow().len(), 1);
}
