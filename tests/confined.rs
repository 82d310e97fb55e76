//! A command gives up its rights before it reads a file that others wrote, and a running one has given them up.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use skexec::sys::{Capability, FileLoad, Kexec, Need, SegmentsLoad};
use skexec::system::System;
use std::cell::{Cell, RefCell};
use std::ffi::OsString;
use std::fs;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use support::{Call, LOAD, Lab, systemd};

/// When the files go away, which shows whether they were read by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gone {
    Never,
    WhenConfined,
    WhenFactsAreRead,
}

/// The recorder, which takes note of what is given up.
#[derive(Debug)]
struct Confining<'a> {
    lab: &'a Lab,
    gone: Gone,
    needs: RefCell<Vec<Need>>,
    kept: RefCell<Vec<Capability>>,
    complete: Cell<bool>,
}

impl<'a> Confining<'a> {
    fn new(lab: &'a Lab, gone: Gone) -> Self {
        Self { lab, gone, needs: RefCell::default(), kept: RefCell::default(), complete: Cell::new(true) }
    }

    fn reached(&self, step: Gone) {
        if self.gone == step {
            for path in ["vmlinuz", "root.pem", "root/boot"] {
                let path = self.lab.path(path);
                let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
            }
        }
    }

    /// The exit code, and what was printed.
    fn run(&self, line: &str) -> (u8, String) {
        let folder = self.lab.path("").to_str().unwrap().trim_end_matches('/').to_owned();
        let words = line.split(' ').map(|word| OsString::from(word.replace("{}", &folder)));
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let system = System { root: self.lab.root(), kexec: self };
        let code = skexec::cli::start(system, std::iter::once("skexec".into()).chain(words), &mut out, &mut err);
        (code, String::from_utf8([out, err].concat()).unwrap())
    }
}

impl Kexec for Confining<'_> {
    fn file_load(&self, load: &FileLoad<'_>) -> Result<(), i32> {
        self.lab.kernel.file_load(load)
    }

    fn file_unload(&self, panic: bool) -> Result<(), i32> {
        self.lab.kernel.file_unload(panic)
    }

    fn segments_load(&self, load: &SegmentsLoad<'_>) -> Result<(), i32> {
        self.lab.kernel.segments_load(load)
    }

    fn segments_unload(&self, panic: bool) -> Result<(), i32> {
        self.lab.kernel.segments_unload(panic)
    }

    fn jump(&self) -> i32 {
        self.lab.kernel.jump()
    }

    fn confine(&self, need: &Need) {
        self.needs.borrow_mut().push(need.clone());
        self.reached(Gone::WhenConfined);
    }

    fn keep_capabilities(&self, kept: &[Capability]) {
        *self.kept.borrow_mut() = kept.to_vec();
        self.reached(Gone::WhenFactsAreRead);
    }

    fn kept(&self) -> Option<String> {
        (!self.complete.get()).then(|| "landlock: Function not implemented".into())
    }
}

