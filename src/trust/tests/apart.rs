//! Appended and detached signatures, through the judgement.

use super::*;
use crate::image::Parsed;
use crate::trust::{Signature, Trust, judge};
use forge::cms::{Plain, Trailer};
use forge::pki;

const FILE: &[u8] = b"an initrd, say";

/// The reasons against a file; none where it is trusted.
fn reasons(file: &[u8], signature: Signature<'_>, anchors: &[Anchor]) -> Vec<Reason> {
    let trust = Trust { anchors: anchors.to_vec(), ..Trust::default() };
    let refused = judge(Parsed::new(file), signature, &trust).outcome.err();
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
