//! The command lines of programs that call `kexec`, word for word.

use anyhow::Result;

use super::{CMDLINE, files, install};
use crate::checks::{Checks, Expect};
use crate::guest::Guest;
use crate::lab::Firmware;
use crate::scenarios::Stage;

/// A caller's words. `$K` is the kernel, `$I` its initrd, `$A` its command line.
#[derive(Debug)]
struct Words {
    caller: &'static str,
    load: &'static str,
    unload: &'static str,
    slot: Slot,
    /// Where the record has exactly `$A` as the command line.
    exact: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Reboot,
    Panic,
}

impl Slot {
    /// Its name in `skexec status --json`, its file in /sys, and the words that ask kexec about it.
    fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Reboot => ("reboot", "/sys/kernel/kexec_loaded", "kexec -l -S"),
            Self::Panic => ("panic", "/sys/kernel/kexec_crash_loaded", "kexec -p -S"),
        }
    }
}

const fn reboot(caller: &'static str, load: &'static str) -> Words {
    Words { caller, load, unload: "kexec -u", slot: Slot::Reboot, exact: true }
}

const fn otherwise(caller: &'static str, load: &'static str, unload: &'static str) -> Words {
    Words { caller, load, unload, slot: Slot::Reboot, exact: false }
}

const fn panic(caller: &'static str, load: &'static str, unload: &'static str) -> Words {
    Words { caller, load, unload, slot: Slot::Panic, exact: false }
}

const ZFS_BOOT_MENU: &str = "kexec -a -l $K --initrd=$I --command-line=\"$A\"";
const PETITBOOT: &str = "kexec -l --initrd=$I --append=\"$A\" $K";
/// What petitboot tries when the first has failed.
const PETITBOOT_AGAIN: &str = "kexec -s --initrd=$I --append=\"$A\" $K";
const NIXOS_IMAGES: &str = "sh -c \"kexec --load $K --kexec-syscall-auto --initrd=$I --no-checks --command-line '$A'\"";
const HEADS: &str = "eval \"kexec -l $K --initrd=$I --append=\\\"$A\\\"\"";
const SYSTEMD: &str = "kexec --load $K --append \"$A\" --initrd $I";

const ALL: [Words; 20] = [
    reboot("ZFSBootMenu", ZFS_BOOT_MENU),
    reboot("petitboot", PETITBOOT),
    reboot("heads", HEADS),
    reboot("nixos-images", NIXOS_IMAGES),
    reboot("NixOS's netboot tree", "kexec --load --initrd=$I --command-line=\"$A\" -- $K"),
    reboot("cryptreboot", "kexec -al $K --append \"$A\" --initrd $I"),
    reboot("kiwi", "kexec --load $K --initrd $I --kexec-syscall-auto --command-line \"$A\""),
    reboot("systemd", SYSTEMD),
    reboot("Debian's kexec-load", "/sbin/kexec -l \"$K\" --initrd=\"$I\" --append=\"$A\""),
    reboot("SONiC", "kexec -a -l $K --initrd=$I --append=\"$A\""),
    reboot("linuxrc", "kexec -a -l $K --initrd=$I --append='console=ttyS0 panic=-1 rdinit=/vm/init vm.kexec=1'"),
    otherwise("transactional-update", "kexec -a -l $K --initrd=$I --reuse-cmdline", "kexec -u -a"),
    otherwise(
        "Salt",
        "kexec --kexec-syscall-auto -l $K --reuse-cmdline --append=vm.more --initrd=$I",
        "kexec --unload",
    ),
    otherwise("a script", "kexec -l -t bzImage $K --initrd=$I --reuse-cmdline --append=\"vm.more\"", "kexec -u"),
    otherwise("test_kexec_load.sh", "kexec --load $K", "kexec --unload"),
    otherwise("test_kexec_file_load.sh", "kexec --load --kexec-file-syscall $K", "kexec --unload --kexec-file-syscall"),
    otherwise("the selftests of liveupdate", "kexec -l -s --reuse-cmdline $K --initrd=$I", "kexec -s -u"),
    panic("kdump-config", "eval \"/sbin/kexec -p --command-line=\\\"$A\\\" --initrd=$I $K\"", "/sbin/kexec -p -u"),
    panic(
        "kdump-config under Secure Boot",
        "eval \"/sbin/kexec -p -s --command-line=\\\"$A\\\" --initrd=$I $K\"",
        "/sbin/kexec -s -p -u",
    ),
    panic("openSUSE's kdump", "kexec -p $K --append=\"$A\" --initrd=$I -a", "kexec -a -p -u"),
];

/// Words with which a kernel that is not signed, or changed, must not be loaded.
const FOR_BAD_KERNELS: [(&str, &str); 6] = [
    ("ZFSBootMenu", ZFS_BOOT_MENU),
    ("petitboot", PETITBOOT),
    ("petitboot, the second time", PETITBOOT_AGAIN),
    ("heads", HEADS),
    ("nixos-images", NIXOS_IMAGES),
    ("systemd", SYSTEMD),
];

