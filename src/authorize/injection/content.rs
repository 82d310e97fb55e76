//! The bytes of an added file, which may be a secret: read once, never written to disk, wiped.

use crate::reason::{Finding, Reason};
use crate::sealed::{OpenError, open_regular};
use crate::sys::Private;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

/// The longest content, in bytes: what systemd accepts of a credential (src/shared/creds-util.h, `CREDENTIAL_SIZE_MAX`).
const MAX_SIZE: usize = 1 << 20;

/// The content of one file. Its memory is not swapped out, and is wiped when it is dropped.
pub(super) struct Content {
    buffer: Private,
    length: usize,
}

/// The descriptor of this process that a path stands for: what comes through one can be read only once.
pub(super) fn descriptor(path: &Path) -> Option<&str> {
    match path.to_str()? {
        "-" | "/dev/stdin" => Some("0"),
        path => path.strip_prefix("/dev/fd/").or_else(|| path.strip_prefix("/proc/self/fd/")),
    }
}

/// Whether a path leads to the same another time: not to a pipe or a device, and not to a descriptor of a process. Nothing is opened.
#[must_use]
pub fn lasts(path: &Path) -> bool {
    let of_process =
        || path.parent().and_then(|folder| folder.canonicalize().ok()).is_some_and(|it| it.starts_with("/proc"));
    let stays = |metadata: std::fs::Metadata| metadata.is_file() || metadata.is_dir();
    descriptor(path).is_none() && !of_process() && std::fs::metadata(path).map_or(true, stays)
}

/// A regular file, or a pipe: opening one waits for whoever writes into it.
fn open(path: &Path) -> Result<File, OpenError> {
    if std::fs::metadata(path)?.file_type().is_fifo() { Ok(File::open(path)?) } else { open_regular(path) }
}

impl Content {
    /// Reads a regular file, or a pipe or standard input until its end.
    ///
    /// # Errors
    /// `unreadable`, `not-regular`, `injection-size`.
    pub(super) fn read(path: &Path) -> Result<Self, Finding> {
        if descriptor(path) == Some("0") {
            let read = standard_input().and_then(Self::read_from);
            return read.map_err(|finding| finding.in_file(Path::new("standard input")));
        }
        let read = open(path).map_err(Finding::from).and_then(Self::read_from);
        read.map_err(|finding| finding.in_file(path))
    }

    /// The buffer has its final size from the start: one that grows would leave copies behind. For the same reason nothing here reads
    /// through a buffer of the standard library.
    fn read_from(mut source: impl Read) -> Result<Self, Finding> {
        let mut buffer = Private::new(MAX_SIZE.saturating_add(1)).map_err(|error| unreadable(&error))?;
        buffer.guard(0..usize::MAX);
        let mut length = 0_usize;
        loop {
            let free = buffer.get_mut(length..).unwrap_or_default();
            if free.is_empty() {
                return Err(Finding::new(Reason::InjectionSize, format!("more than {MAX_SIZE} bytes")));
            }
            match source.read(free) {
                Ok(0) => return Ok(Self { buffer, length }),
                Ok(read) => length = length.saturating_add(read),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(&error)),
            }
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }

    /// Whether it is what `systemd-creds encrypt` writes: Base64 of a header that begins with the ID of the key (16 bytes) and, each in 32
    /// bits, the sizes of the key (32), of a block (1), of the IV (12) and of the tag (16) for AES-256-GCM (src/shared/creds-util.c,
    /// `struct encrypted_credential_header`). The sizes are the same for every kind of key; the text is compared, without decoding it.
    pub(super) fn is_encrypted_credential(&self) -> bool {
        const SIZES: &[u8] = b"AAAAABAAAADAAAABAAAA";
        const START: usize = 22;
        let digits = self.bytes().iter().filter(|byte| !byte.is_ascii_whitespace());
        digits.skip(START).take(SIZES.len()).eq(SIZES)
    }
}

/// Without the buffer that `std::io::Stdin` reads through.
fn standard_input() -> Result<File, Finding> {
    io::stdin().as_fd().try_clone_to_owned().map(File::from).map_err(|error| unreadable(&error))
}

fn unreadable(error: &io::Error) -> Finding {
    Finding::new(Reason::Unreadable, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that gives one byte at a time, with interruptions.
    struct Slow<'a>(&'a [u8], bool);

    impl Read for Slow<'_> {
        fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let take = self.0.len().min(1);
            (&self.0[..take]).read(&mut target[..take.min(1)]).inspect(|read| self.0 = &self.0[*read..])
        }
    }

    #[test]
    fn all_is_read_up_to_the_limit() {
        assert_eq!(Content::read_from(Slow(b"secret", false)).unwrap().bytes(), b"secret");
        assert_eq!(Content::read_from(io::empty()).unwrap().bytes(), b"");
        let most = vec![7; MAX_SIZE + 1];
        assert_eq!(Content::read_from(&most[1..]).unwrap().bytes().len(), MAX_SIZE);
        let refused = Content::read_from(&*most).err().unwrap();
        assert_eq!((refused.reason, refused.detail.as_str()), (Reason::InjectionSize, "more than 1048576 bytes"));
    }

    /// Fails once with this, and has nothing then.
    struct Failing(Option<io::ErrorKind>);

    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            self.0.take().map_or(Ok(0), |kind| Err(kind.into()))
        }
    }

    #[test]
    fn a_read_that_was_interrupted_goes_on_and_one_that_failed_does_not() {
        assert_eq!(Content::read_from(Failing(Some(io::ErrorKind::Interrupted))).unwrap().bytes(), b"");
        let refused = Content::read_from(Failing(Some(io::ErrorKind::InvalidData))).err().unwrap();
        assert_eq!(refused.reason, Reason::Unreadable);
    }

    #[test]
    fn an_encrypted_credential_is_told_from_a_plain_one() {
        // An ID of a key; the sizes of AES-256-GCM; an IV.
        let text = b"k6iUCUh0RJCQyvL8k8q1UyAAAAABAAAADAAAABAAAAC1lFmbWAqWZ8dCCQkAAAAA\n";
        let encrypted = |bytes: &[u8]| Content::read_from(bytes).unwrap().is_encrypted_credential();
        assert!(encrypted(text));
        assert!(encrypted(b"k6iUCUh0RJCQ\n yvL8k8q1UyAAAAABAAAADAA\r\n\tAABAAAAC1lFmbWAqWZ8dCCQkAAAAA"));
        for changed in 22..42 {
            let mut other = text.to_vec();
            other[changed] ^= 1;
            assert!(!encrypted(&other), "{changed}");
        }
        assert!(!encrypted(&text[..41]) && !encrypted(b"") && !encrypted(b"a passphrase"));
    }

    #[test]
    fn what_cannot_be_read_another_time() {
        let folder = std::env::temp_dir().join(format!("skexec-lasts-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (file, pipe) = (folder.join("file"), folder.join("pipe"));
        let open = File::create(&file).unwrap();
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let number = std::os::fd::AsRawFd::as_raw_fd(&open);
        let (own, other) = (std::process::id(), format!("/dev//fd/{number}"));
        for (path, wanted) in [
            (file.to_str().unwrap(), true),
            (folder.to_str().unwrap(), true),
            ("/none", true),
            (pipe.to_str().unwrap(), false),
            ("/dev/null", false),
            ("-", false),
            ("/dev/stdin", false),
            ("/dev/fd/0", false),
            // A regular file, by a name that another process does not have.
            (&other, false),
            (&format!("/proc/{own}/fd/{number}"), false),
        ] {
            assert_eq!(lasts(Path::new(path)), wanted, "{path}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
