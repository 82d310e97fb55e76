//! A whole Debian whose kernel panics, unattended: kdump-tools, with skexec as the system's kexec, takes the dump to the disk and
//! reboots. The next boot finds it, and `crash` opens it.

use std::time::Duration;

use anyhow::Result;

use super::debian::{add_packages, compressed_fast, done, maker};
use crate::checks::{Checks, Expect};
use crate::dump::Dump;
use crate::guest::Guest;
use crate::hardware::Hardware;
use crate::initramfs::Files;
use crate::root::{Disks, Own};
use crate::scenarios::Stage;
use crate::scenarios::distribution::release;
use crate::scenarios::dump::{Crashed, Crasher, Reader};

const PACKAGES: [&str; 2] = ["kdump-tools", "makedumpfile"];
/// All that was downloaded; skexec-kexec stands for kexec-tools.
const INSTALLATION: &str =
    "dpkg -i /root/skexec.deb /root/skexec-kexec.deb $(ls /root/packages/*.deb | grep -v /kexec-tools_)";
/// kdump-tools has its initramfs made.
const INSTALLING: Duration = Duration::from_secs(900);
/// A boot of the crash kernel, the dump, and the next boot.
const DUMPING: Duration = Duration::from_secs(900);
const MARK: &str = "a mark before the crash";
/// kdump-tools of bookworm has it written in the flattened format, which makedumpfile must put in order first.
const READ: &str = "rm -f /root/said /root/ordered; makedumpfile --dump-dmesg $D /root/said || \
                    { makedumpfile -R /root/ordered < $D && makedumpfile --dump-dmesg /root/ordered /root/said; }";
const PROCESSORS: u32 = 2;

pub(in crate::scenarios) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let (lab, maker) = (stage.lab, maker(stage));
    let root = lab.root(maker)?;
    let own = release(&root, &stage.first.release)?;
    let reader = Reader::new(lab, &own, maker)?;
    let mut files = Files::default();
    files.copy("/root/skexec.deb", &lab.package()?)?;
    files.copy("/root/skexec-kexec.deb", &lab.kexec_package()?)?;
    compressed_fast(&mut files);
    Crasher::add(&mut files);
    add_packages(stage, maker, &PACKAGES, &mut files)?;
    let disks = Disks::shared(lab, stage.name, &root, files)?;
    // What is written is discarded at the end of the machine, which a reset is not.
    let hardware = Hardware { resets: true, processors: PROCESSORS, ..Hardware::default() };
    let system = Own { words: "crashkernel=256M", hardware, ..Own::new(&root, &own) };
    let (mut guest, _) = disks.boot_own(lab, stage.name, &system)?;
    guest.be_patient(INSTALLING);
    done(INSTALLATION, &[], &mut guest, checks)?;
    done("grep ^USE_KDUMP= /etc/default/kdump-tools", &[Expect::Stdout("USE_KDUMP=1")], &mut guest, checks)?;
    for method in ["file", "segments"] {
        let crashed = Crashed { release: &own, method, processors: PROCESSORS, off: false };
        loaded(method, &mut guest, checks)?;
        let crasher = crashes(&crashed, &mut guest, checks)?;
        let (path, into) = (found(method, &mut guest, checks)?, stage.path("dump"));
        disks.fetch(&mut guest, &path, &into)?;
        reader.opens(&format!("kdump-tools' dump, by {method}"), &Dump::at(into), &crashed, &crasher, checks)?;
    }
    Ok(())
}

fn loaded(method: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    if method == "segments" {
        done("echo 'KDUMP_KEXEC_ARGS=-c' >> /etc/default/kdump-tools", &[], guest, checks)?;
        done("systemctl restart kdump-tools", &[], guest, checks)?;
    }
    done("kdump-config status", &[Expect::Stdout(": ready to kdump")], guest, checks)?;
    let status = guest.run("skexec status --json")?;
    let loaded = [Expect::Json("/panic/loaded", "true"), Expect::Json("/panic/record/method", method)];
    checks.command(&format!("skexec has loaded it by {method}"), &status, &loaded);
    Ok(())
}

/// Crashes the system, and waits for the boot after the dump.
fn crashes(crashed: &Crashed<'_>, guest: &mut Guest, checks: &mut Checks) -> Result<Crasher> {
    let mark = format!("echo '{MARK}: {}' > /dev/kmsg", crashed.method);
    done(&format!("systemctl is-system-running --wait; sync; {mark}"), &[], guest, checks)?;
    let (before, crasher) = (guest.console_size(), Crasher::start(crashed.last_processor(), guest)?);
    let boot = guest.await_boot(DUMPING, "a panic")?;
    let console = guest.console_from(before);
    checks.holds("the machine was reset by itself", !boot.by_kexec(), &boot);
    checks.holds("the crash kernel was up before", console.contains("elfcorehdr="), &console);
    done("systemctl is-system-running --wait", &[], guest, checks)?;
    Ok(crasher)
}

/// The path of the dump.
fn found(method: &str, guest: &mut Guest, checks: &mut Checks) -> Result<String> {
    let newest = guest.run("ls /var/crash/*/dump.* | tail -n 1")?;
    let path = newest.stdout.trim().to_owned();
    done(&format!("file {path}"), &[Expect::Stdout("dump compressed dump v")], guest, checks)?;
    let said = format!("{MARK}: {method}");
    done("cat $(ls /var/crash/*/dmesg.* | tail -n 1) | tail -n 60", &[Expect::Stdout(&said)], guest, checks)?;
    done(&format!("D={path}; {READ} && tail -n 60 /root/said"), &[Expect::Stdout(&said)], guest, checks)?;
    Ok(path)
}
