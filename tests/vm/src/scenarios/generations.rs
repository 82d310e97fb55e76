//! Kernels that boot each other, by both methods and all layouts in turn: the firmware's data must reach the last of them.

mod cold;

use anyhow::{Context, Result};
use vm_protocol::facts::{E820, Facts, SETUP_MARK};

use self::cold::Cold;
use super::Stage;
use super::chain::{self, NEXT};
use super::segments::words;
use crate::checks::{Checks, Expect};
use crate::fetch::Kernel;
use crate::guest::Guest;
use crate::hardware::Hardware;
use crate::initramfs::Files;
use crate::lab::{Firmware, Setup};
use crate::report::Colour;

/// The two kernels.
const KERNELS: [&str; 2] = ["/boot/vmlinuz.second", "/boot/vmlinuz.first"];

/// One generation: which of [`KERNELS`] it is, and by which method the one before loads it.
type Step = (usize, &'static str);

/// Each kernel after the other.
const FIVE: [Step; 5] = [
    (0, "segments --layout vmlinux"),
    (1, "file"),
    (0, "segments --layout elided"),
    (1, "file"),
    (0, "segments --layout classic"),
];
/// Each kernel by both methods, and each by each layout.
const TWENTY: [Step; 20] = {
    let layouts = ["segments --layout vmlinux", "segments --layout elided", "segments --layout classic"];
    let mut steps = [(0, "file"); 20];
    let mut at = 0;
    while at < steps.len() {
        steps[at] = (at / 2 % 2, if at % 2 == 0 { layouts[at / 2 % 3] } else { "file" });
        at += 1;
    }
    steps
};

/// How many generations on what machine.
struct Line<'a> {
    firmware: Firmware,
    /// In MiB; the default depends on the files.
    memory: Option<u64>,
    steps: &'a [Step],
    /// After so many steps, the kernel and the method are the same again.
    period: usize,
    /// Compared with cold boots of both kernels.
    cold: bool,
}

const TWENTIES: Line<'static> = Line { firmware: Firmware::Bios, memory: None, steps: &TWENTY, period: 4, cold: true };

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let five = Line { firmware: Firmware::Uefi, memory: None, steps: &FIVE, period: 2, cold: false };
    five.play(stage, checks)
}

pub(super) fn twenty_small_bios(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    Line { memory: Some(512), ..TWENTIES }.play(stage, checks)
}

pub(super) fn twenty_small_uefi(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    Line { memory: Some(512), firmware: Firmware::Uefi, ..TWENTIES }.play(stage, checks)
}

pub(super) fn twenty_large_bios(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    Line { memory: Some(6144), ..TWENTIES }.play(stage, checks)
}

pub(super) fn twenty_large_uefi(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    Line { memory: Some(6144), firmware: Firmware::Uefi, ..TWENTIES }.play(stage, checks)
}

impl Line<'_> {
    fn play(&self, stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
        // The second kernel as the firmware starts it; the first one's own boot is the other cold one.
        let second = if self.cold { Some(Cold::of(&mut self.boot(&stage.second, stage)?)?) } else { None };
        let mut guest = self.boot(&stage.first, stage)?;
        let first = if self.cold { Some(Cold::of(&mut guest)?) } else { None };
        chain::begin(&mut guest)?;
        let mut generations = vec![guest.facts()?];
        let releases = [&stage.second.release, &stage.first.release];
        for (index, &(kernel, method)) in self.steps.iter().enumerate() {
            stage.lab.report.detail(Colour::Plain, &format!("generation {} by {method}", index + 1));
            let initrd = hand_over(method, KERNELS[kernel], &mut guest, checks)?;
            let boot = guest.jump("skexec exec --force")?;
            checks.equal("it is the kernel that was loaded", &&boot.release, &releases[kernel]);
            let facts = guest.facts()?;
            let found = facts.initrd.as_ref().map(|initrd| initrd.sha256.clone());
            checks.equal("its initrd is what the one before made", &found, &Some(initrd));
            words::same_machine(&generations[0], &facts, 0, checks);
            words::setup_data(&facts, checks);
            let marks = facts.setup_data.iter().filter(|entry| entry.kind == SETUP_MARK).count();
            checks.equal("only segments carry skexec's mark", &marks, &usize::from(method.starts_with("segments")));
            let passed_on = usize::from(facts.efi.is_some()) + 1 + marks;
            checks.equal("nothing else is handed over", &facts.setup_data.len(), &passed_on);
            if let (Some(first), Some(second)) = (&first, &second) {
                Cold::of(&mut guest)?.is_like(first, [second, first][kernel], checks);
            }
            generations.push(facts);
        }
        self.nothing_grows(&generations, checks)
    }

    fn boot(&self, kernel: &Kernel, stage: &Stage<'_>) -> Result<Guest> {
        let mut files = Files::default();
        for (path, kernel) in KERNELS.into_iter().zip([&stage.second, &stage.first]) {
            files.copy(path, &kernel.image)?;
        }
        stage.lab.add_keys(&mut files)?;
        let hardware = Hardware { memory: self.memory, ..Hardware::default() };
        let other = if kernel.release == stage.first.release { &stage.second } else { &stage.first };
        let setup = Setup::new(stage.name, kernel, self.firmware, "retain_initrd", files);
        let (guest, _) = stage.lab.boot(Setup { hardware, second: Some(other), ..setup })?;
        Ok(guest)
    }

    /// From the first kernel that kexec booted on, each generation has the same facts as the one a period before, which had the same
    /// kernel and method, in whatever layout.
    fn nothing_grows(&self, generations: &[Facts], checks: &mut Checks) -> Result<()> {
        let handed = generations.get(1..).context("no generation")?;
        for (early, late) in handed.iter().zip(handed.iter().skip(self.period)) {
            checks.equal("the memory map neither grows nor shrinks", &joined(&late.e820), &joined(&early.e820));
            checks.equal("nor does the command line", &late.cmdline, &early.cmdline);
        }
        Ok(())
    }
}

/// Loads the next generation with an initrd made of this generation's files; returns the initrd's SHA-256.
fn hand_over(method: &str, kernel: &str, guest: &mut Guest, checks: &mut Checks) -> Result<String> {
    let digest = chain::pack(guest, checks)?;
    let load = guest.run(&format!(
        "skexec load --json --method {method} {kernel} --keys /keys/debian --initrd {NEXT} --reuse-cmdline"
    ))?;
    let expected = [Expect::Exit(0), Expect::Json("/loaded", "true")];
    checks.command("the next generation is loaded", &load, &expected);
    Ok(digest)
}

/// The map without borders between ranges of one kind: the kernel's own loader passes on where the setup_data of the kernel before lay,
/// as a range of RAM.
fn joined(map: &[E820]) -> Vec<E820> {
    let mut joined: Vec<E820> = vec![];
    for range in map {
        match joined.last_mut() {
            Some(last) if last.kind == range.kind && last.end + 1 == range.start => last.end = range.end,
            _ => joined.push(range.clone()),
        }
    }
    joined
}