fn server() -> Lab {
    let lab = Lab::new();
    lab.system_bytes("/etc/skexec/trust.d/root.pem", forge::root_pem().as_bytes());
    lab.system_bytes("/boot/vmlinuz-6.1.0-9", &forge::signed_bzimage());
    lab.system("/boot/initrd.img-6.1.0-9", "initrd");
    lab.system("/etc/kernel/cmdline", "root=/dev/vda9 other\n");
    systemd::install(&lab);
    systemd::logind(&lab, r#"{"type":"a(ssssuu)","data":[[]]}"#);
    lab
}

/// Each command, whether it may change files and load, and what it says when there is nothing to read any more.
const COMMANDS: [(&str, bool, &str); 8] = [
    ("verify {}/vmlinuz", false, "(unreadable)"),
    ("inspect {}/vmlinuz", false, "(unreadable)"),
    ("status {}/vmlinuz", false, "(unreadable)"),
    ("load {}/vmlinuz --no-initrd --no-cmdline --dry-run", false, "(unreadable)"),
    ("load {}/vmlinuz --no-initrd --no-cmdline", true, "(unreadable)"),
    ("kexec -l {}/vmlinuz", true, "(unreadable)"),
    ("reboot", true, "(no-such-version)"),
    ("reboot --dry-run", false, "(no-such-version)"),
];

#[test]
fn rights_are_given_up_before_a_file_is_opened() {
    for (line, changes, wanted) in COMMANDS {
        let lab = server();
        let kernel = Confining::new(&lab, Gone::WhenConfined);
        let (_, said) = kernel.run(line);
        assert!(said.contains(wanted), "{line}: {said}");
        let needs = kernel.needs.borrow();
        let [need] = needs.as_slice() else { panic!("{line}: {needs:?}") };
        assert_eq!((need.writes, need.loads), (changes, changes), "{line}");
        let own: Vec<_> = need.folders.iter().map(|(folder, _)| folder.clone()).collect();
        let wanted = ["/run/skexec", "/var/lib/skexec"].map(|folder| lab.root().path(folder));
        assert_eq!(own, if changes { wanted.to_vec() } else { Vec::new() }, "{line}");
        assert!(!need.capabilities.contains(&Capability::DacOverride), "{line}");
    }
}

#[test]
fn what_reads_the_facts_is_given_up_before_a_kernel_is_opened() {
    for line in [LOAD, "load {}/vmlinuz --no-initrd --no-cmdline --dry-run", "status {}/vmlinuz"] {
        let lab = server();
        let kernel = Confining::new(&lab, Gone::WhenFactsAreRead);
        let (_, said) = kernel.run(line);
        assert!(said.contains("(unreadable)") || said.contains("(trust-file)"), "{line}: {said}");
        let kept = kernel.kept.borrow();
        assert!(kept.contains(&Capability::SysBoot), "{line}: {kept:?}");
        assert!(!kept.contains(&Capability::SysAdmin) && !kept.contains(&Capability::SysRawio), "{line}: {kept:?}");
    }
}

#[test]
fn the_tpm_is_for_those_who_measure() {
    let lab = server();
    lab.system("/etc/skexec/policy.toml", "[measure]\nat = \"exec\"\n");
    let kernel = Confining::new(&lab, Gone::Never);
    kernel.run(LOAD);
    let needs = kernel.needs.borrow();
    let [need] = needs.as_slice() else { panic!("{needs:?}") };
    assert!(need.files.contains(&lab.root().path("/dev/tpmrm0")), "{need:?}");
    assert!(need.capabilities.contains(&Capability::DacOverride), "{need:?}");
}

#[test]
fn rights_that_cannot_be_given_up_are_told_and_stop_nothing() {
    let lab = server();
    let kernel = Confining::new(&lab, Gone::Never);
    kernel.complete.set(false);
    let (code, said) = kernel.run(LOAD);
    let wanted = "skexec: warning: skexec keeps rights that it does not need, because it cannot give them up (landlock: Function not \
                  implemented) (not-confined)\n";
    assert!(code == 0 && said.contains(wanted), "{said}");
    assert!(matches!(lab.kernel.calls.borrow().as_slice(), [Call::Load { .. }]));
    let (_, said) = kernel.run("status --json");
    let status: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(status["not_confined"], "landlock: Function not implemented");
    assert!(kernel.run("status").1.contains("(not-confined)"));
}

/// Shim's table of MOK variables is empty to a process without CAP_SYS_ADMIN: revocations and keys would be missing.
#[test]
fn whom_to_trust_is_read_before_the_right_to_read_it_goes() {
    for line in ["verify {}/vmlinuz", "inspect {}/vmlinuz", "entries", "status {}/vmlinuz", LOAD] {
        let lab = server();
        let kernel = Confining::new(&lab, Gone::WhenFactsAreRead);
        let (_, said) = kernel.run(line);
        assert!(!said.contains("(trust-file)") && !said.contains("(unknown-signer)"), "{line}: {said}");
        let needs = kernel.needs.borrow();
        let [need] = needs.as_slice() else { panic!("{line}: {needs:?}") };
        assert!(need.capabilities.contains(&Capability::SysAdmin), "{line}");
        let kept = kernel.kept.borrow();
        assert!(
            line.starts_with("status") || !kept.is_empty() && !kept.contains(&Capability::SysAdmin),
            "{line}: {kept:?}"
        );
    }
}

/// A program that waits for the reader of its output: it has opened and parsed some files by then, and is in the midst of them.
#[test]
fn a_running_verify_has_given_up_its_rights() {
    let lab = Lab::new();
    let file = lab.file("file", &[7; 64]);
    let mut program = Command::new(env!("CARGO_BIN_EXE_skexec"))
        .arg("verify")
        .args(std::iter::repeat_n(&file, 2000))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = || fs::read_to_string(format!("/proc/{}/status", program.id())).unwrap();
    let value = |text: &str, key: &str| text.lines().find_map(|line| line.strip_prefix(key)).unwrap().trim().to_owned();
    let end = Instant::now() + Duration::from_secs(60);
    let has_more_than_needed = |seen: &str| {
        let left = |key| u64::from_str_radix(&value(seen, key), 16).unwrap();
        (left("CapEff:") | left("CapPrm:")) & !(1 << 2) != 0
    };
    // What reads the lists of trust goes last of all, after the filter.
    let is_done = |seen: &str| value(seen, "Seccomp:") == "2" && !has_more_than_needed(seen);
    while !is_done(&status()) && Instant::now() < end {
        sleep(Duration::from_millis(5));
    }
    let seen = status();
    assert_eq!((value(&seen, "Seccomp:"), value(&seen, "NoNewPrivs:")), ("2".into(), "1".into()), "{seen}");
    assert!(!has_more_than_needed(&seen), "{seen}");
    let mut out = String::new();
    program.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert_eq!(program.wait().unwrap().code(), Some(4), "{out:.400}");
    assert!(out.contains("2000 files: 0 trusted, 2000 refused"), "{out:.400}");
}
