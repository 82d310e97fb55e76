//! Why a mutant may survive.

/// The mutant, without its line and column; how many of this name may survive; and why.
pub(crate) const REASONS: &[(&str, usize, &str)] = &[];
