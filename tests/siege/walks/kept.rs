//! Walks that are made each time, before those that are drawn by lot. A walk that has found a fault is kept here, in its shortest form.

use super::step::{End, Step};
use skexec::system::Slot;

/// Those that the records are made for.
pub(crate) fn walks() -> Vec<Vec<Step>> {
    let load = |name: &str, counted, end| Step::Load {
        slot: Slot::Reboot,
        image: format!("image={name}"),
        method: 0,
        counted,
        locks: false,
        end,
    };
    let (exec, stranger) =
        (Step::Exec { force: false, foreign: false }, Step::Stranger { slot: Slot::Reboot, loads: true });
    let unload = |end| Step::Unload { slot: Slot::Reboot, end };
    vec![
        // The image of a load that was killed before its record is known, where it can be no other.
        vec![load("a", false, End::KilledAfter), exec.clone()],
        // It can be one of two.
        vec![load("a", false, End::Normal), load("b", false, End::KilledAfter), exec.clone()],
        // The counter shows that the call was not made.
        vec![load("a", true, End::Normal), load("b", true, End::KilledBefore), exec.clone()],
        // The counter shows another program's load.
        vec![load("a", true, End::Normal), stranger.clone(), exec.clone()],
        // After a boot, what another program loads is not what a record of the boot before says.
        vec![load("a", false, End::Normal), Step::Boot { keeps_run: true }, stranger.clone(), exec.clone()],
        // What is loaded after an unload was killed is not what was recorded before it.
        vec![load("a", true, End::Normal), unload(End::KilledAfter), exec.clone(), stranger, exec.clone()],
        // A load that fails leaves the image, and its record goes on to prove it.
        vec![load("a", true, End::Normal), load("b", true, End::Errno), exec],
    ]
}
