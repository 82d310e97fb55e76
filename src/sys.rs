//! System calls and memory mappings; the only `unsafe` code in the package.

mod allocator;
mod clock;
mod confine;
#[cfg(target_arch = "x86_64")]
mod cpuid;
mod guarded;
mod kexec;
mod lease;
mod map;
mod mapping;
mod memfd;
mod private;
mod random;
mod sha256;
mod signal;
mod split;
pub mod terminal;
mod watchdog;

pub use allocator::Allocator;
pub(crate) use allocator::refusable;
pub use clock::{LocalTime, local_time, next_time_of_day};
pub use confine::{Capability, Need, own_filters};
#[cfg(target_arch = "x86_64")]
pub use cpuid::cpuid;
pub use guarded::forbid_core_dumps;
#[cfg(test)]
pub(crate) use guarded::may_dump_core;
pub use kexec::{FileLoad, Kexec, Live, RawSegment, SegmentsLoad, flags};
pub use lease::Lease;
pub use map::Map;
pub use memfd::Memfd;
pub use private::Private;
pub use random::{random, random_in_any_case};
#[cfg(test)]
pub(crate) use sha256::all as all_sha256_instructions;
pub use sha256::sha256_instructions;
pub use signal::{Held, ignore_file_size_signal, is_to_end};
pub use split::{Answering, Asking, Split};
pub use watchdog::Watchdog;
