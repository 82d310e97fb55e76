//! The files that a log of events can be continued from, and those that it is written to.

use crate::sources::Root;
use crate::sources::replace::replace;
use crate::tpm::log::Log;
use crate::tpm::{Digests, Hash, Pcr};
use std::io;

/// The log, kept for the next kernel.
pub(crate) const PATH: &str = "/var/log/skexec-tcg.log";
/// The same, where the first cannot be written, as after a jump that failed: file systems are read-only then.
const RUNNING: &str = "/run/skexec/tcg.log";
/// That of the firmware and of its boot loaders.
const FIRMWARE: &str = "/sys/kernel/security/tpm0/binary_bios_measurements";
/// The largest log, in bytes; those of firmware have some 100 KiB.
const MAX: u64 = 8 << 20;
const MODE: u32 = 0o600;

/// What the registers hold in each bank.
pub(super) type Values = Vec<(Pcr, Digests)>;

/// The log that leads to just these values. A log of an earlier boot does not, and neither does one that lacks an event; where
/// there is none, a new log begins with the values.
pub(super) fn base(root: &Root, banks: &[Hash], values: &Values) -> Log {
    let leads_there = |log: &Log| {
        let each =
            values.iter().flat_map(|(pcr, digests)| digests.iter().map(move |(hash, value)| (*pcr, *hash, value)));
        log.serves(banks) && each.into_iter().all(|(pcr, hash, value)| log.replay(hash, pcr) == *value)
    };
    let mut known =
        [RUNNING, PATH, FIRMWARE].into_iter().filter_map(|path| Log::parse(&root.read(path, MAX).ok()??).ok());
    known.find(leads_there).unwrap_or_else(|| {
        let mut log = Log::new(banks);
        values.iter().for_each(|(pcr, digests)| log.begin(*pcr, digests));
        log
    })
}

/// Writes the log to both files.
///
/// # Errors
/// That it cannot be written to /run; what kept it from the other file is noted.
pub(super) fn write(root: &Root, log: &Log, notes: &mut Vec<String>) -> io::Result<()> {
    if let Err(error) = replace(&root.path(PATH), log.bytes(), MODE) {
        let note = format!("the next kernel will not have the log of what was measured: {PATH}: {error}");
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    replace(&root.path(RUNNING), log.bytes(), MODE)
}
