//! Questions: help, version, status, and the size of the reservation.

use crate::support::Run;
use crate::{answer, lab, said, silent};

#[test]
fn the_help_has_the_words_that_callers_look_for() {
    let lab = lab();
    let Run { exit, out, err } = lab.run("kexec --help");
    assert_eq!((exit, err.as_str()), (0, ""));
    for word in ["kexec-syscall-auto", "-s, --kexec-file-syscall", "-p, --load-panic", "--reuse-cmdline", "--no-checks"]
    {
        assert!(out.contains(word), "{word}");
    }
    assert!(out.lines().all(|line| line.chars().count() <= 120), "{out}");
    assert_eq!(lab.run("kexec -l {}/vmlinuz -h").out, out);
}

#[test]
fn the_version_begins_like_that_of_kexec_tools() {
    let wanted = concat!("kexec-tools 2.0.32 (skexec ", env!("CARGO_PKG_VERSION"), ")\n");
    assert_eq!(lab().run("kexec -v"), answer(wanted));
    assert_eq!(lab().run("kexec --version"), answer(wanted));
}

#[test]
fn the_status_is_the_exit_code() {
    let lab = lab();
    let unknown = said(255, "skexec: whether a kernel is loaded cannot be read in /sys/kernel\n");
    assert_eq!(lab.run("kexec -S"), unknown);
    for (reboot, crash) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        lab.system("/sys/kernel/kexec_loaded", &format!("{reboot}\n"));
        lab.system("/sys/kernel/kexec_crash_loaded", &format!("{crash}\n"));
        assert_eq!(lab.run("kexec -S"), silent(crash));
        assert_eq!(lab.run("kexec -p -S"), silent(crash));
        assert_eq!(lab.run("kexec --status -l"), silent(reboot));
    }
    assert!(lab.kernel.calls.borrow().is_empty());
}

#[test]
fn the_size_of_the_reservation_is_printed() {
    let lab = lab();
    assert_eq!(lab.run("kexec --print-ckr-size"), answer("0\n"));
    lab.system("/sys/kernel/kexec_crash_size", "268435456\n");
    assert_eq!(lab.run("kexec --print-ckr-size"), answer("268435456\n"));
}
