#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::super::esl::build::{SHA1, SHA256, X509, X509_SHA256, list};
use super::*;
use forge::pki;

fn certificate(der: &[u8]) -> Certificate {
    Certificate::parse(der).unwrap()
}

/// A list with one certificate.
fn revoking(der: &[u8]) -> Revocations {
    Revocations::from_lists(&list(X509, &[der]), "dbx").unwrap()
}

#[test]
fn an_image_by_its_hash() {
    let revocations = Revocations::from_lists(&list(SHA256, &[&[1; 32], &[2; 32]]), "dbx").unwrap();
    assert_eq!(revocations.check_image(&[3; 32]), Ok(()));
    let finding = revocations.check_image(&[2; 32]).unwrap_err();
    assert_eq!(finding.reason, Reason::RevokedImage);
    assert!(finding.detail.contains("dbx") && finding.detail.contains("0202"), "{finding}");
}

#[test]
fn a_list_names_images_where_it_has_the_hash_of_one() {
    assert!(!Revocations::default().names_images());
    assert!(!revoking(&pki::signer().cert).names_images());
    assert!(Revocations::from_lists(&list(SHA256, &[&[1; 32]]), "dbx").unwrap().names_images());
}

#[test]
fn a_certificate_by_itself_its_key_or_its_issuer() {
    let path = [certificate(&pki::signer().cert), certificate(&pki::root().cert)];
    let renewed = pki::ROOT.leaf("another name", pki::signer().key).build();
    let table: &[(&str, &[u8], bool)] = &[
        ("the signer", &pki::signer().cert, true),
        ("the anchor", &pki::root().cert, true),
        ("another certificate for the signer's key", &renewed, true),
        ("a sibling", &pki::revoked_cert().cert, false),
        ("a stranger", &pki::stranger_root().cert, false),
    ];
    for (name, der, revoked) in table {
        let checked = revoking(der).check_path(&path);
        assert_eq!(checked.is_err(), *revoked, "{name}: {checked:?}");
    }
}

#[test]
fn an_issuer_that_is_not_on_the_path() {
    let leaf = certificate(&pki::REVOKED.leaf("a leaf", pki::signer().key).build());
    let finding = revoking(&pki::revoked_ca().cert).check_path(&[leaf]).unwrap_err();
    assert_eq!(finding.reason, Reason::RevokedCertificate);
    assert!(finding.detail.contains("its issuer"), "{finding}");
}

#[test]
fn a_certificate_by_the_hash_of_its_tbs() {
    let signer = certificate(&pki::signer().cert);
    let hash = sha256(&[signer.tbs()]);
    let other = [0; 32];
    let timed = |time: u8| [&hash[..], &[time; 16]].concat();
    for (entry, revoked) in [(hash.to_vec(), true), (timed(0), true), (timed(9), true), (other.to_vec(), false)] {
        let revocations = Revocations::from_lists(&list(X509_SHA256, &[&entry]), "dbx").unwrap();
        let reason = revocations.check_path(std::slice::from_ref(&signer)).err().map(|finding| finding.reason);
        assert_eq!(reason, revoked.then_some(Reason::RevokedTbs), "{entry:?}");
    }
}

#[test]
fn lines_of_the_blacklist() {
    let signer = certificate(&pki::signer().cert);
    let [short, long, longest] = [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512]
        .map(|algorithm| hex::encode(&algorithm.digest(&[signer.tbs()]).value));
    let time = "00".repeat(16);
    for digits in [short.clone(), format!("{short}{time}"), long.clone(), format!("{long}{time}"), longest] {
        let mut revocations = Revocations::default();
        revocations.add_blacklist(&format!("tbs:{digits}"), ".blacklist").unwrap();
        assert!(revocations.check_path(std::slice::from_ref(&signer)).is_err(), "{digits}");
    }
    let mut revocations = Revocations::default();
    revocations.add_blacklist(&format!("bin:{}", "ab".repeat(32)), ".blacklist").unwrap();
    revocations.add_blacklist(&format!("bin:{}", "ab".repeat(48)), ".blacklist").unwrap();
    revocations.add_blacklist(&format!("tbs:{}", "ab".repeat(20)), ".blacklist").unwrap();
    assert!(revocations.check_image(&[0xab; 32]).is_err());
    assert_eq!(revocations.ignored().collect::<Vec<_>>(), [(".blacklist", 2)]);
    for wrong in ["", "bin", "bin:abc", "bin:xy", "other:00", "tbs:00 00"] {
        let finding = revocations.add_blacklist(wrong, ".blacklist").unwrap_err();
        assert_eq!(finding.reason, Reason::RevocationUnreadable, "{wrong}");
    }
}

#[test]
fn a_malformed_list_gives_nothing() {
    let mut bytes = list(SHA256, &[&[1; 32]]);
    bytes.push(0);
    let finding = Revocations::from_lists(&bytes, "dbx").unwrap_err();
    assert_eq!(finding.reason, Reason::RevocationUnreadable);
    assert!(finding.detail.starts_with("dbx: "), "{finding}");
    assert!(Revocations::from_lists(&list(X509, &[b"\x30\x80junk"]), "dbx").is_err());
}

#[test]
fn what_cannot_be_evaluated_is_counted() {
    let mut revocations = Revocations::from_lists(&list(SHA1, &[&[1; 20], &[2; 20]]), "dbx").unwrap();
    revocations.extend(Revocations::from_lists(&list(SHA256, &[&[1; 32]]), "MokListXRT").unwrap());
    assert_eq!(revocations.ignored().collect::<Vec<_>>(), [("dbx", 2)]);
    assert_eq!(revocations.counts(), (1, 0, 0));
}

/// No signature by such a key counts anyway; the rest of the list does.
#[test]
fn a_certificate_on_an_unsupported_curve_does_not_spoil_its_list() {
    let koblitz = pki::alone("on secp256k1", "secp256k1").build();
    let bytes = [list(X509, &[&koblitz]), list(SHA256, &[&[1; 32]])].concat();
    let revocations = Revocations::from_lists(&bytes, "dbx").unwrap();
    assert_eq!(revocations.ignored().collect::<Vec<_>>(), [("dbx", 1)]);
    assert_eq!(revocations.counts(), (1, 1, 0));
}

/// The kernel treats the time of revocation as a part of the hash, so it finds only hashes without a time.
#[test]
fn the_kernel_holds_a_hash_without_a_time_only() {
    let (hash, timed) = (vec![7; 32], [&[7; 32][..], &[0; 16]].concat());
    for (entry, of_list) in [(&hash, 1), (&timed, 0)] {
        let list = Revocations::from_lists(&list(X509_SHA256, &[entry]), "dbx").unwrap();
        assert_eq!(list.tbs_in_kernel().iter().filter(|held| **held == hash).count(), of_list);
        let mut line = Revocations::default();
        line.add_blacklist(&format!("tbs:{}", hex::encode(entry)), ".blacklist").unwrap();
        assert_eq!(line.tbs_in_kernel().iter().collect::<Vec<_>>(), [entry]);
    }
}
