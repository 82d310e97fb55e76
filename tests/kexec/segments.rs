//! Loads by kexec_load.

use crate::machine::{call, lab, word};
use crate::support::{Call, Lab};
use crate::{said, silent, trusting};
use skexec_purgatory::Params;

const LOAD: &str = "kexec -c -l {}/vmlinuz --initrd={}/initrd --append=console=ttyS0";

/// How many regions the purgatory checks, and where it reports damage: the kind of console and the port.
fn purgatory(lab: &Lab) -> (u64, u64, u64) {
    let (entry, segments) = call(lab);
    let (_, _, bytes) = segments.into_iter().find(|(at, _, _)| *at == entry).unwrap();
    let block = bytes.len() - Params::SIZE;
    (word(&bytes, block + 48), word(&bytes, block + 36), word(&bytes, block + 40))
}

#[test]
fn segments_are_checked_unless_the_check_is_left_out() {
    let lab = trusting(lab());
    assert_eq!(lab.run(LOAD), silent(0));
    assert!(purgatory(&lab).0 >= 4, "{:?}", purgatory(&lab));
    lab.kernel.calls.borrow_mut().clear();
    let warning = "skexec: warning: the purgatory will not check the loaded segments before the jump, because -i (--no-checks) was \
        given (unchecked)\n";
    assert_eq!(lab.run(&format!("{LOAD} -i")), said(0, warning));
    assert_eq!(purgatory(&lab).0, 0);
}

#[test]
fn the_check_stays_where_signatures_are_enforced() {
    let rows = [
        (
            "/boot/config-6.12.0-test",
            "CONFIG_KEXEC=y\nCONFIG_KEXEC_FILE=y\nCONFIG_KEXEC_SIG=y\nCONFIG_KEXEC_SIG_FORCE=y\n",
            "signatures of kernels are enforced: CONFIG_KEXEC_SIG_FORCE",
        ),
        (
            "/sys/kernel/security/lockdown",
            "none [integrity] confidentiality\n",
            "signatures of kernels are enforced: lockdown (integrity)",
        ),
        ("/etc/skexec/policy.toml", "require = [\"kernel\"]\n", "/etc/skexec/policy.toml:1 sets require"),
        (
            "/etc/skexec/policy.toml",
            "insecure-unsigned = \"forbidden\"\n",
            "/etc/skexec/policy.toml:1 sets insecure-unsigned",
        ),
    ];
    for (file, text, why) in rows {
        let lab = trusting(lab());
        lab.system(file, text);
        let wanted = format!(
            "skexec: {{}}/vmlinuz: the purgatory's check cannot be left out where signatures are enforced: {why} \
            (check-required)\n  do: leave out -i (--no-checks)\n"
        );
        assert_eq!(lab.run(&format!("{LOAD} -i")), said(255, &wanted), "{text}");
        assert!(lab.kernel.calls.borrow().is_empty());
    }
}

#[test]
fn by_file_there_is_nothing_to_leave_out() {
    let lab = trusting(lab());
    let line = "kexec --load {}/vmlinuz --kexec-syscall-auto --initrd={}/initrd --no-checks --command-line quiet";
    let warning = "skexec: warning: kexec_file_load brings the running kernel's purgatory, which always checks: -i has no effect \
        (no-effect)\n";
    assert_eq!(lab.run(line), said(0, warning));
    assert!(matches!(lab.kernel.calls.borrow().as_slice(), [Call::Load { .. }]));
}

#[test]
fn places_and_consoles_are_taken() {
    let lab = trusting(lab());
    let line = format!("{LOAD} --mem-min=0x8000000 --mem-max=0x1fffffff --serial=ttyS1 --console-serial");
    assert_eq!(lab.run(&line), silent(0));
    let (_, segments) = call(&lab);
    assert!(segments.iter().all(|(at, memory, _)| *at >= 0x800_0000 && at + memory <= 0x2000_0000), "in the bounds");
    let (_, console, port) = purgatory(&lab);
    assert_eq!((console, port), (skexec_purgatory::Console::SERIAL.into(), 0x2f8));
}

#[test]
fn debug_prints_the_map_of_the_segments() {
    let lab = trusting(lab());
    let run = lab.run(&format!("{LOAD} -d -i"));
    assert_eq!(run.exit, 0, "{run:?}");
    let (_, segments) = call(&lab);
    for (at, memory, bytes) in segments {
        let there = run.out.lines().any(|line| {
            let fields: Vec<_> = line.split_whitespace().skip(1).collect();
            fields == [format!("{at:#x}"), bytes.len().to_string(), memory.to_string()]
        });
        assert!(there, "{at:#x}: {}", run.out);
    }
    assert!(run.out.contains("of itself alone;"), "{}", run.out);
}
