//! The debug symbols of Debian's kernels, which are packages of their own: 300 MB each, of which one file is kept.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use super::apt::Apt;
use crate::cache::Cache;

const FILE: &str = "vmlinux";

/// The directory of a release's symbols.
pub(super) fn directory(release: &str) -> String {
    format!("symbols-{release}")
}

pub(super) fn file(cache: &Cache, release: &str) -> PathBuf {
    cache.path(directory(release)).join(FILE)
}

pub(super) fn fetch(apt: &Apt, cache: &Cache, release: &str) -> Result<()> {
    let inside = format!("usr/lib/debug/boot/vmlinux-{release}");
    cache.directory(&directory(release), |unfinished| {
        apt.unpack_file(&format!("linux-image-{release}-dbg"), &format!("./{inside}"), unfinished)?;
        fs::rename(unfinished.join(inside), unfinished.join(FILE))?;
        Ok(fs::remove_dir_all(unfinished.join("usr"))?)
    })?;
    Ok(())
}
