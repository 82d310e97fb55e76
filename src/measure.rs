//! Measuring what is booted next into the TPM, with a log of the events.
//!
//! The digest of each event, in every bank, is that of the event's data, and the data names the SHA-256 of what was loaded: so one reading
//! of the files at the load serves every bank, and whoever has the log can check both.

mod logs;
mod session;
mod state;
#[cfg(test)]
mod tests;

use crate::reason::{Finding, Reason};
use crate::sources::Root;
use crate::sources::policy::Measure;
use crate::tpm::{Device, Fault, Pcr, Tpm, Transport};
use session::Session;
use state::State;
use std::io;

/// What is booted next, in the words of its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Subject<'a> {
    /// SHA-256 of the kernel's file.
    pub(crate) kernel: &'a str,
    /// SHA-256 of the whole initrd; nothing without one.
    pub(crate) initrd: Option<&'a str>,
    /// The command line.
    pub(crate) cmdline: &'a str,
}

/// Why what was measured is not booted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instead {
    /// Only a part of it could be measured.
    Broken,
    /// The jump failed.
    JumpFailed,
    /// It was unloaded, or another image took its place.
    Unloaded,
}

impl Instead {
    const fn data(self) -> &'static str {
        match self {
            Self::Broken => "skexec not measured",
            Self::JumpFailed => "skexec jump failed",
            Self::Unloaded => "skexec unloaded",
        }
    }
}

/// The beginning of the data of every event.
const OURS: &str = "skexec ";

/// An event: its register and its data.
type Event = (Pcr, String);

fn events(measure: &Measure, subject: Subject<'_>) -> [Event; 3] {
    let initrd = subject.initrd.map_or_else(|| "none".into(), |digest| format!("sha256:{digest}"));
    [
        (Pcr(measure.kernel.value), format!("skexec kernel sha256:{}", subject.kernel)),
        (Pcr(measure.initrd.value), format!("skexec initrd {initrd}")),
        (Pcr(measure.cmdline.value), format!("skexec cmdline {}", subject.cmdline)),
    ]
}

fn impossible(fault: &Fault) -> Finding {
    Finding::new(Reason::NotMeasured, fault.to_string())
}

/// When what is measured is booted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Boots {
    /// At some time, or by this process.
    Sometime,
    /// At the end of a shutdown, which is asked for next and goes on after this process.
    AfterShutdown,
}

/// Finds out whether [`measure`] would work now, as far as that can be told without extending a register.
///
/// # Errors
/// `not-measured`
pub(crate) fn can_measure(root: &Root, measure: &Measure, subject: Subject<'_>) -> Result<(), Finding> {
    let registers = events(measure, subject).map(|(pcr, _)| pcr).to_vec();
    let tpm = Tpm(Device::open(root).map_err(|fault| impossible(&fault))?);
    Session::open(root, tpm, registers).map(drop).map_err(|fault| impossible(&fault))
}

/// Measures what is booted next, unless the registers hold just that already; the answer is what went wrong with the log.
///
/// # Errors
/// `not-measured`. Where a part of it was measured by then, the event that closes it was, too, as far as the TPM still works.
pub(crate) fn measure(
    root: &Root,
    measure: &Measure,
    subject: Subject<'_>,
    boots: Boots,
) -> Result<Vec<String>, Finding> {
    let events = events(measure, subject);
    let device = Device::open(root).map_err(|fault| impossible(&fault))?;
    measure_by(root, Tpm(device), &events, boots)
}

fn measure_by<T: Transport>(root: &Root, tpm: Tpm<T>, events: &[Event], boots: Boots) -> Result<Vec<String>, Finding> {
    let earlier = State::read(root);
    // A shutdown that was asked for before goes on, whatever became of the image.
    let another = earlier.as_ref().is_some_and(State::awaits_shutdown);
    let shutdown = another || boots == Boots::AfterShutdown;
    let state = State::of(events).awaiting_shutdown(shutdown);
    let registers = earlier.iter().flat_map(State::registers).chain(state.registers()).collect();
    let mut session = Session::open(root, tpm, registers).map_err(|fault| impossible(&fault))?;
    if let Some(earlier) = earlier {
        // Not what the state says: a resumed machine has the memory of a boot before, and registers that the firmware has reset.
        if earlier.stands_for(events) && session.ends_with(events) {
            note(root, &earlier.awaiting_shutdown(shutdown)).map_err(|fault| impossible(&fault))?;
            return Ok(session.notes);
        }
        close(root, &mut session, &earlier, earlier.replaced()).map_err(|fault| impossible(&fault))?;
    }
    // What is measured is noted first, so that it is closed where it goes no further.
    note(root, &state.clone().awaiting_shutdown(another)).map_err(|fault| impossible(&fault))?;
    if let Err(fault) = all(root, &mut session, &state, events) {
        let closed = close(root, &mut session, &state, Instead::Broken);
        let more = closed.err().map_or_else(String::new, |fault| format!("; {fault}"));
        return Err(Finding::new(Reason::NotMeasured, format!("{fault}{more}")));
    }
    Ok(session.notes)
}

fn note(root: &Root, state: &State) -> Result<(), Fault> {
    state.write(root).map_err(|error| Fault(format!("/run/skexec: {error}")))
}

fn all<T: Transport>(root: &Root, session: &mut Session<'_, T>, state: &State, events: &[Event]) -> Result<(), Fault> {
    events.iter().try_for_each(|(pcr, data)| session.extend(*pcr, data.as_bytes()))?;
    note(root, &state.clone().complete())
}

/// Whether something was measured in this boot that may still be booted.
pub(crate) fn is_open(root: &Root) -> bool {
    State::read(root).is_some()
}

/// Whether something was measured for a shutdown that was asked for, so that nothing may take its place.
pub(crate) fn awaits_shutdown(root: &Root) -> bool {
    State::read(root).is_some_and(|state| state.awaits_shutdown())
}

/// The shutdown is not made. What was measured still stands.
///
/// # Errors
/// That this cannot be noted.
pub(crate) fn shutdown_is_over(root: &Root) -> io::Result<()> {
    State::read(root).map_or(Ok(()), |state| state.awaiting_shutdown(false).write(root))
}

/// Measures that what was measured is not booted; nothing where nothing was measured.
///
/// # Errors
/// That this cannot be measured, in a sentence.
pub(crate) fn instead(root: &Root, instead: Instead) -> Result<(), String> {
    let Some(state) = State::read(root) else { return Ok(()) };
    let done = Device::open(root).and_then(|device| instead_by(root, Tpm(device), &state, instead));
    done.map_err(|fault| format!("the TPM still has the kernel as the one that is booted: {fault}"))
}

fn instead_by<T: Transport>(root: &Root, tpm: Tpm<T>, state: &State, instead: Instead) -> Result<(), Fault> {
    let mut session = Session::open(root, tpm, state.registers())?;
    close(root, &mut session, state, instead)
}

/// In each register, so that none of them looks like that of a boot; in none where all of them are known to hold nothing of skexec's.
fn close<T: Transport>(root: &Root, session: &mut Session<'_, T>, state: &State, why: Instead) -> Result<(), Fault> {
    let registers = state.registers();
    if !session.is_untouched(&registers) {
        registers.iter().try_for_each(|pcr| session.extend(*pcr, why.data().as_bytes()))?;
    }
    State::forget(root).map_err(|error| Fault(format!("/run/skexec: {error}")))
}
