//! The ELF file within a bzImage, unpacked by the programs with which distributions compress it.

use std::fs::{self, File};
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::fetch::Extras;

// Offsets in the file (Documentation/arch/x86/boot.rst).
const SETUP_SECTS: usize = 0x1f1;
const PAYLOAD_OFFSET: usize = 0x248;
const PAYLOAD_LENGTH: usize = 0x24c;
/// The words of a broken table of relocations.
const RELOCATIONS_LEFT: usize = 16;

/// The formats in which the kernel's build compresses a payload (scripts/Makefile.lib).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Gzip,
    Bzip2,
    Lzma,
    Xz,
    Lz4,
    Zstd,
}

impl Format {
    pub(crate) const ALL: [Self; 6] = [Self::Gzip, Self::Bzip2, Self::Lzma, Self::Xz, Self::Lz4, Self::Zstd];

    fn of(packed: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|format| packed.starts_with(format.magic()))
    }

    fn magic(self) -> &'static [u8] {
        match self {
            Self::Gzip => &[0x1f, 0x8b],
            Self::Bzip2 => b"BZh",
            Self::Lzma => &[0x5d, 0, 0],
            Self::Xz => b"\xfd7zXZ\0",
            // The legacy frame.
            Self::Lz4 => &[0x02, 0x21, 0x4c, 0x18],
            Self::Zstd => &[0x28, 0xb5, 0x2f, 0xfd],
        }
    }

    fn program(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Lzma | Self::Xz => "xz",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    fn unpacking(self) -> &'static [&'static str] {
        if self == Self::Lzma { &["--format=lzma", "-dc"] } else { &["-dc"] }
    }

    fn packing(self) -> &'static [&'static str] {
        match self {
            Self::Gzip => &["-n", "-9", "-c"],
            Self::Bzip2 => &["-9", "-c"],
            Self::Lzma => &["--format=lzma", "-9", "-c"],
            Self::Xz => &["--check=crc32", "--x86", "--lzma2=dict=32MiB", "-c"],
            Self::Lz4 => &["-l", "-9", "-c"],
            Self::Zstd => &["-22", "--ultra", "-c"],
        }
    }

    /// gzip stores the size itself; for the other formats the build appends it.
    fn size_is_appended(self) -> bool {
        self != Self::Gzip
    }

    fn run(self, arguments: &[&str], input: &[u8], scratch: &Path, extras: &Extras) -> Result<Vec<u8>> {
        let name = self.program();
        fs::write(scratch, input)?;
        let mut command: Command = extras.command(name);
        let output = command.args(arguments).stdin(File::open(scratch)?).stderr(Stdio::piped()).output();
        let output = output.with_context(|| format!("cannot start {name}"))?;
        ensure!(output.status.success(), "{name}: {} {}", output.status, String::from_utf8_lossy(&output.stderr));
        Ok(output.stdout)
    }

    /// The payload that the kernel's build would put into a bzImage.
    pub(crate) fn pack(self, content: &[u8], scratch: &Path, extras: &Extras) -> Result<Vec<u8>> {
        let mut packed = self.run(self.packing(), content, scratch, extras)?;
        if self.size_is_appended() {
            packed.extend(u32::try_from(content.len())?.to_le_bytes());
        }
        Ok(packed)
    }
}

/// The content of a packed file, which ends with the stream.
pub(crate) fn unpack_file(file: &[u8], scratch: &Path, extras: &Extras) -> Result<Vec<u8>> {
    let format = Format::of(file).context("a file packed in a way not known here")?;
    format.run(format.unpacking(), file, scratch, extras)
}

/// A payload's content, unpacked from any of the formats.
pub(crate) fn unpack(payload: &[u8], scratch: &Path, extras: &Extras) -> Result<Vec<u8>> {
    let Some(format) = Format::of(payload) else { bail!("a payload packed in a way not known here") };
    let (stream, size) = payload.split_at(payload.len() - 4);
    let stream = if format.size_is_appended() { stream } else { payload };
    let content = format.run(format.unpacking(), stream, scratch, extras)?;
    // gzip's own trailer ends with the size, too.
    ensure!(u32::try_from(content.len())?.to_le_bytes() == *size, "{format:?}: the payload's size is another");
    Ok(content)
}

