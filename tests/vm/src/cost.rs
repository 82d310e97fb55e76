//! What a program in the guest cost.

use serde::{Deserialize, Serialize};

/// The cost of a program and of all its children.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// By the time stamp counter, which counts instructions in a guest of `-icount shift=0`
    pub instructions: u64,
    /// The largest resident set, in KiB
    pub peak_kib: u64,
    /// `rchar` of `/proc/PID/io`
    pub read_bytes: u64,
}
