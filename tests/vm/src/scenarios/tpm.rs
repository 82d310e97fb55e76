//! What is booted next is measured into the TPM, and the log of the events replays to what the next kernel reads from it.

use std::fs;

use anyhow::{Context, Result};

use super::{Stage, WITH};
use crate::checks::{Checks, Expect};
use crate::fetch::{Extras, Group};
use crate::guest::Guest;
use crate::hardware::Hardware;
use crate::initramfs::Files;
use crate::lab::{Firmware, Setup};
use crate::swtpm::{self, Swtpm};

const LOG: &str = "/var/log/skexec-tcg.log";
const MARK: &str = "tcg-log ";
/// Unloads the kernel where that is asked for, so that the jump fails; otherwise writes the log to the console: what is in the
/// initramfs is gone after the jump.
const HOOK: &str = "#!/bin/sh\nif [ -e /tmp/fail ]; then rm /tmp/fail; exec agent file-unload >/dev/null; fi\ndmesg -n 1\n\
    base64 /var/log/skexec-tcg.log | sed 's/^/tcg-log /' > /dev/ttyS0\n";
const BANKS: [&str; 4] = ["sha1", "sha256", "sha384", "sha512"];

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let extras = stage.lab.extras(Group::Tpm)?;
    let _tpm = Swtpm::start(&extras, &stage.path("console.log"))?;
    let hardware = Hardware { tpm: true, ..Hardware::default() };
    let setup = Setup::new(stage.name, &stage.first, Firmware::Uefi, "", files(stage)?);
    let (mut guest, _) = stage.lab.boot(Setup { hardware, second: Some(&stage.second), ..setup })?;
    speaks_of("this-boot", &mut guest, checks)?;
    at_load(stage, &extras, &mut guest, checks)?;
    guest.run("sed -i s/load/exec/ /etc/skexec/policy.toml")?;
    fails(stage, &extras, &mut guest, checks)?;
    let load = guest.run(&format!("skexec load /boot/vmlinuz {WITH} --append vm.test=tpm"))?;
    checks.command("it is loaded", &load, &[Expect::Exit(0)]);
    let boot = guest.jump("skexec exec --force -v")?;
    checks.holds("the second kernel is up", boot.by_kexec() && boot.cmdline.contains("vm.test=tpm"), &boot);
    let log = console_log(stage)?;
    let text = same(stage, &extras, &log, "the second kernel's registers", &mut guest, checks)?;
    for event in ["skexec kernel sha256:", "skexec initrd sha256:", "skexec jump failed", "vm.test=tpm"] {
        checks.holds(&format!("the log has {event}"), text.contains(event), &text);
    }
    speaks_of("earlier-boot", &mut guest, checks)
}

/// Whether status knows which boot the firmware's registers speak of.
fn speaks_of(boot: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let status = guest.run("skexec status --json")?;
    let expected =
        [Expect::Exit(0), Expect::Json("/tpm/present", "true"), Expect::Json("/tpm/firmware_registers", boot)];
    checks.command(&format!("registers 0 to 7 speak of {boot}"), &status, &expected);
    Ok(())
}

/// The jump fails after everything was measured: that is measured, too.
fn fails(stage: &Stage<'_>, extras: &Extras, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let load = guest.run(&format!("skexec load /boot/vmlinuz {WITH}"))?;
    checks.command("a kernel is loaded", &load, &[Expect::Exit(0)]);
    let exec = guest.run("touch /tmp/fail; skexec exec --force --json")?;
    checks.command("the jump fails", &exec, &[Expect::Exit(1), Expect::Json("/reason", "nothing-loaded")]);
    let log = guest_log(guest)?;
    let text = same(stage, extras, &log, "after a jump that failed, the registers", guest, checks)?;
    checks.equal("each register has it", &text.matches("skexec jump failed").count(), &2);
    Ok(())
}

