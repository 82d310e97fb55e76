//! The boot script of initramfs-tools.

use crate::stage::{LINE, Stage, text};
use std::fs;

/// init-premount, with the functions of initramfs-tools replaced by the test's.
fn premount(stage: &Stage) {
    stage.place("lib/first-stage.sh", "first-stage.sh", &[("skexec_system=\n", "skexec_system={}\n")]);
    let replaced = [
        ("/proc/cmdline", "{}/proc/cmdline"),
        ("/scripts/functions", "{}/functions"),
        ("/scripts/local", "{}/local"),
        ("/usr/lib/skexec/first-stage.sh", "{}/first-stage.sh"),
    ];
    stage.place("initramfs-tools/init-premount", "init-premount", &replaced);
    let functions = r#"
panic() { echo "panic [$*]" >>"$LOG"; }
get_fstype() { echo ext4; }
"#;
    let local = r#"
local_top() { echo local_top >>"$LOG"; }
local_device_setup() { echo "local_device_setup [$1] [$3]" >>"$LOG"; DEV=/dev/vda1; [ ! -e "$LOG.absent" ]; }
"#;
    stage.write("functions", functions);
    stage.write("local", local);
}

#[test]
fn the_boot_script_waits_for_the_device_and_otherwise_does_nothing() {
    let stage = Stage::new();
    premount(&stage);
    // Without skexec.kernel=, the script calls no command.
    stage.write("proc/cmdline", "root=/dev/vda1 ro quiet skexec.root=/dev/vda2\n");
    let run = stage.run("sh", "PATH=/none; . {}/init-premount", "");
    assert!(run.status.success() && run.stdout.is_empty() && run.stderr.is_empty(), "{run:?}");
    let run = stage.run("sh", "sh {}/init-premount prereqs", "");
    assert!(run.status.success() && text(&run.stdout) == "\n", "{run:?}");
    assert_eq!(stage.log(), [""; 0]);

    let script = "ROOT=/dev/vda9 sh {}/init-premount";
    stage.write("proc/cmdline", &format!("{LINE}\n"));
    assert!(stage.run("sh", script, "").status.success());
    let log = stage.log();
    assert_eq!(log[..2], ["local_top", "local_device_setup [LABEL=r] [false]"]);
    assert_eq!(log[6], "skexec [exec] [--force]");
    assert!(log[7].starts_with("panic [skexec: ") && log.len() == 8, "{log:?}");
    // Without skexec.root=, the file system of root= is used.
    stage.write("proc/cmdline", "skexec.kernel=/vmlinuz root=/dev/vda9\n");
    stage.run("sh", script, "");
    assert!(stage.log()[4].ends_with("[--cmdline] [root=/dev/vda9]"));
    stage.run("sh", &script.replace("/dev/vda9", ""), "");
    assert!(stage.log()[0].contains("neither skexec.root= nor root="));

    stage.write("log.absent", "");
    stage.write("proc/cmdline", &format!("{LINE} skexec.onfail=halt\n"));
    stage.run("sh", script, "");
    assert_eq!(stage.log()[2..], ["halt [-f]", "sleep [3600]"]);
    // In an initramfs without skexec, the script reports that skexec is missing.
    fs::remove_file(stage.path("first-stage.sh")).unwrap();
    assert!(stage.run("sh", script, "").status.success());
    assert_eq!(stage.log(), ["panic [skexec: skexec.kernel= was given, but skexec is not in this initramfs]"]);
}
