//! Keys and certificates that do not fit, and files that cannot be written.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use forge::ext;
use forge::oid::SERVER_AUTH;
use skexec::trust::Signature::Embedded;
use std::fs;
use std::path::Path;
use std::process::Command;
use support::{Place, Run, trust, trusting, verdict};

const CONVERT: &str = "  do: convert the key: openssl pkcs8 -topk8 -v2 aes-256-cbc -in KEY -out NEW-KEY\n";

fn place(keys: &[&str]) -> Place {
    let place = Place::new(keys);
    place.write("image", &forge::unsigned_bzimage());
    place
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let place = place(&["p256", "p384", "rsa3072", "rsa4096"]);
    for (key, cert) in [("p256", "p384"), ("rsa3072", "rsa4096"), ("rsa3072", "p256")] {
        let wanted = format!(
            "skexec-sign: {{}}/{key}.key is not the private key of the certificate {{}}/{cert}.pem\n  \
             do: give the key and the certificate that were made together\n"
        );
        let args = format!("image --key {{}}/{key}.key --cert {{}}/{cert}.pem {{}}/image");
        assert_eq!(place.run(&args), Run::failed(4, &wanted));
    }
    assert_eq!(place.read("image"), forge::unsigned_bzimage());
}

/// `p256-encrypted.key` is keys/test/p256.key, encrypted by openssl with the passphrase "correct".
#[test]
fn an_encrypted_key_needs_its_passphrase() {
    let place = place(&["p256"]);
    let encrypted = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/p256-encrypted.key");
    place.write("encrypted.key", &fs::read(encrypted).unwrap());
    let args = "image --key {}/encrypted.key --cert {}/p256.pem --passphrase-file {}/passphrase {}/image";
    for wrong in ["", "Correct\n", "correct \n"] {
        place.write("passphrase", wrong.as_bytes());
        let wanted = Run::failed(1, "skexec-sign: {}/encrypted.key: the passphrase is wrong\n");
        assert_eq!(place.run(args), wanted, "{wrong:?}");
    }
    place.write("passphrase", b"correct\nand another line\n");
    place.sign(args);
    assert_eq!(verdict(&place.read("image"), Embedded, &trust()), "trusted");
}

#[test]
fn what_is_no_key_is_told() {
    let place = place(&["p256", "p521", "rsa1024"]);
    let mut damaged = String::from_utf8(place.read("p256.key")).unwrap();
    damaged.replace_range(40..44, "AAAA");
    let traditional = forge::pem::encode("RSA PRIVATE KEY", b"0\0");
    let garbage = forge::pem::encode("PRIVATE KEY", b"0\0");
    let encrypted = forge::pem::encode("ENCRYPTED PRIVATE KEY", b"0\0");
    let rows = [
        (
            traditional,
            format!("the PEM block is RSA PRIVATE KEY; PRIVATE KEY or ENCRYPTED PRIVATE KEY is needed\n{CONVERT}"),
        ),
        (encrypted, format!("the encryption of the private key is not supported\n{CONVERT}")),
        ("no key".to_owned(), format!("this is no private key in PEM\n{CONVERT}")),
        (garbage, "the private key is malformed\n".to_owned()),
        (damaged, "the private key is malformed\n".to_owned()),
        (
            String::from_utf8(place.read("p521.key")).unwrap(),
            "the key is neither RSA nor ECDSA P-256 or P-384\n".to_owned(),
        ),
        (
            String::from_utf8(place.read("rsa1024.key")).unwrap(),
            "the RSA key has 1024 bits; 2048 to 4096 bits are supported\n".to_owned(),
        ),
    ];
    for (key, wanted) in rows {
        place.write("bad.key", key.as_bytes());
        let run = place.run("image --key {}/bad.key --cert {}/p256.pem {}/image");
        assert_eq!(run, Run::failed(4, &format!("skexec-sign: {{}}/bad.key: {wanted}")));
    }
}

