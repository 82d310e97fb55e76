//! `cargo xtask bench reboot`: the wall time of a whole restart of Debian, from the command to the login prompt.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::document::Part;
use super::figures::{Table, median};
use super::{Bench, Run, counted};
use crate::fetch::{Group, Maker, Series};
use crate::guest::Guest;
use crate::hardware::Hardware;
use crate::initramfs::Files;
use crate::root::{Disks, PATIENCE, Start, root_words};

const NAME: &str = "bench-reboot";
const ROUNDS: usize = 3;

/// A way to restart, the last line of the old system, and the commands; `$R` is the kernel's release.
struct Restart {
    name: &'static str,
    last_line: &'static str,
    command: &'static str,
}

const RESTARTS: [Restart; 3] = [
    Restart {
        name: "`skexec load` and `skexec exec`",
        last_line: "Starting new kernel",
        command: "skexec load /boot/vmlinuz-$R --initrd /boot/initrd.img-$R --reuse-cmdline && skexec exec",
    },
    Restart {
        name: "`kexec -l` and `systemctl kexec`",
        last_line: "Starting new kernel",
        command: "kexec -l /boot/vmlinuz-$R --initrd=/boot/initrd.img-$R --reuse-cmdline && systemctl kexec",
    },
    Restart {
        name: "`systemctl reboot`, QEMU's BIOS, no boot loader",
        last_line: "reboot: Restarting system",
        command: "systemctl reboot",
    },
];

/// Milliseconds from the command to the old system's last line, to the new kernel's first, and to the prompt.
type Times = [u64; 3];

pub(super) fn run(run: &Run<'_>) -> Result<Part> {
    let lab = run.lab()?;
    let root = lab.root(Maker::InitramfsTools)?;
    let release = root.release(Series::V6_12)?;
    let mut files = Files::default();
    files.copy("/root/skexec.deb", &lab.package()?)?;
    let tools = lab.extras(Group::KexecTools)?;
    files.program("/usr/sbin/kexec", &tools.path("sbin/kexec"))?;
    // The root has the C library, and nothing of Xen.
    for library in tools.shared_libraries()? {
        let name = library.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("libxen") {
            files.copy(&format!("/usr/lib/x86_64-linux-gnu/{name}"), &library)?;
        }
    }
    let disks = Disks::shared(&lab, NAME, &root, files)?;
    let cmdline = format!("console=ttyS0 {}", root_words());
    let hardware = Hardware { resets: true, ..Hardware::default() };
    let (kernel, initrd) = (root.kernel(&release), root.initrd(&release));
    let start = Start { kernel: &kernel, initrd: &initrd, cmdline: &cmdline, snapshot: true, hardware };
    let (mut guest, _) = disks.boot(&lab, NAME, &start)?;
    guest.await_console("login:", 0, PATIENCE)?;
    // Without an initramfs of its own, the package installs faster. Its file /etc/default/skexec stays as it was written here: dpkg
    // would ask, and nobody answers.
    counted::good(
        &mut guest,
        "mkdir -p /etc/default && echo INITRAMFS=no > /etc/default/skexec && dpkg --force-confold --no-triggers -i /root/skexec.deb",
    )?;
    let (rounds, kinds) = if run.effort.quick { (1, 1) } else { (ROUNDS, RESTARTS.len()) };
    let mut times = vec![vec![]; kinds];
    for _ in 0..rounds {
        for (restart, times) in RESTARTS.iter().zip(&mut times) {
            let one = restart.time(&mut guest, &release)?;
            run.report.line(Duration::from_millis(one[2]), format_args!("{}: {one:?} ms", restart.name));
            times.push(one);
        }
    }
    let with = vec![run.machine()?, super::version(lab.tools.qemu().arg("--version"))?, format!("Linux {release}")];
    Ok(run.part(Bench::Reboot, with, text(&times), vec![]))
}

impl Restart {
    fn time(&self, guest: &mut Guest, release: &str) -> Result<Times> {
        counted::good(guest, "systemctl is-system-running --wait")?;
        let (before, start) = (guest.console_size(), Instant::now());
        guest.ask(&format!("R={release}; {}", self.command))?;
        let mut times = vec![];
        for line in [self.last_line, "Linux version", "login:"] {
            guest.await_console(line, before, PATIENCE)?;
            times.push(u64::try_from(start.elapsed().as_millis())?);
        }
        let boot = guest.await_boot(PATIENCE, self.name)?;
        ensure!(boot.by_kexec() == (self.last_line == "Starting new kernel"), "{}: {boot:?}", self.name);
        let times: Result<Times, _> = times.try_into();
        times.map_err(|times| anyhow::anyhow!("{times:?}"))
    }
}

fn text(times: &[Vec<Times>]) -> String {
    let mut table =
        Table::new(&["", "to the old system's last line", "to the new kernel's first line", "to the prompt"]);
    for (restart, times) in RESTARTS.iter().zip(times) {
        let middle = |place: fn(&Times) -> u64| format!("{:.1} s", median_seconds(times.iter().map(place).collect()));
        let cells = [middle(|time| time[0]), middle(|time| time[1]), middle(|time| time[2])];
        table.row([restart.name.to_owned()].into_iter().chain(cells).collect());
    }
    format!(
        "{table}\nMedians of {} restarts of each kind, in turns, in one guest. QEMU's BIOS and `-kernel` need less than a second; a \
         real firmware needs between ten seconds and some minutes, and a boot loader waits.\n",
        times.first().map_or(0, Vec::len)
    )
}

#[allow(clippy::as_conversions, clippy::cast_precision_loss, reason = "milliseconds become seconds with one digit")]
fn median_seconds(millis: Vec<u64>) -> f64 {
    median(millis) as f64 / 1000.0
}
