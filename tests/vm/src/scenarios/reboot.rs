//! An upgrade on Debian: a newer kernel package comes by dpkg, its hooks bring a loaded image up to date, and one command boots it, measured
//! into a TPM first.

use anyhow::Result;

use super::distribution::{release, stopped_in_turn};
use super::{Stage, check_loaded, tpm};
use crate::checks::{Checks, Expect};
use crate::fetch::{Extras, Group, Maker};
use crate::guest::Guest;
use crate::hardware::Hardware;
use crate::initramfs::Files;
use crate::root::{Disks, Own, PATIENCE, root_words};
use crate::swtpm::Swtpm;

/// Makes a package of the installed files of kernel $R again, and removes the kernel. `cp --parents` of coreutils 9.1 looks for the
/// folders of an absolute path below the current folder.
const REPACK: &str = "set -e
cd /
P=$(dpkg -S /boot/vmlinuz-$R | cut -d: -f1)
mkdir -p /root/p/DEBIAN
dpkg -L $P | while read -r file; do [ -d \"$file\" ] || [ ! -e \"$file\" ] || cp -al --parents \"$file\" /root/p; done
dpkg -s $P | grep -v -e ^Status: -e ^Conffiles: -e '^ /' >/root/p/DEBIAN/control
for part in preinst postinst prerm postrm; do
    [ ! -e /var/lib/dpkg/info/$P.$part ] || cp /var/lib/dpkg/info/$P.$part /root/p/DEBIAN/$part
done
dpkg-deb -Znone -b /root/p /root/linux.deb >/dev/null
rm -r /root/p
dpkg --purge $P
test ! -e /boot/vmlinuz-$R";
/// What an initramfs of this machine needs, made fast.
const MODULES: &[u8] = b"MODULES=list\nCOMPRESS=zstd\nCOMPRESSLEVEL=1\n";

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let root = stage.lab.root(Maker::InitramfsTools)?;
    let (first, second) = (release(&root, &stage.first.release)?, release(&root, &stage.second.release)?);
    let mut files = Files::default();
    files.copy("/root/skexec.deb", &stage.lab.package()?)?;
    files.add("/etc/initramfs-tools/conf.d/vm", MODULES);
    files.add("/etc/initramfs-tools/modules", b"virtio_pci\nvirtio_blk\next4\n");
    let disks = Disks::shared(stage.lab, stage.name, &root, files)?;
    let extras = stage.lab.extras(Group::Tpm)?;
    let _tpm = Swtpm::start(&extras, &stage.path("console.log"))?;
    let own = Own { hardware: Hardware { tpm: true, ..Hardware::default() }, ..Own::new(&root, &first) };
    let (mut guest, boot) = disks.boot_own(stage.lab, stage.name, &own)?;
    checks.equal("Debian's own kernel is up", &boot.release, &first);
    guest.await_console("login:", 0, PATIENCE)?;
    done(&format!("R={second}; {REPACK}"), "the newer kernel is not installed", &mut guest, checks)?;
    done("dpkg -i /root/skexec.deb", "the package is installed", &mut guest, checks)?;
    upgrade(&second, &mut guest, checks)?;
    refreshed(&second, &mut guest, checks)?;
    inhibited(&mut guest, checks)?;
    cancelled_by_another(&mut guest, checks)?;
    delayed(&mut guest, checks)?;
    reboot(stage, &extras, &second, &mut guest, checks)
}

fn done(command: &str, name: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    checks.command(name, &guest.run(command)?, &[Expect::Exit(0)]);
    Ok(())
}

/// The package's hooks load nothing that was not loaded before.
fn upgrade(release: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let installed = guest.run("dpkg -i /root/linux.deb 2>&1")?;
    let said = [Expect::Exit(0), Expect::Stdout("skexec: no kernel is loaded, and none is to be")];
    checks.command("dpkg installs the newer kernel, and the hooks say that they do nothing", &installed, &said);
    check_loaded("nothing is loaded", false, guest, checks)?;
    let plan = guest.run("skexec reboot --dry-run")?;
    let newest = format!("/boot/vmlinuz-{release}");
    checks.command("a reboot would boot it", &plan, &[Expect::Exit(0), Expect::Stdout(&newest)]);
    check_loaded("and still nothing is loaded", false, guest, checks)
}

/// An image that was loaded by its version follows its initrd, unless that is not finished.
fn refreshed(release: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    done("skexec load --kernel-version $(ls /lib/modules | sort -V | tail -n1)", "it is loaded", guest, checks)?;
    let same = guest.run("skexec refresh")?;
    checks.command("its files have not changed", &same, &[Expect::Exit(0), Expect::Stdout("have not changed")]);
    let made = guest.run(&format!("update-initramfs -u -k {release} 2>&1"))?;
    let again = [Expect::Exit(0), Expect::Stdout("skexec: "), Expect::Stdout("loaded by kexec_file_load")];
    checks.command("a new initrd is loaded by the hook", &made, &again);
    let initrd = format!("/boot/initrd.img-{release}");
    let draft = guest.run(&format!("touch {initrd} {initrd}.new; skexec refresh; e=$?; rm {initrd}.new; exit $e"))?;
    let refused = [Expect::Exit(5), Expect::Stderr("(initrd-unfinished)")];
    checks.command("one that is still being made is not", &draft, &refused);
    check_loaded("and what was loaded stays loaded", true, guest, checks)?;
    done("skexec unload", "it is unloaded", guest, checks)
}

