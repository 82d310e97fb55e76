//! The TPM behind a device file.

use super::command::{self, Selection, Wrong};
use super::{Digests, Hash, Pcr};
use crate::sources::Root;
use nix::libc;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;

/// The device through the kernel's resource manager, which several programs can use at once; and the one without it.
pub const PATHS: [&str; 2] = ["/dev/tpmrm0", "/dev/tpm0"];
/// The longest response (TPM_BUFSIZE of the kernel).
const MAX_RESPONSE: usize = 4096;

/// Whether there is a device.
#[must_use]
pub fn present(root: &Root) -> bool {
    PATHS.into_iter().any(|path| root.has(path))
}

/// Carries a command to a TPM, and its response back.
pub trait Transport {
    /// # Errors
    /// Those of the way to the TPM.
    fn exchange(&mut self, command: &[u8]) -> io::Result<Vec<u8>>;
}

/// A device file of the kernel.
#[derive(Debug)]
pub struct Device(File);

impl Device {
    /// Opens the first device that there is.
    ///
    /// # Errors
    /// That there is none, or that it cannot be opened.
    pub fn open(root: &Root) -> Result<Self, Fault> {
        let Some(path) = PATHS.into_iter().find(|path| root.has(path)) else {
            return Err(Fault(format!("there is no {}", PATHS.join(" and no "))));
        };
        let file = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NOCTTY).open(root.path(path));
        file.map(Self).map_err(|error| Fault(format!("{path}: {error}")))
    }
}

impl Transport for Device {
    fn exchange(&mut self, command: &[u8]) -> io::Result<Vec<u8>> {
        // One write is one command, and one read is its response (drivers/char/tpm/tpm-dev-common.c).
        if self.0.write(command)? != command.len() {
            return Err(io::Error::other("the TPM's device did not take the whole command"));
        }
        let mut response = vec![0; MAX_RESPONSE];
        let length = self.0.read(&mut response)?;
        response.truncate(length);
        Ok(response)
    }
}

/// Why a TPM did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault(pub String);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A bank that is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bank {
    /// Its algorithm.
    pub hash: Hash,
    registers: u32,
}

impl Bank {
    /// Whether the bank has this register.
    #[must_use]
    pub fn has(self, pcr: Pcr) -> bool {
        1_u32.checked_shl(pcr.0.into()).is_some_and(|bit| self.registers & bit != 0)
    }
}

/// A TPM.
#[derive(Debug)]
pub struct Tpm<T>(pub T);

impl<T: Transport> Tpm<T> {
    fn ask<A>(&mut self, name: &str, command: &[u8], read: impl FnOnce(&[u8]) -> Result<A, Wrong>) -> Result<A, Fault> {
        let response = self.0.exchange(command).map_err(|error| Fault(format!("{name}: {error}")))?;
        read(&response).map_err(|wrong| match wrong {
            Wrong::Refused(code) => Fault(format!("{name}: the TPM answered {code:#x}")),
            Wrong::Malformed(what) => Fault(format!("{name}: the TPM's answer is malformed: {what}")),
        })
    }

    /// The banks that are in use, each of which an event must extend: who finds one that was left out could extend it by what never
    /// happened.
    ///
    /// # Errors
    /// Those of the TPM; a bank whose digests skexec cannot compute; no bank.
    pub fn banks(&mut self) -> Result<Vec<Bank>, Fault> {
        let all = self.ask("TPM2_GetCapability", &command::banks(), command::banks_of)?;
        let used = all.into_iter().filter(|Selection { registers, .. }| *registers != 0);
        let banks = used.map(|Selection { algorithm, registers }| {
            let unknown = || Fault(format!("its bank of algorithm {algorithm:#06x} cannot be extended by skexec"));
            Ok(Bank { hash: Hash::of(algorithm).ok_or_else(unknown)?, registers })
        });
        let banks = banks.collect::<Result<Vec<_>, _>>()?;
        if banks.is_empty() { Err(Fault("it has no bank in use".into())) } else { Ok(banks) }
    }

    /// What a register holds.
    ///
    /// # Errors
    /// Those of the TPM; the bank lacks the register.
    pub fn read(&mut self, hash: Hash, pcr: Pcr) -> Result<Vec<u8>, Fault> {
        self.ask("TPM2_PCR_Read", &command::read(hash, pcr), |response| command::value_of(response, hash))
    }

    /// Extends a register in these banks.
    ///
    /// # Errors
    /// Those of the TPM. Then nothing shows whether the register was extended, but its value.
    pub fn extend(&mut self, pcr: Pcr, digests: &Digests) -> Result<(), Fault> {
        self.ask("TPM2_PCR_Extend", &command::extend(pcr, digests), command::extended)
    }
}

#[cfg(test)]
mod tests {
    use super::super::soft::Soft;
    use super::*;
    use crate::sources::testing::Tree;

    #[test]
    fn a_device_is_found_below_the_root() {
        let tree = Tree::new();
        assert_eq!(Device::open(tree.root()).unwrap_err().to_string(), "there is no /dev/tpmrm0 and no /dev/tpm0");
        tree.write("/dev/tpm0", "");
        assert!(Device::open(tree.root()).is_ok());
        tree.directory("/dev/tpmrm0");
        assert!(Device::open(tree.root()).unwrap_err().to_string().starts_with("/dev/tpmrm0: "));
    }

    #[test]
    fn all_banks_are_extended_at_once() {
        let mut tpm = Tpm(Soft::new(&[Hash::Sha1, Hash::Sha256]));
        let banks = tpm.banks().unwrap();
        assert_eq!(banks.iter().map(|bank| bank.hash).collect::<Vec<_>>(), [Hash::Sha1, Hash::Sha256]);
        assert!(
            banks.iter().all(|bank| bank.has(Pcr(0)) && bank.has(Pcr(23)) && !bank.has(Pcr(24)) && !bank.has(Pcr(40)))
        );
        let digests: Digests = banks.iter().map(|bank| (bank.hash, bank.hash.digest(&[b"event"]))).collect();
        tpm.extend(Pcr(9), &digests).unwrap();
        for (hash, digest) in digests {
            assert_eq!(tpm.read(hash, Pcr(9)).unwrap(), hash.extended(&hash.zero(), &digest));
            assert_eq!(tpm.read(hash, Pcr(8)).unwrap(), hash.zero());
        }
        assert!(tpm.read(Hash::Sha384, Pcr(9)).unwrap_err().to_string().contains("no value of that register"));
        tpm.0.broken_after = Some(0);
        assert_eq!(tpm.extend(Pcr(9), &vec![]).unwrap_err().to_string(), "TPM2_PCR_Extend: the TPM answered 0x101");
    }

    #[test]
    fn a_bank_that_cannot_be_extended_is_told() {
        let mut tpm = Tpm(Soft::new(&[]));
        assert_eq!(tpm.banks().unwrap_err().to_string(), "it has no bank in use");
        tpm.0.foreign_bank = true;
        let wanted = "its bank of algorithm 0x0012 cannot be extended by skexec";
        assert_eq!(tpm.banks().unwrap_err().to_string(), wanted);
    }
}
