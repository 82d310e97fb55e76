//! Appended and detached signatures, through the judgement.

use super::*;
use crate::image::Parsed;
use crate::trust::sbat::Level;
use crate::trust::{Signature, Trust, judge};
use forge::bzimage::BzImage;
use forge::cms::{Plain, Trailer};
use forge::hash::Hash;
use forge::pe::Section;
use forge::{pki, sbat};

const FILE: &[u8] = b"an initrd, say";

/// The reasons against a file; none where it is trusted.
fn reasons(file: &[u8], signature: Signature<'_>, anchors: &[Anchor]) -> Vec<Reason> {
    against(file, signature, &Trust { anchors: anchors.to_vec(), ..Trust::default() })
}

fn against(file: &[u8], signature: Signature<'_>, trust: &Trust) -> Vec<Reason> {
    let refused = judge(Parsed::new(file), signature, trust).outcome.err();
    refused.iter().flat_map(|refused| refused.refusal.iter()).map(|finding| finding.reason).collect()
}

#[test]
fn appended_by_table() {
    let signer = [anchor(&pki::signer().cert)];
    for (about, plain, anchors, wanted) in [
        ("as sign-file does", Plain::appended(), &signer[..], vec![]),
        ("by key id", Plain { by_key_id: true, ..Plain::appended() }, &signer, vec![]),
        ("with its certificate", Plain { certificates: true, ..Plain::appended() }, &root(), vec![]),
        ("not trusted", Plain::appended(), &root(), vec![Reason::UnknownSigner]),
        ("with attributes", Plain { attributes: true, ..Plain::appended() }, &signer, vec![Reason::Attributes]),
        ("with a content", Plain { embedded: true, ..Plain::appended() }, &signer, vec![Reason::Pkcs7]),
    ] {
        let file = Trailer::default().append(FILE, &plain.sign(FILE, &pki::signer()));
        assert_eq!(reasons(&file, Signature::Embedded, anchors), wanted, "{about}");
    }
}

#[test]
fn the_signature_of_another_file_is_refused() {
    let bytes = Trailer::default().append(b"another file", &Plain::appended().sign(FILE, &pki::signer()));
    let found = reasons(&bytes, Signature::Embedded, &[anchor(&pki::signer().cert)]);
    assert_eq!(found, [Reason::BadSignature]);
}

#[test]
fn detached_by_table() {
    let spc = forge::oid::SPC_INDIRECT_DATA;
    for (about, plain, wanted) in [
        ("as openssl cms does", Plain::detached(), vec![]),
        ("without attributes", Plain { attributes: false, ..Plain::detached() }, vec![Reason::Attributes]),
        ("by key id", Plain { by_key_id: true, ..Plain::detached() }, vec![]),
        ("with a content", Plain { embedded: true, ..Plain::detached() }, vec![Reason::Pkcs7]),
        ("as Authenticode", Plain { content_type: spc, ..Plain::detached() }, vec![Reason::ContentType]),
    ] {
        let der = plain.sign(FILE, &pki::signer());
        let pem = forge::pem::encode("CMS", &der);
        for signature in [&der[..], pem.as_bytes()] {
            assert_eq!(reasons(FILE, Signature::Detached(signature), &root()), wanted, "{about}");
        }
        assert!(!reasons(b"another file", Signature::Detached(&der), &root()).is_empty(), "{about}");
    }
}

/// Signed attributes, cut out of a signature, are bytes that were signed: they must not pass as a file.
#[test]
fn a_file_that_looks_like_attributes_is_not_signed_without_them() {
    let signer = [anchor(&pki::signer().cert)];
    let signed = |file: &[u8]| Trailer::default().append(file, &Plain::appended().sign(file, &pki::signer()));
    for (file, wanted) in [(&b"1 file"[..], vec![Reason::Attributes]), (b"0 file", vec![])] {
        assert_eq!(reasons(&signed(file), Signature::Embedded, &signer), wanted, "{file:?}");
    }
    let detached = Plain::detached().sign(b"1 file", &pki::signer());
    assert_eq!(reasons(b"1 file", Signature::Detached(&detached), &root()), []);
}

/// A signature in a file of its own does not make up for what would stop the image otherwise.
#[test]
fn an_image_is_revoked_whatever_its_signature() {
    let image = forge::unsigned_bzimage();
    let revoked = || Some(forge::authenticode::digest(&forge::unsigned_bzimage(), Hash::Sha256));
    let old = BzImage::default().pe(|pe| pe.sections.push(Section::new(b".sbat", sbat::section("forge", "1")))).build();
    let mut broken = image.clone();
    broken[0x40..0x44].fill(0);
    for (about, file, hash, wanted) in [
        ("not revoked", image.clone(), None, vec![]),
        ("by its hash", image, revoked(), vec![Reason::RevokedImage]),
        ("by its generation", old, None, vec![Reason::Sbat]),
        ("by the kernel in it", forge::uki(None, None), revoked(), vec![Reason::RevokedImage]),
        ("by its header, which says where the signed bytes are", broken, None, vec![Reason::PeHeader]),
    ] {
        let mut trust =
            Trust { anchors: root(), sbat_level: Level::parse(sbat::LEVEL.as_bytes()).ok(), ..Trust::default() };
        if let Some(hash) = hash {
            trust.revocations.add_image(hash.try_into().unwrap(), "dbx");
        }
        let signature = forge::detached(&file, &pki::signer());
        assert_eq!(against(&file, Signature::Detached(&signature), &trust), wanted, "{about}");
    }
}
