//! `skexec-sign manifest`: the text that binds a kernel, its initrds and its command line (docs/manifest.md), and its signature.

mod text;

use crate::args::ManifestArgs;
use crate::detached;
use crate::failure::Failure;
use crate::message::{self, Content};
use crate::output;
use crate::signer::Signer;
use skexec::digest::sha256;
use skexec::image::{Format, Parsed};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use text::{Bound, Manifest};

pub(crate) fn run(args: &ManifestArgs) -> Result<String, Failure> {
    let path = args.output.clone().unwrap_or_else(|| beside(&args.kernel));
    if args.file_names {
        args.initrd.iter().chain([&args.kernel]).try_for_each(|file| lies_beside(file, &path))?;
    }
    let manifest = Manifest {
        name: &args.name,
        version: args.boot_version,
        cmdline: &args.cmdline,
        kernel: kernel(args)?,
        initrds: args.initrd.iter().map(|path| bound(path, &read(path)?, args.file_names)).collect::<Result<_, _>>()?,
        vary: &args.vary,
    };
    let text = manifest.to_string().into_bytes();
    // A manifest that the loader would refuse is not written.
    skexec::image::manifest::Manifest::parse(&text).map_err(|finding| Failure::found(&args.kernel, &finding))?;
    let signer = Signer::read(&args.signer)?;
    let message = message::sign(Content::Detached(&text), &signer)?;
    detached::check(&path, text.clone(), &message, &signer)?;
    // The signature first: until both are there, the loader finds no manifest, or one that its signature does not fit, and refuses it.
    output::replace(&detached::beside(&path), &message, output::PUBLIC)?;
    output::replace(&path, &text, output::PUBLIC)?;
    let files = match args.initrd.len() {
        0 => "1 file".to_owned(),
        count => format!("{} files", count.saturating_add(1)),
    };
    Ok(format!("{}: {} version {}, {files}, signed by {}", path.display(), args.name, args.boot_version, signer.name()))
}

/// The kernel. The loader refuses a manifest of a unified kernel image, which is signed as a whole.
fn kernel(args: &ManifestArgs) -> Result<Bound, Failure> {
    let bytes = read(&args.kernel)?;
    if Parsed::new(bytes.as_slice()).format() == Format::Uki {
        let message =
            format!("{}: a unified kernel image binds its own initrd and command line", args.kernel.display());
        return Err(Failure::unsuitable(message).advise("sign the image itself: skexec-sign image"));
    }
    bound(&args.kernel, &bytes, args.file_names)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::file("read", path, &error))
}

/// Size and digest of a file, and its name where that is asked for.
fn bound(path: &Path, bytes: &[u8], with_name: bool) -> Result<Bound, Failure> {
    if bytes.is_empty() {
        return Err(Failure::unsuitable(format!("{}: the file is empty", path.display())));
    }
    let file = if with_name { Some(file_name(path)?) } else { None };
    Ok(Bound { sha256: sha256(&[bytes]), size: bytes.len(), file })
}

fn file_name(path: &Path) -> Result<String, Failure> {
    let name = path.file_name().and_then(|name| name.to_str()).filter(|name| !name.contains(char::is_control));
    name.map(str::to_owned)
        .ok_or_else(|| Failure::unsuitable(format!("{}: a manifest cannot hold this file name", path.display())))
}

/// The loader looks for the files beside the manifest, so names of other files would lead to nothing, or to another file.
fn lies_beside(file: &Path, manifest: &Path) -> Result<(), Failure> {
    if directory(file)? == directory(manifest)? {
        return Ok(());
    }
    let (file, manifest) = (file.display(), manifest.display());
    let message =
        format!("{file} is not in the directory of {manifest}: --file-names is for files beside the manifest");
    Err(Failure::usage(message).advise("write the manifest into the directory of the files, or leave out --file-names"))
}

/// The directory of a file, which need not exist, without links.
fn directory(file: &Path) -> Result<PathBuf, Failure> {
    let named = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    named.unwrap_or_else(|| Path::new(".")).canonicalize().map_err(|error| Failure::file("find", file, &error))
}

/// KERNEL.manifest, where skexec looks for it.
fn beside(kernel: &Path) -> PathBuf {
    let mut name = OsString::from(kernel);
    name.push(".manifest");
    PathBuf::from(name)
}
