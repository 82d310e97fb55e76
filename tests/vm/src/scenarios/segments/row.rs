//! One boot by segments: its parameters and their values.

use crate::fetch::Series;
use crate::lab::Firmware;
use crate::scenarios::layout::Layout;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Initrd {
    None,
    Small,
    /// Two files, which skexec joins.
    Two,
    /// An initrd of [`BIG_MIB`] and the small one.
    Big,
}

pub(crate) const BIG_MIB: u64 = 220;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Boots,
    /// skexec refuses, with this exit code and one of these reasons.
    Refused {
        exit: i32,
        reasons: &'static [&'static str],
    },
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) first: Series,
    pub(crate) second: Series,
    pub(crate) layout: Layout,
    pub(crate) firmware: Firmware,
    pub(crate) initrd: Initrd,
    /// In MiB.
    pub(crate) memory: u64,
    pub(crate) la57: bool,
    pub(crate) sha_ni: bool,
    /// Run even without `--all`.
    pub(crate) representative: bool,
    pub(crate) outcome: Outcome,
}

impl Row {
    /// The name contains all values, so that a filter can choose by any of them.
    pub(crate) fn name(&self) -> String {
        let Self { first, second, layout, memory, .. } = self;
        let firmware = format!("{:?}", self.firmware).to_lowercase();
        let initrd = format!("{:?}", self.initrd).to_lowercase();
        let la57 = if self.la57 { "la57" } else { "la48" };
        let sha = if self.sha_ni { "shani" } else { "noshani" };
        let refused = if self.outcome == Outcome::Boots { "" } else { "-refused" };
        format!("segments-{first}-to-{second}-{layout}-{firmware}-{initrd}-{memory}-{la57}-{sha}{refused}")
    }
}
