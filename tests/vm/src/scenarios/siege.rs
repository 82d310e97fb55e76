//! The siege in a guest: skexec is killed while the real kernel loads, is one of many, has no memory, no /run, no files.

mod faulty;
mod memory;

use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;

use super::{Stage, WITH};
use crate::checks::{Checks, Expect};
use crate::guest::Guest;
use crate::lab::Firmware;

pub(super) use faulty::play as on_a_faulty_disk;
pub(super) use memory::play as in_little_memory;

/// How many kills a short run makes.
pub(crate) const KILLS: u64 = 8;

/// What a run that is not a short one was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) kills: u64,
    pub(crate) seed: u64,
}

static ASKED: OnceLock<Asked> = OnceLock::new();

/// Makes so many kills from now on, with that seed.
pub(crate) fn ask(asked: Asked) {
    let _ = ASKED.set(asked);
}

/// The attacks in guests, for docs/siege.md: what is done, how often, what must hold, what was found by it.
const ATTACKS: [[&str; 4]; 10] = [
    [
        "SIGKILL, SIGTERM and SIGINT: kills at random moments of real loads",
        "KILLS in each guest",
        "`status` knows what the kernel holds, or says that it does not, and then `exec` refuses; nothing is left in /run",
        "",
    ],
    [
        "20 loads at once",
        "1",
        "each is made, or told that the lock is held; the record is that of the kernel's image",
        "",
    ],
    ["loads against unloads", "15", "the record is that of the kernel's image, or there is neither", ""],
    ["/run is full, or cannot be written", "2", "nothing is loaded, and nothing is left", ""],
    ["no /proc, no /sys, hidepid", "3", "a load is made, or refused with a reason", ""],
    ["RLIMIT_AS, NOFILE, FSIZE, STACK", "12", "a load is made, or refused with a reason and an exit code", ""],
    [
        "a disk cannot read the middle of the kernel's or the initrd's file (the device mapper's `error` target, below ext4), at once or after a while, by both methods, with and without an image before it",
        "12",
        "the error names the file, exit code 1; the old image stays, with its record; once the disk is repaired, what it holds is loaded and boots",
        "by `kexec_file_load`, the kernel's file was named for an initrd that could not be read",
    ],
    [
        "machines of 256, 384 and 512 MiB, initrds of 20 to 90 % of the memory, by both methods",
        "36",
        "a load is made, or refused with a reason; nothing runs out of memory",
        "the kernel killed skexec (OOM) at 256 and 384 MiB, where the image fitted and what it is made from did not: refused now as `out-of-memory`",
    ],
    [
        "files are written on ext4, xfs, btrfs and a logical volume, one of them always open, while `exec --force` jumps",
        "2",
        "every file that was synced is whole; the file systems' own checkers find nothing; the next kernel finds them clean, but for a btrfs, which skexec names",
        "a file system with a file open for writing could not be remounted read-only, and its journal had to be replayed: forced now",
    ],
    [
        "odd machines, drawn from the table: processors, NUMA, memory that is limited, reserved, high, persistent or plugged in, command lines of 2016, 2017 and 4095 bytes",
        "2",
        "what does not fit is refused; the next kernel has the command line byte for byte, and everything that the first one saw",
        "",
    ],
];

/// The table of the attacks in guests.
pub(crate) fn table(kills: u64) -> String {
    let row = |[what, rounds, holds, found]: &[&str; 4]| {
        format!("| {what} | {} | {holds} | {found} |\n", rounds.replace("KILLS", &kills.to_string()))
    };
    let head = "| what is done | rounds | what must hold | found |\n| --- | --- | --- | --- |\n";
    [head.to_owned()].into_iter().chain(ATTACKS.iter().map(row)).collect()
}

const LOADED: &str = "$(cat /sys/kernel/kexec_loaded)";

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let (mut guest, _) = stage.boot(Firmware::Bios, "", stage.lab.exhibits(&stage.second)?)?;
    guest.be_patient(Duration::from_secs(1200));
    kills(&mut guest, checks)?;
    crowd(&mut guest, checks)?;
    against_unload(&mut guest, checks)?;
    without_room(&mut guest, checks)?;
    without_proc(&mut guest, checks)?;
    limits(&mut guest, checks)
}

fn load(options: &str) -> String {
    format!("skexec load /boot/vmlinuz {WITH} {options}")
}

fn kills(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs());
    let Asked { kills: rounds, seed } = ASKED.get().copied().unwrap_or_else(|| Asked { kills: KILLS, seed: now() });
    let done = guest.run(&format!("agent siege --rounds {rounds} --seed {seed} '{}'", load("").trim_end()))?;
    let name = format!(
        "{rounds} kills at random moments, seed {seed}: skexec knows what the kernel holds, or says that it does not"
    );
    checks.command(&name, &done, &[Expect::Exit(0)]);
    Ok(())
}

