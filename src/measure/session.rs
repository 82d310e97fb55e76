//! Extending registers, with the log beside them.

use super::logs::{self, Values};
use super::{Event, OURS};
use crate::sources::Root;
use crate::tpm::log::Log;
use crate::tpm::{Digests, Fault, Hash, Pcr, Tpm, Transport};
use std::fs;

/// A TPM whose registers can be extended in every bank, and the log that leads to what they hold.
#[derive(Debug)]
pub(super) struct Session<'a, T> {
    root: &'a Root,
    tpm: Tpm<T>,
    banks: Vec<Hash>,
    log: Log,
    /// What went wrong with the log and stops nothing.
    pub(super) notes: Vec<String>,
}

impl<'a, T: Transport> Session<'a, T> {
    /// Finds out, before any register is extended, that all can be, and that the log can be written.
    pub(super) fn open(root: &'a Root, mut tpm: Tpm<T>, mut registers: Vec<Pcr>) -> Result<Self, Fault> {
        registers.sort_unstable();
        registers.dedup();
        let banks = tpm.banks()?;
        for bank in &banks {
            if let Some(Pcr(number)) = registers.iter().find(|pcr| !bank.has(**pcr)) {
                return Err(Fault(format!("its bank {} has no register {number}", bank.hash.name())));
            }
        }
        let banks: Vec<_> = banks.into_iter().map(|bank| bank.hash).collect();
        let values: Values =
            registers.into_iter().map(|pcr| Ok((pcr, held(&mut tpm, &banks, pcr)?))).collect::<Result<_, Fault>>()?;
        let log = logs::base(root, &banks, &values);
        let mut session = Self { root, tpm, banks, log, notes: Vec::new() };
        session.write()?;
        Ok(session)
    }

    /// Extends a register, and adds the event to the log. What the register holds then decides whether that was done: an answer of
    /// the TPM can be lost.
    pub(super) fn extend(&mut self, pcr: Pcr, data: &[u8]) -> Result<(), Fault> {
        let digests = self.banks.iter().map(|hash| (*hash, hash.digest(&[data]))).collect();
        let answer = self.tpm.extend(pcr, &digests);
        let mut log = self.log.clone();
        log.add(pcr, data);
        let held = held(&mut self.tpm, &self.banks, pcr)?;
        if held.iter().any(|(hash, value)| log.replay(*hash, pcr) != *value) {
            let other = || Fault(format!("register {} was extended by something else meanwhile", pcr.0));
            return Err(answer.err().unwrap_or_else(other));
        }
        self.log = log;
        self.write()
    }

    /// Whether these events are the last ones that extended their registers. What the log says is what the registers hold.
    pub(super) fn ends_with(&self, events: &[Event]) -> bool {
        self.log.ends_with(events)
    }

    /// Whether these registers are known to hold no event of skexec's.
    pub(super) fn is_untouched(&self, registers: &[Pcr]) -> bool {
        registers.iter().all(|pcr| self.log.is_without(*pcr, OURS))
    }

    fn write(&mut self) -> Result<(), Fault> {
        let folder = self.root.path("/run/skexec");
        let written = fs::create_dir_all(folder).and_then(|()| logs::write(self.root, &self.log, &mut self.notes));
        written.map_err(|error| Fault(format!("its log cannot be written to /run/skexec: {error}")))
    }
}

fn held<T: Transport>(tpm: &mut Tpm<T>, banks: &[Hash], pcr: Pcr) -> Result<Digests, Fault> {
    banks.iter().map(|hash| Ok((*hash, tpm.read(*hash, pcr)?))).collect()
}
