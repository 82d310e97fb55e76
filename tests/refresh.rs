//! `skexec refresh`: what is loaded anew, and what is left as it is.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use skexec::record::{self, Record};
use skexec::system::Slot;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use support::{Call, LOAD, Lab, Run, systemd};

/// A machine with two kernels, on which nothing is loaded.
fn server() -> Lab {
    let lab = Lab::new();
    lab.system_bytes("/etc/skexec/trust.d/root.pem", forge::root_pem().as_bytes());
    for version in ["6.1.0-9", "6.1.0-10"] {
        install(&lab, version);
    }
    lab
}

fn install(lab: &Lab, version: &str) {
    lab.system_bytes(&format!("/boot/vmlinuz-{version}"), &forge::signed_bzimage());
    lab.system(&format!("/boot/initrd.img-{version}"), &format!("initrd of {version}"));
}

/// The same after this load.
fn loaded(line: &str) -> Lab {
    let lab = server();
    let run = lab.run(line);
    assert_eq!(run.exit, 0, "{run:?}");
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    lab.kernel.calls.borrow_mut().clear();
    lab
}

fn record(lab: &Lab) -> Record {
    record::read(lab.root(), Slot::Reboot).unwrap().unwrap()
}

/// The initrds and the command lines of the loads that were made since.
fn loads(lab: &Lab) -> Vec<(String, String)> {
    let calls = lab.kernel.calls.borrow();
    let load = |call: &Call| match call {
        Call::Load { initrd: Some(initrd), cmdline, .. } => {
            (String::from_utf8_lossy(initrd).into_owned(), cmdline.clone())
        }
        call => panic!("{call:?}"),
    };
    calls.iter().map(load).collect()
}

fn done(out: &str) -> Run {
    Run { exit: 0, out: format!("{out}\n"), err: String::new() }
}

#[test]
fn nothing_is_loaded_that_was_not() {
    let lab = server();
    assert_eq!(lab.run("refresh"), done("no kernel is loaded, and none is to be"));
    assert!(lab.kernel.calls.borrow().is_empty());
    lab.system("/etc/skexec/policy.toml", "refresh = \"newest\"\n");
    let run = lab.run("refresh");
    assert!(run.exit == 0 && run.out.contains("vmlinuz-6.1.0-10: loaded by kexec_file_load"), "{run:?}");
    assert_eq!(loads(&lab), [("initrd of 6.1.0-10".to_owned(), "root=/dev/vda1 quiet".to_owned())]);
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    let same = "{}/root/boot/vmlinuz-6.1.0-10 is loaded already, and its files have not changed";
    assert_eq!(lab.run("refresh"), done(same));
    install(&lab, "6.1.0-11");
    lab.system("/etc/skexec/policy.toml", "refresh = \"never\"\n");
    let never = "the loaded kernel is left as it is: the policy sets refresh = \"never\"";
    assert_eq!(lab.run("refresh"), done(never));
    assert_eq!(loads(&lab).len(), 1);
    lab.system("/etc/skexec/policy.toml", "");
    assert_eq!(lab.run("refresh").exit, 0);
    assert_eq!(loads(&lab).last().unwrap().0, "initrd of 6.1.0-11");
}

#[test]
fn a_load_by_version_follows_its_files() {
    let lab = loaded("load --kernel-version 6.1.0-9 --append x=1");
    assert_eq!(record(&lab).asked.unwrap().words, ["load", "--kernel-version", "6.1.0-9", "--append", "x=1"]);
    install(&lab, "6.1.0-11");
    let same = "{}/root/boot/vmlinuz-6.1.0-9 is loaded already, and its files have not changed";
    assert_eq!(lab.run("refresh"), done(same));
    lab.system("/boot/initrd.img-6.1.0-9", "another");
    let again =
        "{}/root/boot/vmlinuz-6.1.0-9: loaded by kexec_file_load, signed by O=skexec tests, CN=skexec test signer";
    assert_eq!(lab.run("refresh"), done(again));
    assert_eq!(loads(&lab), [("another".to_owned(), "root=/dev/vda1 quiet x=1".to_owned())]);
    assert_eq!(lab.run("refresh"), done(same));
    lab.system("/etc/kernel/cmdline", "root=/dev/new");
    assert_eq!(lab.run("refresh"), done(again));
    assert_eq!(loads(&lab).last().unwrap().1, "root=/dev/new x=1");
}

