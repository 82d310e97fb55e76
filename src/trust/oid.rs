//! Object identifiers, as the content bytes of their DER encoding (X.690, 8.19), so that a parser can compare raw bytes.

macro_rules! oids {
    ($($(#[$doc:meta])* $name:ident $dotted:literal $bytes:expr;)*) => {
        $($(#[$doc])* pub const $name: &[u8] = &$bytes;)*

        #[cfg(test)]
        const ALL: &[(&str, &[u8])] = &[$(($dotted, $name),)*];
    };
}

oids! {
    /// id-signedData (RFC 5652, 5.1).
    SIGNED_DATA "1.2.840.113549.1.7.2" [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
    /// id-data (RFC 5652, 4).
    DATA "1.2.840.113549.1.7.1" [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
    /// SPC_INDIRECT_DATA_OBJID (Authenticode PE format).
    SPC_INDIRECT_DATA "1.3.6.1.4.1.311.2.1.4" [0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x01, 0x04];
    /// SPC_PE_IMAGE_DATAOBJ.
    SPC_PE_IMAGE_DATA "1.3.6.1.4.1.311.2.1.15" [0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x01, 0x0f];
    /// SPC_INDIVIDUAL_SP_KEY_PURPOSE, which old pesign wrote in the place of the former.
    SPC_INDIVIDUAL_CODE_SIGNING "1.3.6.1.4.1.311.2.1.21" [0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x01, 0x15];
    /// SPC_SP_OPUS_INFO, an attribute for Authenticode only.
    SPC_OPUS_INFO "1.3.6.1.4.1.311.2.1.12" [0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x01, 0x0c];
    /// SPC_STATEMENT_TYPE, an attribute for Authenticode only.
    SPC_STATEMENT_TYPE "1.3.6.1.4.1.311.2.1.11" [0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x01, 0x0b];
    /// id-contentType (RFC 5652, 11.1).
    CONTENT_TYPE "1.2.840.113549.1.9.3" [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
    /// id-messageDigest (RFC 5652, 11.2).
    MESSAGE_DIGEST "1.2.840.113549.1.9.4" [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
    /// id-signingTime (RFC 5652, 11.3).
    SIGNING_TIME "1.2.840.113549.1.9.5" [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x05];
    /// md5.
    MD5 "1.2.840.113549.2.5" [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05];
    /// id-sha1.
    SHA1 "1.3.14.3.2.26" [0x2b, 0x0e, 0x03, 0x02, 0x1a];
    /// id-sha224.
    SHA224 "2.16.840.1.101.3.4.2.4" [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04];
    /// id-sha256.
    SHA256 "2.16.840.1.101.3.4.2.1" [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
    /// id-sha384.
    SHA384 "2.16.840.1.101.3.4.2.2" [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
    /// id-sha512.
    SHA512 "2.16.840.1.101.3.4.2.3" [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];
    /// id-sha3-256.
    SHA3_256 "2.16.840.1.101.3.4.2.8" [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x08];
    /// id-sha3-384.
    SHA3_384 "2.16.840.1.101.3.4.2.9" [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x09];
    /// id-sha3-512.
    SHA3_512 "2.16.840.1.101.3.4.2.10" [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x0a];
    /// rsaEncryption (RFC 8017, A.1).
    RSA "1.2.840.113549.1.1.1" [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    /// sha1WithRSAEncryption.
    SHA1_RSA "1.2.840.113549.1.1.5" [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05];
    /// sha224WithRSAEncryption.
    SHA224_RSA "1.2.840.113549.1.1.14" [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0e];
    /// sha256WithRSAEncryption.
    SHA256_RSA "1.2.840.113549.1.1.11" [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
    /// sha384WithRSAEncryption.
    SHA384_RSA "1.2.840.113549.1.1.12" [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c];
    /// sha512WithRSAEncryption.
    SHA512_RSA "1.2.840.113549.1.1.13" [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d];
    /// id-ecPublicKey (RFC 5480, 2.1.1).
    EC_PUBLIC_KEY "1.2.840.10045.2.1" [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    /// ecdsa-with-SHA1.
    SHA1_ECDSA "1.2.840.10045.4.1" [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];
    /// ecdsa-with-SHA224 (RFC 5758, 3.2).
    SHA224_ECDSA "1.2.840.10045.4.3.1" [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x01];
    /// ecdsa-with-SHA256.
    SHA256_ECDSA "1.2.840.10045.4.3.2" [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    /// ecdsa-with-SHA384.
    SHA384_ECDSA "1.2.840.10045.4.3.3" [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
    /// ecdsa-with-SHA512.
    SHA512_ECDSA "1.2.840.10045.4.3.4" [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04];
    /// secp256r1 (RFC 5480, 2.1.1.1).
    P256 "1.2.840.10045.3.1.7" [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    /// secp384r1.
    P384 "1.3.132.0.34" [0x2b, 0x81, 0x04, 0x00, 0x22];
    /// secp521r1.
    P521 "1.3.132.0.35" [0x2b, 0x81, 0x04, 0x00, 0x23];
    /// subjectKeyIdentifier (RFC 5280, 4.2.1.2).
    SUBJECT_KEY_ID "2.5.29.14" [0x55, 0x1d, 0x0e];
    /// keyUsage (RFC 5280, 4.2.1.3).
    KEY_USAGE "2.5.29.15" [0x55, 0x1d, 0x0f];
    /// subjectAltName (RFC 5280, 4.2.1.6).
    SUBJECT_ALT_NAME "2.5.29.17" [0x55, 0x1d, 0x11];
    /// basicConstraints (RFC 5280, 4.2.1.9).
    BASIC_CONSTRAINTS "2.5.29.19" [0x55, 0x1d, 0x13];
    /// cRLDistributionPoints (RFC 5280, 4.2.1.13).
    CRL_DISTRIBUTION_POINTS "2.5.29.31" [0x55, 0x1d, 0x1f];
    /// certificatePolicies (RFC 5280, 4.2.1.4).
    CERTIFICATE_POLICIES "2.5.29.32" [0x55, 0x1d, 0x20];
    /// authorityKeyIdentifier (RFC 5280, 4.2.1.1).
    AUTHORITY_KEY_ID "2.5.29.35" [0x55, 0x1d, 0x23];
    /// extKeyUsage (RFC 5280, 4.2.1.12).
    EXT_KEY_USAGE "2.5.29.37" [0x55, 0x1d, 0x25];
    /// authorityInfoAccess (RFC 5280, 4.2.2.1).
    AUTHORITY_INFO_ACCESS "1.3.6.1.5.5.7.1.1" [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01];
    /// Netscape Cert Type, critical in the Debian Secure Boot CA.
    NETSCAPE_CERT_TYPE "2.16.840.1.113730.1.1" [0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 0x01, 0x01];
    /// id-kp-codeSigning (RFC 5280, 4.2.1.12).
    CODE_SIGNING "1.3.6.1.5.5.7.3.3" [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x03];
    /// anyExtendedKeyUsage (RFC 5280, 4.2.1.12).
    ANY_EXT_KEY_USAGE "2.5.29.37.0" [0x55, 0x1d, 0x25, 0x00];
    /// Red Hat's "kernel module signing only", which shim's MOK manager knows.
    MODULE_SIGNING "1.3.6.1.4.1.2312.16.1.2" [0x2b, 0x06, 0x01, 0x04, 0x01, 0x92, 0x08, 0x10, 0x01, 0x02];
}

/// The dotted notation, for people; `?` if the bytes are not an object identifier.
#[must_use]
pub fn dotted(bytes: &[u8]) -> String {
    arcs(bytes).unwrap_or_else(|| "?".to_owned())
}

fn arcs(bytes: &[u8]) -> Option<String> {
    let mut text = String::new();
    let mut value: u64 = 0;
    for byte in bytes {
        value = value.checked_mul(128)?.checked_add(u64::from(byte & 0x7f))?;
        if byte & 0x80 != 0 {
            continue;
        }
        if text.is_empty() {
            // The first two arcs share one number: 40 times the first, which is at most 2.
            let first = (value / 40).min(2);
            text = format!("{first}.{}", value.checked_sub(first.checked_mul(40)?)?);
        } else {
            text = format!("{text}.{value}");
        }
        value = 0;
    }
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_identifier_is_what_it_says() {
        for (text, bytes) in ALL {
            assert_eq!(&dotted(bytes), text);
        }
    }

    #[test]
    fn no_identifier_is_no_panic() {
        for bytes in [&b""[..], &[0x80], &[0xff; 32]] {
            assert_eq!(dotted(bytes), "?");
        }
    }
}
