//! skexec is killed at random moments of loads that the running kernel makes.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use forge::random::Random;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

const LIMIT: &str = "/proc/sys/kernel/kexec_load_limit_reboot";
const BEGUN: &str = "/run/skexec/loaded.json.begun";
const WAYS: [&str; 4] = [
    "--method file",
    "--method segments --layout vmlinux",
    "--method segments --layout elided",
    "--method segments --layout classic",
];
const SIGNALS: [Signal; 3] = [Signal::SIGKILL, Signal::SIGTERM, Signal::SIGINT];

/// Kills at random moments.
#[derive(Debug, Args)]
pub(crate) struct Siege {
    #[arg(long)]
    rounds: u64,
    #[arg(long)]
    seed: u64,
    /// The command that loads, to which the method and a mark in the command line are added
    load: String,
}

impl Siege {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let mut random = Random(self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).max(1));
        let start = Instant::now();
        quiet(&self.command("old", WAYS[0], ""))?;
        let longest = start.elapsed();
        for round in 0..self.rounds {
            // From the middle on, the kernel counts: what began to count cannot be stopped.
            let count = if round < self.rounds / 2 { "" } else { "--count-loads" };
            let told = self.round(count, longest, &mut random).with_context(|| format!("round {round}"))?;
            eprintln!("{round}: {told}");
        }
        println!("{} kills", self.rounds);
        Ok(ExitCode::SUCCESS)
    }

    fn command(&self, name: &str, way: &str, options: &str) -> String {
        format!("exec {} --append siege={name} {way} {options}", self.load)
    }

    fn round(&self, count: &str, longest: Duration, random: &mut Random) -> Result<String> {
        let before = random.below(2) == 0;
        let way = WAYS[usize::try_from(random.below(4))?];
        let signal = SIGNALS[usize::try_from(random.below(3))?];
        quiet("skexec unload")?;
        if before {
            quiet(&self.command("old", WAYS[0], count))?;
        }
        let left = text(LIMIT);
        let mut child = shell(&self.command("new", way, count)).spawn()?;
        let at = moment(&mut child, longest, random)?;
        // It may have ended.
        let _ = kill(Pid::from_raw(i32::try_from(child.id())?), signal);
        let status = child.wait()?;
        // Gone where the record got its name: then it is true, whatever ended the program.
        let begun = Path::new(BEGUN).exists();
        let told = format!("{signal} {at}, {way}, before: {before}, {count}: {status}");
        let loaded = text("/sys/kernel/kexec_loaded") == "1";
        let json = shell("skexec status --json").stdout(Stdio::piped()).output()?;
        let json: Value = serde_json::from_slice(&json.stdout).context("status --json")?;
        let slot = json.get("reboot").cloned().unwrap_or_default();
        let known = slot.pointer("/record/cmdline").and_then(Value::as_str);
        let known = known.and_then(|line| line.split(' ').find_map(|word| word.strip_prefix("siege=")));
        let problem = slot.get("problem").and_then(Value::as_str).unwrap_or_default();
        let moved = left != text(LIMIT);
        let holds = match known {
            _ if status.success() => known == Some("new"),
            _ if !loaded => known.is_none() && !before,
            Some("new") => !begun || !before || moved,
            Some("old") => before && (count.is_empty() || !moved),
            _ => before && signal == Signal::SIGKILL && problem.contains("nothing shows whether the kernel holds"),
        };
        ensure!(holds, "{told}: loaded: {loaded}, known: {known:?}, moved: {moved}; {slot}");
        if known.is_none() && loaded {
            ensure!(!shell("skexec exec --force").status()?.success(), "{told}: exec boots what nobody vouches for");
        }
        quiet("skexec unload")?;
        let left: Vec<_> = fs::read_dir("/run/skexec")?.flatten().map(|entry| entry.file_name()).collect();
        ensure!(left.iter().all(|name| name == "lock"), "{told}: left in /run/skexec: {left:?}");
        Ok(format!("{told}; loaded: {loaded}, {known:?}"))
    }
}

/// Waits for a moment: any of the load, or one after its record was begun, when the kernel is called.
fn moment(child: &mut Child, longest: Duration, random: &mut Random) -> Result<String> {
    let micros = u64::try_from(longest.as_micros())?.max(1);
    if random.below(2) == 0 {
        let after = Duration::from_micros(random.below(micros));
        sleep(after);
        return Ok(format!("after {} ms", after.as_millis()));
    }
    while !Path::new(BEGUN).exists() && child.try_wait()?.is_none() {
        std::hint::spin_loop();
    }
    let after = Duration::from_micros(random.below(micros / 4 + 1));
    sleep(after);
    Ok(format!("{} ms after its record was begun", after.as_millis()))
}

fn text(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

fn shell(line: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", line]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn quiet(line: &str) -> Result<()> {
    let output = shell(line).stderr(Stdio::piped()).output()?;
    if !output.status.success() {
        bail!("{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
