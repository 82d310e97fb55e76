//! A complete Debian system, made by mmdebstrap: systemd, both kernels, and an initramfs for each.
//!
//! It needs root, or fakeroot and the user namespaces that mmdebstrap then uses. The harness mounts nothing: `mke2fs -d` writes the
//! file system.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use nix::unistd::geteuid;

use super::apt::Apt;
use super::kernel::{META_PACKAGE, Series};
use crate::cache::Cache;
use crate::tool;

/// The label of the image, which its `root=` names.
pub(crate) const LABEL: &str = "vmroot";
/// The size of the image, which is a sparse file.
const SIZE: &str = "1600M";
/// The packages in addition to those of `minbase`.
const PACKAGES: &str = "systemd,systemd-sysv,udev,dbus,kmod,e2fsprogs,cpio,zstd,openssl";

/// The generator of its initramfs, and its release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Maker {
    InitramfsTools,
    Dracut,
    /// initramfs-tools, in the release after bookworm, with the one kernel of that release
    Trixie,
}

impl Maker {
    /// busybox is recommended, and its absence would change the emergency shell.
    fn packages(self) -> &'static str {
        match self {
            Self::InitramfsTools | Self::Trixie => "initramfs-tools,busybox",
            Self::Dracut => "dracut",
        }
    }

    pub(super) fn is_trixie(self) -> bool {
        self == Self::Trixie
    }

    pub(super) fn directory(self) -> &'static str {
        match self {
            Self::InitramfsTools => "root-initramfs-tools",
            Self::Dracut => "root-dracut",
            Self::Trixie => "root-trixie",
        }
    }
}

/// The image, and the kernels and initramfs files that boot it.
#[derive(Debug, Clone)]
pub(crate) struct Root {
    directory: PathBuf,
}

impl Root {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// An ext4 file system.
    pub(crate) fn image(&self) -> PathBuf {
        self.directory.join("root.ext4")
    }

    pub(crate) fn kernel(&self, release: &str) -> PathBuf {
        self.directory.join(format!("vmlinuz-{release}"))
    }

    pub(crate) fn initrd(&self, release: &str) -> PathBuf {
        self.directory.join(format!("initrd.img-{release}"))
    }

    /// The release of the kernel that belongs to a series.
    pub(crate) fn release(&self, series: Series) -> Result<String> {
        let prefix = format!("vmlinuz-{series}.");
        for entry in fs::read_dir(&self.directory)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.starts_with(&prefix) {
                return Ok(name.trim_start_matches("vmlinuz-").to_owned());
            }
        }
        anyhow::bail!("{} holds no {prefix}*", self.directory.display())
    }
}

pub(super) fn make(apt: &Apt, cache: &Cache, maker: Maker) -> Result<()> {
    let program = cache.directory("tools-mmdebstrap", |unfinished| apt.unpack("mmdebstrap", unfinished))?;
    let mut packages = [PACKAGES, maker.packages(), &apt.meaning_of(META_PACKAGE, false)?].join(",");
    if !maker.is_trixie() {
        packages += &format!(",{}", apt.meaning_of(META_PACKAGE, true)?);
    }
    let release = if maker.is_trixie() { "trixie" } else { "bookworm" };
    cache.directory(maker.directory(), |unfinished| {
        let archive = unfinished.join("root.tar");
        bootstrap(&program, release, &packages, &apt.sources(), &archive)?;
        write_image(&archive, &cache.workspace("tests/vm/guest/root"), unfinished)?;
        Ok(fs::remove_file(archive)?)
    })?;
    Ok(())
}

/// Downloads packages and all that they need and a root does not have.
pub(super) fn download(apt: &Apt, cache: &Cache, root: &Root, packages: &[&str], name: &str) -> Result<PathBuf> {
    let installed =
        tool::stdout(Command::new("/sbin/debugfs").args(["-R", "cat /var/lib/dpkg/status"]).arg(root.image()))?;
    cache.directory(name, |unfinished| {
        let status = unfinished.join("status");
        fs::write(&status, installed)?;
        apt.download_for(packages, &status, unfinished)
    })
}

fn bootstrap(program: &Path, release: &str, packages: &str, sources: &Path, archive: &Path) -> Result<()> {
    let mut mmdebstrap = Command::new(program.join("usr/bin/mmdebstrap"));
    mmdebstrap.args(["--quiet", "--variant=minbase", "--architectures=amd64", "--format=tar", "--include", packages]);
    mmdebstrap.arg(release).arg(archive).arg(sources);
    // mmdebstrap's temporary directory becomes as large as the system.
    tool::run(mmdebstrap.env("TMPDIR", archive.parent().context("a directory")?))
}

/// Unpacks the system, adds the harness's units, and writes the file system. One shell does all of this, because fakeroot remembers
/// the owners of files only while it runs.
fn write_image(archive: &Path, ours: &Path, into: &Path) -> Result<()> {
    const SCRIPT: &str = "set -e
        mkdir tree
        tar --extract --numeric-owner --exclude='./dev/*' --directory tree --file \"$1\"
        cp --recursive --no-dereference --no-preserve=ownership \"$2\"/. tree/
        cp tree/boot/vmlinuz-* tree/boot/initrd.img-* .
        rm tree/boot/System.map-*
        /sbin/mke2fs -q -t ext4 -L \"$3\" -d tree root.ext4 \"$4\"
        rm -r tree";
    let mut shell = if geteuid().is_root() {
        Command::new("sh")
    } else {
        let mut fakeroot = Command::new("fakeroot");
        fakeroot.arg("sh");
        fakeroot
    };
    shell.current_dir(into).stdin(Stdio::null()).args(["-c", SCRIPT, "sh"]);
    tool::run(shell.arg(archive).arg(ours).args([LABEL, SIZE]))
}
