//! The commands other than `load`, by exact output and exit code, on a machine made of files.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use support::{Call, LOAD, Lab, Run, refusal};

#[test]
fn exec_wants_something_that_it_knows() {
    let lab = Lab::new();
    let run = lab.run("exec --force");
    assert_eq!(
        run,
        refusal(
            1,
            "skexec: no kernel is loaded (nothing-loaded)\n  do: load a kernel first: skexec load ...\n  \
             kernel: Invalid argument (EINVAL): there is no image to jump into\n"
        )
    );
    // Where the kernel does not say what it holds, nobody says that it holds something.
    lab.system("/sys/kernel/kexec_loaded", "?\n");
    let seen = "no kernel is loaded: skexec has loaded none, and whether another program has cannot be read in \
                /sys/kernel/kexec_loaded (mount -t sysfs sysfs /sys) (nothing-loaded)";
    let run = lab.run("exec --force");
    assert!(run.exit == 1 && run.err.contains(seen), "{run:?}");
    assert!(lab.run("status").out.contains(seen));
    let (config, hidden) = (lab.root().path("/boot/config-6.12.0-test"), lab.root().path("/boot/hidden"));
    std::fs::rename(&config, &hidden).unwrap();
    let status = lab.run("status");
    let unknown = "Not known: whether the running kernel has kexec_file_load cannot be read\n";
    assert!(status.exit == 0 && status.out.starts_with(unknown), "{status:?}");
    assert!(!lab.run("status --json").json()["ready"].as_bool().unwrap());
    std::fs::rename(&hidden, &config).unwrap();
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    let run = lab.run("exec --force");
    assert!(run.exit == 1 && run.err.contains("(foreign-image)"), "{run:?}");
    assert!(lab.kernel.calls.borrow().is_empty());
    lab.run("exec --force --foreign");
    assert_eq!(lab.kernel.calls.borrow().as_slice(), [Call::Jump]);
    assert_eq!(lab.run(LOAD).exit, 0);
    lab.kernel.calls.borrow_mut().clear();
    let run = lab.run("exec");
    assert!(run.exit == 1 && run.err.contains("(no-init)"), "{run:?}");
    assert!(lab.kernel.calls.borrow().is_empty());
    lab.run("exec --force");
    assert_eq!(lab.kernel.calls.borrow().as_slice(), [Call::Jump]);
}

#[test]
fn a_watchdog_that_cannot_be_armed_stops_the_jump() {
    let lab = Lab::new();
    assert_eq!(lab.run(LOAD).exit, 0);
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    lab.kernel.calls.borrow_mut().clear();
    let run = lab.run("exec --force --watchdog 30");
    assert_eq!(
        run,
        refusal(
            5,
            "skexec: no watchdog of this machine can be armed: /sys/class/watchdog has none (no-watchdog)\n  do: load its driver \
             (modprobe NAME), free it where another process has it, choose fewer seconds where it does not count so many, or leave out --watchdog\n"
        )
    );
    // A file is no watchdog.
    lab.system("/sys/class/watchdog/watchdog0/identity", "test\n");
    lab.system("/dev/watchdog0", "");
    let run = lab.run("exec --force --watchdog 30");
    assert!(run.exit == 5 && run.err.contains("watchdog0 (test): "), "{run:?}");
    assert!(run.err.contains("a hang may go unnoticed") && run.err.contains("(watchdog-stops)"), "{run:?}");
    assert!(lab.kernel.calls.borrow().is_empty());
    assert_eq!(lab.run("exec --watchdog 0").exit, 2);
}

#[test]
fn unload_forgets() {
    let lab = Lab::new();
    assert_eq!(lab.run("unload"), Run { exit: 0, out: "nothing is loaded\n".into(), err: String::new() });
    assert_eq!(lab.run(LOAD).exit, 0);
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    assert_eq!(lab.run("unload"), Run { exit: 0, out: "unloaded\n".into(), err: String::new() });
    assert_eq!(lab.kernel.calls.borrow().last(), Some(&Call::Unload { panic: false }));
    assert!(skexec::record::read(lab.root(), skexec::system::Slot::Reboot).unwrap().is_none());
}

