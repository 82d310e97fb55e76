//! An initramfs made by Debian's tools is the first stage: it verifies the real system's kernel and initrd on their disk, and boots
//! them or reports why it does not.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Result, ensure};
use vm_protocol::Done;

use super::Stage;
use super::distribution::release;
use crate::checks::{Checks, Expect};
use crate::fetch::{LABEL, Maker};
use crate::guest::Guest;
use crate::hardware::Hardware;
use crate::initramfs::Files;
use crate::root::{Disks, PATIENCE, Start, root_words};

/// Signs the initrd, and adds manipulated copies of kernel and initrd.
const PREPARE: &str = r#"set -e
    cd /boot
    flip() {
        cp "$1" "$1.flipped"
        at=$(($(wc -c < "$1") / 2))
        byte=$(od -An -tu1 -j "$at" -N 1 "$1")
        printf "\\$(printf %03o $((byte ^ 1)))" | dd of="$1.flipped" bs=1 seek="$at" conv=notrunc status=none
    }
    flip "vmlinuz-$RELEASE"
    flip "initrd.img-$RELEASE"
    ln -f "initrd.img-$RELEASE" "initrd.img-$RELEASE.unsigned"
    openssl cms -sign -binary -md sha256 -outform DER -signer /root/signer.pem -inkey /root/signer.key \
        -in "initrd.img-$RELEASE" -out "initrd.img-$RELEASE.p7s"
    cp "initrd.img-$RELEASE.p7s" "initrd.img-$RELEASE.flipped.p7s"
    cmp "vmlinuz-$RELEASE" "vmlinuz-$RELEASE.flipped" | wc -l
"#;
/// A time that is longer than a real system needs for its kernel's first line.
const SILENCE: Duration = Duration::from_secs(20);

/// A time before the validity of every certificate.
const WRONG_CLOCK: &str = "2001-01-01T00:00:00";
/// The number of console lines that are shown if a check fails.
const LAST: usize = 30;
/// The time limit; a first stage takes less time than a complete system.
const REFUSAL: Duration = Duration::from_secs(200);

/// Files on the disk in place of the right ones, and the expected result of the first stage.
struct Refusal {
    what: &'static str,
    kernel: &'static str,
    initrd: &'static str,
    reason: &'static str,
    onfail: Onfail,
}

#[derive(Debug, Clone, Copy)]
enum Onfail {
    Shell,
    Reboot,
    Halt,
}

const REFUSALS: [Refusal; 4] = [
    Refusal {
        what: "a kernel with one byte changed",
        kernel: ".flipped",
        initrd: "",
        reason: "(digest-mismatch)",
        onfail: Onfail::Shell,
    },
    Refusal {
        what: "an initrd with one byte changed",
        kernel: "",
        initrd: ".flipped",
        reason: "(message-digest)",
        onfail: Onfail::Reboot,
    },
    Refusal {
        what: "an initrd without a signature",
        kernel: "",
        initrd: ".unsigned",
        reason: "(initrd-unsigned)",
        onfail: Onfail::Halt,
    },
    Refusal { what: "no kernel", kernel: ".none", initrd: "", reason: "(unreadable)", onfail: Onfail::Shell },
];

pub(super) fn initramfs_tools(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    play(&FirstStage::prepare(stage, Maker::InitramfsTools, checks)?, checks)
}

pub(super) fn dracut(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    play(&FirstStage::prepare(stage, Maker::Dracut, checks)?, checks)
}

fn play(first: &FirstStage<'_>, checks: &mut Checks) -> Result<()> {
    let (right, wrong) = (Hardware::default(), Hardware { clock: Some(WRONG_CLOCK), ..Hardware::default() });
    first.boots(right, "kernel and initrd are verified", "", "", checks)?;
    first.boots(wrong, "a clock that is far behind", "", "", checks)?;
    for refusal in &REFUSALS {
        first.refuses(refusal, checks)?;
    }
    first.boots(right, "skexec.covers=kernel, an unsigned initrd", ".unsigned", "skexec.covers=kernel", checks)
}

