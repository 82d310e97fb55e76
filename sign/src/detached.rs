//! `skexec-sign detached`: a signature over any file, in a file of its own.

use crate::args::DetachedArgs;
use crate::failure::Failure;
use crate::message::{self, Content};
use crate::output;
use crate::signer::Signer;
use skexec::image::Parsed;
use skexec::trust::{self, Signature};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn run(args: &DetachedArgs) -> Result<String, Failure> {
    let bytes = fs::read(&args.file).map_err(|error| Failure::file("read", &args.file, &error))?;
    let signer = Signer::read(&args.signer)?;
    let message = message::sign(Content::Detached(&bytes), &signer)?;
    check(&args.file, bytes, &message, &signer)?;
    let path = args.output.clone().unwrap_or_else(|| beside(&args.file));
    output::replace(&path, &message, output::PUBLIC)?;
    Ok(format!("{}: the signature of {} over {}", path.display(), signer.name(), args.file.display()))
}

/// FILE.p7s, where skexec looks for it.
pub(crate) fn beside(file: &Path) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(".p7s");
    PathBuf::from(name)
}

/// A signature that the loader would refuse is not written.
pub(crate) fn check(path: &Path, bytes: Vec<u8>, message: &[u8], signer: &Signer) -> Result<(), Failure> {
    let judgement = trust::judge(Parsed::new(bytes), Signature::Detached(message), &signer.trust());
    match judgement.outcome {
        Ok(_) => Ok(()),
        Err(refused) => Err(Failure::found(path, refused.refusal.first())),
    }
}
