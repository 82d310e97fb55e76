//! What people are shown: whom a file was trusted for, which file is at fault, and advice that fits the machine.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use skexec::trust::cert::Certificate;
use support::{Call, LOAD, Lab, Run, refusal};

const SIGNER: &str = "O=skexec tests, CN=skexec test signer";
const ROOT: &str = "O=skexec tests, CN=skexec test root";

fn sha256(der: &[u8]) -> String {
    hexadecimal(&Certificate::parse(der).unwrap().sha256())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The lines between the first one that starts with `key` and the next key.
fn value<'a>(out: &'a str, key: &str) -> Vec<&'a str> {
    let key = format!("  {key:<8} ");
    let mut lines = out.lines().skip_while(|line| !line.starts_with(&key));
    let first = lines.next().unwrap_or_else(|| panic!("no {key:?} in {out}"));
    let rest = lines.take_while(|line| line.starts_with("           "));
    std::iter::once(first).chain(rest).map(|line| line.get(key.len()..).unwrap()).collect()
}

/// Machines on which a program may find itself.
fn uefi(lab: &Lab) {
    std::fs::create_dir_all(lab.root().path("/sys/firmware/efi/efivars")).unwrap();
    let variable = [6, 0, 0, 0, 0];
    lab.system_bytes("/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", &variable);
}

#[test]
fn verify_says_which_anchor_and_where_it_is_from() {
    let lab = Lab::new();
    let run = lab.run("verify {}/vmlinuz --keys {}/root.pem");
    assert_eq!((run.exit, value(&run.out, "anchor")), (0, vec![&*format!("{ROOT} (from {{}}/root.pem)")]));
    assert!(!run.out.contains("serial"), "{run:?}");

    // The vendor's directory.
    lab.system("/usr/lib/skexec/trust.d/vendor.pem", &forge::root_pem());
    let origin = lab.root().path("/usr/lib/skexec/trust.d/vendor.pem");
    let json = lab.run("verify {}/vmlinuz --json").json();
    let anchor = &json[0]["anchor"];
    let wanted = origin.to_str().unwrap().replace(lab.path("").to_str().unwrap().trim_end_matches('/'), "{}");
    assert_eq!((anchor["origin"].as_str(), anchor["subject"].as_str()), (Some(&*wanted), Some(ROOT)));
    assert_eq!(anchor["sha256"].as_str(), Some(&*sha256(&forge::root_der())));

    // Nothing where nobody is trusted, though the signature names a signer.
    let json = lab.run("verify {}/vmlinuz --no-system-trust --json").json();
    assert!(json[0]["anchor"].is_null() && json[0]["chain"].as_array().unwrap().is_empty(), "{json}");
    assert_eq!(json[0]["signer"]["subject"], SIGNER);
    let run = lab.run("verify {}/vmlinuz --no-system-trust");
    assert_eq!(value(&run.out, "signer"), [&*format!("{SIGNER} (claimed, not verified)")]);
}

#[test]
fn the_firmwares_and_shims_lists_are_named() {
    let rows = [
        ("db", "d719b2cb-3d3a-4596-a3bc-dad00e67656f", "the firmware's db"),
        ("MokListRT", "605dab50-e046-4300-abb6-3dd810dd8b23", "shim's MokListRT"),
    ];
    for (name, vendor, wanted) in rows {
        let lab = Lab::new();
        uefi(&lab);
        let list = [&6_u32.to_le_bytes(), forge::esl::x509(&forge::root_der()).as_slice()].concat();
        lab.system_bytes(&format!("/sys/firmware/efi/efivars/{name}-{vendor}"), &list);
        let run = lab.run("verify {}/vmlinuz");
        assert_eq!(value(&run.out, "anchor"), [&*format!("{ROOT} (from {wanted})")]);
        assert_eq!(lab.run("verify {}/vmlinuz --json").json()[0]["anchor"]["origin"], name);
    }
}

#[test]
fn verbose_shows_the_certificates_and_json_always_does() {
    let lab = Lab::new();
    let run = lab.run("verify {}/vmlinuz --keys {}/root.pem -v");
    let signer = Certificate::parse(&forge::signer_der()).unwrap();
    let serial = hexadecimal(signer.serial());
    assert_eq!(value(&run.out, "cert"), [&*hexadecimal(&signer.sha256())]);
    assert_eq!(value(&run.out, "serial"), [&*serial]);
    assert_eq!(value(&run.out, "valid"), ["2020-01-01T00:00:00Z to 2049-12-31T23:59:59Z"]);
    assert_eq!(value(&run.out, "signed"), ["2025-06-01T12:00:00Z, by the signer's own clock"]);
    assert_eq!(value(&run.out, "chain"), [SIGNER, ROOT]);
    let json = &lab.run("verify {}/vmlinuz --keys {}/root.pem --json").json()[0];
    assert_eq!(json, &lab.run("verify {}/vmlinuz --keys {}/root.pem --json -v").json()[0]);
    assert_eq!(
        (json["signer"]["serial"].as_str(), json["signing_time"].as_str()),
        (Some(&*serial), Some("2025-06-01T12:00:00Z"))
    );
    let chain: Vec<_> =
        json["chain"].as_array().unwrap().iter().map(|link| link["subject"].as_str().unwrap()).collect();
    assert_eq!(chain, [SIGNER, ROOT]);
    assert_eq!(json["chain"][1]["not_after"], "2049-12-31T23:59:59Z");
}

