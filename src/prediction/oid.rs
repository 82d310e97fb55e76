//! Object identifiers, as the contents of their encoding (`include/linux/oid_registry.h`).

pub(super) const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
pub(super) const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];

pub(super) const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3];
pub(super) const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
pub(super) const SIGNING_TIME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 5];
pub(super) const SMIME_CAPABILITIES: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 15];
pub(super) const EMAIL_ADDRESS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];

const MICROSOFT: [u8; 8] = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 2];
pub(super) const INDIRECT_DATA: &[u8] = &microsoft(4);
pub(super) const STATEMENT_TYPE: &[u8] = &microsoft(11);
pub(super) const OPUS_INFO: &[u8] = &microsoft(12);
pub(super) const PE_IMAGE_DATA: &[u8] = &microsoft(15);
pub(super) const INDIVIDUAL_PURPOSE: &[u8] = &microsoft(21);

/// 1.3.6.1.4.1.311.2.1.n
const fn microsoft(last: u8) -> [u8; 10] {
    let [a, b, c, d, e, f, g, h] = MICROSOFT;
    [a, b, c, d, e, f, g, h, 1, last]
}

pub(super) const COMMON_NAME: &[u8] = &[0x55, 4, 3];
pub(super) const ORGANIZATION: &[u8] = &[0x55, 4, 10];
pub(super) const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 14];
pub(super) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
pub(super) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
pub(super) const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 35];

pub(super) const SHA1: &[u8] = &[0x2b, 0x0e, 3, 2, 26];
pub(super) const SHA256: &[u8] = &nist(2, 1);
pub(super) const SHA384: &[u8] = &nist(2, 2);
pub(super) const SHA512: &[u8] = &nist(2, 3);
pub(super) const SHA224: &[u8] = &nist(2, 4);
pub(super) const SHA3_256: &[u8] = &nist(2, 8);
pub(super) const SHA3_384: &[u8] = &nist(2, 9);
pub(super) const SHA3_512: &[u8] = &nist(2, 10);
pub(super) const ECDSA_SHA3_256: &[u8] = &nist(3, 10);
pub(super) const ECDSA_SHA3_384: &[u8] = &nist(3, 11);
pub(super) const ECDSA_SHA3_512: &[u8] = &nist(3, 12);
pub(super) const RSA_SHA3_256: &[u8] = &nist(3, 14);
pub(super) const RSA_SHA3_384: &[u8] = &nist(3, 15);
pub(super) const RSA_SHA3_512: &[u8] = &nist(3, 16);

/// 2.16.840.1.101.3.4.arc.n
const fn nist(arc: u8, last: u8) -> [u8; 9] {
    [0x60, 0x86, 0x48, 1, 0x65, 3, 4, arc, last]
}

pub(super) const RSA: &[u8] = &pkcs1(1);
pub(super) const RSA_SHA1: &[u8] = &pkcs1(5);
pub(super) const RSA_SHA256: &[u8] = &pkcs1(11);
pub(super) const RSA_SHA384: &[u8] = &pkcs1(12);
pub(super) const RSA_SHA512: &[u8] = &pkcs1(13);
pub(super) const RSA_SHA224: &[u8] = &pkcs1(14);

/// 1.2.840.113549.1.1.n
const fn pkcs1(last: u8) -> [u8; 9] {
    [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, last]
}

pub(super) const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
pub(super) const P192: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1];
pub(super) const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
pub(super) const P384: &[u8] = &[0x2b, 0x81, 4, 0, 34];
pub(super) const P521: &[u8] = &[0x2b, 0x81, 4, 0, 35];
pub(super) const ECDSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1];
pub(super) const ECDSA_SHA224: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1];
pub(super) const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
pub(super) const ECDSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];
pub(super) const ECDSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4];

pub(super) const SM3: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x83, 0x11];
pub(super) const STREEBOG_256: &[u8] = &gost(2, 2);
pub(super) const STREEBOG_512: &[u8] = &gost(2, 3);
pub(super) const GOST_KEY_256: &[u8] = &gost(1, 1);
pub(super) const GOST_KEY_512: &[u8] = &gost(1, 2);
pub(super) const GOST_SIGNATURE_256: &[u8] = &gost(3, 2);
pub(super) const GOST_SIGNATURE_512: &[u8] = &gost(3, 3);

/// 1.2.643.7.1.1.arc.n
const fn gost(arc: u8, last: u8) -> [u8; 8] {
    [0x2a, 0x85, 0x03, 7, 1, 1, arc, last]
}

