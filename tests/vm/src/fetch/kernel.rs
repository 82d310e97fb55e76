//! Kernels: those of Debian, found by their meta-packages, and files of the user.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};

use super::apt::Apt;
use super::tools::Tools;
use crate::cache::Cache;

pub(super) const META_PACKAGE: &str = "linux-image-cloud-amd64";
const META_PACKAGE_AMD64: &str = "linux-image-amd64";

const EFIVARFS: &str = "efivarfs";

/// Modules for signatures with other algorithms than RSA and SHA-256, in the order in which they must be loaded. 6.12 has the
/// algorithms built in. 6.1 has SHA-512 as a module, and ECDSA only if it was built separately.
const CRYPTO: [&str; 3] = ["ecc", "ecdsa_generic", "sha512_generic"];

/// The kernels that the tests use, all available in one Debian release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Series {
    /// Debian's kernel for virtual machines, compressed by lz4
    V6_1,
    /// Debian's kernel for every machine, compressed by xz
    V6_1Amd64,
    /// Debian's kernel for virtual machines, compressed by zstd
    V6_12,
}

impl Series {
    pub(super) fn directory(self) -> String {
        format!("kernel-{self}-with-modules")
    }

    pub(super) fn storage_directory(self) -> String {
        format!("kernel-{self}-storage")
    }

    fn meta_package(self) -> &'static str {
        if self == Self::V6_1Amd64 { META_PACKAGE_AMD64 } else { META_PACKAGE }
    }

    fn version(self) -> &'static str {
        match self {
            Self::V6_1 | Self::V6_1Amd64 => "6.1",
            Self::V6_12 => "6.12",
        }
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V6_1 => "6.1",
            Self::V6_1Amd64 => "6.1-amd64",
            Self::V6_12 => "6.12",
        })
    }
}

impl FromStr for Series {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::V6_1, Self::V6_1Amd64, Self::V6_12].into_iter().find(|series| series.to_string() == text).ok_or(())
    }
}

/// A kernel as a command line names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    Debian(Series),
    File(PathBuf),
}

impl From<OsString> for Choice {
    fn from(text: OsString) -> Self {
        match text.to_str().and_then(|text| text.parse().ok()) {
            Some(series) => Self::Debian(series),
            None => Self::File(text.into()),
        }
    }
}

/// Modules for file systems and LVM, in the order in which they must be loaded; a kernel may have some of them built in.
const STORAGE: [&str; 7] = ["libcrc32c", "xor", "raid6_pq", "zstd_compress", "xfs", "btrfs", "dm-mod"];

#[derive(Debug, Clone)]
pub(crate) struct Kernel {
    pub(crate) image: PathBuf,
    pub(crate) release: String,
    /// The module for the firmware's variables; Debian builds it as a module. Without it, skexec cannot read dbx and refuses
    /// every file under Secure Boot.
    pub(crate) efivarfs: Option<PathBuf>,
    /// Modules with algorithms, in the order in which they must be loaded; none if they are built in.
    pub(crate) crypto: Vec<PathBuf>,
}

impl Kernel {
    pub(super) fn in_directory(directory: &Path) -> Result<Self> {
        let mut kernel = Self::from_file(&directory.join("vmlinuz"))?;
        kernel.take_modules(directory);
        Ok(kernel)
    }

    /// A file of the user, with its modules if they are installed.
    pub(super) fn of_user(image: &Path, scratch: &Path, tools: &Tools) -> Result<Self> {
        let mut kernel = Self::from_file(image)?;
        let installed = Path::new("/lib/modules").join(&kernel.release).join("kernel");
        if scratch.exists() {
            fs::remove_dir_all(scratch)?;
        }
        fs::create_dir_all(scratch)?;
        if installed.exists() {
            keep_modules(&installed, tools, scratch)?;
        }
        kernel.take_modules(scratch);
        Ok(kernel)
    }

    /// The memory in which the kernel unpacks itself, in bytes; from the setup header.
    pub(crate) fn init_size(&self) -> Result<u64> {
        let image = fs::read(&self.image)?;
        let field = image.get(0x260..0x264).context("the setup header ends before init_size")?;
        Ok(u32::from_le_bytes(field.try_into()?).into())
    }

    fn take_modules(&mut self, directory: &Path) {
        let module = |name: &str| directory.join(format!("{name}.ko"));
        self.efivarfs = Some(module(EFIVARFS)).filter(|path| path.exists());
        self.crypto = CRYPTO.map(module).into_iter().filter(|path| path.exists()).collect();
    }

    fn from_file(image: &Path) -> Result<Self> {
        let bytes = fs::read(image).with_context(|| format!("{}", image.display()))?;
        let release = release(&bytes).with_context(|| format!("{}: not a Linux bzImage", image.display()))?;
        Ok(Self { image: image.to_owned(), release, efivarfs: None, crypto: vec![] })
    }
}

