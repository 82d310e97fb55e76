//! The scenarios: each boots a guest or two and makes many checks in it.

mod boot_params;
mod causes;
mod chain;
mod coverage;
mod crash;
mod damage;
mod dirty;
mod distribution;
mod dump;
mod factory;
mod firmware;
mod first_stage;
mod generations;
mod guard;
mod held;
mod injection;
mod kaslr;
mod kexec_callers;
mod kexec_tools;
mod layout;
mod layout_falls_back;
mod layouts;
mod list;
mod lockdown;
mod luks;
mod messages;
mod next_boot;
mod odd;
mod oracle;
mod owner;
mod package;
mod page_tables;
#[cfg(test)]
mod pairs;
mod payload;
mod permissions;
mod plugs;
mod reboot;
mod rollback;
mod round_trip;
mod rpm;
mod secure_boot;
mod segments;
pub(crate) mod siege;
mod storage;
mod swap;
mod tpm;
mod uki;
mod watchdog;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use vm_protocol::{Boot, Done};

use crate::checks::{Checks, Expect};
use crate::fetch::{Choice, Group, Kernel, Series};
use crate::guest::Guest;
use crate::initramfs::Files;
use crate::lab::{Firmware, Lab, Setup};
use crate::ukify::Ukify;

pub(crate) use self::list::all;
use self::segments::Row;

/// The options that `skexec load` requires besides the kernel.
const WITH: &str = "--keys /keys/debian --initrd /boot/initrd --reuse-cmdline";
const IS_LOADED: &str = "cat /sys/kernel/kexec_loaded";

/// One scenario with one pair of kernels.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) about: &'static str,
    /// Run even without `--all`.
    pub(crate) representative: bool,
    first: Series,
    second: Series,
    play: Play,
}

/// The steps and checks.
type Story = fn(&Stage<'_>, &mut Checks) -> Result<()>;

#[derive(Debug, Clone, Copy)]
enum Play {
    Story(Story),
    Segments(&'static Row),
    Dump(&'static dump::Row),
    Odd(&'static odd::Row),
}

/// Kernels that the user chose, in place of the scenario's own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instead<'a> {
    pub(crate) first: Option<&'a Choice>,
    pub(crate) second: Option<&'a Choice>,
}

/// The environment of a scenario.
#[derive(Debug)]
struct Stage<'a> {
    lab: &'a Lab<'a>,
    name: &'a str,
    first: Kernel,
    second: Kernel,
    /// The scenario's own kernels, which the user's may replace.
    series: (Series, Series),
}

impl Scenario {
    pub(crate) fn run(&self, lab: &Lab, instead: Instead<'_>, checks: &mut Checks) -> Result<()> {
        let choose = |choice: Option<&Choice>, series| lab.kernel(choice.unwrap_or(&Choice::Debian(series)));
        let (first, second) = (choose(instead.first, self.first)?, choose(instead.second, self.second)?);
        let stage = Stage { lab, name: &self.name, first, second, series: (self.first, self.second) };
        match self.play {
            Play::Story(play) => play(&stage, checks),
            Play::Segments(row) => segments::play(&stage, row, checks),
            Play::Dump(row) => dump::play(&stage, row, checks),
            Play::Odd(row) => odd::play(&stage, row, checks),
        }
    }
}

impl Stage<'_> {
    fn boot(&self, firmware: Firmware, cmdline: &str, files: Files) -> Result<(Guest, Boot)> {
        self.lab.boot(Setup::new(self.name, &self.first, firmware, cmdline, files))
    }

    /// The path of a file of this scenario.
    fn path(&self, name: &str) -> PathBuf {
        self.lab.scratch(&format!("{}.{name}", self.name))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.path(name);
        fs::write(&path, bytes).with_context(|| path.display().to_string())?;
        Ok(path)
    }

    /// `ukify`, for images that the owner signs.
    fn ukify(&self) -> Result<Ukify<'_>> {
        let extras = self.lab.extras(Group::Ukify)?;
        Ok(Ukify { extras, tools: &self.lab.tools, signer: self.lab.owner() })
    }

    /// Loads the second kernel by skexec, jumps into it, and checks its report about itself.
    fn load_and_jump(&self, guest: &mut Guest, checks: &mut Checks) -> Result<Boot> {
        let load = guest.run(&format!("skexec load /boot/vmlinuz {WITH} --append vm.test={}", self.name))?;
        checks.command("the good kernel is loaded", &load, &[Expect::Exit(0)]);
        let boot = guest.jump("skexec exec --force")?;
        checks.equal("the second kernel is the one that was loaded", &boot.release, &self.second.release);
        checks.holds("it was booted by kexec", boot.by_kexec(), &boot);
        let mark = format!("vm.test={}", self.name);
        checks.holds("it has the command line that was asked for", boot.cmdline.contains(&mark), &boot);
        Ok(boot)
    }
}

/// Checks whether an image is loaded, according to the kernel.
fn check_loaded(name: &str, wanted: bool, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let done: Done = guest.run(IS_LOADED)?;
    checks.command(name, &done, &[Expect::Stdout(if wanted { "1" } else { "0" })]);
    Ok(())
}
