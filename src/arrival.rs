//! Who started the running kernel: what skexec expected to boot next, kept in /var/lib/skexec, and, for segments, carried in memory
//! by the boot data of the new kernel.
//!
//! A load notes what it expects, the command that jumps notes when. The next boot compares that with what the running kernel shows about
//! itself, and keeps the answer in /run until its end. It is for people and their logs: nothing is permitted or refused by it.

mod expected;
mod judge;
mod now;
mod signs;
mod words;

pub(crate) use expected::{Exec, Expected, Image};
pub(crate) use judge::{Arrival, Outcome};
pub(crate) use now::cmdline_sha256;

use crate::machine::{Release, boot_id};
use crate::sources::files::read_system_file;
use crate::sources::replace::{gone, replace};
use crate::sources::{Root, lock};
use now::Now;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;

/// What is expected to boot next.
pub(crate) const PATH: &str = "/var/lib/skexec/next.json";
const RUN: &str = "/run/skexec";
/// What became of it, until the end of this boot.
const ARRIVED: &str = "/run/skexec/arrival.json";
/// The largest file, in bytes.
const MAX_SIZE: u64 = 1 << 20;

/// The mark for segments that the next kernel gets.
#[must_use]
pub(crate) fn mark(root: &Root, image: &Image) -> Option<Vec<u8>> {
    serde_json::to_vec(&Expected::here(root, Some(image.clone()))?).ok()
}

/// Notes what the running kernel was given to boot next; nothing after an unload. A shutdown that is scheduled or under way will boot this
/// image: one that was stopped has been taken back before the load, by `exec::take_back_stopped`.
///
/// # Errors
/// Those of reading and writing the files.
pub(crate) fn expect(root: &Root, image: Option<Image>) -> io::Result<()> {
    if image.is_none() && !root.has(PATH) {
        return Ok(());
    }
    let expected = image.and_then(|image| Expected::here(root, Some(image)));
    update(root, |before| {
        let exec = before.and_then(|before| before.exec).filter(|exec| exec.clean);
        expected.map(|expected| Expected { exec, ..expected })
    })
}

/// Notes the jump that comes next, with the image that is booted as far as skexec knows it.
///
/// # Errors
/// As for [`expect`].
pub(crate) fn execute(root: &Root, image: Option<Image>, exec: Exec) -> io::Result<()> {
    let expected = Expected::here(root, image).map(|expected| Expected { exec: Some(exec), ..expected });
    update(root, |_| expected)
}

/// Notes that the jump was not made.
///
/// # Errors
/// As for [`expect`].
pub(crate) fn stay(root: &Root) -> io::Result<()> {
    if !root.has(PATH) {
        return Ok(());
    }
    update(root, |expected| expected.map(|expected| Expected { exec: None, ..expected }))
}

/// What is expected of the next boot by this one.
pub(crate) fn awaited(root: &Root) -> Option<Expected> {
    let own = boot_id(root);
    expected(root).ok().flatten().filter(|expected| Some(&expected.boot_id) == own.as_ref())
}

/// Whether a shutdown that boots the loaded kernel was noted in this boot. What was stopped has been taken back by
/// `exec::take_back_stopped`, as far as systemd tells.
pub(crate) fn awaits_shutdown(root: &Root) -> bool {
    awaited(root).and_then(|awaited| awaited.exec).is_some_and(|exec| exec.clean)
}

/// Expects again what was [`awaited`] before an attempt that failed.
///
/// # Errors
/// As for [`expect`].
pub(crate) fn await_again(root: &Root, before: Option<Expected>) -> io::Result<()> {
    update(root, |_| before)
}

/// How this boot began, as it is kept in /run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settled {
    #[serde(flatten)]
    pub(crate) arrival: Arrival,
    /// The system's log has it.
    #[serde(default)]
    pub(crate) logged: bool,
}

/// How this boot began, as far as skexec is concerned; nothing where skexec has nothing to do with it. Nothing is changed.
///
/// # Errors
/// Why a file that is there cannot be read.
pub(crate) fn read(root: &Root) -> io::Result<Option<Arrival>> {
    let now = Now::read(root);
    match settled(root, &now)? {
        Some(settled) => Ok(Some(settled.arrival.looked_at_again(&now))),
        None => Ok(Arrival::judge(expected(root)?, &now)),
    }
}

/// The same; what it says for the first time in this boot is kept in /run, and expected no more.
///
/// # Errors
/// Why a file cannot be read or written.
pub(crate) fn settle(root: &Root) -> io::Result<Option<Settled>> {
    let _lock = if root.has(lock::STATE) { Some(lock::state(root)?) } else { None };
    settle_locked(root)
}

/// Notes that the system's log has it.
///
/// # Errors
/// Why the file cannot be written.
pub(crate) fn note_logged(root: &Root, settled: &Settled) -> io::Result<()> {
    store(root, ARRIVED, &Settled { logged: true, ..settled.clone() })
}

fn settle_locked(root: &Root) -> io::Result<Option<Settled>> {
    let now = Now::read(root);
    if let Some(settled) = settled(root, &now)? {
        return Ok(Some(settled));
    }
    let expected = expected(root)?;
    let over = expected.as_ref().is_some_and(|expected| now.is_after(&expected.boot_id));
    let Some(arrival) = Arrival::judge(expected, &now) else { return Ok(None) };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(root.path(RUN))?;
    let settled = Settled { arrival, logged: false };
    store(root, ARRIVED, &settled)?;
    if over {
        fs::remove_file(root.path(PATH))?;
    }
    Ok(Some(settled))
}

/// Settles this boot, then changes what is expected of the next.
fn update(root: &Root, change: impl FnOnce(Option<Expected>) -> Option<Expected>) -> io::Result<()> {
    let _lock = lock::state(root)?;
    // A file that cannot be read would be replaced all the same.
    let _ = settle_locked(root);
    let before = expected(root).unwrap_or_default();
    let own = boot_id(root);
    match change(before.filter(|expected| Some(&expected.boot_id) == own.as_ref())) {
        Some(expected) => store(root, PATH, &expected),
        None => gone(&root.path(PATH)),
    }
}

/// What is noted of this boot.
fn settled(root: &Root, now: &Now) -> io::Result<Option<Settled>> {
    let settled: Option<Settled> = load(root, ARRIVED)?;
    let own = settled.filter(|settled| now.is(&settled.arrival.boot_id));
    own.map(|settled| settled.arrival.expected.check().map(|()| settled)).transpose()
}

/// What is expected of the next boot, or, after that has begun, of this one.
fn expected(root: &Root) -> io::Result<Option<Expected>> {
    let expected: Option<Expected> = load(root, PATH)?;
    expected.map(|expected| expected.check().map(|()| expected)).transpose()
}

fn store(root: &Root, path: &str, content: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(content)?;
    text.push(b'\n');
    replace(&root.path(path), &text, 0o600)
}

fn load<T: DeserializeOwned>(root: &Root, path: &str) -> io::Result<Option<T>> {
    let bytes = read_system_file(root, path, MAX_SIZE).map_err(|error| io::Error::other(error.what))?;
    bytes.map(|bytes| serde_json::from_slice(&bytes).map_err(Into::into)).transpose()
}

impl Expected {
    /// What is expected from this boot on; nothing where the boot has no ID by which the next one could be told from it.
    fn here(root: &Root, image: Option<Image>) -> Option<Self> {
        let from = Release::read(root).text;
        Some(Self { schema: expected::SCHEMA, boot_id: boot_id(root)?, from, image, exec: None })
    }
}

#[cfg(test)]
mod tests;
