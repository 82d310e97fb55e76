//! What skexec loaded, kept under /run until the next boot: the kernel tells only that something is loaded.

mod asked;
mod begun;
mod records;
mod standing;
mod unloading;

pub use crate::machine::Loader;
pub use asked::{Asked, Stamp};
pub(crate) use records::{PATIENCE, busy};
pub use records::{Prepared, Records};
pub use standing::Standing;

use crate::arrival::{Image, cmdline_sha256};
use crate::authorize::Authorized;
use crate::digest::{Algorithm, sha256};
use crate::hex;
use crate::machine::kexec::Limit;
use crate::machine::{Kexec, boot_id};
use crate::measure::Subject;
use crate::reason::{Finding, Reason};
use crate::sources::Root;
use crate::sources::root::{present, read_capped};
use crate::system::{Method, Slot};
use begun::End;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

const FOLDER: &str = "run/skexec";

const fn file_name(slot: Slot) -> &'static str {
    match slot {
        Slot::Reboot => "loaded.json",
        Slot::Panic => "loaded-panic.json",
    }
}

/// The mode of a record.
const MODE: u32 = 0o600;

/// The largest record, in bytes: a command line and the paths of a few files.
const MAX_SIZE: u64 = 16 << 20;

/// The format that this skexec writes and reads.
const SCHEMA: u32 = 1;

/// The record of one load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The format of this record.
    pub schema: u32,
    /// Seconds since 1970.
    pub time: u64,
    /// The nanoseconds after them: two loads that are alike in all else are still two.
    #[serde(default)]
    pub nanoseconds: u32,
    /// `file`: by `kexec_file_load`; `segments`: by `kexec_load`.
    pub method: String,
    /// Where the kernel was read from.
    pub kernel: String,
    /// What the kernel calls itself.
    pub release: Option<String>,
    /// SHA-256 of the whole kernel file, in hexadecimal.
    pub sha256: String,
    /// Why the kernel could be loaded: `embedded`, `detached`, `uki`, `manifest`; `waived` when the signature was waived.
    pub basis: String,
    /// Who signed, if that was proved.
    pub signer: Option<String>,
    /// What the signatures cover: `kernel`, `initrd` where all initrds are signed, `cmdline`.
    pub covers: Vec<String>,
    /// The initrds, in order.
    pub initrds: Vec<String>,
    /// Paths of the files that were added to the initrd.
    #[serde(default)]
    pub injected: Vec<String>,
    /// The command line.
    pub cmdline: String,
    /// The ID of the boot entry that named the kernel, if one did.
    #[serde(default)]
    pub boot_entry: Option<String>,
    /// The running kernel's boot ID; nothing where it cannot be read.
    #[serde(default)]
    pub boot_id: Option<String>,
    /// The value of `kernel.kexec_load_limit_reboot`, for a crash kernel `kernel.kexec_load_limit_panic`, after the load;
    /// nothing where the kernel does not count (the value is -1, or there is none before Linux 6.3).
    #[serde(default)]
    pub loads_left: Option<u32>,
    /// skexec set `kernel.kexec_load_disabled` right after the load.
    #[serde(default)]
    pub locked: bool,
    /// Who loaded it; nothing in a record of an earlier skexec.
    #[serde(default)]
    pub by: Option<Loader>,
    /// How it can be loaded anew; nothing where that is not known, where the kernel was named by its path and is no crash kernel, and in a
    /// record of an earlier skexec.
    #[serde(default)]
    pub asked: Option<Asked>,
    /// SHA-256 of all initrds, joined; nothing where there is none, or no check needed it.
    #[serde(default)]
    pub initrd_sha256: Option<String>,
    /// The next kernel gets a mark by which it shows who loaded it.
    #[serde(default)]
    pub marked: bool,
    /// SHA-256 of the processors and the memory that the headers of a dump name; nothing for another image than a crash kernel.
    #[serde(default)]
    pub hardware: Option<String>,
}

impl Record {
    /// The record of a load that is about to be made, while the kernel permits so many calls. The load that is recorded will
    /// be exactly one of them; if another program calls meanwhile, the counter will contradict the record, as it must.
    #[must_use]
    pub fn of(authorized: &Authorized, method: Method, root: &Root, limit: Option<Limit>) -> Self {
        let (kernel, initrds) = (authorized.kernel().file().sealed(), authorized.initrds());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            schema: SCHEMA,
            time: now.as_secs(),
            nanoseconds: now.subsec_nanos(),
            method: method.name().into(),
            kernel: absolute(kernel.path()).display().to_string(),
            release: authorized.image().release().map(Into::into),
            sha256: hex::encode(&authorized.kernel().file().file().whole(Algorithm::Sha256).value),
            basis: authorized.basis().name().into(),
            covers: authorized.covers().into_iter().map(Into::into).collect(),
            signer: authorized.basis().signer().map(|signer| signer.subject.clone()),
            initrds: initrds.named().map(|origin| origin.with_path(absolute).to_string()).collect(),
            injected: initrds.added().iter().map(|file| file.path.clone()).collect(),
            cmdline: authorized.cmdline().as_str().into(),
            boot_entry: None,
            boot_id: boot_id(root),
            loads_left: limit.and_then(Limit::remaining).and_then(|calls| calls.checked_sub(1)),
            locked: false,
            by: Some(Loader::this_process(root)),
            asked: None,
            initrd_sha256: initrds.known_sha256().map(|digest| hex::encode(&digest)),
            marked: false,
            hardware: None,
        }
    }
}

