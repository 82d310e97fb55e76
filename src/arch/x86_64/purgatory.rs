//! The purgatory: the embedded image, and how it is given its parameters.
//!
//! `purgatory/` holds its code. When the old kernel is gone it compares the SHA-256 of itself and of every region with the
//! digests in its parameters, changes to the page tables that they name, zeroes what is to be zero, and enters the new kernel;
//! or it reports what is damaged, and resets the machine or halts.

mod image;
mod regions;

pub use skexec_purgatory::{Params, Region, Span};

use super::layout::Form;
use crate::arch::{self, OnMismatch};
use crate::digest::Hashed;
use crate::memory::PhysRange;
use crate::placement::{Content, Deferred, Role, Segment, SegmentSpec, length};
use crate::reason::{Finding, Reason};
use crate::sys::Private;
use sha2::{Digest, Sha256};
use skexec_purgatory::{Backup, NAME};

/// The offset of the entry point from the start of the segment, in bytes.
pub const ENTRY: u64 = 0;

/// The purgatory of one load, before the other segments have an address.
#[derive(Debug)]
pub(super) struct Purgatory<'a> {
    /// Everything that does not depend on addresses.
    pub(super) params: Params,
    /// Where the kernel is entered.
    pub(super) form: Form<'a>,
    /// The initrd, of which digests are known.
    pub(super) initrd: Option<&'a Hashed<Private>>,
    /// It checks nothing but itself.
    pub(super) unchecked: bool,
    /// A segment that the running kernel rewrites after the load.
    pub(super) rewritten: Option<Role>,
}

impl<'a> Purgatory<'a> {
    /// The segment: the bytes of the image, and the memory of its page tables and its stack behind them.
    pub(super) fn spec(self) -> SegmentSpec<'a> {
        let content = Content::Deferred(Box::new(self));
        SegmentSpec { memory: memory_bytes(), ..SegmentSpec::new(Role::Purgatory, "purgatory", content) }
    }
}

impl Deferred for Purgatory<'_> {
    fn length(&self) -> u64 {
        length(&image::FILE)
    }

    fn make(&self, _own: PhysRange, before: &[Segment<'_>], _windows: &[PhysRange]) -> Result<Vec<u8>, Finding> {
        let start = |role| before.iter().find(|segment| segment.role == role).map(|segment| segment.range.start());
        let params = Params {
            entry: self.form.entry(before).ok_or(Reason::NoMemoryHole)?.get(),
            boot_params: start(Role::BootData).ok_or(Reason::NoMemoryHole)?.get(),
            cr3: start(Role::PageTables).unwrap_or_default().get(),
            ..self.params
        };
        let rests = before.iter().filter(|segment| segment.zeroed).filter_map(Segment::rest);
        let zero: Vec<_> = rests.map(|rest| Span { start: rest.start().get(), length: rest.len() }).collect();
        let checked = before.iter().filter(|segment| !self.unchecked && Some(segment.role) != self.rewritten);
        let checked = regions::regions(&checked.collect::<Vec<_>>(), self.initrd);
        arm(params, &checked, &zero)
    }
}

/// The number of an end in the parameters.
pub(super) const fn on_mismatch(end: OnMismatch) -> u32 {
    match end {
        OnMismatch::Reset => skexec_purgatory::OnMismatch::RESET,
        OnMismatch::Halt => skexec_purgatory::OnMismatch::HALT,
    }
}

/// What the purgatory copies.
pub(super) fn backup(wanted: Option<arch::Backup>) -> Backup {
    let numbers = |backup: arch::Backup| Backup {
        from: backup.from.start().get(),
        to: backup.to.start().get(),
        length: backup.from.len().min(backup.to.len()),
    };
    wanted.map_or(Params::EMPTY.backup, numbers)
}

/// Bytes of the armed image (`bufsz`).
#[must_use]
pub const fn file_bytes() -> usize {
    image::FILE.len()
}

/// Bytes of the segment in memory (`memsz`), with page tables and stack: whole pages.
#[must_use]
pub const fn memory_bytes() -> u64 {
    #[expect(
        clippy::as_conversions,
        reason = "a constant of a few pages; in a constant function there is no other way"
    )]
    let bytes = image::MEMORY_BYTES as u64;
    bytes
}

