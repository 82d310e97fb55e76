//! Certificates: the fields that are read, and bytes that are not a certificate.

use super::*;
use crate::trust::extensions::{AuthorityKeyId, BasicConstraints};
use forge::der::{Node, bits, boolean, ctx, ctx_prim, int, octets, oid, seq, set, utc_time, utf8};
use forge::key::key;
use forge::pki::{self, ROOT};
use forge::x509::CertSpec;
use forge::{ext, oid};

fn leaf() -> CertSpec {
    ROOT.leaf("a leaf", key("signer"))
}

fn refused(spec: &CertSpec) -> Option<Reason> {
    Certificate::parse(&spec.build()).err().map(|finding| finding.reason)
}

#[test]
fn what_is_read() {
    let root = Certificate::parse(&forge::root_der()).unwrap();
    let leaf = Certificate::parse(&leaf().build()).unwrap();
    assert_eq!((leaf.issuer(), leaf.raw_issuer()), (root.subject(), root.raw_subject()));
    assert_eq!(leaf.subject(), "O=skexec tests, CN=a leaf");
    assert_eq!(leaf.serial(), forge::x509::serial("a leaf"));
    assert_eq!(leaf.subject_key_id(), Some(&key("signer").id()[..]));
    assert_eq!(leaf.validity().not_before, 1_577_836_800);
    assert_eq!(leaf.validity().not_after, 2_524_607_999);
    assert_eq!(leaf.tbs(), forge::x509::fields(leaf.der()).tbs);
    let authority = AuthorityKeyId { key_id: Some(key("root").id()), issuer_and_serial: None };
    assert_eq!(leaf.extensions().authority_key_id, Some(authority));
    assert!(leaf.extensions().ext_key_usage.unwrap().code_signing);
    assert!(leaf.extensions().key_usage.unwrap().signs_data());
    assert!(!leaf.extensions().key_usage.unwrap().signs_certificates());
    assert_eq!(root.extensions().basic_constraints, Some(BasicConstraints { ca: true, path_length: None }));
    assert!(root.is_self_signed() && !leaf.is_self_signed());
    assert_eq!(leaf.verify_signed_by(&root), Ok(()));
    assert_eq!(root.verify_signed_by(&leaf).map_err(|finding| finding.reason), Err(Reason::CertSignature));
}

#[test]
fn extension_values_by_table() {
    let wrapped = |id, value: &Node| leaf().with(ext::extension(id, false, value));
    for (about, spec, wanted) in [
        ("an empty key identifier", wrapped(oid::SUBJECT_KEY_ID, &octets([])), true),
        ("a key identifier of 127 bytes", wrapped(oid::SUBJECT_KEY_ID, &octets([1; 127])), false),
        ("a key identifier of 128 bytes", wrapped(oid::SUBJECT_KEY_ID, &octets([1; 128])), true),
        ("a key identifier that is none", wrapped(oid::SUBJECT_KEY_ID, &int(1)), true),
        ("a key usage without bits", wrapped(oid::KEY_USAGE, &bits(0, &[])), true),
        ("an empty extended key usage", wrapped(oid::EXT_KEY_USAGE, &seq(vec![])), true),
        ("empty basic constraints", wrapped(oid::BASIC_CONSTRAINTS, &seq(vec![])), false),
        ("FALSE said aloud", wrapped(oid::BASIC_CONSTRAINTS, &seq(vec![boolean(false)])), true),
        ("a length for no authority", wrapped(oid::BASIC_CONSTRAINTS, &seq(vec![int(1)])), true),
        ("a negative length", wrapped(oid::BASIC_CONSTRAINTS, &seq(vec![boolean(true), Node::prim(2, [0xff])])), true),
        ("a third constraint", wrapped(oid::BASIC_CONSTRAINTS, &seq(vec![boolean(true), int(1), int(1)])), true),
        ("an authority of nothing", wrapped(oid::AUTHORITY_KEY_ID, &seq(vec![])), false),
        ("an authority with more", wrapped(oid::AUTHORITY_KEY_ID, &seq(vec![ctx_prim(3, [1])])), true),
        ("not DER", leaf().with(ext::extension(oid::KEY_USAGE, false, &bits(1, &[0xff]))), true),
    ] {
        assert_eq!(refused(&spec), wanted.then_some(Reason::BagCertificate), "{about}");
    }
}

#[test]
fn an_extension_stands_once() {
    let mut spec = leaf();
    spec.extensions.push(ext::unknown(false));
    assert_eq!(refused(&spec), None);
    spec.extensions.push(ext::unknown(false));
    assert_eq!(refused(&spec), Some(Reason::BagCertificate));
}

