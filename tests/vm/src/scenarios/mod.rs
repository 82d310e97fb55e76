//! The scenarios: each boots a guest or two and makes many checks in it.

mod damage;
mod distribution;
mod factory;
mod first_stage;
mod generations;
mod kexec_tools;
mod lockdown;
mod oracle;
mod package;
mod payload;
mod permissions;
mod round_trip;
mod secure_boot;
mod segments;
mod swap;

use anyhow::Result;
use vm_protocol::{Boot, Done};

use crate::checks::{Checks, Expect};
use crate::fetch::{Choice, Kernel, Series};
use crate::guest::Guest;
use crate::initramfs::Files;
use crate::lab::{Firmware, Lab, Setup};

use self::segments::{ROWS, Row};

use Series::{V6_1, V6_12};

/// What `skexec load` needs to be told besides the kernel.
const WITH: &str = "--keys /keys/debian --initrd /boot/initrd --reuse-cmdline";
const IS_LOADED: &str = "cat /sys/kernel/kexec_loaded";

/// One story with one pair of kernels.
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

#[derive(Debug, Clone, Copy)]
enum Play {
    Story(fn(&Stage<'_>, &mut Checks) -> Result<()>),
    Segments(&'static Row),
}

/// Kernels of the user's choice, in place of a scenario's own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instead<'a> {
    pub(crate) first: Option<&'a Choice>,
    pub(crate) second: Option<&'a Choice>,
}

/// What a story finds when it begins.
#[derive(Debug)]
struct Stage<'a> {
    lab: &'a Lab,
    name: &'a str,
    first: Kernel,
    second: Kernel,
}

/// Every scenario with every pair of kernels.
pub(crate) fn all() -> Vec<Scenario> {
    let mut all = vec![];
    for (first, second) in [(V6_1, V6_1), (V6_1, V6_12), (V6_12, V6_12), (V6_12, V6_1)] {
        let about = "what skexec refuses, the enforcing kernel refuses too";
        all.push(scenario("secure-boot", about, first, second, first == second, secure_boot::play));
    }
    for kernel in [V6_1, V6_12] {
        let about = "load, status, unload, exec, joined initrds, the record";
        all.push(scenario("round-trip", about, kernel, kernel, kernel == V6_1, round_trip::play));
    }
    for kernel in [V6_1, V6_12] {
        // Only 6.3 and later have the load limit.
        let about = "what the system does not permit is said, not tried";
        all.push(scenario("permissions", about, kernel, kernel, kernel == V6_12, permissions::play));
    }
    for kernel in [V6_1, V6_12] {
        let about = "a locked-down kernel that does not know the signer";
        all.push(scenario("lockdown", about, kernel, kernel, kernel == V6_1, lockdown::play));
    }
    for (first, second) in [(V6_1, V6_1), (V6_1, V6_12), (V6_12, V6_12), (V6_12, V6_1)] {
        let about = "the file is replaced between verification and load";
        all.push(scenario("swap", about, first, second, (first, second) == (V6_1, V6_1), swap::play));
    }
    for kernel in [V6_1, V6_12] {
        let about = "forged files: the kernel's record is true, skexec's verdict and prediction right";
        all.push(scenario("oracle", about, kernel, kernel, kernel == V6_12, oracle::play));
    }
    for kernel in [V6_1, V6_12] {
        // 6.1 is packed by lz4, 6.12 by zstd.
        let about = "the ELF kernel within a bzImage, unpacked and signed";
        all.push(scenario("payload", about, kernel, kernel, kernel == V6_12, payload::play));
    }
    for (first, second) in [(V6_12, V6_1), (V6_1, V6_1), (V6_12, V6_12)] {
        let about = "five kernels boot each other, by both methods in turn";
        all.push(scenario("generations", about, first, second, first != second, generations::play));
    }
    for kernel in [V6_1, V6_12] {
        let about = "a bit of the loaded image is changed: its segment is named, and nothing boots";
        all.push(scenario("damage", about, kernel, kernel, kernel == V6_12, damage::play));
    }
    for kernel in [V6_1, V6_12] {
        let about = "shim, GRUB and Microsoft's keys: the firmware alone says whom to trust";
        all.push(scenario("factory", about, kernel, kernel, kernel == V6_12, factory::play));
    }
    let about = "what dbx revokes, shim does not start";
    all.push(scenario("factory-dbx", about, V6_1, V6_1, false, factory::not_started));
    for kernel in [V6_1, V6_12] {
        let about = "the same inputs to kexec-tools: each difference has its reason";
        all.push(scenario("kexec-tools", about, kernel, kernel, kernel == V6_12, kexec_tools::play));
    }
    for (first, second) in [(V6_1, V6_12), (V6_12, V6_12), (V6_1, V6_1)] {
        let about = "a whole Debian: from dpkg -i to the second kernel's login prompt";
        let representative = (first, second) == (V6_1, V6_12);
        all.push(scenario("distribution", about, first, second, representative, distribution::play));
    }
    // The triggers of a package remake the newest kernel's initramfs.
    let about = "a whole Debian: the package comes, is replaced, and goes";
    all.push(scenario("package", about, V6_12, V6_12, false, package::play));
    for second in [V6_1, V6_12] {
        let about = "an initramfs of initramfs-tools verifies and boots the real system";
        all.push(scenario("first-stage", about, V6_12, second, false, first_stage::initramfs_tools));
        let about = "an initramfs of dracut verifies and boots the real system";
        all.push(scenario("dracut", about, V6_12, second, false, first_stage::dracut));
    }
    for row in &ROWS {
        let about = "a boot by segments, in the second kernel's own words";
        let Row { first, second, representative, .. } = *row;
        all.push(Scenario { name: row.name(), about, representative, first, second, play: Play::Segments(row) });
    }
    all
}

fn scenario(
    kind: &str,
    about: &'static str,
    first: Series,
    second: Series,
    representative: bool,
    play: fn(&Stage<'_>, &mut Checks) -> Result<()>,
) -> Scenario {
    let name = if first == second { format!("{kind}-{first}") } else { format!("{kind}-{first}-to-{second}") };
    Scenario { name, about, representative, first, second, play: Play::Story(play) }
}

impl Scenario {
    pub(crate) fn run(&self, lab: &Lab, instead: Instead<'_>, checks: &mut Checks) -> Result<()> {
        let choose = |choice: Option<&Choice>, series| lab.kernel(choice.unwrap_or(&Choice::Debian(series)));
        let (first, second) = (choose(instead.first, self.first)?, choose(instead.second, self.second)?);
        let stage = Stage { lab, name: &self.name, first, second };
        match self.play {
            Play::Story(play) => play(&stage, checks),
            Play::Segments(row) => segments::play(&stage, row, checks),
        }
    }
}

impl Stage<'_> {
    fn boot(&self, firmware: Firmware, cmdline: &str, files: Files) -> Result<(Guest, Boot)> {
        self.lab.boot(Setup::new(self.name, &self.first, firmware, cmdline, files))
    }

    /// Loads the second kernel by skexec and jumps into it, whose word about itself is then checked.
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

/// Checks the kernel's own word on whether an image is loaded.
fn check_loaded(name: &str, wanted: bool, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let done: Done = guest.run(IS_LOADED)?;
    checks.command(name, &done, &[Expect::Stdout(if wanted { "1" } else { "0" })]);
    Ok(())
}
