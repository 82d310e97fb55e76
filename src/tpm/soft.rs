//! A TPM of registers only, for tests.

use super::take::Take;
use super::{Hash, Pcr, Transport};
use std::collections::BTreeMap;
use std::io;

/// The registers, and what is to go wrong.
#[derive(Debug, Clone, Default)]
pub(crate) struct Soft {
    pub(crate) banks: BTreeMap<Hash, Vec<Vec<u8>>>,
    /// Lists a bank of SM3_256, too.
    pub(crate) foreign_bank: bool,
    /// Refuses to extend after so many times.
    pub(crate) broken_after: Option<usize>,
    pub(crate) extended: usize,
}

impl Soft {
    pub(crate) fn new(banks: &[Hash]) -> Self {
        let banks = banks.iter().map(|hash| (*hash, vec![hash.zero(); 24])).collect();
        Self { banks, ..Self::default() }
    }

    pub(crate) fn value(&self, hash: Hash, pcr: Pcr) -> Vec<u8> {
        self.banks[&hash][usize::from(pcr.0)].clone()
    }

    fn list(&self) -> Vec<u8> {
        let mut body = vec![0, 0, 0, 0, 5];
        let count = self.banks.len() + usize::from(self.foreign_bank) + 1;
        body.extend(u32::try_from(count).unwrap().to_be_bytes());
        for hash in self.banks.keys() {
            body.extend(hash.id().to_be_bytes());
            body.extend([3, 0xff, 0xff, 0xff]);
        }
        if self.foreign_bank {
            body.extend([0, 0x12, 3, 0xff, 0xff, 0xff]);
        }
        // A bank that is not in use.
        body.extend([0, 0x27, 3, 0, 0, 0]);
        body
    }

    fn read(&self, take: &mut Take<'_>) -> Vec<u8> {
        take.bytes(4).unwrap();
        let hash = Hash::of(u16::from_be_bytes(take.array().unwrap())).unwrap();
        let [_, first, second, third] = take.array().unwrap();
        let pcr = u32::from_le_bytes([first, second, third, 0]).trailing_zeros();
        let mut body = vec![0, 0, 0, 1, 0, 0, 0, 0];
        match self.banks.contains_key(&hash) {
            true => {
                body.extend([0, 0, 0, 1]);
                body.extend(hash.size().to_be_bytes());
                body.extend(self.value(hash, Pcr(u8::try_from(pcr).unwrap())));
            }
            false => body.extend([0; 4]),
        }
        body
    }

    fn extend(&mut self, take: &mut Take<'_>) {
        let pcr = usize::try_from(u32::from_be_bytes(take.array().unwrap())).unwrap();
        take.bytes(13).unwrap();
        let count = u32::from_be_bytes(take.array().unwrap());
        for _ in 0..count {
            let hash = Hash::of(u16::from_be_bytes(take.array().unwrap())).unwrap();
            let digest = take.bytes(hash.size().into()).unwrap();
            let register = &mut self.banks.get_mut(&hash).unwrap()[pcr];
            *register = hash.extended(register, digest);
        }
        self.extended += 1;
    }
}

impl Transport for Soft {
    fn exchange(&mut self, command: &[u8]) -> io::Result<Vec<u8>> {
        let mut take = Take(command);
        take.bytes(6).unwrap();
        let (mut code, mut body) = (0_u32, Vec::new());
        match u32::from_be_bytes(take.array().unwrap()) {
            0x17a => body = self.list(),
            0x17e => body = self.read(&mut take),
            // TPM_RC_FAILURE
            0x182 if self.broken_after.is_some_and(|times| self.extended >= times) => code = 0x101,
            0x182 => self.extend(&mut take),
            other => panic!("{other:x}"),
        }
        let size = u32::try_from(body.len() + 10).unwrap();
        Ok([&[0x80, 0x01][..], &size.to_be_bytes(), &code.to_be_bytes(), &body].concat())
    }
}
