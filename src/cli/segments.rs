//! The options of the segments method.

use crate::memory::PhysAddr;
use crate::plan::limits::parse_size;
use crate::plan::{Bounds, Console, Options};
use crate::purgatory;
use clap::{Args, ValueEnum};

/// Only for the segments method.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Segments")]
pub(super) struct SegmentsArgs {
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
            bounds: Bounds { lowest: args.mem_min, highest: args.mem_max },
            console: args.purgatory_console,
            on_mismatch: match args.on_mismatch {
                OnMismatch::Reset => purgatory::OnMismatch::Reset,
                OnMismatch::Halt => purgatory::OnMismatch::Halt,
            },
        }
    }
}

/// A physical address.
fn address(text: &str) -> Result<PhysAddr, String> {
    parse_size(text).map(PhysAddr::new)
}
