//! The `cpuid` instruction.

use std::arch::x86_64::{__cpuid_count, CpuidResult};

/// Sub-leaf 0 of a leaf; `None` if the processor does not have the leaf.
#[must_use]
#[allow(unused_unsafe, reason = "newer compilers take the call for safe, Rust 1.88 does not")]
pub fn cpuid(leaf: u32) -> Option<CpuidResult> {
    // SAFETY: every x86-64 processor has the instruction.
    let highest = unsafe { __cpuid_count(leaf & 0xc000_0000, 0) }.eax;
    // SAFETY: as above.
    (leaf <= highest).then(|| unsafe { __cpuid_count(leaf, 0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_end() {
        assert!(cpuid(0).is_some_and(|leaf| leaf.eax > 0 && leaf.ebx != 0));
        assert!(cpuid(0x8000_0000).is_some());
        assert!(cpuid(0x0fff_ffff).is_none() && cpuid(0x8fff_ffff).is_none());
    }
}
