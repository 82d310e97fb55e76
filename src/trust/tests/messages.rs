//! The parser: no flipped bit of a message goes unnoticed or makes it panic.

use super::*;
use forge::cms::Plain;
use forge::der::{Node, ctx, null, octets, oid, seq, set};
use forge::hash::Hash;
use forge::pki;
use forge::recipe::Recipe;

#[test]
fn the_baseline_leads_to_the_root() {
    let path = verdict(&Recipe::new().pkcs7(), &root());
    let names = ["O=skexec tests, CN=skexec test signer", "O=skexec tests, CN=skexec test root"];
    assert_eq!(path, Ok(names.map(str::to_owned).to_vec()));
}

#[test]
fn no_bit_can_be_changed() {
    let good = Recipe::new().pkcs7();
    let anchors = root();
    for place in 0..good.len() {
        for bit in [0x01, 0x20, 0x80] {
            let mut message = good.clone();
            message[place] ^= bit;
            assert!(verdict(&message, &anchors).is_err(), "bit {bit:#x} of byte {place:#x}");
        }
    }
}

#[test]
fn no_byte_can_be_cut_off() {
    let good = Recipe::new().pkcs7();
    let anchors = root();
    for end in 0..good.len() {
        assert!(verdict(&good[..end], &anchors).is_err(), "{end} bytes");
    }
}

#[test]
fn padding_is_at_most_seven_zeros() {
    let good = Recipe::new().pkcs7();
    let anchors = root();
    for (tail, wanted) in [
        (&[0; 7][..], Ok(())),
        (&[0; 8], Err(vec![Reason::Pkcs7Trailing])),
        (&[0, 0, 1], Err(vec![Reason::Pkcs7Trailing])),
    ] {
        assert_eq!(verdict(&[&good, tail].concat(), &anchors).map(|_| ()), wanted, "{tail:?}");
    }
}

#[test]
fn a_message_has_the_content_of_its_profile() {
    let message = Recipe::new().pkcs7();
    for profile in [Profile::Appended, Profile::Detached] {
        let reason = SignedData::parse(profile, &message).map(|_| ()).map_err(|finding| finding.reason);
        assert_eq!(reason, Err(Reason::ContentType), "{profile:?}");
    }
}

#[test]
fn another_content_is_refused() {
    let bytes = Recipe::new().pkcs7();
    let message = SignedData::parse(Profile::Authenticode, &bytes).unwrap();
    let outcome = subjects(chain::verify(&message, &Hashed::new(b"another"), &root()));
    assert_eq!(outcome, Err(vec![Reason::MessageDigest]));
}

#[test]
fn all_that_speaks_against_a_message_is_said() {
    let message = Recipe::new().signed(|signer| signer.signature[9] ^= 1).pkcs7();
    assert_eq!(verdict(&message, &[]), Err(vec![Reason::BadSignature, Reason::UnknownSigner]));
}

/// What is wrong with a message as a whole.
fn frame(profile: Profile, bytes: &[u8]) -> Result<(), Reason> {
    SignedData::parse(profile, bytes).map(|_| ()).map_err(|finding| finding.reason)
}

/// For Authenticode, the table says how long a message may be; elsewhere, the file ends.
#[test]
fn a_message_that_is_longer_than_its_place() {
    for (bytes, embedded, apart) in [
        (&[0x30, 3, 2, 1][..], Reason::WinCertLength, Reason::Der),
        (&[0x30, 0x82, 0x10, 0, 0], Reason::WinCertLength, Reason::Der),
        (&[0x30, 0x80, 0, 0], Reason::Der, Reason::Der),
        (&[0x30, 0x83, 1, 0, 0], Reason::Pkcs7Size, Reason::Pkcs7Size),
        (&[0x31, 0], Reason::Pkcs7, Reason::Pkcs7),
    ] {
        assert_eq!(frame(Profile::Authenticode, bytes), Err(embedded), "{bytes:02x?}");
        assert_eq!(frame(Profile::Appended, bytes), Err(apart), "{bytes:02x?}");
        assert_eq!(frame(Profile::Detached, bytes), Err(apart), "{bytes:02x?}");
    }
}

