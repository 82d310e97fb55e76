//! A whole Debian whose root is encrypted: with a passphrase that skexec added to the initramfs in memory, it comes up unattended. Without
//! one, the same initramfs asks for it.

use std::path::PathBuf;

use anyhow::Result;
use vm_protocol::Boot;

use super::Stage;
use super::distribution::release;
use super::kexec_callers::debian::add_packages;
use crate::checks::{Checks, Expect};
use crate::fetch::{Group, Maker, Root};
use crate::guest::Guest;
use crate::hardware::{Drive, Hardware};
use crate::initramfs::Files;
use crate::root::{Disks, Own, PATIENCE, Scratch, Start};
use crate::tool;

/// The name of the opened volume.
const VOLUME: &str = "vmcrypt";
const PASSPHRASE: &str = "correct horse battery staple";
const PROMPT: &str = "Please unlock disk vmcrypt:";
/// What cryptsetup-initramfs needs comes with it.
const PACKAGES: [&str; 1] = ["cryptsetup-initramfs"];
const INSTALL: &str = "export DEBIAN_FRONTEND=noninteractive; dpkg -i /root/packages/*.deb";
/// What skexec-initramfs installs, in the places that Cargo.toml gives them; it is there before the packages have the initramfs made.
const HOOKS: [(&str, &str); 7] = [
    ("initramfs-tools/hook", "/usr/share/initramfs-tools/hooks/skexec"),
    ("initramfs-tools/init-premount", "/usr/share/initramfs-tools/scripts/init-premount/skexec"),
    ("initramfs-tools/local-top", "/usr/share/initramfs-tools/scripts/local-top/skexec"),
    ("lib/forget.sh", "/usr/share/initramfs-tools/scripts/init-bottom/skexec"),
    ("initramfs-tools/credential", "/usr/lib/skexec/credential"),
    ("lib/first-stage.sh", "/usr/lib/skexec/first-stage.sh"),
    ("lib/initramfs-trust.sh", "/usr/lib/skexec/initramfs-trust.sh"),
];
/// Where the passphrase must not be. It is compared with a file, so that no command line contains it.
const TRACES: &str = "grep -rlsF -f /root/passphrase /run /tmp /var/tmp /var/log /var/lib/skexec /proc/cmdline /proc/keys; \
                      dmesg | grep -F -f /root/passphrase; journalctl --sync; journalctl | grep -F -f /root/passphrase; true";

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let root = stage.lab.root(Maker::InitramfsTools)?;
    let own = release(&root, &stage.second.release)?;
    let mut disks = Disks::shared(stage.lab, stage.name, &root, files(stage)?)?;
    let encrypted = encrypted(stage, &root)?;
    disks.attach(Drive { serial: "luks", file: encrypted.0.clone(), snapshot: true });
    let (mut guest, _) = disks.boot_own(stage.lab, stage.name, &Own::new(&root, &own))?;
    let install = guest.run(INSTALL)?;
    checks.command("the packages are installed", &install, &[Expect::Exit(0)]);
    let initrd = stage.path("initrd");
    disks.fetch(&mut guest, &format!("/boot/initrd.img-{own}"), &initrd)?;

    let cmdline = format!("console=ttyS0 panic=-1 root=/dev/mapper/{VOLUME} ro");
    loads(&own, &cmdline, &mut guest, checks)?;
    let before = guest.console_size();
    guest.ask("skexec exec")?;
    let boot = guest.await_boot(PATIENCE, "skexec exec")?;
    comes_up(&boot, &own, &guest.console_from(before), checks);
    holds_no_secret(&mut guest, checks)?;
    drop(guest);

    let kernel = root.kernel(&own);
    let hardware = Hardware::default();
    let start = Start { kernel: &kernel, initrd: &initrd, cmdline: &cmdline, snapshot: true, hardware };
    let mut guest = disks.start(stage.lab, &format!("{}-without", stage.name), &start)?;
    let console = guest.await_console(PROMPT, 0, PATIENCE)?;
    checks.holds("without the passphrase, the initramfs asks for it", !console.contains("will be tried"), &console);
    Ok(())
}

fn files(stage: &Stage<'_>) -> Result<Files> {
    let mut files = Files::default();
    add_packages(stage, Maker::InitramfsTools, &PACKAGES, &mut files)?;
    files.program("/usr/sbin/skexec", &stage.lab.binaries().skexec)?;
    stage.lab.trust_debian(&mut files)?;
    for (file, place) in HOOKS {
        files.program(place, &stage.lab.workspace(&format!("dist/{file}")))?;
    }
    files.add("/root/passphrase", PASSPHRASE.as_bytes());
    files.add("/etc/crypttab", format!("{VOLUME} /dev/disk/by-id/virtio-luks none luks,initramfs\n").as_bytes());
    files.add("/etc/initramfs-tools/conf.d/vm", b"COMPRESS=zstd\nCOMPRESSLEVEL=1\n");
    Ok(files)
}

/// The same root, in a LUKS volume. QEMU's converter writes it without a mount or the device mapper.
fn encrypted(stage: &Stage<'_>, root: &Root) -> Result<Scratch> {
    let (image, secret): (PathBuf, PathBuf) = (stage.path("encrypted"), stage.write("secret", PASSPHRASE.as_bytes())?);
    let mut convert = stage.lab.extras(Group::Images)?.command("qemu-img");
    convert.args(["convert", "-f", "raw", "-O", "luks", "-o", "key-secret=key,iter-time=10", "--object"]);
    convert.arg(format!("secret,id=key,file={}", secret.display()));
    tool::run(convert.arg(root.image()).arg(&image))?;
    Ok(Scratch(image))
}

fn loads(release: &str, cmdline: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let load = format!(
        "skexec load --json /boot/vmlinuz-{release} --initrd /boot/initrd.img-{release} --cmdline '{cmdline}' \
         --credential cryptsetup.passphrase=- < /root/passphrase"
    );
    let done = guest.run(&load)?;
    let expected = [
        Expect::Exit(0),
        Expect::Json("/loaded", "true"),
        Expect::Json("/covers", "[\"kernel\"]"),
        Expect::Json("/plan/injected", "[\"/etc/credstore/cryptsetup.passphrase\"]"),
    ];
    checks.command("the kernel is loaded with the passphrase", &done, &expected);
    checks.holds("which is not in the output", !done.stdout.contains(PASSPHRASE), &done);
    let traces = guest.run(TRACES)?;
    checks.equal("nor in the record, the journal or a temporary file", &traces.stdout.as_str(), &"");
    Ok(())
}

fn comes_up(boot: &Boot, release: &str, console: &str, checks: &mut Checks) {
    checks.equal("the second kernel is the one that was loaded", &boot.release.as_str(), &release);
    checks.holds("it was booted by kexec", boot.by_kexec(), boot);
    checks.holds("its initramfs has tried the passphrase", console.contains("will be tried"), &console);
    checks.holds("and asked for none", !console.contains(PROMPT), &console);
}

fn holds_no_secret(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let source = guest.run("findmnt --noheadings --output SOURCE /")?;
    let volume = format!("/dev/mapper/{VOLUME}");
    checks.equal("the encrypted volume is the root", &source.stdout.trim(), &volume.as_str());
    let kind = guest.run(&format!("lsblk --noheadings --output TYPE {volume}"))?;
    checks.equal("the device mapper decrypts it", &kind.stdout.trim(), &"crypt");
    let traces = guest.run(TRACES)?;
    checks.equal("the passphrase is in no file, journal or command line there", &traces.stdout.as_str(), &"");
    Ok(())
}
