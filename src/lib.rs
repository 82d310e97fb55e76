//! skexec: verifies a signed Linux kernel and boots it from the running one.
//!
//! The modules stand on floors; a module imports only from floors below its own.
//!
//! | floor | modules |
//! | --- | --- |
//! | F11 | [`cli`]: arguments, printing |
//! | F10 | [`load`], [`exec`], [`unload`], [`refresh`], [`verify`], [`inspect`], [`diagnose`]: each one straight line over the floors below |
//! | F9 | [`segments`]: the segments of one load; [`progress`], [`report`], [`record`], [`journal`], [`shutdown`], [`watchdog`]; [`confine`]: what a command gives up |
//! | F8 | [`authorize`]: from a file to the permission to load it; [`measure`]: what is booted next, into the TPM |
//! | F7 | [`gather`]: whom to trust; [`permit`]: what the machine permits; [`causes`]: what the kernel's answers mean; [`rollback`]: the versions of manifests that have booted; [`arrival`]: who started this boot |
//! | F6 | [`trust`]: what a signature proves; pure |
//! | F5 | [`prediction`]: what the kernel's own check would answer; pure, and apart from trust |
//! | F4 | [`arch`]: what differs by processor: boot data, handover, kernel layouts, purgatory; [`entries`]: boot entries and installed kernels |
//! | F3 | [`image`]: file formats on every processor; pure |
//! | F2 | [`machine`], [`system`]: what is read of the machine; [`sealed`]: files that are read once; [`placement`]: an address for every segment; [`tpm`]: its registers, and the log of what extended them |
//! | F1 | [`sources`]: files; [`memory`]: physical addresses; [`digest`] |
//! | F0 | [`sys`]: the system calls; [`reason`]: the tables of reasons and warnings; [`hex`] |

pub mod arch;
pub(crate) mod arrival;
pub mod authorize;
pub mod causes;
pub mod cli;
pub(crate) mod confine;
pub(crate) mod diagnose;
pub mod digest;
pub mod entries;
pub(crate) mod exec;
pub mod gather;
mod hex;
pub mod image;
pub mod inspect;
pub(crate) mod journal;
pub mod load;
pub mod machine;
pub(crate) mod measure;
pub mod memory;
pub(crate) mod permit;
pub mod placement;
pub mod prediction;
pub mod progress;
pub mod reason;
pub mod record;
pub(crate) mod refresh;
pub(crate) mod report;
pub(crate) mod rollback;
pub(crate) mod sealed;
pub mod segments;
pub mod shutdown;
pub mod sources;
#[expect(unsafe_code, reason = "the system calls stand here, and nowhere else")]
pub mod sys;
pub mod system;
pub mod tpm;
pub mod trust;
pub(crate) mod unload;
pub(crate) mod verify;
pub(crate) mod watchdog;
