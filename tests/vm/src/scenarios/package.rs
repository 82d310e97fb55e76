//! The package and that of its hooks are installed, upgraded, removed and purged, and nothing remains.

use anyhow::Result;

use super::Stage;
use super::distribution::release;
use crate::checks::{Checks, Expect};
use crate::fetch::Maker;
use crate::guest::Guest;
use crate::initramfs::Files;
use crate::package;
use crate::root::{Disks, Own};

/// Lists the traces of the package everywhere except in the directory of this test's own files.
const TRACES: &str = "find / -xdev -path /root -prune -o -iname '*skexec*' -print";

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let lab = stage.lab;
    let root = lab.root(Maker::InitramfsTools)?;
    let own = release(&root, &stage.first.release)?;
    let (package, hooks) = (lab.package()?, lab.initramfs_package()?);
    let mut files = Files::default();
    files.copy("/root/whole.deb", &package::whole(&package, &hooks, &lab.scratch("whole"))?)?;
    files.copy("/root/skexec.deb", &package)?;
    files.copy("/root/hooks.deb", &hooks)?;
    files.copy("/root/later.deb", &package::later(&package, &lab.scratch("later"))?)?;
    files.copy("/root/later-hooks.deb", &package::later(&hooks, &lab.scratch("later-hooks"))?)?;
    // This initramfs is not booted; a small one is built faster.
    files.add("/etc/initramfs-tools/conf.d/vm", b"MODULES=list\nCOMPRESS=zstd\nCOMPRESSLEVEL=1\n");
    let disks = Disks::shared(lab, stage.name, &root, files)?;
    let (mut guest, _) = disks.boot_own(lab, stage.name, &Own::new(&root, &own))?;

    done("dpkg -i /root/whole.deb", &[], &mut guest, checks)?;
    in_the_initramfs(&own, true, &mut guest, checks)?;
    hardware(&mut guest, checks)?;
    parted(&mut guest, checks)?;
    in_the_initramfs(&own, true, &mut guest, checks)?;
    done("dpkg -i /root/later.deb /root/later-hooks.deb", &[], &mut guest, checks)?;
    done("dpkg-query --show skexec skexec-initramfs | grep -c +later", &[Expect::Stdout("2")], &mut guest, checks)?;
    // The files that the hook needs are missing, so it warns.
    guest.run("mv /usr/lib/skexec/first-stage.sh /root/")?;
    let remade = guest.run(&format!("update-initramfs -u -k {own} 2>&1"))?;
    let warned = [Expect::Exit(0), Expect::Stdout("W: skexec: ")];
    checks.command("a failing hook warns, and fails nothing", &remade, &warned);
    let again = guest.run("dpkg -i /root/later-hooks.deb 2>&1")?;
    checks.command("nor does it fail dpkg, which repairs it", &again, &[Expect::Exit(0)]);
    done("dpkg --remove skexec-initramfs", &[], &mut guest, checks)?;
    in_the_initramfs(&own, false, &mut guest, checks)?;
    // What a measurement before a jump leaves there for the next kernel.
    guest.run("touch /var/log/skexec-tcg.log")?;
    done("dpkg --purge skexec skexec-initramfs", &[], &mut guest, checks)?;
    let traces = guest.run(TRACES)?;
    checks.equal("nothing is left behind", &traces.stdout.as_str(), &"");
    Ok(())
}

/// The hooks move to their package. It keeps the administrator's setting, which the first one has.
fn parted(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    guest.run("echo '# mine' >> /etc/default/skexec")?;
    done("dpkg -i /root/skexec.deb /root/hooks.deb", &[], guest, checks)?;
    let owner = [Expect::Stdout("skexec-initramfs: ")];
    done("dpkg -S /usr/share/initramfs-tools/hooks/skexec", &owner, guest, checks)?;
    done("dpkg -S /usr/lib/dracut/modules.d/90skexec/module-setup.sh", &owner, guest, checks)?;
    done("dpkg --verify skexec-initramfs && dpkg --audit", &[], guest, checks)?;
    done("tail -n1 /etc/default/skexec", &[Expect::Stdout("# mine")], guest, checks)
}

/// udev reads the rule: it starts the unit only where skexec has loaded a crash kernel.
fn hardware(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let run = "udevadm test --action=add /sys/devices/system/cpu/cpu0 2>&1 | grep -q 'start skexec-hardware.service' && echo yes || echo no";
    let without = guest.run(run)?;
    checks.equal("no crash kernel, no reload", &without.stdout.trim(), &"no");
    done("mkdir -p /run/skexec && touch /run/skexec/loaded-panic.json", &[], guest, checks)?;
    let with = guest.run(run)?;
    checks.equal("udev would start the unit", &with.stdout.trim(), &"yes");
    done("systemd-analyze verify --man=no /usr/lib/systemd/system/skexec-hardware.service", &[], guest, checks)?;
    // The record is empty: what is loaded is not known.
    done("systemctl daemon-reload && systemctl start skexec-hardware.service", &[], guest, checks)?;
    done("rm /run/skexec/loaded-panic.json", &[], guest, checks)
}

fn done(command: &str, expected: &[Expect<'_>], guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let all = [&[Expect::Exit(0)], expected].concat();
    checks.command(command, &guest.run(command)?, &all);
    Ok(())
}

fn in_the_initramfs(release: &str, wanted: bool, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let listed = guest.run(&format!("lsinitramfs /boot/initrd.img-{release} | grep skexec"))?;
    let name = if wanted { "it is in the initramfs" } else { "it is in the initramfs no more" };
    checks.holds(name, listed.stdout.contains("usr/sbin/skexec") == wanted, &listed);
    Ok(())
}
