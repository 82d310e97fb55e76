//! What was verified is what is loaded, whatever happens to the file meanwhile.

use super::support::{Call, LOAD, Lab};
use skexec::sys::{FileLoad, Kexec, SegmentsLoad};
use skexec::system::System;
use std::os::unix::fs::OpenOptionsExt;

/// A request to load `{}/vmlinuz`, trusting the test root.
fn request(lab: &Lab) -> skexec::load::Request {
    skexec::load::Request {
        trust: skexec::gather::TrustRequest { keys: vec![lab.path("root.pem")], revoked: Vec::new(), system: false },
        ..skexec::load::Request::alone(lab.path("vmlinuz"))
    }
}

/// Makes it a machine whose kernel demands the original file.
fn appraises(lab: &Lab) {
    lab.system("/proc/cmdline", "ima_policy=secure_boot\n");
    lab.system("/sys/kernel/security/ima/violations", "0\n");
    lab.system("/boot/config-6.12.0-test", "CONFIG_KEXEC_FILE=y\nCONFIG_KEXEC_SIG=y\nCONFIG_IMA_APPRAISE=y\n");
}

/// Loads `{}/vmlinuz` and calls `swap` when the verification is over.
fn load_while(lab: &Lab, mut swap: impl FnMut()) -> skexec::load::Outcome {
    let request = request(lab);
    let mut progress = |event| {
        if let skexec::progress::Event::Verified { .. } = event {
            swap();
        }
    };
    skexec::load::load(lab.system_view(), &request, &mut progress).unwrap()
}

#[test]
fn what_was_verified_is_what_is_loaded() {
    let lab = Lab::new();
    let (good, bad) = (forge::signed_bzimage(), forge::unsigned_bzimage());
    for round in 0..1000 {
        let path = lab.file("vmlinuz", &good);
        // The file is changed in place, or replaced by another of its name.
        let outcome = load_while(&lab, || match round % 2 {
            0 => std::fs::write(&path, &bad).unwrap(),
            _ => std::fs::rename(lab.file("other", &bad), &path).unwrap(),
        });
        let why = outcome.report.refusal().map(|refusal| refusal.first().to_string());
        assert!(outcome.loaded && std::fs::read(&path).unwrap() == bad, "round {round}: {why:?}");
        let Some(Call::Load { kernel, sealed: true, .. }) = lab.kernel.calls.borrow_mut().pop() else {
            panic!("round {round}: no load")
        };
        assert!(kernel == good, "round {round}: other bytes were loaded");
    }
}

#[test]
fn a_machine_that_appraises_gets_the_file_itself_and_only_unchanged() {
    let lab = Lab::new();
    appraises(&lab);
    let good = forge::signed_bzimage();
    assert!(load_while(&lab, || ()).loaded);
    let call = lab.kernel.calls.borrow_mut().pop();
    assert!(matches!(call, Some(Call::Load { sealed: false, ref kernel, .. }) if *kernel == good), "the original");
    // A file that replaces it under its name has no effect, because the original stays open.
    let rename = || std::fs::rename(lab.file("other", &forge::unsigned_bzimage()), lab.path("vmlinuz")).unwrap();
    assert!(load_while(&lab, rename).loaded);
    let call = lab.kernel.calls.borrow_mut().pop();
    assert!(matches!(call, Some(Call::Load { sealed: false, ref kernel, .. }) if *kernel == good), "the original");
    // A change in place is detected before the call.
    lab.file("vmlinuz", &good);
    let outcome = load_while(&lab, || std::fs::write(lab.path("vmlinuz"), forge::unsigned_bzimage()).unwrap());
    assert_eq!(outcome.report.refusal().unwrap().first().reason.slug(), "changed-while-read");
    assert!(!outcome.loaded && lab.kernel.calls.borrow().is_empty());
    // An open for writing is detected, too, even without a write.
    lab.file("vmlinuz", &good);
    let mut writer = None;
    let outcome = load_while(&lab, || writer = std::fs::OpenOptions::new().append(true).open(lab.path("vmlinuz")).ok());
    assert_eq!(outcome.report.refusal().unwrap().first().reason.slug(), "open-for-writing");
    assert!(writer.is_some() && lab.kernel.calls.borrow().is_empty());
}

