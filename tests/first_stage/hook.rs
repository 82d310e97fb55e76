//! The hook of initramfs-tools, and the copy of skexec's trust files.

use crate::stage::{Stage, text};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// The hook, with the functions of initramfs-tools replaced by the test's, and a system below the stage's folder.
fn hook(stage: &Stage) {
    let replaced = [
        ("/usr/share/initramfs-tools/hook-functions", "{}/hook-functions"),
        ("/usr/lib/skexec/", "{}/usr/lib/skexec/"),
        ("/etc/default/skexec", "{}/etc/default/skexec"),
        ("copy_exec /usr/sbin/skexec", "copy_exec {}/usr/sbin/skexec"),
        ("-x /usr/sbin/skexec", "-x {}/usr/sbin/skexec"),
        ("skexec_copy_trust \"\"", "skexec_copy_trust \"{}\""),
    ];
    stage.place("initramfs-tools/hook", "hook", &replaced);
    let functions = r#"
copy_exec() { mkdir -p "$DESTDIR/usr/sbin"; cp "$1" "$DESTDIR/usr/sbin"; }
copy_file() { mkdir -p "$DESTDIR/usr/lib/skexec"; cp "$2" "$DESTDIR/usr/lib/skexec"; }
manual_add_modules() { echo "module [$1]" >>"$LOG"; }
"#;
    stage.write("hook-functions", functions);
    stage.place("lib/first-stage.sh", "usr/lib/skexec/first-stage.sh", &[]);
    stage.place("initramfs-tools/credential", "usr/lib/skexec/credential", &[]);
    stage.place("lib/initramfs-trust.sh", "usr/lib/skexec/initramfs-trust.sh", &[]);
    stage.write("usr/sbin/skexec", &"x".repeat(100 << 10));
    stage.mode("usr/sbin/skexec", 0o755);
    stage.write("initramfs/init", "");
}

const HOOK: &str = "skexec_root_uid=$(id -u) DESTDIR={}/initramfs sh {}/hook";

