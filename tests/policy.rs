//! The policy: what it shows, and what it refuses.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use forge::pki;
use serde_json::json;
use sha2::{Digest, Sha256};
use support::{Lab, Run};
use x509_parser::prelude::{FromDer, X509Certificate};

const POLICY: &str = "/etc/skexec/policy.toml";
const VENDOR: &str = "/usr/lib/skexec/policy.toml";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn by_certificate(der: &[u8]) -> String {
    format!("[\"certificate:{}\"]", hex(&Sha256::digest(der)))
}

fn by_key(der: &[u8]) -> String {
    let (_, certificate) = X509Certificate::from_der(der).unwrap();
    format!("[\"key:{}\"]", hex(&Sha256::digest(certificate.tbs_certificate.subject_pki.raw)))
}

/// A machine with a signed and an unsigned initrd, a unified kernel image and an unsigned kernel.
fn lab() -> Lab {
    let lab = Lab::new();
    let archive = b"070701 an initrd";
    lab.file("initrd", archive);
    lab.file("signed", archive);
    lab.file("signed.p7s", &forge::detached(archive, &pki::signer()));
    lab.file("uki", &forge::uki(Some(archive), Some("quiet")));
    lab.file("unsigned", &forge::unsigned_bzimage());
    lab
}

/// The exit code and the reason of a load or a verification.
fn answer(lab: &Lab, line: &str) -> (u8, Option<String>) {
    let run = lab.run(&format!("{line} --keys {{}}/root.pem --json"));
    let json = run.json();
    let report = json.get(0).unwrap_or(&json);
    (run.exit, report["reason"].as_str().map(str::to_owned))
}

#[test]
fn every_setting_is_shown_with_its_file_and_line() {
    let lab = Lab::new();
    let digits = "0a".repeat(32);
    lab.system(VENDOR, "unsigned = \"if-not-enforced\"\n[least]\nrsa-bits = 3072\n");
    let text = format!(
        "# mine\nrequire = \"everything\"\nunsigned = \"never\"\n\n[least.version]\n\"acme-boot\" = 7\n[signers]\nuki = [\"key:{digits}\"]\n"
    );
    lab.system(POLICY, &text);
    let Run { exit, out, err } = lab.run("policy");
    let wanted = format!(
        r#"unsigned = "never"  # /etc/skexec/policy.toml:3
insecure-unsigned = "allowed"  # default
require = ["kernel", "initrd", "cmdline"]  # /etc/skexec/policy.toml:2
signed-cmdline = "fixed"  # default
signed-initrd = "fixed"  # default
inject = []  # default
credentials = []  # default
ignore-revocations = []  # default
refresh = "loaded"  # default
least.rsa-bits = 3072  # /usr/lib/skexec/policy.toml:3
least.ec-bits = 256  # default
least.version."acme-boot" = 7  # /etc/skexec/policy.toml:6
measure.at = "off"  # default
measure.kernel = 9  # default
measure.initrd = 9  # default
measure.cmdline = 8  # default
# signers.kernel is not set: every trusted signer counts
signers.uki = ["key:{digits}"]  # /etc/skexec/policy.toml:8
# signers.addon is not set: every trusted signer counts
# signers.initrd is not set: every trusted signer counts
# signers.manifest is not set: every trusted signer counts
"#
    );
    assert_eq!((exit, out, err.as_str()), (0, wanted, ""));
    assert_eq!((lab.run("policy --quiet").exit, lab.run("policy --quiet").out.as_str()), (0, ""));

    let json = lab.run("policy --json").json();
    let setting = |key: &str| json["settings"].as_array().unwrap().iter().find(|row| row["key"] == key).unwrap();
    assert_eq!(*setting("least.rsa-bits"), json!({"key": "least.rsa-bits", "value": 3072, "file": VENDOR, "line": 3}));
    assert_eq!(*setting("inject"), json!({"key": "inject", "value": [], "file": null, "line": null}));
    assert_eq!(setting("signers.kernel")["value"], json!(null));
}

#[test]
fn a_broken_policy_is_an_error_of_every_command_that_needs_it() {
    let lab = Lab::new();
    lab.system(POLICY, "require = \"everything\"\nunsinged = \"never\"\n");
    let what = "the policy file cannot be used: /etc/skexec/policy.toml:2: there is no key unsinged";
    for line in ["policy", "load {}/vmlinuz --no-initrd --no-cmdline --keys {}/root.pem", "verify {}/vmlinuz"] {
        let run = lab.run(line);
        let (first, rest) = run.err.split_once('\n').unwrap();
        assert!(first.ends_with(&format!("{what} (policy-file)")), "{line}: {run:?}");
        assert!(rest.starts_with("  do: repair the file that the message names"), "{line}: {run:?}");
        assert_eq!((run.exit, run.out.as_str()), (1, ""), "{line}");
    }
    let json = lab.run("policy --json").json();
    assert_eq!(json, json!({"schema": 1, "reason": "policy-file", "message": what}));
    assert!(lab.kernel.calls.borrow().is_empty());
}

