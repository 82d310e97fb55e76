//! Loads: what the running kernel is given.

use crate::support::{Call, Lab};
use crate::{lab, said, silent};

/// The command line and the initrd of the one load that was made.
fn given(lab: &Lab) -> (String, Option<Vec<u8>>) {
    let calls = lab.kernel.calls.borrow();
    let [Call::Load { initrd, cmdline, .. }] = calls.as_slice() else { panic!("one load, not {calls:?}") };
    (cmdline.clone(), initrd.clone())
}

#[test]
fn a_load_prints_nothing_and_is_recorded() {
    let lab = lab();
    let words = ["/usr/sbin/kexec", "-al", "{}/vmlinuz", "--append", "root=/dev/vda1 ro", "--initrd", "{}/initrd"];
    let folder = lab.path("").display().to_string();
    let words = words.map(|word| word.replace("{}", folder.trim_end_matches('/')).into());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    assert_eq!(skexec::cli::start(lab.system_view(), words, &mut out, &mut err), 0);
    assert_eq!((out, err), (Vec::new(), Vec::new()));
    assert_eq!(given(&lab), ("root=/dev/vda1 ro".into(), Some(b"070701 an initrd".to_vec())));
    let record = skexec::record::read(lab.root(), skexec::system::Slot::Reboot).unwrap().unwrap();
    assert_eq!((record.basis.as_str(), record.cmdline.as_str()), ("embedded", "root=/dev/vda1 ro"));
}

#[test]
fn what_is_not_named_is_not_there() {
    for line in ["kexec -l {}/vmlinuz", "kexec --load {}/vmlinuz --command-line="] {
        let lab = lab();
        assert_eq!(lab.run(line), silent(0), "{line}");
        assert_eq!(given(&lab), (String::new(), None), "{line}");
    }
}

#[test]
fn what_is_given_twice_is_joined_and_said() {
    let lab = lab();
    lab.file("more", b"070702");
    let run = lab.run("kexec -l {}/vmlinuz --append=a --command-line=b --initrd={}/initrd --initrd={}/more");
    let wanted = "\
skexec: --append was given 2 times: all are used, joined in this order
skexec: --initrd was given 2 times: all are used, joined in this order
";
    assert_eq!(run, said(0, wanted));
    assert_eq!(given(&lab), ("a b".into(), Some(b"070701 an initrd070702".to_vec())));
}

#[test]
fn the_running_kernels_command_line_can_be_reused() {
    let lab = lab();
    assert_eq!(lab.run("kexec -l {}/vmlinuz --append=a=1 --reuse-cmdline"), silent(0));
    assert_eq!(given(&lab).0, "root=/dev/vda1 quiet a=1");
}

#[test]
fn the_running_kernels_initrd_can_be_reused_where_it_is_shown() {
    let lab = lab();
    let run = lab.run("kexec -l {}/vmlinuz --reuseinitrd");
    assert!(run.exit == 255 && run.err.contains("(kexec-option)") && run.err.contains("retain_initrd"), "{run:?}");
    lab.system("/sys/firmware/initrd", "070701 kept");
    assert_eq!(lab.run("kexec -l {}/vmlinuz --reuseinitrd --initrd={}/initrd"), silent(0));
    assert_eq!(given(&lab).1.unwrap(), b"070701 kept\x00070701 an initrd");
}

#[test]
fn the_crash_kernel_is_loaded_by_file() {
    let lab = lab();
    lab.system("/sys/kernel/kexec_crash_size", "268435456\n");
    lab.system("/proc/cmdline", "BOOT_IMAGE=/vmlinuz root=/dev/vda1 crashkernel=256M\n");
    for line in ["kexec -p --reuse-cmdline {}/vmlinuz", "kexec -p -s --args-linux --reuse-cmdline {}/vmlinuz"] {
        lab.kernel.calls.borrow_mut().clear();
        assert_eq!(lab.run(line), silent(0), "{line}");
        assert_eq!(given(&lab).0, "root=/dev/vda1", "{line}");
        assert!(matches!(lab.kernel.calls.borrow()[0], Call::Load { flags: 2, .. }), "{line}");
    }
    lab.system("/sys/kernel/kexec_crash_size", "0\n");
    let run = lab.run("kexec -p {}/vmlinuz");
    assert!(run.exit == 254 && run.err.contains("(no-crashkernel)"), "{run:?}");
}

#[test]
fn the_words_change_nothing_else() {
    let lab = lab();
    let line =
        "kexec -l {}/vmlinuz -t bzImage64 -x -y --reset-vga --no-cma --hotplug --reuse-video-type --serial-baud=9600";
    assert_eq!(lab.run(line), silent(0));
    assert_eq!(given(&lab), (String::new(), None));
}

#[test]
fn debug_prints_the_plan_and_the_steps() {
    let lab = lab();
    let run = lab.run("kexec -d -l {}/vmlinuz");
    let begin =
        "{}/vmlinuz: the plan for kexec_file_load\n  method   file: the running kernel looks at the signature, too\n";
    let end = "{}/vmlinuz: loaded by kexec_file_load, signed by O=skexec tests, CN=skexec test signer\n";
    assert!(run.exit == 0 && run.out.starts_with(begin) && run.out.ends_with(end), "{run:?}");
    assert!(run.err.contains("skexec: verified: {}/vmlinuz"), "{run:?}");
}

/// A UKI with an initrd and a command line.
fn uki() -> Vec<u8> {
    let (initrd, cmdline) = (Some(b"070701 the initrd".to_vec()), Some("root=/dev/vda1 ro\n".into()));
    forge::uki::Uki { initrd, cmdline, osrel: None, ..forge::uki::Uki::new(forge::unsigned_bzimage()) }
        .signed(&forge::pki::signer())
}

#[test]
fn a_uki_is_loaded_whole_or_as_the_policy_allows() {
    let lab = lab();
    lab.file("a.efi", &uki());
    assert_eq!(lab.run("kexec -l {}/a.efi -t uki"), silent(0));
    assert_eq!(given(&lab), ("root=/dev/vda1 ro".into(), Some(b"070701 the initrd".to_vec())));
    lab.kernel.calls.borrow_mut().clear();
    let wanted = "skexec: {}/a.efi: the command line is signed, and the policy does not allow to change it: another one was given \
        (cmdline-signed)\n  do: leave out --append and --reuse-cmdline, or allow changes: signed-cmdline = \"replace\" in \
        /etc/skexec/policy.toml\n";
    assert_eq!(lab.run("kexec -l {}/a.efi --append=quiet"), said(255, wanted));
    lab.system("/etc/skexec/policy.toml", "signed-cmdline = \"replace\"\n");
    assert_eq!(lab.run("kexec -l {}/a.efi --append=quiet"), silent(0));
    assert_eq!(given(&lab).0, "quiet");
}
