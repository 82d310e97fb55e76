//! The purgatory: the embedded image, and how it is given its orders.
//!
//! `purgatory/` holds its code. When the old kernel is gone it compares the SHA-256 of itself and of every region with its
//! orders, zeroes what is to be zero, and jumps to the new kernel; or it says what is damaged, and resets or halts.

mod image;

use crate::reason::{Finding, Reason};
use sha2::{Digest, Sha256};
use skexec_purgatory::{NAME, Params, REGIONS, SPANS, Span};

/// The offset of the entry point within the segment.
pub const ENTRY: u64 = 0;

/// What the purgatory is to do; all addresses are physical.
#[derive(Debug, Clone)]
pub struct Orders<'a> {
    /// The kernel's 64-bit entry point.
    pub entry: u64,
    /// What the kernel finds in RSI.
    pub boot_params: u64,
    /// What is checked, each on its own and in this order; at most 16. The purgatory checks itself without being told.
    pub regions: Vec<Region<'a>>,
    /// What is zeroed after the check, as (start, length); at most 16.
    pub zero: Vec<(u64, u64)>,
    /// This machine's processors have `sha_ni`, `ssse3` and `sse4_1` (/proc/cpuinfo). The purgatory does not ask.
    pub sha_ni: bool,
    /// Where it says what is damaged.
    pub console: Console,
    /// What it does then.
    pub on_mismatch: OnMismatch,
}

/// A stretch of memory and the digest it must have.
#[derive(Debug, Clone, Copy)]
pub struct Region<'a> {
    /// What the report calls it; the first 24 bytes of it.
    pub name: &'a str,
    /// Its first byte.
    pub start: u64,
    /// Its length in bytes.
    pub length: u64,
    /// Its SHA-256.
    pub digest: [u8; 32],
}

/// Where the purgatory says what is damaged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Console {
    /// Nowhere.
    #[default]
    None,
    /// To the UART (8250 and its successors) at this I/O port, with the speed it has.
    Serial(u16),
    /// On the VGA text screen.
    Vga,
}

/// What the purgatory does when something is damaged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnMismatch {
    /// It resets the machine, which comes back through its firmware.
    #[default]
    Reset,
    /// It stops the processor, so that the report can be read.
    Halt,
}

/// The file bytes of the armed image (`bufsz`).
#[must_use]
pub const fn file_bytes() -> usize {
    image::FILE.len()
}

/// The segment's length in memory (`memsz`), with tables and stack: whole pages.
#[must_use]
pub const fn memory_bytes() -> u64 {
    #[expect(
        clippy::as_conversions,
        reason = "a constant of a few pages; in a constant function there is no other way"
    )]
    let bytes = image::MEMORY_BYTES as u64;
    bytes
}

/// The image with its orders: the file bytes of a segment that runs at any page-aligned address.
///
/// # Errors
/// [`Reason::TooManySegments`] where regions or spans are more than there is room for.
pub fn arm(orders: &Orders<'_>) -> Result<Vec<u8>, Finding> {
    let mut params = params(orders)?;
    let (code, _) = image::FILE.split_at(image::PARAMS);
    let mut digest = Sha256::new_with_prefix(code);
    digest.update(params.as_bytes().split_at(Params::SIZE - params.self_digest.len()).0);
    params.self_digest = digest.finalize().into();
    Ok([code, params.as_bytes()].concat())
}

