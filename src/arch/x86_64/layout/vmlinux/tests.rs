use super::super::context::Numbers;
use super::*;
use crate::arch::Boot;
use crate::image::Kernel;
use crate::image::cmdline::Cmdline;
use crate::machine::Memory;
use crate::machine::memory::MapProblem;
use crate::memory::{PhysRange, RangeSet};
use crate::placement::{Room, place};
use forge::bzimage::BzImage;
use forge::payload::pack;
use forge::vmlinux::{BASE, LONG, Vmlinux, WORD};

/// Bytes from the first segment of the forged kernel to the end of its .bss.
const SPAN: u64 = 0x8000;

fn unpacked(cmdline: &str, numbers: Numbers) -> Unpacked {
    changed(cmdline, numbers, |_| ())
}

/// The same of a bzImage that was changed.
fn changed(cmdline: &str, numbers: Numbers, change: fn(&mut [u8])) -> Unpacked {
    let mut file = BzImage { payload: pack(&Vmlinux::default().build()), ..BzImage::default() }.build();
    change(&mut file);
    let header = SetupHeader::parse(&file).unwrap();
    let (kernel, cmdline) = (Kernel::BzImage(header.clone()), Cmdline::new(cmdline));
    let boot =
        Boot { kernel: &kernel, file: &file, initrd: None, cmdline: &cmdline, map: &[], mark: None, crash: None };
    let cpu = Cpu { la57: Some(false), ..Cpu::default() };
    let memory = Memory { total: None, available: None, swap: None, map: Err(MapProblem::Hidden), pluggable: false };
    let random = || Some(numbers);
    Unpacked::new(&Context { boot: &boot, cpu: &cpu, memory: &memory, random: &random }, &header).unwrap()
}

/// How far the two values that were linked to name themselves have moved.
fn moved(unpacked: &Unpacked) -> u64 {
    let value = |place: u32, length: usize| {
        let at = usize::try_from(u64::from(place) - 0x8000_0000 - BASE).unwrap();
        let mut bytes = [0; 8];
        bytes[..length].copy_from_slice(&unpacked.flat.bytes()[at..at + length]);
        u64::from_le_bytes(bytes)
    };
    let word = value(WORD, 4) - u64::from(WORD);
    assert_eq!(value(LONG, 8) - (0xffff_ffff_8000_0000 + BASE), word);
    word
}

fn first(number: u64) -> Numbers {
    let mut numbers = [0; 17];
    numbers[0] = number;
    numbers
}

#[test]
fn the_virtual_address_is_within_its_limits() {
    // From the linked address to the last place where the kernel ends within 1 GiB.
    let last = (1 << 30) - (16 << 20) - (2 << 20);
    let rows = [(0, 0), (u64::MAX, last), (u64::MAX / 2, last / 2 / (2 << 20) * (2 << 20)), (1 << 40, 0)];
    for (number, wanted) in rows {
        assert_eq!(moved(&unpacked("quiet", first(number))), wanted, "{number:#x}");
    }
}

#[test]
fn every_slot_is_as_probable_as_another() {
    let flat = &unpacked("quiet", first(0)).flat;
    let slots = 504;
    let mut seen = vec![0_u32; slots];
    for step in 0..50_400_u64 {
        let delta = virtual_delta(flat, 2 << 20, step * (u64::MAX / 50_400)).unwrap();
        assert!(delta.is_multiple_of(2 << 20) && BASE + SPAN + delta <= 1 << 30);
        seen[usize::try_from(delta >> 21).unwrap()] += 1;
    }
    assert!(seen.iter().all(|times| (99..=101).contains(times)), "{seen:?}");
}

#[test]
fn nokaslr_moves_nothing() {
    let fixed = unpacked("quiet nokaslr", [u64::MAX; 17]);
    assert_eq!((moved(&fixed), fixed.spec().constraints.draws.len()), (0, 0));
    assert_eq!(unpacked("quiet", [u64::MAX; 17]).spec().constraints.draws, [u64::MAX; 16]);
}

#[test]
fn the_segment_is_the_bytes_and_the_window_has_bss() {
    let unpacked = unpacked("quiet", first(0));
    let spec = unpacked.spec();
    assert_eq!((spec.content.length(), spec.reserved(), spec.zeroed), (0x5000, SPAN, true));
    let Constraints { alignment, fallback_alignment, lowest, fixed, .. } = spec.constraints;
    assert_eq!((alignment, fallback_alignment, lowest.get(), fixed), (2 << 20, 2 << 20, 16 << 20, None));
    assert_eq!(unpacked.entry(), 0x40);
}

#[test]
fn a_smaller_alignment_will_do_where_memory_is_short() {
    let unpacked = changed("quiet", first(0), |file| {
        file[0x230..0x234].copy_from_slice(&(16_u32 << 20).to_le_bytes());
        file[0x235] = 21;
    });
    // No multiple of 16 MiB lies in this memory.
    let usable = PhysRange::new(PhysAddr::new(18 << 20), PhysAddr::new(32 << 20)).into_iter().collect();
    let room = Room { usable: &usable, limit: None, lowest: PhysAddr::new(0), highest: PhysAddr::new(u64::MAX) };
    let placed = place(vec![unpacked.spec()], &room).unwrap();
    assert_eq!(placed[0].window.start().get(), 30 << 20);
}

#[test]
fn wherever_it_is_drawn_it_lies_right() {
    let range = |start: u64, end: u64| PhysRange::new(PhysAddr::new(start << 20), PhysAddr::new(end << 20));
    let usable: RangeSet = range(1, 100).into_iter().chain(range(107, 111)).chain(range(300, 301)).collect();
    let room = Room { usable: &usable, limit: None, lowest: PhysAddr::new(0), highest: PhysAddr::new(u64::MAX) };
    let mut starts = std::collections::BTreeSet::new();
    for number in 0..500_u64 {
        let unpacked = unpacked("quiet", [number.wrapping_mul(0x9e37_79b9_7f4a_7c15); 17]);
        let initrd = SegmentSpec { memory: 60 * MIB, ..SegmentSpec::new(Role::Initrd, "initrd", Content::Bytes(&[])) };
        let placed = place(vec![unpacked.spec(), initrd], &room).unwrap();
        let [kernel, initrd] = placed.as_slice() else { panic!("two segments") };
        assert!(kernel.window.start().get().is_multiple_of(2 << 20) && kernel.window.start().get() >= 16 << 20);
        assert!(usable.contains(kernel.window) && !kernel.window.overlaps(initrd.window));
        assert_eq!((kernel.range.len(), kernel.window.len()), (0x5000, SPAN));
        assert_eq!(kernel.rest(), PhysRange::new(kernel.range.end(), kernel.window.end()));
        starts.insert(kernel.window.start().get() >> 20);
    }
    // Every multiple of 2 MiB that leaves 60 MiB for the initrd: from 16 to 38, from 62 on, and in the other two stretches.
    let wanted = (16..=38).step_by(2).chain((62..100).step_by(2)).chain([108, 110, 300]);
    assert_eq!(starts, wanted.collect());
}