impl From<&Record> for Image {
    fn from(record: &Record) -> Self {
        Self {
            time: record.time,
            by: record.by.clone(),
            skexec: env!("CARGO_PKG_VERSION").into(),
            method: record.method.clone(),
            kernel: record.kernel.clone(),
            release: record.release.clone(),
            kernel_sha256: record.sha256.clone(),
            initrd_sha256: record.initrd_sha256.clone(),
            cmdline_sha256: cmdline_sha256(&record.cmdline),
            marked: record.marked,
        }
    }
}

impl Record {
    /// What tells this load from any other: a digest of all that does not change as long as its image is there.
    pub(crate) fn identity(&self) -> String {
        let fixed = Self { loads_left: None, locked: false, ..self.clone() };
        hex::encode(&sha256(&[&serde_json::to_vec(&fixed).unwrap_or_default()]))
    }

    /// What is measured of it.
    ///
    /// # Errors
    /// `not-measured`: the initrd's digest was not made, because no policy asked for it then.
    pub(crate) fn subject(&self) -> Result<Subject<'_>, Finding> {
        let has_initrd = !self.initrds.is_empty() || !self.injected.is_empty();
        if has_initrd && self.initrd_sha256.is_none() {
            let seen = "it was loaded without a digest of its initrd: load it again";
            return Err(Finding::new(Reason::NotMeasured, seen));
        }
        // What stands in for no initrd is none.
        let initrd = self.initrd_sha256.as_deref().filter(|_| has_initrd);
        Ok(Subject { kernel: &self.sha256, initrd, cmdline: &self.cmdline })
    }
}

/// The path, for a reader in another working directory.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn text(record: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(record)?;
    text.push(b'\n');
    Ok(text)
}

/// Nothing was recorded, and what the kernel holds cannot be read.
#[must_use]
pub fn none_seen() -> Finding {
    let seen = "skexec has loaded none, and whether another program has cannot be read in /sys/kernel/kexec_loaded (mount -t sysfs \
                sysfs /sys)";
    Finding::new(Reason::NothingLoaded, seen)
}

/// What is recorded for a slot.
///
/// # Errors
/// That it cannot be read or understood; that there is none is no error.
pub fn read(root: &Root, slot: Slot) -> io::Result<Option<Record>> {
    read_from(&place(root, slot))
}

/// What is recorded for a slot, and whether that is still true. After a load that was killed it may be the record of that load.
///
/// # Errors
/// As for [`read`].
pub fn known(root: &Root, kexec: &Kexec, slot: Slot) -> io::Result<Option<(Record, Standing)>> {
    let target = place(root, slot);
    let recorded = |record: Record| {
        let standing = record.standing(root, kexec, slot);
        (record, standing)
    };
    Ok(match begun::read(&target)?.map(|begun| (begun.end(root, kexec, slot), begun.record)) {
        None | Some((End::NotMade, _)) => read_from(&target)?.map(recorded),
        Some((End::Made, record)) => Some(recorded(record.unproved(kexec, slot))),
        Some((End::Unknown, record)) => {
            let other = read_from(&target)?.map_or("another image".into(), |other| other.kernel);
            let seen = format!(
                "a load of {} was ended before skexec could record it, or has not ended yet: nothing shows whether the kernel \
                 holds it or {other}",
                record.kernel
            );
            Some((record, Standing::Contradicted(seen)))
        }
    })
}

/// The record of a load in this boot that was killed when it was to replace an image: a crash kernel that the running kernel does not
/// hold any more may have been given up for it.
#[must_use]
pub fn replacing(root: &Root, slot: Slot) -> Option<Record> {
    let begun = begun::read(&place(root, slot)).ok()??;
    let own = boot_id(root);
    (begun.replaces == Some(true) && own.is_some() && begun.record.boot_id == own).then_some(begun.record)
}

fn place(root: &Root, slot: Slot) -> PathBuf {
    root.path(Path::new(FOLDER).join(file_name(slot)))
}

fn read_from(path: &Path) -> io::Result<Option<Record>> {
    let Some(record): Option<Record> = read_json(path)? else { return Ok(None) };
    record.check_schema()?;
    Ok(Some(record))
}

impl Record {
    fn check_schema(&self) -> io::Result<()> {
        if self.schema == SCHEMA {
            return Ok(());
        }
        Err(io::Error::other(format!("it has schema {}, which this skexec does not know", self.schema)))
    }
}

/// The content of a file of JSON; nothing where there is none.
fn read_json<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    let text = present(read_capped(path, MAX_SIZE))?;
    text.map(|text| serde_json::from_slice(&text).map_err(Into::into)).transpose()
}