/// The words that boot what was loaded.
const BOOTS: [(&str, &str); 3] = [("ZFSBootMenu", "-e -i"), ("heads", "-e"), ("petitboot", "-e -f")];

pub(in crate::scenarios) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    for (index, (caller, words)) in BOOTS.into_iter().enumerate() {
        let (mut guest, _) = stage.boot(Firmware::Bios, "crashkernel=256M", files(stage)?)?;
        install(&mut guest)?;
        if index == 0 {
            idle(&mut guest, checks)?;
            ALL.iter().try_for_each(|words| loaded_and_unloaded(words, &mut guest, checks))?;
            bad_kernels(&mut guest, checks)?;
            what_differs(&mut guest, checks)?;
        }
        let load = run(ZFS_BOOT_MENU, "/boot/vmlinuz", &mut guest)?;
        checks.command(&format!("{caller}: a kernel is loaded"), &load, &[Expect::Exit(0)]);
        let boot = guest.jump(&format!("PATH=/usr/sbin:/bin kexec {words}"))?;
        checks.equal(&format!("{caller}: kexec {words} boots it"), &boot.release, &stage.second.release);
        checks.holds("it was booted by kexec", boot.by_kexec(), &boot);
        checks.equal("with the caller's command line", &boot.cmdline.trim(), &CMDLINE);
    }
    Ok(())
}

fn run(words: &str, kernel: &str, guest: &mut Guest) -> Result<vm_protocol::Done> {
    guest.run(&format!("export PATH=/usr/sbin:/bin K={kernel} I=/boot/initrd A='{CMDLINE}'; {words}"))
}

/// Callers unload without asking first, and read the help.
fn idle(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let zero = ["kexec -u", "kexec -p -u", "kexec -s -p -u", "kexec -S", "kexec -l -S", "kexec -v"];
    for words in zero.into_iter().chain(["kexec --help | grep -q kexec-syscall-auto"]) {
        checks.command(&format!("nothing loaded: {words}"), &run(words, "", guest)?, &[Expect::Exit(0)]);
    }
    checks.command("nothing loaded: kexec -e", &run("kexec -e", "", guest)?, &[Expect::Exit(1)]);
    Ok(())
}

fn loaded_and_unloaded(words: &Words, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let Words { caller, load, unload, slot, exact } = words;
    let (name, sys, ask) = slot.names();
    let done = run(load, "/boot/vmlinuz", guest)?;
    checks.command(&format!("{caller}: {load}"), &done, &[Expect::Exit(0)]);
    let status = guest.run("skexec status --json")?;
    let [loaded, kernel, cmdline] =
        ["loaded", "record/kernel", "record/cmdline"].map(|field| format!("/{name}/{field}"));
    let mut expected = vec![Expect::Json(&loaded, "true"), Expect::Json(&kernel, "/boot/vmlinuz")];
    if *exact {
        expected.push(Expect::Json(&cmdline, CMDLINE));
    }
    checks.command(&format!("{caller}: status shows it"), &status, &expected);
    checks.command(&format!("{caller}: {ask}"), &run(ask, "", guest)?, &[Expect::Exit(1)]);
    checks.command(&format!("{caller}: {unload}"), &run(unload, "", guest)?, &[Expect::Exit(0)]);
    let held = guest.run(&format!("cat {sys}"))?;
    checks.equal(&format!("{caller}: it is unloaded"), &held.stdout.trim(), &"0");
    Ok(())
}

fn bad_kernels(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    for (file, reason) in [("vmlinuz.flipped", "(digest-mismatch)"), ("vmlinuz.unsigned", "(unsigned)")] {
        for (caller, words) in FOR_BAD_KERNELS {
            let done = run(words, &format!("/boot/{file}"), guest)?;
            let refused = [Expect::Exit(255), Expect::Stderr(reason)];
            checks.command(&format!("{caller}: {file} is refused"), &done, &refused);
            let held = guest.run("cat /sys/kernel/kexec_loaded")?;
            checks.equal(&format!("{caller}: {file} is not loaded"), &held.stdout.trim(), &"0");
        }
    }
    Ok(())
}

/// Where skexec does something else than kexec-tools, it says so.
fn what_differs(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let xen = run("kexec -l $K --module \"$I $A\"", "/boot/vmlinuz", guest)?;
    checks.command("heads: Xen is refused", &xen, &[Expect::Exit(255), Expect::Stderr("--module")]);
    let twice = run("kexec -l $K --initrd=$I --append=vm.a=1 --append=vm.b=2", "/boot/vmlinuz", guest)?;
    checks.command("--append twice is said", &twice, &[Expect::Exit(0), Expect::Stderr("joined")]);
    let status = guest.run("skexec status --json")?;
    let both = [Expect::Json("/reboot/record/cmdline", "vm.a=1 vm.b=2")];
    checks.command("and both are used", &status, &both);
    checks.command("then it is unloaded", &run("kexec -u", "", guest)?, &[Expect::Exit(0)]);
    Ok(())
}
