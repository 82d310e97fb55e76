//! The agent's end of the serial line.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};
use vm_protocol::{Boot, Done, Event, PREFIX, Request};

/// Keeps one answer small: a serial port under TCG moves some 100 KiB a second.
const MOST_OUTPUT: usize = 64 << 10;

pub(crate) fn serve(port: &Path) -> Result<ExitCode> {
    let port = File::options().read(true).write(true).open(port).with_context(|| format!("{}", port.display()))?;
    say(&port, &Event::Boot(boot()))?;
    for line in BufReader::new(&port).lines() {
        // A request that cannot be parsed has no number for an answer; the harness's deadline reports it.
        if let Ok(request) = serde_json::from_str::<Request>(&line?) {
            say(&port, &Event::Done(run(&request)))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn say(mut port: &File, event: &Event) -> Result<()> {
    // One write for the whole line, so that a kexec in the middle does not cut it.
    port.write_all(format!("{PREFIX}{}\n", serde_json::to_string(event)?).as_bytes())?;
    Ok(())
}

fn run(request: &Request) -> Done {
    let start = Instant::now();
    let output = Command::new("/bin/sh").arg("-c").arg(&request.command).stdin(Stdio::null()).output();
    let (exit, stdout, stderr) = match output {
        Ok(output) => (output.status.code(), text(&output.stdout), text(&output.stderr)),
        Err(error) => (None, String::new(), format!("agent: cannot start a shell: {error}")),
    };
    let millis = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    Done { id: request.id, exit, stdout, stderr, millis }
}

fn text(bytes: &[u8]) -> String {
    let cut = bytes.len().min(MOST_OUTPUT);
    let mut text = String::from_utf8_lossy(&bytes[..cut]).into_owned();
    if cut < bytes.len() {
        text.push_str("\n[cut by the agent]");
    }
    text
}

fn boot() -> Boot {
    Boot {
        release: first_line("/proc/sys/kernel/osrelease"),
        version: first_line("/proc/version"),
        cmdline: first_line("/proc/cmdline"),
        bootloader_type: first_line("/proc/sys/kernel/bootloader_type").parse().unwrap_or(0),
        lockdown: active_word(&first_line("/sys/kernel/security/lockdown")),
        marks: marks(),
    }
}

fn first_line(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().lines().next().unwrap_or_default().to_owned()
}

/// The active level: `integrity` in `none [integrity] confidentiality`.
fn active_word(choices: &str) -> String {
    choices.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map_or("unknown", |(word, _)| word).to_owned()
}

fn marks() -> Vec<String> {
    let entries = fs::read_dir("/vm/marks").into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
