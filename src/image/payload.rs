//! The packed kernel in a bzImage: found, recognised by its first bytes, and unpacked (Documentation/arch/x86/boot.rst,
//! `payload_offset` and `payload_length`).
//!
//! The payload is a compressed ELF file with its relocations behind it ([`super::relocations`]). Its last four bytes are the
//! length of what it unpacks to: gzip ends so by itself, for the other formats the kernel's build appends them
//! (scripts/Makefile.lib, `size_append`). Each format is accepted as the build makes it: one stream, with nothing behind it.

mod bzip2;
mod gzip;
mod lz4;
mod lzma;
mod lzo;
mod stream;
mod xz;
mod zstd;

use super::bytes::{size_at, u32_at};
use super::bzimage::SetupHeader;
use crate::sys::refusable;
use std::io::Read;

const PAYLOAD_OFFSET: usize = 0x248;
const PAYLOAD_LENGTH: usize = 0x24c;
/// The largest kernel that is unpacked, in bytes. Its addresses must end within 1 GiB (`KERNEL_IMAGE_SIZE`), and twice its size is
/// in memory for a moment.
const MAX_UNPACKED: usize = 512 << 20;
/// The longest dictionary or window that is accepted, in bytes: what `zstd -22 --ultra` and scripts/xz_wrap.sh ask for.
const MAX_WINDOW: u32 = 128 << 20;
/// [`MAX_WINDOW`] and the decoder's own tables, in KiB.
const MAX_DECODER_KIB: u32 = (MAX_WINDOW >> 10) + (16 << 10);

/// The formats in which the kernel's build compresses a payload (init/Kconfig, `KERNEL_GZIP` and following).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    Gzip,
    Bzip2,
    Lzma,
    Xz,
    Lzo,
    Lz4,
    Zstd,
}

impl Compression {
    const ALL: [Self; 7] = [Self::Gzip, Self::Bzip2, Self::Lzma, Self::Xz, Self::Lzo, Self::Lz4, Self::Zstd];

    /// The bytes that it starts with.
    const fn magic(self) -> &'static [u8] {
        match self {
            Self::Gzip => &[0x1f, 0x8b],
            Self::Bzip2 => b"BZh",
            // The usual properties, and a dictionary of a multiple of 64 KiB.
            Self::Lzma => &[0x5d, 0, 0],
            Self::Xz => xz::MAGIC,
            Self::Lzo => lzo::MAGIC,
            Self::Lz4 => lz4::MAGIC,
            Self::Zstd => &[0x28, 0xb5, 0x2f, 0xfd],
        }
    }

    /// The one that bytes start like.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|compression| bytes.starts_with(compression.magic()))
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Lzma => "lzma",
            Self::Xz => "xz",
            Self::Lzo => "lzo",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    fn unpack(self, stream: &[u8], size: usize) -> Result<Vec<u8>, String> {
        match self {
            Self::Gzip => gzip::unpack(stream, size),
            Self::Bzip2 => bzip2::unpack(stream, size),
            Self::Lzma => lzma::unpack(stream, size),
            Self::Xz => xz::unpack(stream, size),
            Self::Lzo => lzo::unpack(stream, size),
            Self::Lz4 => lz4::unpack(stream, size),
            Self::Zstd => zstd::unpack(stream, size),
        }
    }
}

/// A payload that was found and recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packed<'a> {
    compression: Compression,
    stream: &'a [u8],
    size: usize,
}

