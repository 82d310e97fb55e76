//! Boot entries (UAPI Group, Boot Loader Specification) and installed kernels: what `load` can find by a name.
//!
//! The files are read from partitions that other systems can write to. Nothing in them is trusted: they only say which files to verify.

#![deny(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::as_conversions)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects))]

mod choice;
mod counter;
mod entry;
mod found;
mod installed;
mod marks;
mod pattern;
mod place;
mod text;
mod type1;
mod type2;
mod version;

pub use choice::{Choice, Options, by_id, by_version, ids, latest, versions};
pub use counter::{Tries, without_counter};
pub use entry::{Boots, Entry};
pub use found::Found;
pub use marks::Marks;
pub use pattern::Pattern;
pub use place::{Place, places};
pub use type1::{Program, Type1};
pub use version::compare;
