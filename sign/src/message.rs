//! Signed messages: CMS SignedData (RFC 5652) with one signer and signed attributes, as the kernel's PKCS#7 parser reads it.

use crate::failure::Failure;
use crate::key::digest_algorithm;
use crate::signer::Signer;
use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use der::asn1::{GeneralizedTime, ObjectIdentifier, OctetString, SetOfVec, UtcTime};
use der::{Any, DateTime, Encode, EncodeValue, Tagged};
use std::time::{SystemTime, UNIX_EPOCH};
use x509_cert::attr::{Attribute, Attributes};
use x509_cert::time::Time;

/// id-data (RFC 5652, 4).
pub(crate) const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
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
}

/// Signs a content; the message in DER. Both versions are 1 whatever the content is: PKCS#7 (RFC 2315, 9.1) has no other, and the
/// kernel refuses a SignerInfo whose version is not the message's.
pub(crate) fn sign(content: Content<'_>, signer: &Signer) -> Result<Vec<u8>, Failure> {
    let digest = signer.algorithm.digest(&[content.covered()]).value;
    let attributes = attributes(content.kind(), digest)?;
    let digest_alg = digest_algorithm(signer.algorithm);
    let info = signer_info(signer, attributes)?;
    let (econtent_type, econtent) = match content {
        Content::Inside(kind, element) => (kind, Some(element)),
        Content::Detached(_) => (DATA, None),
    };
    let message = SignedData {
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::try_from(vec![digest_alg])?,
        encap_content_info: EncapsulatedContentInfo { econtent_type, econtent },
        certificates: Some(certificates(signer)?),
        crls: None,
        signer_infos: SignerInfos(SetOfVec::try_from(vec![info])?),
    };
    let content = Any::encode_from(&message)?;
    Ok(ContentInfo { content_type: SIGNED_DATA, content }.to_der()?)
}

fn certificates(signer: &Signer) -> Result<CertificateSet, Failure> {
    let all = std::iter::once(&signer.certificate).chain(&signer.chain);
    let all: Vec<_> = all.map(|one| CertificateChoices::Certificate(one.parsed.clone())).collect();
    Ok(CertificateSet(SetOfVec::try_from(all)?))
}

/// The signature is over the attributes as a SET OF in DER, which is how they are encoded here (RFC 5652, 5.4).
fn signer_info(signer: &Signer, attributes: Attributes) -> Result<SignerInfo, Failure> {
    let signature = signer.key.sign(signer.algorithm, &attributes.to_der()?)?;
    let certificate = &signer.certificate.parsed.tbs_certificate;
    Ok(SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: certificate.issuer.clone(),
            serial_number: certificate.serial_number.clone(),
        }),
        digest_alg: digest_algorithm(signer.algorithm),
        signed_attrs: Some(attributes),
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

/// The time this many seconds from now, as UTCTime up to the year 2049 (RFC 5280, 4.1.2.5; RFC 5652, 11.3).
pub(crate) fn time_after(seconds: u64) -> Result<Time, Failure> {
    let clock = || Failure::failed("the clock is set to a time that a signature cannot state");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| clock())?;
    let then = now.checked_add(std::time::Duration::from_secs(seconds)).ok_or_else(clock)?;
    let then = DateTime::from_unix_duration(then).map_err(|_| clock())?;
    if then.year() <= UtcTime::MAX_YEAR {
        return Ok(Time::UtcTime(UtcTime::from_date_time(then)?));
    }
    Ok(Time::GeneralTime(GeneralizedTime::from_date_time(then)))
}