fn inhibited(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let hold = "systemd-run --quiet --unit=vm-hold systemd-inhibit --what=shutdown --who=vm --why='a long job' sleep 10000 && \
                until busctl call org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager ListInhibitors | \
                grep -q long; do sleep 1; done";
    done(hold, "a program blocks the shutdown", guest, checks)?;
    let refused = [Expect::Exit(5), Expect::Stderr("a long job (inhibited)")];
    checks.command("a reboot is refused, with its name", &guest.run("skexec reboot")?, &refused);
    check_loaded("and nothing is loaded", false, guest, checks)?;
    done("systemctl stop vm-hold", "the program ends", guest, checks)?;
    let scheduled = guest.run("skexec reboot --when +60 && cat /run/systemd/shutdown/scheduled")?;
    checks.command("a reboot can be scheduled", &scheduled, &[Expect::Exit(0), Expect::Stdout("MODE=kexec")]);
    let cancelled = guest.run("skexec reboot --when cancel && test ! -e /run/systemd/shutdown/scheduled")?;
    checks.command("and cancelled", &cancelled, &[Expect::Exit(0), Expect::Stdout("the shutdown is cancelled")]);
    done("skexec unload", "what was loaded for it is unloaded", guest, checks)
}

/// A shutdown that skexec scheduled is cancelled without it.
fn cancelled_by_another(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    const NOTE: &str = "/var/lib/skexec/next.json";
    let scheduled = guest.run(&format!("skexec reboot --when +60 && skexec refresh -v && grep time_ms {NOTE}"))?;
    checks.command("a reboot is scheduled, and noted for the next boot", &scheduled, &[Expect::Exit(0)]);
    let kept = !scheduled.stderr.contains("was stopped");
    checks.holds("another command takes nothing of it back", kept, &scheduled.stderr);
    let systemd = guest.run("systemctl show --property=SystemState --value")?;
    let known = ["running", "degraded"].contains(&systemd.stdout.trim());
    checks.holds("systemd has started all units", known, &systemd.stdout);
    let cancelled = guest.run(&format!("shutdown -c && skexec refresh -v && ! grep time_ms {NOTE}"))?;
    let seen = [Expect::Exit(0), Expect::Stderr("the shutdown that was asked for was stopped")];
    checks.command("after shutdown -c, the next command sees that, and takes the note back", &cancelled, &seen);
    done("skexec unload", "what was loaded for it is unloaded", guest, checks)
}

/// A program delays the shutdown, for longer than anything here takes.
fn delayed(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let hold = "mkdir -p /etc/systemd/logind.conf.d && printf '[Login]\nInhibitDelayMaxSec=600\n' >/etc/systemd/logind.conf.d/vm.conf && \
                systemctl restart systemd-logind && systemd-run --quiet --unit=vm-delay systemd-inhibit --what=shutdown --mode=delay \
                --who=vm --why='a short job' sleep 10000 && until systemd-inhibit --list | grep -q 'a short job'; do sleep 1; done";
    done(hold, "a program delays the shutdown", guest, checks)?;
    done(
        "printf '[measure]\nat = \"exec\"\n' >>/etc/skexec/policy.toml",
        "what is booted is to be measured",
        guest,
        checks,
    )
}

fn reboot(stage: &Stage<'_>, extras: &Extras, release: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let asked = guest.run(&format!("skexec reboot --append vm.test={}", stage.name))?;
    checks.command("the shutdown is asked for", &asked, &[Expect::Exit(0)]);
    let measured = "(measured-for-shutdown)";
    for (command, reason) in [
        ("skexec load --latest", measured),
        ("skexec unload", measured),
        ("skexec reboot --append other", "(shutdown-under-way)"),
        ("skexec exec", "(shutdown-under-way)"),
        ("skexec kexec -u", measured),
    ] {
        let late = guest.run(command)?;
        checks.command(&format!("too late for {command}"), &late, &[Expect::Stderr(reason)]);
    }
    check_loaded("and what was measured stays loaded", true, guest, checks)?;
    let before = guest.console_size();
    guest.ask("systemctl stop vm-delay")?;
    let boot = guest.await_boot(PATIENCE, "skexec reboot")?;
    let console = guest.await_console("login:", before, PATIENCE)?;
    checks.equal("the newer kernel comes up", &boot.release, &release.to_owned());
    checks.holds("by kexec", boot.by_kexec(), &boot);
    let kept =
        [root_words(), format!("vm.test={}", stage.name)].iter().all(|words| boot.cmdline.contains(words.as_str()));
    checks.holds("with the running command line and what was appended", kept, &boot);
    stopped_in_turn(&console, checks);
    let journal = guest.run("journalctl --boot=-1 --identifier=skexec --output=cat")?;
    let said = [Expect::Exit(0), Expect::Stdout("asking logind to reboot into the loaded kernel")];
    checks.command("what skexec said is in the last boot's journal", &journal, &said);
    let log = tpm::guest_log(guest)?;
    let text = tpm::same(stage, extras, &log, "the newer kernel's registers", guest, checks)?;
    let words = format!("vm.test={}", stage.name);
    checks.holds("the log has the command line of this boot, and no other", text.contains(&words), &text);
    checks.holds("what was measured was booted", !text.contains("skexec jump failed"), &text);
    Ok(())
}
