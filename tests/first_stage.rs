//! The first stage of an initramfs and what puts it there (dist/), run by real shells with commands that only say how they
//! were called.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

/// Says in the log how it was called, and ends as its file says.
const STUB: &str = r#"#!/bin/sh
line="${0##*/}"
for word in "$@"; do line="$line [$word]"; done
echo "$line" >>"$LOG"
if [ "$line" = "sleep [3600]" ]; then kill -9 $PPID; fi
if [ -r "$0.exit" ]; then exit "$(cat "$0.exit")"; fi
"#;
const COMMANDS: [&str; 8] = ["mount", "umount", "modprobe", "reboot", "halt", "sleep", "skexec", "udevadm"];

/// An initramfs made of files.
struct Stage {
    folder: PathBuf,
}

impl Stage {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("skexec-first-stage-{}-{number}", std::process::id()));
        let stage = Self { folder };
        for command in COMMANDS {
            stage.write(&format!("bin/{command}"), STUB);
            stage.mode(&format!("bin/{command}"), 0o755);
        }
        stage.write("proc/mounts", "proc /proc proc rw 0 0\n");
        stage.write("log", "");
        stage
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// A file of the repository, with other places for what it finds on a real system.
    fn place(&self, from: &str, to: &str, replaced: &[(&str, &str)]) {
        let mut text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("dist").join(from)).unwrap();
        for (real, ours) in replaced {
            assert!(text.contains(real), "{from} does not name {real}");
            text = text.replace(real, &ours.replace("{}", self.folder.to_str().unwrap()));
        }
        self.write(to, &text);
    }

    /// Runs a script, with `LINE` in its environment; what it printed, the stage's folder as `{}`.
    fn run(&self, shell: &str, script: &str, line: &str) -> Output {
        let path = format!("{}:/usr/bin:/bin:/usr/sbin:/sbin", self.path("bin").display());
        let mut command = Command::new(shell);
        command.arg("-c").arg(script.replace("{}", self.folder.to_str().unwrap())).env("PATH", path);
        command.env("LOG", self.path("log")).env("LINE", line).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap()
    }

    /// The commands since the last time that one asked.
    fn log(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("log")).unwrap();
        fs::write(self.path("log"), "").unwrap();
        text.lines().map(|line| line.replace(self.folder.to_str().unwrap(), "{}")).collect()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).unwrap();
    }
}

/// The shells of this machine: Debian's sh is dash, dracut has bash.
fn shells() -> impl Iterator<Item = &'static str> {
    ["sh", "bash"].into_iter().filter(|shell| Command::new(shell).arg("-c").arg(":").output().is_ok())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const BOOT: &str = r#"
. dist/lib/first-stage.sh
skexec_system={}
skexec_shell() { echo "shell [$*]" >>"$LOG"; }
skexec_parse "$LINE"
skexec_boot /dev/vda1 ext4
"#;

const LINE: &str = "ro quiet skexec.root=LABEL=r skexec.kernel=/boot/vmlinuz";

