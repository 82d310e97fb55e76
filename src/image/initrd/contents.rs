//! What a cpio archive of an initrd holds, read piece by piece while it is unpacked (Documentation/driver-api/early-userspace/
//! buffer-format.rst, `newc`). Only counts and a few names are kept.

/// The fixed part of an entry: a magic number, and 13 numbers of eight hexadecimal digits.
const HEADER: usize = 6 + 13 * 8;
/// PATH_MAX, with its NUL: the kernel skips longer names.
const LONGEST_NAME: u64 = 4096;
/// More entries than any initrd has.
const MOST: u64 = 4 << 20;
/// More names of a kind than any initrd has.
const MOST_NAMES: usize = 64;
const MICROCODE: &str = "kernel/x86/microcode/";
const ACPI: &str = "kernel/firmware/acpi/";

/// A file that the kernel reads from the archive before it unpacks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EarlyFile {
    pub(crate) path: String,
    pub(crate) bytes: u64,
}

/// What was found so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Contents {
    pub(crate) archives: u64,
    pub(crate) entries: u64,
    /// The sum of the files' sizes.
    pub(crate) bytes: u64,
    /// That sum for the largest archive. A later archive may replace files of an earlier one, but not before that was unpacked whole.
    pub(crate) largest: u64,
    /// Whether there is an `/init`.
    pub(crate) init: bool,
    /// Whether there is a systemd.
    pub(crate) systemd: bool,
    /// The program that made it, by the files that it leaves there.
    pub(crate) maker: Option<&'static str>,
    /// The releases that have a directory below lib/modules.
    pub(crate) releases: Vec<String>,
    /// Kernel modules.
    pub(crate) modules: u64,
    /// Files below lib/firmware.
    pub(crate) firmware: u64,
    pub(crate) microcode: Vec<EarlyFile>,
    pub(crate) acpi: Vec<EarlyFile>,
    state: State,
    /// The sum of the sizes in this archive.
    archive: u64,
    buffer: Vec<u8>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// Between two archives, or before the first: zeros.
    #[default]
    Between,
    Header,
    /// The name of a file of `size` bytes: `length` bytes with its NUL, `padded` with its padding.
    Name {
        size: u64,
        length: usize,
        padded: usize,
    },
    Content(u64),
}

