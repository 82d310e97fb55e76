//! A process that crashes the kernel, and `crash`, which finds it in the dump.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::checks::Checks;
use crate::dump::Dump;
use crate::fetch::{Extras, Group, Maker};
use crate::guest::Guest;
use crate::initramfs::Files;
use crate::lab::Lab;

/// Nothing else has this name.
const NAME: &str = "vm-crasher";
const PLACE: &str = "/usr/local/sbin/vm-crasher";
/// On this processor, when who started it knows its number.
const SCRIPT: &str = "#!/bin/sh\ntaskset -p $1 $$\nsleep 2\necho c >/proc/sysrq-trigger\n";
/// The system; the process that panicked, and its stack; the registers of each processor, from the notes.
const QUESTIONS: &str = "sys\nset -p\nbt\nhelp -r";

/// The machine that crashed.
#[derive(Debug)]
pub(in crate::scenarios) struct Crashed<'a> {
    pub(in crate::scenarios) release: &'a str,
    /// How its crash kernel was loaded.
    pub(in crate::scenarios) method: &'a str,
    pub(in crate::scenarios) processors: u32,
    /// Processor 1 was off.
    pub(in crate::scenarios) off: bool,
}

impl Crashed<'_> {
    fn is_off(&self, processor: u32) -> bool {
        self.off && processor == 1
    }

    fn running(&self) -> impl DoubleEndedIterator<Item = u32> {
        (0..self.processors).filter(|processor| !self.is_off(*processor))
    }

    pub(in crate::scenarios) fn last_processor(&self) -> u32 {
        self.running().next_back().unwrap_or(0)
    }
}

/// A process that was known before the crash.
#[derive(Debug)]
pub(in crate::scenarios) struct Crasher {
    pid: u32,
    processor: u32,
}

impl Crasher {
    pub(in crate::scenarios) fn add(files: &mut Files) {
        files.script(PLACE, SCRIPT);
    }

    /// Starts a process that crashes the kernel soon.
    pub(in crate::scenarios) fn start(processor: u32, guest: &mut Guest) -> Result<Self> {
        let started = guest.run(&format!("{PLACE} {:x} >/dev/null 2>&1 & echo $!", 1_u64 << processor))?;
        let pid = started.stdout.trim().parse().with_context(|| format!("{PLACE}: {started:?}"))?;
        Ok(Self { pid, processor })
    }
}

/// `crash`, and the symbols of the kernel that crashed.
#[derive(Debug)]
pub(in crate::scenarios) struct Reader {
    crash: Extras,
    symbols: PathBuf,
}

impl Reader {
    pub(in crate::scenarios) fn new(lab: &Lab<'_>, release: &str, maker: Maker) -> Result<Self> {
        Ok(Self { crash: lab.extras(Group::Crash)?, symbols: lab.symbols(release, maker)? })
    }

    pub(in crate::scenarios) fn opens(
        &self,
        what: &str,
        dump: &Dump,
        crashed: &Crashed<'_>,
        crasher: &Crasher,
        checks: &mut Checks,
    ) -> Result<()> {
        let told = dump.examine(&self.crash, &self.symbols, QUESTIONS)?;
        let field = |name: &str| field(&told, name);
        let system = (field("RELEASE"), field("PANIC"));
        let wanted = (crashed.release, "\"Kernel panic - not syncing: sysrq triggered crash\"");
        checks.equal(&format!("{what}: crash opens it, and names kernel and panic"), &system, &wanted);
        let off = if crashed.off { " [OFFLINE: 1]" } else { "" };
        let processors = format!("{}{off}", crashed.processors);
        checks.equal(&format!("{what}: so many processors"), &field("CPUS"), &processors.as_str());
        let task = (field("COMMAND"), field("PID"), field("CPU"), field("STATE"));
        let [name, pid, processor] = [format!("\"{NAME}\""), crasher.pid.to_string(), crasher.processor.to_string()];
        let wanted = (name.as_str(), pid.as_str(), processor.as_str(), "TASK_RUNNING (PANIC)");
        checks.equal(&format!("{what}: the process that panicked is the one"), &task, &wanted);
        checks.holds(&format!("{what}: its stack leads to the trigger"), leads_to_the_trigger(&told), &told);
        let running: Vec<_> = crashed.running().collect();
        checks.equal(&format!("{what}: each running processor has registers"), &with_registers(&told), &running);
        Ok(())
    }
}

/// Whether these functions called each other. Later releases of 6.12 panic in `vpanic`.
fn leads_to_the_trigger(told: &str) -> bool {
    let places = |panic| {
        let stack = ["__crash_kexec", panic, "sysrq_handle_crash", "write_sysrq_trigger", "ksys_write"];
        stack.map(|function| told.find(&format!("] {function} at ")))
    };
    ["panic", "vpanic"].map(places).iter().any(|places| places.iter().all(Option::is_some) && places.is_sorted())
}

/// The first value of this name.
fn field<'a>(told: &'a str, name: &str) -> &'a str {
    let value = |line: &'a str| line.trim_start().strip_prefix(name)?.strip_prefix(':');
    told.lines().find_map(value).unwrap_or_default().trim()
}

/// The processors that have registers. One that ran a program when another panicked has the address of the program.
fn with_registers(told: &str) -> Vec<u32> {
    let lines: Vec<_> = told.lines().collect();
    let heading = |line: &str| line.strip_prefix("CPU ")?.strip_suffix(':')?.parse().ok();
    let pairs = lines.windows(2).filter_map(|pair| pair.first().zip(pair.get(1)));
    let is_set = |line: &str| {
        let rip = line.trim_start().strip_prefix("RIP: ").and_then(|rest| rest.split(' ').next());
        rip.is_some_and(|rip| u64::from_str_radix(rip, 16).is_ok_and(|rip| rip != 0))
    };
    pairs.filter(|(_, next)| is_set(next)).filter_map(|(line, _)| heading(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_read_by_its_functions() {
        let stack = |names: &[&str]| {
            let lines = names.iter().enumerate().map(|(at, name)| format!(" #{at} [ff5aeeef] {name} at ffffffff\n"));
            lines.collect::<String>()
        };
        let through = |panic| {
            stack(&["__crash_kexec", panic, "sysrq_handle_crash", "write_sysrq_trigger", "vfs_write", "ksys_write"])
        };
        assert!(leads_to_the_trigger(&through("panic")) && leads_to_the_trigger(&through("vpanic")));
        assert!(!leads_to_the_trigger(&through("die")));
        assert!(!leads_to_the_trigger(&stack(&["ksys_write", "write_sysrq_trigger"])));
    }

    #[test]
    fn what_crash_prints_is_read() {
        let told = "        CPUS: 8 [OFFLINE: 1]\n    PID: 153\nPID: 9  TASK: 1\nCPU 0:\n    RIP: ffffffffaea83e2f  RSP: 1\n\n\
                    CPU 1: [OFFLINE]\nCPU 2:\n    RIP: 0000000000000000\nCPU 3:\n    RIP: 00007f0c3a2b1d47  RSP: 1\n";
        assert_eq!((field(told, "CPUS"), field(told, "PID"), field(told, "DATE")), ("8 [OFFLINE: 1]", "153", ""));
        assert_eq!(with_registers(told), [0, 3]);
    }
}