/// A disk with the real system, and the first stage that was made there.
struct FirstStage<'a> {
    stage: &'a Stage<'a>,
    maker: Maker,
    disks: Disks,
    kernel: PathBuf,
    initrd: PathBuf,
    /// The real system's kernel.
    release: String,
}

impl<'a> FirstStage<'a> {
    /// Installs the package in the real system, which makes the initramfs, and signs.
    fn prepare(stage: &'a Stage<'a>, maker: Maker, checks: &mut Checks) -> Result<Self> {
        let lab = stage.lab;
        let root = lab.root(maker)?;
        let (own, release) = (release(&root, &stage.first.release)?, release(&root, &stage.second.release)?);
        let mut files = Files::default();
        files.copy("/root/skexec.deb", &lab.package()?)?;
        files.copy("/root/hooks.deb", &lab.initramfs_package()?)?;
        files.copy("/etc/skexec/trust.d/owner.pem", &lab.owner().certificate())?;
        let [certificate, key] = lab.owner().signer();
        files.copy("/root/signer.pem", &certificate)?;
        files.copy("/root/signer.key", &key)?;
        let disks = Disks::copied(lab, stage.name, &root, files)?;
        let (kernel, initrd) = (root.kernel(&own), lab.scratch(&format!("{}.initrd", stage.name)));
        let cmdline = format!("console=ttyS0 {}", root_words());
        let start = Start {
            kernel: &kernel,
            initrd: &root.initrd(&own),
            cmdline: &cmdline,
            snapshot: false,
            hardware: Hardware::default(),
        };
        let (mut guest, _) = disks.boot(lab, stage.name, &start)?;

        let image = format!("/boot/initrd.img-{own}");
        let before = size(&mut guest, &image)?;
        let install = match maker {
            Maker::InitramfsTools | Maker::Trixie => "dpkg -i /root/skexec.deb /root/hooks.deb".to_owned(),
            // This does the trigger's work for one kernel only; for all kernels it would take too long here.
            Maker::Dracut => {
                format!("dpkg --no-triggers -i /root/skexec.deb /root/hooks.deb && /etc/kernel/postinst.d/dracut {own}")
            }
        };
        let install = guest.run(&install)?;
        checks.command("the package is installed", &install, &[Expect::Exit(0)]);
        // The package's trigger made initramfs-tools rebuild the newest kernel's initramfs.
        let said = hook_lines(&install);
        checks.holds("the hook had nothing to warn of", !said.iter().any(|line| line.contains("W: ")), &said);
        let after = size(&mut guest, &image)?;
        let note = format!("the initramfs: {before} KiB without skexec, {after} KiB with it; {}", said.join("; "));
        lab.report.line(Duration::ZERO, note);

        if maker == Maker::Dracut {
            without_kdump(&own, &mut guest, checks)?;
        }
        let prepared = guest.run(&format!("RELEASE={release}\n{PREPARE}"))?;
        ensure!(prepared.exit == Some(0), "the disk could not be prepared: {prepared:?}");
        disks.fetch(&mut guest, &image, &initrd)?;
        guest.ask("systemctl --no-block poweroff")?;
        guest.await_end(PATIENCE, "systemctl poweroff")?;
        Ok(Self { stage, maker, disks, kernel, initrd, release })
    }

    fn start(&self, hardware: Hardware, kernel: &str, initrd: &str, more: &str) -> Result<Guest> {
        let release = &self.release;
        let cmdline = format!(
            "console=ttyS0 skexec.root=LABEL={LABEL} skexec.kernel=/boot/vmlinuz-{release}{kernel} \
             skexec.initrd=/boot/initrd.img-{release}{initrd} skexec.append=\"ro console=ttyS0 vm.real\" {more}"
        );
        let start = Start { kernel: &self.kernel, initrd: &self.initrd, cmdline: &cmdline, snapshot: true, hardware };
        let name = format!("{}-kernel{kernel}-initrd{initrd}", self.stage.name);
        self.disks.start(self.stage.lab, &name, &start)
    }

