//! The property of what a TPM answers.

use skexec::tpm::{Hash, Pcr, Tpm, Transport};
use std::io;

/// Answers from the input, one after the other, each behind its length.
struct Script<'a> {
    rest: &'a [u8],
    last: &'a [u8],
}

impl Transport for Script<'_> {
    fn exchange(&mut self, command: &[u8]) -> io::Result<Vec<u8>> {
        let size = u32::from_be_bytes(command[2..6].try_into().unwrap());
        assert_eq!(usize::try_from(size).unwrap(), command.len(), "the command's own length");
        let Some((length, rest)) = self.rest.split_first() else { return Err(io::ErrorKind::UnexpectedEof.into()) };
        (self.last, self.rest) = rest.split_at(rest.len().min(usize::from(*length)));
        Ok(self.last.to_vec())
    }
}

impl Script<'_> {
    /// Whether the last answer says in its header that it is whole, and that the command was done.
    fn agreed(&self) -> bool {
        self.last.len() >= 10
            && self.last[2..6] == u32::try_from(self.last.len()).unwrap().to_be_bytes()
            && self.last[6..10] == [0; 4]
    }
}

/// An answer counts only where it is whole and says that the command was done. A value has the length of its hash, and is what the
/// answer holds; a bank that is found has a register, and was named.
pub fn tpm(input: &[u8]) {
    let mut tpm = Tpm(Script { rest: input, last: &[] });
    let banks = tpm.banks().unwrap_or_default();
    assert!(banks.is_empty() || tpm.0.agreed());
    for bank in &banks {
        assert!((0..32).any(|register| bank.has(Pcr(register))));
        assert!(tpm.0.last.windows(2).any(|id| id == bank.hash.id().to_be_bytes()));
    }
    for hash in [Hash::Sha1, Hash::Sha256, Hash::Sha384, Hash::Sha512] {
        if let Ok(value) = tpm.read(hash, Pcr(11)) {
            assert!(tpm.0.agreed() && value.len() == usize::from(hash.size()));
            assert!(tpm.0.last.windows(value.len()).any(|window| window == value));
        }
        if tpm.extend(Pcr(11), &vec![(hash, vec![1; hash.size().into()])]).is_ok() {
            assert!(tpm.0.agreed());
        }
    }
}
