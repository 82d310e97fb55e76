//! A whole Debian, in which skexec-kexec takes the place of kexec-tools: kdump-tools, systemd and the old init scripts call skexec.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use vm_protocol::Boot;

use crate::checks::{Checks, Expect};
use crate::fetch::Maker;
use crate::guest::Guest;
use crate::initramfs::Files;
use crate::root::{Disks, Own, PATIENCE, own_cmdline};
use crate::scenarios::distribution::release;
use crate::scenarios::{Stage, check_loaded};

/// kexec-tools comes with the first, and the second is what kdump-tools recommends.
const PACKAGES: [&str; 2] = ["kdump-tools", "makedumpfile"];
/// All that was downloaded, but for kdump-tools.
const OLD_STATE: &str = "dpkg -i $(ls /root/packages/*.deb | grep -v /kdump-tools_)";
/// kdump-tools makes its own initramfs when it is installed, and has that of the newest kernel made again.
const INSTALLATION: Duration = Duration::from_secs(900);
const TRACES: &str = "find / -xdev -path /root -prune -o -iname '*skexec-kexec*' -print";
const CRASH_KERNEL: &str = "crashkernel=256M";

pub(in crate::scenarios) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let (lab, maker) = (stage.lab, maker(stage));
    let root = lab.root(maker)?;
    let own = release(&root, &stage.first.release)?;
    let mut files = Files::default();
    files.copy("/root/skexec.deb", &lab.package()?)?;
    files.copy("/root/skexec-kexec.deb", &lab.kexec_package()?)?;
    files.copy("/root/skexec-initramfs.deb", &lab.initramfs_package()?)?;
    compressed_fast(&mut files);
    add_packages(stage, maker, &PACKAGES, &mut files)?;
    let disks = Disks::shared(lab, stage.name, &root, files)?;
    let cmdline = own_cmdline(CRASH_KERNEL);
    let system = Own { words: CRASH_KERNEL, ..Own::new(&root, &own) };
    let (mut guest, _) = disks.boot_own(lab, stage.name, &system)?;
    guest.be_patient(INSTALLATION);

    installed(&mut guest, checks)?;
    without_the_hooks(&mut guest, checks)?;
    kdump(&mut guest, checks)?;
    systemctl_kexec(&own, &cmdline, &mut guest, checks)?;
    if maker == Maker::InitramfsTools {
        init_scripts(&own, &cmdline, &mut guest, checks)?;
    }
    removed(&own, &mut guest, checks)
}

/// Each release of Debian with its own kernel.
pub(super) fn maker(stage: &Stage<'_>) -> Maker {
    if stage.first.release.starts_with("6.12.") { Maker::Trixie } else { Maker::InitramfsTools }
}

/// Initramfs files that are made in a guest.
pub(super) fn compressed_fast(files: &mut Files) {
    files.add("/etc/initramfs-tools/conf.d/vm", b"COMPRESS=zstd\nCOMPRESSLEVEL=1\n");
}

/// Puts packages, and all that they need, below /root/packages.
pub(in crate::scenarios) fn add_packages(
    stage: &Stage<'_>,
    maker: Maker,
    packages: &[&str],
    files: &mut Files,
) -> Result<()> {
    for entry in fs::read_dir(stage.lab.packages_for(maker, packages)?)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            let name = path.file_name().context("a file without a name")?.to_string_lossy().into_owned();
            files.copy(&format!("/root/packages/{name}"), &path)?;
        }
    }
    Ok(())
}

