//! An initramfs made of files, and the shells that run in it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

/// A command line that asks for a kernel.
pub(crate) const LINE: &str = "ro quiet skexec.root=LABEL=r skexec.kernel=/boot/vmlinuz";

/// Logs its arguments, and exits with the status in its file.
const STUB: &str = r#"#!/bin/sh
line="${0##*/}"
for word in "$@"; do line="$line [$word]"; done
echo "$line" >>"$LOG"
if [ "$line" = "sleep [3600]" ]; then kill -9 $PPID; fi
if [ -r "$0.exit" ]; then exit "$(cat "$0.exit")"; fi
"#;
const COMMANDS: [&str; 8] = ["mount", "umount", "modprobe", "reboot", "halt", "sleep", "skexec", "udevadm"];

/// An initramfs made of files.
pub(crate) struct Stage {
    folder: PathBuf,
}

impl Stage {
    pub(crate) fn new() -> Self {
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

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// A file of the repository, with the paths of a real system replaced.
    pub(crate) fn place(&self, from: &str, to: &str, replaced: &[(&str, &str)]) {
        let mut text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("dist").join(from)).unwrap();
        for (real, ours) in replaced {
            assert!(text.contains(real), "{from} does not name {real}");
            text = text.replace(real, &ours.replace("{}", self.folder.to_str().unwrap()));
        }
        self.write(to, &text);
    }

    /// Runs a script with `LINE` in its environment; returns its output, with the stage's folder as `{}`.
    pub(crate) fn run(&self, shell: &str, script: &str, line: &str) -> Output {
        let path = format!("{}:/usr/bin:/bin:/usr/sbin:/sbin", self.path("bin").display());
        let mut command = Command::new(shell);
        command.arg("-c").arg(script.replace("{}", self.folder.to_str().unwrap())).env("PATH", path);
        command.env("LOG", self.path("log")).env("LINE", line).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap()
    }

    /// The commands that were called since the last call of this function.
    pub(crate) fn log(&self) -> Vec<String> {
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
pub(crate) fn shells() -> impl Iterator<Item = &'static str> {
    ["sh", "bash"].into_iter().filter(|shell| Command::new(shell).arg("-c").arg(":").output().is_ok())
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
