//! Names of object identifiers, and of values in DER.

use crate::hex;
use crate::trust::der::{self, Cursor, OID, SEQUENCE, Tlv};
use crate::trust::{name, oid};

/// The dotted notation and the name. The names are those of the standards, and of Microsoft's headers.
const NAMES: &[(&str, &str)] = &[
    ("1.2.840.10040.4.1", "DSA"),
    ("1.2.840.10045.2.1", "ecPublicKey"),
    ("1.2.840.10045.4.1", "ecdsa-with-SHA1"),
    ("1.2.840.10045.4.3.1", "ecdsa-with-SHA224"),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"),
    ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512"),
    ("1.2.840.113549.1.1.1", "rsaEncryption"),
    ("1.2.840.113549.1.1.4", "md5WithRSAEncryption"),
    ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption"),
    ("1.2.840.113549.1.1.10", "RSASSA-PSS"),
    ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption"),
    ("1.2.840.113549.1.1.12", "sha384WithRSAEncryption"),
    ("1.2.840.113549.1.1.13", "sha512WithRSAEncryption"),
    ("1.2.840.113549.1.1.14", "sha224WithRSAEncryption"),
    ("1.2.840.113549.1.7.1", "data"),
    ("1.2.840.113549.1.7.2", "signedData"),
    ("1.2.840.113549.1.9.3", "contentType"),
    ("1.2.840.113549.1.9.4", "messageDigest"),
    ("1.2.840.113549.1.9.5", "signingTime"),
    ("1.2.840.113549.1.9.6", "countersignature"),
    ("1.2.840.113549.1.9.15", "smimeCapabilities"),
    ("1.2.840.113549.1.9.16.1.4", "TSTInfo"),
    ("1.2.840.113549.1.9.16.2.12", "signingCertificate"),
    ("1.2.840.113549.1.9.16.2.14", "timeStampToken"),
    ("1.2.840.113549.1.9.16.2.47", "signingCertificateV2"),
    ("1.2.840.113549.1.9.52", "cmsAlgorithmProtection"),
    ("1.2.840.113549.2.5", "md5"),
    ("1.2.840.113549.2.9", "hmacWithSHA256"),
    ("1.2.840.113549.3.2", "rc2-cbc"),
    ("1.2.840.113549.3.7", "des-ede3-cbc"),
    ("1.3.14.3.2.7", "des-cbc"),
    ("1.3.14.3.2.26", "sha1"),
    ("1.3.101.112", "Ed25519"),
    ("1.3.101.113", "Ed448"),
    ("1.3.6.1.4.1.2312.16.1.2", "kernelModuleSigning"),
    ("1.3.6.1.4.1.311.2.1.4", "SpcIndirectData"),
    ("1.3.6.1.4.1.311.2.1.11", "SpcStatementType"),
    ("1.3.6.1.4.1.311.2.1.12", "SpcSpOpusInfo"),
    ("1.3.6.1.4.1.311.2.1.21", "individualCodeSigning"),
    ("1.3.6.1.4.1.311.2.1.22", "commercialCodeSigning"),
    ("1.3.6.1.4.1.311.2.4.1", "nestedSignature"),
    ("1.3.6.1.4.1.311.3.3.1", "timestamp"),
    ("1.3.6.1.4.1.311.10.3.5", "windowsHardwareDriverVerification"),
    ("1.3.6.1.4.1.311.10.3.6", "windowsSystemComponentVerification"),
    ("1.3.6.1.4.1.311.20.2", "certificateTemplateName"),
    ("1.3.6.1.4.1.311.21.1", "caVersion"),
    ("1.3.6.1.4.1.311.21.2", "previousCertificateHash"),
    ("1.3.6.1.4.1.311.80.1", "documentEncryption"),
    ("1.3.6.1.5.5.7.1.1", "authorityInfoAccess"),
    ("1.3.6.1.5.5.7.3.1", "serverAuth"),
    ("1.3.6.1.5.5.7.3.2", "clientAuth"),
    ("1.3.6.1.5.5.7.3.3", "codeSigning"),
    ("1.3.6.1.5.5.7.3.4", "emailProtection"),
    ("1.3.6.1.5.5.7.3.8", "timeStamping"),
    ("2.16.840.1.101.3.4.1.2", "aes128-cbc"),
    ("2.16.840.1.101.3.4.1.22", "aes192-cbc"),
    ("2.16.840.1.101.3.4.1.42", "aes256-cbc"),
    ("2.16.840.1.101.3.4.2.1", "sha256"),
    ("2.16.840.1.101.3.4.2.2", "sha384"),
    ("2.16.840.1.101.3.4.2.3", "sha512"),
    ("2.16.840.1.101.3.4.2.4", "sha224"),
    ("2.16.840.1.101.3.4.2.8", "sha3-256"),
    ("2.16.840.1.101.3.4.2.9", "sha3-384"),
    ("2.16.840.1.101.3.4.2.10", "sha3-512"),
    ("2.16.840.1.113730.1.1", "netscapeCertType"),
    ("2.16.840.1.113730.1.13", "netscapeComment"),
    ("2.5.29.14", "subjectKeyIdentifier"),
    ("2.5.29.15", "keyUsage"),
    ("2.5.29.17", "subjectAltName"),
    ("2.5.29.18", "issuerAltName"),
    ("2.5.29.19", "basicConstraints"),
    ("2.5.29.31", "cRLDistributionPoints"),
    ("2.5.29.32", "certificatePolicies"),
    ("2.5.29.32.0", "anyPolicy"),
    ("2.5.29.35", "authorityKeyIdentifier"),
    ("2.5.29.37", "extKeyUsage"),
    ("2.5.29.37.0", "anyExtendedKeyUsage"),
];