/// The image with its parameters: the bytes of a segment that runs at any page-aligned address. The regions are checked one by
/// one in their order, the spans are zeroed after the check; at most 16 of each. The purgatory checks itself without a region.
///
/// # Errors
/// `too-many-segments` where there are more regions or spans than the parameters have room for.
pub fn arm(mut params: Params, regions: &[Region], zero: &[Span]) -> Result<Vec<u8>, Finding> {
    params.region_count = fill("regions to check", &mut params.regions, regions)?;
    params.span_count = fill("spans to zero", &mut params.zero, zero)?;
    let (code, _) = image::FILE.split_at(image::PARAMS);
    let mut digest = Sha256::new_with_prefix(code);
    let (covered, _) = params.as_bytes().split_at(Params::SIZE.saturating_sub(params.self_digest.len()));
    digest.update(covered);
    params.self_digest = digest.finalize().into();
    Ok([code, params.as_bytes()].concat())
}

/// Copies the items into the slots, and gives their number.
fn fill<Item: Copy>(what: &str, slots: &mut [Item], items: &[Item]) -> Result<u32, Finding> {
    let (count, limit) = (items.len(), slots.len());
    let fits = u32::try_from(count).ok().filter(|_| count <= limit);
    let number =
        fits.ok_or_else(|| Finding::new(Reason::TooManySegments, format!("{count} {what}, at most {limit}")))?;
    for (slot, item) in slots.iter_mut().zip(items) {
        *slot = *item;
    }
    Ok(number)
}

/// As much of a name as fits, in printable ASCII: a quotation mark would end the name in the report too early.
#[must_use]
pub fn name(text: &str) -> [u8; NAME] {
    let mut name = [0; NAME];
    for (byte, letter) in name.iter_mut().zip(text.chars()) {
        *byte = u8::try_from(letter).ok().filter(|byte| matches!(byte, b' '..=b'~') && *byte != b'"').unwrap_or(b'?');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use skexec_purgatory::{Console, OnMismatch};

    const REGION: Region =
        Region { name: *b"kernel\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", start: 0x0100_0000, length: 5, digest: [7; 32] };
    const SPAN: Span = Span { start: 0x2000, length: 0x1000 };

    fn params() -> Params {
        Params {
            entry: 0x0100_0200,
            boot_params: 0x9_0000,
            cr3: 0x1234_5000,
            sha_ni: 1,
            console: Console::SERIAL,
            port: 0x3f8,
            on_mismatch: OnMismatch::HALT,
            backup: Backup { from: 0x1000, to: 0x7000, length: 0x2000 },
            ..Params::EMPTY
        }
    }

    #[test]
    fn the_parameters_end_the_image_and_its_digest_ends_them() {
        let armed = arm(params(), &[REGION], &[SPAN]).unwrap();
        assert_eq!(armed.len(), file_bytes());
        let (body, digest) = armed.split_at(armed.len() - 32);
        assert_eq!(digest, &Sha256::digest(body)[..]);
        let block = &body[body.len() + 32 - Params::SIZE..];
        assert_eq!(block[..8], Params::MAGIC.to_le_bytes());
        assert_eq!(block[8..16], 0x0100_0200_u64.to_le_bytes());
        assert_eq!(block[16..24], 0x9_0000_u64.to_le_bytes());
        assert_eq!(block[24..32], 0x1234_5000_u64.to_le_bytes());
        // sha_ni, console, port, on_mismatch, one region, one span.
        let words = [1, 1, 0x3f8, 1, 1, 1_u32].map(u32::to_le_bytes).concat();
        assert_eq!(block[32..56], words);
        assert_eq!(block[56..72], [0x0100_0000_u64, 5].map(u64::to_le_bytes).concat());
        assert_eq!(block[72..104], [7; 32]);
        assert_eq!(block[104..112], *b"kernel\0\0");
        assert_eq!(block[1208..1224], [0x2000_u64, 0x1000].map(u64::to_le_bytes).concat());
        assert_eq!(block[1464..1488], [0x1000_u64, 0x7000, 0x2000].map(u64::to_le_bytes).concat());
    }

    #[test]
    fn what_has_no_room_is_refused() {
        assert!(arm(params(), &[REGION; 16], &[SPAN; 16]).is_ok());
        let rows = [(17, 0, "17 regions to check, at most 16"), (0, 17, "17 spans to zero, at most 16")];
        for (regions, spans, detail) in rows {
            let refused = arm(params(), &vec![REGION; regions], &vec![SPAN; spans]);
            assert_eq!(refused, Err(Finding::new(Reason::TooManySegments, detail)));
        }
    }

    #[test]
    fn names_are_cut_and_printable() {
        assert_eq!(&name("a name of more than 24 letters"), b"a name of more than 24 l");
        assert_eq!(&name("\"\né\u{20ac}z")[..6], b"????z\0");
    }
}
