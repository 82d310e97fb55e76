//! Unified kernel images made by `ukify`: verified, loaded by both methods, and booted; the kernel that comes up reports its command
//! line and its initrd.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use vm_protocol::facts::Facts;

use super::{Stage, check_loaded};
use crate::checks::{Checks, Expect};
use crate::cpio::Archive;
use crate::fetch::Group;
use crate::guest::Guest;
use crate::initramfs::{self, Files};
use crate::lab::Firmware;
use crate::machine;
use crate::ukify::{Parts, Ukify};

const UKI: &str = "/boot/whole.efi";
const KEYS: &str = "--keys /keys/owner";
const OTHER: &str = "other";

/// Both methods on a machine that enforces nothing.
pub(super) fn by_both_methods(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let made = stage.ukis()?;
    by_the_file_method(stage, &made, checks)?;
    by_segments(stage, &made, checks)
}

/// An image with two initrds, microcode and two profiles, and an add-on.
struct Made {
    uki: PathBuf,
    addon: PathBuf,
    /// The command lines of its two profiles.
    cmdlines: [String; 2],
}

impl Stage<'_> {
    fn ukify(&self) -> Result<Ukify<'_>> {
        let extras = self.lab.extras(Group::Ukify)?;
        Ok(Ukify { extras, tools: &self.lab.tools, signer: self.lab.owner() })
    }

    /// Writes a file of this scenario.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.lab.scratch(&format!("{}.{name}", self.name));
        fs::write(&path, bytes).with_context(|| path.display().to_string())?;
        Ok(path)
    }

    fn ukis(&self) -> Result<Made> {
        let first = self.write("base.cpio", &self.lab.base(&[&self.second])?)?;
        let initrds = [first, self.write("mark.cpio", &initramfs::mark("second-initrd"))?];
        let microcode = self.write("ucode.cpio", &microcode())?;
        let cmdlines =
            ["vm.profile=main", "vm.profile=other"].map(|mark| machine::cmdline(&format!("retain_initrd {mark}")));
        let ukify = self.ukify()?;
        let uki = self.lab.scratch(&format!("{}.efi", self.name));
        let parts = Parts {
            linux: &self.second.image,
            release: &self.second.release,
            sign_kernel: false,
            initrds: &initrds,
            microcode: Some(&microcode),
            cmdline: &cmdlines[0],
            profiles: &[(OTHER, &cmdlines[1])],
        };
        ukify.image(&parts, &uki)?;
        let addon = self.lab.scratch(&format!("{}.addon.efi", self.name));
        ukify.addon("vm.addon=1", &addon)?;
        Ok(Made { uki, addon, cmdlines })
    }
}

/// Microcode for no processor, at the path at which the kernel looks for it.
fn microcode() -> Vec<u8> {
    let mut archive = Archive::default();
    archive.file("kernel/x86/microcode/GenuineIntel.bin", 0o644, &[0; 64]);
    archive.finish()
}

fn by_the_file_method(stage: &Stage<'_>, made: &Made, checks: &mut Checks) -> Result<()> {
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
    let facts = second(stage, &made.cmdlines[0], &mut guest, checks)?;
    println!("{:?}", facts.initrd);
    Ok(())
}

fn by_segments(stage: &Stage<'_>, made: &Made, checks: &mut Checks) -> Result<()> {
    let mut guest = started(stage, made, checks)?;
    let directory = format!("{UKI}.extra.d");
    let put = guest.run(&format!("mkdir {directory} && cp /boot/addon.efi {directory}/one.addon.efi"))?;
    checks.command("an add-on is put beside the image", &put, &[Expect::Exit(0)]);
    loaded("segments", &format!("--profile {OTHER}"), &mut guest, checks)?;
    let facts = second(stage, &format!("{} vm.addon=1", made.cmdlines[1]), &mut guest, checks)?;
    println!("{:?}", facts.initrd);
    Ok(())
}

fn started(stage: &Stage<'_>, made: &Made, checks: &mut Checks) -> Result<Guest> {
    let mut files = Files::default();
    files.copy(UKI, &made.uki)?;
    files.copy("/boot/addon.efi", &made.addon)?;
    stage.lab.add_keys(&mut files)?;
    let (mut guest, _) = stage.boot(Firmware::Bios, "", files)?;
    check_loaded("nothing is loaded yet", false, &mut guest, checks)?;
    Ok(guest)
}

fn loaded(method: &str, options: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let load = guest.run(&format!("skexec load --json --method {method} {KEYS} {UKI} {options}"))?;
    let expected = [Expect::Exit(0), Expect::Json("/loaded", "true"), Expect::Json("/plan/method", method)];
    checks.command(&format!("the image is loaded by the method `{method}`"), &load, &expected);
    check_loaded("the kernel holds an image", true, guest, checks)
}

fn second(stage: &Stage<'_>, cmdline: &str, guest: &mut Guest, checks: &mut Checks) -> Result<Facts> {
    let boot = guest.jump("skexec exec --force")?;
    checks.equal("the kernel of the image came up", &boot.release, &stage.second.release);
    checks.holds("by kexec", boot.by_kexec(), &boot);
    checks.equal("it has the signed command line", &boot.cmdline.trim_end(), &cmdline);
    checks.equal("it found the files of both initrds", &boot.marks, &vec!["second-initrd".to_owned()]);
    guest.facts()
}
