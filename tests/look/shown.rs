//! What `inspect` shows of files of each kind, compared with tests/data/inspect; `BLESS=1` writes what is shown there.

use crate::support::Lab;
use forge::pe::Section;
use forge::pki::signer;
use forge::uki::{Sections, Uki, stub};
use skexec::image::cpio::{Entry, archive};
use skexec::inspect::Description;
use std::fs;
use std::io::Write as _;
use std::path::Path;

fn microcode() -> Vec<u8> {
    archive(&[Entry::file("kernel/x86/microcode/AuthenticAMD.bin", 0o644, b"code")]).unwrap()
}

/// An early archive, and a compressed one as initramfs-tools makes it.
fn initrd() -> Vec<u8> {
    let entries = [
        Entry::file("conf/initramfs.conf", 0o644, b"MODULES=most"),
        Entry::file("init", 0o755, b"#!/bin/sh"),
        Entry::file("usr/lib/modules/6.12.0-forge/kernel/fs/a.ko.xz", 0o644, b"module"),
        Entry::file("usr/lib/firmware/b.bin", 0o644, b"firmware"),
    ];
    let mut main = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    main.write_all(&archive(&entries).unwrap()).unwrap();
    [microcode(), main.finish().unwrap()].concat()
}

/// With a profile, signed measurements, and a kernel that is signed itself.
fn uki() -> Vec<u8> {
    let measured = br#"{"sha256": [{"pcrs": [11], "pkfp": "ab", "pol": "cd", "sig": "ef"}]}"#;
    let extra = vec![Section::new(b".pcrsig", *measured), Section::new(b".profile", *b"ID=main\nTITLE=Main")];
    let uki =
        Uki { extra, initrd: Some(microcode()), cmdline: Some("quiet".into()), ..Uki::new(forge::signed_bzimage()) };
    uki.signed(&signer())
}

fn addon() -> Vec<u8> {
    let mut sections = Sections { list: vec![stub()], header_order: None };
    sections.add(b".cmdline", *b"debug");
    sections.signed(&signer())
}

fn files() -> Vec<(&'static str, Vec<u8>)> {
    let hashes = forge::esl::sha256(&[vec![1; 32], vec![2; 32]]);
    vec![
        ("kernel", forge::signed_bzimage()),
        ("uki", uki()),
        ("initrd", initrd()),
        ("certificate", forge::root_pem().into_bytes()),
        ("signature-list", [forge::esl::x509(&forge::root_der()), hashes].concat()),
        ("variable", [&[7, 0, 0, 0][..], &forge::esl::x509(&forge::signer_der())].concat()),
        ("signature", forge::detached(b"content", &signer())),
        ("module", forge::appended(b"content", &signer())),
    ]
}

#[test]
fn where_nobody_knows_whom_the_machine_trusts_nothing_is_claimed() {
    let lab = Lab::new();
    lab.system("/etc/skexec/policy.toml", "unsigned = 1\n");
    let run = lab.run("inspect {}/vmlinuz");
    assert!(run.exit == 0 && run.err.contains("(policy-file)"), "{run:?}");
    assert!(!run.out.contains("trusts none"), "{run:?}");
    assert_eq!(lab.run("--quiet inspect {}/vmlinuz").err, "");
}

#[test]
fn a_stranger_among_the_trusted_is_no_anchor() {
    let lab = Lab::new();
    lab.system("/etc/skexec/trust.d/stranger.pem", &forge::pem::encode("CERTIFICATE", &forge::signer_der()));
    let signer_alone = lab.run("inspect {}/vmlinuz");
    assert!(!signer_alone.out.contains("trusts none"), "{signer_alone:?}");
    let other = forge::pki::stranger_root().cert;
    lab.system("/etc/skexec/trust.d/stranger.pem", &forge::pem::encode("CERTIFICATE", &other));
    let run = lab.run("inspect {}/vmlinuz");
    assert!(run.out.contains("this machine trusts none of these certificates"), "{run:?}");
}

#[test]
fn each_kind_of_file_is_shown_whole() {
    let lab = Lab::new();
    lab.file("uki.extra.d/a.addon.efi", &addon());
    lab.system("/etc/skexec/trust.d/root.pem", &forge::root_pem());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/inspect");
    let mut wrong = Vec::new();
    for (name, bytes) in files() {
        lab.file(name, &bytes);
        for (option, suffix) in [("", ""), (" -v", "-v")] {
            let run = lab.run(&format!("inspect {{}}/{name}{option}"));
            let refused = "skexec: {}/module: the file has no format that skexec knows (unknown-format)\n";
            match name {
                "module" => assert!(run.exit == 4 && run.err.starts_with(refused), "{run:?}"),
                _ => assert_eq!((run.exit, run.err.as_str()), (0, ""), "{name}"),
            }
            let page = folder.join(format!("{name}{suffix}.txt"));
            if std::env::var_os("BLESS").is_some() {
                fs::create_dir_all(&folder).unwrap();
                fs::write(&page, &run.out).unwrap();
            }
            if fs::read_to_string(&page).unwrap_or_default() != run.out {
                wrong.push(format!("{}:\n{}", page.display(), run.out));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_changed_file_is_said_to_be_another_than_the_signed_one() {
    let lab = Lab::new();
    let mut changed = forge::signed_bzimage();
    changed[20_000] ^= 1;
    lab.file("changed", &changed);
    let run = lab.run("inspect {}/changed");
    let said = "    digest   sha256, NOT that of the file: the file was changed after it was signed\n";
    assert!(run.exit == 0 && run.out.contains(said), "{run:?}");
    assert_eq!(lab.run("inspect {}/changed --json").json()["signatures"][0]["digest"]["equal"], false);
}

#[test]
fn no_cut_and_no_change_makes_it_panic() {
    for (name, bytes) in files() {
        let small = bytes.len() < 4096;
        for length in (0..bytes.len()).step_by(if small { 1 } else { 997 }) {
            let shown = Description::new(name.to_owned(), &bytes[..length]);
            assert!(!shown.nodes().is_empty() && serde_json::to_string(&shown).is_ok());
        }
        // The end has the signature.
        for at in (bytes.len().saturating_sub(2048)..bytes.len()).step_by(if small { 3 } else { 41 }) {
            for value in [0, 0x30, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[at] = value;
                let _ = Description::new(name.to_owned(), &changed).nodes();
            }
        }
    }
}

#[test]
fn nothing_in_a_file_steers_the_terminal() {
    let lab = Lab::new();
    let text = "\u{1b}[2Jquiet \u{202e}x";
    let name = "kernel/x86/microcode/\u{1b}[31m\u{7}";
    let initrd = archive(&[Entry::file(name, 0o644, b"code")]).unwrap();
    let uki = Uki {
        initrd: Some(initrd),
        cmdline: Some(text.into()),
        osrel: Some(text.into()),
        ..Uki::new(forge::unsigned_bzimage())
    };
    lab.file("uki", &uki.signed(&signer()));
    let run = lab.run("inspect {}/uki -v");
    let steering = |letter: char| letter != '\n' && (letter.is_control() || letter == '\u{202e}');
    assert!(run.exit == 0 && !run.out.contains(steering), "{run:?}");
    assert!(run.out.contains("\\u{1b}[31m\\u{7}") && run.out.contains("\\u{202e}x"), "{run:?}");
}
