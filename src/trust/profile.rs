//! The three kinds of message.

/// The place of a message, which decides about its permitted content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// In the certificate table of a PE; its content is an SpcIndirectDataContent.
    Authenticode,
    /// At the end of the file that it signs, as in kernel modules; no content, no attributes.
    Appended,
    /// In a file of its own; no content, attributes as the signer likes.
    Detached,
}
