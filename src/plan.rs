//! A load by segments, worked out before anything is called: what goes where.

#![deny(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::as_conversions)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used))]

pub mod draw;
pub mod limits;
pub mod pieces;
pub mod place;
