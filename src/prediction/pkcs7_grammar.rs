//! The shape of a PKCS#7 message (`crypto/asymmetric_keys/pkcs7.asn1`).

use super::asn1::{INTEGER, OCTET_STRING, OID, SEQUENCE, SET, Step, any, context, explicit, item};

/// The actions of the grammar.
#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    Oid,
    CheckContentType,
    Version,
    Data,
    Content,
    Certificate,
    CertificateList,
    SignerVersion,
    Issuer,
    Serial,
    SubjectKeyId,
    DigestAlgorithm,
    Attribute,
    Attributes,
    SignatureAlgorithm,
    Signature,
    Signer,
}

pub(super) const MESSAGE: &[Step<Act>] = &[item(SEQUENCE)
    .with(&[
        item(OID).act(Act::Oid).step(),
        Step::Act(Act::CheckContentType),
        item(explicit(0)).optional().of(&[item(SEQUENCE).with(SIGNED_DATA).step()]).step(),
    ])
    .step()];

const SIGNED_DATA: &[Step<Act>] = &[
    item(INTEGER).act(Act::Version).step(),
    item(SET).optional().many_of(DIGEST_ALGORITHM).step(),
    item(SEQUENCE).or().many_of(DIGEST_ALGORITHM).step(),
    Step::Found,
    item(SEQUENCE)
        .with(&[item(OID).act(Act::Oid).step(), item(explicit(0)).optional().of(&[any().act(Act::Data).step()]).step()])
        .step(),
    Step::Act(Act::Content),
    item(explicit(0)).optional().many_of(CERTIFICATE_OR_NONE).step(),
    item(explicit(2)).or().many_of(CERTIFICATE).step(),
    Step::Act(Act::CertificateList),
    item(explicit(1)).optional().many_of(REVOCATION_LIST).step(),
    item(explicit(3)).or().many_of(REVOCATION_LIST).step(),
    item(SET).optional().many_of(SIGNER).step(),
    item(SEQUENCE).or().many_of(SIGNER).step(),
    Step::Found,
];

const DIGEST_ALGORITHM: &[Step<Act>] = &[item(SEQUENCE).of(ALGORITHM).step()];

const ALGORITHM: &[Step<Act>] = &[item(OID).act(Act::Oid).step(), any().optional().step()];

/// The one place where a "set of" may be empty.
const CERTIFICATE_OR_NONE: &[Step<Act>] =
    &[any().optional().act(Act::Certificate).step(), any().or().act(Act::Certificate).step(), Step::Found];

const CERTIFICATE: &[Step<Act>] = &[any().act(Act::Certificate).step()];

/// Read as if it held certificates.
const REVOCATION_LIST: &[Step<Act>] = &[item(SEQUENCE).many_of(CERTIFICATE).step()];

const SIGNER: &[Step<Act>] = &[item(SEQUENCE)
    .of(&[
        item(INTEGER).act(Act::SignerVersion).step(),
        item(SEQUENCE).optional().of(ISSUER_AND_SERIAL).step(),
        item(context(0)).or().act(Act::SubjectKeyId).step(),
        Step::Found,
        item(SEQUENCE).of(ALGORITHM).step(),
        Step::Act(Act::DigestAlgorithm),
        item(explicit(0)).optional().many_of(ATTRIBUTE).step(),
        Step::ActIfCalled(Act::Attributes),
        item(explicit(2)).or().of(&[item(SEQUENCE).many_with(ATTRIBUTE).step()]).step(),
        item(SEQUENCE).with(ALGORITHM).step(),
        Step::Act(Act::SignatureAlgorithm),
        item(OCTET_STRING).act(Act::Signature).step(),
        item(explicit(1)).optional().many_of(UNSIGNED_ATTRIBUTE).step(),
        item(explicit(3)).or().many_of(UNSIGNED_ATTRIBUTE).step(),
    ])
    .then(Act::Signer)
    .step()];

const ISSUER_AND_SERIAL: &[Step<Act>] =
    &[item(SEQUENCE).many_with(NAME_PART).step(), Step::Act(Act::Issuer), item(INTEGER).step(), Step::Act(Act::Serial)];

const NAME_PART: &[Step<Act>] =
    &[item(SET).many_with(&[item(SEQUENCE).with(&[item(OID).act(Act::Oid).step(), any().step()]).step()]).step()];

const ATTRIBUTE: &[Step<Act>] = &[item(SEQUENCE)
    .of(&[item(OID).act(Act::Oid).step(), item(SET).many_with(&[any().act(Act::Attribute).step()]).step()])
    .step()];

const UNSIGNED_ATTRIBUTE: &[Step<Act>] =
    &[item(SEQUENCE).of(&[item(OID).step(), item(SET).many_with(&[any().step()]).step()]).step()];