impl<'a> Packed<'a> {
    /// Finds the payload of a bzImage. `file` is what `header` was parsed from.
    ///
    /// # Errors
    /// Why the kernel cannot be unpacked: the payload lies outside the protected-mode code, its format is not known, or the
    /// size that it states is zero, more than `init_size`, or more than 512 MiB.
    pub fn of(header: &SetupHeader, file: &'a [u8]) -> Result<Self, String> {
        let payload = locate(header, file).ok_or("the payload lies outside the kernel's protected-mode code")?;
        let compression = Compression::of(payload).ok_or_else(|| {
            let start = payload.get(..4).unwrap_or(payload);
            format!("the payload's compression is not known: it starts with {}", start.escape_ascii())
        })?;
        let (stream, size) = payload.split_last_chunk().ok_or("the payload is too short")?;
        // gzip's own trailer ends with the size.
        let stream = if compression == Compression::Gzip { payload } else { stream };
        let stated = u32::from_le_bytes(*size);
        let size = usize::try_from(stated).unwrap_or(usize::MAX);
        if size == 0 || stated > header.init_size || size > MAX_UNPACKED {
            return Err(format!(
                "the payload states that it unpacks to {size} bytes; init_size is {}, and the limit is {MAX_UNPACKED}",
                header.init_size
            ));
        }
        Ok(Self { compression, stream, size })
    }

    /// The name of the format: `gzip`, `bzip2`, `lzma`, `xz`, `lzo`, `lz4` or `zstd`.
    #[must_use]
    pub const fn format(&self) -> &'static str {
        self.compression.name()
    }

    /// Bytes that it unpacks to: at least one, at most `init_size`, at most 512 MiB.
    #[must_use]
    pub const fn unpacked_size(&self) -> usize {
        self.size
    }

    /// Unpacks it. Meanwhile at most twice the unpacked size is in memory, and a few MiB.
    ///
    /// # Errors
    /// What is wrong: the stream is damaged, unpacks to another number of bytes than stated, needs a window of more than
    /// 128 MiB, is followed by other bytes, or there is too little memory.
    pub fn unpack(&self) -> Result<Vec<u8>, String> {
        let unpacked = self.compression.unpack(self.stream, self.size);
        unpacked.map_err(|error| format!("the payload ({}) cannot be unpacked: {error}", self.format()))
    }
}

/// `payload_offset` counts from the start of the protected-mode code. All of that is signed.
fn locate<'a>(header: &SetupHeader, file: &'a [u8]) -> Option<&'a [u8]> {
    let code = file.get(header.setup_size..header.end())?;
    let start = size_at(file, PAYLOAD_OFFSET).filter(|start| *start != 0)?;
    let length = u32_at(file, PAYLOAD_LENGTH).and_then(|length| usize::try_from(length).ok())?;
    code.get(start..start.checked_add(length)?)
}

/// An empty vector with room for `size` bytes.
fn reserve(size: usize) -> Result<Vec<u8>, String> {
    let mut content = Vec::new();
    let reserved = refusable(|| content.try_reserve_exact(size));
    reserved.map_err(|_| format!("there is no memory for its {size} bytes"))?;
    Ok(content)
}

/// Reads `size` bytes, after which the stream must end.
fn read_all(mut reader: impl Read, size: usize) -> Result<Vec<u8>, String> {
    let mut content = reserve(size)?;
    let limit = u64::try_from(size).unwrap_or(u64::MAX);
    reader.by_ref().take(limit).read_to_end(&mut content).map_err(|error| error.to_string())?;
    // The read after the last byte also checks the stream's end.
    let more = reader.read(&mut [0]).map_err(|error| error.to_string())?;
    if content.len() < size || more != 0 {
        let amount = if more == 0 { content.len().to_string() } else { format!("more than {size}") };
        return Err(format!("it unpacks to {amount} bytes, and states {size}"));
    }
    Ok(content)
}

/// The next `length` bytes, which are taken off the front.
fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], String> {
    rest.split_off(..length).ok_or_else(|| "it is cut short".to_owned())
}

/// Checks the size of a dictionary before there is memory for it.
fn dictionary(bytes: u32) -> Result<(), String> {
    if bytes <= MAX_WINDOW {
        Ok(())
    } else {
        Err(format!("its dictionary has {bytes} bytes, wanted at most {MAX_WINDOW}"))
    }
}

/// Checks that nothing follows the stream.
fn ends(rest: &[u8]) -> Result<(), String> {
    if rest.is_empty() { Ok(()) } else { Err(format!("{} bytes follow the stream", rest.len())) }
}

#[cfg(test)]
mod tests;