#[test]
fn signers_are_restricted_by_the_kind_of_file() {
    let lab = lab();
    let (signer, root, other) = (forge::signer_der(), forge::root_der(), pki::stranger().cert);
    let plain = "load {}/vmlinuz --no-initrd --no-cmdline";
    let with_initrd = "load {}/vmlinuz --no-cmdline --initrd {}/signed";
    let with_unsigned = "load {}/vmlinuz --no-cmdline --initrd {}/initrd";
    let (kernel, initrd, uki) = ("verify {}/vmlinuz", "verify {}/signed", "verify {}/uki");
    let rows = [
        ("kernel", by_certificate(&signer), vec![plain, with_initrd, kernel], vec![]),
        ("kernel", by_key(&signer), vec![plain, kernel], vec![]),
        // An issuer, and the anchor is one, stands for everyone whom it certifies.
        ("kernel", by_certificate(&root), vec![plain, kernel], vec![]),
        ("kernel", by_key(&root), vec![plain, kernel], vec![]),
        ("kernel", by_certificate(&other), vec![initrd], vec![plain, with_initrd, kernel]),
        ("kernel", by_key(&other), vec![initrd], vec![plain, kernel]),
        // A hash of one kind is not taken for the other.
        ("kernel", by_key(&signer).replace("key:", "certificate:"), vec![], vec![plain, kernel]),
        ("kernel", by_certificate(&signer).replace("certificate:", "key:"), vec![], vec![plain, kernel]),
        ("kernel", "[]".to_owned(), vec![initrd], vec![plain, kernel]),
        ("initrd", "[]".to_owned(), vec![plain, with_unsigned, kernel], vec![with_initrd, initrd]),
        ("initrd", by_key(&signer), vec![with_initrd, initrd], vec![]),
        ("uki", "[]".to_owned(), vec![plain, kernel], vec![uki, "load {}/uki"]),
        ("uki", by_key(&signer), vec![plain, uki, "load {}/uki"], vec![]),
        ("kernel", "[]".to_owned(), vec![uki, "load {}/uki"], vec![plain]),
        ("addon", "[]".to_owned(), vec![plain, with_initrd, kernel, initrd], vec![]),
    ];
    for (kind, list, fine, refused) in rows {
        lab.system(POLICY, &format!("[signers]\n{kind} = {list}\n"));
        for line in fine {
            assert_eq!(answer(&lab, line), (0, None), "{kind} {list}: {line}");
        }
        lab.kernel.calls.borrow_mut().clear();
        for line in refused {
            let run = lab.run(&format!("{line} --keys {{}}/root.pem"));
            let why = format!(
                "O=skexec tests, CN=skexec test signer, whom signers.{kind} in {POLICY}:2 does not name (signer-not-allowed)\n"
            );
            assert!(
                run.exit >= 3 && format!("{}{}", run.out, run.err).contains(&why),
                "{kind} {list}: {line}: {run:?}"
            );
        }
        assert!(lab.kernel.calls.borrow().is_empty());
    }
    // The finding is about the initrd.
    lab.system(POLICY, "signers.initrd = []\n");
    assert!(lab.run(&format!("{with_initrd} --keys {{}}/root.pem")).err.starts_with("skexec: {}/signed: "));
    // Nobody is trusted because a list names him.
    lab.system(POLICY, &format!("signers.kernel = {}\n", by_certificate(&signer)));
    assert_eq!(lab.run("verify {}/vmlinuz --json").json()[0]["reason"], "unknown-signer");
}

#[test]
fn small_keys_are_refused_up_to_the_anchor() {
    let lab = lab();
    // The signer has a larger key than the root that certified it.
    lab.file("large.p7s", &forge::detached(&forge::signed_bzimage(), &pki::Identity::by_root("rsa3072")));
    let embedded = "verify {}/vmlinuz";
    let large = "verify {}/vmlinuz --signature {}/large.p7s";
    let load = "load {}/vmlinuz --no-initrd --no-cmdline";
    for (policy, line, reason) in [
        ("least.rsa-bits = 2048", embedded, None),
        ("least.rsa-bits = 3072", embedded, Some("key-too-small")),
        ("least.rsa-bits = 3072", load, Some("key-too-small")),
        ("least.rsa-bits = 3072", large, Some("key-too-small")),
        ("least.ec-bits = 521", embedded, None),
        ("least.rsa-bits = 4096", "verify {}/signed", Some("key-too-small")),
    ] {
        lab.system(POLICY, policy);
        let wanted = (if reason.is_some() { 3 } else { 0 }, reason.map(str::to_owned));
        assert_eq!(answer(&lab, line), wanted, "{policy}: {line}");
    }
    lab.system(POLICY, "least.rsa-bits = 3072");
    let message = |line: &str| lab.run(&format!("{line} --keys {{}}/root.pem --json")).json()[0]["message"].to_string();
    let says = |subject: &str| format!("{subject} has RSA-2048; {POLICY}:1 sets rsa-bits to 3072");
    assert!(message(embedded).contains(&says("skexec test signer")), "{}", message(embedded));
    assert!(message(large).contains(&says("skexec test root")), "{}", message(large));
    lab.file("p256.p7s", &forge::detached(&forge::signed_bzimage(), &pki::Identity::by_root("p256")));
    let line = "verify {}/vmlinuz --signature {}/p256.p7s";
    for (bits, exit) in [(256, 0), (384, 3)] {
        lab.system(POLICY, &format!("least.ec-bits = {bits}"));
        assert_eq!(answer(&lab, line).0, exit, "{bits}");
    }
}

