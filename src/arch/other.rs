//! A processor for which nobody has written boot data, handover and purgatory yet: `verify` and `inspect` work, `load` says
//! what is missing.

use super::{Architecture, Backup, Boot, Layout, OnDamage, Prepared};
use crate::image::Kernel;
use crate::image::cmdline::Cmdline;
use crate::machine::{CrashFacts, Memory};
use crate::memory::{MemoryEntry, PhysAddr, RangeSet};
use crate::reason::{Finding, Reason, Warning};
use crate::sources::Root;
use serde::Serialize;

/// No facts are read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Platform;

/// Where the purgatory reports damage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Console {
    /// Where the next kernel's own console is.
    #[default]
    Auto,
    /// Nowhere.
    None,
}

impl Console {
    /// Reads the word on the command line.
    ///
    /// # Errors
    /// A sentence that names the words.
    pub fn parse(word: &str) -> Result<Self, String> {
        match word {
            "auto" => Ok(Self::Auto),
            "none" => Ok(Self::None),
            _ => Err("on this processor it is auto or none".into()),
        }
    }
}

/// No kernel is laid out.
#[derive(Debug, Clone, Copy)]
pub struct LaidOut;

impl LaidOut {
    /// No layout applies.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        ""
    }

    /// Nothing was chosen.
    #[must_use]
    pub const fn why(&self) -> &str {
        ""
    }
}

/// No kernel and no purgatory is told anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Summary {}

impl Summary {
    /// The lines for people.
    #[must_use]
    pub const fn lines(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

impl Architecture for Platform {
    const HIGHEST: PhysAddr = PhysAddr::new(u64::MAX);
    const PURGATORY_ENTRY: u64 = 0;

    fn read(_root: &Root) -> Self {
        Self
    }

    fn supported(&self) -> Result<(), Finding> {
        Err(unsupported())
    }

    fn five_level(&self) -> Option<bool> {
        None
    }

    fn can_enter(&self, _kernel: &Kernel) -> Result<(), Finding> {
        Err(unsupported())
    }

    fn can_hand_over(&self, _efi: bool) -> Result<(), Finding> {
        Err(unsupported())
    }

    fn misses(&self, _efi: bool) -> Option<Warning> {
        None
    }

    fn low(_map: &[MemoryEntry]) -> RangeSet {
        RangeSet::default()
    }

    fn core_header(_facts: &CrashFacts, _dumped: &RangeSet, _backup: Option<Backup>) -> Vec<u8> {
        Vec::new()
    }

    fn usable(_cmdline: &Cmdline, free: &RangeSet) -> RangeSet {
        free.clone()
    }

    fn lay_out(
        &self,
        _boot: &Boot<'_>,
        _asked: Option<Layout>,
        _memory: &Memory,
        _fits: &super::Fits<'_>,
    ) -> Result<super::LaidOut, Finding> {
        Err(unsupported())
    }

    fn prepare<'a>(
        &'a self,
        _boot: &Boot<'a>,
        _laid_out: &'a super::LaidOut,
        _on_damage: OnDamage,
    ) -> Result<Prepared<'a>, Finding> {
        Err(unsupported())
    }
}

fn unsupported() -> Finding {
    let seen =
        format!("skexec has boot data, handover and purgatory for x86-64 only, and this is {}", std::env::consts::ARCH);
    Finding::new(Reason::UnsupportedProcessor, seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;

    #[test]
    fn every_way_to_load_is_refused_for_the_same_reason() {
        let platform = Platform::read(Tree::new().root());
        for refused in [platform.supported(), platform.can_hand_over(true)] {
            assert_eq!(refused.unwrap_err().reason, Reason::UnsupportedProcessor);
        }
        assert_eq!((platform.five_level(), platform.misses(true)), (None, None));
        assert_eq!((Console::parse("none"), Console::parse("vga").is_ok()), (Ok(Console::None), false));
    }
}
