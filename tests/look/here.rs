//! Output that depends on the machine: advice, the two answers of `status KERNEL`, the crash reservation, an unload without a load.

use crate::support::{Call, LOAD, Lab, Run};
use crate::{uefi, value};
use skexec::load::{Obstacles, Request, load};

/// The answers about a kernel, without the findings about the file.
fn answers(out: &str) -> Vec<&str> {
    out.lines().filter(|line| line.starts_with("{}/")).collect()
}

#[test]
fn advice_fits_the_machine() {
    let advice = |lab: &Lab, line: &str| {
        let run = lab.run(line);
        run.err.lines().nth(1).unwrap_or_else(|| panic!("{run:?}")).to_owned()
    };
    let unknown = "load {}/vmlinuz --no-initrd --no-cmdline";
    let lab = Lab::new();
    let bios = "  do: give the CA certificate of the signer with --keys FILE, or put it into /etc/skexec/trust.d";
    assert_eq!(advice(&lab, unknown), bios);
    assert_eq!(value(&lab.run("verify {}/vmlinuz").out, "do"), [&bios[6..]]);
    lab.system("/etc/initrd-release", "");
    assert!(advice(&lab, unknown).contains("build this initramfs again"));

    let lab = Lab::new();
    uefi(&lab);
    assert!(advice(&lab, unknown).ends_with("mokutil --import FILE"));

    let lab = Lab::new();
    lab.system("/proc/self/status", "CapEff:\t0000000000000000\n");
    assert!(advice(&lab, LOAD).ends_with("sudo skexec ..."));
    // One sign of a container is enough.
    for (path, text) in [("/.dockerenv", ""), ("/proc/self/uid_map", "0 1000 1\n"), ("/proc/2/comm", "bash\n")] {
        let lab = Lab::new();
        lab.system("/proc/self/status", "CapEff:\t0000000000000000\n");
        lab.system(path, text);
        let wanted = "  do: run skexec as root on the host, outside every container and namespace";
        assert_eq!(advice(&lab, LOAD), wanted, "{path}");
    }
}

#[test]
fn status_of_a_kernel_gives_two_answers() {
    let lab = Lab::new();
    lab.file("unsigned", &forge::unsigned_bzimage());
    let trusted = "status {}/vmlinuz --keys {}/root.pem";
    let seen = |line: &str| {
        let json = lab.run(&format!("{line} --json")).json();
        (json["kernel_trusted"].as_bool(), json["kernel_loadable"].as_bool())
    };
    let run = lab.run(trusted);
    assert_eq!(answers(&run.out), ["{}/vmlinuz: trusted", "{}/vmlinuz: can be loaded on this machine"]);
    assert_eq!((run.exit, seen(trusted)), (0, (Some(true), Some(true))));

    let run = lab.run("status {}/unsigned");
    let wanted =
        ["{}/unsigned: not trusted", "{}/unsigned: cannot be loaded on this machine, because it is not trusted"];
    assert_eq!((run.exit, answers(&run.out)), (3, wanted.to_vec()));
    assert_eq!(seen("status {}/unsigned"), (Some(false), Some(false)));

    lab.system("/proc/sys/kernel/kexec_load_disabled", "1\n");
    let run = lab.run(trusted);
    assert_eq!(answers(&run.out), ["{}/vmlinuz: trusted", "{}/vmlinuz: cannot be loaded on this machine"]);
    let (of_file, of_machine) = run.out.split_once("{}/vmlinuz: cannot").unwrap();
    assert!(!of_file.contains("\n  why") && !of_file.contains("claimed"), "{of_file}");
    assert!(of_machine.contains("(kexec-disabled)\n           do: "), "{of_machine}");
    assert_eq!((run.exit, seen(trusted)), (5, (Some(true), Some(false))));

    lab.system("/proc/sys/kernel/kexec_load_disabled", "0\n");
    lab.system("/etc/skexec/policy.toml", "unsigned = \"if-not-enforced\"\n");
    let run = lab.run("status {}/unsigned");
    let waived = "{}/unsigned: can be loaded on this machine, because the policy waives the signature";
    assert_eq!((run.exit, answers(&run.out)), (0, vec!["{}/unsigned: not trusted", waived]));
    assert_eq!(value(&run.out, "why")[0], "the image carries no signature (unsigned)");
}

/// What stands against a refused kernel is told without a second look at it: here the file is gone by then.
#[test]
fn a_refused_kernel_is_judged_once() {
    let lab = Lab::new();
    lab.system("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    let path = lab.file("unsigned", &forge::unsigned_bzimage());
    let request = Request { dry_run: true, ..Request::alone(path.clone()) };
    let outcome = load(lab.system_view(), &request, &mut |_| ()).unwrap();
    let of_machine = |lab: &Lab| {
        let found = Obstacles::of(lab.system_view(), &request, &outcome).of_machine;
        found.iter().map(|finding| finding.reason.slug()).collect::<Vec<_>>()
    };
    let before = of_machine(&lab);
    assert!(!before.is_empty(), "{outcome:?}");
    std::fs::remove_file(path).unwrap();
    assert_eq!(of_machine(&lab), before);
}

#[test]
fn status_shows_what_is_reserved_for_a_crash_kernel() {
    let lab = Lab::new();
    assert_eq!(value(&lab.run("status").out, "reserved"), ["unknown: the running kernel does not say"]);
    let rows = [
        ("268435456\n", "256 MiB (crashkernel=)", 268_435_456),
        ("0\n", "nothing: the running kernel was booted without crashkernel=", 0),
    ];
    for (bytes, wanted, number) in rows {
        lab.system("/sys/kernel/kexec_crash_size", bytes);
        assert_eq!(value(&lab.run("status").out, "reserved"), [wanted]);
        assert_eq!(lab.run("status --json").json()["crash_reservation_bytes"], number);
    }
}

#[test]
fn to_unload_nothing_is_no_failure() {
    let lab = Lab::new();
    lab.system("/sys/kernel/kexec_crash_loaded", "0\n");
    let idle = |text: &str| Run { exit: 0, out: text.into(), err: String::new() };
    assert_eq!(lab.run("unload"), idle("nothing is loaded\n"));
    assert_eq!(lab.run("unload --panic"), idle("no crash kernel is loaded\n"));
    assert_eq!(lab.run("unload --quiet"), idle(""));
    assert_eq!(lab.run("unload --json").json()["unloaded"], false);
    assert!(lab.kernel.calls.borrow().is_empty());
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    assert_eq!(lab.run("unload --json").json()["unloaded"], true);
    assert_eq!(lab.kernel.calls.borrow().as_slice(), [Call::Unload { panic: false }]);
}
