//! `cargo xtask shell`: an interactive console in the guest.

use anyhow::Result;

use crate::Shell;
use crate::cache::Cache;
use crate::guest;
use crate::lab::{Firmware, Lab, Setup};

/// The end of the greeting; the shell's prompt comes next.
const LAST_WORDS: &str = "`exit` ends the guest, and so does Ctrl-A X";

/// Opens the console for the user, or types `script` there and waits until the guest ends.
pub(crate) fn run(cache: &Cache, options: &Shell, script: Option<&str>) -> Result<()> {
    let lab = Lab::open(cache, options.emulation.accel)?;
    let pair = options.kernels.pair(&lab)?;
    let mut files = lab.exhibits(&pair.second)?;
    let initrds = Lab::initrd_options(&mut files, options.initrd.as_deref())?;
    files.add("/vm/welcome", welcome(&initrds).as_bytes());
    let firmware = if options.bios { Firmware::Bios } else { Firmware::SecureBoot };
    let setup = Setup::new("shell", &pair.first, firmware, "quiet vm.shell", files);
    let machine = lab.machine(setup)?;
    match script {
        Some(script) => guest::scripted(&machine, &lab.tools, LAST_WORDS, script),
        None => guest::interactive(&machine, &lab.tools),
    }
}

fn welcome(initrds: &str) -> String {
    format!(
        "\n\
         /boot/vmlinuz is a signed kernel; beside it lie copies that are not (flipped, unsigned, truncated), one signed\n\
         by a stranger, and one by the owner, whose key the firmware knows. /keys holds certificates. For example:\n\
         \n\
         \x20 skexec verify --keys /keys/debian /boot/vmlinuz*\n\
         \x20 skexec load --keys /keys/debian /boot/vmlinuz {initrds} --reuse-cmdline\n\
         \x20 skexec exec --force\n\
         \n\
         {LAST_WORDS}.\n\n"
    )
}
