//! Why the inputs of the fuzz targets, or the tests on this machine, do not reach all of a module.

/// A module, and what it has that is not reached.
pub(crate) const REASONS: [(&str, &str); 0] = [];
