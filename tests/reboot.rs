//! `skexec reboot`: which kernel it loads, with which command line, and when it leaves the machine as it is.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;
use support::systemd::{self, NO_INHIBITORS, server};
use support::{Call, Lab, Run};

const APT: &str = r#"{"type":"a(ssssuu)","data":[[["shutdown","apt","upgrading","block",0,77]]]}"#;

/// The initrd and the command line of the one load that was made.
fn loaded(lab: &Lab) -> (String, String) {
    match lab.kernel.calls.borrow().as_slice() {
        [Call::Load { initrd: Some(initrd), cmdline, .. }] => (String::from_utf8_lossy(initrd).into(), cmdline.clone()),
        calls => panic!("{calls:?}"),
    }
}

#[test]
fn the_newest_kernel_with_the_running_command_line() {
    let lab = server();
    let run = lab.run("reboot");
    let out = "{}/root/boot/vmlinuz-6.1.0-10: loaded by kexec_file_load, signed by O=skexec tests, CN=skexec test signer\n\
               shutting down, then booting the loaded kernel\n";
    assert_eq!(run, Run { exit: 0, out: out.into(), err: String::new() });
    assert_eq!(loaded(&lab), ("initrd of 6.1.0-10".into(), "root=/dev/vda1 quiet".into()));
    assert_eq!(
        systemd::asked(&lab),
        ["ListInhibitors", "ListInhibitors", "SetWallMessage sb  true", "RebootWithFlags t 3"]
    );
}

#[test]
fn options_choose_the_kernel_and_the_command_line() {
    let entry = "linux /vmlinuz-6.1.0-9\ninitrd /initrd.img-6.1.0-9\nversion 6.1.0-9\noptions root=/dev/entry\n";
    let rows = [
        ("--latest", "6.1.0-10", "root=/dev/vda1 quiet"),
        ("--kernel-version 6.1.0-9", "6.1.0-9", "root=/dev/vda1 quiet"),
        ("--entry a", "6.1.0-9", "root=/dev/entry"),
        ("--entry a --reuse-cmdline", "6.1.0-9", "root=/dev/vda1 quiet"),
        ("--entry a --append x=1 --append y", "6.1.0-9", "root=/dev/entry x=1 y"),
        ("--cmdline-remove quiet --append debug", "6.1.0-10", "root=/dev/vda1 debug"),
        ("--cmdline root=/dev/vdb", "6.1.0-10", "root=/dev/vdb"),
    ];
    for (options, version, cmdline) in rows {
        let lab = server();
        lab.system("/boot/loader/entries/a.conf", entry);
        assert_eq!(lab.run(&format!("reboot {options}")).exit, 0, "{options}");
        assert_eq!(loaded(&lab), (format!("initrd of {version}"), cmdline.to_owned()), "{options}");
    }
    for line in ["--latest --entry a", "--entry a --kernel-version 6.1", "--cmdline a --cmdline-remove b", "{}/vmlinuz"]
    {
        assert_eq!(server().run(&format!("reboot {line}")).exit, 2, "{line}");
    }
}

#[test]
fn a_refusal_keeps_the_machine_and_its_image() {
    let inhibited = "skexec: a program asks that the machine is not shut down now: apt (process 77, user 0): upgrading (inhibited)\n  \
                     do: wait until that program is done (systemd-inhibit --list shows it), or shut down all the same with \
                     --ignore-inhibitors\n";
    let lab = server();
    systemd::logind(&lab, APT);
    for line in ["reboot", "reboot --dry-run", "reboot --when +5"] {
        assert_eq!(lab.run(line), Run { exit: 5, out: String::new(), err: inhibited.into() }, "{line}");
    }
    // A file that is not signed.
    systemd::logind(&lab, NO_INHIBITORS);
    lab.system_bytes("/boot/vmlinuz-6.1.0-10", &forge::unsigned_bzimage());
    let run = lab.run("reboot");
    assert!(run.exit == 3 && run.err.contains("(unsigned)"), "{run:?}");
    // A package that is not installed wholly.
    lab.system_bytes("/boot/vmlinuz-6.1.0-11", &forge::signed_bzimage());
    let run = lab.run("reboot");
    assert!(run.exit == 2 && run.err.contains("(initrd-unsaid)"), "{run:?}");
    let run = lab.run("reboot --kernel-version 5.10");
    assert!(run.exit == 4 && run.err.contains("(no-such-version)"), "{run:?}");
    // No init system.
    fs::remove_dir_all(lab.root().path("/run/systemd")).unwrap();
    let run = lab.run("reboot --kernel-version 6.1.0-9");
    assert!(run.exit == 1 && run.err.contains("(no-init)"), "{run:?}");
    assert!(lab.kernel.calls.borrow().is_empty());
    assert!(systemd::asked(&lab).iter().all(|call| call == "ListInhibitors"));
}

