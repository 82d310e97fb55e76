//! The part of the GDB remote protocol that is needed to stop a machine at an address and to change its memory.

use std::io::{BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::deadline::Patience;

const INTERRUPT: u8 = 0x03;
/// The maximum length of a packet; no answer that is used here is longer.
const LONGEST: usize = 64 << 10;
// Registers by the numbers of QEMU's description of a 64-bit processor; these are eight bytes each.
const RAX: usize = 0;
const RDX: usize = 3;
const RIP: usize = 16;
/// The entries of a page table.
const ENTRIES: usize = 512;
/// So many entries are in one packet.
const AT_ONCE: usize = 64;
const RDTSC: &str = "0f31";

#[derive(Debug, Clone, Copy)]
pub(crate) enum Control {
    Cr3,
    Cr4,
}

impl Control {
    /// The number in QEMU's description, in hexadecimal.
    fn number(self) -> &'static str {
        match self {
            Self::Cr3 => "1d",
            Self::Cr4 => "1e",
        }
    }
}

/// A debugger's connection to QEMU. The machine is stopped from the connection on until [`Self::go`].
#[derive(Debug)]
pub(crate) struct Gdb {
    reader: BufReader<UnixStream>,
    writer: UnixStream,
}

impl Gdb {
    /// Each answer, and each stop, must come within `patience`.
    pub(crate) fn attach(socket: &Path, patience: Duration) -> Result<Self> {
        let writer = UnixStream::connect(socket).with_context(|| socket.display().to_string())?;
        writer.set_read_timeout(Some(Patience::from_environment()?.with(patience)))?;
        let mut gdb = Self { reader: BufReader::new(writer.try_clone()?), writer };
        let why = gdb.ask("?")?;
        ensure!(why.starts_with('T'), "the machine did not stop for the debugger: {why}");
        Ok(gdb)
    }

    /// Lets the machine run until it reaches an address of its current address space.
    pub(crate) fn run_to(&mut self, address: u64, start: impl FnOnce() -> Result<()>) -> Result<()> {
        self.command(&format!("Z1,{address:x},1"))?;
        self.go()?;
        start()?;
        let why = self.packet()?;
        ensure!(why.starts_with("T05"), "stopped by something else than the breakpoint: {why}");
        ensure!(self.rip()? == address, "stopped at {:#x}, not at {address:#x}", self.rip()?);
        self.command(&format!("z1,{address:x},1"))
    }

    /// Lets the machine run, without waiting for a stop.
    pub(crate) fn go(&mut self) -> Result<()> {
        self.send("c")
    }

    /// Stops the machine wherever it is.
    pub(crate) fn interrupt(&mut self) -> Result<()> {
        self.writer.write_all(&[INTERRUPT])?;
        let why = self.packet()?;
        ensure!(why.starts_with('T'), "the machine did not stop: {why}");
        Ok(())
    }

    /// Changes one bit of physical memory.
    pub(crate) fn flip(&mut self, physical: u64) -> Result<()> {
        self.command("Qqemu.PhyMemMode:1")?;
        let byte = self.byte(physical)?;
        self.command(&format!("M{physical:x},1:{:02x}", byte ^ 1))?;
        ensure!(self.byte(physical)? == byte ^ 1, "{physical:#x} was not changed");
        self.command("Qqemu.PhyMemMode:0")
    }

    /// Reads the entries of a page table in physical memory.
    pub(crate) fn read_table(&mut self, physical: u64) -> Result<Vec<u64>> {
        self.command("Qqemu.PhyMemMode:1")?;
        let mut digits = String::new();
        for at in (0..8 * ENTRIES).step_by(8 * AT_ONCE) {
            digits += &self.ask(&format!("m{:x},{:x}", physical + u64::try_from(at)?, 8 * AT_ONCE))?;
        }
        self.command("Qqemu.PhyMemMode:0")?;
        let entry = |at| {
            let digits = digits.get(at..at + 16).with_context(|| format!("{physical:#x}: {digits}"))?;
            Ok(u64::from_str_radix(digits, 16)?.swap_bytes())
        };
        (0..ENTRIES).map(|index| entry(16 * index)).collect()
    }

    /// Writes the entries of a page table to physical memory.
    pub(crate) fn write_table(&mut self, physical: u64, entries: &[u64]) -> Result<()> {
        self.command("Qqemu.PhyMemMode:1")?;
        let mut at = physical;
        for part in entries.chunks(AT_ONCE) {
            let length = u64::try_from(8 * part.len())?;
            let digits: String = part.iter().map(|entry| format!("{:016x}", entry.swap_bytes())).collect();
            self.command(&format!("M{at:x},{length:x}:{digits}"))?;
            at += length;
        }
        self.command("Qqemu.PhyMemMode:0")
    }

