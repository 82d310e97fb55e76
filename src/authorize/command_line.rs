//! The command line of a boot, and whether a signature covers it.

use crate::image::cmdline::Cmdline;

/// A command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandLine {
    text: Cmdline,
    covered: bool,
}

impl CommandLine {
    /// A command line that no signature covers.
    #[must_use]
    pub const fn unsigned(text: Cmdline) -> Self {
        Self { text, covered: false }
    }

    /// A command line all of which is signed, or permitted by a signed manifest.
    pub(super) const fn signed(text: Cmdline) -> Self {
        Self { text, covered: true }
    }

    /// Adds text that no signature covers, with a blank before it.
    #[must_use]
    pub fn append(self, more: &str) -> Self {
        let text = self.text.clone().append(more);
        Self { covered: self.covered && text == self.text, text }
    }

    /// The text.
    #[must_use]
    pub const fn text(&self) -> &Cmdline {
        &self.text
    }

    /// Whether a signature covers all of it.
    #[must_use]
    pub const fn covered(&self) -> bool {
        self.covered
    }
}
