//! The extensions of a certificate that matter to a verification (RFC 5280, 4.2).

use super::der::{self, Cursor, SEQUENCE};
use super::oid;
use super::x509::{self, Extension};
use std::collections::HashSet;

/// digitalSignature, the first bit of a KeyUsage.
const DIGITAL_SIGNATURE: u8 = 0x80;
/// keyCertSign, the sixth bit.
const KEY_CERT_SIGN: u8 = 0x04;

/// The extensions that may be critical: those that are read here, and those that do not matter for the signing of code. Debian's
/// CA has a critical Netscape Cert Type.
const UNDERSTOOD: &[&[u8]] = &[
    oid::BASIC_CONSTRAINTS,
    oid::KEY_USAGE,
    oid::EXT_KEY_USAGE,
    oid::SUBJECT_KEY_ID,
    oid::AUTHORITY_KEY_ID,
    oid::SUBJECT_ALT_NAME,
    oid::CERTIFICATE_POLICIES,
    oid::CRL_DISTRIBUTION_POINTS,
    oid::AUTHORITY_INFO_ACCESS,
    oid::NETSCAPE_CERT_TYPE,
];

/// authorityKeyIdentifier: names the issuer's certificate in one or two ways (RFC 5280, 4.2.1.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthorityKeyId {
    /// The issuer's subjectKeyIdentifier.
    pub key_id: Option<Vec<u8>>,
    /// The content bytes of the name of the issuer's issuer, and of the issuer's serial number.
    pub issuer_and_serial: Option<(Vec<u8>, Vec<u8>)>,
}

/// basicConstraints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether this is a certificate authority.
    pub ca: bool,
    /// The maximum number of authorities between this one and a signer.
    pub path_length: Option<u8>,
}

/// keyUsage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUsage(u8);

impl KeyUsage {
    /// Whether the key may sign data.
    #[must_use]
    pub const fn signs_data(self) -> bool {
        self.0 & DIGITAL_SIGNATURE != 0
    }

    /// Whether the key may sign certificates.
    #[must_use]
    pub const fn signs_certificates(self) -> bool {
        self.0 & KEY_CERT_SIGN != 0
    }
}

/// extKeyUsage, as far as it matters for kernels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExtKeyUsage {
    /// It has codeSigning, or anyExtendedKeyUsage.
    pub code_signing: bool,
    /// It has the purpose "kernel modules only".
    pub module_signing: bool,
}

/// The extensions of a certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extensions {
    /// subjectKeyIdentifier.
    pub subject_key_id: Option<Vec<u8>>,
    /// authorityKeyIdentifier.
    pub authority_key_id: Option<AuthorityKeyId>,
    /// basicConstraints.
    pub basic_constraints: Option<BasicConstraints>,
    /// keyUsage.
    pub key_usage: Option<KeyUsage>,
    /// extKeyUsage.
    pub ext_key_usage: Option<ExtKeyUsage>,
    /// Unknown critical extensions, in dotted notation.
    pub unknown_critical: Vec<String>,
}