#[test]
fn a_dry_run_does_nothing() {
    let lab = server();
    let run = lab.run("reboot --dry-run");
    assert!(run.exit == 0 && run.out.contains("would be loaded by kexec_file_load"), "{run:?}");
    assert!(run.out.ends_with("then the machine would be shut down\n"), "{run:?}");
    let document = lab.run("reboot --dry-run --json").json();
    assert_eq!((&document["loaded"], &document["shutting_down"]), (&false.into(), &false.into()), "{document}");
    let run = lab.run("reboot --dry-run --when 3:30");
    assert!(run.out.contains("then the machine would be shut down at 2") && run.out.ends_with(" 03:30\n"), "{run:?}");
    assert!(lab.kernel.calls.borrow().is_empty());
    assert!(systemd::asked(&lab).iter().all(|call| call == "ListInhibitors"));
}

#[test]
fn inhibitors_can_be_overridden() {
    let lab = server();
    systemd::logind(&lab, APT);
    assert_eq!(lab.run("reboot --ignore-inhibitors --message upgrade").exit, 0);
    assert_eq!(systemd::asked(&lab), ["SetWallMessage sb upgrade true", "RebootWithFlags t 18"]);
}

#[test]
fn what_cannot_be_done_is_said_before_anything_is_loaded() {
    let lab = server();
    let run = lab.run("reboot --watchdog 5");
    assert!(run.exit == 5 && run.err.contains("(no-watchdog)"), "{run:?}");
    assert!(lab.kernel.calls.borrow().is_empty() && systemd::asked(&lab).is_empty());
    let run = lab.run("reboot --dry-run --when cancel");
    assert!(run.exit == 2 && run.err.contains("--when cancel only cancels"), "{run:?}");
    assert!(systemd::asked(&lab).is_empty());
}

#[test]
fn one_document_says_why_a_loaded_kernel_is_not_booted() {
    let lab = server();
    // The inhibitor is taken while the kernel is loaded.
    let seen = lab.root().path("/seen");
    let seen = seen.display();
    let answers = format!(
        "case \"$*\" in *ListInhibitors*) [ -e {seen} ] && echo '{APT}' || echo '{NO_INHIBITORS}'; : >{seen} ;; \
         *) echo '{{\"type\":\"b\",\"data\":false}}' ;; esac"
    );
    systemd::script(&lab, "busctl", &answers);
    let run = lab.run("reboot --json");
    let document = run.json();
    assert_eq!(
        (run.exit, &document["loaded"], &document["shutting_down"]),
        (5, &true.into(), &false.into()),
        "{document}"
    );
    assert_eq!(
        (&document["not_shut_down"]["reason"], &document["reason"]),
        (&"inhibited".into(), &().into()),
        "{document}"
    );
    assert!(run.err.contains("(inhibited)"), "{run:?}");

    let lab = server();
    systemd::broken_logind(&lab);
    let run = lab.run("reboot --json --when +5");
    let document = run.json();
    let stayed = &document["not_shut_down"];
    assert_eq!((run.exit, &document["loaded"], &stayed["reason"]), (1, &true.into(), &().into()), "{document}");
    assert!(
        stayed["message"].as_str().unwrap().starts_with("cannot ask logind to shut the machine down: "),
        "{document}"
    );
    assert!(run.err.contains("skexec: cannot ask logind"), "{run:?}");
}