#[test]
fn several_files_are_summed_up() {
    let lab = Lab::new();
    lab.file("unsigned", &forge::unsigned_bzimage());
    let run = lab.run("verify {}/vmlinuz {}/unsigned {}/none --keys {}/root.pem");
    assert_eq!((run.exit, run.out.lines().last()), (3, Some("3 files: 1 trusted, 2 refused")));
    let run = lab.run("verify {}/vmlinuz --keys {}/root.pem");
    assert!(!run.out.contains("files:"), "{run:?}");
}

#[test]
fn no_line_breaks_a_digest_on_80_columns() {
    let lab = Lab::new();
    let lines =
        ["verify {}/vmlinuz --keys {}/root.pem -v", "inspect {}/vmlinuz", "status {}/vmlinuz --keys {}/root.pem"];
    for line in lines {
        let out = lab.run(line).out;
        let digests = out
            .lines()
            .filter(|line| line.split(|letter: char| !letter.is_ascii_hexdigit()).any(|word| word.len() == 64));
        assert!(digests.clone().count() >= 1, "{line}: {out}");
        assert!(digests.clone().all(|line| line.len() <= 80), "{line}: {out}");
    }
}

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
    let said =
        "skexec: {}/empty: the file is empty (empty)\n  do: check the package or the command that was to write it\n";
    assert_eq!(lab.run("load {}/empty --no-initrd --no-cmdline"), refusal(4, said));
    assert_eq!(lab.run("verify {}/empty --quiet"), refusal(4, said));
    assert_eq!(lab.run("inspect {}/empty"), refusal(4, said));
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
            let advice = "name the initrd of this kernel (initrd.img, initramfs.img), or say --no-initrd";
            assert_eq!(run, refusal(4, &format!("skexec: {{}}/{name}: {said}\n  do: {advice}\n")));
        }
    }
    assert!(lab.kernel.calls.borrow().is_empty());
}

#[test]
fn advice_fits_the_machine() {
    let advice = |lab: &Lab, line: &str| {
        let run = lab.run(line);
        run.err.lines().nth(1).unwrap_or_else(|| panic!("{run:?}")).to_owned()
    };
    let unknown = "load {}/vmlinuz --no-initrd --no-cmdline";
    let lab = Lab::new();
    let bios = "  do: name the signer's CA with --keys FILE, or put its certificate into /etc/skexec/trust.d";
    assert_eq!(advice(&lab, unknown), bios);
    assert_eq!(value(&lab.run("verify {}/vmlinuz").out, "do"), [&bios[6..]]);
    lab.system("/etc/initrd-release", "");
    assert!(advice(&lab, unknown).contains("build this initramfs again"));

    let lab = Lab::new();
    uefi(&lab);
    assert!(advice(&lab, unknown).ends_with("mokutil --import FILE"));

    let lab = Lab::new();
    lab.system("/proc/self/status", "CapEff:\t0000000000000000\n");
    assert_eq!(advice(&lab, LOAD), "  do: run it as root: sudo skexec ...");
    lab.system("/.dockerenv", "");
    assert_eq!(advice(&lab, LOAD), "  do: run skexec on the host, as root: a container cannot load a kernel");
}

#[test]
fn in_a_container_the_file_is_judged_first() {
    let lab = Lab::new();
    lab.file("unsigned", &forge::unsigned_bzimage());
    lab.file("text", b"no kernel");
    // A container without the files of kexec, as most have it.
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
    assert_eq!(run, refusal(5, &format!("{said}  do: run skexec on the host\n")));
}

#[test]
fn a_dry_run_by_file_says_who_signed() {
    let lab = Lab::new();
    let run = lab.run(&format!("{LOAD} --dry-run"));
    assert_eq!((run.exit, value(&run.out, "signer")), (0, vec![SIGNER]));
    assert_eq!(value(&run.out, "anchor"), [&*format!("{ROOT} (from {{}}/root.pem)")]);
    // A machine that permits no load changes nothing about who signed.
    lab.system("/proc/self/status", "CapEff:\t0000000000000000\n");
    let run = lab.run(&format!("{LOAD} --dry-run"));
    assert_eq!((run.exit, value(&run.out, "signer")), (5, vec![SIGNER]));
}

