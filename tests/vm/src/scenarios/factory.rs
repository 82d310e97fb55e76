//! A machine with Microsoft's keys in the firmware, and Debian's shim, GRUB and kernel on the disk. skexec is given no key there.
//! Debian's certificate is built into shim, which passes it on as `MokListRT`. The kernel loads images that the firmware's `dbx`
//! revokes; only skexec refuses them.

use anyhow::{Result, bail};
use forge::bzimage::BzImage;
use forge::pe::Section;
use forge::recipe::Recipe;
use vm_protocol::Boot;

use super::{Stage, check_loaded};
use crate::checks::{Checks, Expect};
use crate::fetch::{Choice, Kernel, Series};
use crate::guest::Guest;
use crate::initramfs::{BASE, Files};
use crate::lab::Firmware;

const LOAD: &str = "--initrd /boot/initrd --reuse-cmdline";
const CA: &str = "Debian Secure Boot CA";

/// Files for which the running kernel, called without skexec, answers `errno`.
struct Refused {
    file: &'static str,
    reason: &'static str,
    errno: &'static str,
}

const REFUSED: [Refused; 5] = [
    Refused { file: "vmlinuz.revoked", reason: "revoked-image", errno: "OK" },
    Refused { file: "vmlinuz.flipped", reason: "digest-mismatch", errno: "EKEYREJECTED" },
    Refused { file: "vmlinuz.stranger", reason: "unknown-signer", errno: "ENOKEY" },
    // This signer is not trusted on this machine, though it is in the `db` of other scenarios.
    Refused { file: "vmlinuz.owner", reason: "unknown-signer", errno: "ENOKEY" },
    Refused { file: "vmlinuz.unsigned", reason: "unsigned", errno: "ENODATA" },
];

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let mut files = stage.lab.exhibits(&stage.second)?;
    let revoked = stage.revoked()?;
    files.copy("/boot/vmlinuz.revoked", &revoked.image)?;
    add_sbat(&mut files);
    let firmware = Firmware::Factory { revoked: stage.lab.authenticode(&revoked)? };
    let (mut guest, first) = stage.boot(firmware, "", files)?;
    checks.holds("GRUB started the first kernel", first.cmdline.starts_with("BOOT_IMAGE=/vmlinuz "), &first);

    machine(&mut guest, &first, checks)?;
    trusted(&mut guest, checks)?;
    for refused in &REFUSED {
        by_both(refused, &mut guest, checks)?;
    }
    sbat_level(&mut guest, checks)?;
    without_privilege(&mut guest, checks)?;
    without_variables(&mut guest, checks)?;
    refused_loads(&mut guest, checks)?;

    let next = "cd / && printf '%s\\n' boot boot/initrd boot/vmlinuz boot/vmlinuz.revoked | cpio -o -H newc >/tmp/next";
    checks.command("the next kernel's files are packed", &guest.run(next)?, &[Expect::Exit(0)]);
    let second = stage.jump(&mut guest, "--initrd /tmp/next", "vm.kexec=1", checks)?;

    // shim's tables and variables survive the jump, so skexec has the same anchors as before.
    machine(&mut guest, &second, checks)?;
    trusted(&mut guest, checks)?;
    by_both(&REFUSED[0], &mut guest, checks)?;
    let third = stage.jump(&mut guest, "", "vm.kexec=2", checks)?;
    checks.equal("the third kernel is locked down", &third.lockdown.as_str(), &"integrity");
    Ok(())
}

/// The control: with the first kernel itself in `dbx`, shim refuses it, so GRUB cannot start it.
pub(super) fn not_started(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let firmware = Firmware::Factory { revoked: stage.lab.authenticode(&stage.first)? };
    match stage.boot(firmware, "", Files::default()) {
        Ok((_, boot)) => checks.holds("the revoked kernel is not started", false, &boot),
        Err(error) => {
            let said = error.to_string();
            checks.holds("GRUB finds the kernel and is told no", said.contains("bad shim signature"), &said);
        }
    }
    Ok(())
}

