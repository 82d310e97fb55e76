//! `skexec entries`, and `load` by an entry or a version, on a machine made of files.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use support::{Call, Lab, Run};

const MOUNTS: &str = "22 1 254:1 / /efi rw shared:1 - vfat /dev/vda1 rw\n";
const VENDOR: &str = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

/// A machine with an ESP at /efi and a directory /boot.
fn lab() -> Lab {
    let lab = Lab::new();
    lab.system("/proc/self/mountinfo", MOUNTS);
    lab.system_bytes("/efi/abc/6.12/linux", &forge::signed_bzimage());
    lab.system_bytes("/efi/abc/6.11/linux", &forge::unsigned_bzimage());
    lab.system("/efi/abc/6.12/initrd", "070701 new");
    lab.system("/efi/abc/microcode", "070701 ucode");
    lab.system(
        "/efi/loader/entries/abc-6.12+2-1.conf",
        "title Test 1\nsort-key test\nversion 6.12\nlinux /abc/6.12/linux\ninitrd /abc/microcode\ninitrd /abc/6.12/initrd\n\
         options root=/dev/vda2\noptions quiet\nfuture x\n",
    );
    lab.system(
        "/efi/loader/entries/abc-6.11.conf",
        "title Test 1\nsort-key test\nversion 6.11\nlinux /abc/6.11/linux\noptions ro\n",
    );
    lab.system("/boot/loader/entries/bad+0-3.conf", "linux /gone\nversion 7.0\n");
    lab
}

/// Writes a variable of the Boot Loader Interface.
fn set(lab: &Lab, name: &str, value: &str) {
    let text = value.encode_utf16().chain([0]).flat_map(u16::to_le_bytes);
    let bytes: Vec<u8> = [7, 0, 0, 0].into_iter().chain(text).collect();
    lab.system_bytes(&format!("/sys/firmware/efi/efivars/{name}-{VENDOR}"), &bytes);
}

/// The calls of a command line that must succeed: path, initrd and command line that were loaded.
fn loaded(lab: &Lab, line: &str) -> (bool, Option<Vec<u8>>, String) {
    lab.kernel.calls.borrow_mut().clear();
    let run = lab.run(&format!("{line} --keys {{}}/root.pem"));
    assert_eq!(run.exit, 0, "{line}: {run:?}");
    let calls = lab.kernel.calls.borrow();
    let [Call::Load { kernel, initrd, cmdline, .. }] = calls.as_slice() else { panic!("{line}: {calls:?}") };
    (*kernel == forge::signed_bzimage(), initrd.clone(), cmdline.clone())
}

