//! Properties that must hold for any input: one for each fuzz target under `tests/fuzz`. `tests/corpora.rs` replays the fuzzer's
//! inputs on stable Rust.
//!
//! A property returns if it holds, and panics if it does not. The fuzzer itself detects other panics, hangs and excessive memory.
#![allow(clippy::missing_panics_doc, clippy::unwrap_used, reason = "to panic is how a property fails")]

mod boots;
mod commands;
mod core_file;
mod entries;
mod files;
mod foreign;
mod handed;
mod initrds;
mod inspected;
mod lists;
mod machine;
mod manifest;
mod memory;
mod messages;
mod mutated;
mod packed;
mod patched;
mod payloads;
mod placed;
mod policy;
mod records;
pub mod seeds;
mod shutdown;
mod system;
mod tcglog;
mod tpm;
mod tree;
mod trusted;
mod ukis;
mod verdict;
mod words;

pub use boots::boots;
pub use commands::commands;
pub use entries::entry;
pub use files::{bzimage, elf, pe};
pub use foreign::{authenticode, cms};
pub use handed::handover;
pub use initrds::initrd;
pub use inspected::{archive, inspect};
pub use lists::{esl, sbat};
pub use manifest::manifest;
pub use memory::memory;
pub use messages::{chain, pkcs7};
pub use mutated::mutated;
pub use packed::packed;
pub use patched::kernel;
pub use payloads::{payload, relocations};
pub use placed::placement;
pub use policy::policy;
pub use records::records;
pub use shutdown::shutdown;
pub use system::system;
pub use tcglog::tcglog;
pub use tpm::tpm;
pub use trusted::trusted;
pub use ukis::uki;
pub use verdict::judge;
pub use words::words;

/// A property, by the name of its fuzz target.
pub type Property = (&'static str, fn(&[u8]));

/// All of them.
pub const ALL: [Property; 33] = [
    ("archive", archive),
    ("authenticode", authenticode),
    ("boots", boots),
    ("bzimage", bzimage),
    ("chain", chain),
    ("cms", cms),
    ("commands", commands),
    ("elf", elf),
    ("entry", entry),
    ("esl", esl),
    ("handover", handover),
    ("initrd", initrd),
    ("inspect", inspect),
    ("judge", judge),
    ("kernel", kernel),
    ("manifest", manifest),
    ("memory", memory),
    ("packed", packed),
    ("payload", payload),
    ("pe", pe),
    ("pkcs7", pkcs7),
    ("placement", placement),
    ("policy", policy),
    ("records", records),
    ("relocations", relocations),
    ("sbat", sbat),
    ("shutdown", shutdown),
    ("system", system),
    ("tcglog", tcglog),
    ("tpm", tpm),
    ("trusted", trusted),
    ("uki", uki),
    ("words", words),
];
