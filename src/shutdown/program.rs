//! Programs of systemd, which speak with it.

use crate::sources::Root;
use std::io;
use std::process::{Command, Stdio};

/// Where distributions install them. `PATH` is not searched: whoever calls may have set it.
const FOLDERS: [&str; 3] = ["/usr/bin", "/bin", "/run/current-system/sw/bin"];

/// Runs a program, and returns what it printed.
///
/// # Errors
/// That it is not installed or cannot be started; its error message.
pub(super) fn run(root: &Root, name: &str, words: &[&str]) -> io::Result<String> {
    let paths = FOLDERS.map(|folder| root.path(format!("{folder}/{name}")));
    let path = paths.into_iter().find(|path| path.is_file());
    let path = path.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("{name} is not installed")))?;
    let output = Command::new(path).args(words).stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim();
    let what = if said.is_empty() { output.status.to_string() } else { said.to_owned() };
    Err(io::Error::other(format!("{name} {}: {what}", words.join(" "))))
}
