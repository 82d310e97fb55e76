//! A writer of cpio archives in the format that the kernel unpacks (`newc`,
//! Documentation/driver-api/early-userspace/buffer-format.rst).

use crate::reason::{Finding, Reason};

/// The last entry of every archive.
const TRAILER: &str = "TRAILER!!!";
const HEADER: usize = 6 + 13 * 8;
const FOLDER: u32 = 0o040_000;
const REGULAR: u32 = 0o100_000;

/// A file or a folder of an archive. Both belong to root, and their time is 0.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The path from the root of the file system, without a slash at its start.
    pub path: &'a str,
    /// The permission bits, such as 0o400.
    pub mode: u32,
    /// The bytes of a file; `None` for a folder. The kernel creates no parents: a folder must come before what is in it.
    pub content: Option<&'a [u8]>,
    /// Numbers of devices, which nothing reads from an entry of one name that is no device (linux/init/initramfs.c, `maybe_link`).
    salt: [u32; 4],
}

impl<'a> Entry<'a> {
    /// A folder.
    #[must_use]
    pub const fn folder(path: &'a str, mode: u32) -> Self {
        Self { path, mode, content: None, salt: [0; 4] }
    }

    /// A file.
    #[must_use]
    pub const fn file(path: &'a str, mode: u32, content: &'a [u8]) -> Self {
        Self { path, mode, content: Some(content), salt: [0; 4] }
    }

    /// The same with numbers that nobody can guess: then the digest of the archive shows nothing about what is in its files.
    #[must_use]
    pub const fn salted(self, salt: [u32; 4]) -> Self {
        Self { salt, ..self }
    }

    fn header(&self, number: u32) -> Result<String, Finding> {
        let large = || Finding::new(Reason::TooBig, format!("{}: a cpio archive holds files up to 4 GiB", self.path));
        let length = u32::try_from(self.content.map_or(0, <[u8]>::len)).map_err(|_| large())?;
        let name = u32::try_from(self.path.len().saturating_add(1)).map_err(|_| large())?;
        let kind = if self.content.is_some() { REGULAR } else { FOLDER };
        // ino, mode, uid, gid, nlink, mtime, filesize, maj, min, rmaj, rmin, namesize with its NUL, chksum
        let [major, minor, device_major, device_minor] = self.salt;
        let fields = [number, kind | self.mode, 0, 0, 1, 0, length, major, minor, device_major, device_minor, name, 0];
        Ok(format!("070701{}", fields.map(|field| format!("{field:08x}")).concat()))
    }

    fn length(&self) -> usize {
        let name = HEADER.saturating_add(self.path.len()).saturating_add(1);
        aligned(name).saturating_add(aligned(self.content.map_or(0, <[u8]>::len)))
    }
}

/// An archive of these entries.
///
/// # Errors
/// `too-big`: a file of 4 GiB or more.
pub fn archive(entries: &[Entry<'_>]) -> Result<Vec<u8>, Finding> {
    let mut archive = vec![0; length(entries)];
    write(entries, &mut archive)?;
    Ok(archive)
}

/// The bytes of an archive of these entries.
#[must_use]
pub fn length(entries: &[Entry<'_>]) -> usize {
    entries.iter().map(Entry::length).fold(trailer().len(), usize::saturating_add)
}

/// Writes an archive to memory of its [`length`], and keeps no other copy of what is in the files: one may be a secret.
///
/// # Errors
/// `too-big`: a file of 4 GiB or more.
pub fn write(entries: &[Entry<'_>], mut target: &mut [u8]) -> Result<(), Finding> {
    for (number, entry) in (1_u32..).zip(entries) {
        let head = format!("{}{}\0", entry.header(number)?, entry.path);
        target = put(target, head.as_bytes());
        target = put(target, entry.content.unwrap_or_default());
    }
    put(target, &trailer());
    Ok(())
}

/// Fills the start of `target` with these bytes, and with zeros up to a multiple of four; returns the rest.
fn put<'a>(target: &'a mut [u8], bytes: &[u8]) -> &'a mut [u8] {
    let (own, rest) = target.split_at_mut_checked(aligned(bytes.len())).unwrap_or_default();
    own.iter_mut().zip(bytes.iter().chain(std::iter::repeat(&0))).for_each(|(to, from)| *to = *from);
    rest
}

/// The end of an archive; alone, an empty archive.
#[must_use]
pub fn trailer() -> Vec<u8> {
    let fields = [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 11, 0].map(|field: u32| format!("{field:08X}"));
    let mut trailer = format!("070701{}{TRAILER}\0", fields.concat()).into_bytes();
    trailer.resize(aligned(trailer.len()), 0);
    trailer
}

const fn aligned(length: usize) -> usize {
    length.next_multiple_of(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_salt_changes_numbers_that_nothing_reads() {
        let plain = archive(&[Entry::file("a", 0o400, b"text")]).unwrap();
        let salted = archive(&[Entry::file("a", 0o400, b"text").salted([1, 2, 3, 0xffff_ffff])]).unwrap();
        // Behind the magic, seven numbers come before those of the devices.
        let numbers = 6 + 7 * 8..6 + 11 * 8;
        assert_eq!(&salted[numbers.clone()], b"000000010000000200000003ffffffff");
        let rest = |archive: &[u8]| [&archive[..numbers.start], &archive[numbers.end..]].concat();
        assert_eq!(rest(&salted), rest(&plain));
    }

    #[test]
    fn an_archive_is_written_as_cpio_writes_it() {
        let entries = [Entry::folder("a", 0o555), Entry::file("a/b", 0o400, b"text!")];
        let archive = archive(&entries).unwrap();
        let wanted = [
            "070701",
            "00000001",
            "0000416d",
            "00000000",
            "00000000",
            "00000001",
            "00000000",
            "00000000",
            "00000000",
            "00000000",
            "00000000",
            "00000000",
            "00000002",
            "00000000",
            "a\0",
            "070701",
            "00000002",
            "00008100",
            "00000000",
            "00000000",
            "00000001",
            "00000000",
            "00000005",
            "00000000",
            "00000000",
            "00000000",
            "00000000",
            "00000004",
            "00000000",
            "a/b\0\0\0",
            "text!\0\0\0",
        ];
        let (body, end) = archive.split_at(archive.len() - trailer().len());
        assert_eq!(String::from_utf8_lossy(body), wanted.concat());
        assert_eq!((end, length(&entries)), (trailer().as_slice(), archive.len()));
    }

    #[test]
    fn every_entry_starts_aligned() {
        for length in 0..9 {
            let name = "n".repeat(length + 1);
            let content = vec![1; length];
            let entries = [Entry::file(&name, 0o444, &content), Entry::file("next", 0o444, b"")];
            let archive = archive(&entries).unwrap();
            let starts: Vec<_> = archive.windows(6).enumerate().filter(|(_, six)| six == b"070701").collect();
            assert!(starts.len() == 3 && starts.iter().all(|(at, _)| at % 4 == 0), "{length}");
        }
    }
}
