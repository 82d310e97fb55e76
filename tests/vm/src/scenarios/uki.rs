//! Unified kernel images made by `ukify` and by `skexec-sign`: verified, loaded by both methods, and booted; the kernel that comes
//! up reports its command line and its initrd.

pub(super) mod enforced;

use std::path::PathBuf;

use anyhow::Result;
use vm_protocol::facts::Facts;
use vm_protocol::{Boot, Done};

use super::segments::segment;
use super::{Stage, check_loaded};
use crate::checks::{Checks, Expect};
use crate::cpio::Archive;
use crate::esp;
use crate::guest::Guest;
use crate::initramfs::{self, Files};
use crate::lab::Firmware;
use crate::machine;
use crate::tool;
use crate::ukify::Parts;

const UKI: &str = "/boot/whole.efi";
const KEYS: &str = "--keys /keys/owner";
const OTHER: &str = "other";
const ADDON: &str = "vm.addon=1";
/// What systemd-stub passes on as files, here without a meaning.
const PCR: [(&str, &str); 2] = [(".pcrsig", "[]"), (".pcrpkey", "no key\n")];

/// Both methods on a machine that enforces nothing, and systemd-stub itself, which shows what they must pass on.
pub(super) fn by_both_methods(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    compared(stage, &stage.by_ukify()?, checks)
}

/// The same with what `skexec-sign` makes.
pub(super) fn by_skexec_sign(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    compared(stage, &stage.signed()?, checks)
}

fn compared(stage: &Stage<'_>, made: &Made, checks: &mut Checks) -> Result<()> {
    let started = by_the_stub(stage, made, checks)?;
    let by_file = by_the_file_method(stage, made, checks)?;
    checks.equal("by the file method: the command line is the stub's", &by_file.cmdline, &started.cmdline);
    checks.equal("by the file method: the initrd is the stub's", &by_file.initrd, &started.initrd);
    by_segments(stage, made, checks)
}

/// An image with two initrds, microcode and two profiles, and an add-on.
struct Made {
    uki: PathBuf,
    addon: PathBuf,
    /// The command lines of its two profiles.
    cmdlines: [String; 2],
    /// The certificate that must be trusted.
    authority: PathBuf,
}

/// What an image is made of.
struct Ingredients {
    initrds: [PathBuf; 2],
    microcode: PathBuf,
    cmdlines: [String; 2],
}

impl Stage<'_> {
    fn ingredients(&self) -> Result<Ingredients> {
        let first = self.write("base.cpio", &self.lab.base(&[&self.second])?)?;
        let initrds = [first, self.write("mark.cpio", &initramfs::mark("second-initrd"))?];
        let microcode = self.write("ucode.cpio", &microcode())?;
        let cmdlines =
            ["vm.profile=main", "vm.profile=other"].map(|mark| machine::cmdline(&format!("retain_initrd {mark}")));
        Ok(Ingredients { initrds, microcode, cmdlines })
    }

    fn by_ukify(&self) -> Result<Made> {
        let Ingredients { initrds, microcode, cmdlines } = self.ingredients()?;
        let ukify = self.ukify()?;
        let uki = self.path("efi");
        let parts = Parts {
            initrds: &initrds,
            microcode: Some(&microcode),
            sections: &PCR,
            profiles: &[(OTHER, &cmdlines[1])],
            ..Parts::of(&self.second.image, &self.second.release, &cmdlines[0])
        };
        ukify.image(&parts, &uki)?;
        let addon = self.path("addon.efi");
        ukify.addon(ADDON, &addon)?;
        Ok(Made { uki, addon, cmdlines, authority: ukify.signer.certificate() })
    }

    fn signed(&self) -> Result<Made> {
        let Ingredients { initrds, microcode, cmdlines } = self.ingredients()?;
        let owner = self.lab.owner_with_new_keys(self.name)?;
        let stub = self.ukify()?.stub();
        let uki = self.path("efi");
        let mut build = owner.sign("uki");
        build.arg("--stub").arg(&stub).arg("--linux").arg(&self.second.image).arg("--ucode").arg(&microcode);
        for initrd in &initrds {
            build.arg("--initrd").arg(initrd);
        }
        build.args(["--cmdline", &cmdlines[0], "--profile", &format!("{OTHER}={}", cmdlines[1])]);
        tool::run(build.arg("-o").arg(&uki))?;
        let addon = self.path("addon.efi");
        let mut build = owner.sign("uki");
        build.arg("--addon").arg("--stub").arg(stub.with_file_name("addonx64.efi.stub"));
        tool::run(build.args(["--cmdline", ADDON, "-o"]).arg(&addon))?;
        Ok(Made { uki, addon, cmdlines, authority: owner.key_file("ca.pem") })
    }
}

