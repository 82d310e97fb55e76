//! Debian's kexec-tools in a guest without a C library: the C library and the dynamic loader are copied with it.

use anyhow::{Context, Result};

use crate::fetch::Group;
use crate::initramfs::Files;
use crate::lab::Lab;

/// kexec-tools of one release of Debian.
#[derive(Debug)]
pub(crate) struct KexecTools {
    group: Group,
    /// Its directory in the guest.
    home: &'static str,
    program: &'static str,
    loader: &'static str,
}

/// Bookworm's 2.0.25, whose default is kexec_load.
pub(crate) const EARLIER: KexecTools = KexecTools {
    group: Group::KexecTools,
    home: "/kexec-tools",
    program: "sbin/kexec",
    loader: "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
};
/// Trixie's 2.0.29, whose default is `--kexec-syscall-auto`.
pub(crate) const LATER: KexecTools = KexecTools {
    group: Group::LaterKexecTools,
    home: "/later-kexec-tools",
    program: "usr/sbin/kexec",
    loader: "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
};

impl KexecTools {
    pub(crate) fn add(&self, lab: &Lab, files: &mut Files) -> Result<()> {
        let (extras, home) = (lab.extras(self.group)?, self.home);
        files.program(&format!("{home}/kexec"), &extras.path(self.program))?;
        files.program(&format!("{home}/ld.so"), &extras.path(self.loader))?;
        for library in extras.shared_libraries()? {
            let name = library.file_name().context("a library without a name")?.to_string_lossy().into_owned();
            files.copy(&format!("{home}/lib/{name}"), &library)?;
        }
        Ok(())
    }

    /// `kexec` with these arguments.
    pub(crate) fn command(&self, arguments: &str) -> String {
        let home = self.home;
        format!("{home}/ld.so --library-path {home}/lib {home}/kexec {arguments}")
    }
}

pub(crate) fn add(lab: &Lab, files: &mut Files) -> Result<()> {
    EARLIER.add(lab, files)
}

/// `kexec` with these arguments.
pub(crate) fn command(arguments: &str) -> String {
    EARLIER.command(arguments)
}
