//! Random bytes.

use nix::libc;

/// Random bytes of the kernel's generator, at most 256 (getrandom(2): so many come at once); `None` while the generator is not
/// initialised, early in the boot.
#[must_use]
pub fn random<const BYTES: usize>() -> Option<[u8; BYTES]> {
    get(libc::GRND_NONBLOCK)
}

/// The best that the kernel has without waiting; `None` only before Linux 5.6, early in the boot.
#[must_use]
pub fn random_in_any_case<const BYTES: usize>() -> Option<[u8; BYTES]> {
    random().or_else(|| get(libc::GRND_INSECURE))
}

fn get<const BYTES: usize>(flags: u32) -> Option<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    // SAFETY: the kernel writes no more than the bytes of this array.
    let got = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), flags) };
    usize::try_from(got).is_ok_and(|got| got == bytes.len()).then_some(bytes)
}
