//! Why skexec says no: one table of slugs, exit codes, the kernel's errno, meanings and advice.
//!
//! Every refusal in the program is a [`Finding`]: a [`Reason`] of this table and what was seen in this file or on this
//! machine. `docs/reasons.md` is written from the same table; a test compares the two.

use std::fmt;
use std::path::Path;

/// The exit codes of the command; `verify` of several files ends with the highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Exit {
    /// Everything asked for was done.
    Done = 0,
    /// An input or output error, or an internal one.
    Failed = 1,
    /// The command line cannot be understood.
    Usage = 2,
    /// Not trusted.
    Refused = 3,
    /// Malformed, unsupported, or does not fit.
    Unsuitable = 4,
    /// The system does not permit it.
    NotPermitted = 5,
}

impl Exit {
    /// The number the process ends with.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Unsuitable => 4,
            Self::NotPermitted => 5,
        }
    }
}

macro_rules! reasons {
    ($($(#[$note:meta])* $variant:ident $slug:literal $exit:ident $kernel:literal $means:literal $advice:literal;)*) => {
        /// A named reason for a refusal.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Reason { $(#[doc = $means] $variant,)* }

        impl Reason {
            /// Every reason, in the table's order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable name that scripts match.
            #[must_use]
            pub const fn slug(self) -> &'static str { match self { $(Self::$variant => $slug,)* } }

            /// The exit code of a command that ends for this reason.
            #[must_use]
            pub const fn exit(self) -> Exit { match self { $(Self::$variant => Exit::$exit,)* } }

            /// What the reference kernel's `kexec_file_load` answers under enforcement; `0` where skexec is stricter by
            /// intent, `-` where the kernel is never asked.
            #[must_use]
            pub const fn kernel(self) -> &'static str { match self { $(Self::$variant => $kernel,)* } }

            /// What it means, as the second half of a sentence about the file or the machine.
            #[must_use]
            pub const fn means(self) -> &'static str { match self { $(Self::$variant => $means,)* } }

            /// What to do about it.
            #[must_use]
            pub const fn advice(self) -> &'static str { match self { $(Self::$variant => $advice,)* } }
        }
    };
}

mod table;

pub use table::Reason;

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}

/// A reason, and what was seen that gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The row of the table.
    pub reason: Reason,
    /// What was seen: offsets, names, numbers. Empty where the reason says it all.
    pub detail: String,
}

impl Finding {
    /// A finding with what was seen.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }
}

impl From<Reason> for Finding {
    fn from(reason: Reason) -> Self {
        Self::new(reason, "")
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason.means())?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, ": {}", self.detail) }
    }
}

impl std::error::Error for Finding {}

/// Names the file that findings are about, where it is not the one that is reported on.
#[must_use]
pub fn about(path: &Path, findings: Vec<Finding>) -> Vec<Finding> {
    let name = |finding: Finding| match finding.detail.as_str() {
        "" => Finding::new(finding.reason, path.display().to_string()),
        detail => Finding::new(finding.reason, format!("{}: {detail}", path.display())),
    };
    findings.into_iter().map(name).collect()
}

/// Something that does not refuse, but that should be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The stable name that scripts match.
    pub slug: &'static str,
    /// One sentence, without a full stop.
    pub message: String,
}

impl Warning {
    /// A warning.
    pub fn new(slug: &'static str, message: impl Into<String>) -> Self {
        Self { slug, message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn slugs_are_unique_and_written_alike() {
        let slugs: HashSet<_> = Reason::ALL.iter().map(|reason| reason.slug()).collect();
        assert_eq!(slugs.len(), Reason::ALL.len());
        for slug in slugs {
            assert!(
                slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
                "{slug}"
            );
        }
    }

    #[test]
    fn every_row_says_what_to_do() {
        for reason in Reason::ALL {
            assert!(!reason.means().is_empty() && !reason.advice().is_empty(), "{reason}");
            assert!(reason.exit() != Exit::Done, "{reason}");
        }
    }
}