fn crowd(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let one = load("--append crowd=$n");
    let done = guest.run(&format!(
        "cd /tmp; for n in $(seq 20); do ({one} >/dev/null 2>err.$n; echo $? >code.$n) & done; wait; cat code.* | sort | uniq -c; \
         cat code.* | grep -c '^0$' >made; grep -L busy err.* | wc -l | cmp - made && rm -f code.* err.* made"
    ))?;
    let told = "20 loads at once: each is made, or told that the lock is held";
    checks.command(told, &done, &[Expect::Exit(0)]);
    known("20 loads at once: the record is that of the kernel's image", guest, checks)
}

/// An image has a record that the kernel does not contradict; without an image there is none.
fn known(name: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let done = guest.run(&format!(
        "skexec status --json >/tmp/status; case {LOADED} in 1) grep -q '\"standing\": \"\\(proved\\|unproved\\)\"' /tmp/status;; \
         0) ! grep -q '\"standing\": \"' /tmp/status;; esac || {{ cat /tmp/status; exit 1; }}"
    ))?;
    checks.command(name, &done, &[Expect::Exit(0)]);
    Ok(())
}

fn against_unload(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let one = load("--method segments");
    let done = guest.run(&format!(
        "(for n in 1 2 3; do {one}; done) >/dev/null 2>&1 & (for n in $(seq 12); do skexec unload; sleep 0.2; done) >/dev/null 2>&1 & wait"
    ))?;
    checks.command("loads against unloads", &done, &[Expect::Exit(0)]);
    known("loads against unloads: the record is that of the kernel's image", guest, checks)
}

fn without_room(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    guest.run("skexec unload; mount -t tmpfs -o size=4k tmpfs /run/skexec; cat /dev/zero >/run/skexec/fill")?;
    let tried = format!("{}; echo code $? loaded {LOADED}; ls /run/skexec | xargs echo", load(""));
    let full = guest.run(&tried)?;
    let expected =
        [Expect::Stdout("code 1 loaded 0\nfill lock\n"), Expect::Stderr("cannot write the record in /run/skexec")];
    checks.command("/run is full: nothing is loaded, and nothing is left", &full, &expected);
    guest.run("rm /run/skexec/fill; mount -o remount,ro /run/skexec")?;
    let expected = [Expect::Stdout("code 1 loaded 0\n"), Expect::Stderr("/run/skexec")];
    checks.command("/run cannot be written: nothing is loaded", &guest.run(&tried)?, &expected);
    guest.run("umount /run/skexec")?;
    Ok(())
}

fn without_proc(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    for (what, before, after) in [
        ("without /proc", "mount -t tmpfs none /proc", "umount /proc"),
        ("without /sys", "mount -t tmpfs none /sys", "umount /sys"),
        ("with hidepid", "mount -o remount,hidepid=2 /proc", "mount -o remount,hidepid=0 /proc"),
    ] {
        let done = guest.run(&format!(
            "{before}; {} >/tmp/said 2>&1; code=$?; {after}; echo $code {LOADED}; cat /tmp/said",
            load("")
        ))?;
        let fits = ["0 1", "1 0", "4 0", "5 0"].iter().any(|pair| done.stdout.starts_with(pair));
        checks.holds(
            &format!("{what}: a load is made, or refused with a reason"),
            fits && done.stdout.len() > 8,
            &done,
        );
        known(&format!("{what}: the record is that of the kernel's image"), guest, checks)?;
        guest.run("skexec unload")?;
    }
    Ok(())
}

fn limits(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let mut script = String::new();
    let limits = [
        "-v 6000", "-v 12000", "-v 20000", "-v 30000", "-v 45000", "-v 70000", "-n 3", "-n 5", "-n 9", "-f 0",
        "-f 100", "-s 256",
    ];
    for (number, limit) in limits.iter().enumerate() {
        let method = ["file", "segments"][number % 2];
        let one = load(&format!("--method {method}"));
        script += &format!(
            "(ulimit {limit}; exec {one}) >/tmp/said 2>&1; code=$?; case $code:{LOADED} in 0:1|[1-5]:0) ;; \
             *) echo 'ulimit {limit}' $code {LOADED}; cat /tmp/said;; esac; skexec unload >/dev/null; "
        );
    }
    let done = guest.run(&format!("{script} true"))?;
    checks.holds(
        "under each limit a load is made, or refused with a reason and an exit code",
        done.stdout.is_empty(),
        &done,
    );
    Ok(())
}
