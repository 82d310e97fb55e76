//! Debian's kexec-tools in a guest without a C library: the C library and the dynamic loader are copied with it.

use anyhow::{Context, Result};

use crate::fetch::Group;
use crate::initramfs::Files;
use crate::lab::Lab;

const HOME: &str = "/kexec-tools";

pub(crate) fn add(lab: &Lab, files: &mut Files) -> Result<()> {
    let extras = lab.extras(Group::KexecTools)?;
    files.program(&format!("{HOME}/kexec"), &extras.path("sbin/kexec"))?;
    files.program(&format!("{HOME}/ld.so"), &extras.path("lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"))?;
    for library in extras.shared_libraries()? {
        let name = library.file_name().context("a library without a name")?.to_string_lossy().into_owned();
        files.copy(&format!("{HOME}/lib/{name}"), &library)?;
    }
    Ok(())
}

/// `kexec` with these arguments.
pub(crate) fn command(arguments: &str) -> String {
    format!("{HOME}/ld.so --library-path {HOME}/lib {HOME}/kexec {arguments}")
}
