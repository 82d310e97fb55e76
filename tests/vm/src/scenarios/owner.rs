//! A machine owner's closed system, as docs/signing.md describes it: keys by `skexec-sign keys`, enrolled by the firmware itself; a
//! unified kernel image that the firmware starts under Secure Boot; from there a kernel with a manifest, and from there another image,
//! under a policy that demands that everything is covered.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use sha2::{Digest, Sha256};
use vm_protocol::Boot;

use super::{Stage, check_loaded};
use crate::authority;
use crate::checks::{Checks, Expect};
use crate::esp;
use crate::fetch::Group;
use crate::guest::Guest;
use crate::initramfs::Files;
use crate::lab::{Firmware, Setup};
use crate::machine;
use crate::sign::Owner;
use crate::tool;

const EFIVARS: &str = "/sys/firmware/efi/efivars";
/// The variable, the GUID of its vendor; PK is the last, because it ends setup mode.
const VARIABLES: [(&str, &str); 3] = [
    ("db", "d719b2cb-3d3a-4596-a3bc-dad00e67656f"),
    ("KEK", "8be4df61-93ca-11d2-aa0d-00e098032b8c"),
    ("PK", "8be4df61-93ca-11d2-aa0d-00e098032b8c"),
];

/// The three boots: by the firmware, by a manifest, by an image.
struct Signed {
    started: PathBuf,
    kernel: PathBuf,
    uki: PathBuf,
}

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let owner = stage.lab.owner_with_new_keys(stage.name)?;
    let signed = sign(stage, &owner)?;
    others_accept(stage, &owner, &signed, checks)?;
    let variables = enrolled(stage, &owner, checks)?;

    let files = [(signed.started, esp::LOADER.to_owned())];
    let (mut guest, first) = stage.lab.boot_from_disk(stage.name, variables, &files)?;
    checks.holds("the firmware started the image", first.cmdline.contains("vm.boot=firmware"), &first);
    closed(&first, &mut guest, checks)?;
    the_kernel_accepts(&mut guest, checks)?;

    let second = jump(stage, "/boot/vmlinuz", "manifest", &mut guest, checks)?;
    closed(&second, &mut guest, checks)?;
    let third = jump(stage, "/boot/next.efi", "uki", &mut guest, checks)?;
    closed(&third, &mut guest, checks)
}

fn cmdline(mark: &str) -> String {
    machine::cmdline(&format!("retain_initrd vm.boot={mark}"))
}

/// What the owner signs on another machine.
fn sign(stage: &Stage<'_>, owner: &Owner) -> Result<Signed> {
    let unsigned = stage.lab.unsigned(&stage.second)?;
    let base = stage.lab.base(&[&stage.second])?;
    let only = stage.write("base", &base)?;
    let uki = image(stage, owner, &unsigned, &only, "uki")?;

    // The manifest names its files, so that `load` finds them beside it.
    let beside = stage.path("boot");
    fs::create_dir_all(&beside)?;
    let [kernel, next] = ["vmlinuz", "next.img"].map(|name| beside.join(name));
    tool::run(owner.sign("image").arg(&unsigned).arg("-o").arg(&kernel))?;
    let mut files = policy(stage, owner)?;
    files.copy("/boot/next.efi", &uki)?;
    fs::write(&next, [base.as_slice(), &files.finish()].concat())?;
    let mut manifest = owner.sign("manifest");
    manifest.arg("--file-names").arg(&kernel).arg("--initrd").arg(&next).args(["--cmdline", &cmdline("manifest")]);
    tool::run(manifest.args(["--name", "system", "--boot-version", "1"]))?;

    let mut files = policy(stage, owner)?;
    for name in ["vmlinuz", "vmlinuz.manifest", "vmlinuz.manifest.p7s", "next.img"] {
        files.copy(&format!("/boot/{name}"), &beside.join(name))?;
    }
    files.copy("/boot/vmlinuz.debian", &stage.second.image)?;
    let first = stage.write("first", &[base.as_slice(), &files.finish()].concat())?;
    let started = image(stage, owner, &unsigned, &first, "firmware")?;
    Ok(Signed { started, kernel, uki })
}

/// The policy file of docs/signing.md.
fn policy(stage: &Stage<'_>, owner: &Owner) -> Result<Files> {
    let der = authority::der(&owner.key_file("signer.pem"), &stage.lab.tools, &stage.path("signer.der"))?;
    let hex: String = Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut text =
        "unsigned = \"never\"\ninsecure-unsigned = \"forbidden\"\nrequire = \"everything\"\n[signers]\n".to_owned();
    for kind in ["kernel", "uki", "addon", "initrd", "manifest"] {
        text += &format!("{kind} = [\"certificate:{hex}\"]\n");
    }
    let mut files = Files::default();
    files.add("/etc/skexec/policy.toml", text.as_bytes());
    Ok(files)
}

