//! The package is installed, upgraded, removed and purged, and nothing remains.

use anyhow::Result;

use super::Stage;
use super::distribution::release;
use crate::checks::{Checks, Expect};
use crate::fetch::Maker;
use crate::guest::Guest;
use crate::hardware::Hardware;
use crate::initramfs::Files;
use crate::package;
use crate::root::{Disks, Start, root_words};

/// Lists the traces of the package everywhere except in the directory of this test's own files.
const TRACES: &str = "find / -xdev -path /root -prune -o -iname '*skexec*' -print";

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let lab = stage.lab;
    let root = lab.root(Maker::InitramfsTools)?;
    let own = release(&root, &stage.first.release)?;
    let package = lab.package()?;
    let mut files = Files::default();
    files.copy("/root/skexec.deb", &package)?;
    files.copy("/root/later.deb", &package::later(&package, &lab.scratch("later"))?)?;
    // This initramfs is not booted; a small one is built faster.
    files.add("/etc/initramfs-tools/conf.d/vm", b"MODULES=list\nCOMPRESS=zstd\nCOMPRESSLEVEL=1\n");
    let disks = Disks::shared(lab, stage.name, &root, files)?;
    let cmdline = format!("console=ttyS0 panic=-1 {}", root_words());
    let start = Start {
        kernel: &root.kernel(&own),
        initrd: &root.initrd(&own),
        cmdline: &cmdline,
        snapshot: true,
        hardware: Hardware::default(),
    };
    let (mut guest, _) = disks.boot(lab, stage.name, &start)?;

    done("dpkg -i /root/skexec.deb", &[], &mut guest, checks)?;
    done("dpkg --verify skexec", &[], &mut guest, checks)?;
    in_the_initramfs(&own, true, &mut guest, checks)?;
    done("dpkg -i /root/later.deb", &[], &mut guest, checks)?;
    done("dpkg-query --show skexec", &[Expect::Stdout("+later")], &mut guest, checks)?;
    // The files that the hook needs are missing, so it warns.
    guest.run("mv /usr/lib/skexec/first-stage.sh /root/")?;
    let remade = guest.run(&format!("update-initramfs -u -k {own} 2>&1"))?;
    let warned = [Expect::Exit(0), Expect::Stdout("W: skexec: ")];
    checks.command("a failing hook warns, and fails nothing", &remade, &warned);
    let again = guest.run("dpkg -i /root/later.deb 2>&1")?;
    checks.command("nor does it fail dpkg, which repairs it", &again, &[Expect::Exit(0)]);
    done("dpkg --remove skexec", &[], &mut guest, checks)?;
    in_the_initramfs(&own, false, &mut guest, checks)?;
    done("dpkg --purge skexec", &[], &mut guest, checks)?;
    let traces = guest.run(TRACES)?;
    checks.equal("nothing is left behind", &traces.stdout.as_str(), &"");
    Ok(())
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