/// A kernel during whose call someone opens the file for writing.
#[derive(Debug)]
struct Disturbed<'a> {
    lab: &'a Lab,
    unloads: bool,
}

impl Kexec for Disturbed<'_> {
    fn file_load(&self, load: &FileLoad<'_>) -> Result<(), i32> {
        let options = std::fs::OpenOptions::new().write(true).custom_flags(nix::libc::O_NONBLOCK).to_owned();
        assert!(options.open(self.lab.path("vmlinuz")).is_err(), "the lease holds the writer");
        self.lab.kernel.file_load(load)
    }

    fn file_unload(&self, panic: bool) -> Result<(), i32> {
        self.lab.kernel.file_unload(panic)?;
        if self.unloads { Ok(()) } else { Err(nix::libc::EPERM) }
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
}

#[test]
fn what_had_to_be_taken_back_is_not_taken_for_what_was_loaded_before() {
    for unloads in [true, false] {
        let lab = Lab::new();
        assert_eq!(lab.run(LOAD).exit, 0);
        lab.system("/sys/kernel/kexec_loaded", "1\n");
        appraises(&lab);
        let request = request(&lab);
        let system = System { root: lab.root(), kexec: &Disturbed { lab: &lab, unloads } };
        let outcome = skexec::load::load(system, &request, &mut |_| ()).unwrap();
        let finding = outcome.report.refusal().unwrap().first();
        assert_eq!((finding.reason.slug(), outcome.loaded), ("changed-while-read", false));
        assert_eq!(finding.detail.contains("do not boot it"), !unloads, "{finding}");
        assert_eq!(lab.kernel.calls.borrow().last(), Some(&Call::Unload { panic: false }));
        assert!(lab.run("exec --force").err.contains("(foreign-image)"), "the old record does not describe it");
    }
}

/// The kernel answers the same for both of its files.
#[test]
fn what_the_kernel_cannot_read_is_named() {
    let lab = Lab::new();
    *lab.kernel.answer.borrow_mut() = nix::libc::EIO;
    let initrd = lab.file("initrd", b"070701 an initrd");
    let line = LOAD.replace("--no-initrd", "--initrd {}/initrd");
    let of_kernel =
        "skexec: {}/vmlinuz: the file changed while it was read: the kernel answered Input/output error (EIO)";
    let run = lab.run(&line);
    assert!(run.exit == 4 && run.err.starts_with(of_kernel), "{run:?}");
    // While the kernel reads it, it becomes shorter.
    *lab.kernel.copies.borrow_mut() = Some((lab.file("shorter", b"070701"), initrd));
    let of_initrd =
        "skexec: {}/initrd: the file changed while it was read: it had 16 bytes, then fewer (changed-while-read)";
    let run = lab.run(&line);
    assert!(run.exit == 4 && run.err.starts_with(of_initrd), "{run:?}");
}

#[test]
fn a_failed_call_leaves_the_old_image_and_its_record() {
    let lab = Lab::new();
    assert_eq!(lab.run(LOAD).exit, 0);
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    let before = skexec::record::read(lab.root(), skexec::system::Slot::Reboot).unwrap();
    *lab.kernel.answer.borrow_mut() = nix::libc::EINVAL;
    assert_eq!(lab.run(LOAD).exit, 5);
    assert_eq!(skexec::record::read(lab.root(), skexec::system::Slot::Reboot).unwrap(), before);
    // After another program has unloaded the kernel, the record no longer applies.
    lab.system("/sys/kernel/kexec_loaded", "0\n");
    assert_eq!(lab.run("exec --force").exit, 1);
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    assert!(lab.run("exec --force").err.contains("(foreign-image)"));
}
