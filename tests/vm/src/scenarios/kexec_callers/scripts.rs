//! Debian's init scripts of kexec-tools and its kdump-config, of two releases, unchanged, in a guest without anything else of Debian.

use anyhow::{Result, ensure};

use super::{CMDLINE, files, install};
use crate::checks::{Checks, Expect};
use crate::fetch::{Extras, Group};
use crate::guest::Guest;
use crate::initramfs::Files;
use crate::lab::Firmware;
use crate::scenarios::{Stage, check_loaded};

/// Prints of a file what kdump-config looks for in the output of file(1).
const FILE: &str = "#!/bin/sh
if [ -L \"$1\" ]; then echo \"$1: symbolic link to $(readlink \"$1\")\"; else echo \"$1: data\"; fi
";
/// GRUB's menu: the entry that it would start, and another one.
const MENU: &str = "set default=\"0\"
menuentry 'Debian' --class debian {
\tlinux\t/boot/vmlinuz console=ttyS0 panic=-1 rdinit=/vm/init vm.kexec=grub
\tinitrd\t/boot/initrd
}
menuentry 'Another' {
\tlinux\t/boot/another
}
";
const MENU_CMDLINE: &str = "console=ttyS0 panic=-1 rdinit=/vm/init vm.kexec=grub";
/// The installed kernel and the initrd of kdump, which is as new as the settings in it.
const KDUMP: &str = "R=$(uname -r); mkdir -p /var/lib/kdump && cp /boot/vmlinuz /boot/vmlinuz-$R && \
                     cp /boot/initrd /var/lib/kdump/initrd.img-$R && \
                     cp /etc/kdump/sysctl.conf /var/lib/kdump/latest_sysctls-$R";
/// kdump-config of bookworm and of trixie.
const KDUMP_CONFIGS: [&str; 2] = ["/usr/sbin/kdump-config", "/later/kdump-config"];

pub(in crate::scenarios) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let mut guest = boot(stage)?;
    for config in KDUMP_CONFIGS {
        kdump(config, &mut guest, checks)?;
    }
    loads(&mut guest, checks)?;
    checks.command("kexec-load loads", &stop("kexec-load", &mut guest)?, &[Expect::Exit(0)]);
    let boot = guest.jump("/etc/init.d/kexec stop")?;
    checks.equal("/etc/init.d/kexec boots it", &boot.release, &stage.second.release);
    checks.holds("it was booted by kexec", boot.by_kexec(), &boot);
    checks.equal("with the command line of /etc/default/kexec", &boot.cmdline.trim(), &CMDLINE);
    drop(guest);
    crash(stage, checks)
}

fn boot(stage: &Stage<'_>) -> Result<Guest> {
    let mut files = files(stage)?;
    add(stage, &mut files)?;
    let (mut guest, _) = stage.boot(Firmware::Bios, "crashkernel=256M", files)?;
    install(&mut guest)?;
    let done = guest.run(KDUMP)?;
    ensure!(done.exit == Some(0), "the files of kdump: {}", done.stderr);
    Ok(guest)
}

fn kdump(config: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let mut ask = |words: &str, expected: &[Expect<'_>]| -> Result<()> {
        let all = [&[Expect::Exit(0)], expected].concat();
        checks.command(&format!("{config} {words}"), &guest.run(&format!("{config} {words}"))?, &all);
        Ok(())
    };
    ask("status", &[Expect::Stdout("Not ready to kdump")])?;
    ask("load", &[Expect::Stdout("loaded kdump kernel")])?;
    ask("status", &[Expect::Stdout(": ready to kdump")])?;
    ask("show", &[Expect::Stdout("/sbin/kexec -p --command-line=")])?;
    ask("unload", &[Expect::Stdout("unloaded kdump kernel")])?;
    ask("unload", &[Expect::Stdout("unloaded kdump kernel")])?;
    let held = guest.run("cat /sys/kernel/kexec_crash_loaded")?;
    checks.equal(&format!("{config}: no crash kernel is loaded"), &held.stdout.trim(), &"0");
    Ok(())
}

