//! `skexec load --method segments` on a machine made of files: the calls of `kexec_load`, and refusals before the call.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod crash;
mod efi;
mod layouts;
mod loads;
mod machine;
mod params;
mod refusals;
#[path = "../support/mod.rs"]
mod support;
mod vmlinux;
