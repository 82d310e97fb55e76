//! skexec: verifies a signed Linux kernel and boots it from the running one.
//!
//! The modules stand on floors; a module imports only from floors below its own.
//!
//! | floor | modules |
//! | --- | --- |
//! | F6 | `cli` |
//! | F5 | `load`, `exec`, `diagnose` |
//! | F4 | `record`, `shutdown` |
//! | F3 | [`authorize`] |
//! | F2 | [`trust`], [`image`]: pure functions over bytes |
//! | F1 | [`sources`], [`machine`], [`sealed`] |
//! | F0 | [`sys`], [`reason`], `hex` |

mod hex;
pub mod image;
pub mod machine;
pub mod reason;
pub mod sealed;
pub mod sources;
#[expect(unsafe_code, reason = "the system calls stand here, and nowhere else")]
pub mod sys;
pub mod trust;