#[test]
fn verify_prints_one_object_a_file_and_ends_with_the_highest_code() {
    let lab = Lab::new();
    lab.file("unsigned", &forge::unsigned_bzimage());
    lab.file("half", &forge::signed_bzimage()[..9000]);
    let run = lab.run("verify --json --no-system-trust --keys {}/root.pem {}/vmlinuz {}/unsigned {}/half");
    let json = run.json();
    assert_eq!((run.exit, json.as_array().map(Vec::len)), (4, Some(3)));
    let good = &json[0];
    assert_eq!(good["schema"], 1);
    assert_eq!((good["verdict"].as_str(), good["reason"].as_str()), (Some("trusted"), None));
    assert_eq!((good["format"].as_str(), good["covers"][0].as_str()), (Some("bzimage"), Some("kernel")));
    assert_eq!((good["kernel"]["errno"].as_i64(), good["kernel"]["name"].as_str()), (Some(0), Some("OK")));
    assert_eq!((json[1]["reason"].as_str(), json[2]["reason"].as_str()), (Some("unsigned"), Some("truncated")));
    assert_eq!(
        lab.run("verify --quiet --keys {}/root.pem {}/vmlinuz"),
        Run { exit: 0, out: String::new(), err: String::new() }
    );
}

#[test]
fn status_describes_the_machine() {
    let lab = Lab::new();
    let wanted = "Ready: a kernel can be loaded, by kexec_file_load; but nobody's signature is trusted
  do: name certificates with --keys FILE, or put them into /etc/skexec/trust.d

Next reboot
  reboot      starts the firmware
  skexec exec refuses: no kernel is loaded (nothing-loaded)
              do: load a kernel first: skexec load ...

Loaded kernel
  loaded   nothing

Crash kernel
  reserved unknown: the running kernel does not say
  loaded   unknown

Who checks
  kernel   6.12.0-test: signatures not enforced
           Secure Boot absent (no EFI), lockdown absent
  skexec   loads verified kernels only, unless --insecure-unsigned is given

Methods
  file     works, by kexec_file_load
  segments does not work: the running kernel has no kexec_load (no-kexec-load)
           do: use a kernel with CONFIG_KEXEC, or --method file with a bzImage
  memory   1024 MiB, of which kernel and initrd may take 512 MiB

Trust
  trusted  nobody
  revoked  nothing
";
    assert_eq!(lab.run("status"), Run { exit: 0, out: wanted.into(), err: String::new() });
    assert_eq!(lab.run("status {}/vmlinuz").exit, 3);
    assert_eq!(lab.run("status {}/vmlinuz --keys {}/root.pem").exit, 0);
    assert!(lab.kernel.calls.borrow().is_empty());
}

#[test]
fn a_reader_who_went_away_changes_no_exit_code() {
    let lab = Lab::new();
    lab.file("unsigned", &forge::unsigned_bzimage());
    for json in ["", " --json"] {
        let rows = [
            ("verify {}/unsigned {}/vmlinuz --keys {}/root.pem", 3),
            ("verify {}/vmlinuz --keys {}/root.pem", 0),
            ("verify {}/vmlinuz --keys {}/none", 1),
            ("load {}/unsigned --no-initrd --no-cmdline", 3),
            ("load {}/unsigned --no-initrd --no-cmdline --dry-run", 3),
            ("load {}/vmlinuz --no-initrd --no-cmdline --keys {}/root.pem", 0),
            ("exec", 1),
            ("unload", 0),
            ("inspect {}/none", 1),
            ("policy", 0),
            ("status {}/unsigned", 3),
        ];
        for (line, exit) in rows {
            assert_eq!(lab.run_unheard(&format!("{line}{json}")), exit, "{line}{json}");
        }
    }
}