pub(super) fn fetch(apt: &Apt, cache: &Cache, tools: &Tools, series: Series) -> Result<()> {
    let meta_package = series.meta_package();
    let package = apt.meaning_of(meta_package, series == Series::V6_12)?;
    let prefix = format!("linux-image-{}.", series.version());
    ensure!(package.starts_with(&prefix), "{meta_package} is {package} today, not {prefix}*");
    with_package(&package, apt, cache, |unpacked| {
        cache.directory(&series.directory(), |unfinished| keep(unpacked, tools, unfinished)).map(drop)
    })
}

/// Fetches the modules for file systems of a kernel that is in the cache. Their names begin with their place in the order.
pub(super) fn fetch_storage(apt: &Apt, cache: &Cache, tools: &Tools, series: Series) -> Result<()> {
    let release = Kernel::in_directory(&cache.path(series.directory()))?.release;
    with_package(&format!("linux-image-{release}"), apt, cache, |unpacked| {
        let keep = |unfinished: &Path| {
            for (at, module) in STORAGE.iter().enumerate() {
                if let Some(found) = find(unpacked, &|name| is_module(name, module))? {
                    fs::write(unfinished.join(format!("{at}-{module}.ko")), module_bytes(&found, tools)?)?;
                }
            }
            Ok(())
        };
        cache.directory(&series.storage_directory(), keep).map(drop)
    })
}

fn with_package(package: &str, apt: &Apt, cache: &Cache, each: impl Fn(&Path) -> Result<()>) -> Result<()> {
    let unpacked = cache.path("kernel-package");
    fs::create_dir_all(&unpacked)?;
    apt.unpack(package, &unpacked)?;
    each(&unpacked)?;
    fs::remove_dir_all(unpacked)?;
    Ok(())
}

/// Packed or not.
fn is_module(file: &str, module: &str) -> bool {
    file.strip_prefix(module).is_some_and(|rest| rest == ".ko" || rest.starts_with(".ko."))
}

/// Keeps the files of a kernel package that a guest needs.
fn keep(unpacked: &Path, tools: &Tools, into: &Path) -> Result<()> {
    let image = find(unpacked, &|name| name.starts_with("vmlinuz"))?.context("the package holds no vmlinuz")?;
    fs::copy(image, into.join("vmlinuz"))?;
    keep_modules(unpacked, tools, into)?;
    ensure!(into.join("efivarfs.ko").exists(), "the package holds no efivarfs.ko");
    Ok(())
}

/// Unpacks the modules that are there.
fn keep_modules(below: &Path, tools: &Tools, into: &Path) -> Result<()> {
    for module in CRYPTO.into_iter().chain([EFIVARFS]) {
        let file = format!("{module}.ko");
        if let Some(found) = find(below, &|name| name.starts_with(&file))? {
            fs::write(into.join(file), module_bytes(&found, tools)?)?;
        }
    }
    Ok(())
}

/// 6.12 packs its modules, 6.1 does not.
fn module_bytes(module: &Path, tools: &Tools) -> Result<Vec<u8>> {
    match module.extension().and_then(OsStr::to_str) {
        Some("ko") => Ok(fs::read(module)?),
        Some("xz") => {
            let output = Command::new(tools.busybox()).args(["xz", "-dc"]).arg(module).output()?;
            ensure!(output.status.success(), "unpacking {}: {}", module.display(), output.status);
            Ok(output.stdout)
        }
        _ => bail!("{}: a module packed in a way not known here", module.display()),
    }
}

fn find(directory: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<Option<PathBuf>> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() && !path.is_symlink() {
            if let Some(found) = find(&path, wanted)? {
                return Ok(Some(found));
            }
        } else if path.file_name().is_some_and(|name| wanted(&name.to_string_lossy())) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// What `uname -r` will print: the setup header points to it.
fn release(image: &[u8]) -> Option<String> {
    (image.get(0x202..0x206)? == b"HdrS").then_some(())?;
    let pointer = u16::from_le_bytes(image.get(0x20e..0x210)?.try_into().ok()?);
    let text = image.get(usize::from(pointer) + 0x200..)?;
    let end = text.iter().position(|byte| matches!(byte, 0 | b' '))?;
    String::from_utf8(text[..end].to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_a_series_or_a_file() {
        assert_eq!(Choice::from(OsString::from("6.12")), Choice::Debian(Series::V6_12));
        assert_eq!(Choice::from(OsString::from("6.1-amd64")), Choice::Debian(Series::V6_1Amd64));
        assert_eq!(Choice::from(OsString::from("./6.12")), Choice::File("./6.12".into()));
    }

    #[test]
    fn the_release_is_read_from_the_setup_header() {
        let mut image = vec![0; 0x400];
        image[0x202..0x206].copy_from_slice(b"HdrS");
        image[0x20e..0x210].copy_from_slice(&0x40_u16.to_le_bytes());
        image[0x240..0x24d].copy_from_slice(b"6.1.0-x (me) ");
        assert_eq!(release(&image).as_deref(), Some("6.1.0-x"));
        assert_eq!(release(b"MZ"), None);
    }
}
