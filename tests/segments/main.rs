//! `skexec load --method segments` on a machine made of files: what reaches `kexec_load`, and what never does.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod efi;
mod loads;
mod machine;
mod params;
mod refusals;
#[path = "../support/mod.rs"]
mod support;
mod vmlinux;
