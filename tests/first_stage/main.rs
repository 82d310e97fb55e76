//! The first stage of an initramfs and what puts it there (dist/), run by real shells with commands that only say how they
//! were called.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod dracut;
mod hook;
mod premount;
mod shared;
mod stage;
