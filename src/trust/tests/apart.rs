//! Signatures that stand behind a file or beside it.

use super::*;
use crate::trust::appended::Appended;
use crate::trust::detached;
use forge::cms::{Plain, Trailer};
use forge::pki;

const FILE: &[u8] = b"an initrd, say";

fn appended(plain: &Plain, anchors: &[Anchor]) -> Result<Vec<String>, Vec<Reason>> {
    let bytes = Trailer::default().append(FILE, &plain.sign(FILE, &pki::signer()));
    let appended = Appended::split(&bytes).unwrap().unwrap();
    assert_eq!(appended.content, FILE);
    subjects(appended.verify(anchors))
}

#[test]
fn appended_by_table() {
    let signer = [anchor(&pki::signer().cert)];
    for (about, plain, anchors, wanted) in [
        ("as sign-file does", Plain::appended(), &signer[..], Ok(1)),
        ("by key id", Plain { by_key_id: true, ..Plain::appended() }, &signer, Ok(1)),
        ("with its certificate", Plain { certificates: true, ..Plain::appended() }, &root(), Ok(2)),
        ("not trusted", Plain::appended(), &root(), Err(vec![Reason::UnknownSigner])),
        ("with attributes", Plain { attributes: true, ..Plain::appended() }, &signer, Err(vec![Reason::Attributes])),
        ("with a content", Plain { embedded: true, ..Plain::appended() }, &signer, Err(vec![Reason::Pkcs7])),
    ] {
        assert_eq!(appended(&plain, anchors).map(|path| path.len()), wanted, "{about}");
    }
}

#[test]
fn the_signature_of_another_file_is_refused() {
    let bytes = Trailer::default().append(b"another file", &Plain::appended().sign(FILE, &pki::signer()));
    let outcome = Appended::split(&bytes).unwrap().unwrap().verify(&[anchor(&pki::signer().cert)]);
    assert_eq!(subjects(outcome), Err(vec![Reason::BadSignature]));
}

#[test]
fn detached_by_table() {
    let spc = forge::oid::SPC_INDIRECT_DATA;
    for (about, plain, wanted) in [
        ("as openssl cms does", Plain::detached(), Ok(2)),
        ("without attributes", Plain { attributes: false, ..Plain::detached() }, Err(vec![Reason::Attributes])),
        ("by key id", Plain { by_key_id: true, ..Plain::detached() }, Ok(2)),
        ("with a content", Plain { embedded: true, ..Plain::detached() }, Err(vec![Reason::Pkcs7])),
        ("as Authenticode", Plain { content_type: spc, ..Plain::detached() }, Err(vec![Reason::ContentType])),
    ] {
        let der = plain.sign(FILE, &pki::signer());
        let pem = forge::pem::encode("CMS", &der);
        for signature in [&der[..], pem.as_bytes()] {
            let outcome = subjects(detached::verify(FILE, signature, &root()));
            assert_eq!(outcome.map(|path| path.len()), wanted, "{about}");
        }
        assert!(detached::verify(b"another file", &der, &root()).is_err(), "{about}");
    }
}
