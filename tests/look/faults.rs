//! Refusals that name the file at fault and the reason.

use crate::support::{LOAD, Lab, refusal};
use skexec::reason::Reason;

#[test]
fn the_initrd_at_fault_is_named() {
    let lab = Lab::new();
    lab.file("empty", b"");
    lab.file("good", b"070701");
    std::os::unix::fs::symlink("loop", lab.path("loop")).unwrap();
    let missing = "the file cannot be read: No such file or directory (os error 2) (unreadable)";
    let looped = "the file cannot be read: Too many levels of symbolic links (os error 40) (unreadable)";
    let folder = "the file is not a regular file (not-regular)";
    let rows = [
        ("none", 1, missing, missing),
        ("loop", 1, looped, looped),
        ("root", 4, folder, folder),
        ("empty", 4, "the initrd is empty (initrd-empty)", "the file is empty (empty)"),
    ];
    for (name, exit, by_load, by_verify) in rows {
        for initrds in [format!("--initrd {{}}/{name}"), format!("--initrd {{}}/good --initrd {{}}/{name}")] {
            let line = format!("load {{}}/vmlinuz --no-cmdline --keys {{}}/root.pem {initrds}");
            let run = lab.run(&line);
            assert_eq!((run.exit, run.err.lines().next()), (exit, Some(&*format!("skexec: {{}}/{name}: {by_load}"))));
            let json = lab.run(&format!("{line} --json")).json();
            let text = by_load.rsplit_once(" (").unwrap().0;
            assert_eq!(json["message"].as_str(), Some(&*format!("{{}}/{name}: {text}")));
        }
        let run = lab.run(&format!("verify {{}}/{name}"));
        assert!(
            run.exit == exit && run.out.starts_with(&format!("{{}}/{name}: refused\n  why      {by_verify}\n")),
            "{run:?}"
        );
    }
    assert!(lab.kernel.calls.borrow().is_empty());
}

#[test]
fn an_empty_file_is_named_once() {
    let lab = Lab::new();
    lab.file("empty", b"");
    let said = format!("skexec: {{}}/empty: the file is empty (empty)\n  do: {}\n", Reason::Empty.advice());
    let answer = format!("{said}  kernel: Invalid argument (EINVAL): the kernel reads no empty file\n");
    assert_eq!(lab.run("load {}/empty --no-initrd --no-cmdline"), refusal(4, &answer));
    assert_eq!(lab.run("verify {}/empty --quiet"), refusal(4, &said));
    assert_eq!(lab.run("inspect {}/empty"), refusal(4, &said));
}

#[test]
fn a_program_is_no_initrd() {
    let lab = Lab::new();
    lab.file("program", b"MZ a boot loader");
    lab.file("module", b"\x7fELF");
    lab.file("signed", &forge::signed_bzimage());
    lab.file("signed.p7s", &forge::detached(&forge::signed_bzimage(), &forge::pki::signer()));
    let rows = [
        ("vmlinuz", "it is a bzImage"),
        ("program", "it is an EFI program"),
        ("module", "it is an ELF file"),
        ("signed", "it is a bzImage"),
    ];
    for (name, what) in rows {
        for dry in ["", " --dry-run"] {
            let run =
                lab.run(&format!("load {{}}/vmlinuz --no-cmdline --keys {{}}/root.pem --initrd {{}}/{name}{dry}"));
            let said = format!("a kernel or another program was given as the initrd: {what} (initrd-is-kernel)");
            let advice = "give the path of this kernel's initrd (initrd.img, initramfs.img), or give --no-initrd";
            assert_eq!(run, refusal(4, &format!("skexec: {{}}/{name}: {said}\n  do: {advice}\n")));
        }
    }
    assert!(lab.kernel.calls.borrow().is_empty());
}

#[test]
fn a_crash_kernel_is_measured_by_the_reservation() {
    let lab = Lab::new();
    lab.system("/sys/kernel/kexec_crash_size", "67108864\n");
    std::fs::File::create(lab.path("big")).unwrap().set_len(80 << 20).unwrap();
    let line = "load {}/vmlinuz --panic --no-cmdline --keys {}/root.pem";
    let run = lab.run(&format!("{line} --initrd {{}}/big"));
    let why = "the kernel and the initrd need more memory than is reserved for a crash kernel: 1 MiB for the kernel (init_size) and 80 MiB of \
               initrd; crashkernel= reserved 64 MiB (crash-too-small)";
    let advice = "reserve more: boot the running kernel with a larger crashkernel=; or use a smaller initrd";
    let answer = "Cannot assign requested address (EADDRNOTAVAIL): a crash kernel goes into memory that crashkernel= reserved at boot, \
                  and it does not fit";
    assert_eq!(run, refusal(4, &format!("skexec: {{}}/vmlinuz: {why}\n  do: {advice}\n  kernel: {answer}\n")));
    assert!(lab.kernel.calls.borrow().is_empty());
    // The kernel's own errno, if it finds no room for segments that should have fitted.
    *lab.kernel.answer.borrow_mut() = nix::libc::EADDRNOTAVAIL;
    let json = lab.run(&format!("{line} --no-initrd --json")).json();
    assert_eq!(json["reason"], "crash-too-small");
    lab.system("/sys/kernel/kexec_crash_size", "0\n");
    let json = lab.run(&format!("{line} --no-initrd --json")).json();
    assert_eq!(json["reason"], "no-crashkernel");
}

#[test]
fn in_a_container_the_file_is_judged_first() {
    let lab = Lab::new();
    lab.file("unsigned", &forge::unsigned_bzimage());
    lab.file("text", b"no kernel");
    // A container without kexec's files in /sys, as most containers are.
    std::fs::remove_file(lab.root().path("/sys/kernel/kexec_loaded")).unwrap();
    lab.system("/run/.containerenv", "");
    for dry in ["", " --dry-run"] {
        let rows = [
            ("unsigned", 3, "unsigned"),
            ("text", 4, "not-a-kernel"),
            ("none", 1, "unreadable"),
            ("vmlinuz", 5, "no-kexec"),
        ];
        for (name, exit, reason) in rows {
            let line = format!("load {{}}/{name} --no-initrd --no-cmdline --keys {{}}/root.pem --json{dry}");
            let run = lab.run(&line);
            assert_eq!((run.exit, run.json()["reason"].as_str()), (exit, Some(reason)), "{line}");
        }
    }
    let run = lab.run(LOAD);
    let said = "skexec: {}/vmlinuz: the running kernel has no kexec: this is a container (podman) (no-kexec)\n";
    let advice =
        "run skexec on the host; if kexec is missing there too, use a kernel with CONFIG_KEXEC_FILE or CONFIG_KEXEC";
    let answer = "Function not implemented (ENOSYS) or Invalid argument (EINVAL): the kernel was built without kexec: it has no call \
                  that loads, and reboot(2) does not know the command";
    assert_eq!(run, refusal(5, &format!("{said}  do: {advice}\n  kernel: {answer}\n")));
}
