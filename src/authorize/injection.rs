//! Files that are added to the initrd in memory, on no disk: `--inject` and `--credential`.

mod content;
mod place;

pub use content::lasts;
pub use place::{Credential, InitrdPath};

use super::initrds::{Origin, Supply};
use crate::image::cpio::{self, Entry};
use crate::reason::{Finding, Reason};
use crate::sources::policy::Policy;
use crate::sys::{Private, forbid_core_dumps, random_in_any_case};
use content::Content;
use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

/// The permission bits of an added file: root may read it.
const FILE_MODE: u32 = 0o400;

/// The most files of one load: each may take a mebibyte of memory that is not swapped out.
const MAX_FILES: usize = 16;

/// What an added file is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A file with this path in the initrd.
    File(InitrdPath),
    /// A credential of systemd, where systemd in the initrd looks for it.
    Credential(Credential),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.write_str(path.as_str()),
            Self::Credential(name) => write!(f, "the credential {}", name.as_str()),
        }
    }
}

impl Target {
    /// Whether the policy lets it be added to an initrd that a signature must cover.
    pub(super) fn is_allowed_by(&self, policy: &Policy) -> bool {
        match self {
            Self::File(path) => policy.inject.value.iter().any(|allowed| allowed == path.as_str()),
            Self::Credential(name) => policy.credentials.value.iter().any(|allowed| allowed == name.as_str()),
        }
    }

    /// Every path that it may have in the initrd: a credential's depends on whether it is encrypted.
    fn paths(&self) -> Vec<String> {
        match self {
            Self::File(path) => vec![path.as_str().to_owned()],
            Self::Credential(name) => vec![name.path(false), name.path(true)],
        }
    }

    fn path(&self, content: &Content) -> String {
        match self {
            Self::File(path) => path.as_str().to_owned(),
            Self::Credential(name) => name.path(content.is_encrypted_credential()),
        }
    }
}

/// A file that the user adds to the initrd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Injection {
    /// What it is there.
    pub target: Target,
    /// The file that has its bytes; `-` is standard input.
    pub source: PathBuf,
}

/// Why some files cannot be added together: too many, one descriptor or one path twice, or a file that another one needs as a folder.
#[must_use]
pub fn conflict(injections: &[Injection]) -> Option<String> {
    if injections.len() > MAX_FILES {
        return Some(format!("at most {MAX_FILES} files can be added to the initrd"));
    }
    if let Some(twice) = read_twice(injections) {
        return Some(format!("{twice} can be read only once"));
    }
    let all: Vec<_> =
        injections.iter().flat_map(|own| own.target.paths().into_iter().map(move |path| (own, path))).collect();
    let mut pairs = all
        .iter()
        .enumerate()
        .flat_map(|(index, one)| all.iter().skip(index.saturating_add(1)).map(move |other| (one, other)));
    pairs.find_map(|((own, one), (their, other))| {
        if std::ptr::eq(*own, *their) {
            return None;
        }
        if one == other {
            return Some(format!("{} and {} would be one file in the initrd: {one}", own.target, their.target));
        }
        let below = |file: &str, path: &str| path.strip_prefix(file).is_some_and(|rest| rest.starts_with('/'));
        let (file, path) = match () {
            () if below(one, other) => (one, other),
            () if below(other, one) => (other, one),
            () => return None,
        };
        Some(format!("{file} cannot be a file in the initrd, because {path} needs it as a folder"))
    })
}

/// The descriptor that two files name.
fn read_twice(injections: &[Injection]) -> Option<String> {
    let mut seen = Vec::new();
    let twice = injections.iter().filter_map(|own| content::descriptor(&own.source)).find(|descriptor| {
        let known = seen.contains(descriptor);
        seen.push(*descriptor);
        known
    })?;
    Some(if twice == "0" { "standard input".into() } else { format!("descriptor {twice}") })
}

/// The added files as an archive that the kernel unpacks. Its memory is not swapped out, and is wiped when it is dropped.
pub struct Injected {
    files: Vec<Added>,
    archive: Private,
}

/// A file of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// What the user asked for.
    pub target: Target,
    /// Its path in the initrd.
    pub path: String,
}

/// Without the archive, which may hold secrets.
impl fmt::Debug for Injected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Injected").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Injected {
    /// Reads the files, each once, and makes the archive; `None` where no file is added.
    ///
    /// # Errors
    /// `unreadable`, `not-regular` or `injection-size`, for the first file that cannot be added.
    pub fn read(injections: &[Injection]) -> Result<Option<Self>, Finding> {
        if injections.is_empty() {
            return Ok(None);
        }
        forbid_core_dumps();
        let mut files = Vec::with_capacity(injections.len());
        let mut contents = Vec::with_capacity(injections.len());
        for injection in injections {
            let content = Content::read(&injection.source)?;
            files.push(Added { target: injection.target.clone(), path: injection.target.path(&content) });
            contents.push(content);
        }
        let archive = archive(&files, &contents)?;
        Ok(Some(Self { files, archive }))
    }

    /// The archive (cpio, `newc`) as a part of the initrd that nobody signed. The kernel must unpack it last.
    #[must_use]
    pub fn supply(&self) -> Supply<'_> {
        let origin = Origin::Added(self.files.clone());
        Supply::Bytes { origin, bytes: Cow::Borrowed(&self.archive), signer: None }
    }
}

fn archive(files: &[Added], contents: &[Content]) -> Result<Private, Finding> {
    let names: Vec<_> = files.iter().map(|file| file.path.trim_start_matches('/')).collect();
    let folders = place::folders(names.iter().copied());
    let folders = folders.into_iter().map(|(name, mode)| Entry::folder(name, mode));
    let files = names.iter().zip(contents).map(|(name, content)| Entry::file(name, FILE_MODE, content.bytes()));
    let mut entries: Vec<_> = folders.chain(files).collect();
    // The digest of the initrd is logged, measured and shown to every user of the next system: it must not confirm a guessed passphrase.
    if let Some(last) = entries.last_mut() {
        *last = last.salted(salt());
    }
    let length = cpio::length(&entries);
    let mut archive = Private::new(length).map_err(|error| Finding::new(Reason::Unreadable, error.to_string()))?;
    // Guarded before it is filled: from then on it is wiped, also where the rest fails.
    archive.guard(0..length);
    cpio::write(&entries, &mut archive)?;
    Ok(archive)
}

fn salt() -> [u32; 4] {
    let bytes = random_in_any_case::<16>().unwrap_or_default();
    [0, 4, 8, 12].map(|at| bytes.get(at..).and_then(<[u8]>::first_chunk).copied().map_or(0, u32::from_ne_bytes))
}

#[cfg(test)]
mod tests;
