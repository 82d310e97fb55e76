//! Whether a record is still true: other programs load and unload kernels, too, and leave no record.

use super::Record;
use crate::machine::kexec::Limit;
use crate::machine::{Kexec, boot_id};
use crate::sources::Root;
use crate::system::Slot;

/// What the running kernel shows about a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing was loaded or unloaded since the recorded load.
    Proved,
    /// Nothing shows whether another program has loaded or unloaded a kernel since.
    Unproved,
    /// The record is not true any more; the sentence says what shows it.
    Contradicted(String),
}

impl Standing {
    /// The name in JSON.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::Unproved => "unproved",
            Self::Contradicted(_) => "contradicted",
        }
    }
}

impl Record {
    /// Compares the record with the running kernel. Only the counter `kernel.kexec_load_limit_*`, where it was set before the
    /// load, proves the record: between a load and `kernel.kexec_load_disabled`, another program can load.
    #[must_use]
    pub fn standing(&self, root: &Root, kexec: &Kexec, slot: Slot) -> Standing {
        if let (Some(recorded), Some(now)) = (&self.boot_id, boot_id(root))
            && *recorded != now
        {
            return Standing::Contradicted("skexec recorded it before this boot".into());
        }
        let panic = slot == Slot::Panic;
        match (self.loads_left, kexec.limit(panic).and_then(Limit::remaining)) {
            (Some(recorded), Some(now)) if recorded != now => {
                let which = if panic { "panic" } else { "reboot" };
                Standing::Contradicted(format!(
                    "another program has loaded or unloaded a kernel since: kernel.kexec_load_limit_{which} is {now}, and \
                     was {recorded} after skexec's load"
                ))
            }
            (Some(_), Some(_)) => Standing::Proved,
            _ => Standing::Unproved,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;

    fn record(loads_left: Option<u32>, locked: bool, boot_id: Option<&str>) -> Record {
        let text = r#"{"schema":1,"time":1,"method":"file","kernel":"/k","release":null,"sha256":"","basis":"embedded",
                       "signer":null,"covers":[],"initrds":[],"cmdline":""}"#;
        let old: Record = serde_json::from_str(text).unwrap();
        Record { loads_left, locked, boot_id: boot_id.map(Into::into), ..old }
    }

    #[test]
    fn the_kernel_proves_or_contradicts_it() {
        use Limit::{Remaining, Unlimited};
        let rows = [
            (None, false, None, false, "unproved"),
            (None, false, Some(Unlimited), false, "unproved"),
            // The counter was set after the load: it shows nothing about the time before.
            (None, false, Some(Remaining(9)), false, "unproved"),
            (Some(9), false, Some(Remaining(9)), false, "proved"),
            (Some(9), false, Some(Remaining(8)), false, "contradicted"),
            (Some(9), true, Some(Remaining(8)), true, "contradicted"),
            (Some(9), false, None, false, "unproved"),
            // Between the load and the lock another program could load.
            (None, true, None, true, "unproved"),
            // Somebody else has turned kexec off, some time after the load.
            (None, false, None, true, "unproved"),
            (None, true, None, false, "unproved"),
        ];
        let tree = Tree::new();
        for (recorded, locked, now, disabled, wanted) in rows {
            let kexec = Kexec { limit_reboot: now, limit_panic: now, disabled: Some(disabled), ..Kexec::default() };
            for slot in [Slot::Reboot, Slot::Panic] {
                let standing = record(recorded, locked, None).standing(tree.root(), &kexec, slot);
                assert_eq!(standing.name(), wanted, "{recorded:?} {locked} {now:?} {disabled}");
            }
        }
    }

    #[test]
    fn a_record_of_another_boot_is_contradicted() {
        let tree = Tree::new();
        tree.write("/proc/sys/kernel/random/boot_id", "one\n");
        let kexec = Kexec { limit_reboot: Some(Limit::Remaining(9)), ..Kexec::default() };
        for (boot_id, wanted) in [(Some("one"), "proved"), (Some("two"), "contradicted"), (None, "proved")] {
            let standing = record(Some(9), false, boot_id).standing(tree.root(), &kexec, Slot::Reboot);
            assert_eq!(standing.name(), wanted, "{boot_id:?}");
        }
    }
}