/// Bytes that are shown of a value whose type is not known.
const SHOWN: usize = 64;
/// The most values of a list.
const MOST: usize = 64;

/// The name of an object identifier; in dotted notation where it is not known.
pub(super) fn known(id: &[u8]) -> String {
    let dotted = oid::dotted(id);
    NAMES.iter().find(|(number, _)| *number == dotted).map_or(dotted, |(_, name)| (*name).to_owned())
}

/// The names of the object identifiers directly in these bytes, or at the start of each SEQUENCE in them.
pub(super) fn all(bytes: &[u8]) -> String {
    let mut cursor = Cursor::new(bytes);
    let mut names = Vec::new();
    while let Some(element) = cursor.any().filter(|_| names.len() < MOST) {
        let id = if element.tag == SEQUENCE { Cursor::new(element.value).take(OID) } else { Some(element) };
        names.extend(id.filter(|id| id.tag == OID).map(|id| known(id.value)));
    }
    names.join(", ")
}

/// A value of a type that only its tag tells.
pub(super) fn value(element: Tlv<'_>) -> String {
    match element.tag {
        OID => known(element.value),
        0x0c | 0x12 | 0x13 | 0x16 | 0x1a => String::from_utf8_lossy(element.value).into_owned(),
        0x1e => utf16(element.value),
        der::BOOLEAN => if element.value == [0] { "false" } else { "true" }.to_owned(),
        der::OCTET_STRING | der::INTEGER => bytes(element.value),
        der::NULL => String::new(),
        _ => bytes(element.raw),
    }
}

/// Bytes in hexadecimal, not too many.
pub(super) fn bytes(value: &[u8]) -> String {
    match value.get(..SHOWN) {
        Some(start) if value.len() > SHOWN => format!("{}... ({} bytes)", hex::encode(start), value.len()),
        _ => hex::encode(value),
    }
}

/// Text of two bytes a letter, the higher one first (BMPString).
pub(super) fn utf16(value: &[u8]) -> String {
    let units: Vec<_> = value.as_chunks::<2>().0.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
    String::from_utf16_lossy(&units)
}

/// GeneralNames (RFC 5280, 4.2.1.6), at any depth within a value.
pub(super) fn general(bytes: &[u8]) -> String {
    let mut found = Vec::new();
    walk(bytes, 0, &mut found);
    found.join(", ")
}

fn walk(bytes: &[u8], depth: u8, found: &mut Vec<String>) {
    let mut cursor = Cursor::new(bytes);
    while let Some(element) = cursor.any().filter(|_| depth < 8 && found.len() < MOST) {
        let text = || String::from_utf8_lossy(element.value).into_owned();
        match element.tag {
            0x81 => found.push(format!("email {}", text())),
            0x82 => found.push(format!("DNS {}", text())),
            0x86 => found.push(format!("URI {}", text())),
            0xa4 => found.push(format!("name {}", name::text(element.value))),
            tag if tag & 0x20 != 0 => walk(element.value, depth.saturating_add(1), found),
            _ => {}
        }
    }
}

/// A GUID, as EFI writes it.
pub(super) fn guid(bytes: &[u8; 16]) -> String {
    let [a, b, c, d, e, f, g, h, rest @ ..] = bytes;
    let [i, j, tail @ ..] = rest;
    format!(
        "{a3}-{b2}-{c2}-{}-{}",
        hex::encode(&[*i, *j]),
        hex::encode(tail),
        a3 = hex::encode(&[*d, *c, *b, *a]),
        b2 = hex::encode(&[*f, *e]),
        c2 = hex::encode(&[*h, *g])
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_names_or_numbers() {
        assert_eq!(known(oid::SHA256), "sha256");
        assert_eq!(known(&[0x2a, 0x03]), "1.2.3");
        assert_eq!(guid(&crate::trust::esl::X509), "a5c059a1-94e4-4aa7-87b5-ab155c2bf072");
        assert_eq!(utf16(&[0, b'a', 0xd8]), "a");
        assert_eq!(bytes(&[1; 65]), format!("{}... (65 bytes)", "01".repeat(64)));
    }

    #[test]
    fn deep_names_end() {
        let nested = (0..40_u8).fold(vec![0x86, 1, b'x'], |inner, _| {
            [&[SEQUENCE, u8::try_from(inner.len()).unwrap()][..], &inner].concat()
        });
        assert_eq!(general(&nested), "");
        assert_eq!(general(&[0xa0, 3, 0x86, 1, b'x']), "URI x");
    }
}
