//! The content of a guest's initramfs.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::binaries::Binaries;
use crate::cpio::Archive;
use crate::fetch::{Kernel, Tools};

/// The program that the kernel starts (`rdinit=`). It is not `/init`, so that an initrd of the user can be joined.
pub(crate) const INIT: &str = "/vm/init";

/// The path in the guest of the second kernel's initrd.
pub(crate) const BASE: &str = "/boot/initrd";

const EMPTY: [&str; 7] = ["bin", "dev", "proc", "run", "sys", "tmp", "vm/marks"];

/// The files that every kernel needs to boot, report itself, and run skexec.
pub(crate) fn base(binaries: &Binaries, tools: &Tools, kernels: &[Option<&Kernel>]) -> Result<Vec<u8>> {
    let mut archive = Archive::default();
    for directory in EMPTY {
        archive.directory(directory);
    }
    archive.file("vm/init", 0o755, include_bytes!("../guest/init.sh"));
    archive.file("bin/busybox", 0o755, &read(&tools.busybox())?);
    archive.file("bin/agent", 0o755, &read(&binaries.agent)?);
    archive.file("bin/skexec", 0o755, &read(&binaries.skexec)?);
    for kernel in kernels.iter().flatten() {
        if let Some(module) = &kernel.efivarfs {
            archive.file(&format!("vm/modules/{}/efivarfs.ko", kernel.release), 0o644, &read(module)?);
        }
    }
    Ok(archive.finish())
}

/// The files of one test, to be joined to [`base`].
#[derive(Debug, Default)]
pub(crate) struct Files(Archive);

impl Files {
    pub(crate) fn copy(&mut self, guest_path: &str, file: &Path) -> Result<()> {
        self.add(guest_path, &read(file)?);
        Ok(())
    }

    pub(crate) fn program(&mut self, guest_path: &str, file: &Path) -> Result<()> {
        self.0.file(guest_path.trim_start_matches('/'), 0o755, &read(file)?);
        Ok(())
    }

    pub(crate) fn script(&mut self, guest_path: &str, text: &str) {
        self.0.file(guest_path.trim_start_matches('/'), 0o755, text.as_bytes());
    }

    pub(crate) fn add(&mut self, guest_path: &str, content: &[u8]) {
        self.0.file(guest_path.trim_start_matches('/'), 0o644, content);
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0.finish()
    }
}

/// An initrd that contains only a mark, which the second kernel reports.
pub(crate) fn mark(name: &str) -> Vec<u8> {
    let mut files = Files::default();
    files.add(&format!("vm/marks/{name}"), b"");
    files.finish()
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| path.display().to_string())
}
