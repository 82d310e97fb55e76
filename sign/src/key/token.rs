//! Keys in tokens (PKCS#11 3.0): smart cards and hardware security modules. The key never leaves the token, which signs the digest.

use super::public::Public;
use super::uri::{Pin, Uri};
use crate::failure::Failure;
use crate::passphrase::{self, Passphrase};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::AuthPin;
use skexec::digest::Algorithm;
use std::path::Path;
use x509_cert::spki::SubjectPublicKeyInfoOwned;

/// A key, and the session in which it signs.
pub(crate) struct Token {
    session: Session,
    key: ObjectHandle,
    /// By the certificate: many tokens cannot say what the public key is.
    public: Public,
    name: String,
}

impl Token {
    /// Finds the key that belongs to a certificate's public key, and logs in. A PIN that the URI does not give comes from
    /// `pin_file` or from the terminal.
    pub(crate) fn open(
        uri: &Uri,
        module: Option<&Path>,
        pin_file: Option<&Path>,
        public: &SubjectPublicKeyInfoOwned,
    ) -> Result<Self, Failure> {
        let public = Public::of_certificate(public)?;
        let context = load(uri, module)?;
        let (slot, token) = slot(&context, uri)?;
        let session = context.open_ro_session(slot).map_err(|error| failed(uri, &error))?;
        log_in(&session, &token, uri, pin_file)?;
        let key = find(&session, uri, &public)?;
        Ok(Self { session, key, public, name: uri.to_string() })
    }

    pub(crate) fn public(&self) -> &Public {
        &self.public
    }

    /// Signs a digest. A signature that the certificate's key does not verify is not given away: the token holds another key.
    pub(crate) fn sign(&self, algorithm: Algorithm, digest: &[u8]) -> Result<Vec<u8>, Failure> {
        let mechanism = if self.public.is_rsa() { Mechanism::RsaPkcs } else { Mechanism::Ecdsa };
        let to_sign = self.public.to_sign(algorithm, digest)?;
        let signed = self.session.sign(&mechanism, self.key, &to_sign);
        let signed =
            signed.map_err(|error| Failure::failed(format!("{}: the token did not sign: {error}", self.name)))?;
        self.public.verified(algorithm, digest, &signed).ok_or_else(|| {
            Failure::unsuitable(format!("{} is not the private key of the certificate", self.name))
                .advise("give the certificate that was made for this key with --cert")
        })
    }
}

fn failed(uri: &Uri, error: &Error) -> Failure {
    Failure::failed(format!("{uri}: {error}"))
}

fn load(uri: &Uri, module: Option<&Path>) -> Result<Pkcs11, Failure> {
    let module = module.or(uri.module.as_deref()).ok_or_else(|| {
        Failure::usage(format!("{uri}: the token's PKCS#11 module is not named"))
            .advise("name the module with --pkcs11-module or with module-path= in the URI")
    })?;
    let failed =
        |error: &Error| Failure::failed(format!("cannot load the PKCS#11 module {}: {error}", module.display()));
    let context = Pkcs11::new(module).map_err(|error| failed(&error))?;
    context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).map_err(|error| failed(&error))?;
    Ok(context)
}

/// The one token that has everything the URI says about it.
fn slot(context: &Pkcs11, uri: &Uri) -> Result<(Slot, TokenInfo), Failure> {
    let mut found = Vec::new();
    for slot in context.get_slots_with_initialized_token().map_err(|error| failed(uri, &error))? {
        let token = context.get_token_info(slot).map_err(|error| failed(uri, &error))?;
        if is_named(&token, slot, uri) {
            found.push((slot, token));
        }
    }
    match (found.len(), found.pop()) {
        (1, Some(one)) => Ok(one),
        (0, _) => Err(Failure::unsuitable(format!("{uri}: no token is like this")).advise(LIST)),
        (count, _) => Err(Failure::unsuitable(format!("{uri}: {count} tokens are like this"))
            .advise("name one of them with token= or serial= in the URI")),
    }
}

const LIST: &str = "list the tokens and their keys: p11tool --list-tokens; p11tool --list-privkeys --login URI";

fn is_named(token: &TokenInfo, slot: Slot, uri: &Uri) -> bool {
    let same = |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|wanted| wanted.trim_end() == value);
    same(&uri.token, token.label())
        && same(&uri.manufacturer, token.manufacturer_id())
        && same(&uri.model, token.model())
        && same(&uri.serial, token.serial_number())
        && uri.slot.is_none_or(|wanted| wanted == slot.id())
}

fn log_in(session: &Session, token: &TokenInfo, uri: &Uri, pin_file: Option<&Path>) -> Result<(), Failure> {
    if !token.login_required() {
        return Ok(());
    }
    // A token with a keypad of its own asks for the PIN itself.
    let pin = if token.protected_authentication_path() { None } else { Some(pin(token, uri, pin_file)?) };
    let pin = pin.map(|pin| AuthPin::from(pin.as_str().to_owned()));
    session.login(UserType::User, pin.as_ref()).map_err(|error| match error {
        Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _) => {
            Failure::failed(format!("{uri}: the PIN is wrong"))
        }
        Error::Pkcs11(RvError::PinLocked, _) => {
            Failure::failed(format!("{uri}: the token is locked after too many wrong PINs"))
        }
        other => failed(uri, &other),
    })
}

fn pin(token: &TokenInfo, uri: &Uri, file: Option<&Path>) -> Result<Passphrase, Failure> {
    match (&uri.pin, file) {
        (Some(Pin::Value(pin)), _) => {
            eprintln!(
                "skexec-sign: warning: other users can see the PIN on the command line; use pin-source= in the URI"
            );
            Ok(pin.clone())
        }
        (Some(Pin::File(path)), _) => passphrase::first_line(path),
        (None, Some(path)) => passphrase::first_line(path),
        (None, None) => passphrase::ask(&format!("PIN of the token {}: ", token.label())),
    }
}

/// The one private key that the URI names.
fn find(session: &Session, uri: &Uri, public: &Public) -> Result<ObjectHandle, Failure> {
    let mut template = vec![Attribute::Class(ObjectClass::PRIVATE_KEY)];
    template.extend(uri.object.as_ref().map(|label| Attribute::Label(label.as_bytes().to_vec())));
    template.extend(uri.id.clone().map(Attribute::Id));
    let found = session.find_objects(&template).map_err(|error| failed(uri, &error))?;
    let [key] = found[..] else {
        return Err(match found.len() {
            0 => Failure::unsuitable(format!("{uri}: the token has no such private key")).advise(LIST),
            count => Failure::unsuitable(format!("{uri}: the token has {count} such private keys"))
                .advise("name one of them with id= in the URI"),
        });
    };
    let wanted = if public.is_rsa() { KeyType::RSA } else { KeyType::EC };
    let kind = session.get_attributes(key, &[AttributeType::KeyType]).map_err(|error| failed(uri, &error))?;
    match kind.first() {
        Some(Attribute::KeyType(kind)) if *kind == wanted => Ok(key),
        _ => Err(Failure::unsuitable(format!("{uri} is not the private key of the certificate"))
            .advise("give the certificate that was made for this key with --cert")),
    }
}
