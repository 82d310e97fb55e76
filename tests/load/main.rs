//! `skexec load` on a machine made of files: the system calls, and refusals before them.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod refusals;
#[path = "../support/mod.rs"]
mod support;
mod unchanged;
mod waiver;

use support::{Call, LOAD, Lab, Run};

#[test]
fn a_good_kernel_is_loaded_and_recorded() {
    let lab = Lab::new();
    let (one, two) = (lab.file("one", b"070701"), lab.file("two", b"070702"));
    let line =
        "load --keys {}/root.pem --initrd {}/one {}/vmlinuz --initrd {}/two --reuse-cmdline --append a=1 --append b";
    let signer = "O=skexec tests, CN=skexec test signer";
    let said = format!("{{}}/vmlinuz: loaded by kexec_file_load, signed by {signer}\n");
    assert_eq!(lab.run(line), Run { exit: 0, out: said, err: String::new() });
    let calls = lab.kernel.calls.borrow().clone();
    assert_eq!(
        calls,
        [Call::Load {
            kernel: forge::signed_bzimage(),
            sealed: true,
            initrd: Some(b"070701\x00\x00070702".to_vec()),
            cmdline: "root=/dev/vda1 quiet a=1 b".into(),
            flags: 0,
        }]
    );
    let record = skexec::record::read(lab.root(), skexec::system::Slot::Reboot).unwrap().unwrap();
    assert_eq!(
        (record.signer.as_deref(), record.initrds),
        (Some(signer), [one, two].map(|path| path.display().to_string()).to_vec())
    );
    assert_eq!((record.basis.as_str(), record.cmdline.as_str()), ("embedded", "root=/dev/vda1 quiet a=1 b"));
}

#[test]
fn new_kernels_are_asked_to_keep_out_of_cma() {
    let lab = Lab::new();
    lab.system("/proc/sys/kernel/osrelease", "6.17.2\n");
    lab.system("/boot/config-6.17.2", "CONFIG_KEXEC_FILE=y\n");
    assert_eq!(lab.run(LOAD).exit, 0);
    assert!(matches!(lab.kernel.calls.borrow()[0], Call::Load { flags: 0x10, initrd: None, .. }));
}

#[test]
fn two_at_once_are_one_too_many() {
    let lab = Lab::new();
    let records = skexec::record::Records::lock(lab.root()).unwrap().unwrap();
    let run = lab.run(LOAD);
    assert_eq!(run.exit, 5);
    assert!(run.err.contains("another load or unload is in progress") && run.err.contains("(busy)"), "{run:?}");
    drop(records);
    assert_eq!(lab.run(LOAD).exit, 0);
}

#[test]
fn a_dry_run_shows_the_plan_and_calls_nothing() {
    let lab = Lab::new();
    let run = lab.run(&format!("{LOAD} --dry-run"));
    let wanted = "\
{}/vmlinuz: would be loaded by kexec_file_load
  method   file: the running kernel looks at the signature, too
  kernel   ";
    assert!(run.exit == 0 && run.out.starts_with(wanted) && run.out.contains("KEXEC_FILE_NO_INITRAMFS"), "{run:?}");
    let json = lab.run(&format!("{LOAD} --dry-run --json")).json();
    assert_eq!((json["plan"]["method"].as_str(), json["loaded"].as_bool()), (Some("file"), Some(false)));
    assert!(lab.kernel.calls.borrow().is_empty());
}

#[test]
fn a_path_need_not_be_utf8() {
    use std::os::unix::ffi::OsStrExt;
    let lab = Lab::new();
    let name = std::ffi::OsStr::from_bytes(b"initrd-\xff");
    std::fs::write(lab.path("").join(name), b"070701").unwrap();
    let mut words: Vec<std::ffi::OsString> =
        ["skexec", "load", "--no-cmdline", "--no-system-trust", "--json", "--initrd"].map(Into::into).to_vec();
    words.push(lab.path("").join(name).into());
    words.extend([lab.path("vmlinuz").into(), "--keys".into(), lab.path("root.pem").into()]);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = skexec::cli::run(lab.system_view(), words, &mut out, &mut err);
    assert_eq!(exit.code(), 0, "{}", String::from_utf8_lossy(&err));
    let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert!(json["plan"]["initrds"][0].as_str().unwrap().ends_with("initrd-\u{fffd}"), "{json}");
    let record = skexec::record::read(lab.root(), skexec::system::Slot::Reboot).unwrap().unwrap();
    assert!(record.initrds[0].ends_with("initrd-\u{fffd}"), "{record:?}");
}
