//! Names in a certificate: the curve of a key, and the key's description in a keyring.

use super::ecdsa::Curve;
use super::errno::Errno;
use super::oid;

/// The curve that the parameters name; spelled-out curves are refused (`lib/oid_registry.c:parse_OID`).
pub(super) fn curve(parameters: &[u8]) -> Result<Curve, Errno> {
    let named = match parameters {
        [0x06, len, rest @ ..] if !rest.is_empty() && rest.len() == usize::from(*len) => rest,
        _ => return Err(Errno::Badmsg),
    };
    match named {
        oid::P192 => Ok(Curve::P192),
        oid::P256 => Ok(Curve::P256),
        oid::P384 => Ok(Curve::P384),
        oid::P521 => Ok(Curve::P521),
        _ => Err(Errno::Nopkg),
    }
}

/// The parts of a distinguished name that matter; of several, the last counts.
#[derive(Debug, Default)]
pub(super) struct Parts<'a> {
    common: &'a [u8],
    organization: &'a [u8],
    email: &'a [u8],
}

impl<'a> Parts<'a> {
    /// `x509_cert_parser.c:x509_extract_name_segment`: the kernel keeps the length in one byte.
    pub(super) fn x509_extract_name_segment(&mut self, oid: &[u8], value: &'a [u8]) {
        let kept = value.get(..value.len() & 0xff).unwrap_or_default();
        match oid {
            oid::COMMON_NAME => self.common = kept,
            oid::ORGANIZATION => self.organization = kept,
            oid::EMAIL_ADDRESS => self.email = kept,
            _ => {}
        }
    }

    /// One name, made of the parts since the last call (`x509_cert_parser.c:x509_fabricate_name`).
    pub(super) fn x509_fabricate_name(&mut self) -> Vec<u8> {
        let Self { common, organization, email } = std::mem::take(self);
        let parts = [common, organization, email];
        if common.is_empty() || organization.is_empty() {
            return parts.into_iter().find(|part| !part.is_empty()).unwrap_or_default().to_vec();
        }
        let same_start = common.first_chunk::<7>().is_some_and(|start| organization.starts_with(start));
        if same_start || common.starts_with(organization) {
            return common.to_vec();
        }
        [organization, b": ", common].concat()
    }
}

/// `x509_public_key.c:x509_key_preparse`. Of two keys with one description, a keyring holds the later.
pub(super) fn description(subject: &[u8], id: &[u8]) -> Vec<u8> {
    let visible = subject.split(|byte| *byte == 0).next().unwrap_or_default();
    [visible, b": ", id].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_named() {
        assert_eq!(curve(&[&[6, 5], oid::P384].concat()), Ok(Curve::P384));
        assert_eq!(curve(&[6, 5, 0x2b, 0x81, 4, 0, 10]), Err(Errno::Nopkg));
        for malformed in [&[][..], &[6, 0], &[6, 2, 1], &[0x30, 1, 1]] {
            assert_eq!(curve(malformed), Err(Errno::Badmsg));
        }
    }

    #[test]
    fn names_are_put_together() {
        let name = |common: &'static [u8], organization: &'static [u8], email: &'static [u8]| {
            let mut parts = Parts::default();
            parts.x509_extract_name_segment(oid::COMMON_NAME, common);
            parts.x509_extract_name_segment(oid::ORGANIZATION, organization);
            parts.x509_extract_name_segment(oid::EMAIL_ADDRESS, email);
            parts.x509_fabricate_name()
        };
        assert_eq!(name(b"Signer", b"Debian", b"a@b"), b"Debian: Signer");
        assert_eq!(name(b"Debian Signer", b"Debian", b""), b"Debian Signer");
        assert_eq!(name(b"Test CA", b"Test Ltd", b""), b"Test Ltd: Test CA");
        assert_eq!(name(b"Examples CA", b"Examples Ltd", b""), b"Examples CA");
        assert_eq!(name(b"", b"", b"a@b"), b"a@b");
        assert_eq!(name(b"", b"", b""), b"");
        assert_eq!(description(b"a\0b", &[1]), b"a: \x01");
    }
}
