//! Builds signed images, right and wrong, for the tests.