/// Microcode for no processor, at the path at which the kernel looks for it.
fn microcode() -> Vec<u8> {
    let mut archive = Archive::default();
    archive.file("kernel/x86/microcode/GenuineIntel.bin", 0o644, &[0; 64]);
    archive.finish()
}

/// The firmware starts the image from a disk.
fn by_the_stub(stage: &Stage<'_>, made: &Made, checks: &mut Checks) -> Result<Facts> {
    let name = format!("{}-started", stage.name);
    let loader = esp::LOADER;
    let files =
        [(made.uki.clone(), loader.to_owned()), (made.addon.clone(), format!("{loader}.extra.d/one.addon.efi"))];
    let (mut guest, boot) = stage.lab.boot_from_disk(&name, stage.lab.blank_variables(&name)?, &files)?;
    checks.holds("the firmware started the image", !boot.by_kexec(), &boot);
    given(stage, made, 0, &boot, checks);
    guest.facts()
}

fn by_the_file_method(stage: &Stage<'_>, made: &Made, checks: &mut Checks) -> Result<Facts> {
    let mut guest = started(stage, made, checks)?;
    let verify = guest.run(&format!("skexec verify --json {KEYS} {UKI}"))?;
    let expected = [
        Expect::Exit(0),
        Expect::Json("/0/verdict", "trusted"),
        Expect::Json("/0/format", "uki"),
        Expect::Json("/0/covers", "[\"kernel\",\"initrd\",\"cmdline\"]"),
    ];
    checks.command("the image is trusted, and covers everything", &verify, &expected);
    loaded("file", "", &mut guest, checks)?;
    second(stage, made, 0, &mut guest, checks)
}

fn by_segments(stage: &Stage<'_>, made: &Made, checks: &mut Checks) -> Result<()> {
    let mut guest = started(stage, made, checks)?;
    let load = loaded("segments", &format!("--profile {OTHER}"), &mut guest, checks)?;
    let facts = second(stage, made, 1, &mut guest, checks)?;
    let planned = segment(&load.stdout, "initrd", "sha256")?;
    checks.equal(
        "by segments: the initrd is the planned one",
        &facts.initrd.map(|initrd| initrd.sha256),
        &Some(planned),
    );
    Ok(())
}

/// A guest with the image and the add-on beside it.
fn started(stage: &Stage<'_>, made: &Made, checks: &mut Checks) -> Result<Guest> {
    let mut files = Files::default();
    files.copy(UKI, &made.uki)?;
    files.copy(&format!("{UKI}.extra.d/one.addon.efi"), &made.addon)?;
    files.copy("/keys/owner/ca.pem", &made.authority)?;
    let (mut guest, _) = stage.boot(Firmware::Bios, "", files)?;
    check_loaded("nothing is loaded yet", false, &mut guest, checks)?;
    Ok(guest)
}

fn loaded(method: &str, options: &str, guest: &mut Guest, checks: &mut Checks) -> Result<Done> {
    let load = guest.run(&format!("skexec load --json --method {method} {KEYS} {UKI} {options}"))?;
    let expected = [Expect::Exit(0), Expect::Json("/loaded", "true"), Expect::Json("/plan/method", method)];
    checks.command(&format!("the image is loaded by the method `{method}`"), &load, &expected);
    check_loaded("the kernel holds an image", true, guest, checks)?;
    Ok(load)
}

fn second(stage: &Stage<'_>, made: &Made, profile: usize, guest: &mut Guest, checks: &mut Checks) -> Result<Facts> {
    let boot = guest.jump("skexec exec --force")?;
    checks.holds("it was booted by kexec", boot.by_kexec(), &boot);
    given(stage, made, profile, &boot, checks);
    guest.facts()
}

fn given(stage: &Stage<'_>, made: &Made, profile: usize, boot: &Boot, checks: &mut Checks) {
    checks.equal("the kernel of the image came up", &boot.release, &stage.second.release);
    let cmdline = format!("{} {ADDON}", made.cmdlines[profile]);
    checks.equal("it has the signed command line, then the add-on's", &boot.cmdline.trim_end(), &cmdline.as_str());
    checks.equal("it found the files of both initrds", &boot.marks, &vec!["second-initrd".to_owned()]);
}
