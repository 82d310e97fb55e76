//! A shutdown that was asked for, and that another program has stopped since, such as `shutdown -c` or `systemctl cancel`: nobody tells
//! skexec, so that the next command finds out.

use super::note;
use crate::arrival::{self, Exec};
use crate::machine::Machine;
use crate::measure;
use crate::progress::{Event, Follow};
use crate::record::Records;
use crate::shutdown::{self, logind};
use crate::sources::Root;
use crate::system::System;
use std::time::Duration;

/// Takes back what was noted, armed and measured for a shutdown that is not made any more. It asks programs of systemd's: a command that
/// gives up its rights calls it before.
pub(crate) fn take_back_stopped(system: System<'_>, follow: &mut Follow<'_>) {
    if !is_asked_for(system.root) {
        return;
    }
    // Whoever has the lock may be asking for a shutdown.
    let Ok(Some(_records)) = Records::lock_within(system.root, Duration::ZERO) else { return };
    if is_asked_for(system.root) && is_over(system.root) {
        follow(Event::Stopped);
        note::stay(system, &Machine::read(system.root), follow);
    }
}

/// What was noted of a jump in this boot.
fn noted(root: &Root) -> Option<Exec> {
    arrival::awaited(root).and_then(|awaited| awaited.exec)
}

fn is_asked_for(root: &Root) -> bool {
    measure::awaits_shutdown(root) || noted(root).is_some()
}

/// Whether it is certain that no shutdown is to come or under way. A jump without one ends with its process, or is made by it.
fn is_over(root: &Root) -> bool {
    let alone = !measure::awaits_shutdown(root) && noted(root).is_some_and(|exec| !exec.clean);
    alone || !logind::will_boot_or_begins(root) && shutdown::is_under_way(root) == Some(false)
}
