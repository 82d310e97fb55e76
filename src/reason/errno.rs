//! The errnos that the calls for kexec can answer, with the C library's words for them, which scripts match.

use std::fmt;

/// One errno.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Errno {
    /// The positive number.
    pub number: i32,
    /// `EPERM`, ...
    pub name: &'static str,
    /// What glibc's `strerror` says in English. The words are fixed here, because other C libraries have others.
    pub text: &'static str,
}

const fn errno(number: i32, name: &'static str, text: &'static str) -> Errno {
    Errno { number, name, text }
}

const ALL: [Errno; 26] = [
    errno(1, "EPERM", "Operation not permitted"),
    errno(2, "ENOENT", "No such file or directory"),
    errno(4, "EINTR", "Interrupted system call"),
    errno(5, "EIO", "Input/output error"),
    errno(8, "ENOEXEC", "Exec format error"),
    errno(9, "EBADF", "Bad file descriptor"),
    errno(11, "EAGAIN", "Resource temporarily unavailable"),
    errno(12, "ENOMEM", "Cannot allocate memory"),
    errno(13, "EACCES", "Permission denied"),
    errno(14, "EFAULT", "Bad address"),
    errno(16, "EBUSY", "Device or resource busy"),
    errno(22, "EINVAL", "Invalid argument"),
    errno(26, "ETXTBSY", "Text file busy"),
    errno(27, "EFBIG", "File too large"),
    errno(38, "ENOSYS", "Function not implemented"),
    errno(61, "ENODATA", "No data available"),
    errno(65, "ENOPKG", "Package not installed"),
    errno(74, "EBADMSG", "Bad message"),
    errno(80, "ELIBBAD", "Accessing a corrupted shared library"),
    errno(90, "EMSGSIZE", "Message too long"),
    errno(99, "EADDRNOTAVAIL", "Cannot assign requested address"),
    errno(126, "ENOKEY", "Required key not available"),
    errno(127, "EKEYEXPIRED", "Key has expired"),
    errno(128, "EKEYREVOKED", "Key has been revoked"),
    errno(129, "EKEYREJECTED", "Key was rejected by service"),
    // The kernel lets it out, though the C library has no name for it.
    errno(524, "ENOTSUPP", "Unknown error 524"),
];

impl Errno {
    /// The errno with this number, if a call for kexec can answer it.
    #[must_use]
    pub fn of(number: i32) -> Option<Self> {
        ALL.into_iter().find(|errno| errno.number == number)
    }

    /// The errno with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|errno| errno.name == name)
    }

    /// The words and the name of an errno, also of one that is not expected.
    #[must_use]
    pub fn describe(number: i32) -> String {
        Self::of(number).map_or_else(|| format!("errno {number}"), |errno| errno.to_string())
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_system() {
        for errno in ALL.iter().filter(|errno| errno.number < 200) {
            assert_eq!(format!("{:?}", nix::errno::Errno::from_raw(errno.number)), errno.name);
            assert_eq!((Errno::of(errno.number), Errno::named(errno.name)), (Some(*errno), Some(*errno)));
        }
    }

    #[test]
    fn an_unknown_one_is_a_number() {
        assert_eq!(Errno::describe(126), "Required key not available (ENOKEY)");
        assert_eq!(Errno::describe(77), "errno 77");
    }
}
