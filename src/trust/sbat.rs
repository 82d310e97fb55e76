//! SBAT: generations of components, and the least that is still allowed.

/// The least generation of each component.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Level {}
