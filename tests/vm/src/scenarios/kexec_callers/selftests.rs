//! The kernel's own tests of kexec (tools/testing/selftests/kexec), unchanged, with skexec and with two versions of kexec-tools.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};

use super::files;
use crate::checks::{Checks, Expect};
use crate::fetch::{Extras, Group, Origin, Package};
use crate::guest::Guest;
use crate::initramfs::Files;
use crate::kexec_tools::{EARLIER, LATER};
use crate::lab::{Firmware, Setup};
use crate::scenarios::Stage;

/// The configuration of the kernel that the guest runs.
const CONFIG: Package = Package {
    id: "config-6.1",
    name: "linux-image-cloud-amd64",
    meta: true,
    from: Origin::Bookworm,
    files: &["config"],
};
/// What busybox does not have, or has with fewer options. awk is mawk.
const PROGRAMS: [&str; 10] = ["arch", "bash", "cut", "find", "getfattr", "grep", "hexdump", "mawk", "pesign", "tail"];
/// The names of their libraries begin so.
const LIBRARIES: [&str; 17] = [
    "libc.",
    "libdl.",
    "libefivar.",
    "libfreebl",
    "libm.",
    "libnspr4.",
    "libnss3.",
    "libnssutil3.",
    "libpcre2-8.",
    "libplc4.",
    "libplds4.",
    "libpopt.",
    "libselinux.",
    "libsmime3.",
    "libsoftokn3.",
    "libsqlite3.",
    "libtinfo.",
];
const LOADER: &str = "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2";

/// The programs that the tests know as `kexec`, each in a directory of its own.
const PLACES: &str = "mkdir -p /with/skexec && ln -s /bin/skexec /with/skexec/kexec && \
                      mkdir -p /etc/pki/pesign && ln -s mawk /usr/bin/awk";
const SKEXEC: &str = "skexec";
/// skexec that is told to use kexec_load, unless a test asks for the other call.
const SEGMENTS: &str = "skexec-c";
const TOOLS: &str = "kexec-tools";
const LATER_TOOLS: &str = "later-kexec-tools";

const LOAD: &str = "test_kexec_load.sh";
const FILE_LOAD: &str = "test_kexec_file_load.sh";

/// A test with a kernel, and how it ends with each program.
#[derive(Debug)]
struct Row {
    secure_boot: bool,
    script: &'static str,
    kernel: &'static str,
    /// The program, and the text of the last line.
    ends: &'static [(&'static str, &'static str)],
}

const LOADED: &str = "kexec_load succeeded [PASS]";
const NOT_LOADED: &str = "kexec_load failed [PASS]";
/// The test expects kexec_load, which Secure Boot forbids. Without an option, kexec-tools 2.0.29 and skexec use kexec_file_load.
const BY_THE_OTHER_CALL: &str = "kexec_load succeeded [FAIL]";
const FILE_LOADED: &str = "kexec_file_load succeeded [PASS]";
const NO_KEY: &str = "kexec_file_load failed (-ENOKEY) [PASS]";
const NOT_SIGNED: &str = "kexec_file_load failed (missing PE sig) [PASS]";
const REFUSED: &str = "kexec_file_load failed [PASS]";
/// Nothing enforces signatures there, so kexec-tools loads it. skexec does not.
const LOADED_UNSIGNED: &str = "kexec_file_load succeeded (missing PE sig) [FAIL]";

const ROWS: [Row; 8] = [
    plain(LOAD, "vmlinuz", &[(SKEXEC, LOADED), (SEGMENTS, LOADED), (TOOLS, LOADED), (LATER_TOOLS, LOADED)]),
    plain(FILE_LOAD, "vmlinuz", &[(SKEXEC, FILE_LOADED), (TOOLS, FILE_LOADED), (LATER_TOOLS, FILE_LOADED)]),
    plain(FILE_LOAD, "vmlinuz.unsigned", &[(SKEXEC, NOT_SIGNED), (TOOLS, LOADED_UNSIGNED)]),
    enforced(
        LOAD,
        "vmlinuz",
        &[(SKEXEC, BY_THE_OTHER_CALL), (SEGMENTS, NOT_LOADED), (TOOLS, NOT_LOADED), (LATER_TOOLS, BY_THE_OTHER_CALL)],
    ),
    enforced(FILE_LOAD, "vmlinuz", &[(SKEXEC, FILE_LOADED), (TOOLS, FILE_LOADED), (LATER_TOOLS, FILE_LOADED)]),
    enforced(FILE_LOAD, "vmlinuz.unsigned", &[(SKEXEC, NOT_SIGNED), (TOOLS, NOT_SIGNED)]),
    enforced(FILE_LOAD, "vmlinuz.stranger", &[(SKEXEC, NO_KEY), (TOOLS, NO_KEY)]),
    enforced(FILE_LOAD, "vmlinuz.flipped", &[(SKEXEC, REFUSED), (TOOLS, REFUSED)]),
];

