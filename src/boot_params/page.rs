//! The zero page while it is written.

use crate::machine::handover::field;

/// boot_params, from zeros.
pub(super) struct ZeroPage([u8; field::SIZE]);

impl ZeroPage {
    pub(super) const fn new() -> Self {
        Self([0; field::SIZE])
    }

    /// Writes bytes at an offset; what would go past the end is no field, and is not written.
    pub(super) fn put(&mut self, offset: usize, bytes: &[u8]) {
        for (place, byte) in self.0.iter_mut().skip(offset).zip(bytes) {
            *place = *byte;
        }
    }

    /// Writes a 64-bit number to two fields of 32 bits.
    pub(super) fn put_halves(&mut self, low: usize, high: usize, number: u64) {
        let [a, b, c, d, e, f, g, h] = number.to_le_bytes();
        self.put(low, &[a, b, c, d]);
        self.put(high, &[e, f, g, h]);
    }

    pub(super) const fn bytes(&self) -> &[u8; field::SIZE] {
        &self.0
    }
}
