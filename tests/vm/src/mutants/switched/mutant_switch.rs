//! Which mutant is on. This file is put into the crate whose mutants are tried; in the harness it is compiled for its test alone.
#![allow(dead_code, unreachable_pub)]

use std::env;
use std::fs::File;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

struct Switch {
    on: Option<usize>,
    /// Where each mutant is noted whose place is come to.
    reach: Option<(File, Mutex<std::collections::BTreeSet<usize>>)>,
}

static SWITCH: OnceLock<Switch> = OnceLock::new();
static NOTES: AtomicBool = AtomicBool::new(false);

fn switch() -> &'static Switch {
    SWITCH.get_or_init(|| {
        let reach = env::var_os("SKEXEC_MUTANT_REACH");
        let reach = reach.and_then(|path| File::options().append(true).create(true).open(path).ok());
        NOTES.store(reach.is_some(), Ordering::Relaxed);
        let on = env::var("SKEXEC_MUTANT").ok().and_then(|number| number.parse().ok());
        Switch { on, reach: reach.map(|file| (file, Mutex::default())) }
    })
}

/// Whether the mutant of this number is on.
pub fn is(number: usize) -> bool {
    let switch = switch();
    if NOTES.load(Ordering::Relaxed)
        && let Some((file, seen)) = &switch.reach
        && seen.lock().unwrap_or_else(PoisonError::into_inner).insert(number)
    {
        let mut file: &File = file;
        let _ = file.write_all(format!("{number}\n").as_bytes());
    }
    switch.on == Some(number)
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_is_on_unless_it_is_asked_for() {
        assert!((0..3).all(|number| !super::is(number)));
    }
}
