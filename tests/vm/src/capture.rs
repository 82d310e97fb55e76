//! One call of `kexec_load(2)`, as `agent capture` saw it.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// Physical
    pub entry: u64,
    pub flags: u64,
    pub segments: Vec<Segment>,
    /// The zero page among the segments; none if no segment contains one
    pub params: Option<Params>,
}

/// As in `struct kexec_segment`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    pub addr: u64,
    pub bufsz: u64,
    pub memsz: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    /// Physical
    pub addr: u64,
    /// boot_params, 4096 bytes in hexadecimal
    pub page: String,
    /// The command line that they point to
    pub cmdline: String,
    /// The list that they point to, in its order
    pub setup_data: Vec<SetupData>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupData {
    pub kind: u32,
    /// In hexadecimal
    pub data: String,
}
