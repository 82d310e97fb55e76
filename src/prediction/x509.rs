//! Certificates as the kernel parses them (`crypto/asymmetric_keys/x509_cert_parser.c:x509_cert_parse`).

use super::blacklist::Blacklist;
use super::decoder::{Actions, Seen, asn1_ber_decoder};
use super::errno::Errno;
use super::extension::Extensions;
use super::hash::Hash;
use super::public_key::{KeyId, KeyKind, PublicKey, Scheme, Signature, public_key_verify_signature};
use super::stop::Stop;
use super::x509_grammar::{AUTHORITY_KEY_ID, Act, CERTIFICATE};
use super::{names, oid, time};

/// The fields that the kernel keeps of a certificate.
#[derive(Debug, Clone)]
pub(super) struct Certificate<'a> {
    /// Serial number and issuer.
    pub(super) id: KeyId,
    pub(super) subject_key_id: Option<KeyId>,
    pub(super) key: PublicKey<'a>,
    pub(super) signature: Signature<'a>,
    /// Serial number and issuer of the issuer's certificate; the issuer's key identifier.
    pub(super) authority: [Option<KeyId>; 2],
    pub(super) not_before: i64,
    pub(super) not_after: i64,
    pub(super) self_signed: bool,
    pub(super) unsupported: bool,
    pub(super) blacklisted: bool,
    /// The description of this certificate's key in a keyring.
    pub(super) description: Vec<u8>,
}

/// The state of the parser (`struct x509_parse_context`).
#[derive(Debug, Default)]
pub(super) struct Context<'a> {
    last_oid: &'a [u8],
    tbs: &'a [u8],
    scheme: Option<(Scheme, Hash, &'a [u8])>,
    value: &'a [u8],
    serial: &'a [u8],
    issuer: &'a [u8],
    subject: Option<&'a [u8]>,
    subject_name: Vec<u8>,
    names: names::Parts<'a>,
    not_before: i64,
    not_after: i64,
    parameters: &'a [u8],
    key: Option<PublicKey<'a>>,
    extensions: Extensions<'a>,
    authority_issuer: Option<&'a [u8]>,
    authority: [Option<KeyId>; 2],
}

impl<'a> Actions<'a> for Context<'a> {
    type Action = Act;

    fn act(&mut self, action: Act, seen: &Seen<'a>) -> Result<(), Stop> {
        let value = seen.value()?;
        match action {
            Act::Oid => self.last_oid = value,
            Act::Tbs => self.tbs = seen.back(seen.header)?,
            Act::Serial => self.serial = value,
            Act::Issuer => {
                self.issuer = value;
                self.names.x509_fabricate_name();
            }
            Act::Subject => {
                self.subject = Some(value);
                self.subject_name = self.names.x509_fabricate_name();
            }
            Act::NameSegment => self.names.x509_extract_name_segment(self.last_oid, value),
            Act::NotBefore => self.not_before = time::x509_decode_time(seen.tag, value)?,
            Act::NotAfter => self.not_after = time::x509_decode_time(seen.tag, value)?,
            Act::Parameters => {
                // Only those of the key, which comes between the subject and the extensions.
                if self.subject.is_some() && self.key.is_none() {
                    self.parameters = seen.back(seen.header)?;
                }
            }
            Act::SignatureAlgorithm => {
                let (scheme, hash) = x509_note_sig_algo(self.last_oid).ok_or(Errno::Nopkg)?;
                self.scheme = Some((scheme, hash, self.last_oid));
            }
            Act::Signature => self.x509_note_signature(value)?,
            Act::Key => self.x509_extract_key_data(value)?,
            Act::Extension => self.extensions.x509_process_extension(self.last_oid, value)?,
            Act::AuthorityKey => {
                self.authority[1].get_or_insert_with(|| KeyId::new(value, b""));
            }
            Act::AuthorityName => self.authority_issuer = Some(value),
            Act::AuthoritySerial => {
                if let Some(issuer) = self.authority_issuer {
                    self.authority[0].get_or_insert_with(|| KeyId::new(value, issuer));
                }
            }
        }
        Ok(())
    }
}

/// Without the count of unused bits, which must be zero.
fn bit_string(value: &[u8]) -> Result<&[u8], Errno> {
    value.strip_prefix(&[0]).ok_or(Errno::Badmsg)
}

impl<'a> Context<'a> {
    /// `x509_cert_parser.c:x509_note_signature`.
    fn x509_note_signature(&mut self, value: &'a [u8]) -> Result<(), Errno> {
        if self.scheme.is_none_or(|(_, _, inner)| inner != self.last_oid) {
            return Err(Errno::Inval);
        }
        self.value = bit_string(value)?;
        Ok(())
    }

    /// `x509_cert_parser.c:x509_extract_key_data`.
    fn x509_extract_key_data(&mut self, value: &'a [u8]) -> Result<(), Errno> {
        let kind = match self.last_oid {
            oid::RSA => KeyKind::Rsa,
            oid::GOST_KEY_256 | oid::GOST_KEY_512 => KeyKind::Ecrdsa,
            oid::EC_PUBLIC_KEY => KeyKind::Ec(names::curve(self.parameters)?),
            _ => return Err(Errno::Nopkg),
        };
        self.key = Some(PublicKey { kind, bytes: bit_string(value)? });
        Ok(())
    }

