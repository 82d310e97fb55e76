//! Randomness for the next kernel.

use nix::libc;

/// 32 bytes from the kernel's random number generator; `None` while it is not initialised (early in the boot).
#[must_use]
pub fn seed() -> Option<[u8; 32]> {
    let mut seed = [0; 32];
    // SAFETY: the kernel writes no more than the bytes of this array.
    let got = unsafe { libc::getrandom(seed.as_mut_ptr().cast(), seed.len(), libc::GRND_NONBLOCK) };
    usize::try_from(got).is_ok_and(|got| got == seed.len()).then_some(seed)
}