/// The rest of the kernel's registry: known to it, of no use where a digest or a signature algorithm is wanted.
const OTHERS: &str = "1.2.840.10030.4.3 1.2.840.10040.4.1 1.2.840.113549.1.9.16.2.11 1.2.840.48018.1.2.2 \
    1.2.840.113554.1.2.2 1.2.840.113554.1.2.2.3 1.3.6.1.4.1.311.16.4 1.3.6.1.4.1.311.2.2.10 1.3.6.1.4.1.311.2.2.30 \
    1.3.6.1.5.5.2 1.3.6.1.5.2.5 1.3.5.1.5.2.7 1.3.6.1.5.5.14 1.3.6.1.5.5.7.1.1 2.5.4.4 2.5.4.6 2.5.4.7 2.5.4.8 \
    2.5.4.11 2.5.4.12 2.5.4.13 2.5.4.41 2.5.4.42 2.5.4.43 2.5.4.44 2.5.29.17 2.5.29.18 2.5.29.31 2.5.29.32 2.5.29.37 \
    1.2.752.43.14.2 1.2.752.43.14.3 1.2.643.2.2.35.1 1.2.643.2.2.35.2 1.2.643.2.2.35.3 1.2.643.7.1.2.1.1.1 \
    1.2.643.7.1.2.1.1.2 1.2.643.7.1.2.1.1.3 1.2.643.7.1.2.1.1.4 1.2.643.7.1.2.1.2.1 1.2.643.7.1.2.1.2.2 \
    1.2.643.7.1.2.1.2.3 1.2.156.10197.1.301 1.2.156.10197.1.501 1.2.156.10197.1.504 2.23.133.10.1.3 2.23.133.10.1.4 \
    2.23.133.10.1.5";

#[rustfmt::skip]
const NAMED: &[&[u8]] = &[
    SIGNED_DATA, DATA, CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME, SMIME_CAPABILITIES, EMAIL_ADDRESS, INDIRECT_DATA,
    STATEMENT_TYPE, OPUS_INFO, PE_IMAGE_DATA, INDIVIDUAL_PURPOSE, COMMON_NAME, ORGANIZATION, SUBJECT_KEY_ID, KEY_USAGE,
    BASIC_CONSTRAINTS, AUTHORITY_KEY_ID, SHA1, SHA256, SHA384, SHA512, SHA224, SHA3_256, SHA3_384, SHA3_512,
    ECDSA_SHA3_256, ECDSA_SHA3_384, ECDSA_SHA3_512, RSA_SHA3_256, RSA_SHA3_384, RSA_SHA3_512, RSA, RSA_SHA1,
    RSA_SHA256, RSA_SHA384, RSA_SHA512, RSA_SHA224, EC_PUBLIC_KEY, P192, P256, P384, P521, ECDSA_SHA1, ECDSA_SHA224,
    ECDSA_SHA256, ECDSA_SHA384, ECDSA_SHA512, SM3, STREEBOG_256, STREEBOG_512, GOST_KEY_256, GOST_KEY_512,
    GOST_SIGNATURE_256, GOST_SIGNATURE_512,
];

/// Whether the kernel has a number for it (`lib/oid_registry.c:look_up_OID`).
pub(super) fn known(oid: &[u8]) -> bool {
    NAMED.contains(&oid) || OTHERS.split_ascii_whitespace().any(|dotted| encoded(dotted) == oid)
}

/// The contents of the encoding of a dotted identifier.
fn encoded(dotted: &str) -> Vec<u8> {
    let mut arcs = dotted.split('.').map(|arc| arc.parse::<u32>().unwrap_or_default());
    let first = arcs.next().unwrap_or_default().saturating_mul(40).saturating_add(arcs.next().unwrap_or_default());
    std::iter::once(first).chain(arcs).flat_map(base_128).collect()
}

fn base_128(arc: u32) -> impl Iterator<Item = u8> {
    (0..5_u32).rev().filter_map(move |group| {
        let rest = arc >> group.saturating_mul(7);
        let [low, ..] = rest.to_le_bytes();
        let more = if group == 0 { 0 } else { 0x80 };
        (rest != 0 || group == 0).then_some((low & 0x7f) | more)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_ways_of_writing_agree() {
        assert_eq!(encoded("1.2.840.113549.1.7.2"), SIGNED_DATA);
        assert_eq!(encoded("1.3.6.1.4.1.311.2.1.21"), INDIVIDUAL_PURPOSE);
        assert_eq!(encoded("2.16.840.1.101.3.4.2.10"), SHA3_512);
        assert_eq!(encoded("1.2.156.10197.1.401"), SM3);
        assert_eq!(encoded("1.2.643.7.1.1.3.3"), GOST_SIGNATURE_512);
        assert_eq!(encoded("1.3.132.0.35"), P521);
    }

    #[test]
    fn md5_is_not_in_the_registry() {
        assert!(known(&encoded("1.2.840.113554.1.2.2")) && known(RSA) && known(SHA1));
        assert!(!known(&encoded("1.2.840.113549.2.5")) && !known(&[]));
    }
}
