//! The zero page while it is written.

use super::field::{self, Field};

/// boot_params, from zeros.
pub(super) struct ZeroPage([u8; field::SIZE]);

impl ZeroPage {
    pub(super) const fn new() -> Self {
        Self([0; field::SIZE])
    }

    /// Writes the bytes of a field. Bytes that the field has no room for are not written.
    pub(super) fn put(&mut self, field: Field, bytes: &[u8]) {
        let places = self.0.get_mut(field.range()).unwrap_or_default();
        for (place, byte) in places.iter_mut().zip(bytes) {
            *place = *byte;
        }
    }

    /// Writes a 64-bit number to two fields of 32 bits.
    pub(super) fn put_halves(&mut self, low: Field, high: Field, number: u64) {
        let [a, b, c, d, e, f, g, h] = number.to_le_bytes();
        self.put(low, &[a, b, c, d]);
        self.put(high, &[e, f, g, h]);
    }

    pub(super) const fn bytes(&self) -> &[u8; field::SIZE] {
        &self.0
    }
}
