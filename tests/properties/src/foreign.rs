//! Comparisons with parsers of others: the crates `cms` and `authenticode`, and the forge's own DER.

use authenticode::{AttributeCertificateIterator, AuthenticodeSignature, authenticode_digest};
use cms::cert::CertificateChoices;
use cms::cert::x509::Version;
use cms::cert::x509::der::asn1::OctetString;
use cms::cert::x509::der::{Decode, Encode};
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData as Theirs, SignerIdentifier, SignerInfo};
use forge::der::Node;
use object::read::pe::PeFile64;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use skexec::digest::{Algorithm, Hashed};
use skexec::image::pe::Pe;
use skexec::trust::authenticode::{image_digest, signatures};
use skexec::trust::pkcs7::{Profile, SignedData};
use skexec::trust::signer::SignerId;
use skexec::trust::{der, oid, spc};
use std::collections::BTreeSet;

/// A message that skexec takes is DER for the forge, too: written again, it has the same bytes. What `cms` reads of it is the same: the
/// content, the signer, its algorithms, its signed attributes and their digest, the signature, the certificates.
pub fn cms(message: &[u8]) {
    for profile in [Profile::Authenticode, Profile::Appended, Profile::Detached] {
        let Ok(ours) = SignedData::parse(profile, message) else { continue };
        let (whole, _) = der::split(message).unwrap();
        assert_eq!(Node::parse(whole.raw).encode(), whole.raw, "{profile:?}");
        // It refuses a set with duplicates, and certificates that the kernel takes.
        if let Some(theirs) = theirs(whole.raw) {
            agree(&theirs, &ours);
        }
    }
}

fn theirs(message: &[u8]) -> Option<Theirs> {
    ContentInfo::from_der(message).ok()?.content.decode_as().ok()
}

fn agree(theirs: &Theirs, ours: &SignedData<'_>) {
    let named: Vec<_> = theirs.digest_algorithms.iter().map(|algorithm| algorithm.oid.to_string()).collect();
    let digest = digest_oid(ours.signer.scheme.digest);
    assert!(named.contains(&digest), "{named:?} {digest}");
    let content = theirs.encap_content_info.econtent.as_ref().map(|content| content.value());
    assert_eq!(ours.content.is_some(), content.is_some());
    let raw = content.unwrap_or_default();
    assert_eq!(ours.content.unwrap_or_default(), raw);
    certificates(theirs, ours);
    let [signer] = theirs.signer_infos.0.as_slice() else { panic!("not one signer") };
    assert_eq!(signer.digest_alg.oid.to_string(), digest);
    assert_eq!(signer.signature.as_bytes(), ours.signer.signature());
    match (&signer.sid, ours.signer.id) {
        (SignerIdentifier::IssuerAndSerialNumber(theirs), SignerId::IssuerAndSerial(issuer, serial)) => {
            assert_eq!(Node::prim(0x30, issuer).encode(), theirs.issuer.to_der().unwrap());
            assert_eq!(serial, theirs.serial_number.as_bytes());
        }
        (SignerIdentifier::SubjectKeyIdentifier(theirs), SignerId::KeyId(ours)) => {
            assert_eq!(theirs.0.as_bytes(), ours)
        }
        (theirs, ours) => panic!("{theirs:?} and {ours:?}"),
    }
    attributes(signer, ours);
}

fn certificates(theirs: &Theirs, ours: &SignedData<'_>) {
    let bag = theirs.certificates.as_ref().map(|set| set.0.as_slice()).unwrap_or_default();
    // A version that stands there although it is the default, 1, is left out when `cms` writes the certificate.
    let der = |choice: &CertificateChoices| match choice {
        CertificateChoices::Certificate(certificate) if certificate.tbs_certificate.version == Version::V1 => None,
        CertificateChoices::Certificate(certificate) => certificate.to_der().ok(),
        CertificateChoices::Other(_) => panic!("another kind of certificate"),
    };
    let theirs: Option<BTreeSet<_>> = bag.iter().map(der).collect();
    let ours: BTreeSet<_> = ours.certificates.iter().map(|certificate| certificate.der().to_vec()).collect();
    assert!(theirs.is_none_or(|theirs| theirs == ours));
}