impl Contents {
    /// Reads up to the end of an archive or of the bytes; how many bytes that were.
    ///
    /// # Errors
    /// Why these bytes are no cpio archive.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Result<usize, String> {
        let mut rest = bytes;
        let archives = self.archives;
        while !rest.is_empty() && self.archives == archives {
            self.step(&mut rest)?;
        }
        Ok(bytes.len().saturating_sub(rest.len()))
    }

    /// The same with all of the bytes.
    pub(crate) fn read_all(&mut self, mut bytes: &[u8]) -> Result<(), String> {
        while !bytes.is_empty() {
            let read = self.read(bytes)?;
            bytes = bytes.get(read..).unwrap_or_default();
        }
        Ok(())
    }

    /// Whether the last archive is complete.
    pub(crate) fn is_complete(&self) -> bool {
        self.state == State::Between
    }

    fn step(&mut self, rest: &mut &[u8]) -> Result<(), String> {
        match self.state {
            State::Between => {
                let zeros = rest.iter().take_while(|byte| **byte == 0).count();
                *rest = rest.get(zeros..).unwrap_or_default();
                if !rest.is_empty() {
                    self.state = State::Header;
                }
            }
            State::Header => {
                if self.fill(rest, HEADER) {
                    self.header()?;
                }
            }
            State::Name { size, length, padded } => {
                if self.fill(rest, padded) {
                    self.name(size, length)?;
                }
            }
            State::Content(left) => {
                let skipped = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                *rest = rest.get(skipped..).unwrap_or_default();
                let left = left.saturating_sub(u64::try_from(skipped).unwrap_or(u64::MAX));
                self.state = if left == 0 { State::Header } else { State::Content(left) };
            }
        }
        Ok(())
    }

    /// Moves bytes to the buffer until it has `wanted` bytes; whether it has.
    fn fill(&mut self, rest: &mut &[u8], wanted: usize) -> bool {
        let (taken, after) = rest.split_at(wanted.saturating_sub(self.buffer.len()).min(rest.len()));
        self.buffer.extend_from_slice(taken);
        *rest = after;
        self.buffer.len() >= wanted
    }

    fn header(&mut self) -> Result<(), String> {
        let header = std::mem::take(&mut self.buffer);
        let numbers = header.strip_prefix(b"070701").or_else(|| header.strip_prefix(b"070702"));
        let numbers = numbers.ok_or_else(|| {
            let start = header.get(..6).unwrap_or_default();
            format!("an entry starts with {}, not with 070701", start.escape_ascii())
        })?;
        let number = |index: usize| {
            let digits = numbers.chunks_exact(8).nth(index)?;
            u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
        };
        let (size, length) = number(6).zip(number(11)).ok_or("an entry's header is malformed")?;
        if !(1..=LONGEST_NAME).contains(&length) {
            return Err(format!("an entry's name has {length} bytes"));
        }
        let length = usize::try_from(length).unwrap_or_default();
        // The name starts two bytes after a multiple of four.
        let padded = length.saturating_add(2).next_multiple_of(4).saturating_sub(2);
        self.state = State::Name { size, length, padded };
        Ok(())
    }

    fn name(&mut self, size: u64, length: usize) -> Result<(), String> {
        let buffer = std::mem::take(&mut self.buffer);
        let name = buffer.get(..length).unwrap_or_default().split(|byte| *byte == 0).next().unwrap_or_default();
        if name == b"TRAILER!!!" {
            self.archives = self.archives.saturating_add(1);
            self.archive = 0;
            self.state = State::Between;
            return Ok(());
        }
        self.entries = self.entries.saturating_add(1);
        if self.entries > MOST {
            return Err(format!("it has more than {MOST} entries: they were not counted further"));
        }
        self.bytes = self.bytes.saturating_add(size);
        self.archive = self.archive.saturating_add(size);
        self.largest = self.largest.max(self.archive);
        let name = String::from_utf8_lossy(name);
        self.note(name.trim_start_matches("./").trim_start_matches('/'), size);
        let padded = size.next_multiple_of(4);
        self.state = if padded == 0 { State::Header } else { State::Content(padded) };
        Ok(())
    }

    fn note(&mut self, path: &str, bytes: u64) {
        let early = || EarlyFile { path: path.to_owned(), bytes };
        if path.starts_with(MICROCODE) && path.len() > MICROCODE.len() && self.microcode.len() < MOST_NAMES {
            self.microcode.push(early());
        }
        if path.starts_with(ACPI) && path.len() > ACPI.len() && self.acpi.len() < MOST_NAMES {
            self.acpi.push(early());
        }
        let path = path.strip_prefix("usr/").unwrap_or(path);
        match path {
            "init" => self.init = true,
            "lib/systemd/systemd" => self.systemd = true,
            "lib/dracut" | "lib/dracut/build-parameter.txt" => self.maker = Some("dracut"),
            "conf/initramfs.conf" => self.maker = Some("initramfs-tools"),
            "buildconfig" => self.maker = Some("mkinitcpio"),
            _ => {}
        }
        if path.starts_with("lib/firmware/") {
            self.firmware = self.firmware.saturating_add(1);
        }
        if let Some(below) = path.strip_prefix("lib/modules/") {
            self.module(below);
        }
    }

    fn module(&mut self, below: &str) {
        let (release, file) = below.split_once('/').unwrap_or((below, ""));
        let known = self.releases.iter().any(|other| other == release);
        if !release.is_empty() && !known && self.releases.len() < MOST_NAMES {
            self.releases.push(release.to_owned());
        }
        if [".ko", ".ko.xz", ".ko.zst", ".ko.gz"].iter().any(|end| file.ends_with(end)) {
            self.modules = self.modules.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::cpio::{Entry, archive};

    fn example() -> Vec<u8> {
        let entries = [
            Entry::folder("usr/lib/modules/6.12.0-test", 0o755),
            Entry::file("usr/lib/modules/6.12.0-test/kernel/a.ko.xz", 0o644, b"12345"),
            Entry::file("init", 0o755, b"#!"),
            Entry::file("kernel/x86/microcode/AuthenticAMD.bin", 0o644, b"123"),
        ];
        archive(&entries).unwrap()
    }

    #[test]
    fn it_makes_no_difference_how_the_archive_is_cut() {
        let whole = example();
        for piece in [1, 2, 3, 7, 110, 4096] {
            let mut contents = Contents::default();
            whole.chunks(piece).for_each(|piece| contents.read_all(piece).unwrap());
            assert_eq!((contents.archives, contents.entries, contents.bytes), (1, 4, 10), "{piece}");
            assert!(contents.init && !contents.systemd && contents.is_complete());
            assert_eq!((contents.releases, contents.modules), (vec!["6.12.0-test".to_owned()], 1));
            assert_eq!(contents.microcode[0].bytes, 3);
        }
    }

    #[test]
    fn a_later_archive_may_replace_files_of_an_earlier_one() {
        let small = archive(&[Entry::file("init", 0o755, b"#")]).unwrap();
        for archives in [[small.clone(), example()], [example(), small]] {
            let mut contents = Contents::default();
            contents.read_all(&archives.concat()).unwrap();
            assert_eq!((contents.archives, contents.bytes, contents.largest), (2, 11, 10));
        }
    }

    fn of_names(names: &[&str]) -> Contents {
        let entries: Vec<_> = names.iter().map(|name| Entry::file(name, 0o644, b"12")).collect();
        let mut contents = Contents::default();
        contents.read_all(&archive(&entries).unwrap()).unwrap();
        contents
    }

    #[test]
    fn a_name_tells_what_the_initrd_has() {
        let rows = [
            ("init", (true, false, None)),
            ("./init", (true, false, None)),
            ("usr/init", (true, false, None)),
            ("etc/init", (false, false, None)),
            ("usr/lib/systemd/systemd", (false, true, None)),
            ("lib/dracut", (false, false, Some("dracut"))),
            ("usr/lib/dracut/build-parameter.txt", (false, false, Some("dracut"))),
            ("conf/initramfs.conf", (false, false, Some("initramfs-tools"))),
            ("buildconfig", (false, false, Some("mkinitcpio"))),
            ("lib/dracut/hooks", (false, false, None)),
        ];
        for (name, wanted) in rows {
            let Contents { init, systemd, maker, .. } = of_names(&[name]);
            assert_eq!((init, systemd, maker), wanted, "{name}");
        }
        let names = ["usr/lib/firmware/a.bin", "lib/firmware/b.bin", "lib/modules/1/a.ko", "lib/modules/1/b.ko.zst"];
        let Contents { firmware, modules, releases, .. } = of_names(&names);
        assert_eq!((firmware, modules, releases), (2, 2, vec!["1".to_owned()]));
    }

    #[test]
    fn early_files_are_those_in_two_folders() {
        let names = ["kernel/x86/microcode/a.bin", "kernel/x86/microcode/", "kernel/firmware/acpi/b.aml"];
        let found = of_names(&[&names[..], &["kernel/firmware/acpi/", "kernel/x86/c", "kernel/firmware/d"]].concat());
        let early = |path: &str| vec![EarlyFile { path: path.to_owned(), bytes: 2 }];
        assert_eq!((found.microcode, found.acpi), (early(names[0]), early(names[2])));
    }

    #[test]
    fn so_many_names_are_kept() {
        let names = |start: &str| (0..100).map(|number| format!("{start}{number}")).collect::<Vec<_>>();
        let all = [names(MICROCODE), names(ACPI), names("lib/modules/")].concat();
        let found = of_names(&all.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!([found.microcode.len(), found.acpi.len(), found.releases.len()], [MOST_NAMES; 3]);
        assert_eq!(found.entries, 300);
    }

    #[test]
    fn so_many_entries_are_counted() {
        for (before, wanted) in [(MOST - 4, true), (MOST - 3, false)] {
            let mut contents = Contents { entries: before, ..Contents::default() };
            assert_eq!(contents.read_all(&example()).is_ok(), wanted, "{before}");
        }
    }

    #[test]
    fn a_cut_archive_is_not_complete() {
        let whole = example();
        for length in 1..whole.len() {
            let mut contents = Contents::default();
            contents.read_all(&whole[..length]).unwrap();
            assert!(!contents.is_complete(), "{length}");
        }
        let mut contents = Contents::default();
        assert!(contents.read_all(&[b"070707", &[b'0'; 200][..]].concat()).unwrap_err().contains("070707"));
        let mut full = Contents { entries: MOST, ..Contents::default() };
        assert!(full.read_all(&whole).unwrap_err().contains("more than"));
        let nameless = [b"070701", &[b'0'; 104][..]].concat();
        assert_eq!(Contents::default().read_all(&nameless).unwrap_err(), "an entry's name has 0 bytes");
        let letters = [b"070701", &[b'x'; 104][..]].concat();
        assert_eq!(Contents::default().read_all(&letters).unwrap_err(), "an entry's header is malformed");
    }
}
