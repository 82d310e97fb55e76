//! One line on a terminal that says how far a long load has come. It is erased at the end, and nothing of it reaches a pipe or a log.

use crate::progress::Event;
use crate::sealed;
use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A load that is done earlier shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);
const REFRESH: Duration = Duration::from_millis(250);

/// The line; it ends with this value.
pub(super) struct Progress {
    in_kernel: Arc<AtomicBool>,
    running: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Begins to show progress, if it is wanted and standard error is a terminal.
    pub(super) fn begin(wanted: bool) -> Self {
        let in_kernel = Arc::new(AtomicBool::new(false));
        let terminal = wanted.then(terminal).flatten();
        let running = terminal.and_then(|terminal| start(terminal, &in_kernel).ok());
        Self { in_kernel, running }
    }

    /// Takes note of a step of the load.
    pub(super) fn note(&self, event: &Event) {
        if matches!(event, Event::Loading { .. }) {
            self.in_kernel.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
}

/// Standard error by a descriptor of its own: the command holds the lock of the shared one.
fn terminal() -> Option<File> {
    let stderr = io::stderr();
    stderr.is_terminal().then(|| stderr.as_fd().try_clone_to_owned().ok().map(File::from)).flatten()
}

fn start(mut terminal: File, in_kernel: &Arc<AtomicBool>) -> io::Result<(Sender<()>, JoinHandle<()>)> {
    let (stop, stopped) = mpsc::channel();
    let in_kernel = Arc::clone(in_kernel);
    let text = move || text(sealed::reading(), sealed::unpacking(), in_kernel.load(Ordering::Relaxed));
    // Where the system permits no thread, there is no progress to see, and that is all.
    let thread = thread::Builder::new().spawn(move || {
        let _ = show(&mut terminal, &stopped, PATIENCE, &text);
    })?;
    Ok((stop, thread))
}

/// Writes the line until the other end of the channel goes away, and then erases it.
fn show(
    terminal: &mut dyn Write,
    stopped: &Receiver<()>,
    patience: Duration,
    text: &dyn Fn() -> String,
) -> io::Result<()> {
    let mut pause = patience;
    // Columns that are not blank: a shorter text must cover them.
    let mut columns = 0;
    while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
        let text = text();
        write!(terminal, "\r{text:<columns$}")?;
        terminal.flush()?;
        columns = text.len().max(columns);
        pause = REFRESH;
    }
    if columns > 0 { write!(terminal, "\r{:<columns$}\r", "") } else { Ok(()) }
}

fn text((read, expected): (u64, u64), unpacking: bool, in_kernel: bool) -> String {
    if in_kernel {
        return "skexec: the kernel takes the image".to_owned();
    }
    if unpacking {
        return "skexec: unpacking the kernel".to_owned();
    }
    match read.saturating_mul(100).checked_div(expected) {
        Some(percent) if read < expected => {
            format!("skexec: reading, {} of {} MiB ({percent} %)", read >> 20, expected >> 20)
        }
        _ => "skexec: preparing the image".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_takes_long() {
        let rows = [
            ((0, 0), false, false, "skexec: preparing the image"),
            ((1 << 20, 4 << 20), false, false, "skexec: reading, 1 of 4 MiB (25 %)"),
            ((4 << 20, 4 << 20), false, false, "skexec: preparing the image"),
            ((4 << 20, 4 << 20), true, false, "skexec: unpacking the kernel"),
            ((1 << 20, 4 << 20), false, true, "skexec: the kernel takes the image"),
        ];
        for (read, unpacking, in_kernel, expected) in rows {
            assert_eq!(text(read, unpacking, in_kernel), expected);
        }
    }

    #[test]
    fn a_load_that_is_done_early_shows_nothing() {
        let (stop, stopped) = mpsc::channel();
        drop(stop);
        let mut terminal = vec![];
        show(&mut terminal, &stopped, PATIENCE, &|| "never".to_owned()).unwrap();
        assert!(terminal.is_empty());
    }

    #[test]
    fn the_line_is_erased_at_the_end() {
        let (stop, stopped) = mpsc::channel();
        let stop = std::cell::RefCell::new(Some(stop));
        let mut terminal = vec![];
        // The load ends while the second, shorter line is there.
        let texts = std::cell::RefCell::new(vec!["short", "longer"]);
        let text = || {
            let text = texts.borrow_mut().pop().unwrap_or_default();
            if texts.borrow().is_empty() {
                stop.borrow_mut().take();
            }
            text.to_owned()
        };
        show(&mut terminal, &stopped, Duration::ZERO, &text).unwrap();
        assert_eq!(String::from_utf8(terminal).unwrap(), "\rlonger\rshort \r      \r");
    }
}