#[test]
fn status_names_the_key_that_the_running_kernel_holds() {
    let lab = Lab::new();
    let root = x509_key_id(&forge::root_der());
    lab.system(
        "/proc/keys",
        &format!(
            "00000001 I------     1 perm 1f030000     0     0 keyring   .builtin_trusted_keys: 1\n\
             00000002 I------     1 perm 1f010000     0     0 asymmetri skexec test root: {root}: X509.rsa 11223344 []\n"
        ),
    );
    let run = lab.run("status {}/vmlinuz --keys {}/root.pem");
    assert!(run.exit == 0, "{run:?}");
    assert!(run.out.ends_with("  held     skexec test root (from the firmware: .platform or .machine)\n"), "{run:?}");
    let json = lab.run("status {}/vmlinuz --keys {}/root.pem --json").json();
    assert_eq!(json["kernel_keys"].as_array().map(Vec::len), Some(1));
}

fn x509_key_id(der: &[u8]) -> String {
    let certificate = skexec::trust::cert::Certificate::parse(der).unwrap();
    certificate.subject_key_id().unwrap().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_systems_log_has_the_words_of_the_terminal() {
    let lab = Lab::new();
    lab.system("/etc/initrd-release", "");
    let kmsg = lab.root().path("/dev/kmsg");
    let log = || {
        let text = std::fs::read_to_string(&kmsg).unwrap();
        lab.system("/dev/kmsg", "");
        let folder = lab.path("").to_str().unwrap().trim_end_matches('/').to_owned();
        text.replace(&folder, "{}").replace(&format!("skexec[{}]", std::process::id()), "skexec")
    };
    lab.system("/dev/kmsg", "");
    lab.file("unsigned", &forge::unsigned_bzimage());
    let signer = "O=skexec tests, CN=skexec test signer";
    let loaded = format!("<13>skexec: {{}}/vmlinuz: loaded by kexec_file_load, signed by {signer}\n");
    let refused = "<11>skexec: {}/unsigned: the image carries no signature (unsigned)\n";
    let unsigned = "load {}/unsigned --no-initrd --no-cmdline";
    for options in ["", " --quiet", " --json", " --verbose"] {
        assert_eq!(lab.run(&format!("{LOAD}{options}")).exit, 0);
        assert_eq!(log(), loaded, "{options}");
        assert_eq!(lab.run(&format!("{unsigned}{options}")).exit, 3);
        assert_eq!(log(), refused, "{options}");
        // No call is made.
        for line in [unsigned, LOAD] {
            lab.run(&format!("{line} --dry-run{options}"));
        }
        lab.run(&format!("verify {{}}/unsigned{options}"));
        lab.run(&format!("status {{}}/unsigned{options}"));
        lab.run(&format!("inspect {{}}/unsigned{options}"));
        assert_eq!(log(), "", "{options}");
    }
    let run = lab.run(unsigned);
    assert!(run.err.starts_with(&refused.replace("<11>", "")), "{run:?}");
    log();

    // A file name with a line feed cannot forge a second journal record.
    lab.file("a\n<0>b", &forge::unsigned_bzimage());
    lab.run(&unsigned.replace("unsigned", "a\n<0>b"));
    assert_eq!(log(), refused.replace("unsigned:", "a\\u{a}<0>b:"));

    lab.system("/sys/kernel/kexec_loaded", "1\n");
    lab.run("exec --force");
    let jump = "<14>skexec: jumping into the loaded kernel\n<11>skexec: no kernel is loaded: the kernel answered Invalid argument (EINVAL) (nothing-loaded)\n";
    assert!(log().ends_with(jump), "what came before are warnings of this machine's own mounts");
    lab.run("unload");
    assert_eq!(log(), "<13>skexec: unloaded\n");
    // There is no journal.
    std::fs::remove_file(&kmsg).unwrap();
    assert_eq!(lab.run(LOAD).exit, 0);
}
