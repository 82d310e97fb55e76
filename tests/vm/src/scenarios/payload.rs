//! The vmlinux for the boots by segments: it is unpacked correctly from every format, complete, and signed so that skexec trusts it.

use std::fs;

use anyhow::Result;

use super::Stage;
use crate::checks::{Checks, Expect};
use crate::fetch::Group;
use crate::initramfs::Files;
use crate::lab::Firmware;
use crate::payload::{self, Format};

const UNKNOWN: &str = "unknown-signer";
/// A size at which each format has more than one block.
const PART: usize = 10 << 20;

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let vmlinux = stage.lab.vmlinux(&stage.second)?;
    let elf = fs::read(&vmlinux.elf)?;
    let version = format!("Linux version {} ", stage.second.release);
    let says = elf.windows(version.len()).any(|window| window == version.as_bytes());
    checks.holds("the vmlinux is the kernel's", says, &version);

    let extras = stage.lab.extras(Group::Compression)?;
    let part = &elf[..PART.min(elf.len())];
    let scratch = stage.lab.scratch("payload");
    for format in Format::ALL {
        let packed = format.pack(part, &scratch, &extras)?;
        let same = payload::unpack(&packed, &scratch, &extras)? == part;
        checks.holds(&format!("{format:?}: packed as the kernel's build does, and unpacked"), same, &packed.len());
    }

    let mut files = Files::default();
    files.copy("/boot/vmlinux", &vmlinux.elf)?;
    files.copy("/boot/vmlinux.p7s", &vmlinux.signature)?;
    stage.lab.add_keys(&mut files)?;
    let (mut guest, _) = stage.boot(Firmware::Bios, "", files)?;
    // Only the signature is checked here; other scenarios check that an ELF file can be loaded.
    let verify = "skexec verify --json --no-system-trust --signature /boot/vmlinux.p7s /boot/vmlinux --keys";
    let owner = guest.run(&format!("{verify} /keys/owner"))?;
    let signer = [Expect::Json("/0/format", "elf"), Expect::Json("/0/signer/issuer", "CN=skexec VM tests, the owner")];
    checks.command("its detached signature is the owner's", &owner, &signer);
    checks.holds("whom skexec trusts with his key", !owner.stdout.contains(UNKNOWN), &owner);
    let debian = guest.run(&format!("{verify} /keys/debian"))?;
    checks.holds("and with no other", debian.stdout.contains(UNKNOWN), &debian);
    Ok(())
}
