//! `skexec-sign keys`: an authority to enrol, a signer that it issued, and the files for both.

use crate::args::KeysArgs;
use crate::certificate::Certificate;
use crate::esl;
use crate::failure::Failure;
use crate::issue::{self, Party, Purpose};
use crate::key::PrivateKey;
use crate::output::{self, PRIVATE, PUBLIC};
use crate::passphrase::{self, Passphrase};
use crate::signer::Signer;
use crate::variable::{self, Variable};
use der::Document;
use der::pem::LineEnding;
use rand_core::{OsRng, RngCore};
use skexec::digest::Algorithm;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// ub-common-name (RFC 5280, appendix A.1), in characters.
const LONGEST_NAME: usize = 64;

/// The files, in the order in which they are made.
const FILES: [&str; 9] =
    ["ca.key", "ca.pem", "ca.der", "ca.esl", "PK.auth", "KEK.auth", "db.auth", "signer.key", "signer.pem"];

/// What a file holds; a private key is overwritten in memory like all the others.
type Bytes = Zeroizing<Vec<u8>>;

pub(crate) fn run(args: &KeysArgs) -> Result<String, Failure> {
    let (authority, signer) = (common_name(&args.name, "CA")?, common_name(&args.name, "signer")?);
    refuse_existing(&args.directory)?;
    let passphrase = match args.no_passphrase {
        true => None,
        false => Some(passphrase::new(args.passphrase_file.as_deref())?),
    };
    let (authority_key, signer_key) = (PrivateKey::generate(args.algorithm)?, PrivateKey::generate(args.algorithm)?);
    let above = Party { name: &authority, key: &authority_key };
    let below = Party { name: &signer, key: &signer_key };
    let authority_der = issue::certificate(Purpose::Authority, above, above, args.days)?;
    let signer_der = issue::certificate(Purpose::Signer, below, above, args.days)?;
    let certificate = Certificate::from_der(&authority_der).map_err(Failure::failed)?;
    let authority = Signer { key: authority_key, certificate, chain: Vec::new(), algorithm: Algorithm::Sha256 };
    let files = files(&authority, &signer_key, &signer_der, passphrase.as_ref())?;
    write(&args.directory, files)?;
    Ok(format!("{}: made {}", args.directory.display(), FILES.join(", ")))
}

fn common_name(name: &str, role: &str) -> Result<String, Failure> {
    let full = format!("{name} {role}");
    if name.trim().is_empty() || name.chars().any(char::is_control) || full.chars().count() > LONGEST_NAME {
        let what = format!("--name must have 1 to {} characters and no control characters", LONGEST_NAME - 7);
        return Err(Failure::usage(what));
    }
    Ok(full)
}

/// An existing key is never overwritten: what it signed could not be signed again.
fn refuse_existing(directory: &Path) -> Result<(), Failure> {
    match FILES.iter().map(|name| directory.join(name)).find(|path| path.symlink_metadata().is_ok()) {
        Some(path) => Err(Failure::usage(format!("{} exists already", path.display()))
            .advise("give another directory, or move the existing keys away")),
        None => Ok(()),
    }
}

/// The content of each of [`FILES`].
fn files(
    authority: &Signer,
    signer_key: &PrivateKey,
    signer_der: &[u8],
    passphrase: Option<&Passphrase>,
) -> Result<[Bytes; 9], Failure> {
    let der = authority.certificate.loader.der();
    let list = esl::of_certificate(owner(), der)?;
    let key = |key: &PrivateKey| key.to_pem(passphrase).map(|pem| Zeroizing::new(pem.as_bytes().to_vec()));
    let variable = |variable| variable::authenticated(variable, &list, authority).map(Zeroizing::new);
    Ok([
        key(&authority.key)?,
        pem(der)?,
        Zeroizing::new(der.to_vec()),
        Zeroizing::new(list.clone()),
        variable(Variable::PlatformKey)?,
        variable(Variable::KeyExchangeKey)?,
        variable(Variable::Allowed)?,
        key(signer_key)?,
        pem(signer_der)?,
    ])
}

fn pem(der: &[u8]) -> Result<Bytes, Failure> {
    let text = Document::try_from(der)?.to_pem("CERTIFICATE", LineEnding::LF)?;
    Ok(Zeroizing::new(text.into_bytes()))
}

/// A random GUID (RFC 9562, version 4) in the order of EFI_GUID, where the third field is little-endian.
fn owner() -> [u8; 16] {
    let mut guid = [0_u8; 16];
    OsRng.fill_bytes(&mut guid);
    guid[7] = (guid[7] & 0x0f) | 0x40;
    guid[8] = (guid[8] & 0x3f) | 0x80;
    guid
}

/// Writes all files, or leaves none.
fn write(directory: &Path, files: [Bytes; 9]) -> Result<(), Failure> {
    let made = make(directory)?;
    let mut written: Vec<PathBuf> = Vec::new();
    for (name, bytes) in FILES.iter().zip(files) {
        let path = directory.join(name);
        let mode = if name.ends_with(".key") { PRIVATE } else { PUBLIC };
        if let Err(failure) = output::create(&path, &bytes, mode) {
            // What cannot be removed now could not be written a moment ago: there is nothing more to do about it.
            written.iter().for_each(|path| drop(fs::remove_file(path)));
            if made {
                let _ = fs::remove_dir(directory);
            }
            return Err(failure);
        }
        written.push(path);
    }
    Ok(())
}

/// Makes the directory, for its owner alone, and returns whether it did not exist.
fn make(directory: &Path) -> Result<bool, Failure> {
    if directory.is_dir() {
        return Ok(false);
    }
    let made = DirBuilder::new().mode(0o700).create(directory);
    made.map(|()| true).map_err(|error| Failure::file("make the directory", directory, &error))
}
