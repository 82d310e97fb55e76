//! What the processor's SHA unit can do at most: how long `sha256rnds2` takes, and how often one can start.

use std::arch::asm;

/// A loop that repeats the instructions, `$count` of them in a turn; nanoseconds for each.
macro_rules! nanoseconds {
    ($($instruction:literal),*) => {{
        let instructions = [$($instruction),*].len() as f64;
        let pass = || crate::time(|| {
            // SAFETY: the processor has the instruction; the registers are named.
            unsafe {
                asm!("2:", $($instruction,)* "dec {turns}", "jnz 2b", turns = inout(reg) TURNS => _,
                    out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _, out("xmm4") _, out("xmm5") _,
                    options(nomem, nostack));
            }
        });
        (0..15).map(|_| pass()).min().unwrap_or_default() as f64 / (TURNS as f64 * instructions)
    }};
}

const TURNS: u64 = 1_000_000;
/// A block of 64 bytes takes 64 rounds, two in each instruction.
const FOR_A_BLOCK: f64 = 32.0;

/// The speed at which one stream waits for its own rounds, and that at which the unit is never idle, in MB/s.
///
/// # Safety
/// The processor must have the SHA extensions.
pub(crate) unsafe fn limits() -> [f64; 2] {
    let latency = nanoseconds!(
        "sha256rnds2 xmm1, xmm5",
        "sha256rnds2 xmm1, xmm5",
        "sha256rnds2 xmm1, xmm5",
        "sha256rnds2 xmm1, xmm5"
    );
    let throughput = nanoseconds!(
        "sha256rnds2 xmm1, xmm5",
        "sha256rnds2 xmm2, xmm5",
        "sha256rnds2 xmm3, xmm5",
        "sha256rnds2 xmm4, xmm5"
    );
    [latency, throughput].map(|time| 64.0 * 1e3 / (FOR_A_BLOCK * time))
}