/// The `vmlinux` of a bzImage, as the file that its build stripped and packed.
///
/// After the ELF file, the payload has the table of relocations, which only the decompressor within a bzImage reads. It is cut off,
/// because a vmlinux that is shipped does not have it.
pub(crate) fn vmlinux(image: &[u8], scratch: &Path, extras: &Extras) -> Result<Vec<u8>> {
    let mut elf = unpack(&image[place(image)?], scratch, extras)?;
    let end = elf_end(&elf)?;
    let table = elf.get(end..).context("the ELF file is cut short")?;
    // The table consists of whole words, with a zero before each of its lists.
    ensure!(table.len() % 4 == 0 && table.iter().take(4).all(|byte| *byte == 0), "no relocations behind the ELF file");
    elf.truncate(end);
    Ok(elf)
}

/// A bzImage whose table of relocations ends within its first list. With `nokaslr` the kernel does not read the table.
pub(crate) fn with_broken_relocations(image: &[u8], scratch: &Path, extras: &Extras) -> Result<Vec<u8>> {
    let place = place(image)?;
    let format = Format::of(&image[place.clone()]).context("a payload packed in a way not known here")?;
    let mut content = unpack(&image[place.clone()], scratch, extras)?;
    content.truncate(elf_end(&content)? + 4 * RELOCATIONS_LEFT);
    let mut packed = format.pack(&content, scratch, extras)?;
    let length = u32::try_from(packed.len())?;
    ensure!(packed.len() <= place.len(), "the payload with fewer relocations is longer: {length}");
    packed.resize(place.len(), 0);
    let mut image = image.to_vec();
    image[place].copy_from_slice(&packed);
    image[PAYLOAD_LENGTH..PAYLOAD_LENGTH + 4].copy_from_slice(&length.to_le_bytes());
    Ok(image)
}

/// Where the payload is in a bzImage.
fn place(image: &[u8]) -> Result<Range<usize>> {
    let setup_sects = match *image.get(SETUP_SECTS).context("not a bzImage")? {
        0 => 4,
        count => usize::from(count),
    };
    let start = (setup_sects + 1) * 512 + number(image, PAYLOAD_OFFSET, 4)?;
    let place = start..start + number(image, PAYLOAD_LENGTH, 4)?;
    ensure!(place.end <= image.len(), "the payload is cut short");
    Ok(place)
}

/// The end of an ELF file according to its headers; the section headers come last.
fn elf_end(elf: &[u8]) -> Result<usize> {
    ensure!(elf.starts_with(b"\x7fELF\x02\x01"), "not an ELF file of 64 bits");
    let mut end = number(elf, 40, 8)? + number(elf, 58, 2)? * number(elf, 60, 2)?;
    let (table, size, count) = (number(elf, 32, 8)?, number(elf, 54, 2)?, number(elf, 56, 2)?);
    for header in (0..count).map(|index| table + index * size) {
        end = end.max(number(elf, header + 8, 8)? + number(elf, header + 32, 8)?);
    }
    Ok(end)
}

fn number(bytes: &[u8], at: usize, length: usize) -> Result<usize> {
    let field = bytes.get(at..at + length).context("a header is cut short")?;
    let mut whole = [0; 8];
    whole[..length].copy_from_slice(field);
    Ok(usize::try_from(u64::from_le_bytes(whole))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_told_by_its_first_bytes() {
        for format in Format::ALL {
            assert_eq!(Format::of(&[format.magic(), b"rest"].concat()), Some(format));
        }
        assert_eq!(Format::of(b"\x7fELF"), None);
    }

    #[test]
    fn an_elf_file_ends_behind_the_last_thing_named() {
        let mut elf = vec![0; 0x100];
        elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
        elf[40] = 0x80; // e_shoff
        (elf[58], elf[60]) = (64, 1); // e_shentsize, e_shnum
        assert_eq!(elf_end(&elf).expect("an ELF file"), 0xc0);
        assert!(elf_end(b"MZ").is_err());
    }
}
