//! The command of a load, for the record: `refresh` makes it again when one of its files has changed.

use crate::authorize::{Binding, addons, lasts, signature_path};
use crate::entries::{Choice, Options};
use crate::load::Request;
use crate::record::{Asked, Stamp};
use std::path::{Path, PathBuf};

/// The command, with what it found; nothing where it reads what cannot be had again, such as a pipe.
pub(super) fn asked(words: Option<&[String]>, found: &Choice, request: &Request) -> Option<Asked> {
    let others = others(request);
    let trust = request.trust.keys.iter().chain(&request.trust.revoked);
    if !request.initrds.iter().chain(&others).chain(trust.clone()).all(|path| lasts(path)) {
        return None;
    }
    // The folder may be removed, and then no path in it can be found again.
    let all =
        request.kernel.iter().chain(&request.initrds).chain(&others).chain(&request.manifest).chain(&request.signature);
    let relative = all.chain(trust).any(|path| path.is_relative());
    let folder = if relative { std::env::current_dir().ok()?.to_str()?.to_owned() } else { String::new() };
    let stamps = |paths: &mut dyn Iterator<Item = &PathBuf>| paths.map(|path| Stamp::of(path)).collect();
    Some(Asked {
        by_path: false,
        words: words?.to_vec(),
        folder,
        release: found.release.clone(),
        options: match &found.options {
            Options::Given(text) => Some(text.clone()),
            Options::Running | Options::Unsaid => None,
        },
        files: stamps(&mut request.kernel.iter().chain(&request.initrds)),
        others: stamps(&mut others.iter()),
    })
}

/// What decides besides the kernel and the initrds what is loaded. A file that comes or goes makes another list.
fn others(request: &Request) -> Vec<PathBuf> {
    let kernel = request.kernel.as_deref();
    let manifest = request.manifest.clone().or_else(|| kernel.and_then(Binding::beside));
    let signed = manifest.iter().chain(&request.initrds).map(|path| signature_path(path));
    // A link that leads nowhere is a signature that was meant to be there.
    let signatures: Vec<_> = signed.filter(|path| path.symlink_metadata().is_ok()).collect();
    let added = request.inject.iter().map(|added| added.source.clone());
    let all = manifest.into_iter().chain(signatures).chain(request.signature.clone());
    all.chain(kernel.map(add_ons).unwrap_or_default()).chain(added).collect()
}

/// Where the folder of a UKI's add-ons cannot be read, the load says so.
fn add_ons(kernel: &Path) -> Vec<PathBuf> {
    addons::beside(kernel).map(|(found, _)| found).unwrap_or_default()
}
