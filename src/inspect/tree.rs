//! What is shown to people: keys with values, and more of them below.

/// A line of text, and the lines below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The key; empty where the value stands alone.
    pub key: String,
    /// The value; empty where all is below.
    pub value: String,
    /// Whether it is shown only with --verbose.
    pub detail: bool,
    /// What belongs to it.
    pub below: Vec<Self>,
}

impl Node {
    pub(super) fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into(), detail: false, below: Vec::new() }
    }

    /// The same for a value that may be missing.
    pub(super) fn of(key: &str, value: Option<&String>) -> Option<Self> {
        value.map(|value| Self::new(key, value))
    }

    /// Shows it only with --verbose.
    pub(super) fn detail(self) -> Self {
        Self { detail: true, ..self }
    }

    pub(super) fn with(mut self, below: impl IntoIterator<Item = Self>) -> Self {
        self.below.extend(below);
        self
    }
}

/// A number of things: `1 entry`, `2 entries`.
pub(super) fn count(number: impl Into<u64>, one: &str, several: &str) -> String {
    let number = number.into();
    format!("{number} {}", if number == 1 { one } else { several })
}
