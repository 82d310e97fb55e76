//! The siege: attacks on skexec with seeds that are printed. `cargo test --test siege [NAME]` makes a few rounds of each;
//! `cargo xtask siege` goes on for minutes and writes docs/siege.md. A seed in SKEXEC_SIEGE_SEED repeats a run.
#![cfg_attr(
    not(target_arch = "x86_64"),
    allow(dead_code, unused_imports, reason = "the fake machine is an x86_64 one")
)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod crowd;
mod files;
mod hooks;
mod kills;
mod limits;
#[path = "../segments/machine.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod machine;
mod names;
mod page;
mod program;
mod run;
mod site;
#[path = "../support/mod.rs"]
mod support;
mod surroundings;
mod walks;

use run::Attack;
use std::process::ExitCode;

/// Every attack on the host.
const ATTACKS: [&[Attack]; 8] = [
    &kills::ATTACKS,
    &crowd::ATTACKS,
    &files::ATTACKS,
    &limits::ATTACKS,
    &surroundings::ATTACKS,
    &names::ATTACKS,
    &hooks::ATTACKS,
    &walks::ATTACKS,
];

/// As the program under attack has it.
#[global_allocator]
static ALLOCATOR: skexec::sys::Allocator = skexec::cli::allocator();

fn main() -> ExitCode {
    #[cfg(target_arch = "x86_64")]
    if let Some(code) = program::is_wanted() {
        return code;
    }
    surroundings::become_wanted();
    if cfg!(not(target_arch = "x86_64")) {
        return ExitCode::SUCCESS;
    }
    run::all(&ATTACKS.concat())
}
