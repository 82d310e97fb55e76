//! skexec: verifies a signed Linux kernel and boots it from the running one.
//!
//! The modules stand on floors; a module imports only from floors below its own.
//!
//! | floor | modules |
//! | --- | --- |
//! | F8 | [`cli`]: arguments, printing |
//! | F7 | [`load`], [`exec`], [`unload`], [`verify`], [`inspect`], [`diagnose`]: each one straight line over what is below |
//! | F6 | [`plan`]: what goes where in memory; [`progress`], [`report`], [`record`], [`journal`], [`shutdown`] |
//! | F5 | [`authorize`]: from a file to the permission to load it |
//! | F4 | [`gather`]: whom to trust; [`permit`]: what the system lets us do; [`boot_params`]: the zero page; [`purgatory`]: the embedded image |
//! | F3 | [`trust`], [`image`]: pure functions over bytes |
//! | F2 | [`prediction`]: what the reference kernel would answer, pure, too |
//! | F1 | [`system`], [`sources`], [`machine`], [`sealed`]: what is read of the system; [`memory`]: physical addresses; [`digest`] |
//! | F0 | [`sys`]: the system calls; [`reason`]: the table of reasons; [`hex`] |

pub mod authorize;
pub mod boot_params;
pub mod cli;
pub mod diagnose;
pub mod digest;
pub mod exec;
pub mod gather;
mod hex;
pub mod image;
pub mod inspect;
pub mod journal;
pub mod load;
pub mod machine;
pub mod memory;
pub mod permit;
pub mod plan;
pub mod prediction;
pub mod progress;
pub mod purgatory;
pub mod reason;
pub mod record;
pub mod report;
pub mod sealed;
pub mod shutdown;
pub mod sources;
#[expect(unsafe_code, reason = "the system calls stand here, and nowhere else")]
pub mod sys;
pub mod system;
pub mod trust;
pub mod unload;
pub mod verify;
