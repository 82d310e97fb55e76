//! Properties that must hold for any input: one for each fuzz target under `tests/fuzz`. `tests/corpora.rs` replays the fuzzer's
//! inputs on stable Rust.
//!
//! A property returns if it holds, and panics if it does not. The fuzzer itself detects other panics, hangs and excessive memory.
#![allow(clippy::missing_panics_doc, clippy::unwrap_used, reason = "to panic is how a property fails")]

mod entries;
mod files;
mod initrds;
mod inspected;
mod lists;
mod machine;
mod manifest;
mod memory;
mod messages;
mod patched;
mod payloads;
mod policy;
pub mod seeds;
mod tcglog;
mod ukis;
mod verdict;

pub use entries::entry;
pub use files::{bzimage, elf, pe};
pub use initrds::initrd;
pub use inspected::{archive, inspect};
pub use lists::{esl, sbat};
pub use manifest::manifest;
pub use memory::memory;
pub use messages::{chain, pkcs7};
pub use patched::kernel;
pub use payloads::{payload, relocations};
pub use policy::policy;
pub use tcglog::tcglog;
pub use ukis::uki;
pub use verdict::judge;

/// A property, by the name of its fuzz target.
pub type Property = (&'static str, fn(&[u8]));

/// All of them.
pub const ALL: [Property; 20] = [
    ("archive", archive),
    ("bzimage", bzimage),
    ("chain", chain),
    ("elf", elf),
    ("entry", entry),
    ("esl", esl),
    ("initrd", initrd),
    ("inspect", inspect),
    ("judge", judge),
    ("kernel", kernel),
    ("manifest", manifest),
    ("memory", memory),
    ("payload", payload),
    ("pe", pe),
    ("pkcs7", pkcs7),
    ("policy", policy),
    ("relocations", relocations),
    ("sbat", sbat),
    ("tcglog", tcglog),
    ("uki", uki),
];