/// An image whose kernel is signed, too.
fn image(stage: &Stage<'_>, owner: &Owner, linux: &Path, initrd: &Path, mark: &str) -> Result<PathBuf> {
    let output = stage.path(&format!("{mark}.efi"));
    let mut uki = owner.sign("uki");
    uki.arg("--stub").arg(stage.ukify()?.stub()).arg("--linux").arg(linux).arg("--sign-kernel");
    uki.arg("--initrd").arg(initrd).args(["--cmdline", &cmdline(mark)]);
    tool::run(uki.arg("-o").arg(&output))?;
    Ok(output)
}

/// Two other verifiers.
fn others_accept(stage: &Stage<'_>, owner: &Owner, signed: &Signed, checks: &mut Checks) -> Result<()> {
    let authority = owner.key_file("ca.pem");
    let osslsigncode = stage.lab.extras(Group::Osslsigncode)?;
    for (what, file) in [("the kernel", &signed.kernel), ("an image", &signed.uki), ("an image", &signed.started)] {
        let sbverify = tool::run(stage.lab.tools.sbverify().arg("--cert").arg(&authority).arg(file));
        checks.holds(&format!("sbverify accepts {what}"), sbverify.is_ok(), &sbverify);
        let mut verify = osslsigncode.command("osslsigncode");
        verify.arg("verify").arg("-CAfile").arg(&authority).arg("-in").arg(file);
        let verified = tool::run(&mut verify);
        checks.holds(&format!("osslsigncode accepts {what}"), verified.is_ok(), &verified);
    }
    Ok(())
}

/// Writes the signed variables from a guest in setup mode, as `efi-updatevar` does; returns the firmware's store.
fn enrolled(stage: &Stage<'_>, owner: &Owner, checks: &mut Checks) -> Result<PathBuf> {
    let mut files = Files::default();
    for (name, _) in VARIABLES {
        files.copy(&format!("/keys/{name}.auth"), &owner.key_file(&format!("{name}.auth")))?;
    }
    let name = format!("{}-setup", stage.name);
    let machine = stage.lab.machine(Setup::new(&name, &stage.first, Firmware::SetupMode, "", files))?;
    let (mut guest, _) = stage.lab.start(&name, &machine)?;
    guest.run(&format!("mount -o remount,rw {EFIVARS}"))?;
    for (name, vendor) in VARIABLES {
        // The attributes, and the value in the same write: non-volatile, boot services, runtime, authenticated by time.
        let value = format!("(printf '\\047\\000\\000\\000'; cat /keys/{name}.auth) > /tmp/{name}");
        let write = format!("{value} && dd if=/tmp/{name} of={EFIVARS}/{name}-{vendor} bs=64k");
        checks.command(&format!("the firmware takes {name}"), &guest.run(&write)?, &[Expect::Exit(0)]);
    }
    guest.run_to_end("poweroff -f")?;
    let variables = stage.path("enrolled.fd");
    fs::copy(stage.lab.scratch(&format!("{name}.variables.fd")), &variables)?;
    Ok(variables)
}

/// Secure Boot is on, and only the owner is trusted.
fn closed(boot: &Boot, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    checks.equal("the kernel is locked down", &boot.lockdown.as_str(), &"integrity");
    let expected = [
        Expect::Exit(0),
        Expect::Json("/secure_boot", "on"),
        Expect::Json("/enforcement", "lockdown"),
        Expect::Json("/trust/problems", "[]"),
    ];
    checks.command("status says what is enforced", &guest.run("skexec status --json")?, &expected);
    Ok(())
}

fn the_kernel_accepts(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    for (file, errno) in [("vmlinuz", "OK"), ("vmlinuz.debian", "ENOKEY")] {
        let done = guest.run(&format!("agent file-load /boot/{file}"))?;
        checks.command(&format!("{file}: the kernel says {errno}"), &done, &[Expect::Json("/name", errno)]);
    }
    guest.run("agent file-unload")?;
    let verify = guest.run("skexec verify --json /boot/vmlinuz /boot/vmlinuz.debian")?;
    let expected = [
        Expect::Exit(3),
        Expect::Json("/0/verdict", "trusted"),
        Expect::Json("/0/signer/subject", "CN=Example Ltd signer"),
        Expect::Json("/1/reason", "unknown-signer"),
    ];
    checks.command("skexec trusts the owner, and nobody else", &verify, &expected);
    Ok(())
}

fn jump(stage: &Stage<'_>, load: &str, mark: &str, guest: &mut Guest, checks: &mut Checks) -> Result<Boot> {
    let done = guest.run(&format!("skexec load --json {load}"))?;
    let expected = [
        Expect::Exit(0),
        Expect::Json("/loaded", "true"),
        Expect::Json("/covers", "[\"kernel\",\"initrd\",\"cmdline\"]"),
        Expect::Json("/plan/method", "file"),
    ];
    checks.command(&format!("{mark}: loaded by the file method, and covered as a whole"), &done, &expected);
    check_loaded("the kernel holds an image", true, guest, checks)?;
    let boot = guest.jump("skexec exec --force")?;
    checks.equal("the kernel that comes up is the one that was signed", &boot.release, &stage.second.release);
    checks.equal("with the signed command line", &boot.cmdline.trim_end(), &cmdline(mark).as_str());
    Ok(boot)
}
