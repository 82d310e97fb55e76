//! Paths to an anchor, and messages that try to fake one.

use super::*;
use crate::trust::needs::Needs;
use forge::key::key;
use forge::pki::{self, Authority, INTERMEDIATE, Identity, ROOT};
use forge::recipe::Recipe;
use forge::x509::CertSpec;
use forge::{ext, oid};

fn below(issuer: Authority) -> Identity {
    Identity::new(&issuer.leaf("a leaf", key("signer")), key("signer"))
}

#[test]
fn anchors_of_every_kind() {
    let signer = pki::signer();
    let message = || Recipe::new();
    let intermediate = pki::intermediate().cert;
    let leaf = below(INTERMEDIATE);
    for (about, message, anchor_der, length) in [
        ("root", message().pkcs7(), forge::root_der(), 2),
        ("the signer itself", message().pkcs7(), signer.cert.clone(), 1),
        ("the signer, no bag", message().bag([]).pkcs7(), signer.cert.clone(), 1),
        ("an intermediate", message().who(leaf.clone()).pkcs7(), intermediate.clone(), 2),
        (
            "an intermediate in the bag",
            { message().who(leaf.clone()).bag([leaf.cert.clone(), intermediate.clone()]).pkcs7() },
            intermediate.clone(),
            2,
        ),
        (
            "the root above it",
            { message().who(leaf.clone()).bag([leaf.cert.clone(), intermediate.clone()]).pkcs7() },
            forge::root_der(),
            3,
        ),
        ("itself", message().who(pki::selfsigned()).pkcs7(), pki::selfsigned().cert, 1),
    ] {
        assert_eq!(verdict(&message, &[anchor(&anchor_der)]).map(|path| path.len()), Ok(length), "{about}");
        assert_eq!(verdict(&message, &[]), Err(vec![Reason::UnknownSigner]), "{about}, not trusted");
    }
}

#[test]
fn the_place_of_the_anchor_is_told() {
    let bytes = Recipe::new().pkcs7();
    let message = SignedData::parse(Profile::Authenticode, &bytes).unwrap();
    let anchors = [pki::selfsigned().cert, pki::stranger_root().cert, forge::root_der()].map(|der| anchor(&der));
    let path = chain::verify(&message, &Hashed::new(message.content.unwrap()), &anchors).unwrap();
    assert_eq!(path.anchor(), 2);
}

/// A message's certificate cannot substitute an anchor's key: for the anchor's name, the kernel uses the anchor's key.
#[test]
fn a_namesake_of_an_anchor_is_not_the_anchor() {
    let mut fake = ROOT.self_signed().with(ext::ski(key("root"))).with(ext::aki(key("root")));
    fake.public = key("stranger-ca").public();
    fake.signer = key("stranger-ca");
    let mut leaf = ROOT.leaf("a leaf of the namesake", key("stranger"));
    leaf.signer = key("stranger-ca");
    let who = Identity::new(&leaf, key("stranger"));
    let message = Recipe::new().who(who.clone()).bag([who.cert, fake.build()]).pkcs7();
    assert_eq!(verdict(&message, &root()), Err(vec![Reason::CertSignature]));
}

/// An anchor and a certificate of the message have the same name, but different keys.
#[test]
fn a_namesake_of_the_signer_is_not_the_signer() {
    let spec = |key_name: &str| {
        let mut spec = ROOT.leaf("skexec test signer", key(key_name));
        spec.serial = forge::x509::serial("skexec test signer");
        spec.with(ext::ski(key("signer")))
    };
    let other = anchor(&spec("stranger").build());
    let message = Recipe::new().who(Identity::new(&spec("signer"), key("signer"))).pkcs7();
    assert_eq!(verdict(&message, std::slice::from_ref(&other)), Err(vec![Reason::BadSignature]));
    // Of two keys with one name and key identifier, a keyring holds the later.
    let right = anchor(&spec("signer").build());
    assert!(verdict(&message, &[other.clone(), right.clone()]).is_ok());
    assert_eq!(verdict(&message, &[right, other]), Err(vec![Reason::BadSignature]));
}

/// A keyring holds two keys with one identifier and different names; which of them the kernel uses is unpredictable.
#[test]
fn a_key_identifier_that_two_anchors_share_must_not_matter() {
    let root = || anchor(&forge::root_der());
    let another = Authority { name: "another", key: "stranger-ca" };
    let namesake = || anchor(&another.self_signed().with(ext::ski(key("root"))).with(ext::aki(key("root"))).build());
    let message = Recipe::new().pkcs7();
    for anchors in [[root(), namesake()], [namesake(), root()]] {
        assert_eq!(verdict(&message, &anchors), Err(vec![Reason::CertSignature]));
    }
}

