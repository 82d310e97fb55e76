//! Files judged by skexec and by a kernel that enforces signatures: the two must agree, and skexec must give the reason.

use anyhow::Result;

use super::{Stage, check_loaded};
use crate::checks::{Checks, Expect};
use crate::guest::Guest;
use crate::initramfs::BASE;
use crate::lab::Firmware;

struct Judged {
    file: &'static str,
    keys: &'static str,
    exit: i32,
    verdict: &'static str,
    reason: &'static str,
    /// The errno of the enforcing kernel.
    errno: &'static str,
}

const FILES: [Judged; 6] = [
    judged("vmlinuz", "debian", 0, "null", "OK"),
    judged("vmlinuz.owner", "owner", 0, "null", "OK"),
    judged("vmlinuz.flipped", "debian", 3, "digest-mismatch", "EKEYREJECTED"),
    judged("vmlinuz.unsigned", "debian", 3, "unsigned", "ENODATA"),
    judged("vmlinuz.stranger", "debian", 3, "unknown-signer", "ENOKEY"),
    judged("vmlinuz.truncated", "debian", 4, "truncated", "ELIBBAD"),
];

const fn judged(
    file: &'static str,
    keys: &'static str,
    exit: i32,
    reason: &'static str,
    errno: &'static str,
) -> Judged {
    let verdict = if exit == 0 { "trusted" } else { "refused" };
    Judged { file, keys, exit, verdict, reason, errno }
}

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let (mut guest, first) = stage.boot(Firmware::SecureBoot, "", stage.lab.exhibits(&stage.second)?)?;
    checks.equal("the first kernel is locked down", &first.lockdown.as_str(), &"integrity");
    checks.command("status", &guest.run("skexec status")?, &[Expect::Exit(0)]);
    for judged in &FILES {
        by_skexec(judged, &mut guest, checks)?;
        by_the_kernel(judged, &mut guest, checks)?;
    }
    system_trust(&mut guest, checks)?;
    guest.run("agent file-unload")?;
    for judged in FILES.iter().filter(|judged| judged.exit != 0) {
        not_loaded(judged, &mut guest, checks)?;
    }
    let second = stage.load_and_jump(&mut guest, checks)?;
    checks.equal("the second kernel is locked down too", &second.lockdown.as_str(), &"integrity");
    Ok(())
}

fn by_skexec(judged: &Judged, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let Judged { file, keys, exit, verdict, reason, .. } = judged;
    let done = guest.run(&format!("skexec verify --json --no-system-trust --keys /keys/{keys} /boot/{file}"))?;
    let expected = [Expect::Exit(*exit), Expect::Json("/0/verdict", verdict), Expect::Json("/0/reason", reason)];
    checks.command(&format!("{file}: verified as {verdict}"), &done, &expected);
    let predicted = Expect::Json("/0/kernel/name", judged.errno);
    checks.command(&format!("{file}: the kernel's {} is foretold", judged.errno), &done, &[predicted]);
    Ok(())
}

/// The firmware's `db` has only Debian's key and the owner's.
fn system_trust(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let both = guest.run("skexec verify --json /boot/vmlinuz /boot/vmlinuz.owner")?;
    let trusted = [Expect::Exit(0), Expect::Json("/0/verdict", "trusted"), Expect::Json("/1/verdict", "trusted")];
    checks.command("what db trusts needs no --keys", &both, &trusted);
    let alone = guest.run("skexec verify --json --no-system-trust --keys /keys/debian /boot/vmlinuz.owner")?;
    let unknown = [Expect::Exit(3), Expect::Json("/0/reason", "unknown-signer")];
    checks.command("unless db is not to count", &alone, &unknown);
    Ok(())
}

fn by_the_kernel(judged: &Judged, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let Judged { file, errno, .. } = judged;
    let done = guest.run(&format!("agent file-load /boot/{file} --initrd {BASE}"))?;
    checks.command(&format!("{file}: the kernel says {errno}"), &done, &[Expect::Json("/name", errno)]);
    Ok(())
}

fn not_loaded(judged: &Judged, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let Judged { file, keys, exit, reason, .. } = judged;
    let arguments = format!("--keys /keys/{keys} --initrd {BASE} --reuse-cmdline");
    let done = guest.run(&format!("skexec load --json /boot/{file} {arguments}"))?;
    checks.command(&format!("{file}: not loaded"), &done, &[Expect::Exit(*exit), Expect::Json("/reason", reason)]);
    check_loaded(&format!("{file}: the kernel holds no image"), false, guest, checks)
}
