//! Which UKIs are trusted, and what the running kernel would say.

use crate::support::refusal;
use crate::{LOAD, Lab, placed, plain, with};
use forge::hash::Hash;
use forge::pe::Section;
use forge::pki;
use forge::uki::Uki;

#[test]
fn verify_says_what_is_covered() {
    let lab = Lab::new();
    lab.file("a.efi", &plain().signed(&pki::signer()));
    lab.file("b.efi", &Uki { initrd: None, cmdline: None, ..plain() }.signed(&pki::signer()));
    let json = lab.run("verify --json --keys {}/root.pem {}/a.efi {}/b.efi").json();
    assert_eq!(json[0]["covers"], serde_json::json!(["kernel", "initrd", "cmdline"]));
    assert_eq!(json[1]["covers"], serde_json::json!(["kernel"]));
    let run = lab.run("verify --keys {}/root.pem {}/a.efi");
    assert!(run.out.ends_with("  covers   kernel, initrd, cmdline\n  kernel   a kernel that enforces signatures would refuse the kernel in it (.linux) with ENODATA\n"), "{run:?}");
}

/// Where the running kernel enforces, it looks at the kernel in the UKI alone.
#[test]
fn an_enforcing_kernel_needs_an_inner_signature() {
    let lab = Lab::new();
    lab.file("a.efi", &plain().signed(&pki::signer()));
    lab.system("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    let run = lab.run(LOAD);
    let wanted = "skexec: {}/a.efi: the running kernel enforces signatures and does not accept the kernel (.linux) in the UKI, whatever \
                  the signature of the UKI is: signatures are enforced: lockdown (integrity), and the kernel's own check would refuse \
                  the image with No data available (ENODATA) (inner-signature)\n  do: sign the kernel in the UKI, too, with a key that the running kernel \
                  trusts: ukify build --sign-kernel ...\n";
    assert_eq!(run, refusal(5, wanted));
    let run = lab.run(&format!("{LOAD} --method segments"));
    assert!(run.exit == 5 && lab.kernel.calls.borrow().is_empty(), "{run:?}");
    // An inner signer whose key the running kernel does not hold.
    lab.file("a.efi", &Uki { linux: forge::signed_bzimage(), ..plain() }.signed(&pki::signer()));
    lab.system("/proc/crypto", "name         : sha256\nname         : rsa\n");
    lab.system("/proc/keys", "00000001 I------     1 perm 1f030000     0     0 keyring   .builtin_trusted_keys: 1\n");
    let run = lab.run(LOAD);
    assert!(run.exit == 5 && run.err.contains("(inner-signature)"), "{run:?}");
}

/// A copy in memory is on no file system and has no IMA signature.
#[test]
fn who_wants_the_original_file_refuses_a_part_of_it() {
    let lab = Lab::new();
    lab.file("a.efi", &plain().signed(&pki::signer()));
    lab.system("/proc/cmdline", "ima_policy=secure_boot\n");
    lab.system("/sys/kernel/security/ima/violations", "0\n");
    lab.system("/boot/config-6.12.0-test", "CONFIG_KEXEC_FILE=y\nCONFIG_KEXEC_SIG=y\nCONFIG_IMA_APPRAISE=y\n");
    let run = lab.run(LOAD);
    let seen = "the kernel is a part of a file, and skexec hands it over as a copy in memory, which has no IMA signature (ima)";
    assert!(run.exit == 5 && run.err.contains(seen), "{run:?}");
    assert!(lab.kernel.calls.borrow().is_empty());
}

#[test]
fn a_revoked_kernel_stays_revoked_in_a_uki() {
    let lab = Lab::new();
    lab.file("a.efi", &plain().signed(&pki::signer()));
    let linux = forge::unsigned_bzimage();
    let hashes = [forge::authenticode::digest(&linux, Hash::Sha256), Hash::Sha256.of(&linux)];
    for hash in hashes {
        let line: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        lab.file("revoked", format!("sha256:{line}\n").as_bytes());
        let run = lab.run("verify --json --keys {}/root.pem --revoked {}/revoked {}/a.efi");
        assert_eq!(run.json()[0]["reason"], "revoked-image", "{run:?}");
        assert!(run.json()[0]["message"].as_str().unwrap().contains(".linux"), "{run:?}");
    }
}

/// A kernel without PE headers has no Authenticode digest, but its file can be revoked.
#[test]
fn a_revoked_kernel_without_pe_headers_stays_revoked_in_a_uki() {
    let lab = Lab::new();
    let mut linux = forge::unsigned_bzimage();
    linux[..2].fill(0);
    let hash: String = Hash::Sha256.of(&linux).iter().map(|byte| format!("{byte:02x}")).collect();
    lab.file("a.efi", &Uki::new(linux).signed(&pki::signer()));
    let line = "verify --json --keys {}/root.pem --revoked {}/revoked {}/a.efi";
    for (revoked, reason) in [("0".repeat(64), None), (hash, Some("revoked-image"))] {
        lab.file("revoked", format!("sha256:{revoked}\n").as_bytes());
        assert_eq!(lab.run(line).json()[0]["reason"].as_str(), reason);
    }
}

/// Every signed byte counts, in each section.
#[test]
fn a_changed_byte_is_noticed() {
    let good = plain().signed(&pki::signer());
    let pe = skexec::image::pe::Pe::parse(&good).unwrap();
    for section in &pe.sections {
        let lab = Lab::new();
        let mut changed = good.clone();
        // The last byte, which is padding where the content is shorter.
        changed[section.raw.end - 1] ^= 1;
        lab.file("a.efi", &changed);
        let json = lab.run(&format!("{LOAD} --json")).json();
        assert_eq!(json["reason"], "digest-mismatch", "{:?}", String::from_utf8_lossy(section.name()));
    }
}

#[test]
fn faults_have_their_reasons_on_the_command_line() {
    let section = |name: &'static [u8], data: &'static [u8]| with(&plain(), [(name, data)]);
    let sized = |size: u32| {
        let mut pe = plain().pe();
        pe.sections.push(Section { virtual_size: Some(size), ..Section::new(b".ucode", b"070701") });
        placed(pe)
    };
    let rows = [
        (section(b".initrd", b"070701"), "uki-doubled"),
        (section(b".osrel", b"\xff"), "uki-text"),
        (section(b".profile", b"no assignment"), "uki-profile"),
        (sized(0), "uki-empty"),
        (sized(0x201), "uki-size"),
    ];
    for (file, reason) in rows {
        let lab = Lab::new();
        lab.file("a.efi", &file);
        for line in [format!("{LOAD} --json"), "verify {}/a.efi --keys {}/root.pem --json".to_owned()] {
            let run = lab.run(&line);
            let json = run.json();
            let json = json.get(0).unwrap_or(&json);
            assert_eq!((run.exit, json["reason"].as_str()), (4, Some(reason)), "{run:?}");
        }
    }
}

#[test]
fn inspect_lists_the_parts() {
    let lab = Lab::new();
    let sections: [(&[u8], &[u8]); 3] =
        [(b".profile", b"ID=main\nTITLE=Main"), (b".profile", b"ID=other"), (b".cmdline", b"other")];
    lab.file("a.efi", &with(&plain(), sections));
    let run = lab.run("inspect {}/a.efi --profile other");
    assert!(run.out.contains("  profile  0 (main) Main\n  profile  1 (other), chosen\n"), "{run:?}");
    let cmdline = "  part     .cmdline                     18 bytes, base, not used\n";
    let digest: String = Hash::Sha256.of(b"root=/dev/vda1 ro\n").iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(run.out.contains(&format!("{cmdline}           {digest}\n           root=/dev/vda1 ro\n")), "{run:?}");
    let json = lab.run("inspect {}/a.efi --json").json();
    assert_eq!((json["problem"].as_str(), json["uki"]["profile"].as_u64()), (None, Some(0)));
    let linux = json["uki"]["parts"].as_array().unwrap().iter().find(|part| part["name"] == ".linux").unwrap();
    assert_eq!((linux["bytes"].as_u64(), linux["used"].as_bool()), (Some(28672), Some(true)));
    assert_eq!(json["setup_header"]["release"], "6.12.0-forge (skexec@tests) #1 SMP");
}
