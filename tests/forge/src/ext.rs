//! X.509 extensions (RFC 5280 4.2), each as the Extension SEQUENCE.

use crate::der::{Node, bits, boolean, ctx, ctx_prim, int, octets, oid, seq, uint};
use crate::key::Key;
use crate::oid;

/// The keyUsage bits in the first octet, and the number of its unused bits.
pub const DIGITAL_SIGNATURE: (u8, u8) = (0x80, 7);
pub const KEY_ENCIPHERMENT: (u8, u8) = (0x20, 5);
pub const CERT_AND_CRL_SIGN: (u8, u8) = (0x06, 1);
/// An authority that may sign files as well.
pub const CA_AND_SIGNER: (u8, u8) = (0x86, 1);
pub const CRL_SIGN: (u8, u8) = (0x02, 1);

#[must_use]
pub fn extension(id: &str, critical: bool, value: &Node) -> Node {
    let flag = critical.then(|| boolean(true));
    let wrapped = octets(value.encode());
    seq([Some(oid(id)), flag, Some(wrapped)].into_iter().flatten().collect())
}

#[must_use]
pub fn basic_constraints(ca: bool, path_len: Option<u64>) -> Node {
    let flag = ca.then(|| boolean(true));
    extension(oid::BASIC_CONSTRAINTS, true, &seq([flag, path_len.map(int)].into_iter().flatten().collect()))
}

#[must_use]
pub fn key_usage((octet, unused): (u8, u8)) -> Node {
    extension(oid::KEY_USAGE, true, &bits(unused, &[octet]))
}

#[must_use]
pub fn eku(purposes: &[&str]) -> Node {
    extension(oid::EXT_KEY_USAGE, false, &seq(purposes.iter().map(|p| oid(p)).collect()))
}

#[must_use]
pub fn ski(key: &Key) -> Node {
    ski_of(&key.id())
}

/// subjectKeyIdentifier of any bytes: it need not be derived from the key.
#[must_use]
pub fn ski_of(id: &[u8]) -> Node {
    extension(oid::SUBJECT_KEY_ID, false, &octets(id))
}

#[must_use]
pub fn aki(key: &Key) -> Node {
    aki_of(&key.id())
}

#[must_use]
pub fn aki_of(id: &[u8]) -> Node {
    extension(oid::AUTHORITY_KEY_ID, false, &seq(vec![ctx_prim(0, id)]))
}

/// authorityKeyIdentifier by the issuing certificate's own issuer and serial number, with or without the key's id.
#[must_use]
pub fn aki_by_serial(key_id: Option<&[u8]>, issuer: &Node, serial: &[u8]) -> Node {
    let name = ctx(1, vec![ctx(4, vec![issuer.clone()])]);
    let number = ctx_prim(2, uint(serial).bytes());
    let id = key_id.map(|id| ctx_prim(0, id));
    extension(oid::AUTHORITY_KEY_ID, false, &seq([id, Some(name), Some(number)].into_iter().flatten().collect()))
}

/// Critical, as in the Debian Secure Boot CA: objectSigning and objectSigning CA.
#[must_use]
pub fn netscape_cert_type() -> Node {
    extension(oid::NETSCAPE_CERT_TYPE, true, &bits(0, &[0x11]))
}

#[must_use]
pub fn unknown(critical: bool) -> Node {
    extension(oid::UNKNOWN, critical, &int(1))
}
