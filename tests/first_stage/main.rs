//! The scripts of the first stage and the hooks that install it in an initramfs (dist/), run by real shells. The commands that they
//! call are replaced by ones that only log their arguments.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod credential;
mod dracut;
mod hook;
mod premount;
mod shared;
mod stage;
