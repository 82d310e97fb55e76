//! Fields that follow one another in bytes that anyone may have written.

use std::io;

/// The bytes that are not taken yet.
#[derive(Debug)]
pub(super) struct Take<'a>(pub(super) &'a [u8]);

/// The input ends within a field, or a field has a value that it cannot have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl From<Malformed> for io::Error {
    fn from(malformed: Malformed) -> Self {
        Self::new(io::ErrorKind::InvalidData, malformed.0)
    }
}

impl<'a> Take<'a> {
    pub(super) fn bytes(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed("it ends within a field"))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Malformed("it ends within a field"))?;
        self.0 = rest;
        Ok(*taken)
    }

    /// As many bytes as a 32-bit field says.
    pub(super) fn sized(&mut self, length: u32) -> Result<&'a [u8], Malformed> {
        self.bytes(usize::try_from(length).unwrap_or(usize::MAX))
    }
}