impl Stage<'_> {
    /// Debian's other kernel. It cannot be the first one, because shim obeys `dbx`, too.
    fn revoked(&self) -> Result<Kernel> {
        for series in [Series::V6_1, Series::V6_12] {
            let kernel = self.lab.kernel(&Choice::Debian(series))?;
            if ![&self.first.release, &self.second.release].contains(&&kernel.release) {
                return Ok(kernel);
            }
        }
        bail!("both of Debian's kernels are to boot: none is left to be revoked")
    }

    fn jump(&self, guest: &mut Guest, more: &str, mark: &str, checks: &mut Checks) -> Result<Boot> {
        let load = guest.run(&format!("skexec load --json /boot/vmlinuz {LOAD} {more} --append {mark}"))?;
        let expected = [Expect::Exit(0), Expect::Json("/verdict", "trusted"), Expect::Json("/loaded", "true")];
        checks.command("Debian's kernel is loaded", &load, &expected);
        let boot = guest.jump("skexec exec --force")?;
        checks.equal("the kernel that comes up is the one that was loaded", &boot.release, &self.second.release);
        checks.holds("it was booted by kexec", boot.by_kexec(), &boot);
        checks.holds("it has the command line that was asked for", boot.cmdline.contains(mark), &boot);
        checks.holds("which no longer names GRUB's file", !boot.cmdline.contains("BOOT_IMAGE"), &boot);
        Ok(boot)
    }
}

/// Checks the machine's state, by its own files and by `skexec status`.
fn machine(guest: &mut Guest, boot: &Boot, checks: &mut Checks) -> Result<()> {
    checks.equal("the kernel is locked down", &boot.lockdown.as_str(), &"integrity");
    let in_mok = format!("grep -q '{CA}' /sys/firmware/efi/mok-variables/MokListRT");
    checks.command("shim hands on Debian's certificate", &guest.run(&in_mok)?, &[Expect::Exit(0)]);
    let in_db = format!("grep -q '{CA}' /sys/firmware/efi/efivars/db-*");
    checks.command("which db does not hold", &guest.run(&in_db)?, &[Expect::Exit(1)]);
    let expected = [
        Expect::Exit(0),
        Expect::Json("/secure_boot", "on"),
        Expect::Json("/lockdown", "integrity"),
        Expect::Json("/enforcement", "lockdown"),
        Expect::Json("/permitted", "true"),
        Expect::Json("/file/permitted", "true"),
        Expect::Json("/segments/permitted", "false"),
        Expect::Json("/segments/reason", "segments-forbidden"),
        Expect::Json("/trust/problems", "[]"),
        Expect::Json("/trust/warnings", "[]"),
    ];
    checks.command("status says what it permits", &guest.run("skexec status --json")?, &expected);
    let expected = [
        Expect::Stdout("signatures enforced: lockdown (integrity)"),
        Expect::Stdout("Secure Boot on, lockdown integrity"),
        Expect::Stdout("Debian Secure Boot CA (from the firmware"),
        Expect::Stdout("Microsoft Corporation UEFI CA 2011 (from the firmware"),
        Expect::Stdout("CN=Debian Secure Boot CA (MokListRT)"),
        Expect::Stdout("CN=Microsoft Corporation UEFI CA 2011 (db)"),
        Expect::Stdout(", SBAT level: 20"),
    ];
    checks.command(
        "status says whose keys count for the kernel, and for skexec",
        &guest.run("skexec status -v")?,
        &expected,
    );
    Ok(())
}

/// Debian's kernel is trusted without a key on the command line.
fn trusted(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let verify = guest.run("skexec verify --json /boot/vmlinuz")?;
    let expected = [
        Expect::Exit(0),
        Expect::Json("/0/verdict", "trusted"),
        Expect::Json("/0/signer/issuer", "CN=Debian Secure Boot CA"),
        Expect::Json("/0/warnings", "[]"),
    ];
    checks.command("Debian's kernel is trusted", &verify, &expected);
    let without = guest.run("skexec verify --json --no-system-trust /boot/vmlinuz")?;
    let expected = [Expect::Exit(3), Expect::Json("/0/reason", "unknown-signer")];
    checks.command("for no other reason than the firmware's word", &without, &expected);
    let status = guest.run("skexec status /boot/vmlinuz")?;
    let held = [Expect::Exit(0), Expect::Stdout("held     Debian Secure Boot CA (from the firmware")];
    checks.command("status finds the key in the kernel", &status, &held);
    Ok(())
}

fn by_both(Refused { file, reason, errno }: &Refused, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let verify = guest.run(&format!("skexec verify --json /boot/{file}"))?;
    let expected = [Expect::Exit(3), Expect::Json("/0/reason", reason), Expect::Json("/0/kernel/name", errno)];
    checks.command(&format!("{file}: {reason}"), &verify, &expected);
    let kernel = guest.run(&format!("agent file-load /boot/{file} --initrd {BASE}"))?;
    checks.command(&format!("{file}: the kernel says {errno}"), &kernel, &[Expect::Json("/name", errno)]);
    if *errno == "OK" {
        check_loaded(&format!("{file}: the kernel would boot it"), true, guest, checks)?;
        checks.command("it is unloaded", &guest.run("agent file-unload")?, &[Expect::Exit(0)]);
    }
    Ok(())
}