#[test]
fn words_are_split_and_unquoted_as_the_kernel_does() {
    let stage = Stage::new();
    let script = r#"
. dist/lib/first-stage.sh
skexec_parse "$LINE"
echo "$skexec_root|$skexec_kernel|$(echo $skexec_initrds)|$skexec_append|$skexec_onfail|$skexec_covers|$(skexec_cmdline)"
"#;
    let rows = [
        ("", "||||||root="),
        ("quiet skexec.kernel=/a skexec.root=/dev/vda1", "/dev/vda1|/a|||||root=/dev/vda1"),
        ("skexec.kernel=/a skexec.kernel=/b\n", "|/b|||||root="),
        ("skexec.kernel=\"/a b\" x", "|/a b|||||root="),
        ("\"skexec.kernel=/a b\" x", "|/a b|||||root="),
        ("skexec.kernel=/a=b", "|/a=b|||||root="),
        ("skexec.initrd=/i skexec.initrd=/j", "||/i /j||||root="),
        ("skexec.append=quiet skexec.append=\"a b\"", "|||quiet a b|||root= quiet a b"),
        ("skexec.append=dyndbg=\"file x +p\"", "|||dyndbg=\"file x +p\"|||root= dyndbg=\"file x +p\""),
        ("skexec.root=UUID=1-2 skexec.append=\"ro x\"", "UUID=1-2|||ro x|||root=UUID=1-2 ro x"),
        ("skexec.root=A skexec.append=\"x root=B\"", "A|||x root=B|||x root=B"),
        ("skexec.root=A skexec.append=rd.root=B", "A|||rd.root=B|||root=A rd.root=B"),
        ("skexec.onfail=halt skexec.covers=kernel", "||||halt|kernel|root="),
        ("x -- skexec.kernel=/a", "||||||root="),
        ("notskexec.kernel=/a x.skexec.kernel=/a skexec.kernel", "||||||root="),
        ("skexec.kernel=/* skexec.append='$(reboot) `x` \\n'", "|/*||'$(reboot)|||root= '$(reboot)"),
        ("skexec.append=\"$(reboot) `x` \\n *\"", "|||$(reboot) `x` \\n *|||root= $(reboot) `x` \\n *"),
    ];
    for shell in shells() {
        for (line, wanted) in rows {
            let run = stage.run(shell, script, line);
            // Of the two shells' own echo, only one minds backslashes.
            let script = script.replace("echo \"", "printf '%s\\n' \"");
            let run = if line.contains('\\') { stage.run(shell, &script, line) } else { run };
            assert_eq!(text(&run.stdout).trim_end_matches('\n'), wanted, "{shell}: {line}: {}", text(&run.stderr));
        }
        let run = stage.run(shell, script, "skexec.kernle=/a");
        assert_eq!(text(&run.stderr), "skexec: warning: skexec.kernle= is not known\n");
    }
    assert_eq!(stage.log(), [""; 0]);
}

#[test]
fn a_trusted_kernel_is_loaded_from_a_disk_that_is_only_read() {
    let stage = Stage::new();
    let mount = "mount [-t] [ext4] [-o] [ro,nodev,nosuid,noexec,noload] [/dev/vda1] [{}/run/skexec-root]";
    let security = "mount [-t] [securityfs] [-o] [nodev,nosuid,noexec] [securityfs] [{}/sys/kernel/security]";
    let load = "skexec [load] [{}/run/skexec-root/boot/vmlinuz]";
    let rows = [
        ("", "[--no-initrd] [--require-signed-initrd] [--cmdline] [root=LABEL=r]"),
        (
            "skexec.initrd=\"/a b\" skexec.initrd=/* skexec.append=quiet",
            "[--initrd] [{}/run/skexec-root/a b] [--initrd] [{}/run/skexec-root/*] [--require-signed-initrd] [--cmdline] \
             [root=LABEL=r quiet]",
        ),
        ("skexec.initrd=i skexec.covers=kernel", "[--initrd] [{}/run/skexec-root/i] [--cmdline] [root=LABEL=r]"),
        ("skexec.covers=kernle", "[--no-initrd] [--require-signed-initrd] [--cmdline] [root=LABEL=r]"),
    ];
    for shell in shells() {
        for (more, wanted) in rows {
            let run = stage.run(shell, BOOT, &format!("{LINE} {more}"));
            let wanted = [
                mount.to_owned(),
                security.to_owned(),
                format!("{load} {wanted}"),
                "umount [{}/run/skexec-root]".to_owned(),
                "skexec [exec] [--force]".to_owned(),
                // It came back, which is a failure.
                "shell [skexec: /boot/vmlinuz on LABEL=r is loaded, but the jump failed (exit code 0)]".to_owned(),
            ];
            assert_eq!(stage.log(), wanted, "{shell}: {more}: {}", text(&run.stderr));
        }
    }
    stage.run("sh", BOOT, &format!("{LINE} skexec.rootflags=subvol=@"));
    assert!(stage.log()[0].contains("[ro,nodev,nosuid,noexec,subvol=@]"));
    assert!(!stage.path("proc/sysrq-trigger").exists());
}

