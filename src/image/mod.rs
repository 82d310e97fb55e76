//! What a file is: pure parsers over its bytes, which claim nothing about who made them.

#![deny(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::as_conversions)]

mod bytes;
pub mod pe;
