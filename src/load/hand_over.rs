//! The call, its record, and what protects the image from then on.

use super::guard::{self, Counting};
use super::measured;
use super::next;
use super::ready::Ready;
use super::request::Request;
use super::stop::Stop;
use crate::machine::kexec::{self, Limit};
use crate::machine::{Kexec, Machine};
use crate::progress::{Event, Follow};
use crate::reason::{Caution, Warning};
use crate::record::{PATIENCE, Record, Records, busy};
use crate::rollback::{self, Version};
use crate::sources::policy::Policy;
use crate::sys::Held;
use crate::system::{Slot, System};
use anyhow::{Context as _, anyhow};

/// What was done besides the load.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// Whether loading was turned off after it; nothing where that was not asked for.
    pub(super) locked: Option<bool>,
    /// What tells this load from any other.
    pub(super) identity: Option<String>,
    pub(super) warnings: Vec<Warning>,
}

/// The system, and the lock of its records where the caller has it already.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hold<'a> {
    pub(super) system: System<'a>,
    pub(super) records: Option<&'a Records>,
}

/// Makes the call and records it. The lock under /run keeps other skexec processes out meanwhile.
pub(super) fn hand_over(
    ready: &Ready<'_>,
    Hold { system, records }: Hold<'_>,
    machine: &Machine,
    request: &Request,
    version: Option<&Version>,
    policy: &Policy,
    follow: &mut Follow<'_>,
) -> Result<Done, Stop> {
    let own;
    let records = match records {
        Some(records) => records,
        None => {
            own = Records::lock_within(system.root, PATIENCE).context("cannot lock /run/skexec")?.ok_or_else(busy)?;
            &own
        }
    };
    // From here on, what ends the program waits until the kernel's image and its record belong together again.
    let _held = Held::all();
    // Read again under the lock: another skexec may have loaded or unloaded a kernel meanwhile, or have been killed.
    let kexec = Kexec::read(system.root, &machine.config);
    records.settle(system.root, &kexec, request.slot).context("cannot settle the record in /run/skexec")?;
    let panic = request.slot == Slot::Panic;
    // Another program has unloaded it; what that loads next is not what was recorded. A crash kernel's record says what to load again.
    if request.slot == Slot::Reboot && kexec.loaded == Some(false) {
        records.forget(request.slot).context("cannot remove the record of a kernel that is gone from /run/skexec")?;
    }
    measured::may_replace(system, request.slot)?;
    let mut done = Done::default();
    if request.lock {
        guard::can_lock(system.root).context("cannot set kernel.kexec_load_disabled for --lock; nothing was loaded")?;
    }
    // A lock alone does not show what was loaded between the load and the lock.
    if request.count_loads || request.lock {
        let counting = guard::count_loads(system.root, panic);
        match counting.context("cannot let the kernel count loads; nothing was loaded")? {
            Counting::Begun(counter) => follow(Event::Counting(counter)),
            Counting::Impossible if request.count_loads => done.warnings.push(guard::cannot_count()),
            Counting::Impossible | Counting::Already => {}
        }
    }
    let before = Limit::read(system.root, panic);
    let record = Record::of(ready.authorized(), ready.method(), system.root, before);
    let record =
        Record { boot_entry: request.entry.clone(), asked: request.asked.clone(), marked: ready.marked(), ..record };
    let record = Record { hardware: ready.hardware().map(Into::into), ..record };
    let measures = measured::is_due(policy, request.slot);
    if measures {
        measured::before(system, &record, policy)?;
    }
    let prepared = records.prepare(request.slot, &record, kexec.holds(panic));
    let prepared = prepared.context("cannot write the record in /run/skexec")?;
    if let Err(mut failed) = ready.call(system, machine) {
        // Of a crash kernel there is no room for two: once the call has passed the first checks, the old one is freed before the new
        // one is read (kernel/kexec.c, `do_kexec_load`; kernel/kexec_file.c, `kexec_file_load`).
        let given_up = panic && kexec::loaded(system.root, panic) == Some(false);
        if given_up && machine.kexec.crash_loaded == Some(true) {
            let lost = "; the running kernel gave up the crash kernel that was loaded before: none is loaded now";
            failed.finding.detail.push_str(lost);
        }
        if failed.kept && !given_up {
            let after = Limit::read(system.root, panic);
            let kept = prepared.restore().and_then(|()| records.recount(request.slot, before, after));
            if let Err(error) = kept {
                let lost = format!("; the record of the kernel that stays loaded is lost: {error}");
                failed.finding.detail.push_str(&lost);
            }
        } else {
            if let Err(left) = records.emptied(system.root, request.slot) {
                failed.finding.detail.push_str(&format!("; the kernel that was loaded before is lost, but {left}"));
            }
            failed.finding.detail.push_str(measured::without_image(system, request.slot));
        }
        return Err(failed.finding.into());
    }
    done.identity = Some(record.identity());
    if let Err(error) = prepared.commit() {
        const PLACE: &str = "the record in /run/skexec cannot be put in its place";
        if measures {
            return Err(anyhow!("{PLACE}: {error}; {}", measured::take_back(records, system, machine)).into());
        }
        let closed = measured::replaced(system, request.slot).map(|warning| format!("; {}", warning.message));
        return Err(anyhow!("the kernel is loaded, but {PLACE}: {error}{}", closed.unwrap_or_default()).into());
    }
    if measures {
        done.warnings.extend(measured::after(records, system, machine, &record, policy)?);
    } else {
        done.warnings.extend(measured::replaced(system, request.slot));
    }
    done.warnings.extend(expect(ready, system, machine, request.slot, version));
    next::expect(&record, system.root, machine, request.slot, follow);
    if request.lock {
        lock(records, system, request.slot, &mut done);
    }
    Ok(done)
}

/// Notes which version the next boot would show to work. The load is made all the same where this cannot be noted: then the
/// next boot raises no version.
fn expect(
    ready: &Ready<'_>,
    system: System<'_>,
    machine: &Machine,
    slot: Slot,
    version: Option<&Version>,
) -> Option<Warning> {
    if slot == Slot::Panic || machine.surroundings.initramfs {
        return None;
    }
    let authorized = ready.authorized();
    let (release, cmdline) = (authorized.image().release(), authorized.cmdline().as_str());
    let error = rollback::expect(system.root, version, release, cmdline).err().filter(|_| version.is_some())?;
    let message = format!("this boot will not raise the least version of its manifest: {}: {error}", rollback::PATH);
    Some(Warning::new(Caution::VersionNotKept, message))
}

fn lock(records: &Records, system: System<'_>, slot: Slot, done: &mut Done) {
    let locked = guard::lock(system.root);
    done.locked = Some(locked.is_ok());
    match locked {
        // Where it cannot be noted, the record is true as it stands.
        Ok(()) => drop(records.note_locked(slot)),
        Err(error) => {
            let message = format!(
                "the kernel is loaded but not locked, because kernel.kexec_load_disabled cannot be set ({error}): another \
                 program can still replace it"
            );
            done.warnings.push(Warning::new(Caution::NotLocked, message));
        }
    }
}