#[test]
fn entries_are_listed_in_order_with_a_verdict() {
    let lab = lab();
    let wanted = "\
entry          title   version  where  tries             next  verdict
abc-6.12.conf  Test 1  6.12     esp    2 left, 1 failed  yes   trusted (kernel)
abc-6.11.conf  Test 1  6.11     esp                            refused (unsigned)
bad.conf               7.0      boot   bad, 3 failed           refused (unreadable)
";
    let run = lab.run("entries --keys {}/root.pem");
    assert_eq!(run, Run { exit: 0, out: wanted.into(), err: String::new() });

    let run = lab.run("entries --keys {}/root.pem --verbose");
    let block = "\
abc-6.12.conf  Test 1  6.12     esp    2 left, 1 failed  yes   trusted (kernel)
  file     {}/root/efi/loader/entries/abc-6.12+2-1.conf
  initrd   {}/root/efi/abc/microcode (not signed)
  initrd   {}/root/efi/abc/6.12/initrd (not signed)
  cmdline  root=/dev/vda2 quiet
  signer   O=skexec tests, CN=skexec test signer
";
    assert!(run.out.contains(block) && run.out.contains("\n  note     the key future is ignored\n"), "{}", run.out);
    let why =
        "  why      {}/root/boot/gone: the file cannot be read: No such file or directory (os error 2) (unreadable)\n";
    assert!(run.out.contains(why), "{}", run.out);
    assert_eq!(lab.run("entries --quiet"), Run { exit: 0, out: String::new(), err: String::new() });

    set(&lab, "LoaderEntryOneShot", "ABC-6.11*");
    let json = lab.run("entries --json --keys {}/root.pem").json();
    let marks = |name: &str| {
        json["entries"].as_array().unwrap().iter().map(|entry| entry[name].as_bool().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!((marks("next"), marks("oneshot")), (vec![false, true, false], vec![false, true, false]));
    assert_eq!(json["entries"][0]["kernel"]["verdict"], "trusted");
    assert_eq!(json["entries"][2]["tries_left"], 0);
}

#[test]
fn a_signed_initrd_is_covered_and_a_wrong_signature_refuses() {
    let lab = lab();
    let signature = forge::detached(b"070701 new", &forge::pki::signer());
    lab.system_bytes("/efi/abc/6.12/initrd.p7s", &signature);
    lab.system("/efi/loader/entries/abc-6.12+2-1.conf", "linux /abc/6.12/linux\ninitrd /abc/6.12/initrd\n");
    let run = lab.run("entries --keys {}/root.pem");
    assert!(run.out.contains("trusted (kernel, initrd)\n"), "{}", run.out);
    lab.system("/efi/abc/6.12/initrd", "070701 other");
    let run = lab.run("entries --keys {}/root.pem");
    assert!(run.out.contains("refused (message-digest)\n"), "{}", run.out);
}

#[test]
fn a_machine_without_entries() {
    let lab = Lab::new();
    assert_eq!(lab.run("entries"), Run { exit: 0, out: "there are no boot entries\n".into(), err: String::new() });
    let run = lab.run("load --entry default");
    assert_eq!((run.exit, run.out.as_str()), (4, ""));
    assert!(
        run.err.starts_with("skexec: there is no such boot entry: there are no boot entries (no-entry)\n"),
        "{run:?}"
    );
    let run = lab.run("load --latest");
    assert!(run.exit == 4 && run.err.contains("(no-such-version)"), "{run:?}");
}

#[test]
fn there_may_be_too_many_entries() {
    let lab = Lab::new();
    for number in 0..=1000 {
        lab.system(&format!("/boot/loader/entries/{number}.conf"), "title a\n");
    }
    let run = lab.run("entries");
    let warning = "skexec: warning: {}/root/boot/loader/entries: 1001 entries, of which only 1000 are \
                   read (entries-unreadable)\n";
    assert_eq!((run.exit, run.err.as_str(), run.out.lines().count()), (0, warning, 1001));
}

#[test]
fn an_entry_is_loaded_with_its_initrds_and_options() {
    let lab = lab();
    let initrd = Some(b"070701 ucode070701 new".to_vec());
    let whole = (true, initrd.clone(), "root=/dev/vda2 quiet".to_owned());
    assert_eq!(loaded(&lab, "load --entry abc-6.12.conf"), whole);
    assert_eq!(loaded(&lab, "load --entry ABC-6.12"), whole);
    assert_eq!(loaded(&lab, "load --entry default"), whole);
    let record = skexec::record::read(lab.root(), skexec::system::Slot::Reboot).unwrap().unwrap();
    assert_eq!(record.boot_entry.as_deref(), Some("abc-6.12.conf"));
    // The options come first.
    let line = "load --entry abc-6.12 --append debug --initrd {}/one";
    lab.file("one", b"070701 one");
    assert_eq!(loaded(&lab, line), (true, Some(b"070701 one".to_vec()), "root=/dev/vda2 quiet debug".into()));
    assert_eq!(loaded(&lab, "load --entry abc-6.12 --no-initrd --cmdline x"), (true, None, "x".into()));
    assert_eq!(loaded(&lab, "load --entry abc-6.12 --no-cmdline").2, "");
    assert_eq!(loaded(&lab, "load --entry abc-6.12 --reuse-cmdline").2, "root=/dev/vda1 quiet");

    let said = lab.run("load --entry abc-6.12 --keys {}/root.pem");
    let wanted = "{}/root/efi/abc/6.12/linux (boot entry abc-6.12.conf): loaded by kexec_file_load, signed by \
                  O=skexec tests, CN=skexec test signer\n";
    assert_eq!(said, Run { exit: 0, out: wanted.into(), err: String::new() });
    let json = lab.run("load --entry abc-6.12 --dry-run --json --keys {}/root.pem").json();
    assert_eq!(json["boot_entry"], "abc-6.12.conf");
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    assert!(lab.run("status").out.contains("\n  entry    abc-6.12.conf\n"));
}

#[test]
fn the_entry_that_is_verified_is_as_strict_as_a_path() {
    let lab = lab();
    let run = lab.run("load --entry abc-6.11 --keys {}/root.pem");
    assert!(
        run.exit == 3 && run.err.contains("{}/root/efi/abc/6.11/linux: ") && run.err.contains("(unsigned)"),
        "{run:?}"
    );
    let run = lab.run("load --entry bad");
    assert!(run.exit == 1 && run.err.starts_with("skexec: {}/root/boot/gone: the file cannot be read"), "{run:?}");
    let run = lab.run("load --entry abc-7");
    assert!(
        run.exit == 4
            && run.err.starts_with("skexec: there is no such boot entry: no entry has the ID abc-7 (no-entry)\n"),
        "{run:?}"
    );
    let run = lab.run("load --entry oneshot --json");
    assert_eq!((run.exit, run.json()["reason"].as_str()), (4, Some("no-entry")));
    lab.system("/efi/loader/entries/out.conf", "linux /../boot/config-6.12.0-test\n");
    let run = lab.run("load --entry out");
    assert!(
        run.exit == 4 && run.err.contains("the path of linux has . or .. in it") && run.err.contains("(entry-file)"),
        "{run:?}"
    );
    assert!(lab.kernel.calls.borrow().is_empty());
}

#[test]
fn the_choices_of_systemd_boot() {
    let lab = lab();
    lab.system_bytes("/efi/abc/6.11/linux", &forge::signed_bzimage());
    lab.system("/efi/loader/loader.conf", "timeout 3\ndefault abc-6.11*\n");
    assert_eq!(loaded(&lab, "load --entry default").2, "ro");
    set(&lab, "LoaderEntryDefault", "abc-6.12.conf");
    assert_eq!(loaded(&lab, "load --entry default").2, "root=/dev/vda2 quiet");
    set(&lab, "LoaderEntryOneShot", "abc-6.11.conf");
    assert_eq!(loaded(&lab, "load --entry default").2, "ro");
    assert_eq!(loaded(&lab, "load --entry oneshot").2, "ro");
    // Reading it does not use it up.
    assert_eq!(loaded(&lab, "load --entry oneshot").2, "ro");
}

#[test]
fn a_version_is_found_by_an_entry_or_by_its_files() {
    let lab = lab();
    assert_eq!(loaded(&lab, "load --kernel-version 6.12").2, "root=/dev/vda2 quiet");
    // The newest version: 6.12.0-9 is newer than 6.12, and 6.12.0-10 than that.
    for version in ["6.12.0-9-amd64", "6.12.0-10-amd64"] {
        lab.system_bytes(&format!("/boot/vmlinuz-{version}"), &forge::signed_bzimage());
        lab.system(&format!("/boot/initrd.img-{version}"), version);
    }
    let newest = Some(b"6.12.0-10-amd64".to_vec());
    assert_eq!(loaded(&lab, "load --latest"), (true, newest.clone(), "root=/dev/vda1 quiet".into()));
    lab.system("/etc/kernel/cmdline", "root=/dev/vda3\n");
    assert_eq!(loaded(&lab, "load --latest --append x"), (true, newest, "root=/dev/vda3 x".into()));
    let record = skexec::record::read(lab.root(), skexec::system::Slot::Reboot).unwrap().unwrap();
    assert_eq!(record.boot_entry, None);
    let nine = Some(b"6.12.0-9-amd64".to_vec());
    assert_eq!(loaded(&lab, "load --kernel-version 6.12.0-9-amd64"), (true, nine, "root=/dev/vda3".into()));
    let run = lab.run("load --kernel-version 6.13");
    let wanted = "skexec: no kernel of this version is installed: 6.13; found: 6.12.0-10-amd64, 6.12.0-9-amd64, 6.12, 6.11 (no-such-version)\n";
    assert!(run.exit == 4 && run.err.starts_with(wanted), "{run:?}");
    // Without an initrd, that must be said.
    std::fs::remove_file(lab.root().path("/boot/initrd.img-6.12.0-9-amd64")).unwrap();
    let run = lab.run("load --kernel-version 6.12.0-9-amd64 --keys {}/root.pem");
    assert!(run.exit == 2 && run.err.contains("(initrd-unsaid)"), "{run:?}");
}

#[test]
fn a_manifest_beside_an_installed_kernel_names_the_command_line() {
    let lab = Lab::new();
    let kernel = forge::signed_bzimage();
    let text = support::manifest(&kernel, &[b"070701"], "root=/dev/vda9", 1);
    lab.system_bytes("/boot/vmlinuz-6.13", &kernel);
    lab.system("/boot/initrd.img-6.13", "070701");
    lab.system("/boot/vmlinuz-6.13.manifest", &text);
    lab.system_bytes("/boot/vmlinuz-6.13.manifest.p7s", &forge::detached(text.as_bytes(), &forge::pki::signer()));
    lab.system("/etc/kernel/cmdline", "root=/dev/vda3\n");
    assert_eq!(loaded(&lab, "load --latest"), (true, Some(b"070701".to_vec()), "root=/dev/vda9".into()));
    // The options of a boot entry are not a guess.
    lab.system(
        "/boot/loader/entries/a.conf",
        "version 6.13\nlinux /vmlinuz-6.13\ninitrd /initrd.img-6.13\noptions root=/dev/vda3\n",
    );
    let run = lab.run("load --latest --keys {}/root.pem");
    assert!(run.exit == 3 && run.err.contains("(manifest-cmdline)"), "{run:?}");
}

#[test]
fn one_kernel_must_be_chosen() {
    let lab = Lab::new();
    let usage = "\n\nUsage: skexec load KERNEL (--initrd FILE [--initrd FILE]... | --no-initrd)\n                   \
                 (--cmdline STR | --reuse-cmdline | --no-cmdline) [OPTIONS]\n       \
                 skexec load (UKI | --entry ID | --latest | --kernel-version VERSION) [OPTIONS]\n       \
                 skexec load [KERNEL] --manifest FILE [OPTIONS]\n\n\
                 For more information, try '--help'.\n";
    let rows = [
        ("load --no-initrd --no-cmdline", "the following required arguments were not provided:\n  <KERNEL>"),
        ("load {}/vmlinuz --latest", "the argument '[KERNEL]' cannot be used with '--latest'"),
        ("load --latest --entry a", "the argument '--latest' cannot be used with '--entry <ID>'"),
    ];
    for (line, what) in rows {
        let wanted = Run { exit: 2, out: String::new(), err: format!("error: {what}{usage}") };
        assert_eq!(lab.run(line), wanted, "{line}");
    }
}

#[test]
fn columns_are_as_wide_as_they_are_printed() {
    let lab = Lab::new();
    lab.system("/boot/loader/entries/a.conf", "title \u{1b}[2J\nlinux /gone\n");
    lab.system("/boot/loader/entries/b.conf", "title b\nlinux /gone\n");
    let wanted = "\
entry   title      version  where  tries  next  verdict
b.conf  b                   boot                refused (unreadable)
a.conf  \\u{1b}[2J           boot                refused (unreadable)
";
    assert_eq!(lab.run("entries").out, wanted);
}

#[test]
fn an_empty_name_is_a_usage_error() {
    let lab = lab();
    for line in
        ["load --entry=", "load --kernel-version=", "load k --profile=", "verify k --profile=", "inspect k --profile="]
    {
        let run = lab.run(line);
        assert_eq!((run.exit, run.out.as_str()), (2, ""), "{line}: {run:?}");
        assert!(run.err.contains("a value is required"), "{line}: {}", run.err);
    }
}
