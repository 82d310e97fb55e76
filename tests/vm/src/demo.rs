//! `cargo xtask demo`: one guest, shown step by step.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use vm_protocol::{Boot, Done};

use crate::Demo;
use crate::cache::Cache;
use crate::checks::json_at;
use crate::guest::Guest;
use crate::initramfs::BASE;
use crate::lab::{Firmware, Lab, Setup};
use crate::report::{Colour, Report};

const KEYS: &str = "--keys /keys/debian";

/// An invalid copy of the kernel: the change, skexec's reason, and the kernel's errno.
const BAD: [(&str, &str, &str, &str); 3] = [
    ("one bit flipped", "/boot/vmlinuz.flipped", "digest-mismatch", "EKEYREJECTED"),
    ("its signature removed", "/boot/vmlinuz.unsigned", "unsigned", "ENODATA"),
    ("signed by an unknown signer", "/boot/vmlinuz.stranger", "unknown-signer", "ENOKEY"),
];

pub(crate) fn run(cache: &Cache, options: &Demo) -> Result<()> {
    let start = Instant::now();
    let report = Report::new();
    report.heading("Preparing");
    let lab = Lab::open(cache, options.emulation.accel)?;
    let pair = options.kernels.pair(&lab)?;
    let mut files = lab.exhibits(&pair.second)?;
    let initrds = Lab::initrd_options(&mut files, options.initrd.as_deref())?;

    report.heading("A kernel that UEFI Secure Boot verified and locked down");
    let setup = Setup::new("demo", &pair.first, Firmware::SecureBoot, "", files);
    let booting = Instant::now();
    let (guest, first) = lab.boot(setup)?;
    introduce(report, booting.elapsed(), &first);
    ensure!(first.lockdown == "integrity", "the first kernel is not locked down: {:?}", first.lockdown);
    let mut story = Story { report, guest };
    story.tell("skexec status", 0)?;

    report.heading("The kernel that Debian signed");
    story.tell(&format!("skexec verify {KEYS} /boot/vmlinuz"), 0)?;

    for (done_to_it, file, reason, errno) in BAD {
        report.heading(format_args!("The same kernel, {done_to_it}"));
        story.refused(file, reason, errno)?;
    }

    report.heading("Loading and booting the good one");
    story
        .tell(&format!("skexec load {KEYS} /boot/vmlinuz {initrds} --reuse-cmdline --append skexec.demo=second"), 0)?;
    let second = story.jump("skexec exec --force")?;
    ensure!(second.by_kexec(), "the second kernel was not booted by kexec: loader type {:#x}", second.bootloader_type);
    ensure!(second.release == pair.second.release, "{} was loaded, but {} booted", pair.second.release, second.release);
    ensure!(second.cmdline.contains("skexec.demo=second"), "it has another command line: {}", second.cmdline);

    let told = format!("A signed kernel, verified and booted, in {:.0} s.", start.elapsed().as_secs_f64());
    report.heading(report.paint(Colour::Green, told));
    Ok(())
}

struct Story {
    report: Report,
    guest: Guest,
}

impl Story {
    /// Shows a command and all its output.
    fn tell(&mut self, command: &str, exit: i32) -> Result<Done> {
        self.prompt(command);
        let done = self.guest.run(command)?;
        self.report.detail(Colour::Plain, &format!("{}{}", done.stdout, done.stderr));
        let code = done.exit.with_context(|| format!("`{command}` was ended by a signal"))?;
        self.report.line(Duration::from_millis(done.millis), format_args!("exit code {code}"));
        ensure!(code == exit, "`{command}` must end with exit code {exit}");
        Ok(done)
    }

    fn refused(&mut self, file: &str, reason: &str, errno: &str) -> Result<()> {
        self.tell(&format!("skexec verify {KEYS} {file}"), 3)?;
        let json = self.guest.run(&format!("skexec verify --json {KEYS} {file}"))?;
        let given = json_at(&json.stdout, "/0/reason").unwrap_or_default();
        ensure!(given == reason, "skexec's reason is {given:?}, not {reason:?}");
        let kernel = self.guest.run(&format!("agent file-load {file} --initrd {BASE}"))?;
        let name = json_at(&kernel.stdout, "/name").unwrap_or_default();
        let took = Duration::from_millis(kernel.millis);
        self.report.line(took, format_args!("the kernel's own answer, without skexec: {name}"));
        ensure!(name == errno, "the kernel must answer {errno}");
        Ok(())
    }

    fn jump(&mut self, command: &str) -> Result<Boot> {
        self.prompt(command);
        let jumping = Instant::now();
        let boot = self.guest.jump(command)?;
        introduce(self.report, jumping.elapsed(), &boot);
        Ok(boot)
    }

    fn prompt(&self, command: &str) {
        println!("        {}", self.report.paint(Colour::Cyan, format_args!("# {command}")));
    }
}

/// The report of a kernel about itself.
fn introduce(report: Report, took: Duration, boot: &Boot) {
    let how = if boot.by_kexec() { "by kexec" } else { "by the firmware" };
    report.line(took, format_args!("{} is up and reports:", report.paint(Colour::Bold, &boot.release)));
    report.detail(Colour::Plain, &boot.version);
    report.detail(Colour::Plain, &format!("command line: {}", boot.cmdline));
    report.detail(Colour::Plain, &format!("lockdown: {}", boot.lockdown));
    report.detail(Colour::Plain, &format!("booted {how} (loader type {:#x})", boot.bootloader_type));
}