/// The ways in which Debian's scripts find what they load.
fn loads(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    guest.run("touch /no-kexec-reboot")?;
    checks.command("kexec-load after coldreboot", &stop("kexec-load", guest)?, &[Expect::Exit(0)]);
    check_loaded("loads nothing", false, guest, checks)?;
    for (what, script, cmdline) in [
        ("kexec-load, told by GRUB's menu", "USE_GRUB_CONFIG=true /etc/init.d/kexec-load stop", MENU_CMDLINE),
        ("kexec-load, told by its settings", "/etc/init.d/kexec-load stop", CMDLINE),
        ("kexec-load-kernel of trixie", "/usr/sbin/kexec-load-kernel", CMDLINE),
    ] {
        checks.command(what, &guest.run(script)?, &[Expect::Exit(0)]);
        let status = guest.run("skexec status --json")?;
        let recorded = [Expect::Json("/reboot/loaded", "true"), Expect::Json("/reboot/record/cmdline", cmdline)];
        checks.command(&format!("{what}: it is loaded"), &status, &recorded);
        checks.command(&format!("{what}: it is unloaded"), &guest.run("/sbin/kexec -u")?, &[Expect::Exit(0)]);
    }
    guest.run("cp /boot/vmlinuz.flipped /boot/vmlinuz.kept && mv /boot/vmlinuz /boot/good && mv /boot/vmlinuz.kept /boot/vmlinuz")?;
    let refused = stop("kexec-load", guest)?;
    checks.command(
        "kexec-load shows why a changed kernel is refused",
        &refused,
        &[Expect::Stderr("(digest-mismatch)")],
    );
    check_loaded("and loads nothing", false, guest, checks)?;
    guest.run("mv /boot/good /boot/vmlinuz")?;
    Ok(())
}

fn stop(script: &str, guest: &mut Guest) -> Result<vm_protocol::Done> {
    guest.run(&format!("/etc/init.d/{script} stop"))
}

/// The kernel that kdump-config loaded is up after a panic, and sees the memory of the one before it.
fn crash(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let mut guest = boot(stage)?;
    let load = guest.run(&format!("{} load", KDUMP_CONFIGS[0]))?;
    checks.command("the crash kernel is loaded", &load, &[Expect::Exit(0)]);
    let boot = guest.jump("echo c > /proc/sysrq-trigger")?;
    checks.equal("after a panic, the crash kernel is up", &boot.release, &stage.second.release);
    checks.holds("with kdump's command line", boot.cmdline.contains(" reset_devices "), &boot);
    let memory = guest.run("test -s /proc/vmcore")?;
    checks.command("it sees the memory of the kernel before it", &memory, &[Expect::Exit(0)]);
    Ok(())
}

fn add(stage: &Stage<'_>, files: &mut Files) -> Result<()> {
    let group = |group| stage.lab.extras(group);
    let mut script = |extras: &Extras, from: &str, to: &str| files.program(to, &extras.path(from));
    let tools = group(Group::KexecTools)?;
    script(&tools, "etc/init.d/kexec", "/etc/init.d/kexec")?;
    script(&tools, "etc/init.d/kexec-load", "/etc/init.d/kexec-load")?;
    let later = group(Group::LaterKexecTools)?;
    script(&later, "usr/sbin/kexec-load-kernel", "/usr/sbin/kexec-load-kernel")?;
    let kdump = group(Group::Kdump)?;
    script(&kdump, "usr/sbin/kdump-config", KDUMP_CONFIGS[0])?;
    script(&group(Group::LaterKdump)?, "usr/sbin/kdump-config", KDUMP_CONFIGS[1])?;
    script(&kdump, "lib/lsb/init-functions", "/lib/lsb/init-functions")?;
    files.copy("/etc/kdump/sysctl.conf", &kdump.path("etc/kdump/sysctl.conf"))?;
    files.copy("/etc/default/kdump-tools", &kdump.path("usr/share/kdump-tools/kdump-tools.conf"))?;
    files.script("/usr/bin/file", FILE);
    files.add("/boot/grub/grub.cfg", MENU.as_bytes());
    let settings = format!(
        "LOAD_KEXEC=true\nKERNEL_IMAGE=/boot/vmlinuz\nINITRD=/boot/initrd\nAPPEND=\"{CMDLINE}\"\n\
         USE_GRUB_CONFIG=${{USE_GRUB_CONFIG:-false}}\n"
    );
    files.add("/etc/default/kexec", settings.as_bytes());
    Ok(())
}
