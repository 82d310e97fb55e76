//! Holds a program at the moment when it prints a given line, by means of a full pipe.
//!
//! A pipe in packet mode (`O_DIRECT`) with room for one packet accepts one `write` at a time. A reader that reads one packet less than
//! the program has written therefore knows the `write` in which the program is held. The first run reads everything and counts the
//! packets up to the end of the line; the second run reads two less (one is in the pipe, one is held).

use std::fs::{self, File};
use std::io::{Read, Write};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::pipe2;

/// Fills the pipe before the command starts, so that even its first `write` is held.
const FILLER: &[u8] = b"#";
/// The smallest size of a pipe: one page, which is one packet however short.
const PIPE_SIZE: libc::c_int = 4096;
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Debug, Args)]
pub(crate) struct PauseAt {
    /// The start of the line on the command's stderr
    #[arg(long)]
    line: String,
    /// A shell command to run while the command is held
    #[arg(long)]
    meanwhile: String,
    /// The command, started by the shell's `exec`. It runs twice: once to count its writes, and once to be held
    command: String,
}

impl PauseAt {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let packets = self.rehearse()?;
        let mut held = Held::start(&self.command)?;
        let mut said = vec![];
        // The filler and all packets but the last two: then one waits in the pipe, and the last is held.
        for _ in 0..packets - 1 {
            said.extend(held.packet()?);
        }
        held.wait_until_it_hangs()?;
        let meanwhile = Command::new("/bin/sh").arg("-c").arg(&self.meanwhile).status()?;
        ensure!(meanwhile.success(), "{}: {meanwhile}", self.meanwhile);
        println!("held in its write of packet {packets}, `{}` done meanwhile", self.meanwhile);
        loop {
            match held.packet()? {
                packet if packet.is_empty() => break,
                packet => said.extend(packet),
            }
        }
        // The first packet read, whenever that was, is the filler.
        eprint!("{}", String::from_utf8_lossy(&said[FILLER.len()..]));
        let code = held.child.wait()?.code().context("ended by a signal")?;
        Ok(ExitCode::from(u8::try_from(code)?))
    }

    /// The number of packets that the command writes up to the end of the line.
    fn rehearse(&self) -> Result<usize> {
        let mut run = Held::start(&self.command)?;
        let filler = run.packet()?;
        ensure!(filler == FILLER, "the pipe did not hold the filler alone");
        let (mut said, mut at_line, mut packets) = (vec![], None, 0);
        loop {
            let packet = run.packet()?;
            if packet.is_empty() {
                break;
            }
            packets += 1;
            said.extend(packet);
            let text = String::from_utf8_lossy(&said);
            let whole = text.split_inclusive('\n').any(|line| line.starts_with(&self.line) && line.ends_with('\n'));
            if whole && at_line.is_none() {
                at_line = Some(packets);
            }
        }
        let status = run.child.wait()?;
        let text = String::from_utf8_lossy(&said);
        ensure!(status.success(), "the rehearsal failed ({status}): {text}");
        at_line.with_context(|| format!("no line {:?} on stderr, only: {text}", self.line))
    }
}

/// A running command whose stderr is a pipe with room for one packet.
struct Held {
    child: Child,
    packets: File,
}

impl Held {
    fn start(command: &str) -> Result<Self> {
        let (reader, writer) = pipe2(OFlag::O_DIRECT | OFlag::O_CLOEXEC)?;
        fcntl(&writer, FcntlArg::F_SETPIPE_SZ(PIPE_SIZE))?;
        let mut writer = File::from(writer);
        writer.write_all(FILLER)?;
        let command = format!("exec {command}");
        let mut shell = Command::new("/bin/sh");
        let child = shell.arg("-c").arg(command).stdin(Stdio::null()).stdout(Stdio::null()).stderr(writer).spawn()?;
        // `shell` holds the write end until it is dropped here: afterwards only the command has it.
        Ok(Self { child, packets: File::from(reader) })
    }

    /// The next packet; empty at the end.
    fn packet(&mut self) -> Result<Vec<u8>> {
        let mut buffer = [0; 4096];
        let length = self.packets.read(&mut buffer)?;
        Ok(buffer[..length].to_vec())
    }

    fn wait_until_it_hangs(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            // "1 0x2 ...": inside write(2) on descriptor 2. For a process that runs, the file has "running".
            let now = fs::read_to_string(format!("/proc/{}/syscall", self.child.id()))?;
            if now.starts_with("1 0x2 ") {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended ({status}) before it was held: its second run writes less than its first");
            }
            sleep(Duration::from_millis(20));
        }
        bail!("it was not held within {} s", PATIENCE.as_secs())
    }
}