pub(super) fn done(command: &str, expected: &[Expect<'_>], guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let all = [&[Expect::Exit(0)], expected].concat();
    checks.command(command, &guest.run(&format!("export DEBIAN_FRONTEND=noninteractive; {command}"))?, &all);
    Ok(())
}

/// kexec-tools is there first, as on the machine of someone who changes over.
fn installed(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    done(OLD_STATE, &[], guest, checks)?;
    done("kexec -v", &[Expect::Stdout("kexec-tools 2.0.")], guest, checks)?;
    done("dpkg -i /root/skexec.deb /root/skexec-kexec.deb", &[], guest, checks)?;
    done("readlink /sbin/kexec", &[Expect::Stdout("skexec")], guest, checks)?;
    done("kexec -v", &[Expect::Stdout("skexec")], guest, checks)?;
    done("dpkg --no-triggers -i /root/skexec-initramfs.deb", &[], guest, checks)?;
    done("dpkg -i /root/packages/kdump-tools_*.deb", &[], guest, checks)?;
    let state = guest.run("dpkg-query --show --showformat='${db:Status-Status}' kdump-tools skexec-kexec")?;
    checks.equal("kdump-tools is installed with it", &state.stdout.as_str(), &"installedinstalled");
    done("dpkg --audit", &[], guest, checks)?;
    let kept = guest.run("dpkg --remove skexec-kexec")?;
    checks.command("dpkg does not take it away from kdump-tools", &kept, &[Expect::Exit(1)]);
    done("readlink /sbin/kexec", &[Expect::Stdout("skexec")], guest, checks)
}

/// The hooks add skexec to the system's initramfs, and not to kdump's.
fn without_the_hooks(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let counted = |image: &str| format!("lsinitramfs {image} > /root/listed && grep -c skexec /root/listed");
    done(&counted("$(ls -d /boot/initrd.img-* | tail -n1)"), &[], guest, checks)?;
    let listed = guest.run(&counted("$(ls -d /var/lib/kdump/initrd.img-* | tail -n1)"))?;
    checks.command("kdump's initramfs is without skexec", &listed, &[Expect::Exit(1), Expect::Stdout("0")]);
    done("grep -q scripts/functions /root/listed", &[], guest, checks)
}

fn kdump(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    // The installation started the service.
    done("kdump-config unload", &[Expect::Stdout("unloaded kdump kernel")], guest, checks)?;
    done("kdump-config unload", &[Expect::Stdout("unloaded kdump kernel")], guest, checks)?;
    done("kdump-config status", &[Expect::Stdout("Not ready to kdump")], guest, checks)?;
    done("kdump-config load", &[Expect::Stdout("loaded kdump kernel")], guest, checks)?;
    done("kdump-config status", &[Expect::Stdout(": ready to kdump")], guest, checks)?;
    let status = guest.run("skexec status --json")?;
    let recorded =
        [Expect::Json("/panic/loaded", "true"), Expect::Json("/panic/record/kernel", "/var/lib/kdump/vmlinuz")];
    checks.command("skexec knows the crash kernel", &status, &recorded);
    Ok(())
}

/// systemctl asks the boot loader's entries, and calls kexec twice: to load, and at the end of the shutdown.
fn systemctl_kexec(release: &str, cmdline: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    const ENTRIES: &str = "/run/boot-loader-entries";
    let options = format!("{cmdline} vm.kexec=systemctl");
    let entry = format!("title Debian\\nlinux /vmlinuz\\ninitrd /initrd\\noptions {options}\\n");
    let prepare = format!(
        "mkdir -p {ENTRIES}/loader/entries && cp /boot/vmlinuz-{release} {ENTRIES}/vmlinuz && \
         cp /boot/initrd.img-{release} {ENTRIES}/initrd && printf '{entry}' > {ENTRIES}/loader/entries/debian.conf"
    );
    done(&prepare, &[], guest, checks)?;
    check_loaded("nothing is loaded before systemctl kexec", false, guest, checks)?;
    let boot = booted_by("systemctl kexec", guest)?;
    came_up("systemctl kexec", &boot, release, &options, checks);
    let journal = guest.run("journalctl --boot=-1 --identifier=skexec --output=cat")?;
    checks.command("skexec says in the journal what it loaded", &journal, &[Expect::Stdout("vmlinuz")]);
    // The command line still reserves memory.
    done("systemctl start kdump-tools", &[], guest, checks)?;
    done("kdump-config status", &[Expect::Stdout(": ready to kdump")], guest, checks)
}

/// They stay behind when kexec-tools goes, as its settings, and are not executable. Who wants them goes on with them.
fn init_scripts(release: &str, cmdline: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let append = format!("{cmdline} vm.kexec=init");
    let settings = format!(
        "LOAD_KEXEC=true\\nKERNEL_IMAGE=/boot/vmlinuz-{release}\\nINITRD=/boot/initrd.img-{release}\\n\
         APPEND=\"{append}\"\\nUSE_GRUB_CONFIG=false\\n"
    );
    done(&format!("printf '{settings}' > /etc/default/kexec"), &[], guest, checks)?;
    done("chmod +x /etc/init.d/kexec /etc/init.d/kexec-load", &[], guest, checks)?;
    done("systemctl daemon-reload && systemctl start kexec kexec-load", &[], guest, checks)?;
    let boot = booted_by("systemctl reboot", guest)?;
    came_up("the init scripts at a reboot", &boot, release, &append, checks);
    done("chmod -x /etc/init.d/kexec /etc/init.d/kexec-load", &[], guest, checks)
}

fn booted_by(command: &str, guest: &mut Guest) -> Result<Boot> {
    guest.run("systemctl is-system-running --wait")?;
    guest.ask(command)?;
    guest.await_boot(PATIENCE, command)
}

fn came_up(what: &str, boot: &Boot, release: &str, cmdline: &str, checks: &mut Checks) {
    checks.equal(&format!("{what}: the kernel is up"), &boot.release.as_str(), &release);
    checks.holds(&format!("{what}: it was booted by kexec"), boot.by_kexec(), boot);
    checks.equal(&format!("{what}: it has the command line"), &boot.cmdline.trim(), &cmdline);
}

fn removed(release: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    done("dpkg --purge kdump-tools skexec-kexec", &[], guest, checks)?;
    done("test ! -L /sbin/kexec && test ! -e /usr/sbin/kexec", &[], guest, checks)?;
    let traces = guest.run(TRACES)?;
    checks.equal("nothing of the package is left behind", &traces.stdout.as_str(), &"");
    done("dpkg -i /root/packages/kexec-tools_*.deb", &[], guest, checks)?;
    theirs(release, guest, checks)?;
    done("dpkg -i /root/skexec-kexec.deb", &[], guest, checks)?;
    done("kexec -v", &[Expect::Stdout("skexec")], guest, checks)?;
    // apt does both at once; dpkg alone keeps what is installed.
    done("dpkg --remove skexec-kexec && dpkg -i /root/packages/kexec-tools_*.deb", &[], guest, checks)?;
    theirs(release, guest, checks)
}

/// kexec-tools works as before.
fn theirs(release: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let version = guest.run("/usr/sbin/kexec -v")?;
    let its_own = version.stdout.starts_with("kexec-tools 2.0.") && !version.stdout.contains("skexec");
    checks.holds("kexec is that of kexec-tools", its_own, &version);
    let load = format!("/usr/sbin/kexec -l /boot/vmlinuz-{release} --initrd=/boot/initrd.img-{release} --append=ro");
    done(&load, &[], guest, checks)?;
    check_loaded("it loads a kernel", true, guest, checks)?;
    done("/usr/sbin/kexec -u", &[], guest, checks)
}