/// Two certificates with one issuer and serial number: the kernel uses one, and refuses it for its other key identifier.
#[test]
fn a_serial_number_that_two_anchors_share_finds_nobody() {
    let same_serial = ROOT.leaf("skexec test signer", key("stranger")).build();
    let message = Recipe::new().pkcs7();
    let signer = || anchor(&forge::signer_der());
    assert!(verdict(&message, &[signer()]).is_ok());
    assert_eq!(verdict(&message, &[anchor(&same_serial), signer()]), Err(vec![Reason::UnknownSigner]));
    let root = anchor(&forge::root_der());
    assert!(verdict(&message, &[anchor(&same_serial), signer(), root]).is_ok());
}

#[test]
fn a_key_for_modules_does_not_hide_a_key_for_kernels() {
    let modules = ROOT.self_signed().with(ext::eku(&[oid::MODULE_SIGNING])).build();
    let message = Recipe::new().pkcs7();
    assert_eq!(verdict(&message, &[anchor(&modules)]), Err(vec![Reason::AnchorModsign]));
    assert!(verdict(&message, &[anchor(&modules), anchor(&forge::root_der())]).is_ok());
}

#[test]
fn purposes_and_authority_are_asked_of_unknown_signers_too() {
    let who = Identity::new(
        &pki::STRANGER.leaf("a server", key("stranger")).with(ext::eku(&[oid::SERVER_AUTH])),
        key("stranger"),
    );
    let message = Recipe::new().who(who).pkcs7();
    assert_eq!(verdict(&message, &root()), Err(vec![Reason::UnknownSigner, Reason::LeafEku]));
}

/// authorityKeyIdentifier may name an issuer by its own issuer and serial number, by its key, or by both.
#[test]
fn an_issuer_in_the_message_is_found_by_all_that_is_said_of_it() {
    let intermediate = pki::intermediate().cert;
    let serial = forge::x509::serial(INTERMEDIATE.name);
    let id = INTERMEDIATE.key().id();
    for (about, id, serial, wanted) in [
        ("the number", None, &serial[..], Ok(3)),
        ("the number and the key", Some(&id[..]), &serial, Ok(3)),
        ("the number and another key", Some(&[7; 20]), &serial, Err(vec![Reason::CertSignature])),
        ("another number", None, &[7], Err(vec![Reason::UnknownSigner])),
        ("another number and the key", Some(&id), &[7], Err(vec![Reason::UnknownSigner])),
    ] {
        let authority = ext::aki_by_serial(id, &forge::x509::name(ROOT.name), serial);
        let spec = INTERMEDIATE.leaf("a leaf", key("signer")).with(authority);
        let who = Identity::new(&spec, key("signer"));
        let message = Recipe::new().who(who.clone()).bag([who.cert, intermediate.clone()]).pkcs7();
        assert_eq!(verdict(&message, &root()).map(|path| path.len()), wanted, "{about}");
    }
}

/// The kernel goes no further than a self-signed certificate, although the anchor has the same key.
#[test]
fn an_old_certificate_of_the_anchor_ends_the_path() {
    let old = CertSpec { serial: vec![7], ..ROOT.self_signed() }.build();
    let signer = pki::signer();
    let message = Recipe::new().bag([signer.cert.clone(), old.clone()]).pkcs7();
    assert_eq!(verdict(&message, &root()), Err(vec![Reason::UnknownSigner]));
    assert!(verdict(&message, &[anchor(&old)]).is_ok());
    assert!(verdict(&Recipe::new().bag([signer.cert]).pkcs7(), &root()).is_ok());
}

#[test]
fn a_kernel_needs_one_of_the_keys_that_are_named() {
    let leaf = || ROOT.leaf("a leaf", key("signer"));
    let alone = || pki::alone("alone", "selfsigned");
    let (signer, top, own) = (key("signer").id(), key("root").id(), key("selfsigned").id());
    for (about, spec, key_name, wanted) in [
        ("a leaf and its issuer", leaf(), "signer", vec![&signer, &top]),
        ("a leaf that names no issuer", leaf().without(oid::AUTHORITY_KEY_ID), "signer", vec![]),
        ("a leaf without its own", leaf().without(oid::SUBJECT_KEY_ID), "signer", vec![]),
        ("its own issuer", alone(), "selfsigned", vec![&own, &own]),
        ("its own issuer, who does not say so", alone().without(oid::AUTHORITY_KEY_ID), "selfsigned", vec![&own]),
    ] {
        let bytes = Recipe::new().who(Identity::new(&spec, key(key_name))).pkcs7();
        let message = SignedData::parse(Profile::Authenticode, &bytes).unwrap();
        assert_eq!(Needs::new(&message, None, None).key_ids.iter().collect::<Vec<_>>(), wanted, "{about}");
    }
}
