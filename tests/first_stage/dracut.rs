//! dracut's hooks.

use crate::stage::{LINE, Stage, text};
use std::fs;

/// dracut's hooks, with dracut's functions replaced by the test's.
fn dracut(stage: &Stage) {
    stage.place("lib/first-stage.sh", "first-stage.sh", &[("skexec_system=\n", "skexec_system={}\n")]);
    stage.place("dracut/skexec-lib.sh", "skexec-lib.sh", &[("/usr/lib/skexec/first-stage.sh", "{}/first-stage.sh")]);
    for hook in ["cmdline", "timeout", "pre-mount"] {
        let name = format!("skexec-{hook}.sh");
        let mut replaced = vec![("/lib/skexec-lib.sh", "{}/skexec-lib.sh")];
        if hook == "cmdline" {
            replaced.push(("/lib/dracut/", "{}/"));
        }
        stage.place(&format!("dracut/{name}"), &name, &replaced);
    }
}

const DRACUT: &str = r#"
getcmdline() { printf '%s' "$LINE"; }
getarg() { echo "$ROOT"; }
label_uuid_to_dev() { case $1 in LABEL=*) echo "{}/dev/${1#LABEL=}";; *) echo "$1";; esac; }
wait_for_dev() { echo "wait [$1]" >>"$LOG"; }
cancel_wait_for_dev() { echo "cancel [$1]" >>"$LOG"; }
emergency_shell() { echo "shell [$*]" >>"$LOG"; }
"#;

#[test]
fn dracuts_hooks_do_the_same() {
    let stage = Stage::new();
    dracut(&stage);
    let hook = |name: &str, more: &str, line: &str| {
        let script = format!("{DRACUT}{more}. {{}}/skexec-{name}.sh; echo \"root=$root ok=$rootok\"");
        text(&stage.run("bash", &script, line).stdout)
    };
    for name in ["cmdline", "timeout", "pre-mount"] {
        assert_eq!(hook(name, "", "root=LABEL=r skexec.root=LABEL=r"), "root= ok=\n");
    }
    assert_eq!(stage.log(), [""; 0]);

    assert!(!stage.path("need-initqueue").exists());
    let device = format!("block:{}dev/r", stage.path("").display());
    assert_eq!(hook("cmdline", "", LINE), format!("root={device} ok=1\n"));
    assert_eq!(hook("cmdline", "root=LABEL=x\n", LINE), "root=LABEL=x ok=\n");
    assert_eq!(hook("cmdline", "ROOT=LABEL=r\n", "skexec.kernel=/a"), format!("root={device} ok=1\n"));
    assert_eq!(stage.log(), ["wait [{}/dev/r]"; 3]);
    assert!(stage.path("need-initqueue").exists());

    // The device disappeared after dracut had waited for it; that is a failure, too.
    hook("pre-mount", "", LINE);
    assert_eq!(stage.log(), ["shell [-n skexec skexec: LABEL=r, which skexec.root= names, is not there]"]);
    fs::create_dir_all(stage.path("run")).unwrap();
    hook("timeout", "", LINE);
    let absent = "shell [-n skexec skexec: LABEL=r, which skexec.root= names, did not appear]";
    assert_eq!(stage.log(), ["cancel [{}/dev/r]", absent]);
    // After the user has left the shell, this kernel's own system boots.
    hook("pre-mount", "", LINE);
    assert_eq!(stage.log(), [""; 0]);
    stage.write("dev/r", "");
    hook("timeout", "", LINE);
    assert_eq!(stage.log(), [""; 0]);
    hook("pre-mount", "", LINE);
    let log = stage.log();
    assert_eq!(log[0], "udevadm [info] [--query=property] [--name={}/dev/r]");
    assert_eq!(log[1], "mount [-o] [ro,nodev,nosuid,noexec] [{}/dev/r] [{}/run/skexec-root]");
    assert_eq!(log[5], "skexec [exec] [--force]");
}

/// dracut adds a module whose check() fails with 255 only if it is named.
#[test]
fn dracuts_module_stays_out_of_kdumps_initramfs() {
    let stage = Stage::new();
    stage.place("dracut/module-setup.sh", "module-setup.sh", &[]);
    let check = |words: &str| {
        let script =
            format!("require_binaries() {{ :; }}\ndracutsysrootdir={{}} {words}\n. {{}}/module-setup.sh; check");
        stage.run("bash", &script, "").status.code()
    };
    for with in ["", "add_dracutmodules=kdumper", "add_dracutmodules=' lvm kdump-not '"] {
        assert_eq!(check(with), Some(0), "{with}");
    }
    for with in ["add_dracutmodules=' kdumpbase '", "force_add_dracutmodules=kdump", "dracutmodules='base kdumpbase'"] {
        assert_eq!(check(with), Some(255), "{with}");
    }
    stage.write("etc/default/skexec", "INITRAMFS=no\n");
    assert_eq!(check(""), Some(255));
}
