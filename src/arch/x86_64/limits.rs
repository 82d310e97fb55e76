//! What the new kernel takes for memory: `mem=` and `memmap=` of its command line limit it.

use crate::image::cmdline::Cmdline;
use crate::memory::{PhysAddr, PhysRange, RangeSet};

/// The part of free memory that a kernel with this command line takes for memory. It would not find what lies elsewhere.
pub(super) fn usable(cmdline: &Cmdline, free: &RangeSet) -> RangeSet {
    let left = memmap(cmdline, free);
    mem(cmdline).map_or_else(|| left.clone(), |end| left.below(end))
}

/// The end of memory for a kernel with this command line: the least `mem=`, since the kernel cuts its map at each
/// (arch/x86/kernel/e820.c, `parse_memopt`).
fn mem(cmdline: &Cmdline) -> Option<PhysAddr> {
    let ends = cmdline.values("mem").filter(|value| *value != "nopentium").map(|value| memparse(value).0);
    ends.filter(|end| *end != 0).min().map(PhysAddr::new)
}

/// The free memory that the `memmap=` of a command line leave, in their order: they take RAM out, limit it or give it another
/// type, and after `exactmap` only the ranges that are named count (arch/x86/kernel/e820.c, `parse_memmap_one`).
fn memmap(cmdline: &Cmdline, usable: &RangeSet) -> RangeSet {
    let items = cmdline.values("memmap").flat_map(|value| value.split(','));
    items.fold(usable.clone(), |left, item| match item {
        "exactmap" => RangeSet::default(),
        _ => memmap_item(item, usable, left),
    })
}

/// One of `size`, `size@start`, `size$start`, `size#start`, `size!start`, `size%start-old+new`.
fn memmap_item(item: &str, usable: &RangeSet, left: RangeSet) -> RangeSet {
    let (size, rest) = memparse(item);
    let mut letters = rest.chars();
    let kind = letters.next();
    let Some(range) = PhysRange::of_length(PhysAddr::new(memparse(letters.as_str()).0), size) else {
        return left;
    };
    match kind {
        Some('@') => left.union(&usable.intersection(&std::iter::once(range).collect())),
        Some('$' | '#' | '!' | '%') => left.without(range),
        None if item != rest => left.below(PhysAddr::new(size)),
        _ => left,
    }
}

/// A number as the kernel reads it (lib/cmdline.c, `memparse`), and the text behind it: decimal, `0x` hexadecimal or `0` octal,
/// then perhaps one of K, M, G, T, P, E. A number that does not fit 64 bits wraps.
fn memparse(text: &str) -> (u64, &str) {
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (base, digits) = match hexadecimal.filter(|rest| rest.starts_with(|digit: char| digit.is_ascii_hexdigit())) {
        Some(rest) => (16, rest),
        None if text.starts_with('0') => (8, text),
        None => (10, text),
    };
    let end = digits.find(|digit: char| !digit.is_digit(base)).unwrap_or(digits.len());
    let (number, rest) = digits.split_at_checked(end).unwrap_or((digits, ""));
    let value = number.chars().filter_map(|digit| digit.to_digit(base));
    let value = value.fold(0_u64, |value, digit| value.wrapping_mul(base.into()).wrapping_add(digit.into()));
    match rest.chars().next().map_or(0, shift) {
        0 => (value, rest),
        shift => (value.checked_shl(shift).unwrap_or(0), rest.get(1..).unwrap_or_default()),
    }
}

fn shift(suffix: char) -> u32 {
    match suffix.to_ascii_uppercase() {
        'K' => 10,
        'M' => 20,
        'G' => 30,
        'T' => 40,
        'P' => 50,
        'E' => 60,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_mem_counts() {
        let rows = [
            ("", None),
            ("quiet", None),
            ("mem=512M", Some(512 << 20)),
            ("mem=1G mem=512M", Some(512 << 20)),
            ("mem=512m mem=1g", Some(512 << 20)),
            ("mem=0x20000000", Some(0x2000_0000)),
            ("mem=010K", Some(8 << 10)),
            ("mem=2G@1G", Some(2 << 30)),
            ("mem=nopentium", None),
            ("mem=nopentium mem=1T", Some(1 << 40)),
            ("mem=", None),
            ("mem=0", None),
            ("mem=rubbish", None),
            ("mem", None),
            ("memory=1G xmem=1G", None),
            ("\"mem=1G\"", Some(1 << 30)),
            ("mem=\"1G\"", Some(1 << 30)),
            ("init=/bin/sh -- mem=1G", None),
            ("mem=18446744073709551617", Some(1)),
            ("mem=16E", None),
        ];
        for (line, wanted) in rows {
            assert_eq!(mem(&Cmdline::new(line)), wanted.map(PhysAddr::new), "{line}");
        }
    }

    #[test]
    fn memmap_leaves_what_the_kernel_will_know() {
        let set = |ranges: &[(u64, u64)]| -> RangeSet {
            ranges
                .iter()
                .filter_map(|(start, end)| PhysRange::new(PhysAddr::new(start << 20), PhysAddr::new(end << 20)))
                .collect()
        };
        let usable = set(&[(1, 512), (1024, 2048)]);
        let rows: &[(&str, &[(u64, u64)])] = &[
            ("quiet", &[(1, 512), (1024, 2048)]),
            ("memmap=256M", &[(1, 256)]),
            ("memmap=64M$0x8000000", &[(1, 128), (192, 512), (1024, 2048)]),
            ("memmap=1G!1G", &[(1, 512)]),
            ("memmap=1M#1M,1M$511M", &[(2, 511), (1024, 2048)]),
            ("memmap=1M%1M-1+2", &[(2, 512), (1024, 2048)]),
            ("memmap=exactmap,640K@0,99M@1M memmap=8M$50M", &[(1, 50), (58, 100)]),
            ("memmap=1G$1G memmap=exactmap,1G@1G", &[(1024, 2048)]),
            // RAM that is none is not there for being named; what has no size says nothing.
            ("memmap=512M@512M", &[(1, 512), (1024, 2048)]),
            ("memmap=", &[(1, 512), (1024, 2048)]),
            ("memmap=$1M memmap=!,@,x", &[(1, 512), (1024, 2048)]),
            ("memmap=1M$18446744073709551615", &[(1, 512), (1024, 2048)]),
            ("memmap=1G?1G", &[(1, 512), (1024, 2048)]),
        ];
        for (line, wanted) in rows {
            assert_eq!(memmap(&Cmdline::new(line), &usable), set(wanted), "{line}");
        }
    }

    #[test]
    fn both_limits_hold() {
        let range = |start: u64, end: u64| PhysRange::new(PhysAddr::new(start << 20), PhysAddr::new(end << 20));
        let free: RangeSet = range(1, 512).into_iter().collect();
        let wanted: RangeSet = range(1, 16).into_iter().chain(range(32, 64)).collect();
        assert_eq!(usable(&Cmdline::new("mem=64M memmap=16M$16M"), &free), wanted);
        assert_eq!(usable(&Cmdline::new("quiet"), &free), free);
    }
}
