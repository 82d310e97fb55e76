//! The reported signer, and the anchor of its path.

use crate::support::{LOAD, Lab, Run};
use crate::{ROOT, SIGNER, uefi, value};
use sha2::Digest as _;
use skexec::trust::cert::Certificate;

fn sha256(der: &[u8]) -> String {
    hexadecimal(&Certificate::parse(der).unwrap().sha256())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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

    // Without an anchor, no path is reported, only the signer that the signature names.
    let json = lab.run("verify {}/vmlinuz --no-system-trust --json").json();
    assert!(json[0]["anchor"].is_null() && json[0]["chain"].as_array().unwrap().is_empty(), "{json}");
    assert_eq!(json[0]["signer"]["subject"], SIGNER);
    // No path is reported either if a trusted signer signed another image.
    let mut flipped = forge::signed_bzimage();
    flipped[9000] ^= 1;
    lab.file("flipped", &flipped);
    let json = lab.run("verify {}/flipped --keys {}/root.pem --json").json();
    assert_eq!(json[0]["reason"], "digest-mismatch");
    assert!(json[0]["anchor"].is_null() && json[0]["chain"].as_array().unwrap().is_empty(), "{json}");
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
    lab.run(LOAD);
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    for line in lines.into_iter().chain(["status"]) {
        let out = lab.run(line).out;
        let digests = out
            .lines()
            .filter(|line| line.split(|letter: char| !letter.is_ascii_hexdigit()).any(|word| word.len() == 64));
        assert!(digests.clone().count() >= 1, "{line}: {out}");
        assert!(digests.clone().all(|line| line.len() <= 80), "{line}: {out}");
    }
}

#[test]
fn a_dry_run_by_file_says_who_signed() {
    let lab = Lab::new();
    let run = lab.run(&format!("{LOAD} --dry-run"));
    assert_eq!((run.exit, value(&run.out, "signer")), (0, vec![SIGNER]));
    assert_eq!(value(&run.out, "anchor"), [&*format!("{ROOT} (from {{}}/root.pem)")]);
    // If the machine permits no load, the signer is reported all the same.
    lab.system("/proc/self/status", "CapEff:\t0000000000000000\n");
    let run = lab.run(&format!("{LOAD} --dry-run"));
    assert_eq!((run.exit, value(&run.out, "signer")), (5, vec![SIGNER]));
}

#[test]
fn inspect_claims_no_more_than_the_file_does() {
    let lab = Lab::new();
    let run = lab.run("inspect {}/vmlinuz");
    assert_eq!(value(&run.out, "note"), ["no signature was verified here: skexec verify does that"]);
    lab.file("initrd", &skexec::image::cpio::trailer());
    let run = lab.run("inspect {}/initrd --json");
    assert!(run.exit == 0 && run.json()["problem"].is_null() && run.json()["initrd"]["problem"].is_null(), "{run:?}");

    lab.file("passwd", b"root:x:0:0:root:/root:/bin/bash\n");
    let said = "skexec: {}/passwd: the file has no format that skexec knows (unknown-format)\n  \
                do: give the path of a kernel (bzImage or vmlinux), an EFI program or an initrd\n";
    let shown = format!(
        "{{}}/passwd\n  format   unknown\n  size     32 bytes\n  sha256   {}\n",
        hexadecimal(&sha2::Sha256::digest(b"root:x:0:0:root:/root:/bin/bash\n"))
    );
    assert_eq!(lab.run("inspect {}/passwd"), Run { exit: 4, out: shown, err: said.into() });
    let run = lab.run("inspect {}/passwd --json");
    assert_eq!((run.exit, run.json()["format"].as_str()), (4, Some("unknown")));
}

#[test]
fn inspect_shows_what_a_manifest_claims_to_bind() {
    let lab = Lab::new();
    // Neither its signature nor the files are there.
    lab.file("a.manifest", MANIFEST.as_bytes());
    let wanted = format!(
        "{{}}/a.manifest\n  format   manifest\n  size     {} bytes\n  sha256   {}\n  manifest acme, version 7\n  \
         binds    kernel vmlinuz: 6 bytes, SHA-256 {}\n           initrd 5 bytes, SHA-256 {}\n           \
         command line root=/dev/vda2\n           where quiet may vary: no value\n  \
         note     its signature and the files were not verified here: skexec verify does that\n",
        MANIFEST.len(),
        hexadecimal(&sha2::Sha256::digest(MANIFEST)),
        "01".repeat(32),
        "02".repeat(32)
    );
    assert_eq!(lab.run("inspect {}/a.manifest"), Run { exit: 0, out: wanted, err: String::new() });
    let json = lab.run("inspect {}/a.manifest --json").json();
    let bound = |size: u8, digit: &str, file: Option<&str>| serde_json::json!({"sha256": digit.repeat(32), "size": size, "file": file});
    let wanted = serde_json::json!({
        "path": "{}/a.manifest",
        "name": "acme",
        "version": 7,
        "kernel": bound(6, "01", Some("vmlinuz")),
        "initrds": [bound(5, "02", None)],
        "cmdline": "root=/dev/vda2",
        "vary": [{"parameter": "quiet", "patterns": [""]}],
    });
    assert_eq!((json["manifest"].clone(), json["problem"].is_null()), (wanted, true), "{json:#}");
    // Where it is no manifest in the end, nothing of it is shown.
    lab.file("a.manifest", MANIFEST.replace("size = 5", "size = 0").as_bytes());
    let json = lab.run("inspect {}/a.manifest --json").json();
    assert!(json["manifest"].is_null() && json["problem"].is_string(), "{json:#}");
}

const MANIFEST: &str = r#"manifest = 1
name = "acme"
version = 7
cmdline = "root=/dev/vda2"

[kernel]
sha256 = "0101010101010101010101010101010101010101010101010101010101010101"
size = 6
file = "vmlinuz"

[[initrd]]
sha256 = "0202020202020202020202020202020202020202020202020202020202020202"
size = 5

[vary]
quiet = [""]
"#;