fn params(orders: &Orders<'_>) -> Result<Params, Finding> {
    let mut params = Params {
        entry: orders.entry,
        boot_params: orders.boot_params,
        sha_ni: orders.sha_ni.into(),
        on_mismatch: match orders.on_mismatch {
            OnMismatch::Reset => skexec_purgatory::OnMismatch::RESET,
            OnMismatch::Halt => skexec_purgatory::OnMismatch::HALT,
        },
        region_count: count("regions to check", orders.regions.len(), REGIONS)?,
        span_count: count("spans to zero", orders.zero.len(), SPANS)?,
        ..Params::EMPTY
    };
    (params.console, params.port) = match orders.console {
        Console::None => (skexec_purgatory::Console::NONE, 0),
        Console::Serial(port) => (skexec_purgatory::Console::SERIAL, port.into()),
        Console::Vga => (skexec_purgatory::Console::VGA, 0),
    };
    for (slot, region) in params.regions.iter_mut().zip(&orders.regions) {
        let &Region { start, length, digest, .. } = region;
        *slot = skexec_purgatory::Region { start, length, digest, name: name(region.name) };
    }
    for (slot, &(start, length)) in params.zero.iter_mut().zip(&orders.zero) {
        *slot = Span { start, length };
    }
    Ok(params)
}

fn count(what: &str, count: usize, limit: usize) -> Result<u32, Finding> {
    let fits = u32::try_from(count).ok().filter(|_| count <= limit);
    fits.ok_or_else(|| Finding::new(Reason::TooManySegments, format!("{count} {what}, at most {limit}")))
}

/// What fits of a name; the purgatory speaks ASCII, and a quotation mark would end the name too early.
fn name(text: &str) -> [u8; NAME] {
    let mut name = [0; NAME];
    for (byte, letter) in name.iter_mut().zip(text.chars()) {
        *byte = u8::try_from(letter).ok().filter(|byte| matches!(byte, b' '..=b'~') && *byte != b'"').unwrap_or(b'?');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders() -> Orders<'static> {
        Orders {
            entry: 0x0100_0200,
            boot_params: 0x9_0000,
            regions: vec![Region { name: "kernel", start: 0x0100_0000, length: 5, digest: [7; 32] }],
            zero: vec![(0x2000, 0x1000)],
            sha_ni: true,
            console: Console::Serial(0x3f8),
            on_mismatch: OnMismatch::Halt,
        }
    }

    #[test]
    fn the_orders_end_the_image_and_its_digest_ends_them() {
        let armed = arm(&orders()).unwrap();
        assert_eq!(armed.len(), file_bytes());
        let (body, digest) = armed.split_at(armed.len() - 32);
        assert_eq!(digest, &Sha256::digest(body)[..]);
        let block = &body[body.len() + 32 - Params::SIZE..];
        assert_eq!(block[..8], Params::MAGIC.to_le_bytes());
        assert_eq!(block[8..16], 0x0100_0200_u64.to_le_bytes());
        assert_eq!(block[16..24], 0x9_0000_u64.to_le_bytes());
        // sha_ni, console, port, on_mismatch, one region, one span.
        let words = [1, 1, 0x3f8, 1, 1, 1_u32].map(u32::to_le_bytes).concat();
        assert_eq!(block[24..48], words);
        assert_eq!(block[48..64], [0x0100_0000_u64, 5].map(u64::to_le_bytes).concat());
        assert_eq!(block[64..96], [7; 32]);
        assert_eq!(block[96..104], *b"kernel\0\0");
        assert_eq!(block[1200..1216], [0x2000_u64, 0x1000].map(u64::to_le_bytes).concat());
    }

    #[test]
    fn what_has_no_room_is_refused() {
        let sixteen = Orders { regions: vec![orders().regions[0]; 16], zero: vec![(0, 1); 16], ..orders() };
        assert!(arm(&sixteen).is_ok());
        let regions = Orders { regions: vec![orders().regions[0]; 17], ..orders() };
        let spans = Orders { zero: vec![(0, 1); 17], ..orders() };
        for (wrong, detail) in [(regions, "17 regions to check, at most 16"), (spans, "17 spans to zero, at most 16")] {
            assert_eq!(arm(&wrong), Err(Finding::new(Reason::TooManySegments, detail)));
        }
    }

    #[test]
    fn names_are_cut_and_printable() {
        assert_eq!(&name("a name of more than 24 letters"), b"a name of more than 24 l");
        assert_eq!(&name("\"\né\u{20ac}z")[..6], b"????z\0");
    }
}