const fn plain(script: &'static str, kernel: &'static str, ends: &'static [(&'static str, &'static str)]) -> Row {
    Row { secure_boot: false, script, kernel, ends }
}

const fn enforced(script: &'static str, kernel: &'static str, ends: &'static [(&'static str, &'static str)]) -> Row {
    Row { secure_boot: true, script, kernel, ends }
}

pub(in crate::scenarios) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    for (firmware, secure_boot) in [(Firmware::Bios, false), (Firmware::SecureBoot, true)] {
        let mut files = files(stage)?;
        let scripts = add(stage, &mut files)?;
        let known: BTreeSet<_> = ROWS.iter().map(|row| row.script.to_owned()).collect();
        checks.equal("each test is run", &scripts, &known);
        let (mut guest, boot) = stage.lab.boot(Setup::new(stage.name, &stage.first, firmware, "", files))?;
        checks.equal("the kernel is locked down", &(boot.lockdown == "integrity"), &secure_boot);
        let done = guest.run(PLACES)?;
        checks.command("the programs are in their places", &done, &[Expect::Exit(0)]);
        for row in ROWS.iter().filter(|row| row.secure_boot == secure_boot) {
            run(row, &mut guest, checks)?;
        }
    }
    Ok(())
}

fn run(row: &Row, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let Row { secure_boot, script, kernel, ends } = row;
    guest.run(&format!("ln -sf {kernel} /boot/vmlinuz-$(uname -r)"))?;
    let place = if *secure_boot { "Secure Boot" } else { "no Secure Boot" };
    for (program, end) in *ends {
        let done = guest
            .run(&format!("cd /selftests && export PATH=/with/{program}:/usr/bin:/bin && exec bash ./{script}"))?;
        // 0 passes, 1 fails and 4 skips a test.
        let exit = i32::from(end.contains("[FAIL]"));
        let name = format!("{place}, {program}, {kernel}: {script}: {end}");
        checks.command(&name, &done, &[Expect::Exit(exit), Expect::Stdout(end)]);
        guest.run("agent file-unload")?;
    }
    Ok(())
}

/// The tests and what they need, and the tests' names.
fn add(stage: &Stage<'_>, files: &mut Files) -> Result<BTreeSet<String>> {
    let lab = stage.lab;
    add_programs(&lab.extras(Group::SelfTests)?, files)?;
    for (tools, place) in [(EARLIER, TOOLS), (LATER, LATER_TOOLS)] {
        tools.add(lab, files)?;
        add_script(place, &tools.command("\"$@\""), files);
    }
    add_script(SEGMENTS, &format!("/with/{SKEXEC}/kexec -c \"$@\""), files);
    let config = lab.package_files(&CONFIG)?.join("config");
    files.copy(&format!("/lib/modules/{}/config", stage.first.release), &config)?;
    let mut tests = BTreeSet::new();
    for entry in fs::read_dir(lab.selftests()?)? {
        let path = entry?.path();
        let name = path.file_name().context("a file without a name")?.to_string_lossy().into_owned();
        files.program(&format!("/selftests/{name}"), &path)?;
        if name.starts_with("test_") {
            tests.insert(name);
        }
    }
    Ok(tests)
}

fn add_script(place: &str, command: &str, files: &mut Files) {
    files.script(&format!("/with/{place}/kexec"), &format!("#!/bin/sh\nexec {command}\n"));
}

/// They find the C library where they expect it.
fn add_programs(extras: &Extras, files: &mut Files) -> Result<()> {
    for program in PROGRAMS {
        let places = ["usr/bin", "bin"].map(|place| extras.path(place).join(program));
        let found = places.iter().find(|path| path.is_file());
        files.program(
            &format!("/usr/bin/{program}"),
            found.with_context(|| format!("{program} is not in its package"))?,
        )?;
    }
    files.program("/lib64/ld-linux-x86-64.so.2", &extras.path(LOADER))?;
    for library in extras.shared_libraries()? {
        let name = library.file_name().context("a library without a name")?.to_string_lossy().into_owned();
        if LIBRARIES.iter().any(|known| name.starts_with(known)) {
            files.copy(&format!("/lib/x86_64-linux-gnu/{name}"), &library)?;
        }
    }
    Ok(())
}
