//! The options of the segments method.

use crate::arch::{self, Console, OnDamage};
use crate::memory::PhysAddr;
use crate::segments::{Bounds, Options};
use clap::{Args, ValueEnum};

/// Only for the segments method.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Segments")]
pub(super) struct SegmentsArgs {
    /// How the kernel lies in memory
    #[arg(long, value_enum, default_value_t)]
    pub(super) layout: Layout,
    /// Put no segment below this physical address (0x..., or a number with K, M, G or T)
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub(super) mem_min: Option<PhysAddr>,
    /// Put no segment above this physical address
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub(super) mem_max: Option<PhysAddr>,
    /// Where the purgatory reports a damaged segment: auto (the console of the next kernel), none, vga, ttyS0 to ttyS3, or the
    /// I/O port of a serial line
    #[arg(long, value_name = "CONSOLE", value_parser = Console::parse, default_value = "auto")]
    pub(super) purgatory_console: Console,
    /// What the purgatory does when a segment is damaged
    #[arg(long, value_enum, default_value_t)]
    pub(super) on_mismatch: OnMismatch,
}

/// How a bzImage is loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Layout {
    /// The first of the following that applies
    #[default]
    Auto,
    /// Unpack and relocate the kernel now, so that nothing of that is left to do during the reboot
    Vmlinux,
    /// Load the bytes of the file alone; reserve the memory in which the kernel unpacks itself
    Elided,
    /// Load all memory in which the kernel unpacks itself, too
    Classic,
}

/// What happens to a machine whose next kernel is damaged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum OnMismatch {
    /// Reset the machine, which then boots through its firmware
    #[default]
    Reset,
    /// Stop the processor, so that the report stays on the screen
    Halt,
}

impl SegmentsArgs {
    /// What no parser of one value can see.
    pub(super) fn check(&self) -> Result<(), String> {
        match (self.mem_min, self.mem_max) {
            (Some(min), Some(max)) if min >= max => Err(format!("--mem-min {min} is not below --mem-max {max}")),
            _ => Ok(()),
        }
    }
}

impl From<&SegmentsArgs> for Options {
    fn from(args: &SegmentsArgs) -> Self {
        Self {
            layout: match args.layout {
                Layout::Auto => None,
                Layout::Vmlinux => Some(arch::Layout::Vmlinux),
                Layout::Elided => Some(arch::Layout::Elided),
                Layout::Classic => Some(arch::Layout::Classic),
            },
            bounds: Bounds { lowest: args.mem_min, highest: args.mem_max },
            on_damage: OnDamage {
                console: args.purgatory_console,
                end: match args.on_mismatch {
                    OnMismatch::Reset => arch::OnMismatch::Reset,
                    OnMismatch::Halt => arch::OnMismatch::Halt,
                },
                unchecked: false,
            },
        }
    }
}

/// A physical address.
pub(super) fn address(text: &str) -> Result<PhysAddr, String> {
    parse_size(text).map(PhysAddr::new)
}

/// A size or an address as users write it: `4096`, `0x1000`, `64M`, `1g`; K, M, G and T are powers of 1024.
///
/// # Errors
/// A sentence that says why it is no size, or that it does not fit 64 bits.
fn parse_size(text: &str) -> Result<u64, String> {
    let (number, shift) = match text.chars().last().map(shift) {
        Some(shift @ 1..) => (text.get(..text.len().saturating_sub(1)).unwrap_or_default(), shift),
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
    value.and_then(|value| value.checked_mul(1 << shift)).ok_or_else(|| "the number does not fit 64 bits".to_owned())
}

/// The power of two that a suffix stands for; 0 where it is none.
const fn shift(suffix: char) -> u32 {
    match suffix.to_ascii_uppercase() {
        'K' => 10,
        'M' => 20,
        'G' => 30,
        'T' => 40,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
