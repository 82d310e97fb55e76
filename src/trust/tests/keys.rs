//! Keys and signatures apart from any message.

use crate::digest::Algorithm;
use crate::reason::Reason;
use crate::trust::algorithm::{Family, Scheme};
use crate::trust::signature::PublicKey;
use forge::der::{bits, null, oid, seq, uint};
use forge::hash::Hash;
use forge::key::key;
use forge::{ec, oid};

const TEXT: &[u8] = b"text";

fn parse(name: &str) -> PublicKey {
    PublicKey::parse(&key(name).public().encode()).unwrap()
}

fn rsa(n: &[u8], e: &[u8]) -> Vec<u8> {
    let numbers = seq(vec![uint(n), uint(e)]).encode();
    seq(vec![seq(vec![oid(oid::RSA), null()]), bits(0, &numbers)]).encode()
}

fn strength(info: &[u8]) -> Result<(), Reason> {
    PublicKey::parse(info).and_then(|key| key.check_strength()).map_err(|finding| finding.reason)
}

#[test]
fn strength_by_table() {
    for (name, text, wanted) in [
        ("root", "RSA-2048", Ok(())),
        ("rsa3072", "RSA-3072", Ok(())),
        ("rsa4096", "RSA-4096", Ok(())),
        ("rsa1024", "RSA-1024", Err(Reason::WeakKey)),
        ("rsa2047", "RSA-2047", Err(Reason::WeakKey)),
        ("rsa-e3", "RSA-2048", Err(Reason::WeakKey)),
        ("rsa8192", "RSA-8192", Err(Reason::UnsupportedAlgorithm)),
        ("p256", "P-256", Ok(())),
        ("p384", "P-384", Ok(())),
        ("p521", "P-521", Ok(())),
    ] {
        let info = key(name).public().encode();
        assert_eq!(PublicKey::parse(&info).unwrap().name(), text);
        assert_eq!(strength(&info), wanted, "{name}");
    }
}

#[test]
fn rsa_numbers_by_table() {
    let odd = [0xff; 256];
    let even = { [&odd[..255], &[0xfe]].concat() };
    let e = [1, 0, 1];
    for (about, n, exponent, wanted) in [
        ("65537", &odd[..], &e[..], Ok(())),
        ("an even modulus", &even, &e, Err(Reason::WeakKey)),
        ("exponent 1", &odd, &[1], Err(Reason::WeakKey)),
        ("an even exponent", &odd, &[1, 0, 0], Err(Reason::WeakKey)),
        ("an even exponent that is large enough", &odd, &[1, 0, 2], Err(Reason::WeakKey)),
        ("an exponent of 2^33 - 1", &odd, &[1, 0xff, 0xff, 0xff, 0xff], Ok(())),
        ("an exponent of 2^33 + 1", &odd, &[2, 0, 0, 0, 1], Err(Reason::UnsupportedAlgorithm)),
        ("an exponent of 72 bits", &odd, &[1; 9], Err(Reason::UnsupportedAlgorithm)),
        ("2560 bits", &[0xff; 320], &e, Err(Reason::UnsupportedAlgorithm)),
        ("3072 bits, but for the first", &[0x7f; 384], &e, Ok(())),
        ("a modulus of zero", &[0], &e, Err(Reason::BagCertificate)),
        ("an exponent of zero", &odd, &[0], Err(Reason::BagCertificate)),
    ] {
        assert_eq!(strength(&rsa(n, exponent)), wanted, "{about}");
    }
}

#[test]
fn kinds_of_key_that_are_refused() {
    let point = &key("p256").ec().point;
    let negative = seq(vec![forge::der::Node::prim(2, [0x80; 256]), uint(&[1, 0, 1])]).encode();
    let negative = seq(vec![seq(vec![oid(oid::RSA), null()]), bits(0, &negative)]);
    for (about, info, wanted) in [
        ("secp256k1", key("secp256k1").public(), Reason::UnsupportedAlgorithm),
        ("explicit parameters", ec::spki(seq(vec![uint(&[1])]), point), Reason::UnsupportedAlgorithm),
        ("a negative modulus", negative, Reason::BagCertificate),
        ("no key at all", seq(vec![]), Reason::BagCertificate),
    ] {
        let reason = PublicKey::parse(&info.encode()).map_err(|finding| finding.reason);
        assert_eq!(reason, Err(wanted), "{about}");
    }
}

/// FIPS 186-5, 6.4: the leftmost bits of a digest that is longer than the order, all of one that is shorter.
#[test]
fn every_curve_with_every_digest() {
    for name in ["p256", "p384", "p521"] {
        for (digest, hash) in
            [(Algorithm::Sha256, Hash::Sha256), (Algorithm::Sha384, Hash::Sha384), (Algorithm::Sha512, Hash::Sha512)]
        {
            let signature = key(name).sign(hash, TEXT);
            let scheme = Scheme { family: Family::Ecdsa, digest };
            let value = digest.digest(&[TEXT]).value;
            assert_eq!(parse(name).verify(scheme, &value, &signature), Ok(()), "{name} {digest:?}");
            assert!(parse(name).verify(scheme, &digest.digest(&[b"test"]).value, &signature).is_err());
        }
    }
}

#[test]
fn an_ecdsa_signature_is_strict() {
    let good = key("p256").sign(Hash::Sha256, TEXT);
    let (r, s) = ec::parts(&good);
    let order = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad,
        0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let long = [&[0x81, u8::try_from(good.len()).unwrap() - 2], &good[2..]].concat();
    for (about, signature) in [
        ("empty", vec![]),
        ("r is zero", ec::signature(&[0], &s)),
        ("s is zero", ec::signature(&r, &[0])),
        ("s is the order", ec::signature(&r, &order)),
        ("r has 33 bytes", ec::signature(&[1; 33], &s)),
        ("a third number", seq(vec![uint(&r), uint(&s), uint(&[1])]).encode()),
        ("bytes behind it", [&good[..], &[0]].concat()),
        ("a long length", [&[0x30], &long[..]].concat()),
    ] {
        let scheme = Scheme { family: Family::Ecdsa, digest: Algorithm::Sha256 };
        let digest = Algorithm::Sha256.digest(&[TEXT]).value;
        assert_eq!(parse("p256").verify(scheme, &digest, &good), Ok(()));
        assert!(parse("p256").verify(scheme, &digest, &signature).is_err(), "{about}");
    }
}

#[test]
fn an_rsa_signature_is_as_long_as_the_modulus() {
    let scheme = Scheme { family: Family::Rsa, digest: Algorithm::Sha256 };
    let digest = Algorithm::Sha256.digest(&[TEXT]).value;
    let good = key("root").sign(Hash::Sha256, TEXT);
    let verify = |signature: &[u8]| parse("root").verify(scheme, &digest, signature);
    assert_eq!(verify(&good), Ok(()));
    for wrong in [&[&[0], &good[..]].concat()[..], &good[1..], &[], &[0; 256], &[0xff; 256]] {
        assert!(verify(wrong).is_err(), "{} bytes", wrong.len());
    }
    let other = Scheme { digest: Algorithm::Sha512, ..scheme };
    assert!(parse("root").verify(other, &digest, &good).is_err());
    assert!(parse("p256").verify(scheme, &digest, &good).is_err());
}