/// Two images that differ only in the generation of a component that the level names.
fn add_sbat(files: &mut Files) {
    for generation in ["1", "999"] {
        let section = Section::new(b".sbat", forge::sbat::section("grub", generation));
        let image = BzImage::default().pe(|pe| pe.sections.push(section)).build();
        files.add(&format!("/boot/grub.{generation}"), &Recipe::new().image(image).build());
    }
    files.add("/keys/forge/root.pem", forge::root_pem().as_bytes());
}

/// The level that shim enforces and has stored in `SbatLevelRT`.
fn sbat_level(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let level = guest.run("cat /sys/firmware/efi/mok-variables/SbatLevelRT")?;
    checks.command("there is an SBAT level", &level, &[Expect::Exit(0), Expect::Stdout("\ngrub,")]);
    let verify = guest.run("skexec verify --json --keys /keys/forge /boot/grub.999 /boot/grub.1")?;
    let expected = [
        Expect::Exit(3),
        Expect::Json("/0/verdict", "trusted"),
        Expect::Json("/1/verdict", "refused"),
        Expect::Json("/1/reasons", "[\"sbat\"]"),
    ];
    checks.command("what is below the level is refused", &verify, &expected);
    Ok(())
}

/// Only root can read shim's table and the kernel's blacklist; everyone can read the variables.
fn without_privilege(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    guest.run("mkdir -p /etc && echo 'nobody:x:65534:65534::/:/bin/sh' >/etc/passwd")?;
    let verify = guest.run("su nobody -c 'skexec verify --json /boot/vmlinuz /boot/vmlinuz.revoked'")?;
    let expected = [
        Expect::Exit(3),
        Expect::Json("/0/verdict", "trusted"),
        Expect::Json("/0/warnings/0", "revocation-incomplete"),
        Expect::Json("/1/reason", "revoked-image"),
    ];
    checks.command("anyone may ask, and hears what was not read", &verify, &expected);
    Ok(())
}

/// Debian builds efivarfs as a module, which an initramfs may lack. Shim's table can then be read, but not `dbx`.
fn without_variables(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    checks.command("efivarfs goes", &guest.run("umount /sys/firmware/efi/efivars")?, &[Expect::Exit(0)]);
    let verify = guest.run("skexec verify --json /boot/vmlinuz")?;
    let expected = [Expect::Exit(3), Expect::Json("/0/reason", "revocation-unreadable")];
    checks.command("then nothing is trusted", &verify, &expected);
    let status = guest.run("skexec status -v")?;
    let said = [
        Expect::Stdout("CN=Debian Secure Boot CA (MokListRT)"),
        Expect::Stdout("every file is refused"),
        Expect::Stdout("dbx: the EFI variables are not there (mount -t efivarfs"),
        Expect::Stdout("Secure Boot on"),
    ];
    checks.command("status says why", &status, &said);
    let mount = guest.run("mount -t efivarfs -o ro efivarfs /sys/firmware/efi/efivars")?;
    checks.command("and comes back", &mount, &[Expect::Exit(0)]);
    Ok(())
}

/// A refusal before any call: the image that was loaded before stays.
fn refused_loads(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let segments = guest.run(&format!("skexec load --json --method segments /boot/vmlinuz {LOAD}"))?;
    let expected = [Expect::Exit(5), Expect::Json("/reason", "segments-forbidden"), Expect::Json("/loaded", "false")];
    checks.command("segments: the system does not permit them", &segments, &expected);
    check_loaded("the kernel holds no image", false, guest, checks)?;

    let good = guest.run(&format!("skexec load /boot/vmlinuz {LOAD}"))?;
    checks.command("a good kernel is loaded", &good, &[Expect::Exit(0)]);
    for Refused { file, reason, .. } in &REFUSED {
        let load = guest.run(&format!("skexec load --json /boot/{file} {LOAD}"))?;
        let expected = [Expect::Exit(3), Expect::Json("/reason", reason), Expect::Json("/loaded", "false")];
        checks.command(&format!("{file}: not loaded"), &load, &expected);
    }
    let status = guest.run("skexec status --json")?;
    let kept = [Expect::Json("/reboot/loaded", "true"), Expect::Json("/reboot/record/kernel", "/boot/vmlinuz")];
    checks.command("the good kernel stays loaded", &status, &kept);
    checks.command("until it is unloaded", &guest.run("skexec unload")?, &[Expect::Exit(0)]);
    Ok(())
}
