//! `skexec-sign image`: Authenticode for a PE, which a kernel with an EFI stub and a unified kernel image are.

mod container;
mod spc;

use crate::args::ImageArgs;
use crate::failure::Failure;
use crate::message::{self, Content};
use crate::output;
use crate::signer::Signer;
use container::Unsigned;
use skexec::digest::{Digest, Hashed};
use skexec::image::Parsed;
use skexec::trust::authenticode::image_digest;
use skexec::trust::{self, Signature};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

pub(crate) fn run(args: &ImageArgs) -> Result<String, Failure> {
    let (bytes, mode) = read(&args.file)?;
    let unsigned = Unsigned::new(bytes, args.replace).map_err(|refusal| refusal.failure(&args.file))?;
    let signer = Signer::read(&args.signer)?;
    let (signed, digest) = sign_unsigned(&args.file, unsigned, &signer)?;
    let path = args.output.as_deref().unwrap_or(&args.file);
    output::replace(path, &signed, mode)?;
    Ok(format!("{}: signed by {}, {digest}", path.display(), signer.name()))
}

/// Signs an image in memory, in place of the signatures that it has; `path` is its name in errors.
pub(crate) fn sign(path: &Path, bytes: Vec<u8>, signer: &Signer) -> Result<(Vec<u8>, Digest), Failure> {
    let unsigned = Unsigned::new(bytes, true).map_err(|refusal| refusal.failure(path))?;
    sign_unsigned(path, unsigned, signer)
}

fn sign_unsigned(path: &Path, unsigned: Unsigned, signer: &Signer) -> Result<(Vec<u8>, Digest), Failure> {
    let digest = digest(&unsigned, signer);
    let content = Content::Inside(spc::INDIRECT_DATA, spc::indirect_data(&digest)?);
    let message = message::sign(content, signer)?;
    let signed = unsigned.with_signature(&message).map_err(|refusal| refusal.failure(path))?;
    check(path, &signed, signer)?;
    Ok((signed, digest))
}

fn read(path: &Path) -> Result<(Vec<u8>, u32), Failure> {
    let metadata = fs::metadata(path).map_err(|error| Failure::file("read", path, &error))?;
    if !metadata.is_file() {
        return Err(Failure::failed(format!("cannot read {}: it is no regular file", path.display())));
    }
    let bytes = fs::read(path).map_err(|error| Failure::file("read", path, &error))?;
    Ok((bytes, metadata.mode()))
}

/// The loader's own image digest: what is signed is what it will verify.
fn digest(unsigned: &Unsigned, signer: &Signer) -> Digest {
    image_digest(&Hashed::new(unsigned.bytes()), unsigned.pe(), signer.algorithm)
}

/// An image that the loader would refuse even where it trusts the signer is not written.
fn check(path: &Path, signed: &[u8], signer: &Signer) -> Result<(), Failure> {
    let judgement = trust::judge(Parsed::new(signed), Signature::Embedded, &signer.trust());
    match judgement.outcome {
        Ok(_) => Ok(()),
        Err(refused) => Err(Failure::found(path, refused.refusal.first())),
    }
}
