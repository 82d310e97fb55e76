//! What is loaded, by either method.

use crate::support::{Call, Run};
use crate::{CMDLINE, INITRD, LOAD, Lab, extra, joined, loaded, machine, plain, with};
use forge::uki::Uki;

#[test]
fn everything_comes_from_the_verified_file() {
    let lab = Lab::new();
    lab.file("a.efi", &plain().signed(&forge::pki::signer()));
    let run = lab.run(LOAD);
    let wanted = "{}/a.efi: loaded by kexec_file_load, signed by O=skexec tests, CN=skexec test signer\n";
    assert_eq!(run, Run { exit: 0, out: wanted.into(), err: String::new() });
    assert_eq!(loaded(&lab), (forge::unsigned_bzimage(), INITRD.to_vec(), CMDLINE.to_owned()));
    let json = lab.run(&format!("{LOAD} --json")).json();
    assert_eq!(json["covers"], serde_json::json!(["kernel", "initrd", "cmdline"]));
    assert_eq!((json["format"].as_str(), json["plan"]["basis"].as_str()), (Some("uki"), Some("uki")));
    assert_eq!(json["plan"]["kernel_bytes"], forge::unsigned_bzimage().len());
    assert_eq!(json["plan"]["initrds"][0], "{}/a.efi (.initrd)");
    // The kernel in it has no signature of its own.
    assert_eq!((json["verdict"].as_str(), json["kernel"]["name"].as_str()), (Some("trusted"), Some("ENODATA")));
}

#[test]
fn an_inner_signature_survives() {
    let lab = Lab::new();
    lab.file("a.efi", &Uki { linux: forge::signed_bzimage(), ..plain() }.signed(&forge::pki::signer()));
    lab.system("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    lab.system("/proc/crypto", "name         : sha256\nname         : rsa\n");
    let run = lab.run(&format!("{LOAD} --json"));
    assert_eq!((run.exit, run.json()["kernel"]["name"].as_str()), (0, Some("OK")), "{run:?}");
    assert_eq!(loaded(&lab).0, forge::signed_bzimage());
}

/// As ukify since 257 writes it: `.linux` has the kernel's SizeOfImage in memory.
fn larger_in_memory(linux: Vec<u8>) -> Vec<u8> {
    let size = forge::pe::image_size(&linux);
    let mut sections = Uki { linux, ..plain() }.sections();
    sections.named(b".linux").virtual_size = Some(size);
    sections.signed(&forge::pki::signer())
}

#[test]
fn an_inner_signature_survives_in_a_larger_section() {
    let lab = Lab::new();
    lab.file("a.efi", &larger_in_memory(forge::signed_bzimage()));
    lab.system("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    lab.system("/proc/crypto", "name         : sha256\nname         : rsa\n");
    let run = lab.run(&format!("{LOAD} --json"));
    assert_eq!((run.exit, run.json()["kernel"]["name"].as_str()), (0, Some("OK")), "{run:?}");
    assert_eq!(loaded(&lab).0, forge::signed_bzimage());
}

#[test]
fn the_initrd_is_joined_as_the_stub_joins_it() {
    let lab = Lab::new();
    let sections: [(&[u8], &[u8]); 5] = [
        (b".pcrpkey", b"a key"),
        (b".pcrsig", b"{}"),
        (b".ucode", b"070701 microcode"),
        (b".osrel", b"ID=forge\n"),
        (b".profile", b"ID=main\n"),
    ];
    lab.file("a.efi", &with(&plain(), sections));
    let run = lab.run(LOAD);
    assert_eq!(run.exit, 0, "{run:?}");
    let wanted = joined(&[
        b"070701 microcode",
        INITRD,
        &extra("tpm2-pcr-signature.json", b"{}"),
        &extra("tpm2-pcr-public-key.pem", b"a key"),
        &extra("os-release", b"ID=forge\n"),
        &extra("profile", b"ID=main\n"),
    ]);
    assert_eq!(loaded(&lab).1, wanted);
}

#[test]
fn segments_have_the_same_bytes() {
    let kernel = forge::unsigned_bzimage();
    for file in [plain().signed(&forge::pki::signer()), larger_in_memory(kernel.clone())] {
        let lab = machine::lab();
        lab.file("a.efi", &file);
        let run = lab.run(&format!("{LOAD} --method segments --json"));
        assert_eq!((run.exit, run.json()["covers"].as_array().map(Vec::len)), (0, Some(3)), "{run:?}");
        let calls = lab.kernel.calls.borrow();
        let [Call::Segments { segments, .. }] = calls.as_slice() else { panic!("{calls:?}") };
        let held = |bytes: &[u8]| segments.iter().any(|(_, _, own)| own.windows(bytes.len()).any(|part| part == bytes));
        assert!(held(INITRD) && held(&kernel[0x2000..]) && held(CMDLINE.as_bytes()));
    }
}

#[test]
fn a_profile_is_chosen_by_number_or_id() {
    let lab = Lab::new();
    let sections: [(&[u8], &[u8]); 4] = [
        (b".profile", b"ID=main\n"),
        (b".profile", b"ID=reset\n"),
        (b".cmdline", b"reset"),
        (b".initrd", b"070702 reset"),
    ];
    lab.file("a.efi", &with(&plain(), sections));
    for (option, cmdline, initrd) in
        [("", CMDLINE, INITRD), (" --profile 0", CMDLINE, INITRD), (" --profile reset", "reset", b"070702 reset")]
    {
        let run = lab.run(&format!("{LOAD}{option}"));
        assert_eq!(run.exit, 0, "{run:?}");
        let (_, given, line) = loaded(&lab);
        assert!(line == cmdline && given.starts_with(initrd), "{option}");
    }
    let run = lab.run(&format!("{LOAD} --profile other"));
    let wanted = "skexec: {}/a.efi: the UKI does not have this profile, or a .profile section is malformed: other was asked for, and \
                  there are 0 (main), 1 (reset) (uki-profile)\n  do: see the profiles of the file: skexec inspect FILE\n";
    assert_eq!(run, Run { exit: 4, out: String::new(), err: wanted.into() });
    let run = lab.run("load {}/vmlinuz --profile 0 --no-initrd --no-cmdline --keys {}/root.pem");
    assert!(run.exit == 4 && run.err.contains("0 was asked for, and the file is no UKI (uki-profile)"), "{run:?}");
}

#[test]
fn the_record_names_the_parts() {
    let lab = Lab::new();
    lab.file("a.efi", &plain().signed(&forge::pki::signer()));
    assert_eq!(lab.run(LOAD).exit, 0);
    let record = skexec::record::read(lab.root(), skexec::system::Slot::Reboot).unwrap().unwrap();
    assert_eq!(record.basis, "uki");
    assert_eq!(record.initrds, [format!("{} (.initrd)", lab.path("a.efi").display())]);
    assert_eq!((record.cmdline.as_str(), record.covers.len()), (CMDLINE, 3));
}
