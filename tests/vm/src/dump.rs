//! Dumps of crashed kernels: the disk that a guest writes them to, and the debugger that opens them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::fetch::Extras;
use crate::root::Scratch;
use crate::tool;

/// A sparse file.
const SIZE: u64 = 1 << 30;
const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";

/// The disk of the guest with this console.
pub(crate) fn disk(console: &Path) -> PathBuf {
    console.with_extension("dumps")
}

/// A disk with an empty ext4 file system, whose driver is in every kernel.
#[derive(Debug)]
pub(crate) struct Disk(Scratch);

impl Disk {
    pub(crate) fn make(console: &Path) -> Result<Self> {
        let file = disk(console);
        File::create(&file)?.set_len(SIZE)?;
        tool::run(Command::new("/sbin/mke2fs").args(["-q", "-F", "-t", "ext4"]).arg(&file))?;
        Ok(Self(Scratch(file)))
    }

    /// Copies a file out of it, after the guest has unmounted it.
    pub(crate) fn take(&self, path: &str) -> Result<Dump> {
        let Scratch(file) = &self.0;
        take(file, path, file.with_extension(path))
    }
}

/// Copies a file out of an ext4 file system.
pub(crate) fn take(image: &Path, path: &str, into: PathBuf) -> Result<Dump> {
    let _ = fs::remove_file(&into);
    // debugfs ends with 0 whatever happens.
    tool::run(Command::new("/sbin/debugfs").arg("-R").arg(format!("dump {path} {}", into.display())).arg(image))?;
    fs::metadata(&into)?;
    Ok(Dump(Scratch(into)))
}

#[derive(Debug)]
pub(crate) struct Dump(Scratch);

impl Dump {
    /// It is removed with this value.
    pub(crate) fn at(file: PathBuf) -> Self {
        Self(Scratch(file))
    }

    /// What `crash` prints for these commands. It is of a later release than the system, and so brings its C library.
    pub(crate) fn examine(&self, crash: &Extras, vmlinux: &Path, commands: &str) -> Result<String> {
        let Scratch(file) = &self.0;
        let script = file.with_extension("commands");
        fs::write(&script, format!("{commands}\nquit\n"))?;
        let libraries = crash.path(LIBRARIES);
        let mut program = Command::new(libraries.join("ld-linux-x86-64.so.2"));
        program.arg("--library-path").arg(&libraries).arg(crash.path("usr/bin/crash"));
        // The settings of whoever runs the tests are not read.
        program.env("HOME", "/nonexistent").current_dir("/").args(["-s", "--no_scroll", "--no_crashrc", "-i"]);
        tool::stdout(program.arg(&script).arg(vmlinux).arg(file))
    }
}