/// Measured at the load, and closed by the unload. Without a TPM, nothing is loaded.
fn at_load(stage: &Stage<'_>, extras: &Extras, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let hide = guest.run("mkdir /hidden && mv /dev/tpm0 /dev/tpmrm0 /hidden/")?;
    checks.command("the TPM is taken away", &hide, &[Expect::Exit(0)]);
    let before = registers(guest)?;
    let load = guest.run(&format!("skexec load /boot/vmlinuz {WITH} --json"))?;
    let refused = [Expect::Exit(5), Expect::Json("/reason", "not-measured"), Expect::Json("/loaded", "false")];
    checks.command("without it, nothing is loaded", &load, &refused);
    super::check_loaded("the kernel holds no image", false, guest, checks)?;
    checks.command("the TPM comes back", &guest.run("mv /hidden/* /dev/")?, &[Expect::Exit(0)]);
    checks.equal("nothing was measured", &registers(guest)?, &before);

    let load = guest.run(&format!("skexec load /boot/vmlinuz {WITH} --json"))?;
    checks.command("it is loaded", &load, &[Expect::Exit(0), Expect::Json("/warnings", "[]")]);
    let text = same(stage, extras, &guest_log(guest)?, "after a load, the registers", guest, checks)?;
    for event in ["EV_S_CRTM_VERSION", "skexec kernel sha256:", "skexec cmdline "] {
        checks.holds(&format!("the log has {event}"), text.contains(event), &text);
    }
    checks.command("it is unloaded", &guest.run("skexec unload")?, &[Expect::Exit(0)]);
    let text = same(stage, extras, &guest_log(guest)?, "after the unload, the registers", guest, checks)?;
    checks.equal("each register has that", &text.matches("skexec unloaded").count(), &2);
    Ok(())
}

/// Checks that the log replays to what the guest reads from its TPM; the answer is what tpm2_eventlog prints.
pub(super) fn same(
    stage: &Stage<'_>,
    extras: &Extras,
    log: &[u8],
    what: &str,
    guest: &mut Guest,
    checks: &mut Checks,
) -> Result<String> {
    let path = stage.write("tcg", log)?;
    let (replayed, text) = swtpm::replay(extras, &path)?;
    let read = registers(guest)?;
    checks.holds("the TPM has banks", !read.is_empty(), &read);
    for (bank, number, value) in read {
        let wanted = replayed.get(&(bank.clone(), number)).cloned().unwrap_or_default();
        checks.equal(&format!("{what}: the log replays to {number} of {bank}"), &wanted, &value);
    }
    Ok(text)
}

/// The registers that are extended, in each bank, as the kernel shows them.
fn registers(guest: &mut Guest) -> Result<Vec<(String, u32, String)>> {
    let mut found = vec![];
    for bank in BANKS {
        for number in [8, 9] {
            let done = guest.run(&format!("cat /sys/class/tpm/tpm0/pcr-{bank}/{number}"))?;
            if done.exit == Some(0) {
                found.push((bank.to_owned(), number, done.stdout.trim().to_lowercase()));
            }
        }
    }
    Ok(found)
}

pub(super) fn guest_log(guest: &mut Guest) -> Result<Vec<u8>> {
    decoded(&guest.run(&format!("base64 {LOG}"))?.stdout)
}

fn console_log(stage: &Stage<'_>) -> Result<Vec<u8>> {
    let console = String::from_utf8_lossy(&fs::read(stage.path("console.log"))?).into_owned();
    let lines = console.lines().filter_map(|line| line.trim_end().strip_prefix(MARK));
    decoded(&lines.collect::<String>())
}

fn decoded(text: &str) -> Result<Vec<u8>> {
    let digit = |byte: u8| {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        alphabet.iter().position(|letter| *letter == byte).and_then(|place| u32::try_from(place).ok())
    };
    let mut bytes = vec![];
    let letters: Vec<_> = text.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=').collect();
    for group in letters.chunks(4) {
        let bits = group.iter().try_fold(0, |bits, letter| Some(bits << 6 | digit(*letter)?)).context("no base64")?;
        let [_, three @ ..] = (bits << (6 * (4 - group.len()))).to_be_bytes();
        bytes.extend(three.iter().take(group.len() * 6 / 8));
    }
    Ok(bytes)
}

fn files(stage: &Stage<'_>) -> Result<Files> {
    let mut files = Files::default();
    stage.lab.add_keys(&mut files)?;
    files.copy("/boot/vmlinuz", &stage.second.image)?;
    files.add("/etc/skexec/policy.toml", b"[measure]\nat = \"load\"\n");
    files.add("/var/log/empty", b"");
    files.script("/etc/skexec/pre-exec.d/log", HOOK);
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_with_and_without_padding() {
        for (text, wanted) in [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v\nYmFy", "foobar")] {
            assert_eq!(decoded(text).unwrap(), wanted.as_bytes());
        }
        assert!(decoded("Z!").is_err());
    }
}
