//! `skexec-sign keys`: an authority and a signer that skexec and the kernel accept, and the files that enrol them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use forge::cms::Trailer;
use forge::der::{ctx, oid, seq, splice};
use forge::oid::SIGNED_DATA;
use skexec::trust::Signature::Embedded;
use skexec::trust::cert::Certificate;
use skexec::trust::esl;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use support::{Place, Run, errno, trusting, verdict};

const FILES: [&str; 9] =
    ["KEK.auth", "PK.auth", "ca.der", "ca.esl", "ca.key", "ca.pem", "db.auth", "signer.key", "signer.pem"];

fn names(place: &Place, directory: &str) -> Vec<String> {
    let entries = fs::read_dir(place.path(directory)).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_the_new_signer_signs_is_trusted() {
    for algorithm in ["p256", "p384", "rsa3072"] {
        let place = Place::new(&[]);
        let said = place.sign(&format!("keys {{}}/keys --no-passphrase --algorithm {algorithm}"));
        assert_eq!(
            said,
            "{}/keys: made ca.key, ca.pem, ca.der, ca.esl, PK.auth, KEK.auth, db.auth, signer.key, signer.pem\n"
        );
        assert_eq!(names(&place, "keys"), FILES);
        place.write("image", &forge::unsigned_bzimage());
        place.sign("image --key {}/keys/signer.key --cert {}/keys/signer.pem {}/image");
        let (signed, trust) = (place.read("image"), trusting(&place.read("keys/ca.der")));
        assert_eq!((verdict(&signed, Embedded, &trust), errno(&signed, &trust)), ("trusted", Some(0)), "{algorithm}");
    }
}

#[test]
fn the_certificates_say_what_they_are_for() {
    let place = Place::new(&[]);
    let args = ["keys", "{}/keys", "--no-passphrase", "--algorithm", "p256", "--days", "10000", "--name", "Example"];
    place.sign(&args.join(" "));
    let authority = Certificate::parse(&place.read("keys/ca.der")).unwrap();
    let pem = |name: &str| forge::pem::decode(&String::from_utf8(place.read(name)).unwrap());
    assert_eq!(pem("keys/ca.pem"), authority.der());
    let signer = Certificate::parse(&pem("keys/signer.pem")).unwrap();
    assert_eq!((authority.subject(), authority.issuer()), ("CN=Example CA".to_owned(), "CN=Example CA".to_owned()));
    assert_eq!((signer.subject(), signer.issuer()), ("CN=Example signer".to_owned(), "CN=Example CA".to_owned()));

    let (above, below) = (authority.extensions(), signer.extensions());
    assert!(above.basic_constraints.unwrap().ca && !below.basic_constraints.unwrap().ca);
    assert!(above.key_usage.unwrap().signs_certificates() && !above.key_usage.unwrap().signs_data());
    assert!(below.key_usage.unwrap().signs_data() && !below.key_usage.unwrap().signs_certificates());
    assert!(below.ext_key_usage.unwrap().code_signing && above.ext_key_usage.is_none());
    let issuer = below.authority_key_id.clone().unwrap().key_id;
    assert!(issuer.is_some() && issuer.as_deref() == authority.subject_key_id());
    let validity = signer.validity();
    assert_eq!(validity.not_after - validity.not_before, 10_000 * 86_400);
}

#[test]
fn the_signature_list_enrols_the_authority() {
    let place = Place::new(&[]);
    place.sign("keys {}/keys --no-passphrase --algorithm p256");
    let (list, der) = (place.read("keys/ca.esl"), place.read("keys/ca.der"));
    assert_eq!(esl::parse(&list).unwrap(), [esl::Entry::X509(&der)]);
}

#[test]
fn keys_are_private_and_encrypted_unless_told_otherwise() {
    let place = Place::new(&[]);
    place.write("passphrase", b"open sesame\n");
    place.write("empty", b"\n");
    place.sign("keys {}/keys --algorithm p256 --passphrase-file {}/passphrase");
    let mode = |name: &str| fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("keys"), mode("keys/ca.key"), mode("keys/signer.key")), (0o700, 0o600, 0o600));
    assert_eq!(mode("keys/ca.der"), 0o644);
    for name in ["keys/ca.key", "keys/signer.key"] {
        assert!(place.read(name).starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), "{name}");
    }
    place.write("file", b"content");
    let args = "detached --key {}/keys/signer.key --cert {}/keys/signer.pem {}/file --passphrase-file";
    place.sign(&format!("{args} {{}}/passphrase"));
    assert_eq!(
        place.run(&format!("{args} {{}}/empty")).err,
        "skexec-sign: {}/keys/signer.key: the passphrase is wrong\n"
    );
    let wanted = "skexec-sign: the passphrase is empty\n  do: use --no-passphrase for keys that are not encrypted\n";
    let empty = place.run("keys {}/others --algorithm p256 --passphrase-file {}/empty");
    assert_eq!(empty, Run::failed(2, wanted));
    assert!(!place.path("others").exists());
}

