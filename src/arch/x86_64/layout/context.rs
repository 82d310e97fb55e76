//! What the choice of a layout depends on.

use crate::arch::Boot;
use crate::arch::x86_64::Cpu;
use crate::machine::Memory;

/// The boot, and the machine on which it is prepared.
pub(in super::super) struct Context<'a> {
    /// What is booted.
    pub(in super::super) boot: &'a Boot<'a>,
    /// The processor.
    pub(in super::super) cpu: &'a Cpu,
    /// The machine's memory.
    pub(in super::super) memory: &'a Memory,
    /// Random numbers; `None` where there are none yet.
    pub(in super::super) random: &'a dyn Fn() -> Option<Numbers>,
}

/// Random numbers: one for the virtual address, the rest for the physical address.
pub(in super::super) type Numbers = [u64; 17];

/// The numbers that random bytes make.
pub(in super::super) fn numbers(bytes: [u8; size_of::<Numbers>()]) -> Numbers {
    let mut numbers = [0; 17];
    for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks().0) {
        *number = u64::from_le_bytes(*bytes);
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_numbers() {
        let mut bytes = [0; 136];
        (bytes[0], bytes[8], bytes[135]) = (1, 2, 3);
        let numbers = numbers(bytes);
        assert_eq!((numbers[0], numbers[1], numbers[16]), (1, 2, 3 << 56));
    }
}