    /// `x509_public_key.c:x509_get_sig_params`, and what else is put together at the end.
    fn x509_get_sig_params(self, blacklist: Blacklist<'_>) -> Result<Certificate<'a>, Errno> {
        // The grammar lets nothing end without these.
        let (scheme, hash, _) = self.scheme.ok_or(Errno::Badmsg)?;
        let key = self.key.ok_or(Errno::Badmsg)?;
        let digest = hash.digest(&[self.tbs]);
        let mut certificate = Certificate {
            id: KeyId::new(self.serial, self.issuer),
            subject_key_id: self.extensions.subject_key_id.map(|id| KeyId::new(id, b"")),
            key,
            unsupported: digest.is_none(),
            blacklisted: digest.as_deref().is_some_and(|digest| blacklist.is_hash_blacklisted(digest)),
            signature: Signature { scheme, hash, value: self.value, digest },
            authority: self.authority,
            not_before: self.not_before,
            not_after: self.not_after,
            self_signed: false,
            description: names::description(&self.subject_name, self.extensions.subject_key_id.unwrap_or(self.serial)),
        };
        if self.subject == Some(self.issuer) {
            certificate.x509_check_for_self_signed()?;
        }
        Ok(certificate)
    }
}

impl<'a> Certificate<'a> {
    /// Parses one certificate of `claimed` bytes.
    pub(super) fn x509_cert_parse(bytes: &'a [u8], claimed: usize, blacklist: Blacklist<'_>) -> Result<Self, Stop> {
        let mut context = Context::default();
        asn1_ber_decoder(CERTIFICATE, bytes, claimed, &mut context)?;
        if let Some(authority) = context.extensions.authority_key_id {
            asn1_ber_decoder(AUTHORITY_KEY_ID, authority, authority.len(), &mut context)?;
        }
        Ok(context.x509_get_sig_params(blacklist)?)
    }

    /// `x509_public_key.c:x509_check_for_self_signed`, once the names are known to be the same: a wrong signature of
    /// such a certificate fails the whole message.
    fn x509_check_for_self_signed(&mut self) -> Result<(), Errno> {
        let [by_serial, by_key] = &self.authority;
        if by_serial.is_some() || by_key.is_some() {
            let key_matches = self.subject_key_id.is_some() && self.subject_key_id == *by_key;
            let serial_matches = by_serial.as_ref() == Some(&self.id);
            match (key_matches, serial_matches) {
                (false, false) => return Ok(()),
                (true, true) => {}
                _ if by_serial.is_some() && by_key.is_some() => return Err(Errno::Keyrejected),
                _ => {}
            }
        }
        if !self.unsupported {
            match public_key_verify_signature(&self.key, &self.signature) {
                Ok(()) => self.self_signed = true,
                Err(Errno::Nopkg) => self.unsupported = true,
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }
}

/// `x509_cert_parser.c:x509_note_sig_algo`.
fn x509_note_sig_algo(oid: &[u8]) -> Option<(Scheme, Hash)> {
    Some(match oid {
        oid::RSA_SHA1 => (Scheme::Rsa, Hash::Sha1),
        oid::RSA_SHA224 => (Scheme::Rsa, Hash::Sha224),
        oid::RSA_SHA256 => (Scheme::Rsa, Hash::Sha256),
        oid::RSA_SHA384 => (Scheme::Rsa, Hash::Sha384),
        oid::RSA_SHA512 => (Scheme::Rsa, Hash::Sha512),
        oid::RSA_SHA3_256 => (Scheme::Rsa, Hash::Sha3_256),
        oid::RSA_SHA3_384 => (Scheme::Rsa, Hash::Sha3_384),
        oid::RSA_SHA3_512 => (Scheme::Rsa, Hash::Sha3_512),
        oid::ECDSA_SHA1 => (Scheme::Ecdsa, Hash::Sha1),
        oid::ECDSA_SHA224 => (Scheme::Ecdsa, Hash::Sha224),
        oid::ECDSA_SHA256 => (Scheme::Ecdsa, Hash::Sha256),
        oid::ECDSA_SHA384 => (Scheme::Ecdsa, Hash::Sha384),
        oid::ECDSA_SHA512 => (Scheme::Ecdsa, Hash::Sha512),
        oid::ECDSA_SHA3_256 => (Scheme::Ecdsa, Hash::Sha3_256),
        oid::ECDSA_SHA3_384 => (Scheme::Ecdsa, Hash::Sha3_384),
        oid::ECDSA_SHA3_512 => (Scheme::Ecdsa, Hash::Sha3_512),
        oid::GOST_SIGNATURE_256 | oid::GOST_SIGNATURE_512 => (Scheme::Ecrdsa, Hash::Streebog),
        _ => return None,
    })
}
