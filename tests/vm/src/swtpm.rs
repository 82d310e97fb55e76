//! A TPM of software for one guest, and the reader of its log.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::fetch::Extras;
use crate::parent;
use crate::tool;

const PATIENCE: Duration = Duration::from_secs(30);

/// The socket of the TPM of the guest with this console.
pub(crate) fn socket(console: &Path) -> PathBuf {
    console.with_extension("swtpm")
}

/// A running TPM, which keeps its registers until the machine is reset.
#[derive(Debug)]
pub(crate) struct Swtpm(Child);

impl Swtpm {
    /// Starts a TPM that was never used before.
    pub(crate) fn start(extras: &Extras, console: &Path) -> Result<Self> {
        let (socket, state) = (socket(console), console.with_extension("tpm-state"));
        for old in [&socket, &state] {
            if old.is_dir() {
                fs::remove_dir_all(old)?;
            } else if old.exists() {
                fs::remove_file(old)?;
            }
        }
        fs::create_dir_all(&state)?;
        let mut program = extras.command("swtpm");
        // Its own library is in a directory of its own.
        let own = extras.path("usr/lib/x86_64-linux-gnu/swtpm");
        let system = extras.library_path();
        program.env("LD_LIBRARY_PATH", env::join_paths(env::split_paths(&system).chain([own]))?);
        let mut command = parent::guarded(program)?;
        command.args(["socket", "--tpm2", "--tpmstate", &format!("dir={}", state.display())]);
        command.args(["--ctrl", &format!("type=unixio,path={}", socket.display())]);
        command.arg("--log").arg(format!("file={}", console.with_extension("swtpm.log").display()));
        // From here on it is killed also where the socket does not appear.
        let running = Self(command.stdin(Stdio::null()).spawn().context("swtpm")?);
        let started = Instant::now();
        while !socket.exists() {
            ensure!(started.elapsed() < PATIENCE, "swtpm made no {}", socket.display());
            sleep(Duration::from_millis(50));
        }
        Ok(running)
    }
}

impl Drop for Swtpm {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What registers hold, by bank and number.
pub(crate) type Registers = BTreeMap<(String, u32), String>;

/// The registers that tpm2_eventlog replays a log to, by bank and number; and all that it prints.
pub(crate) fn replay(extras: &Extras, log: &Path) -> Result<(Registers, String)> {
    let text = tool::stdout(extras.command("tpm2_eventlog").arg(log))?;
    let (_, pcrs) = text.rsplit_once("\npcrs:\n").context("tpm2_eventlog printed no registers")?;
    Ok((registers(pcrs), text.clone()))
}

fn registers(text: &str) -> Registers {
    let (mut bank, mut found) = (String::new(), BTreeMap::new());
    for (key, value) in text.lines().filter_map(|line| line.trim().split_once(':')) {
        match (key.trim().parse(), value.trim().strip_prefix("0x")) {
            (Ok(number), Some(value)) => drop(found.insert((bank.clone(), number), value.to_lowercase())),
            _ => bank = key.trim().to_owned(),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_are_read_by_bank() {
        let found = registers("  sha1:\n    0  : 0xAB\n  sha256:\n    0  : 0xcd\n    10 : 0xef\n");
        let wanted = [("sha1", 0, "ab"), ("sha256", 0, "cd"), ("sha256", 10, "ef")];
        assert_eq!(found, wanted.map(|(bank, number, value)| ((bank.to_owned(), number), value.to_owned())).into());
    }
}
