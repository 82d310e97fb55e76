//! skexec: verifies a signed Linux kernel and boots it from the running one.
//!
//! The modules stand on floors; a module imports only from floors below its own.
//!
//! | floor | modules |
//! | --- | --- |
//! | F8 | [`cli`]: arguments, printing |
//! | F7 | [`load`], [`exec`], [`unload`], [`verify`], [`inspect`], [`diagnose`]: each one straight line over what is below |
//! | F6 | [`segments`]: the segments of one load; [`progress`], [`report`], [`record`], [`journal`], [`shutdown`] |
//! | F5 | [`authorize`]: from a file to the permission to load it |
//! | F4 | [`gather`]: whom to trust; [`permit`]: what the system lets us do |
//! | F3 | [`arch`]: what differs by processor: boot data, handover, kernel layouts, purgatory |
//! | F2 | [`trust`], [`image`]: pure functions over bytes; [`placement`]: an address for every segment |
//! | F1 | [`system`], [`sources`], [`machine`], [`sealed`]: what is read of the system; [`memory`]: physical addresses |
//! | F0 | [`sys`]: the system calls; [`reason`]: the table of reasons; [`hex`] |

pub mod arch;
pub mod authorize;
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
pub mod placement;
pub mod prediction;
pub mod progress;
pub mod reason;
pub mod record;
pub mod report;
pub mod sealed;
pub mod segments;
pub mod shutdown;
pub mod sources;
#[expect(unsafe_code, reason = "the system calls stand here, and nowhere else")]
pub mod sys;
pub mod system;
pub mod trust;
pub mod unload;
pub mod verify;