/// The digest that is signed: of the attributes, written again as a SET, or of the content.
fn attributes(theirs: &SignerInfo, ours: &SignedData<'_>) {
    assert_eq!(theirs.signed_attrs.is_some(), ours.signer.attributes.is_some());
    let content = Hashed::new(ours.content.unwrap_or_default());
    let signed = match &theirs.signed_attrs {
        Some(attributes) => attributes.to_der().unwrap(),
        None => content.bytes().to_vec(),
    };
    // `cms` sorts a set, and the digest is about the order that stands there.
    let sorted = ours.signer.attributes.is_none_or(|attributes| {
        let raw = attributes.signed_parts().concat();
        raw.get(1..) == signed.get(1..)
    });
    if sorted {
        assert_eq!(ours.signer.signed_digest(&content).value, digest(ours.signer.scheme.digest, &signed));
    }
    let Some((attributes, ours)) = theirs.signed_attrs.as_ref().zip(ours.signer.attributes) else { return };
    let stated = attributes.iter().find(|attribute| attribute.oid.to_string() == oid::dotted(oid::MESSAGE_DIGEST));
    let stated: OctetString = stated.unwrap().values.get(0).unwrap().decode_as().unwrap();
    assert_eq!(stated.as_bytes(), ours.message_digest);
}

fn digest_oid(algorithm: Algorithm) -> String {
    oid::dotted(match algorithm {
        Algorithm::Sha256 => oid::SHA256,
        Algorithm::Sha384 => oid::SHA384,
        Algorithm::Sha512 => oid::SHA512,
    })
}

fn digest(algorithm: Algorithm, bytes: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::Sha256 => Sha256::digest(bytes).to_vec(),
        Algorithm::Sha384 => Sha384::digest(bytes).to_vec(),
        Algorithm::Sha512 => Sha512::digest(bytes).to_vec(),
    }
}

/// A PE image has the digest, the table of signatures and the stated digest that the crate `authenticode` finds, where both take it.
pub fn authenticode(file: &[u8]) {
    let (Ok(ours), Ok(theirs)) = (Pe::parse(file), PeFile64::parse(file)) else { return };
    if ours.check_coverage().is_ok() {
        let hashed = Hashed::new(file);
        let (mut short, mut long) = (Sha256::new(), Sha512::new());
        if authenticode_digest(&theirs, &mut short).is_ok() && authenticode_digest(&theirs, &mut long).is_ok() {
            assert_eq!(image_digest(&hashed, &ours, Algorithm::Sha256).value, short.finalize().to_vec());
            assert_eq!(image_digest(&hashed, &ours, Algorithm::Sha512).value, long.finalize().to_vec());
        }
    }
    let Some(Ok(bodies)) = ours.certificate_table.map(|table| signatures(&file[table])) else { return };
    let entries = AttributeCertificateIterator::new(&theirs).ok().flatten();
    let entries: Option<Vec<_>> = entries.and_then(|entries| entries.collect::<Result<_, _>>().ok());
    if let Some(entries) = entries {
        assert_eq!(bodies, entries.iter().map(|entry| entry.data).collect::<Vec<_>>());
    }
    for body in bodies {
        let Ok(message) = SignedData::parse(Profile::Authenticode, body) else { continue };
        let Ok(stated) = spc::parse(message.content.unwrap_or_default()) else { continue };
        let Ok(theirs) = AuthenticodeSignature::from_bytes(body) else { continue };
        assert_eq!((theirs.digest(), theirs.signature()), (&*stated.value, message.signer.signature()));
    }
}