#[test]
fn what_must_be_covered_is_refused_by_name() {
    let lab = lab();
    let waived = "load {}/unsigned --no-initrd --no-cmdline --insecure-unsigned";
    let nothing = "load {}/vmlinuz --no-initrd --no-cmdline";
    let cmdline = "load {}/vmlinuz --no-initrd --cmdline quiet";
    let unsigned = "load {}/vmlinuz --no-cmdline --initrd {}/signed --initrd {}/initrd";
    let signed = "load {}/vmlinuz --no-cmdline --initrd {}/signed";
    for (policy, line, reason) in [
        ("require = []", unsigned, None),
        ("require = [\"kernel\"]", waived, Some("uncovered-kernel")),
        ("require = [\"kernel\"]", unsigned, None),
        ("require = [\"initrd\"]", unsigned, Some("uncovered-initrd")),
        ("require = [\"initrd\"]", signed, None),
        ("require = [\"initrd\"]", nothing, None),
        ("require = [\"cmdline\"]", cmdline, Some("uncovered-cmdline")),
        ("require = [\"cmdline\"]", nothing, Some("uncovered-cmdline")),
        ("require = \"everything\"", signed, Some("uncovered-cmdline")),
        ("require = \"everything\"", unsigned, Some("uncovered-initrd")),
        ("require = \"everything\"", "load {}/uki", None),
        ("require = \"everything\"", "load {}/uki --require-signed-initrd", None),
        ("signed-cmdline = \"fixed\"", "load {}/uki --append x", Some("cmdline-signed")),
        ("signed-cmdline = \"append\"", "load {}/uki --append x", None),
        ("signed-cmdline = \"append\"", "load {}/uki --cmdline x", Some("cmdline-signed")),
        ("signed-cmdline = \"replace\"", "load {}/uki --cmdline x", None),
        // What may be changed is not covered any more.
        ("signed-cmdline = \"append\"\nrequire = [\"cmdline\"]", "load {}/uki --append x", Some("uncovered-cmdline")),
        ("signed-initrd = \"fixed\"", "load {}/uki --initrd {}/initrd", Some("initrd-signed")),
        ("signed-initrd = \"append\"", "load {}/uki --initrd {}/initrd", None),
        (
            "signed-initrd = \"append\"\nrequire = \"everything\"",
            "load {}/uki --initrd {}/initrd",
            Some("uncovered-initrd"),
        ),
        ("signed-initrd = \"append\"\nrequire = \"everything\"", "load {}/uki --initrd {}/signed", None),
        ("insecure-unsigned = \"forbidden\"", waived, Some("waiver-forbidden")),
        ("insecure-unsigned = \"forbidden\"", nothing, None),
        // The option is refused where it has no effect, too: whoever gives it expects one.
        ("insecure-unsigned = \"forbidden\"", &format!("{nothing} --insecure-unsigned"), Some("waiver-forbidden")),
    ] {
        lab.system(POLICY, policy);
        lab.kernel.calls.borrow_mut().clear();
        let found = answer(&lab, line);
        // Without a refusal, the reason is the waived one.
        assert_eq!(found, (if reason.is_some() { 3 } else { 0 }, reason.map(str::to_owned)), "{policy}: {line}");
        assert_eq!(lab.kernel.calls.borrow().is_empty(), reason.is_some(), "{policy}: {line}");
    }
    lab.system(POLICY, "\nrequire = [\"initrd\"]");
    let run = lab.run(&format!("{unsigned} --keys {{}}/root.pem"));
    let why = "skexec: {}/initrd: the policy requires that a signature covers every initrd, and one is not covered: \
               there is no {}/initrd.p7s; /etc/skexec/policy.toml:2 sets require (uncovered-initrd)\n";
    assert!(run.err.starts_with(why), "{run:?}");
    // The option keeps its own reason.
    assert_eq!(answer(&lab, &format!("{unsigned} --require-signed-initrd")).1.unwrap(), "initrd-unsigned");
}