#[test]
fn an_existing_file_is_not_overwritten() {
    let place = Place::new(&[]);
    fs::create_dir(place.path("keys")).unwrap();
    place.write("keys/signer.pem", b"precious");
    let wanted = "skexec-sign: {}/keys/signer.pem exists already\n  \
                  do: give another directory, or move the existing keys away\n";
    assert_eq!(place.run("keys {}/keys --no-passphrase --algorithm p256"), Run::failed(2, wanted));
    assert_eq!(
        (names(&place, "keys"), place.read("keys/signer.pem")),
        (vec!["signer.pem".to_owned()], b"precious".to_vec())
    );
    let nowhere = place.run("keys {}/no/where --no-passphrase --algorithm p256");
    assert_eq!(nowhere.exit, 1);
    assert!(nowhere.err.starts_with("skexec-sign: cannot make the directory {}/no/where: "), "{}", nowhere.err);
}

/// EFI_VARIABLE_AUTHENTICATION_2 and the list; the signature is over name, vendor, attributes, time and list (UEFI 8.2.2).
#[test]
fn the_variables_are_signed_by_the_authority() {
    let place = Place::new(&[]);
    place.sign("keys {}/keys --no-passphrase --algorithm p256");
    let (list, trust) = (place.read("keys/ca.esl"), trusting(&place.read("keys/ca.der")));
    let global = *b"\x61\xdf\xe4\x8b\xca\x93\xd2\x11\xaa\x0d\x00\xe0\x98\x03\x2b\x8c";
    let security = *b"\xcb\xb2\x19\xd7\x3a\x3d\x96\x45\xa3\xbc\xda\xd0\x0e\x67\x65\x6f";
    for (name, wide, vendor) in
        [("PK", &b"P\0K\0"[..], global), ("KEK", b"K\0E\0K\0", global), ("db", b"d\0b\0", security)]
    {
        let file = place.read(&format!("keys/{name}.auth"));
        let (time, rest) = file.split_at(16);
        let length = usize::try_from(u32::from_le_bytes(rest[..4].try_into().unwrap())).unwrap();
        assert_eq!(rest[4..8], [0x00, 0x02, 0xf1, 0x0e]);
        assert_eq!(rest[length..], list, "{name}");
        assert_eq!((time[7], &time[8..]), (0, &[0; 8][..]), "what UEFI wants zero");
        let message = &rest[24..length];
        // Firmware looks for SHA-256 at this place, and for no ContentInfo around the SignedData.
        assert_eq!(message[13..22], *b"\x60\x86\x48\x01\x65\x03\x04\x02\x01");
        // A signature without attributes over what stands before it: skexec reads that as an appended one.
        let wrapped = seq(vec![oid(SIGNED_DATA), ctx(0, vec![splice(message.to_vec())])]).encode();
        let covered = [wide, &vendor, &[0x27, 0, 0, 0], time, &list].concat();
        assert_eq!(verdict(&Trailer::default().append(&covered, &wrapped), Embedded, &trust), "trusted", "{name}");
        assert_eq!(
            verdict(&Trailer::default().append(&covered[1..], &wrapped), Embedded, &trust),
            "bad-signature",
            "{name}"
        );
    }
}
