//! Keys in files: PKCS#8 (RFC 5958) in PEM (RFC 7468), encrypted by PBES2 (RFC 8018) or not.

use super::PrivateKey;
use crate::failure::Failure;
use crate::passphrase::{self, Passphrase};
use der::asn1::ObjectIdentifier;
use pkcs8::pkcs5::pbes2;
use pkcs8::{EncodePrivateKey, EncryptedPrivateKeyInfo, LineEnding, PrivateKeyInfo, SecretDocument};
use rand_core::{OsRng, RngCore};
use std::fs;
use std::path::Path;
use zeroize::Zeroizing;

const PLAIN: &str = "PRIVATE KEY";
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";
const CONVERT: &str = "convert the key: openssl pkcs8 -topk8 -v2 aes-256-cbc -in KEY -out NEW-KEY";
/// Of PBKDF2 with HMAC-SHA-256. OpenSSL reads such keys; it refuses the memory that scrypt needs at the same strength.
const ITERATIONS: u32 = 600_000;

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

impl PrivateKey {
    /// Reads a key, and its passphrase from `passphrase` or from the terminal where it is encrypted.
    pub(super) fn read(path: &Path, passphrase: Option<&Path>) -> Result<Self, Failure> {
        let text = fs::read(path).map(Zeroizing::new).map_err(|error| Failure::file("read", path, &error))?;
        let no_key = |what: &str| Failure::unsuitable(format!("{}: {what}", path.display())).advise(CONVERT);
        let text = std::str::from_utf8(&text).map_err(|_| no_key("this is no private key in PEM"))?;
        let (label, document) = SecretDocument::from_pem(text).map_err(|_| no_key("this is no private key in PEM"))?;
        let document = match label {
            PLAIN => document,
            ENCRYPTED => {
                let info = EncryptedPrivateKeyInfo::try_from(document.as_bytes())
                    .map_err(|_| no_key("the encryption of the private key is not supported"))?;
                decrypt(&info, path, &passphrase::of_key(path, passphrase)?)?
            }
            label => return Err(no_key(&format!("the PEM block is {label}; {PLAIN} or {ENCRYPTED} is needed"))),
        };
        Self::from_pkcs8(document.as_bytes())
            .map_err(|failure| Failure::unsuitable(format!("{}: {failure}", path.display())))
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self, Failure> {
        let malformed = || Failure::unsuitable("the private key is malformed");
        let info = PrivateKeyInfo::try_from(der).map_err(|_| malformed())?;
        let curve = info.algorithm.parameters_oid().ok();
        match (info.algorithm.oid, curve) {
            (super::RSA, _) => rsa::RsaPrivateKey::try_from(info).map_err(|_| malformed()).and_then(Self::of_rsa),
            (EC, Some(P256)) => p256::SecretKey::try_from(info).map(Self::P256).map_err(|_| malformed()),
            (EC, Some(P384)) => p384::SecretKey::try_from(info).map(Self::P384).map_err(|_| malformed()),
            _ => Err(Failure::unsuitable("the key is neither RSA nor ECDSA P-256 or P-384")),
        }
    }

    /// The key in PEM, encrypted where there is a passphrase.
    pub(crate) fn to_pem(&self, passphrase: Option<&Passphrase>) -> Result<Zeroizing<String>, Failure> {
        let failed = |what: &str| Failure::failed(format!("cannot encode the private key: {what}"));
        let plain = match self {
            Self::Rsa(key) => key.to_pkcs8_der(),
            Self::P256(key) => key.to_pkcs8_der(),
            Self::P384(key) => key.to_pkcs8_der(),
            Self::Token(_) => return Err(failed("it is in a token")),
        };
        let plain = plain.map_err(|error| failed(&error.to_string()))?;
        let Some(passphrase) = passphrase else { return Ok(plain.to_pem(PLAIN, LineEnding::LF)?) };
        let (mut salt, mut iv) = ([0; 16], [0; 16]);
        OsRng.fill_bytes(&mut salt);
        OsRng.fill_bytes(&mut iv);
        let parameters = pbes2::Parameters::pbkdf2_sha256_aes256cbc(ITERATIONS, &salt, &iv)
            .map_err(|error| failed(&error.to_string()))?;
        let encrypted = PrivateKeyInfo::try_from(plain.as_bytes())
            .and_then(|info| info.encrypt_with_params(parameters, passphrase.as_bytes()))
            .map_err(|error| failed(&error.to_string()))?;
        Ok(encrypted.to_pem(ENCRYPTED, LineEnding::LF)?)
    }
}

/// A wrong passphrase gives wrong padding, or bytes that are no key.
fn decrypt(
    info: &EncryptedPrivateKeyInfo<'_>,
    path: &Path,
    passphrase: &Passphrase,
) -> Result<SecretDocument, Failure> {
    let document = info.decrypt(passphrase.as_bytes()).ok();
    document
        .filter(|document| PrivateKeyInfo::try_from(document.as_bytes()).is_ok())
        .ok_or_else(|| Failure::failed(format!("{}: the passphrase is wrong", path.display())))
}
