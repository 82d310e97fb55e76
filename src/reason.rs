//! The reasons for a refusal: one table of slugs, exit codes, the kernel's errno, meanings and advice.
//!
//! Every refusal in the program is a [`Finding`]: a [`Reason`] of this table, and the detail that was found in this file or on this
//! machine. `docs/reasons.md` is written from the same table; a test compares the two.

use std::fmt;

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
    const ALL: [Self; 6] = [Self::Done, Self::Failed, Self::Usage, Self::Refused, Self::Unsuitable, Self::NotPermitted];

    /// The exit code of this number.
    #[must_use]
    pub fn of(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|exit| exit.code() == code)
    }

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

mod advice;
mod errno;
mod finding;
mod kexec_words;
mod refusal;
mod table;
mod warning;

pub use advice::Site;
pub use errno::Errno;
pub use finding::Finding;
pub use refusal::Refusal;
pub use table::Reason;
pub use warning::{Caution, Warning};

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
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
