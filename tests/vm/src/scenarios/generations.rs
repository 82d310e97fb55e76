//! Kernels that boot each other, by both methods and all layouts in turn: the firmware's data must reach the last of them.

use anyhow::{Context, Result};
use vm_protocol::facts::{E820, Facts, SETUP_MARK};

use super::Stage;
use super::chain::{self, NEXT};
use super::segments::words;
use crate::checks::{Checks, Expect};
use crate::guest::Guest;
use crate::initramfs::Files;
use crate::lab::{Firmware, Setup};
use crate::report::Colour;

/// The method by which each kernel loads the next.
const METHODS: [&str; 5] =
    ["segments --layout vmlinux", "file", "segments --layout elided", "file", "segments --layout classic"];
/// The two kernels, each after the other.
const KERNELS: [&str; 2] = ["/boot/vmlinuz.second", "/boot/vmlinuz.first"];

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let mut files = Files::default();
    for (path, kernel) in KERNELS.into_iter().zip([&stage.second, &stage.first]) {
        files.copy(path, &kernel.image)?;
    }
    stage.lab.add_keys(&mut files)?;
    let setup = Setup::new(stage.name, &stage.first, Firmware::Uefi, "retain_initrd", files);
    let (mut guest, _) = stage.lab.boot(Setup { second: Some(&stage.second), ..setup })?;
    chain::begin(&mut guest)?;

    let mut generations = vec![guest.facts()?];
    let releases = [&stage.second.release, &stage.first.release];
    for (index, method) in METHODS.into_iter().enumerate() {
        stage.lab.report.detail(Colour::Plain, &format!("generation {} by {method}", index + 1));
        let initrd = hand_over(method, KERNELS[index % 2], &mut guest, checks)?;
        let boot = guest.jump("skexec exec --force")?;
        checks.equal("it is the kernel that was loaded", &&boot.release, &releases[index % 2]);
        let facts = guest.facts()?;
        let found = facts.initrd.as_ref().map(|initrd| initrd.sha256.clone());
        checks.equal("its initrd is what the one before made", &found, &Some(initrd));
        words::same_machine(&generations[0], &facts, checks);
        words::setup_data(&facts, checks);
        let marks = facts.setup_data.iter().filter(|entry| entry.kind == SETUP_MARK).count();
        checks.equal("only segments carry skexec's mark", &marks, &usize::from(method.starts_with("segments")));
        checks.equal("nothing else is handed over", &facts.setup_data.len(), &(2 + marks));
        generations.push(facts);
    }
    nothing_grows(&generations, checks)
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

/// From the first kernel that kexec booted on, each generation has the same facts as the one two generations before, which had the same
/// kernel and method, in whatever layout.
fn nothing_grows(generations: &[Facts], checks: &mut Checks) -> Result<()> {
    let handed = generations.get(1..).context("no generation")?;
    for (early, late) in handed.iter().zip(handed.iter().skip(2)) {
        checks.equal("the memory map neither grows nor shrinks", &joined(&late.e820), &joined(&early.e820));
        checks.equal("nor does the command line", &late.cmdline, &early.cmdline);
    }
    Ok(())
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
