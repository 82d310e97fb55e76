//! A running guest: one serial port carries commands, the other is the console, and every wait has a deadline.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::de::DeserializeOwned;
use vm_protocol::facts::{Bases, Facts};
use vm_protocol::{Boot, Done, Event, PREFIX, Request};

use crate::deadline::Patience;
use crate::fetch::Tools;
use crate::machine::{Machine, Wiring, debugger, monitor};

/// The time to boot: firmware, kernel and initramfs under TCG take 10 s to 30 s on an idle machine.
const BOOT_DEADLINE: Duration = Duration::from_secs(180);
const COMMAND_DEADLINE: Duration = Duration::from_secs(120);
const LAST_LINES: usize = 40;
/// The start of a kernel's last message.
const PANIC: &str = "Kernel panic - not syncing";

/// A running guest, which is killed when dropped.
#[derive(Debug)]
pub(crate) struct Guest {
    qemu: Child,
    requests: ChildStdin,
    events: Receiver<Event>,
    console: PathBuf,
    asked: u64,
    /// The time limit for a command.
    patience: Duration,
    factor: Patience,
}

impl Guest {
    /// Starts a machine and waits until its kernel is up. The file with the console's text remains after the guest's end.
    pub(crate) fn boot(machine: &Machine, tools: &Tools, console: &Path) -> Result<(Self, Boot)> {
        let mut guest = Self::start(machine, tools, console)?;
        let boot = guest.next_boot("the first kernel")?;
        Ok((guest, boot))
    }

    /// Starts a machine without waiting for its kernel.
    pub(crate) fn start(machine: &Machine, tools: &Tools, console: &Path) -> Result<Self> {
        let _ = fs::remove_file(console);
        let factor = Patience::from_environment()?;
        let mut command = machine.command(tools, &Wiring::Harness { console })?;
        let mut qemu = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot start QEMU")?;
        let (stdin, stdout) = (qemu.stdin.take(), qemu.stdout.take());
        let (sender, events) = channel();
        let stdout = stdout.context("QEMU's stdout")?;
        thread::spawn(move || listen(stdout, &sender));
        let requests = stdin.context("QEMU's stdin")?;
        Ok(Self { qemu, requests, events, console: console.to_owned(), asked: 0, patience: COMMAND_DEADLINE, factor })
    }

    /// Sets the time limit for commands that take longer.
    pub(crate) fn be_patient(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Runs a command in the guest's shell.
    pub(crate) fn run(&mut self, command: &str) -> Result<Done> {
        self.ask(command)?;
        match self.event(self.patience, command)? {
            Event::Done(done) if done.id == self.asked => Ok(done),
            Event::Done(done) => Err(self.trouble(&format!("answer {} to request {}", done.id, self.asked))),
            Event::Boot(boot) => Err(self.trouble(&format!("`{command}` booted {}", boot.release))),
        }
    }

    /// Runs a command that may crash the kernel; `None` if the kernel panicked, which ends the guest.
    pub(crate) fn run_or_crash(&mut self, command: &str) -> Result<Option<Done>> {
        self.ask(command)?;
        match self.within(COMMAND_DEADLINE) {
            Ok(Event::Done(done)) => Ok(Some(done)),
            Err(RecvTimeoutError::Disconnected) if self.console().contains(PANIC) => Ok(None),
            other => Err(self.trouble(&format!("{command}: neither an answer nor a panic, but {other:?}"))),
        }
    }

    /// Runs a command that must boot another kernel.
    pub(crate) fn jump(&mut self, command: &str) -> Result<Boot> {
        self.ask(command)?;
        self.next_boot(command)
    }

    /// Runs a command after which no agent answers: waits for the machine's end, and returns the console's text from the command on.
    pub(crate) fn run_to_end(&mut self, command: &str) -> Result<String> {
        let before = self.console_size();
        self.ask(command)?;
        self.end(before, command)
    }

    /// The socket for a debugger.
    pub(crate) fn debugger(&self) -> PathBuf {
        debugger(&self.console)
    }

    /// The socket for commands to QEMU.
    pub(crate) fn monitor(&self) -> PathBuf {
        monitor(&self.console)
    }

    pub(crate) fn console_size(&self) -> usize {
        fs::read(&self.console).unwrap_or_default().len()
    }

    /// Waits for the machine's end, and returns the console's text after its first `before` bytes.
    pub(crate) fn end(&mut self, before: usize, what: &str) -> Result<String> {
        match self.within(BOOT_DEADLINE) {
            Err(RecvTimeoutError::Disconnected) => Ok(self.console_from(before)),
            other => Err(self.trouble(&format!("{what}: not the machine's end, but {other:?}"))),
        }
    }

    pub(crate) fn console_from(&self, before: usize) -> String {
        let console = fs::read(&self.console).unwrap_or_default();
        plain(&String::from_utf8_lossy(console.get(before..).unwrap_or_default()))
    }

    /// Waits until an agent reports which kernel is up, and ignores messages of the previous agent.
    pub(crate) fn await_boot(&mut self, patience: Duration, what: &str) -> Result<Boot> {
        loop {
            if let Event::Boot(boot) = self.event(patience, what)? {
                return Ok(boot);
            }
        }
    }

    /// Waits for the machine's end, and ignores messages of the agent.
    pub(crate) fn await_end(&mut self, patience: Duration, what: &str) -> Result<()> {
        loop {
            match self.within(patience) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Err(RecvTimeoutError::Timeout) => return Err(self.trouble(&format!("{what}: the machine still runs"))),
            }
        }
    }