impl Extensions {
    /// Reads the extensions that matter.
    ///
    /// # Errors
    /// Which extension is malformed. The kernel refuses the same malformations of the extensions that it reads
    /// (`x509_process_extension`).
    pub(super) fn parse(list: &[Extension<'_>]) -> Result<Self, String> {
        let mut seen = HashSet::new();
        let mut all = Self::default();
        for Extension { id, critical, value } in list {
            // RFC 5280, 4.2: "A certificate MUST NOT include more than one instance of a particular extension."
            if !seen.insert(id) {
                return Err(format!("extension {} stands twice", oid::dotted(id)));
            }
            all.read(id, value).ok_or_else(|| format!("extension {} is malformed", oid::dotted(id)))?;
            if *critical && !UNDERSTOOD.contains(id) {
                all.unknown_critical.push(oid::dotted(id));
            }
        }
        Ok(all)
    }

    fn read(&mut self, id: &[u8], value: &[u8]) -> Option<()> {
        match id {
            oid::SUBJECT_KEY_ID => self.subject_key_id = Some(key_id(strict(value, der::OCTET_STRING)?)?),
            oid::AUTHORITY_KEY_ID => self.authority_key_id = Some(authority(strict(value, SEQUENCE)?)?),
            oid::BASIC_CONSTRAINTS => self.basic_constraints = Some(basic_constraints(strict(value, SEQUENCE)?)?),
            oid::KEY_USAGE => self.key_usage = Some(key_usage(strict(value, der::BIT_STRING)?)?),
            oid::EXT_KEY_USAGE => self.ext_key_usage = Some(ext_key_usage(strict(value, SEQUENCE)?)?),
            _ => {}
        }
        Some(())
    }
}

/// The content of an extension's value. The value is DER in an OCTET STRING, which the check of the certificate did not enter.
fn strict(value: &[u8], tag: u8) -> Option<&[u8]> {
    der::check(value).ok()?;
    der::sole(value, tag).map(|tlv| tlv.value)
}

/// The kernel takes a length of one byte only, and no empty identifier.
fn key_id(value: &[u8]) -> Option<Vec<u8>> {
    (1..0x80).contains(&value.len()).then(|| value.to_vec())
}

fn authority(value: &[u8]) -> Option<AuthorityKeyId> {
    let mut fields = Cursor::new(value);
    let key_id = fields.take(der::context_primitive(0)).map(|id| id.value.to_vec());
    let name = match fields.take(der::context(1)) {
        Some(names) => Some(directory_name(names.value)?),
        None => None,
    };
    let serial = fields.take(der::context_primitive(2));
    let issuer_and_serial = name.zip(serial).map(|(name, serial)| (name.to_vec(), serial.value.to_vec()));
    fields.is_empty().then_some(AuthorityKeyId { key_id, issuer_and_serial })
}

/// The directoryName that is the only one of the GeneralNames (RFC 5280, 4.2.1.6). An issuer has no other kind of name, and for
/// the other kinds the kernel's grammar (`x509_akid.asn1`) demands tags that no tool writes.
fn directory_name(names: &[u8]) -> Option<&[u8]> {
    let name = der::sole(names, der::context(4))?;
    let mut fields = Cursor::new(name.value);
    let name = x509::name(&mut fields)?;
    fields.is_empty().then_some(name.value)
}

fn basic_constraints(value: &[u8]) -> Option<BasicConstraints> {
    let mut fields = Cursor::new(value);
    let ca = match fields.take(der::BOOLEAN).map(|ca| ca.value) {
        None => false,
        Some([0xff]) => true,
        // DER omits a default value (X.690, 11.5), and the kernel refuses a certificate that has it.
        Some(_) => return None,
    };
    let path_length = match fields.take(der::INTEGER).map(|number| number.value) {
        None => None,
        Some([] | [0x80..=0xff, ..]) => return None,
        Some([length] | [0, length]) => Some(*length),
        // More than any path has.
        Some(_) => Some(u8::MAX),
    };
    // Only an authority may have a path length (RFC 5280, 4.2.1.9); the kernel refuses others.
    (fields.is_empty() && (ca || path_length.is_none())).then_some(BasicConstraints { ca, path_length })
}

/// Requires at least one byte of bits: the kernel refuses an empty KeyUsage.
fn key_usage(value: &[u8]) -> Option<KeyUsage> {
    value.get(1).map(|bits| KeyUsage(*bits))
}

fn ext_key_usage(value: &[u8]) -> Option<ExtKeyUsage> {
    let mut purposes = Cursor::new(value);
    let mut usage = ExtKeyUsage::default();
    while !purposes.is_empty() {
        match purposes.take(der::OID)?.value {
            oid::CODE_SIGNING | oid::ANY_EXT_KEY_USAGE => usage.code_signing = true,
            oid::MODULE_SIGNING => usage.module_signing = true,
            _ => {}
        }
    }
    (!value.is_empty()).then_some(usage)
}
