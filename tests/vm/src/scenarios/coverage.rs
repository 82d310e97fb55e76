//! A policy that demands that kernel, initrd and command line are covered: what is not covered is refused, each by its name; a boot
//! with a manifest passes, and the kernel that comes up reports what it was given.

use anyhow::Result;
use sha2::{Digest, Sha256};

use super::{Stage, check_loaded};
use crate::checks::{Checks, Expect};
use crate::guest::Guest;
use crate::initramfs::{self, Files};
use crate::lab::Firmware;
use crate::machine;
use crate::sign::{Owner, signature_of};
use crate::tool;

const POLICY: &str = "\
unsigned = \"never\"
insecure-unsigned = \"forbidden\"
require = \"everything\"
inject = [\"/etc/allowed\"]
[least.version]
\"vm-coverage\" = 7
";
const KEYS: &str = "--keys /keys/owner";
const BOOT: &str = "/boot/vmlinuz";

/// A load that the policy refuses.
struct Refused {
    what: &'static str,
    /// After the kernel and the keys; `CMDLINE` is the signed command line.
    options: &'static str,
    reason: &'static str,
}

const REFUSED: [Refused; 9] = [
    refused("an unsigned initrd", "--initrd /boot/unsigned --cmdline CMDLINE", "uncovered-initrd"),
    refused("an unsigned command line", "--initrd /boot/signed --cmdline CMDLINE", "uncovered-cmdline"),
    refused("a changed initrd", "--manifest /boot/7 --initrd /boot/unsigned --cmdline CMDLINE", "manifest-initrd"),
    refused(
        "a changed command line",
        "--manifest /boot/7 --initrd /boot/signed --cmdline init=/bin/sh",
        "manifest-cmdline",
    ),
    refused(
        "a parameter with a value that may not be",
        "--manifest /boot/7 --initrd /boot/signed --cmdline CMDLINE --append vm.vary=c",
        "manifest-cmdline",
    ),
    refused(
        "a rolled-back manifest",
        "--manifest /boot/6 --initrd /boot/signed --cmdline CMDLINE",
        "manifest-rollback",
    ),
    refused(
        "an unsigned manifest",
        "--manifest /boot/unsigned-7 --initrd /boot/signed --cmdline CMDLINE",
        "manifest-unsigned",
    ),
    refused(
        "an injected file",
        "--manifest /boot/7 --initrd /boot/signed --cmdline CMDLINE --inject /etc/forbidden=/etc/hostname",
        "injection-forbidden",
    ),
    refused("a waiver", "--insecure-unsigned --initrd /boot/signed --cmdline CMDLINE", "waiver-forbidden"),
];

const fn refused(what: &'static str, options: &'static str, reason: &'static str) -> Refused {
    Refused { what, options, reason }
}

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let owner = stage.lab.owner_with_new_keys(stage.name)?;
    let initrd = [stage.lab.base(&[&stage.second])?, initramfs::mark("signed")].concat();
    let files = files(stage, &owner, &initrd)?;
    let (mut guest, _) = stage.boot(Firmware::Bios, "", files)?;
    let policy = guest.run("skexec policy")?;
    checks.command("the policy is in force", &policy, &[Expect::Exit(0), Expect::Stdout("require")]);
    for Refused { what, options, reason } in &REFUSED {
        let options = options.replace("CMDLINE", &format!("'{}'", cmdline()));
        let done = guest.run(&format!("skexec load --json {BOOT} {KEYS} {options}"))?;
        let expected = [Expect::Exit(3), Expect::Json("/reason", reason), Expect::Json("/loaded", "false")];
        checks.command(&format!("{what}: {reason}"), &done, &expected);
        check_loaded(&format!("{what}: the kernel holds no image"), false, &mut guest, checks)?;
    }
    let options = "--manifest /boot/7 --initrd /boot/signed --inject /etc/allowed=/etc/hostname --dry-run";
    let allowed = guest.run(&format!("skexec load --json {BOOT} {KEYS} {options}"))?;
    let expected = [Expect::Exit(0), Expect::Json("/covers", "[\"kernel\",\"cmdline\"]")];
    checks.command("a file whose path the policy names may be injected", &allowed, &expected);
    passes(stage, &initrd, &mut guest, checks)
}

fn cmdline() -> String {
    machine::cmdline("retain_initrd vm.boot=manifest")
}

fn files(stage: &Stage<'_>, owner: &Owner, initrd: &[u8]) -> Result<Files> {
    let mut files = Files::default();
    let kernel = stage.path("vmlinuz");
    tool::run(owner.sign("image").arg(stage.lab.unsigned(&stage.second)?).arg("-o").arg(&kernel))?;
    files.copy(BOOT, &kernel)?;
    let signed = stage.write("signed", initrd)?;
    tool::run(owner.sign("detached").arg(&signed))?;
    files.copy("/boot/signed", &signed)?;
    files.copy("/boot/signed.p7s", &signature_of(&signed))?;
    files.add("/boot/unsigned", &[initrd, &initramfs::mark("unsigned")].concat());
    for version in ["6", "7"] {
        let manifest = stage.path(version);
        let mut write = owner.sign("manifest");
        write.arg(&kernel).arg("--initrd").arg(&signed).args(["--cmdline", &cmdline(), "--name", "vm-coverage"]);
        write.args(["--boot-version", version, "--vary", "vm.vary=[ab]", "-o"]).arg(&manifest);
        tool::run(&mut write)?;
        files.copy(&format!("/boot/{version}"), &manifest)?;
        files.copy(&format!("/boot/{version}.p7s"), &signature_of(&manifest))?;
    }
    files.copy("/boot/unsigned-7", &stage.path("7"))?;
    files.copy("/keys/owner/ca.pem", &owner.key_file("ca.pem"))?;
    files.add("/etc/skexec/policy.toml", POLICY.as_bytes());
    files.add("/etc/hostname", b"skexec-vm\n");
    Ok(files)
}

fn passes(stage: &Stage<'_>, initrd: &[u8], guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let options = format!("--manifest /boot/7 --initrd /boot/signed --cmdline '{}' --append vm.vary=b", cmdline());
    let load = guest.run(&format!("skexec load --json {BOOT} {KEYS} {options}"))?;
    let expected = [
        Expect::Exit(0),
        Expect::Json("/loaded", "true"),
        Expect::Json("/covers", "[\"kernel\",\"initrd\",\"cmdline\"]"),
    ];
    checks.command("a boot with a manifest passes", &load, &expected);
    let boot = guest.jump("skexec exec --force")?;
    checks.equal("the kernel of the manifest came up", &boot.release, &stage.second.release);
    let wanted = format!("{} vm.vary=b", cmdline());
    checks.equal("with the command line that the manifest permits", &boot.cmdline.trim_end(), &wanted.as_str());
    let given = guest.facts()?.initrd.map(|initrd| initrd.sha256);
    checks.equal("and with the initrd that it binds", &given, &Some(sha256(initrd)));
    Ok(())
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
