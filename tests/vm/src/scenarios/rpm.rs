//! The packages for Fedora and its relatives in a Debian with dracut and rpm. dpkg has what they require, and rpm does not know that.

use anyhow::Result;

use super::Stage;
use super::distribution::release;
use super::kexec_callers::debian::add_packages;
use crate::checks::{Checks, Expect};
use crate::fetch::Maker;
use crate::guest::Guest;
use crate::initramfs::Files;
use crate::lab::DEBIAN_CA;
use crate::root::{Disks, Own};

/// Debian's rpm asks whether alien is not meant.
const RPM: &str = "rpm --force-debian --nodeps";
const TRACES: &str = "find / -xdev -path /root -prune -o -iname '*skexec*' -print";

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let lab = stage.lab;
    let root = lab.root(Maker::Dracut)?;
    let own = release(&root, &stage.first.release)?;
    let mut files = Files::default();
    for package in lab.rpms()? {
        let name = package.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.copy(&format!("/root/rpms/{name}"), &package)?;
    }
    files.copy("/root/debian.pem", &lab.workspace(DEBIAN_CA))?;
    add_packages(stage, Maker::Dracut, &["rpm"], &mut files)?;
    let disks = Disks::shared(lab, stage.name, &root, files)?;
    let (mut guest, _) = disks.boot_own(lab, stage.name, &Own::new(&root, &own))?;
    done("dpkg -i /root/packages/*.deb", &[], &mut guest, checks)?;
    installed(&own, &mut guest, checks)?;
    in_the_initramfs(&own, &mut guest, checks)?;
    done(&format!("{RPM} -e skexec-dracut skexec"), &[], &mut guest, checks)?;
    let traces = guest.run(TRACES)?;
    checks.equal("nothing is left behind", &traces.stdout.as_str(), &"");
    Ok(())
}

/// Without Debian's certificate, its kernels are trusted only once somebody says so.
fn installed(release: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    done(&format!("{RPM} -i /root/rpms/*.rpm"), &[], guest, checks)?;
    done(&format!("{RPM} -V skexec skexec-dracut"), &[], guest, checks)?;
    done(
        "rpm -qf /usr/lib/dracut/modules.d/90skexec/module-setup.sh",
        &[Expect::Stdout("skexec-dracut-")],
        guest,
        checks,
    )?;
    done("systemctl daemon-reload && systemctl cat skexec-booted", &[Expect::Stdout("skexec booted")], guest, checks)?;
    let verify = format!("skexec verify /boot/vmlinuz-{release}");
    let refused = guest.run(&verify)?;
    checks.command("Debian's kernel is not trusted", &refused, &[Expect::Exit(3), Expect::Stdout("(unknown-signer)")]);
    done("install -m 644 /root/debian.pem /etc/skexec/trust.d/", &[], guest, checks)?;
    done(&verify, &[], guest, checks)
}

fn in_the_initramfs(release: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    done(&format!("dracut --no-kernel /root/first.img {release}"), &[], guest, checks)?;
    let listed = "lsinitrd /root/first.img > /root/listed";
    done(&format!("{listed} && grep usr/sbin/skexec /root/listed"), &[], guest, checks)?;
    done("grep usr/lib/skexec/first-stage.sh /root/listed", &[], guest, checks)?;
    done("grep etc/skexec/trust.d/debian.pem /root/listed", &[], guest, checks)?;
    done("rm /etc/skexec/trust.d/debian.pem", &[], guest, checks)
}

fn done(command: &str, expected: &[Expect<'_>], guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let all = [&[Expect::Exit(0)], expected].concat();
    checks.command(command, &guest.run(command)?, &all);
    Ok(())
}