    pub(crate) fn control(&mut self, register: Control) -> Result<u64> {
        let digits = self.ask(&format!("p{}", register.number()))?;
        Ok(u64::from_str_radix(&digits, 16).with_context(|| format!("{register:?}: {digits}"))?.swap_bytes())
    }

    pub(crate) fn set_control(&mut self, register: Control, value: u64) -> Result<()> {
        self.command(&format!("P{}={:016x}", register.number(), value.swap_bytes()))?;
        ensure!(self.control(register)? == value, "{register:?} was not changed");
        Ok(())
    }

    fn byte(&mut self, address: u64) -> Result<u8> {
        let text = self.ask(&format!("m{address:x},1"))?;
        u8::from_str_radix(&text, 16).with_context(|| format!("reading {address:#x}: {text}"))
    }

    pub(crate) fn rip(&mut self) -> Result<u64> {
        self.register(RIP)
    }

    /// Reads the processor's time stamp counter: it replaces the next instruction with `rdtsc`, executes it, and restores the original.
    pub(crate) fn time_stamp(&mut self) -> Result<u64> {
        let [rax, rdx, rip] = [self.register(RAX)?, self.register(RDX)?, self.register(RIP)?];
        let instruction = self.ask(&format!("m{rip:x},2"))?;
        self.command(&format!("M{rip:x},2:{RDTSC}"))?;
        let why = self.ask("s")?;
        ensure!(why.starts_with("T05"), "no single step: {why}");
        ensure!(self.rip()? == rip + 2, "the step led to {:#x}", self.rip()?);
        let stamp = self.register(RDX)? << 32 | self.register(RAX)?;
        self.command(&format!("M{rip:x},2:{instruction}"))?;
        for (number, value) in [(RAX, rax), (RDX, rdx), (RIP, rip)] {
            self.command(&format!("P{number:x}={:016x}", value.swap_bytes()))?;
        }
        Ok(stamp)
    }

    /// The third argument of a function that was just called.
    pub(crate) fn rdx(&mut self) -> Result<u64> {
        self.register(RDX)
    }

    /// Reads so many eight-byte words of the current address space.
    pub(crate) fn words(&mut self, address: u64, count: usize) -> Result<Vec<u64>> {
        let text = self.ask(&format!("m{address:x},{:x}", 8 * count))?;
        ensure!(text.len() == 16 * count && text.is_ascii(), "reading {address:#x}: {text}");
        (0..count).map(|word| Ok(u64::from_str_radix(&text[16 * word..16 * word + 16], 16)?.swap_bytes())).collect()
    }

    fn register(&mut self, number: usize) -> Result<u64> {
        let registers = self.ask("g")?;
        let digits = registers.get(16 * number..16 * number + 16).with_context(|| format!("registers: {registers}"))?;
        Ok(u64::from_str_radix(digits, 16)?.swap_bytes())
    }

    fn command(&mut self, command: &str) -> Result<()> {
        let answer = self.ask(command)?;
        ensure!(answer == "OK", "{command}: {answer:?}");
        Ok(())
    }

    fn ask(&mut self, question: &str) -> Result<String> {
        self.send(question)?;
        self.packet()
    }

    fn send(&mut self, content: &str) -> Result<()> {
        write!(self.writer, "${content}#{:02x}", checksum(content.as_bytes()))?;
        match self.read()? {
            b'+' => Ok(()),
            other => bail!("{content}: not acknowledged, but {other:#x}"),
        }
    }

    fn packet(&mut self) -> Result<String> {
        while self.read()? != b'$' {}
        let mut content = vec![];
        loop {
            match self.read()? {
                b'#' => break,
                byte => content.push(byte),
            }
            ensure!(content.len() < LONGEST, "a packet without an end");
        }
        let digits = String::from_utf8(vec![self.read()?, self.read()?])?;
        ensure!(u8::from_str_radix(&digits, 16)? == checksum(&content), "a packet with a wrong checksum");
        self.writer.write_all(b"+")?;
        Ok(String::from_utf8(content)?)
    }

    fn read(&mut self) -> Result<u8> {
        let mut byte = [0];
        self.reader.read_exact(&mut byte).context("QEMU's debugger port")?;
        Ok(byte[0])
    }
}

fn checksum(content: &[u8]) -> u8 {
    content.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_framed_summed_and_acknowledged() {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        let mut gdb = Gdb { reader: BufReader::new(ours.try_clone().expect("cloned")), writer: ours };
        let mut theirs = theirs;
        theirs.write_all(b"+$OK#9a").expect("written");
        gdb.command("z1,1000,1").expect("OK");
        theirs.write_all(b"+$E22#a9").expect("written");
        assert!(gdb.command("z1,1000,1").is_err());
        theirs.write_all(b"+$OK#00").expect("written");
        assert!(gdb.command("z1,1000,1").is_err());
        let mut sent = [0; 14];
        theirs.read_exact(&mut sent).expect("read");
        assert_eq!(String::from_utf8_lossy(&sent), "$z1,1000,1#f5+");
    }
}