#[test]
fn an_issuer_by_name_and_number() {
    let directory = || ctx(4, vec![forge::x509::name("an issuer")]);
    let host = || ctx_prim(2, *b"example.org");
    let with = |names| {
        let value = seq(vec![ctx(1, names), ctx_prim(2, [7])]);
        leaf().with(ext::extension(oid::AUTHORITY_KEY_ID, false, &value))
    };
    for names in [vec![], vec![host()], vec![host(), directory()], vec![directory(), directory()]] {
        assert_eq!(refused(&with(names)), Some(Reason::BagCertificate));
    }
    let spec = with(vec![directory()]);
    let read = Certificate::parse(&spec.build()).unwrap();
    let (issuer, serial) = read.extensions().authority_key_id.clone().unwrap().issuer_and_serial.unwrap();
    assert_eq!((issuer, serial), (forge::x509::name("an issuer").value().unwrap(), vec![7]));
}

#[test]
fn a_self_signed_certificate_must_be_signed_by_itself() {
    let damaged = CertSpec { damage: |signature| signature[9] ^= 1, ..pki::alone("alone", "selfsigned") };
    assert_eq!(refused(&pki::alone("alone", "selfsigned")), None);
    assert_eq!(refused(&damaged), Some(Reason::BagCertificate));
    // A SHA-1 signature cannot be verified here. It need not be: an anchor is trusted without its signature.
    let old = CertSpec { hash: forge::hash::Hash::Sha1, ..pki::alone("alone", "selfsigned") };
    assert_eq!(refused(&old), None);
    let foreign = [oid::SHA256, "1.3.101.112"].map(|id| CertSpec {
        inner_algorithm: Some(seq(vec![oid(id)])),
        outer_algorithm: Some(seq(vec![oid(id)])),
        ..pki::alone("alone", "selfsigned")
    });
    for spec in foreign {
        assert_eq!(refused(&spec), Some(Reason::UnsupportedAlgorithm));
    }
}

/// By its key's identifier, and by its issuer and serial number: both or neither must be its own.
#[test]
fn a_self_signed_certificate_names_itself_without_a_contradiction() {
    let with = |id: &[u8], serial: &[u8]| {
        let spec = pki::alone("alone", "selfsigned");
        let authority = ext::aki_by_serial(Some(id), &spec.issuer, serial);
        refused(&spec.with(authority))
    };
    let (own, serial) = (key("selfsigned").id(), forge::x509::serial("alone"));
    for (about, id, serial, wanted) in [
        ("both are its own", &own[..], &serial[..], None),
        ("another's number", &own, &[7], Some(Reason::BagCertificate)),
        ("another's key", &[7; 20], &serial, Some(Reason::BagCertificate)),
        ("both are another's", &[7; 20], &[7], None),
    ] {
        assert_eq!(with(id, serial), wanted, "{about}");
    }
}

#[test]
fn a_name_is_sets_of_pairs() {
    let pair = || vec![oid(oid::COMMON_NAME), utf8("a name")];
    let of = |parts: Vec<Node>| seq(vec![set(vec![seq(parts)])]);
    let wrong = Some(Reason::BagCertificate);
    for (about, name, wanted) in [
        ("a pair", of(pair()), None),
        ("two pairs in one set", seq(vec![set(vec![seq(pair()), seq(pair())])]), None),
        ("nothing", seq(vec![]), None),
        ("pairs in no set", seq(vec![seq(pair())]), wrong),
        ("a set of no pairs", seq(vec![set(pair())]), wrong),
        ("a good set, then none", seq(vec![set(vec![seq(pair())]), int(1)]), wrong),
        ("no value", of(vec![oid(oid::COMMON_NAME)]), wrong),
        ("two values", of([pair(), vec![utf8("another")]].concat()), wrong),
        ("no type", of(vec![utf8("a name"), utf8("another")]), wrong),
    ] {
        assert_eq!(refused(&CertSpec { subject: name.clone(), ..leaf() }), wanted, "{about}, as the subject");
        assert_eq!(refused(&CertSpec { issuer: name, ..leaf() }), wanted, "{about}, as the issuer");
    }
}

#[test]
fn shapes_of_validity() {
    let until = |not_after| CertSpec { not_after, ..leaf() };
    assert_eq!(refused(&until(utc_time("4912312359Z"))), Some(Reason::BagCertificate));
    assert_eq!(refused(&until(Node::prim(0x18, *b"20491231235959Z"))), Some(Reason::BagCertificate));
    assert_eq!(refused(&until(Node::prim(0x18, *b"99991231235959Z"))), None);
}

/// Anyone can change the bytes that the signature does not cover.
#[test]
fn the_frame_is_as_strict_as_what_is_in_it() {
    let good = leaf().build();
    let root = Certificate::parse(&forge::root_der()).unwrap();
    for place in (0..8).chain(good.len() - 280..good.len()) {
        for bit in 0..8 {
            let mut der = good.clone();
            der[place] ^= 1 << bit;
            let verified = Certificate::parse(&der).and_then(|certificate| certificate.verify_signed_by(&root));
            assert!(verified.is_err(), "bit {bit} of byte {place:#x}");
        }
    }
}
