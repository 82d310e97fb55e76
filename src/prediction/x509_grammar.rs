//! The shape of certificates (`crypto/asymmetric_keys/x509.asn1`, `x509_akid.asn1`).

use super::asn1::{
    BIT_STRING, BOOLEAN, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, Step, UTC_TIME, any, context,
    explicit, item,
};

/// The actions of the grammar.
#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    Oid,
    Tbs,
    Serial,
    SignatureAlgorithm,
    Issuer,
    Subject,
    NameSegment,
    NotBefore,
    NotAfter,
    Parameters,
    Key,
    Extension,
    Signature,
    AuthorityKey,
    AuthorityName,
    AuthoritySerial,
}

pub(super) const CERTIFICATE: &[Step<Act>] = &[item(SEQUENCE)
    .with(&[
        item(SEQUENCE).with(TBS).step(),
        Step::Act(Act::Tbs),
        item(SEQUENCE).of(ALGORITHM).step(),
        item(BIT_STRING).act(Act::Signature).step(),
    ])
    .step()];

const TBS: &[Step<Act>] = &[
    item(explicit(0)).optional().of(&[item(INTEGER).step()]).step(),
    item(INTEGER).step(),
    Step::Act(Act::Serial),
    item(SEQUENCE).of(ALGORITHM).step(),
    Step::Act(Act::SignatureAlgorithm),
    item(SEQUENCE).many_of(NAME_PART).step(),
    Step::Act(Act::Issuer),
    item(SEQUENCE).with(VALIDITY).step(),
    item(SEQUENCE).many_of(NAME_PART).step(),
    Step::Act(Act::Subject),
    item(SEQUENCE).with(&[item(SEQUENCE).of(ALGORITHM).step(), item(BIT_STRING).act(Act::Key).step()]).step(),
    item(context(1)).optional().step(),
    item(context(2)).optional().step(),
    item(explicit(3)).optional().of(&[item(SEQUENCE).many_with(EXTENSION).step()]).step(),
];

const ALGORITHM: &[Step<Act>] = &[item(OID).act(Act::Oid).step(), any().optional().act(Act::Parameters).step()];

const NAME_PART: &[Step<Act>] = &[item(SET)
    .many_with(&[item(SEQUENCE).with(&[item(OID).act(Act::Oid).step(), any().act(Act::NameSegment).step()]).step()])
    .step()];

const VALIDITY: &[Step<Act>] = &[
    item(UTC_TIME).optional().step(),
    item(GENERALIZED_TIME).or().step(),
    Step::Found,
    Step::Act(Act::NotBefore),
    item(UTC_TIME).optional().step(),
    item(GENERALIZED_TIME).or().step(),
    Step::Found,
    Step::Act(Act::NotAfter),
];

const EXTENSION: &[Step<Act>] = &[item(SEQUENCE)
    .with(&[
        item(OID).act(Act::Oid).step(),
        item(BOOLEAN).optional().step(),
        item(OCTET_STRING).act(Act::Extension).step(),
    ])
    .step()];

/// The content of the authorityKeyIdentifier extension.
pub(super) const AUTHORITY_KEY_ID: &[Step<Act>] = &[item(SEQUENCE)
    .with(&[
        item(context(0)).optional().act(Act::AuthorityKey).step(),
        item(explicit(1)).optional().many_of(GENERAL_NAME).step(),
        item(context(2)).optional().act(Act::AuthoritySerial).step(),
    ])
    .step()];

const GENERAL_NAME: &[Step<Act>] = &[
    item(explicit(0)).optional().of(&[item(OID).step(), item(explicit(0)).with(&[any().step()]).step()]).step(),
    item(context(1)).or().step(),
    item(context(2)).or().step(),
    item(explicit(3)).or().of(&[any().step()]).step(),
    item(explicit(4)).or().of(&[item(SEQUENCE).many_with(NAME_PART).step(), Step::Act(Act::AuthorityName)]).step(),
    item(explicit(5))
        .or()
        .of(&[item(explicit(0)).optional().of(&[any().step()]).step(), item(explicit(1)).with(&[any().step()]).step()])
        .step(),
    item(context(6)).or().step(),
    item(context(7)).or().step(),
    item(context(8)).or().step(),
    Step::Found,
];
