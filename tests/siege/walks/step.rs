//! The steps of a walk, drawn by lot.

use proptest::prelude::*;
use skexec::system::Slot;

/// The image that another program loads.
pub(crate) const STRANGER: &str = "image=stranger";

/// How a load or an unload ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Normal,
    /// The kernel answers ENOMEM.
    Errno,
    /// SIGKILL just before the call.
    KilledBefore,
    /// SIGKILL just after the call: nothing of it is recorded yet.
    KilledAfter,
}

/// What becomes of the files below /run/skexec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Files {
    Removed,
    Damaged,
    OfAnotherVersion,
    BegunDamaged,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    Absent,
    RequiresCmdline,
    Broken,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Load {
        slot: Slot,
        image: String,
        method: usize,
        counted: bool,
        locks: bool,
        end: End,
    },
    Unload {
        slot: Slot,
        end: End,
    },
    Exec {
        force: bool,
        foreign: bool,
    },
    /// Another program loads or unloads.
    Stranger {
        slot: Slot,
        loads: bool,
    },
    Files {
        slot: Slot,
        files: Files,
    },
    Policy(Policy),
    /// Somebody sets the kernel's counter, which can only become less.
    Limit {
        slot: Slot,
        left: u32,
    },
    /// Somebody turns kexec off.
    Disable,
    /// The machine boots by its firmware. /run is empty then, unless it lies on a disk.
    Boot {
        keeps_run: bool,
    },
}

/// Any step. What is likely is what is done often and what the records are about.
pub(crate) fn any_step() -> BoxedStrategy<Step> {
    prop_oneof![
        10 => load(),
        4 => (slot(), end()).prop_map(|(slot, end)| Step::Unload { slot, end }),
        5 => (prop::bool::weighted(0.2), prop::bool::weighted(0.2))
            .prop_map(|(force, foreign)| Step::Exec { force, foreign }),
        3 => (slot(), prop::bool::weighted(0.7)).prop_map(|(slot, loads)| Step::Stranger { slot, loads }),
        2 => (slot(), files()).prop_map(|(slot, files)| Step::Files { slot, files }),
        1 => prop_oneof![2 => Just(Policy::Absent), 1 => Just(Policy::RequiresCmdline), 1 => Just(Policy::Broken)]
            .prop_map(Step::Policy),
        1 => (slot(), 0..9_u32).prop_map(|(slot, left)| Step::Limit { slot, left }),
        1 => prop::bool::ANY.prop_map(|keeps_run| Step::Boot { keeps_run }),
        // A machine on which nothing can be loaded is soon known.
        1 => prop::bool::weighted(0.2)
            .prop_map(|disable| if disable { Step::Disable } else { Step::Policy(Policy::Absent) }),
    ]
    .boxed()
}

fn load() -> impl Strategy<Value = Step> {
    let options = (prop::bool::weighted(0.3), prop::bool::weighted(0.03));
    (slot(), 0..100_u32, 0..4_usize, options, end()).prop_map(|(slot, number, method, (counted, locks), end)| {
        Step::Load { slot, image: format!("image=n{number}"), method, counted, locks, end }
    })
}

fn slot() -> impl Strategy<Value = Slot> {
    prop_oneof![3 => Just(Slot::Reboot), 1 => Just(Slot::Panic)]
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![6 => Just(End::Normal), 1 => Just(End::Errno), 2 => Just(End::KilledBefore), 2 => Just(End::KilledAfter)]
}

fn files() -> impl Strategy<Value = Files> {
    prop::sample::select(vec![Files::Removed, Files::Damaged, Files::OfAnotherVersion, Files::BegunDamaged])
}
