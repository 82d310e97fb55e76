//! The errnos that the kernel's verification answers with.

/// One errno; [`Errno::number`] is positive, as `errno(3)` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Errno {
    Noent,
    Noexec,
    Nomem,
    Inval,
    Fbig,
    Nodata,
    Nopkg,
    Badmsg,
    Libbad,
    Msgsize,
    Nokey,
    Keyrejected,
    /// Not an errno of the C library: `strerror` calls it "Unknown error 524".
    Notsupp,
}

impl Errno {
    pub(super) const fn number(self) -> i32 {
        match self {
            Self::Noent => 2,
            Self::Noexec => 8,
            Self::Nomem => 12,
            Self::Inval => 22,
            Self::Fbig => 27,
            Self::Nodata => 61,
            Self::Nopkg => 65,
            Self::Badmsg => 74,
            Self::Libbad => 80,
            Self::Msgsize => 90,
            Self::Nokey => 126,
            Self::Keyrejected => 129,
            Self::Notsupp => 524,
        }
    }
}

/// The name of an errno that a prediction can hold.
pub(super) fn name(number: i32) -> Option<&'static str> {
    if number == 0 {
        return Some("OK");
    }
    crate::reason::Errno::of(number).map(|errno| errno.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_names() {
        assert_eq!(name(0), Some("OK"));
        assert_eq!(name(129), Some("EKEYREJECTED"));
        assert_eq!(name(524), Some("ENOTSUPP"));
        assert_eq!(name(77), None);
    }
}