#[test]
fn the_hook_copies_what_skexec_believes_and_keeps_its_doubts() {
    let stage = Stage::new();
    hook(&stage);
    for (name, mode) in [
        ("usr/lib/skexec/trust.d/shipped.pem", 0o644),
        ("usr/lib/skexec/trust.d/masked.pem", 0o644),
        ("etc/skexec/trust.d/mine.pem", 0o600),
        ("etc/skexec/trust.d/open.pem", 0o666),
        ("etc/skexec/revoked.d/list.sha256", 0o644),
        ("etc/skexec/revoked.d/.dot.sha256", 0o644),
        ("usr/lib/skexec/revoked.d/shipped.sha256", 0o644),
        ("etc/skexec/policy.toml", 0o664),
        ("usr/lib/skexec/policy.toml", 0o644),
        ("etc/skexec/policy.conf", 0o644),
        ("elsewhere/linked.pem", 0o644),
        ("open/linked.pem", 0o644),
    ] {
        stage.write(name, name);
        stage.mode(name, mode);
    }
    stage.mode("open", 0o777);
    stage.mode("etc/skexec/revoked.d", 0o777);
    symlink("none", stage.path("etc/skexec/trust.d/dangling.pem")).unwrap();
    symlink("/dev/null", stage.path("etc/skexec/trust.d/masked.pem")).unwrap();
    symlink(stage.path("elsewhere/linked.pem"), stage.path("etc/skexec/trust.d/linked.pem")).unwrap();
    symlink(stage.path("open/linked.pem"), stage.path("etc/skexec/trust.d/linked-open.pem")).unwrap();
    let run = stage.run("sh", HOOK, "");
    assert!(run.status.success(), "{run:?}");
    let said = text(&run.stdout);
    let kib: u32 = said.split(' ').nth(2).unwrap().parse().unwrap_or_else(|_| panic!("{said}"));
    assert!(said.starts_with("skexec: adds ") && (100..200).contains(&kib), "{said}");
    assert_eq!(stage.log(), ["module [efivarfs]"]);
    let copied = |name: &str| stage.path("initramfs").join(name);
    assert!(copied("usr/sbin/skexec").exists() && copied("usr/lib/skexec/first-stage.sh").exists());
    assert!(copied("usr/lib/skexec/credential").exists());
    // skexec must refuse in the initramfs every file that it refuses on this system, so the hook copies these as writable for all.
    for (name, believed) in [
        ("usr/lib/skexec/trust.d", true),
        ("usr/lib/skexec/trust.d/shipped.pem", true),
        ("etc/skexec/trust.d/mine.pem", true),
        ("etc/skexec/trust.d/linked.pem", true),
        ("etc/skexec/trust.d/open.pem", false),
        ("etc/skexec/trust.d/linked-open.pem", false),
        ("etc/skexec/revoked.d", false),
        ("etc/skexec/revoked.d/list.sha256", false),
        ("etc/skexec/revoked.d/.dot.sha256", false),
        ("usr/lib/skexec/revoked.d/shipped.sha256", true),
        ("etc/skexec/policy.toml", false),
        ("usr/lib/skexec/policy.toml", true),
        // skexec refuses everything while the file of former versions exists.
        ("etc/skexec/policy.conf", true),
    ] {
        let mode = fs::symlink_metadata(copied(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o022 == 0, believed, "{name}: {mode:o}: {}", text(&run.stderr));
    }
    assert!(fs::symlink_metadata(copied("etc/skexec/trust.d/dangling.pem")).unwrap().is_symlink());
    let copy = stage.path("initramfs/etc/skexec/trust.d");
    assert_eq!(fs::read_link(copy.join("masked.pem")).unwrap(), Path::new("/dev/null"));
    assert_eq!(fs::read_to_string(copy.join("linked.pem")).unwrap(), "elsewhere/linked.pem");
    assert!(fs::symlink_metadata(copy.join("linked.pem")).unwrap().is_file());
    assert_eq!(text(&run.stderr).matches("will not be believed in the initramfs").count(), 6, "{run:?}");
    assert_eq!(text(&run.stderr).matches("dangling.pem cannot be read").count(), 1, "{run:?}");
}

/// A crash kernel has the running kernel's command line and must not boot anything else.
#[test]
fn the_hook_stays_out_of_kdumps_initramfs() {
    let stage = Stage::new();
    hook(&stage);
    let script = "scripts/init-premount/skexec";
    let made_from = |configuration: &str| {
        stage.write(&format!("initramfs/{script}"), "");
        let run = stage.run("sh", &format!("export CONFDIR={configuration}; {HOOK}"), "");
        assert!(run.status.success(), "{run:?}");
        ["usr/sbin/skexec", script].map(|name| stage.path("initramfs").join(name).exists())
    };
    assert_eq!(made_from("/var/lib/kdump/initramfs-tools"), [false, false]);
    assert_eq!(made_from("/etc/initramfs-tools"), [true, true]);
}

#[test]
fn whatever_fails_the_hook_does_not() {
    let stage = Stage::new();
    hook(&stage);
    let said = |script: &str| {
        let run = stage.run("sh", script, "");
        assert!(run.status.success(), "{run:?}");
        text(&run.stderr)
    };
    let partly = "W: skexec: not all of skexec could be copied";
    let functions = fs::read_to_string(stage.path("hook-functions")).unwrap();
    stage.write("hook-functions", &format!("{functions}copy_exec() {{ return 2; }}\n"));
    assert!(said(HOOK).contains(partly));
    stage.write("hook-functions", "exit 7\n");
    assert!(said(HOOK).contains(partly));
    // If the revocations cannot be copied, the hook removes the program from the initramfs, so that there is no first stage.
    stage.write("etc/skexec/revoked.d/list.sha256", "x");
    stage.write(
        "hook-functions",
        &format!("{functions}cp() {{ case $* in *revoked.d*) false ;; *) command cp \"$@\" ;; esac; }}\n"),
    );
    assert!(said(HOOK).contains(partly));
    assert!(!stage.path("initramfs/usr/sbin/skexec").exists());
    assert!(stage.path("initramfs/usr/lib/skexec/first-stage.sh").exists());
    fs::remove_file(stage.path("hook-functions")).unwrap();
    assert!(said(HOOK).contains(partly));
    stage.write("hook-functions", &functions);
    for broken in ["INITRAMFS=\"no\n", "exit 3\n", "set -e\nfalse\n"] {
        stage.write("etc/default/skexec", broken);
        said(HOOK);
        assert!(stage.path("initramfs/usr/sbin/skexec").exists(), "{broken}");
    }
    fs::remove_file(stage.path("usr/lib/skexec/initramfs-trust.sh")).unwrap();
    assert!(said(HOOK).contains(partly));
    fs::remove_file(stage.path("usr/sbin/skexec")).unwrap();
    assert!(said(HOOK).contains("W: skexec: there is no "));
    stage.write("etc/default/skexec", "INITRAMFS=no\n");
    assert_eq!(said(HOOK), "");
    assert_eq!(said("sh {}/hook prereqs"), "");
}