#[test]
fn the_newest_and_an_entry_follow_what_they_name() {
    let lab = loaded("load --latest");
    install(&lab, "6.1.0-11");
    assert_eq!(lab.run("refresh").exit, 0);
    assert_eq!(loads(&lab).last().unwrap().0, "initrd of 6.1.0-11");

    let lab = server();
    systemd::install(&lab);
    systemd::logind(&lab, r#"{"type":"a(ssssuu)","data":[[]]}"#);
    lab.system("/boot/loader/entries/a.conf", "linux /vmlinuz-6.1.0-9\ninitrd /initrd.img-6.1.0-9\noptions old\n");
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    assert_eq!(lab.run("reboot --entry a --when +60 --append y").exit, 0);
    lab.system("/boot/loader/entries/a.conf", "linux /vmlinuz-6.1.0-9\ninitrd /initrd.img-6.1.0-9\noptions new\n");
    assert_eq!(lab.run("refresh").exit, 0);
    let lines: Vec<_> = loads(&lab).into_iter().map(|(_, cmdline)| cmdline).collect();
    assert_eq!(lines, ["old y", "new y"]);
}

#[test]
fn what_is_not_finished_or_not_trusted_leaves_what_is_loaded() {
    let lab = loaded("load --latest");
    let before = record(&lab);
    lab.system("/boot/initrd.img-6.1.0-10", "another");
    lab.system("/boot/initrd.img-6.1.0-10.new", "half");
    let run = lab.run("refresh");
    let err = "skexec: {}/root/boot/initrd.img-6.1.0-10: the initrd is still being made, or is older than the kernel or its modules: \
               {}/root/boot/initrd.img-6.1.0-10.new is there, which will replace it (initrd-unfinished)\n";
    assert!(run.exit == 5 && run.out.is_empty() && run.err.starts_with(err), "{run:?}");
    fs::remove_file(lab.root().path("/boot/initrd.img-6.1.0-10.new")).unwrap();
    // A newer kernel whose initrd is not there yet, or which nobody signed.
    lab.system_bytes("/boot/vmlinuz-6.1.0-11", &forge::signed_bzimage());
    let run = lab.run("refresh");
    assert!(run.exit == 2 && run.err.contains("(initrd-unsaid)"), "{run:?}");
    lab.system_bytes("/boot/vmlinuz-6.1.0-11", &forge::unsigned_bzimage());
    lab.system("/boot/initrd.img-6.1.0-11", "x");
    let document = lab.run("refresh --json").json();
    let one = &document["refreshed"][0];
    assert_eq!((&one["result"], &one["reason"]), (&"refused".into(), &"unsigned".into()), "{document}");
    assert!(loads(&lab).is_empty());
    assert_eq!(record(&lab), before);
}

#[test]
fn a_kernel_that_is_not_installed_any_more_is_unloaded() {
    let lab = loaded("load --kernel-version 6.1.0-9");
    fs::remove_file(lab.root().path("/boot/vmlinuz-6.1.0-9")).unwrap();
    let run = lab.run("refresh");
    assert!(run.exit == 0 && run.out.starts_with("unloaded: no kernel of this version is installed"), "{run:?}");
    assert_eq!(lab.kernel.calls.borrow().as_slice(), [Call::Unload { panic: false }]);

    // A shutdown would boot another one in its place.
    let lab = loaded("load --kernel-version 6.1.0-9");
    systemd::scheduled(&lab, "kexec");
    fs::remove_file(lab.root().path("/boot/vmlinuz-6.1.0-9")).unwrap();
    let run = lab.run("refresh");
    let said = ["6.1.0-9", "the image stays loaded", "(shutdown-scheduled)"];
    assert!(run.exit == 5 && said.iter().all(|part| run.err.contains(part)), "{run:?}");
    assert!(lab.kernel.calls.borrow().is_empty());

    let lab = server();
    lab.system("/sys/kernel/kexec_crash_size", "268435456\n");
    lab.system("/proc/iomem", "00100000-3fffffff : System RAM\n  2b000000-3affffff : Crash kernel\n");
    assert_eq!(lab.run("load --panic --kernel-version 6.1.0-9").exit, 0);
    lab.system("/sys/kernel/kexec_crash_loaded", "1\n");
    lab.kernel.calls.borrow_mut().clear();
    fs::remove_file(lab.root().path("/boot/vmlinuz-6.1.0-9")).unwrap();
    let run = lab.run("refresh");
    assert!(run.exit == 4 && run.err.contains("(no-such-version)"), "{run:?}");
    assert!(lab.kernel.calls.borrow().is_empty());
    install(&lab, "6.1.0-9");
    let document = lab.run("refresh --json").json();
    assert_eq!(document["refreshed"][1]["result"], "loaded", "{document}");
}

#[test]
fn what_is_not_known_is_left() {
    let left = |lab: &Lab, why: &str| {
        let run = lab.run("refresh");
        assert!(run.exit == 0 && run.err.is_empty() && run.out.contains(why), "{why}: {run:?}");
        assert!(lab.kernel.calls.borrow().is_empty());
    };
    left(&loaded(LOAD), "was loaded by its path");
    let lab = server();
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    left(&lab, "left as it is: skexec did not load it");
    // An earlier skexec's record has no command.
    let lab = loaded("load --latest");
    lab.system("/boot/initrd.img-6.1.0-10", "another");
    let path = lab.root().path("/run/skexec/loaded.json");
    let mut text: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    text.as_object_mut().unwrap().remove("asked").unwrap();
    fs::write(&path, text.to_string()).unwrap();
    left(&lab, "was loaded by its path");
    text["boot_id"] = "another boot".into();
    fs::write(&path, text.to_string()).unwrap();
    lab.system("/proc/sys/kernel/random/boot_id", "this boot\n");
    left(&lab, "skexec recorded it before this boot");
}

/// What `refresh` says it did about the image for a reboot.
fn result(lab: &Lab) -> String {
    let document = lab.run("refresh --json").json();
    document["refreshed"][0]["result"].as_str().unwrap().to_owned()
}

#[test]
fn every_file_that_decides_what_is_loaded_is_watched() {
    let lab = server();
    lab.file("key", b"one");
    assert_eq!(lab.run("load --kernel-version 6.1.0-9 --inject /etc/key={}/key").exit, 0);
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    assert_eq!(result(&lab), "unchanged");
    lab.file("key", b"another");
    assert_eq!(result(&lab), "loaded");
    assert_eq!(result(&lab), "unchanged");
    // A signature that is none, and a manifest that nobody signed: the load refuses them, and does not pass over them.
    for name in ["/boot/initrd.img-6.1.0-9.p7s", "/boot/vmlinuz-6.1.0-9.manifest"] {
        lab.system(name, "x");
        assert_eq!(result(&lab), "refused", "{name}");
        fs::remove_file(lab.root().path(name)).unwrap();
        assert_eq!(result(&lab), "unchanged", "{name}");
    }

    let lab = server();
    lab.system_bytes("/boot/EFI/Linux/a.efi", &forge::uki(Some(b"070701 initrd"), Some("root=/dev/uki")));
    let run = lab.run("load --entry a");
    assert_eq!(run.exit, 0, "{run:?}");
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    assert_eq!(result(&lab), "unchanged");
    lab.system("/boot/EFI/Linux/a.efi.extra.d/b.addon.efi", "x");
    assert_eq!(result(&lab), "refused");
}

fn make_pipe(lab: &Lab, name: &str) {
    assert!(Command::new("mkfifo").arg(lab.path(name)).status().unwrap().success());
}

#[test]
fn what_came_through_a_pipe_cannot_be_had_again() {
    let lab = server();
    make_pipe(&lab, "pipe");
    let pipe = lab.path("pipe");
    let writer = std::thread::spawn(move || fs::write(pipe, "secret"));
    let run = lab.run("load --kernel-version 6.1.0-9 --inject /etc/key={}/pipe");
    assert_eq!(run.exit, 0, "{run:?}");
    writer.join().unwrap().unwrap();
    assert_eq!(record(&lab).asked, None);
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    let run = lab.run("refresh");
    assert!(run.exit == 0 && run.out.contains("with a pipe or standard input, which cannot be read again"), "{run:?}");

    // It was a file when it was recorded. To open the pipe would wait for a writer.
    let lab = server();
    lab.file("key", b"one");
    assert_eq!(lab.run("load --kernel-version 6.1.0-9 --credential luks={}/key").exit, 0);
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    fs::remove_file(lab.path("key")).unwrap();
    make_pipe(&lab, "key");
    let run = lab.run("refresh");
    assert!(run.exit == 0 && run.out.contains("its command reads a pipe or a descriptor"), "{run:?}");
}

#[test]
fn an_entry_that_cannot_be_found_is_no_kernel_that_is_gone() {
    let lab = server();
    let entry = "/boot/loader/entries/a.conf";
    lab.system(entry, "linux /vmlinuz-6.1.0-9\ninitrd /initrd.img-6.1.0-9\noptions old\n");
    assert_eq!(lab.run("load --entry a").exit, 0);
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    lab.kernel.calls.borrow_mut().clear();
    fs::remove_file(lab.root().path(entry)).unwrap();
    let run = lab.run("refresh");
    assert!(run.exit == 4 && run.err.contains("(no-entry)"), "{run:?}");
    assert!(lab.kernel.calls.borrow().is_empty());
    fs::remove_file(lab.root().path("/boot/vmlinuz-6.1.0-9")).unwrap();
    assert_eq!(result(&lab), "unloaded");
}

#[test]
fn it_is_decided_under_the_lock() {
    let lab = loaded("load --latest");
    // Another skexec holds it, and loads another kernel meanwhile.
    let lock = record::Records::lock(lab.root()).unwrap().unwrap();
    let path = lab.root().path("/run/skexec/loaded.json");
    let other = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        let mut record: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        record["asked"] = serde_json::Value::Null;
        fs::write(&path, record.to_string()).unwrap();
        drop(lock);
    });
    install(&lab, "6.1.0-11");
    assert_eq!(result(&lab), "left");
    other.join().unwrap();
    assert!(lab.kernel.calls.borrow().is_empty());
    // Where nothing is to be done, nobody is disturbed.
    let lab = server();
    let _lock = record::Records::lock(lab.root()).unwrap().unwrap();
    assert_eq!(lab.run("refresh"), done("no kernel is loaded, and none is to be"));
}

