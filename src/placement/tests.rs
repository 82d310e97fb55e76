use super::*;
use crate::memory::{MIB, PAGE, PhysAddr, RangeSet};
use crate::reason::Reason;

/// A content that says where it lies and what stood before it.
#[derive(Debug)]
struct Report(u64);

impl Deferred for Report {
    fn length(&self) -> u64 {
        self.0
    }

    fn make(&self, own: PhysRange, before: &[Segment<'_>], _windows: &[PhysRange]) -> Result<Vec<u8>, Finding> {
        if before.is_empty() {
            return Err(Reason::NoMemoryHole.into());
        }
        let names: Vec<_> = before.iter().map(|segment| format!("{} {}", segment.name, segment.bytes.len())).collect();
        Ok(format!("{} {}", own.start(), names.join(", ")).into_bytes())
    }
}

fn free() -> RangeSet {
    PhysRange::of_length(PhysAddr::new(MIB), MIB).into_iter().collect()
}

fn room(usable: &RangeSet) -> Room<'_> {
    Room { usable, limit: None, lowest: PhysAddr::new(0), highest: PhysAddr::new(u64::MAX) }
}

#[test]
fn a_deferred_content_knows_its_address_and_what_stands_before_it() {
    let specs = vec![
        SegmentSpec::new(Role::Initrd, "initrd", Content::Bytes(b"12345")),
        SegmentSpec::new(Role::BootData, "first", Content::Deferred(Box::new(Report(100)))),
        SegmentSpec { zeroed: true, ..SegmentSpec::new(Role::Kernel, "kernel.0", Content::Bytes(&[1; 4097])) },
        SegmentSpec::new(Role::Purgatory, "second", Content::Deferred(Box::new(Report(PAGE + 1)))),
    ];
    let segments = place(specs, &room(&free())).unwrap();
    let text = |index: usize| std::str::from_utf8(&segments[index].bytes).unwrap();
    assert_eq!(text(1), "0x1fe000 initrd 5");
    assert_eq!(text(3), "0x1fa000 initrd 5, first 17, kernel.0 4097");
    assert_eq!(segments[3].range.len(), 2 * PAGE, "the length that was announced");
    assert_eq!((segments[2].role, segments[2].zeroed), (Role::Kernel, true));
    assert_eq!(segments[2].content().unwrap().len(), 4097);
    assert_eq!(segments[2].rest().unwrap().len(), PAGE - 1);
}

#[test]
fn a_content_that_cannot_be_made_is_an_error() {
    let specs = vec![SegmentSpec::new(Role::BootData, "first", Content::Deferred(Box::new(Report(1))))];
    assert_eq!(place(specs, &room(&free())).unwrap_err().reason, Reason::NoMemoryHole);
}

#[test]
fn a_segment_without_bytes_or_without_a_rest() {
    let specs = vec![
        SegmentSpec::new(Role::Kernel, "full", Content::Bytes(&[0; 4096])),
        SegmentSpec::new(Role::Kernel, "empty", Content::Bytes(&[])),
    ];
    let segments = place(specs, &room(&free())).unwrap();
    assert_eq!(segments[0].rest(), None);
    assert_eq!((segments[1].content(), segments[1].rest()), (None, Some(segments[1].range)));
}

#[test]
fn digests_stand_in_the_order_of_their_contents() {
    let contents = [vec![1; 3 << 20], vec![2; 5], vec![3; 1 << 20], Vec::new()];
    let slices: Vec<_> = contents.iter().map(Vec::as_slice).collect();
    let wanted: Vec<[u8; 32]> =
        contents.iter().map(|content| <sha2::Sha256 as sha2::Digest>::digest(content).into()).collect();
    assert_eq!(digests(&slices), wanted);
}
