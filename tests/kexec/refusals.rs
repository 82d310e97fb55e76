//! Refusals: the message and the exit code of kexec-tools.

use crate::{lab, said, silent};

#[test]
fn what_kexec_tools_would_load_unverified_is_refused() {
    let lab = lab();
    lab.file("unsigned", &forge::unsigned_bzimage());
    lab.file("half", &forge::signed_bzimage()[..9000]);
    let wanted = "skexec: {}/unsigned: the image carries no signature (unsigned)\n  \
        do: use the distribution's signed kernel, or sign the image: sbsign --key KEY --cert CERT FILE; to load unsigned kernels \
        where the running kernel does not enforce signatures, set unsigned = \"if-not-enforced\" in /etc/skexec/policy.toml\n  \
        kernel: No data available (ENODATA): a kernel that enforces signatures finds no certificate table in the image\n";
    assert_eq!(lab.run("kexec -l {}/unsigned"), said(255, wanted));
    assert_eq!(lab.run("kexec -s -l {}/half").exit, 255);
    std::fs::remove_file(lab.root().path("/etc/skexec/trust.d/root.pem")).unwrap();
    let run = lab.run("kexec -l {}/vmlinuz");
    assert!(run.exit == 255 && run.err.contains("(unknown-signer)") && run.err.contains("trust.d;"), "{run:?}");
    assert!(lab.kernel.calls.borrow().is_empty());
}

#[test]
fn the_policy_can_allow_it() {
    let lab = lab();
    lab.file("unsigned", &forge::unsigned_bzimage());
    lab.system("/etc/skexec/policy.toml", "unsigned = \"if-not-enforced\"\n");
    let wanted =
        "skexec: warning: the kernel was not verified, because this was waived: unsigned (insecure-unsigned)\n";
    assert_eq!(lab.run("kexec -l {}/unsigned"), said(0, wanted));
    lab.system("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    let run = lab.run("kexec -l {}/unsigned");
    assert!(run.exit == 255 && run.err.contains("(unsigned)"), "{run:?}");
}

#[test]
fn the_command_line_is_understood_or_refused() {
    let lab = lab();
    let help = "\n  do: kexec --help lists the options\n";
    let rows = [
        ("kexec -z", 1, format!("skexec: there is no option -z{help}")),
        ("kexec --load=x", 1, format!("skexec: --load takes no argument{help}")),
        ("kexec -l {}/vmlinuz ro", 1, format!(
            "skexec: two files are named as KERNEL, {{}}/vmlinuz and ro: quote a command line that has blanks{help}")),
        ("kexec -l", 255, "skexec: no kernel was named\n  do: give KERNEL; kexec --help lists the options\n".into()),
        ("kexec -l {}/vmlinuz --load-preserve-context", 255,
            "skexec: --load-preserve-context is refused: skexec cannot return from the new kernel to the old one (kexec-option)\n  \
            do: leave out the option; to return later, use hibernation\n".into()),
        ("kexec -l {}/vmlinuz -t nbi-x86", 255,
            "skexec: --type nbi-x86 is refused: this format of network boot loaders carries no signature (kexec-option)\n  \
            do: load the kernel (vmlinuz) and its initrd\n".into()),
    ];
    for (line, exit, wanted) in rows {
        assert_eq!(lab.run(line), said(exit, &wanted), "{line}");
    }
    assert!(lab.kernel.calls.borrow().is_empty());
}

#[test]
fn kexec_must_be_the_first_argument() {
    let run = lab().run("-v kexec -l {}/vmlinuz");
    assert!(run.exit == 2 && run.err.contains("kexec must be the first argument"), "{run:?}");
    assert!(lab().run("--help").out.contains("kexec"), "the help lists it");
    assert_eq!(lab().run("kexec -l {}/vmlinuz"), silent(0));
}

#[test]
fn a_kernel_without_the_call_has_a_code_of_its_own() {
    let lab = lab();
    lab.system("/boot/config-6.12.0-test", "CONFIG_KEXEC=y\n# CONFIG_KEXEC_FILE is not set\n");
    let run = lab.run("kexec -s -l {}/vmlinuz");
    assert!(run.exit == 253 && run.err.contains("(no-kexec-file)"), "{run:?}");
    let advice = "do: use a kernel with CONFIG_KEXEC_FILE, or -c (--kexec-syscall)\n  kernel: Function not implemented (ENOSYS): ";
    assert!(run.err.contains(advice), "{run:?}");
}