#[test]
fn on_an_efi_machine_the_variables_are_mounted_once() {
    let stage = Stage::new();
    fs::create_dir_all(stage.path("sys/firmware/efi/efivars")).unwrap();
    let efivars = "mount [-t] [efivarfs] [-o] [ro,nodev,nosuid,noexec] [efivarfs] [{}/sys/firmware/efi/efivars]";
    stage.run("sh", BOOT, LINE);
    assert_eq!(stage.log()[1..3], ["modprobe [-q] [efivarfs]", efivars]);
    stage.write(
        "proc/mounts",
        "e /sys/firmware/efi/efivars efivarfs rw 0 0\ns /sys/kernel/security securityfs rw 0 0\n",
    );
    stage.run("sh", BOOT, LINE);
    assert!(stage.log()[1].starts_with("skexec [load]"));
    // Where they cannot be had, skexec says what it makes of that.
    stage.write("proc/mounts", "");
    stage.write("bin/mount.exit", "1");
    let run = stage.run("sh", &BOOT.replace("skexec_boot /dev/vda1 ext4", "skexec_mount_kernels_own; echo on"), LINE);
    assert_eq!(text(&run.stdout), "on\n");
    assert!(text(&run.stderr).contains("warning: cannot mount efivarfs\n"), "{run:?}");
}

#[test]
fn a_refusal_does_what_onfail_says() {
    let stage = Stage::new();
    stage.write("bin/skexec.exit", "3");
    let failed = "/boot/vmlinuz on LABEL=r is not booted (exit code 3)";
    let shell_words = format!("shell [skexec: {failed}]");
    for shell in shells() {
        for (onfail, end) in [
            ("", vec![shell_words.as_str()]),
            ("skexec.onfail=shell", vec![&shell_words]),
            ("skexec.onfail=reboto", vec![&shell_words]),
            ("skexec.onfail=reboot", vec!["sleep [10]", "reboot [-f]", "sleep [3600]"]),
            ("skexec.onfail=halt", vec!["halt [-f]", "sleep [3600]"]),
        ] {
            let run = stage.run(shell, BOOT, &format!("{LINE} {onfail}"));
            let log = stage.log();
            assert!(!log.contains(&"skexec [exec] [--force]".to_owned()), "{shell}: {onfail}: {log:?}");
            assert_eq!(log[3], "umount [{}/run/skexec-root]");
            assert_eq!(log[4..], end, "{shell}: {onfail}");
            assert!(text(&run.stderr).contains(&format!("skexec: {failed}\n")), "{run:?}");
        }
    }
    // Where reboot and halt do nothing, the kernel is asked itself; the machine does not go on.
    stage.run("sh", BOOT, &format!("{LINE} skexec.onfail=reboot"));
    assert_eq!(fs::read_to_string(stage.path("proc/sysrq-trigger")).unwrap(), "b\n");
    stage.run("sh", BOOT, &format!("{LINE} skexec.onfail=halt"));
    assert_eq!(fs::read_to_string(stage.path("proc/sysrq-trigger")).unwrap(), "o\n");
    // What cannot be mounted is not read.
    stage.log();
    stage.write("bin/mount.exit", "32");
    stage.run("sh", BOOT, LINE);
    let log = stage.log();
    assert_eq!(log[1..], ["shell [skexec: cannot mount /dev/vda1, which skexec.root= names]"]);
}

/// init-premount, with functions of ours for those of initramfs-tools.
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
    // Without skexec.kernel= not even a command is looked for.
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
    // Without skexec.root= the file system is root='s.
    stage.write("proc/cmdline", "skexec.kernel=/vmlinuz root=/dev/vda9\n");
    stage.run("sh", script, "");
    assert!(stage.log()[4].ends_with("[--cmdline] [root=/dev/vda9]"));
    stage.run("sh", &script.replace("/dev/vda9", ""), "");
    assert!(stage.log()[0].contains("neither skexec.root= nor root="));

    stage.write("log.absent", "");
    stage.write("proc/cmdline", &format!("{LINE} skexec.onfail=halt\n"));
    stage.run("sh", script, "");
    assert_eq!(stage.log()[2..], ["halt [-f]", "sleep [3600]"]);
    // An initramfs that was made without skexec says so.
    fs::remove_file(stage.path("first-stage.sh")).unwrap();
    assert!(stage.run("sh", script, "").status.success());
    assert_eq!(stage.log(), ["panic [skexec: skexec.kernel= was given, but skexec is not in this initramfs]"]);
}