/// The answers about a kernel, without what was found about the file.
fn answers(out: &str) -> Vec<&str> {
    out.lines().filter(|line| line.starts_with("{}/")).collect()
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
    assert!(of_machine.contains("  why      kexec was turned off") && of_machine.contains("\n  do "), "{of_machine}");
    assert_eq!((run.exit, seen(trusted)), (5, (Some(true), Some(false))));

    lab.system("/proc/sys/kernel/kexec_load_disabled", "0\n");
    lab.system("/etc/skexec/policy.conf", "unsigned = \"if-not-enforced\"\n");
    let run = lab.run("status {}/unsigned");
    let waived = "{}/unsigned: can be loaded on this machine, because the policy waives the signature";
    assert_eq!((run.exit, answers(&run.out)), (0, vec!["{}/unsigned: not trusted", waived]));
    assert_eq!(value(&run.out, "why"), ["the image carries no signature (unsigned)"]);
}

#[test]
fn status_shows_what_is_reserved_for_a_crash_kernel() {
    let lab = Lab::new();
    assert!(!lab.run("status").out.contains("crash"), "nothing is known");
    let rows = [
        ("268435456\n", "256 MiB for a crash kernel (crashkernel=)", 268_435_456),
        ("0\n", "nothing for a crash kernel: the kernel was booted without crashkernel=", 0),
    ];
    for (bytes, wanted, number) in rows {
        lab.system("/sys/kernel/kexec_crash_size", bytes);
        assert_eq!(value(&lab.run("status").out, "reserved"), [wanted]);
        assert_eq!(lab.run("status --json").json()["crash_reservation_bytes"], number);
    }
}

#[test]
fn a_crash_kernel_is_measured_by_the_reservation() {
    let lab = Lab::new();
    lab.system("/sys/kernel/kexec_crash_size", "67108864\n");
    std::fs::File::create(lab.path("big")).unwrap().set_len(80 << 20).unwrap();
    let line = "load {}/vmlinuz --panic --no-cmdline --keys {}/root.pem";
    let run = lab.run(&format!("{line} --initrd {{}}/big"));
    let why = "kernel and initrd need more memory than is reserved for a crash kernel: 1 MiB for the kernel (init_size) and 80 MiB of \
               initrd; crashkernel= reserved 64 MiB (crash-too-small)";
    let advice = "reserve more: boot the running kernel with a larger crashkernel=; or use a smaller initrd";
    assert_eq!(run, refusal(4, &format!("skexec: {{}}/vmlinuz: {why}\n  do: {advice}\n")));
    assert!(lab.kernel.calls.borrow().is_empty());
    // The kernel's own answer, where it finds no room for what should have fitted.
    *lab.kernel.answer.borrow_mut() = nix::libc::EADDRNOTAVAIL;
    let json = lab.run(&format!("{line} --no-initrd --json")).json();
    assert_eq!(json["reason"], "crash-too-small");
    lab.system("/sys/kernel/kexec_crash_size", "0\n");
    let json = lab.run(&format!("{line} --no-initrd --json")).json();
    assert_eq!(json["reason"], "no-crashkernel");
}

#[test]
fn inspect_claims_no_more_than_the_file_does() {
    let lab = Lab::new();
    let run = lab.run("inspect {}/vmlinuz");
    assert_eq!(value(&run.out, "signer"), [&*format!("claims to be signed by {SIGNER} (not verified here)")]);
    lab.file("initrd", b"070701");
    let sound = Run { exit: 0, out: "{}/initrd\n  format   initrd\n  size     6 bytes\n".into(), err: String::new() };
    assert_eq!(lab.run("inspect {}/initrd"), sound);
    assert!(lab.run("inspect {}/initrd --json").json()["problem"].is_null());

    lab.file("passwd", b"root:x:0:0:root:/root:/bin/bash\n");
    let said = "skexec: {}/passwd: the file has no format that skexec knows (unknown-format)\n  \
                do: name a kernel (bzImage or vmlinux), an EFI program or an initrd\n";
    let shown = "{}/passwd\n  format   unknown\n  size     32 bytes\n";
    assert_eq!(lab.run("inspect {}/passwd"), Run { exit: 4, out: shown.into(), err: said.into() });
    let run = lab.run("inspect {}/passwd --json");
    assert_eq!((run.exit, run.json()["format"].as_str()), (4, Some("unknown")));
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
