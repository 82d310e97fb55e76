//! `skexec load --method segments` on a machine made of files: what reaches `kexec_load`, and what never does.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod efi;
mod loads;
mod machine;
mod orders;
mod refusals;
#[path = "../support/mod.rs"]
mod support;
mod vmlinux;
