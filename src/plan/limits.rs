//! How far a plan may go: `mem=` and `memmap=` of the command line that the new kernel gets, and what the user says.

use crate::image::cmdline::Cmdline;
use crate::memory::{PhysAddr, PhysRange, RangeSet};

/// The end of memory for a kernel with this command line: the least `mem=`, since the kernel cuts its map at each
/// (arch/x86/kernel/e820.c, `parse_memopt`). What lies above would be gone when the kernel looks for it.
#[must_use]
pub fn mem(cmdline: &Cmdline) -> Option<PhysAddr> {
    let ends = cmdline.values("mem").filter(|value| *value != "nopentium").map(|value| memparse(value).0);
    ends.filter(|end| *end != 0).min().map(PhysAddr::new)
}

/// What is left of free memory for a kernel with this command line, by its `memmap=` in their order: RAM taken out, limited or
/// given another type, and after `exactmap` only what is named (arch/x86/kernel/e820.c, `parse_memmap_one`). The kernel would
/// not take what lies elsewhere for memory.
#[must_use]
pub fn memmap(cmdline: &Cmdline, usable: &RangeSet) -> RangeSet {
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

/// A number as the kernel reads it (lib/cmdline.c, `memparse`), and what follows: decimal, `0x` hexadecimal or `0` octal, then
/// perhaps one of K, M, G, T, P, E. What does not fit wraps.
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

/// A size or an address as users write it: `4096`, `0x1000`, `64M`, `1g`; K, M, G and T are powers of 1024.
///
/// # Errors
/// In words, where it is nothing of the kind or does not fit 64 bits.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let (number, shift) = match text.chars().last().map(shift) {
        Some(shift @ 1..=40) => (text.get(..text.len().saturating_sub(1)).unwrap_or_default(), shift),
        _ => (text, 0),
    };
    let (digits, base) = match number.strip_prefix("0x").or_else(|| number.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(base)) {
        return Err("not a size: write 4096, 0x1000, 64M or 4G".to_owned());
    }
    let value = u64::from_str_radix(digits, base).ok();
    value.and_then(|value| value.checked_mul(1 << shift)).ok_or_else(|| "more than 64 bits hold".to_owned())
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
    fn sizes_are_read_or_refused() {
        let good = [
            ("0", 0),
            ("4096", 4096),
            ("0x1000", 4096),
            ("0Xff", 255),
            ("1k", 1024),
            ("64M", 64 << 20),
            ("0x4M", 4 << 20),
            ("3g", 3 << 30),
            ("1T", 1 << 40),
            ("18446744073709551615", u64::MAX),
            ("010", 10),
        ];
        for (text, wanted) in good {
            assert_eq!(parse_size(text), Ok(wanted), "{text}");
        }
        for text in [
            "",
            "K",
            "0x",
            "0xK",
            "-1",
            "+1",
            "1 M",
            " 1",
            "1MB",
            "1P",
            "1.5G",
            "x",
            "18446744073709551616",
            "16777216T",
            "ß",
            "1ß",
        ] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
