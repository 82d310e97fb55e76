//! The instructions of this processor that compute SHA-256.

use skexec_purgatory::Instructions;

/// The fastest that this processor has.
#[must_use]
pub fn sha256_instructions() -> Instructions {
    all().next_back().unwrap_or(Instructions::PORTABLE)
}

/// All that this processor has, the fastest last.
pub(crate) fn all() -> impl DoubleEndedIterator<Item = Instructions> {
    [Some(Instructions::PORTABLE), Some(Instructions::BASELINE)].into_iter().chain(faster()).flatten()
}

/// Those that only some processors have.
#[cfg(target_arch = "x86_64")]
fn faster() -> [Option<Instructions>; 2] {
    let sha_ni =
        is_x86_feature_detected!("sha") && is_x86_feature_detected!("ssse3") && is_x86_feature_detected!("sse4.1");
    // SAFETY: the processor has it, and the system has enabled it.
    let avx2 = is_x86_feature_detected!("avx2").then(|| unsafe { Instructions::avx2() });
    // SAFETY: the processor has all three.
    let sha_ni = sha_ni.then(|| unsafe { Instructions::sha_ni() });
    [avx2, sha_ni]
}

/// None on this architecture.
#[cfg(not(target_arch = "x86_64"))]
const fn faster() -> [Option<Instructions>; 2] {
    [None, None]
}
