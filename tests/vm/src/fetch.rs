//! Fetches everything from outside the repository. Packages are unpacked below the cache, never installed: root is not needed, and the
//! system's packages and package sources are not changed.

mod apt;
mod extras;
mod kernel;
mod package;
mod patience;
mod root;
mod selftests;
mod symbols;
mod tools;

use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use self::apt::Apt;
pub(crate) use self::extras::{Extras, Group, LOADER};
pub(crate) use self::kernel::{Choice, Kernel, Series};
pub(crate) use self::package::{Origin, Package};
pub(crate) use self::root::{LABEL, Maker, Root};
pub(crate) use self::tools::Tools;
use crate::cache::Cache;
use crate::report::Report;

/// Fetches lazily: package lists are downloaded only if something is missing.
#[derive(Debug)]
pub(crate) struct Fetch<'a> {
    cache: &'a Cache,
    report: Report,
}

impl<'a> Fetch<'a> {
    pub(crate) fn new(cache: &'a Cache, report: Report) -> Self {
        Self { cache, report }
    }

    pub(crate) fn tools(&self) -> Result<Tools> {
        if !self.cache.path("tools").exists() {
            let apt = self.apt()?;
            self.report.step("fetch   QEMU, OVMF, busybox, sbsign, openssl", || tools::fetch(&apt, self.cache))?;
        }
        Ok(Tools::new(self.cache.path("tools")))
    }

    pub(crate) fn extras(&self, group: Group) -> Result<Extras> {
        let directory = self.cache.path(group.directory());
        if !directory.exists() {
            let apt = if group.is_foreign() { self.with_lists(Apt::with_arm64(self.cache)?)? } else { self.apt()? };
            let trixie = if group.of_trixie().is_empty() { None } else { Some(self.trixie()?) };
            self.report.step(format_args!("fetch   {}", group.directory()), || {
                group.fetch(&apt, trixie.as_ref(), self.cache)
            })?;
        }
        Ok(Extras::new(directory))
    }

    pub(crate) fn kernel(&self, choice: &Choice) -> Result<Kernel> {
        match choice {
            Choice::Debian(series) => self.debian_kernel(*series),
            Choice::File(image) => {
                fs::create_dir_all(self.cache.path("run"))?;
                Kernel::of_user(image, &self.cache.path("run/modules"), &self.tools()?)
            }
        }
    }

    pub(crate) fn debian_kernel(&self, series: Series) -> Result<Kernel> {
        let directory = self.cache.path(series.directory());
        if !directory.exists() {
            let (apt, tools) = (self.apt()?, self.tools()?);
            self.report.step(format_args!("fetch   Debian's signed kernel {series}"), || {
                kernel::fetch(&apt, self.cache, &tools, series)
            })?;
        }
        Kernel::in_directory(&directory)
    }

    /// The directory of a kernel's modules for file systems, which are to be loaded in the order of their names.
    pub(crate) fn storage_modules(&self, series: Series) -> Result<PathBuf> {
        self.debian_kernel(series)?;
        let directory = self.cache.path(series.storage_directory());
        if !directory.exists() {
            let (apt, tools) = (self.apt()?, self.tools()?);
            self.report.step(format_args!("fetch   the modules for file systems of kernel {series}"), || {
                kernel::fetch_storage(&apt, self.cache, &tools, series)
            })?;
        }
        Ok(directory)
    }

    /// The requested files of a package, and its version.
    pub(crate) fn package(&self, package: &Package) -> Result<package::Unpacked> {
        if !package.is_in(self.cache) {
            let apt = match package.from {
                Origin::Bookworm | Origin::Backports => self.apt()?,
                Origin::Trixie => self.trixie()?,
            };
            self.report.step(format_args!("fetch   {}", package.id), || package.fetch(&apt, self.cache))?;
        }
        package.unpacked(self.cache)
    }

    /// The directory of the kernel's own tests of kexec.
    pub(crate) fn selftests(&self) -> Result<PathBuf> {
        let directory = self.cache.path(selftests::DIRECTORY);
        if directory.exists() {
            return Ok(directory);
        }
        let (apt, compression) = (self.apt()?, self.extras(Group::Compression)?);
        self.report.step("fetch   the kernel's tests of kexec", || selftests::fetch(&apt, &compression, self.cache))
    }

    /// The vmlinux with debug symbols of a kernel that is in the release of this root.
    pub(crate) fn symbols(&self, release: &str, maker: Maker) -> Result<PathBuf> {
        let file = symbols::file(self.cache, release);
        if !file.exists() {
            let apt = self.apt_of(maker)?;
            let what = format!("fetch   the debug symbols of Linux {release} (300 MB)");
            self.report.step(what, || symbols::fetch(&apt, self.cache, release))?;
        }
        Ok(file)
    }

    /// A Debian root file system, made when it is first asked for.
    pub(crate) fn root(&self, maker: Maker) -> Result<Root> {
        let directory = self.cache.path(maker.directory());
        if !directory.exists() {
            let apt = self.apt_of(maker)?;
            let what = format!("fetch   a Debian root ({})", maker.directory());
            self.report.step(what, || root::make(&apt, self.cache, maker))?;
        }
        Ok(Root::new(directory))
    }

    /// Packages that are to be installed in such a root, and what they need, in a directory.
    pub(crate) fn packages_for(&self, maker: Maker, packages: &[&str]) -> Result<PathBuf> {
        let name = format!("{}-with-{}", maker.directory(), packages.first().unwrap_or(&"nothing"));
        let directory = self.cache.path(&name);
        if directory.exists() {
            return Ok(directory);
        }
        let (root, apt) = (self.root(maker)?, self.apt_of(maker)?);
        self.report.step(format_args!("fetch   {name}"), || root::download(&apt, self.cache, &root, packages, &name))
    }

    fn apt_of(&self, maker: Maker) -> Result<Apt> {
        if maker.is_trixie() { self.trixie() } else { self.apt() }
    }

    fn trixie(&self) -> Result<Apt> {
        self.with_lists(Apt::of_trixie(self.cache)?)
    }

    fn apt(&self) -> Result<Apt> {
        self.with_lists(Apt::configure(self.cache)?)
    }

    fn with_lists(&self, apt: Apt) -> Result<Apt> {
        if apt.needs_lists() {
            self.report.step("fetch   Debian's package lists (of our own, below the cache)", || apt.update())?;
        }
        Ok(apt)
    }
}