/// dracut's hooks, with functions of ours for dracut's.
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
    let device = format!("block:{}/dev/r", stage.folder.display());
    assert_eq!(hook("cmdline", "", LINE), format!("root={device} ok=1\n"));
    assert_eq!(hook("cmdline", "root=LABEL=x\n", LINE), "root=LABEL=x ok=\n");
    assert_eq!(hook("cmdline", "ROOT=LABEL=r\n", "skexec.kernel=/a"), format!("root={device} ok=1\n"));
    assert_eq!(stage.log(), ["wait [{}/dev/r]"; 3]);
    assert!(stage.path("need-initqueue").exists());

    // It is not there yet: only the timeout minds.
    hook("pre-mount", "", LINE);
    assert_eq!(stage.log(), [""; 0]);
    hook("timeout", "", LINE);
    let absent = "shell [-n skexec skexec: LABEL=r, which skexec.root= names, did not appear]";
    assert_eq!(stage.log(), ["cancel [{}/dev/r]", absent]);
    stage.write("dev/r", "");
    hook("timeout", "", LINE);
    assert_eq!(stage.log(), [""; 0]);
    hook("pre-mount", "", LINE);
    let log = stage.log();
    assert_eq!(log[0], "udevadm [info] [--query=property] [--name={}/dev/r]");
    assert_eq!(log[1], "mount [-o] [ro,nodev,nosuid,noexec] [{}/dev/r] [{}/run/skexec-root]");
    assert_eq!(log[5], "skexec [exec] [--force]");
}

/// The hook, with functions of ours for those of initramfs-tools, and a system below the stage's folder.
fn hook(stage: &Stage) {
    let replaced = [
        ("/usr/share/initramfs-tools/hook-functions", "{}/hook-functions"),
        ("/usr/lib/skexec/", "{}/usr/lib/skexec/"),
        ("/etc/default/skexec", "{}/etc/default/skexec"),
        ("/usr/sbin/skexec", "{}/usr/sbin/skexec"),
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
        ("etc/skexec/policy.conf", 0o664),
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
    // What skexec does not believe here it does not believe there: others may write to it.
    for (name, believed) in [
        ("usr/lib/skexec/trust.d", true),
        ("usr/lib/skexec/trust.d/shipped.pem", true),
        ("etc/skexec/trust.d/mine.pem", true),
        ("etc/skexec/trust.d/linked.pem", true),
        ("etc/skexec/trust.d/open.pem", false),
        ("etc/skexec/trust.d/linked-open.pem", false),
        ("etc/skexec/revoked.d", false),
        ("etc/skexec/revoked.d/list.sha256", false),
        ("etc/skexec/policy.conf", false),
    ] {
        let mode = fs::symlink_metadata(copied(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o022 == 0, believed, "{name}: {mode:o}: {}", text(&run.stderr));
    }
    assert!(fs::symlink_metadata(copied("etc/skexec/trust.d/dangling.pem")).unwrap().is_symlink());
    let copy = stage.path("initramfs/etc/skexec/trust.d");
    assert_eq!(fs::read_link(copy.join("masked.pem")).unwrap(), Path::new("/dev/null"));
    assert_eq!(fs::read_to_string(copy.join("linked.pem")).unwrap(), "elsewhere/linked.pem");
    assert!(fs::symlink_metadata(copy.join("linked.pem")).unwrap().is_file());
    assert_eq!(text(&run.stderr).matches("will not be believed in the initramfs").count(), 5, "{run:?}");
    assert_eq!(text(&run.stderr).matches("dangling.pem cannot be read").count(), 1, "{run:?}");
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
    fs::remove_file(stage.path("hook-functions")).unwrap();
    assert!(said(HOOK).contains(partly));
    stage.write("hook-functions", &functions);
    fs::remove_file(stage.path("usr/lib/skexec/initramfs-trust.sh")).unwrap();
    assert!(said(HOOK).contains(partly));
    fs::remove_file(stage.path("usr/sbin/skexec")).unwrap();
    assert!(said(HOOK).contains("W: skexec: there is no "));
    stage.write("etc/default/skexec", "INITRAMFS=no\n");
    assert_eq!(said(HOOK), "");
    assert_eq!(said("sh {}/hook prereqs"), "");
}