#[test]
fn a_shutdown_that_is_scheduled_stays_noted() {
    let lab = server();
    systemd::install(&lab);
    systemd::logind(&lab, r#"{"type":"a(ssssuu)","data":[[]]}"#);
    lab.system("/proc/sys/kernel/random/boot_id", "one\n");
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    let at = lab.run("reboot --when +60 --json").json()["at"].as_i64().unwrap();
    install(&lab, "6.1.0-11");
    assert_eq!(result(&lab), "loaded");
    let note = fs::read(lab.root().path("/var/lib/skexec/next.json")).unwrap();
    let note: serde_json::Value = serde_json::from_slice(&note).unwrap();
    assert_eq!(note["exec"]["time_ms"].as_i64(), Some(at * 1000), "{note}");
    assert!(note["image"]["kernel"].as_str().unwrap().ends_with("vmlinuz-6.1.0-11"), "{note}");
}

#[test]
fn the_working_directory_matters_only_to_relative_paths() {
    let folder = |line: &str| record(&loaded(line)).asked.unwrap().folder;
    assert_eq!(folder("load --kernel-version 6.1.0-9"), "");
    let here = std::env::current_dir().unwrap();
    let relative = "load --kernel-version 6.1.0-9 --keys keys/debian/debian-secure-boot-ca.pem";
    assert_eq!(folder(relative), here.to_str().unwrap());
}

/// Runs the hooks' script with this program in the place of skexec, and returns what it says.
fn hook(lab: &Lab, program: &str, change: (&str, &str)) -> (Vec<u8>, String) {
    let path = lab.file("program", format!("#!/bin/sh\n{program}\n").as_bytes());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    lab.system("/run/skexec/loaded-panic.json", "");
    let script = include_str!("../dist/refresh/refresh").replace("/usr/sbin/skexec", path.to_str().unwrap());
    let script = script.replace("/run/", &format!("{}/run/", lab.root().0.display()));
    // The test may be run in a root of its own.
    let script = script.replace("/proc/1/root", "/").replace(change.0, change.1);
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    (output.stdout, String::from_utf8(output.stderr).unwrap())
}

#[test]
fn the_hook_says_what_was_done_and_nothing_else() {
    let lab = Lab::new();
    let says = |program: &str, change| hook(&lab, program, change);
    let nothing = ("", "");
    let loaded = "echo 'skexec: warning: no signature covers it (injected)' >&2; echo /boot/vmlinuz: loaded";
    assert_eq!(says(loaded, nothing), (vec![], "skexec: /boot/vmlinuz: loaded\n".into()));
    let refused = "echo 'skexec: it is not signed (unsigned)' >&2; echo '  do: sign it' >&2; echo second; exit 3";
    assert_eq!(says(refused, nothing), (vec![], "skexec: it is not signed (unsigned)\nskexec: second\n".into()));
    let stopped = "skexec: refresh took more than 300 s and was stopped\n";
    assert_eq!(says("sleep 60", ("-k 10 300", "-k 10 1")), (vec![], stopped.into()));
    // In a chroot; or where nothing was loaded and systemd does not run.
    assert_eq!(says(loaded, ("[ / -ef / ]", "[ / -ef /dev ]")), (vec![], String::new()));
    assert_eq!(says(loaded, ("loaded-panic.json", "none")), (vec![], String::new()));
    // The text that is replaced above is there.
    let script = include_str!("../dist/refresh/refresh");
    for text in ["-k 10 300", "[ / -ef /proc/1/root ]", "/run/skexec/loaded-panic.json"] {
        assert!(script.contains(text), "{text}");
    }
}

/// The package's hooks end a refresh that takes 300 s, at whatever point it is.
#[test]
fn a_refresh_that_is_killed_after_the_call_leaves_what_it_began() {
    let lab = loaded("load --latest --reuse-cmdline");
    lab.system("/boot/initrd.img-6.1.0-10", "a new initrd");
    let place = |name: &str| lab.root().path("/run/skexec").join(name);
    let before = fs::read(place("loaded.json")).unwrap();
    *lab.kernel.copies.borrow_mut() = Some((place("loaded.json.begun"), lab.path("begun")));
    assert_eq!(lab.run("refresh").exit, 0);
    *lab.kernel.copies.borrow_mut() = None;
    // What a process leaves that does not live on after the call.
    fs::write(place("loaded.json"), before).unwrap();
    fs::rename(lab.path("begun"), place("loaded.json.begun")).unwrap();
    lab.kernel.calls.borrow_mut().clear();
    let run = lab.run("exec --force");
    let said = "a load of {}/root/boot/vmlinuz-6.1.0-10 was ended before skexec could record it";
    assert!(run.exit == 1 && run.err.contains(said) && run.err.contains("(record-contradicted)"), "{run:?}");
    let run = lab.run("refresh");
    assert!(run.exit == 0 && run.out.contains("the loaded kernel is left as it is: a load of "), "{run:?}");
    assert!(lab.kernel.calls.borrow().is_empty());
    // Where the kernel holds nothing, it is known what became of it.
    assert_eq!(lab.run("load --latest --reuse-cmdline").exit, 0);
    assert!(!place("loaded.json.begun").exists());
    assert_eq!(
        lab.run("refresh").out,
        "{}/root/boot/vmlinuz-6.1.0-10 is loaded already, and its files have not changed\n"
    );
}
