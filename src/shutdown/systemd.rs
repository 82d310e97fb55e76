//! systemd: its shutdown, and the watchdog that it arms before it jumps.

use super::program;
use crate::machine::boot_id;
use crate::sources::Root;
use crate::sources::replace::replace;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;

/// The value of `KExecWatchdogUSec` before skexec changed it; it is needed by another process where a scheduled shutdown is cancelled.
const BEFORE: &str = "/run/skexec/kexec-watchdog.json";
const MODE: u32 = 0o600;
const MAX: u64 = 4096;

/// What systemd knew.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Before {
    /// /run may have been kept over a jump.
    boot_id: Option<String>,
    microseconds: u64,
}

impl Before {
    fn read(root: &Root) -> io::Result<Option<Self>> {
        let Some(bytes) = root.read(BEFORE, MAX)? else { return Ok(None) };
        let before: Self = serde_json::from_slice(&bytes)?;
        Ok(Some(before).filter(|before| before.boot_id == boot_id(root)))
    }

    /// Keeps it, unless an earlier one was kept and not put back: what systemd has now is skexec's then.
    fn keep(root: &Root) -> io::Result<()> {
        if let Ok(Some(_)) = Self::read(root) {
            return Ok(());
        }
        let before = Self { boot_id: boot_id(root), microseconds: armed(root)? };
        let path = root.path(BEFORE);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        replace(&path, &serde_json::to_vec(&before)?, MODE)
    }
}

/// Asks systemd for a clean shutdown that ends in the loaded kernel. Unlike `systemctl kexec`, the unit loads no kernel now. When all is
/// stopped, its `systemctl --force kexec` does, if none is loaded by then: the default boot entry, by kexec-tools, unverified. So the image
/// must not go while a shutdown is pending.
///
/// # Errors
/// That systemctl cannot be started, or its error message.
pub(crate) fn shut_down(root: &Root) -> io::Result<()> {
    let words = ["start", "--no-block", "--job-mode=replace-irreversibly", "kexec.target"];
    program::run(root, "systemctl", &words).map(drop)
}

/// Whether systemd shuts the machine down; nothing where it does not say so, or has not started all: then it does not tell the one from
/// the other.
pub(super) fn is_stopping(root: &Root) -> Option<bool> {
    match program::run(root, "systemctl", &["show", "--property=SystemState", "--value"]).ok()?.trim() {
        "stopping" => Some(true),
        "running" | "degraded" | "maintenance" => Some(false),
        _ => None,
    }
}

/// The name of the device that systemd arms: `watchdog0`, unless `WatchdogDevice=` names another one.
pub(crate) fn watchdog_device(root: &Root) -> String {
    let shown = program::run(root, "systemctl", &["show", "--property=WatchdogDevice", "--value"]);
    let path = shown.unwrap_or_default();
    match path.trim().strip_prefix("/dev/") {
        Some(name) if name != "watchdog" => name.to_owned(),
        _ => "watchdog0".to_owned(),
    }
}

/// Has systemd arm the watchdog, which it owns, when it has stopped everything and is about to jump; returns what it says then.
///
/// # Errors
/// That busctl cannot be started, its error message, or that the property has another value afterwards; it is put back then.
pub(crate) fn arm(root: &Root, seconds: u32) -> io::Result<String> {
    Before::keep(root)?;
    let wanted = u64::from(seconds).saturating_mul(1_000_000);
    match set(root, wanted).and_then(|()| armed(root)) {
        Ok(now) if now == wanted => Ok(format!("systemd sets it to {seconds} s before it jumps (KExecWatchdogSec=)")),
        failed => {
            let why = failed.map_or_else(|error| error, |now| differs(now, wanted));
            match disarm(root) {
                Ok(()) => Err(why),
                Err(error) => Err(io::Error::other(format!("{why}; it cannot be put back: {error}"))),
            }
        }
    }
}

/// Puts back what [`arm`] changed, if it changed anything since the start of this boot.
///
/// # Errors
/// As for [`arm`].
pub(crate) fn disarm(root: &Root) -> io::Result<()> {
    let Some(before) = Before::read(root)? else { return Ok(()) };
    set(root, before.microseconds)?;
    fs::remove_file(root.path(BEFORE))
}

/// The microseconds that [`arm`] has set and [`disarm`] has not put back.
pub(crate) fn still_armed(root: &Root) -> Option<u64> {
    Before::read(root).ok().flatten().and_then(|_| armed(root).ok())
}

/// Sets them again.
///
/// # Errors
/// As for [`arm`].
pub(crate) fn arm_again(root: &Root, microseconds: u64) -> io::Result<()> {
    Before::keep(root)?;
    set(root, microseconds)
}

fn differs(now: u64, wanted: u64) -> io::Error {
    io::Error::other(format!("KExecWatchdogUSec is {now}, not {wanted}"))
}

fn set(root: &Root, microseconds: u64) -> io::Result<()> {
    busctl(root, "set-property", &["t", &microseconds.to_string()]).map(drop)
}

fn armed(root: &Root) -> io::Result<u64> {
    let text = busctl(root, "get-property", &[])?;
    let number = text.trim().strip_prefix("t ").and_then(|number| number.parse().ok());
    number.ok_or_else(|| io::Error::other(format!("the answer of busctl: {}", text.trim())))
}

/// Calls busctl about the property by which systemd knows the seconds.
fn busctl(root: &Root, verb: &str, value: &[&str]) -> io::Result<String> {
    const PROPERTY: [&str; 4] = [
        "org.freedesktop.systemd1",
        "/org/freedesktop/systemd1",
        "org.freedesktop.systemd1.Manager",
        "KExecWatchdogUSec",
    ];
    program::run(root, "busctl", &[[verb].as_slice(), &PROPERTY, value].concat())
}
