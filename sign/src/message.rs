//! Signed messages: CMS SignedData (RFC 5652) with one signer and signed attributes, as the kernel's PKCS#7 parser reads it.

use crate::clock::time_after;
use crate::failure::Failure;
use crate::key::digest_algorithm;
use crate::signer::Signer;
use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use der::asn1::{ObjectIdentifier, OctetString, SetOfVec};
use der::{Any, Encode, EncodeValue, Tagged};
use x509_cert::attr::{Attribute, Attributes};

/// id-data (RFC 5652, 4).
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");

/// A content that is in the message, or in a file of its own.
pub(crate) enum Content<'a> {
    /// By its type and its element; the digest is over the element's value (RFC 5652, 5.4).
    Inside(ObjectIdentifier, Any),
    /// id-data that stands elsewhere.
    Detached(&'a [u8]),
}

impl Content<'_> {
    fn kind(&self) -> ObjectIdentifier {
        match self {
            Self::Inside(kind, _) => *kind,
            Self::Detached(_) => DATA,
        }
    }

    fn covered(&self) -> &[u8] {
        match self {
            Self::Inside(_, element) => element.value(),
            Self::Detached(bytes) => bytes,
        }
    }

    fn encapsulated(self) -> EncapsulatedContentInfo {
        match self {
            Self::Inside(econtent_type, element) => EncapsulatedContentInfo { econtent_type, econtent: Some(element) },
            Self::Detached(_) => EncapsulatedContentInfo { econtent_type: DATA, econtent: None },
        }
    }
}

/// Signs a content; the message in DER.
pub(crate) fn sign(content: Content<'_>, signer: &Signer) -> Result<Vec<u8>, Failure> {
    let digest = signer.algorithm.digest(&[content.covered()]).value;
    let attributes = attributes(content.kind(), digest)?;
    // The signature is over the attributes as a SET OF in DER, which is how they are encoded here (RFC 5652, 5.4).
    let covered = attributes.to_der()?;
    let info = signer_info(signer, Some(attributes), &covered)?;
    let content = Any::encode_from(&signed_data(signer, content.encapsulated(), info)?)?;
    Ok(ContentInfo { content_type: SIGNED_DATA, content }.to_der()?)
}

/// Signs a content that stands elsewhere, without attributes and without ContentInfo around the SignedData, as UEFI demands of
/// authenticated variables (UEFI 8.2.2).
pub(crate) fn sign_variable(content: &[u8], signer: &Signer) -> Result<Vec<u8>, Failure> {
    let info = signer_info(signer, None, content)?;
    Ok(signed_data(signer, Content::Detached(content).encapsulated(), info)?.to_der()?)
}

/// Both versions are 1 whatever the content is: PKCS#7 (RFC 2315, 9.1) has no other, and the kernel refuses a SignerInfo whose version
/// is not the message's.
fn signed_data(signer: &Signer, content: EncapsulatedContentInfo, info: SignerInfo) -> Result<SignedData, Failure> {
    Ok(SignedData {
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::try_from(vec![digest_algorithm(signer.algorithm)])?,
        encap_content_info: content,
        certificates: Some(certificates(signer)?),
        crls: None,
        signer_infos: SignerInfos(SetOfVec::try_from(vec![info])?),
    })
}

fn certificates(signer: &Signer) -> Result<CertificateSet, Failure> {
    let all = std::iter::once(&signer.certificate).chain(&signer.chain);
    let all: Vec<_> = all.map(|one| CertificateChoices::Certificate(one.parsed.clone())).collect();
    Ok(CertificateSet(SetOfVec::try_from(all)?))
}

fn signer_info(signer: &Signer, attributes: Option<Attributes>, covered: &[u8]) -> Result<SignerInfo, Failure> {
    let signature = signer.key.sign(signer.algorithm, covered)?;
    let certificate = &signer.certificate.parsed.tbs_certificate;
    Ok(SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: certificate.issuer.clone(),
            serial_number: certificate.serial_number.clone(),
        }),
        digest_alg: digest_algorithm(signer.algorithm),
        signed_attrs: attributes,
        signature_algorithm: signer.key.message_algorithm(signer.algorithm),
        signature: OctetString::new(signature)?,
        unsigned_attrs: None,
    })
}

fn attributes(kind: ObjectIdentifier, digest: Vec<u8>) -> Result<Attributes, Failure> {
    Ok(SetOfVec::try_from(vec![
        attribute(CONTENT_TYPE, &kind)?,
        attribute(MESSAGE_DIGEST, &OctetString::new(digest)?)?,
        attribute(SIGNING_TIME, &time_after(0)?)?,
    ])?)
}

fn attribute<T: EncodeValue + Tagged>(oid: ObjectIdentifier, value: &T) -> Result<Attribute, Failure> {
    let value = Any::encode_from(value)?;
    Ok(Attribute { oid, values: SetOfVec::try_from(vec![value])? })
}
