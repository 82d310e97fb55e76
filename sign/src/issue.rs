//! Makes certificates (RFC 5280) with the extensions that shim, the kernel and skexec require.

use crate::clock::time_after;
use crate::failure::Failure;
use crate::key::PrivateKey;
use der::asn1::{BitString, ObjectIdentifier, OctetString, SetOfVec, Utf8StringRef};
use der::{Any, Encode};
use rand_core::{OsRng, RngCore};
use skexec::digest::{Algorithm, sha256};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::certificate::{CertificateInner, TbsCertificateInner, Version};
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier,
};
use x509_cert::ext::{AsExtension, Extension};
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::Validity;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
/// id-kp-codeSigning (RFC 5280, 4.2.1.12).
const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
const SECONDS_PER_DAY: u64 = 86_400;

/// What a certificate is for.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// Issues signers; `restrict_link_by_ca` of the kernel wants CA:TRUE and keyCertSign.
    Authority,
    /// Signs kernels.
    Signer,
}

/// A name and the key that it stands for.
#[derive(Clone, Copy)]
pub(crate) struct Party<'a> {
    pub(crate) name: &'a str,
    pub(crate) key: &'a PrivateKey,
}

/// A certificate in DER.
pub(crate) fn certificate(
    purpose: Purpose,
    subject: Party<'_>,
    issuer: Party<'_>,
    days: u32,
) -> Result<Vec<u8>, Failure> {
    let algorithm = digest_of(issuer.key);
    let signature_algorithm = issuer.key.certificate_algorithm(algorithm);
    let seconds = u64::from(days).saturating_mul(SECONDS_PER_DAY);
    let subject_public_key_info = subject.key.public()?;
    let tbs = TbsCertificateInner {
        version: Version::V3,
        serial_number: serial()?,
        signature: signature_algorithm.clone(),
        issuer: name(issuer.name)?,
        validity: Validity { not_before: time_after(0)?, not_after: time_after(seconds)? },
        subject: name(subject.name)?,
        extensions: Some(extensions(purpose, &subject_public_key_info, &issuer.key.public()?)?),
        subject_public_key_info,
        issuer_unique_id: None,
        subject_unique_id: None,
    };
    let signature = BitString::from_bytes(&issuer.key.sign(algorithm, &tbs.to_der()?)?)?;
    Ok(CertificateInner { tbs_certificate: tbs, signature_algorithm, signature }.to_der()?)
}

/// The digest that goes with a key: the hash functions of P-384's strength begin with SHA-384.
const fn digest_of(key: &PrivateKey) -> Algorithm {
    match key {
        PrivateKey::Rsa(_) | PrivateKey::P256(_) | PrivateKey::Token(_) => Algorithm::Sha256,
        PrivateKey::P384(_) => Algorithm::Sha384,
    }
}

/// 127 random bits; the first byte is neither negative nor zero.
fn serial() -> Result<SerialNumber, Failure> {
    let mut bytes = [0_u8; 16];
    OsRng.fill_bytes(&mut bytes);
    if let Some(first) = bytes.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    Ok(SerialNumber::new(&bytes)?)
}

fn name(common_name: &str) -> Result<Name, Failure> {
    let value = Any::from(Utf8StringRef::new(common_name)?);
    let attribute = AttributeTypeAndValue { oid: COMMON_NAME, value };
    Ok(RdnSequence(vec![RelativeDistinguishedName(SetOfVec::try_from(vec![attribute])?)]))
}

fn extensions(
    purpose: Purpose,
    subject: &SubjectPublicKeyInfoOwned,
    issuer: &SubjectPublicKeyInfoOwned,
) -> Result<Vec<Extension>, Failure> {
    let authority = AuthorityKeyIdentifier {
        key_identifier: Some(key_id(issuer)?),
        authority_cert_issuer: None,
        authority_cert_serial_number: None,
    };
    let mut all = match purpose {
        Purpose::Authority => vec![
            extension(true, &BasicConstraints { ca: true, path_len_constraint: Some(0) })?,
            extension(true, &KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign))?,
        ],
        Purpose::Signer => vec![
            extension(true, &BasicConstraints { ca: false, path_len_constraint: None })?,
            extension(true, &KeyUsage(KeyUsages::DigitalSignature.into()))?,
            extension(false, &ExtendedKeyUsage(vec![CODE_SIGNING]))?,
        ],
    };
    all.push(extension(false, &SubjectKeyIdentifier(key_id(subject)?))?);
    all.push(extension(false, &authority)?);
    Ok(all)
}

fn extension(critical: bool, value: &impl AsExtension) -> Result<Extension, Failure> {
    let extension = value.to_extension(&Name::default(), &[])?;
    Ok(Extension { critical, ..extension })
}

/// The leftmost 160 bits of the SHA-256 of the key (RFC 7093, 2, method 1).
fn key_id(key: &SubjectPublicKeyInfoOwned) -> Result<OctetString, Failure> {
    let digest = sha256(&[key.subject_public_key.raw_bytes()]);
    Ok(OctetString::new(digest.get(..20).unwrap_or_default())?)
}
