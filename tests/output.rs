//! Output that cannot be written, limits on the size of files, and names that could steer a terminal.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use skexec::record;
use skexec::system::Slot;
use std::fs::{self, OpenOptions};
use std::process::Command;
use support::{Call, LOAD, Lab};

const FULL: &str = "cannot write to standard output: No space left on device (os error 28)\n";

#[test]
fn a_full_disk_does_not_hide_what_was_done() {
    for json in ["", " --json"] {
        let lab = Lab::new();
        lab.system("/etc/initrd-release", "");
        lab.system("/dev/kmsg", "");
        lab.file("unsigned", &forge::unsigned_bzimage());
        let run = lab.run_full(&format!("{LOAD}{json}"));
        assert_eq!((run.exit, run.err), (0, format!("skexec: warning: {FULL}")), "{json}");
        assert!(matches!(lab.kernel.calls.borrow()[..], [Call::Load { .. }]));
        assert!(record::read(lab.root(), Slot::Reboot).unwrap().is_some());
        let log = fs::read_to_string(lab.root().path("/dev/kmsg")).unwrap();
        assert!(log.contains("/vmlinuz: loaded by kexec_file_load, signed by "), "{log}");

        let run = lab.run_full(&format!("load {{}}/unsigned --no-initrd --no-cmdline{json}"));
        assert!(run.exit == 3 && run.err.contains("(unsigned)") == json.is_empty(), "{run:?}");
        lab.system("/sys/kernel/kexec_loaded", "1\n");
        let run = lab.run_full(&format!("exec{json}"));
        assert!(run.exit == 1 && run.err.contains("(nothing-loaded)"), "{run:?}");
        let run = lab.run_full(&format!("unload{json}"));
        assert_eq!((run.exit, run.err), (0, format!("skexec: warning: {FULL}")), "{json}");
        // Standard error cannot be written either.
        let mut full = [(); 2].map(|()| OpenOptions::new().write(true).open("/dev/full").unwrap());
        let [out, err] = &mut full;
        assert_eq!(lab.run_on(&format!("{LOAD}{json}"), out, err), 0, "{json}");
    }
}

#[test]
fn where_the_output_is_what_was_asked_for_it_must_be_written() {
    let lab = Lab::new();
    let lines = [
        "verify {}/vmlinuz --keys {}/root.pem",
        "inspect {}/vmlinuz",
        "status",
        "load {}/vmlinuz --no-initrd --no-cmdline --keys {}/root.pem --dry-run",
    ];
    for line in lines {
        for json in ["", " --json"] {
            let run = lab.run_full(&format!("{line}{json}"));
            assert_eq!((run.exit, run.err), (1, format!("skexec: {FULL}")), "{line}{json}");
        }
    }
    for line in ["--help", "--version", "load --help"] {
        let run = lab.run_full(line);
        assert_eq!((run.exit, run.err), (1, format!("skexec: {FULL}")), "{line}");
    }
}

#[test]
fn a_limit_on_the_size_of_files_is_reported() {
    let lab = Lab::new();
    let kernel = lab.path("vmlinuz");
    let shell = |script: &str| {
        let output = Command::new("sh")
            .args(["-c", script, env!("CARGO_BIN_EXE_skexec")])
            .arg(&kernel)
            .arg(lab.path("root.pem"))
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(kernel.to_str().unwrap(), "KERNEL");
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let why = "the limit on file sizes (RLIMIT_FSIZE) is too small to copy the file: the copy of it in memory would be \
               larger (file-size-limit)";
    let (code, out, _) = shell("ulimit -f 0; exec \"$0\" verify --no-system-trust --keys \"$2\" \"$1\"");
    assert!(code == Some(0) && out.starts_with("KERNEL: trusted\n"), "verify makes no copy that is a file: {out}");
    let load = "load --no-initrd --no-cmdline --no-system-trust --keys \"$2\" \"$1\" --dry-run";
    let (code, _, err) = shell(&format!("ulimit -f 0; exec \"$0\" {load}"));
    assert!(code == Some(5) && err.contains(why), "{err}");
    let (code, out, _) = shell(&format!("ulimit -f 0; exec \"$0\" {load} --json"));
    assert!(code == Some(5) && out.contains("\"reason\": \"file-size-limit\""), "{out}");
    // Standard output can be such a file, too.
    let file = lab.path("out");
    let script = format!("ulimit -f 0; exec \"$0\" --help >{}", file.display());
    let (code, _, err) = shell(&script);
    assert_eq!(
        (code, err.as_str()),
        (Some(1), "skexec: cannot write to standard output: File too large (os error 27)\n")
    );
}

#[test]
fn verify_reads_each_byte_once() {
    let lab = Lab::new();
    let initrd = lab.file("initrd", &b"070701".repeat(1 << 20));
    // A shell has in its own account what a child read that it waited for.
    let script = "\"$0\" verify --no-system-trust --keys \"$1\" \"$2\" \"$2\" >/dev/null; cat /proc/$$/io";
    let output = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_skexec")])
        .args([lab.path("root.pem"), initrd.clone()])
        .output()
        .unwrap();
    let account = String::from_utf8(output.stdout).unwrap();
    let read = account.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse::<u64>().unwrap();
    let twice = 2 * fs::metadata(&initrd).unwrap().len();
    assert!((twice..twice + 100_000).contains(&read), "{read} bytes of two times {}", twice / 2);
}

#[test]
fn a_name_steers_no_terminal() {
    let lab = Lab::new();
    // A terminal shows this name as "vmlinuz.signed".
    let name = "vm\u{202e}dengis\u{202c}\u{200b}\u{1b}[2J";
    lab.file(name, &forge::unsigned_bzimage());
    let escaped = "{}/vm\\u{202e}dengis\\u{202c}\\u{200b}\\u{1b}[2J";
    let run = lab.run(&format!("verify {{}}/{name}"));
    assert!(run.exit == 3 && run.out.starts_with(&format!("{escaped}: refused\n")), "{run:?}");
    let run = lab.run(&format!("load {{}}/{name} --no-initrd --no-cmdline"));
    assert!(run.exit == 3 && run.err.starts_with(&format!("skexec: {escaped}: ")), "{run:?}");
    let run = lab.run(&format!("load {name} {name}"));
    assert!(run.exit == 2 && run.err.contains("vm\\u{202e}dengis") && !run.err.contains('\u{202e}'), "{run:?}");
    // JSON has the exact name, with control characters escaped.
    let run = lab.run(&format!("verify --json {{}}/{name}"));
    assert!(run.out.contains("vm\\u202edengis\\u202c\\u200b\\u001b[2J") && !run.out.contains('\u{202e}'), "{run:?}");
    assert_eq!(run.json()[0]["path"].as_str(), Some(format!("{{}}/{name}").as_str()));
}