    fn boots(&self, hardware: Hardware, what: &str, initrd: &str, more: &str, checks: &mut Checks) -> Result<()> {
        let mut guest = self.start(hardware, "", initrd, more)?;
        guest.be_patient(PATIENCE);
        let boot = guest.await_boot(PATIENCE, "the real system")?;
        let console = guest.await_console("login:", 0, PATIENCE)?;
        checks.equal(&format!("{what}: the real system is up"), &boot.release, &self.release);
        checks.holds(&format!("{what}: by kexec"), boot.by_kexec(), &boot);
        let cmdline = boot.cmdline.trim_end();
        let wanted = format!("root=LABEL={LABEL} ro console=ttyS0 vm.real");
        checks.equal(&format!("{what}: with the command line that was asked for"), &cmdline, &wanted.as_str());
        checks.holds(&format!("{what}: its disk was left alone"), !console.contains("recover"), &last_lines(&console));
        Ok(())
    }

    fn refuses(&self, refusal: &Refusal, checks: &mut Checks) -> Result<()> {
        let Refusal { what, kernel, initrd, reason, onfail } = refusal;
        let mut guest = self.start(Hardware::default(), kernel, initrd, onfail.word())?;
        let told = guest.await_console(self.end_of(*onfail), 0, REFUSAL);
        if matches!(onfail, Onfail::Reboot) {
            // QEMU exits instead of resetting the machine.
            guest.await_end(PATIENCE, "skexec.onfail=reboot")?;
        } else {
            sleep(SILENCE);
        }
        let console = guest.console_from(0);
        let last = last_lines(&console);
        checks.holds(&format!("{what}: the reason is on the console"), console.contains(reason), &last);
        checks.holds(&format!("{what}: {}", onfail.word()), told.is_ok(), &last);
        let kernels = console.matches("Linux version").count();
        checks.equal(&format!("{what}: nothing was booted"), &kernels, &1);
        Ok(())
    }

    /// The last lines of the console.
    fn end_of(&self, onfail: Onfail) -> &'static str {
        match (onfail, self.maker) {
            (Onfail::Shell, Maker::InitramfsTools | Maker::Trixie) => "(initramfs)",
            (Onfail::Shell, Maker::Dracut) => "Entering emergency mode",
            (Onfail::Reboot, _) => "reboot: Restarting system",
            (Onfail::Halt, _) => "reboot: System halted",
        }
    }
}

impl Onfail {
    fn word(self) -> &'static str {
        match self {
            Self::Shell => "skexec.onfail=shell",
            Self::Reboot => "skexec.onfail=reboot",
            Self::Halt => "skexec.onfail=halt",
        }
    }
}

/// dracut's initramfs for kdump is one with the module kdumpbase of Fedora, for which this one stands.
const KDUMP: &str = r#"set -e
    kdump=/usr/lib/dracut/modules.d/99kdumpbase
    mkdir "$kdump"
    printf '#!/bin/bash\ncheck() { return 255; }\ninstall() { inst_simple /etc/hostname; }\n' > "$kdump/module-setup.sh"
    dracut --no-kernel --add kdumpbase /root/kdump.img "$RELEASE" 2>&1
    rm -r "$kdump"
    lsinitrd /root/kdump.img
"#;

fn without_kdump(release: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let made = guest.run(&format!("RELEASE={release}\n{KDUMP}"))?;
    checks.command("dracut's initramfs for kdump is made", &made, &[Expect::Exit(0), Expect::Stdout("kdumpbase")]);
    checks.holds("without skexec", !made.stdout.contains("skexec"), &made);
    Ok(())
}

/// In KiB.
fn size(guest: &mut Guest, path: &str) -> Result<u64> {
    let bytes: u64 = guest.run(&format!("wc -c < {path}"))?.stdout.trim().parse()?;
    Ok(bytes >> 10)
}

fn last_lines(console: &str) -> Vec<&str> {
    let lines: Vec<_> = console.lines().collect();
    lines[lines.len().saturating_sub(LAST)..].to_vec()
}

fn hook_lines(done: &Done) -> Vec<String> {
    let lines = done.stdout.lines().chain(done.stderr.lines());
    lines.filter(|line| line.contains("skexec: ")).map(|line| line.trim().to_owned()).collect()
}
