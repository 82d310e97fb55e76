//! Machines with little memory, and initrds that nearly fit or nearly do not.

use std::time::Duration;

use anyhow::Result;

use super::{LOADED, Stage};
use crate::checks::Checks;
use crate::hardware::Hardware;
use crate::initramfs::Files;
use crate::lab::{Firmware, Setup};

/// In MiB.
const MACHINES: [u64; 3] = [256, 384, 512];
/// Sizes of the initrd, in hundredths of the memory that is available.
const PARTS: [u64; 6] = [20, 30, 40, 50, 60, 90];

pub(in super::super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    for memory in MACHINES {
        let mut files = Files::default();
        files.copy("/boot/vmlinuz", &stage.second.image)?;
        stage.lab.add_keys(&mut files)?;
        let hardware = Hardware { memory: Some(memory), ..Hardware::default() };
        let setup = Setup { hardware, ..Setup::new(stage.name, &stage.first, Firmware::Bios, "", files) };
        let (mut guest, _) = stage.lab.boot(setup)?;
        guest.be_patient(Duration::from_secs(600));
        let script: String = PARTS.iter().map(|part| loads(*part)).collect();
        let done = guest
            .run(&format!("{script} dmesg | grep -iE 'out of memory|oom-kill|page allocation failure' >&2; true"))?;
        let name = format!("{memory} MiB: an initrd that is large is loaded or refused with a reason");
        checks.holds(&name, done.exit == Some(0) && done.stdout.lines().all(|line| line.ends_with(" ok")), &done);
        let name = format!("{memory} MiB: and nothing runs out of memory");
        checks.holds(
            &name,
            !done.stderr.to_lowercase().contains("out of memory") && !done.stderr.contains("oom-kill"),
            &done,
        );
    }
    Ok(())
}

/// Loads an initrd of such a part of the memory by both methods. Its file is sparse, so that it takes none itself.
fn loads(part: u64) -> String {
    let one = |method: &str| {
        format!(
            "skexec load /boot/vmlinuz --keys /keys/debian --initrd /tmp/big --cmdline x --method {method} >/tmp/said 2>&1; code=$?; \
             case $code:{LOADED} in 0:1|[45]:0) end=ok;; *) end=BAD; cat /tmp/said;; esac; \
             echo {part}: $size MiB by {method}: $code $(tail -n 3 /tmp/said | head -n 1 | cut -c1-160) $end; skexec unload >/dev/null; "
        )
    };
    format!(
        "size=$(( $(sed -n 's/^MemAvailable: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo) * {part} / 100 / 1024 )); \
         rm -f /tmp/big; truncate -s ${{size}}M /tmp/big; printf 070701 | dd of=/tmp/big conv=notrunc 2>/dev/null; {}{}",
        one("file"),
        one("segments")
    )
}