/// The kernel refuses a message whose two versions differ.
#[test]
fn the_version_says_how_the_signer_is_named() {
    let named = |by_key_id, signer, message| {
        let mut signed = Plain { by_key_id, ..Plain::detached() }.message(b"text", &pki::signer());
        signed.signers[0].version = signer;
        signed.version = message;
        frame(Profile::Detached, &signed.node().encode())
    };
    for (by_key_id, signer, message, wanted) in [
        (false, 1, 1, Ok(())),
        (true, 3, 3, Ok(())),
        (false, 1, 3, Err(Reason::Pkcs7)),
        (true, 3, 1, Err(Reason::SignerId)),
        (false, 3, 3, Err(Reason::SignerId)),
        (true, 1, 1, Err(Reason::SignerId)),
        (false, 2, 1, Err(Reason::SignerId)),
        (false, 1, 2, Err(Reason::Pkcs7)),
    ] {
        assert_eq!(named(by_key_id, signer, message), wanted, "key id: {by_key_id}, {signer} in {message}");
    }
}

/// No signature covers them, but the kernel wants them to be attributes.
#[test]
fn unsigned_attributes_are_attributes() {
    let id = || oid(forge::oid::UNKNOWN);
    let good = || seq(vec![id(), set(vec![null()])]);
    for (about, list, good) in [
        ("none", vec![], true),
        ("one", vec![good()], true),
        ("two", vec![good(), good()], true),
        ("a NULL", vec![null()], false),
        ("one, then a NULL", vec![good(), null()], false),
        ("no type", vec![seq(vec![set(vec![])])], false),
        ("no values", vec![seq(vec![id()])], false),
        ("values in a SEQUENCE", vec![seq(vec![id(), seq(vec![])])], false),
        ("more than values", vec![seq(vec![id(), set(vec![]), null()])], false),
    ] {
        let message = Recipe::new().signed(move |signer| signer.unauthenticated = Some(ctx(1, list))).pkcs7();
        let wanted = if good { Ok(()) } else { Err(vec![Reason::Pkcs7]) };
        assert_eq!(verdict(&message, &root()).map(|_| ()), wanted, "{about}");
    }
}

#[test]
fn the_digest_algorithms_are_the_signers_alone() {
    let with = |list: Vec<Node>| {
        let bytes = Recipe::new().message(|message| message.digest_algorithms = list).pkcs7();
        SignedData::parse(Profile::Authenticode, &bytes).map(|_| ()).map_err(|finding| (finding.reason, finding.detail))
    };
    let (own, other) = (|| Hash::Sha256.algorithm(), || Hash::Sha512.algorithm());
    let odd = seq(vec![oid(forge::oid::SHA256), octets([])]);
    let [sha256, sha512] = [forge::oid::SHA256, forge::oid::SHA512];
    let differs = |seen: &str| format!("{seen}, the signer's is {sha256}");
    for (about, list, wanted) in [
        ("the signer's", vec![own()], None),
        ("the signer's without parameters", vec![seq(vec![oid(sha256)])], None),
        ("the signer's with parameters", vec![odd], Some(differs(sha256))),
        ("another", vec![other()], Some(differs(sha512))),
        ("the signer's twice", vec![own(), own()], Some("there is more than one".to_owned())),
        ("the signer's and another", vec![own(), other()], Some("there is more than one".to_owned())),
        ("another and the signer's", vec![other(), own()], Some("there is more than one".to_owned())),
        ("none", vec![], Some("there is none".to_owned())),
    ] {
        assert_eq!(with(list).err(), wanted.map(|wanted| (Reason::DigestAlgorithms, wanted)), "{about}");
    }
}
