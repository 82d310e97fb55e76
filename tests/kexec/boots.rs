//! Unloads and jumps.

use crate::support::Call;
use crate::{lab, said, silent};

#[test]
fn an_idle_unload_is_no_error() {
    let lab = lab();
    lab.system("/sys/kernel/kexec_crash_loaded", "0\n");
    for line in ["kexec -u", "kexec -p -u", "kexec -s -p -u", "kexec -u -p", "kexec --unload --kexec-file-syscall"] {
        assert_eq!(lab.run(line), silent(0), "{line}");
    }
    assert!(lab.kernel.calls.borrow().is_empty());
    lab.system("/sys/kernel/kexec_crash_loaded", "1\n");
    assert_eq!(lab.run("kexec -p -u"), silent(0));
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    assert_eq!(lab.run("kexec -u"), silent(0));
    assert_eq!(*lab.kernel.calls.borrow(), [Call::Unload { panic: true }, Call::Unload { panic: false }]);
}

#[test]
fn exec_boots_only_what_skexec_loaded() {
    let lab = lab();
    let wanted = "skexec: no kernel is loaded (nothing-loaded)\n  do: load a kernel first: kexec -l ...\n  \
                  kernel: Invalid argument (EINVAL): there is no image to jump into\n";
    assert_eq!(lab.run("kexec -e"), said(1, wanted));
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    let run = lab.run("kexec -e");
    assert!(run.exit == 1 && run.err.contains("(foreign-image)"), "{run:?}");
    assert!(run.err.ends_with("or boot the unknown one: skexec exec --force --foreign\n"), "{run:?}");
    assert_eq!(lab.run("kexec -l {}/vmlinuz"), silent(0));
    for line in ["kexec -e", "kexec -e -i", "kexec -e -f", "kexec -e -x -y"] {
        lab.kernel.calls.borrow_mut().clear();
        lab.run(line);
        assert_eq!(*lab.kernel.calls.borrow(), [Call::Jump], "{line}");
    }
}

#[test]
fn force_loads_and_boots_without_a_shutdown() {
    for line in ["kexec -f {}/vmlinuz", "kexec -l -e {}/vmlinuz", "kexec -l -f {}/vmlinuz"] {
        let lab = lab();
        // Without this file the state is not known, and the record counts.
        std::fs::remove_file(lab.root().path("/sys/kernel/kexec_loaded")).unwrap();
        lab.system("/sys/kernel/kexec/crash_loaded", "0\n");
        lab.run(line);
        let calls = lab.kernel.calls.borrow();
        assert!(matches!(calls.as_slice(), [Call::Load { .. }, Call::Jump]), "{line}: {calls:?}");
    }
}

#[test]
fn without_an_action_the_machine_is_shut_down() {
    let lab = lab();
    std::fs::remove_file(lab.root().path("/sys/kernel/kexec_loaded")).unwrap();
    lab.system("/sys/kernel/kexec/crash_loaded", "0\n");
    let run = lab.run("kexec {}/vmlinuz");
    // The test machine has no init system.
    assert!(run.exit == 255 && run.err.contains("(no-init)"), "{run:?}");
    assert!(run.err.ends_with("do: stop the services, then run: kexec -e\n"), "{run:?}");
    assert!(matches!(lab.kernel.calls.borrow().as_slice(), [Call::Load { .. }]));
}

#[test]
fn a_refused_load_is_not_followed_by_a_jump() {
    let lab = lab();
    assert_eq!(lab.run("kexec -l {}/vmlinuz"), silent(0));
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    lab.kernel.calls.borrow_mut().clear();
    lab.file("unsigned", &forge::unsigned_bzimage());
    assert_eq!(lab.run("kexec -f {}/unsigned").exit, 255);
    assert!(lab.kernel.calls.borrow().is_empty());
}
