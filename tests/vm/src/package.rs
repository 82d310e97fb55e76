//! The Debian package, as `cargo xtask deb` makes it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::lab::Lab;
use crate::tool;

impl Lab {
    /// STUB until `cargo xtask deb` is there: the static program and Debian's key.
    pub(crate) fn package(&self, version: &str) -> Result<PathBuf> {
        let (tree, package) = (self.scratch("package"), self.scratch(&format!("skexec_{version}_amd64.deb")));
        if tree.exists() {
            fs::remove_dir_all(&tree)?;
        }
        let put = |from: &Path, to: &str| -> Result<()> {
            let to = tree.join(to);
            fs::create_dir_all(to.parent().unwrap_or(&tree))?;
            fs::copy(from, to)?;
            Ok(())
        };
        put(&self.binaries().skexec, "usr/sbin/skexec")?;
        put(&self.cache().workspace("keys/debian/debian-secure-boot-ca.pem"), "usr/lib/skexec/trust.d/debian-ca.pem")?;
        fs::create_dir_all(tree.join("DEBIAN"))?;
        let control = format!(
            "Package: skexec\nVersion: {version}\nArchitecture: amd64\nMaintainer: nobody <nobody@localhost>\nDescription: stub\n"
        );
        fs::write(tree.join("DEBIAN/control"), control)?;
        tool::run(Command::new("dpkg-deb").args(["--root-owner-group", "--build"]).arg(&tree).arg(&package))?;
        Ok(package)
    }
}
