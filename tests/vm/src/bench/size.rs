//! `cargo xtask bench size`: the size of the program, what an initramfs gets, and the time of a start.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use super::document::Part;
use super::figures::{Aim, Table, ratio};
use super::{Bench, Run, counted, verify, version};
use crate::fetch::{Maker, Series};
use crate::hardware::Hardware;
use crate::initramfs::Files;
use crate::root::{Disks, Start, root_words};
use crate::size::{AIM, programs};

const NAME: &str = "bench-size";
/// The line that the hook prints.
const HOOK: &str = "skexec: adds ";
/// The time of a start, in microseconds.
const START: u64 = 2000;

pub(super) fn run(run: &Run<'_>) -> Result<Part> {
    let (mut table, mut aims) = (Table::new(&["linked", "bytes"]), vec![]);
    for (linked, bytes) in programs(run.cache, run.report)? {
        table.row(vec![linked.how.to_owned(), bytes.to_string()]);
        if linked.limited {
            aims.push(Aim::at_most(format!("{}: of {AIM} bytes", linked.how), ratio(bytes, AIM), 1.0));
        }
    }
    let skexec = verify::built(run)?;
    let tiny = run.cache.path("run/bench.tiny");
    fs::write(&tiny, "MZ")?;
    let mut verify = Command::new(&skexec);
    verify.arg("verify").arg(&tiny);
    let start = verify::cost(&verify, run.effort.runs)?;
    aims.push(Aim::at_most(
        format!("`skexec verify` of a file of two bytes: {start} µs, of {START}"),
        ratio(start, START),
        1.0,
    ));
    let mut text = table.to_string();
    if !run.effort.quick {
        text += &format!("\nDebian's initramfs-tools: {}.\n", hook(run)?);
    }
    let with = vec![run.machine()?, version(Command::new(&skexec).arg("--version"))?];
    Ok(run.part(Bench::Size, with, text, aims))
}

/// What the package's hook says when it is installed on Debian.
fn hook(run: &Run<'_>) -> Result<String> {
    let lab = run.lab()?;
    let root = lab.root(Maker::InitramfsTools)?;
    let release = root.release(Series::V6_12)?;
    let mut files = Files::default();
    files.copy("/root/skexec.deb", &lab.package()?)?;
    let disks = Disks::shared(&lab, NAME, &root, files)?;
    let (kernel, initrd, cmdline) =
        (root.kernel(&release), root.initrd(&release), format!("console=ttyS0 {}", root_words()));
    let hardware = Hardware::default();
    let start = Start { kernel: &kernel, initrd: &initrd, cmdline: &cmdline, snapshot: true, hardware };
    let (mut guest, _) = disks.boot(&lab, NAME, &start)?;
    let size = |guest: &mut _| {
        Ok::<_, anyhow::Error>(counted::good(guest, &format!("wc -c < /boot/initrd.img-{release}"))?.stdout)
    };
    let before = size(&mut guest)?;
    let done = counted::good(&mut guest, "dpkg -i /root/skexec.deb 2>&1")?;
    let after = size(&mut guest)?;
    let said = done.stdout.lines().find_map(|line| line.split_once(HOOK)).context("the hook printed no size")?.1;
    Ok(format!("the hook adds {said}; the file had {} bytes and now has {}", before.trim(), after.trim()))
}
