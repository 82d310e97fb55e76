//! Random bytes.

use nix::libc;

/// Random bytes of the kernel's generator, at most 256 (getrandom(2): so many come at once); `None` while the generator is not
/// initialised, early in the boot.
#[must_use]
pub fn random<const BYTES: usize>() -> Option<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    // SAFETY: the kernel writes no more than the bytes of this array.
    let got = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), libc::GRND_NONBLOCK) };
    usize::try_from(got).is_ok_and(|got| got == bytes.len()).then_some(bytes)
}