#[test]
fn what_is_no_certificate_is_told() {
    let place = place(&["p256"]);
    let pem = String::from_utf8(place.read("p256.pem")).unwrap();
    let rows = [
        (
            pem.repeat(2),
            "the file has more than one PEM block; give each certificate in a file of its own, with --chain",
        ),
        (pem.replace("CERTIFICATE", "PRIVATE KEY"), "the PEM block is no CERTIFICATE"),
        (pem.replace("-----END", "----END"), "the PEM block is malformed"),
    ];
    for (certificate, wanted) in rows {
        place.write("bad.pem", certificate.as_bytes());
        let run = place.run("image --key {}/p256.key --cert {}/bad.pem {}/image");
        assert_eq!(run, Run::failed(4, &format!("skexec-sign: {{}}/bad.pem: {wanted}\n")));
    }
    place.write("cert.der", &forge::pki::Identity::by_root("p256").cert);
    place.sign("image --key {}/p256.key --cert {}/cert.der {}/image");
}

#[test]
fn a_certificate_that_is_not_valid_now_signs_nothing() {
    let place = place(&["p256"]);
    let expired = forge::pki::ROOT.leaf("expired", forge::key::key("p256")).valid("200101000000Z", "210101000000Z");
    place.write("old.pem", forge::pem::encode("CERTIFICATE", &expired.build()).as_bytes());
    let run = place.run("image --key {}/p256.key --cert {}/old.pem {}/image");
    assert_eq!((run.exit, run.out.as_str()), (4, ""));
    assert!(run.err.contains("(signing-time)\n  do: "), "{}", run.err);
    assert_eq!(place.read("image"), forge::unsigned_bzimage());
}

#[test]
fn nothing_is_left_where_nothing_can_be_written() {
    let place = place(&["p256"]);
    let names = place.names();
    let args = "image --key {}/p256.key --cert {}/p256.pem {}/image -o";
    let directory = place.run(&format!("{args} {{}}"));
    assert_eq!(directory, Run::failed(1, "skexec-sign: cannot write {}: it is no regular file\n"));
    let missing = place.run(&format!("{args} {{}}/missing/out"));
    assert_eq!(missing.exit, 1);
    assert!(missing.err.starts_with("skexec-sign: cannot write {}/missing/out: No such file"), "{}", missing.err);
    // Nobody can make files there, root included.
    let readonly = place.run(&format!("{args} /proc/self/out"));
    assert_eq!(readonly.exit, 1);
    assert!(readonly.err.starts_with("skexec-sign: cannot write /proc/self/out: "), "{}", readonly.err);
    assert_eq!((place.names(), place.read("image")), (names, forge::unsigned_bzimage()));
}

#[test]
fn a_certificate_that_may_not_sign_code_signs_nothing() {
    let place = place(&["p256"]);
    let leaf = || forge::pki::ROOT.leaf("another", forge::key::key("p256"));
    let rows = [
        (leaf().with(ext::eku(&[SERVER_AUTH])), "the signer's certificate is not permitted to sign code", "leaf-eku"),
        (
            leaf().with(ext::key_usage(ext::CERT_AND_CRL_SIGN)),
            "the signer's certificate is not permitted to make signatures",
            "leaf-ku",
        ),
    ];
    for (certificate, wanted, slug) in rows {
        place.write("another.pem", forge::pem::encode("CERTIFICATE", &certificate.build()).as_bytes());
        let run = place.run("image --key {}/p256.key --cert {}/another.pem {}/image");
        let line = format!("skexec-sign: {{}}/another.pem: {wanted}: O=skexec tests, CN=another ({slug})\n  do: ");
        assert!(run.exit == 4 && run.err.starts_with(&line), "{}", run.err);
    }
    // One that is self-signed is enrolled itself, and its purposes do not count.
    let alone = forge::pki::alone("alone", "p256").with(ext::eku(&[SERVER_AUTH])).build();
    place.write("alone.pem", forge::pem::encode("CERTIFICATE", &alone).as_bytes());
    place.sign("image --key {}/p256.key --cert {}/alone.pem {}/image");
    assert_eq!(verdict(&place.read("image"), Embedded, &trusting(&alone)), "trusted");
}

/// `setsid` takes the terminal away.
#[test]
fn without_a_terminal_nobody_is_asked() {
    let place = place(&["p256"]);
    let arg = |name: &str| place.path(name).to_str().unwrap().to_owned();
    let program = env!("CARGO_BIN_EXE_skexec-sign");
    let output = Command::new("setsid").args(["--wait", program, "keys", &arg("keys")]).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.starts_with("skexec-sign: cannot ask for a passphrase on the terminal: "), "{err}");
    assert!(err.ends_with("\n  do: use --passphrase-file where there is no terminal\n"), "{err}");
    assert!(!place.path("keys").exists());
}