    /// Waits until the console shows a text after its first `before` bytes, and returns everything after them.
    pub(crate) fn await_console(&mut self, text: &str, before: usize, patience: Duration) -> Result<String> {
        let deadline = Instant::now() + self.factor.with(patience);
        loop {
            // The end is tested before the console is read, so that the machine's last lines are not missed.
            let ended = self.qemu.try_wait()?.is_some();
            let console = self.console_from(before);
            if console.contains(text) {
                return Ok(console);
            }
            if ended || Instant::now() > deadline {
                return Err(self.trouble(&format!("the console did not show {text:?}")));
            }
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// `agent facts`.
    pub(crate) fn facts(&mut self) -> Result<Facts> {
        self.told("agent facts")
    }

    /// `agent bases`.
    pub(crate) fn bases(&mut self) -> Result<Bases> {
        self.told("agent bases")
    }

    fn told<T: DeserializeOwned>(&mut self, command: &str) -> Result<T> {
        let done = self.run(command)?;
        serde_json::from_str(&done.stdout).with_context(|| format!("{command}: {done:?}"))
    }

    fn next_boot(&mut self, what: &str) -> Result<Boot> {
        match self.event(BOOT_DEADLINE, what)? {
            Event::Boot(boot) => Ok(boot),
            Event::Done(Done { exit, stdout, stderr, .. }) => {
                let code = exit.map_or_else(|| "by a signal".to_owned(), |code| format!("with exit code {code}"));
                Err(self.trouble(&format!("{what}: no kernel was booted; it ended {code}:\n{stdout}{stderr}")))
            }
        }
    }

    /// Sends a command without waiting for its end.
    pub(crate) fn ask(&mut self, command: &str) -> Result<()> {
        self.asked += 1;
        let mut line = serde_json::to_string(&Request { id: self.asked, command: command.to_owned() })?;
        line.push('\n');
        match self.requests.write_all(line.as_bytes()) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.trouble(&format!("{command}: cannot reach the guest: {error}"))),
        }
    }

    fn within(&self, limit: Duration) -> std::result::Result<Event, RecvTimeoutError> {
        self.events.recv_timeout(self.factor.with(limit))
    }

    fn event(&mut self, patience: Duration, what: &str) -> Result<Event> {
        match self.within(patience) {
            Ok(event) => Ok(event),
            Err(RecvTimeoutError::Timeout) => {
                Err(self.trouble(&format!("{what}: no answer within {} s", self.factor.with(patience).as_secs())))
            }
            Err(RecvTimeoutError::Disconnected) => Err(self.trouble(&format!("{what}: the guest ended"))),
        }
    }

    fn console(&self) -> String {
        let console = fs::read(&self.console).unwrap_or_default();
        plain(&String::from_utf8_lossy(&console))
    }

    /// The error, with the last lines of the console.
    fn trouble(&self, what: &str) -> anyhow::Error {
        let console = self.console();
        let lines: Vec<_> = console.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n  | ");
        anyhow!("{what}\n  the console's last lines (all of it: {}):\n  | {last}", self.console.display())
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

/// Starts a machine whose console is the user's terminal, and waits for its end.
pub(crate) fn interactive(machine: &Machine, tools: &Tools) -> Result<()> {
    let status = machine.command(tools, &Wiring::Terminal)?.status().context("cannot start QEMU")?;
    if !status.success() {
        bail!("QEMU: {status}");
    }
    Ok(())
}

/// Types a script at the console once it has shown `prompt`, and waits until the guest has ended.
pub(crate) fn scripted(machine: &Machine, tools: &Tools, prompt: &str, script: &str) -> Result<()> {
    let mut command = machine.command(tools, &Wiring::Terminal)?;
    let mut qemu = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot start QEMU")?;
    let (mut stdin, stdout) =
        (qemu.stdin.take().context("QEMU's stdin")?, qemu.stdout.take().context("QEMU's stdout")?);
    let (sender, lines) = channel();
    thread::spawn(move || {
        let lines = BufReader::new(stdout).split(b'\n').map_while(std::result::Result::ok);
        lines.map(|line| sender.send(line)).take_while(std::result::Result::is_ok).for_each(drop);
    });
    let deadline = Instant::now() + Patience::from_environment()?.with(BOOT_DEADLINE);
    let mut text = String::new();
    while let Ok(line) = lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        let line = plain(&String::from_utf8_lossy(&line));
        if line.contains(prompt) {
            // Input that is typed before the shell reads may be lost.
            thread::sleep(Duration::from_secs(2));
            stdin.write_all(script.as_bytes())?;
        }
        text += &line;
        text.push('\n');
    }
    let in_time = Instant::now() < deadline;
    if !in_time {
        let _ = qemu.kill();
    }
    let status = qemu.wait()?;
    ensure!(in_time && status.success(), "the guest did not end by itself ({status}); its console:\n{text}");
    Ok(())
}

fn listen(port: ChildStdout, events: &Sender<Event>) {
    for line in BufReader::new(port).split(b'\n') {
        let Ok(line) = line else { return };
        let line = String::from_utf8_lossy(&line);
        let Some((_, document)) = line.split_once(PREFIX) else { continue };
        let Ok(event) = serde_json::from_str(document.trim_end()) else { continue };
        if events.send(event).is_err() {
            return;
        }
    }
}

/// Removes the escape sequences with which firmware draws its screens.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\x1b' => {
                if characters.next_if_eq(&'[').is_some() {
                    while characters.next_if(|next| !next.is_ascii_alphabetic()).is_some() {}
                    characters.next();
                }
            }
            '\r' => {}
            _ => plain.push(character),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_are_left_out() {
        assert_eq!(plain("\x1b[2J\x1b[01;01HBdsDxe\r\nloading"), "BdsDxe\nloading");
    }
}
