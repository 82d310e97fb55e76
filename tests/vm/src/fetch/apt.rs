//! A private apt: its own sources, lists, cache and (empty) list of installed packages, all below our cache.
//!
//! It uses bookworm on every system: bookworm has both kernel series that the tests need, and its programs run on every later
//! Debian. The mirrors are those of the system's own apt.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::patience;
use crate::cache::Cache;
use crate::tool;

const RELEASE: &str = "bookworm";
const BACKPORTS: &str = "bookworm-backports";
/// QEMU before 10 has no SHA-NI under TCG, and its cmpxchg16b crashes guests at random.
const FROM_BACKPORTS: &str = "qemu-* seabios";
/// Names of suites that distinguish a Debian mirror from other package sources.
const DEBIAN_SUITES: [&str; 9] =
    ["bookworm", "trixie", "forky", "duke", "oldstable", "stable", "testing", "unstable", "sid"];
/// Debian's keys, as its package of keys installs them (the second name since trixie).
const KEYRINGS: [&str; 2] =
    ["/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp"];
/// Libraries that are always the system's: a program must use the C library of its own loader.
const NOT_UNPACKED: [&str; 1] = ["libc6_"];

#[derive(Debug)]
pub(crate) struct Apt {
    root: PathBuf,
}

impl Apt {
    pub(crate) fn configure(cache: &Cache) -> Result<Self> {
        Self::reading(&[RELEASE, BACKPORTS], &["amd64"], cache.path("apt"))
    }

    /// The release for files that are signed only there.
    pub(crate) fn of_trixie(cache: &Cache) -> Result<Self> {
        Self::reading(&["trixie"], &["amd64"], cache.path("apt-trixie"))
    }

    /// Packages for arm64, in addition to those for this machine.
    pub(crate) fn with_arm64(cache: &Cache) -> Result<Self> {
        Self::reading(&[RELEASE, BACKPORTS], &["amd64", "arm64"], cache.path("apt-arm64"))
    }

    fn reading(suites: &[&str], architectures: &[&str], root: PathBuf) -> Result<Self> {
        for directory in ["state/lists/partial", "archives/partial", "parts"] {
            fs::create_dir_all(root.join(directory))?;
        }
        let apt = Self { root };
        if !apt.sources().exists() {
            fs::write(apt.root.join("status"), "")?;
            fs::write(apt.root.join("preferences"), preferences())?;
            fs::write(apt.sources(), sources(suites)?)?;
        }
        // Written every time, because it contains absolute paths and the checkout may have been moved.
        fs::write(apt.root.join("apt.conf"), configuration(&apt.root, architectures))?;
        Ok(apt)
    }

    /// The file with its sources.
    pub(crate) fn sources(&self) -> PathBuf {
        self.root.join("sources.list")
    }

    pub(crate) fn needs_lists(&self) -> bool {
        !self.root.join("updated").exists()
    }

    pub(crate) fn update(&self) -> Result<()> {
        patience::run(self.apt_get().args(["update", "--error-on=any"]))?;
        fs::write(self.root.join("updated"), "")?;
        Ok(())
    }

    /// Unpacks packages with all their dependencies.
    pub(crate) fn unpack_with_dependencies(&self, packages: &[&str], into: &Path) -> Result<()> {
        let archives = self.root.join("archives");
        patience::run(self.apt_get().args(["install", "--download-only", "--yes"]).args(packages))?;
        for package in packages_in(&archives)? {
            let name = package.file_name().unwrap_or_default().to_string_lossy();
            if !NOT_UNPACKED.iter().any(|prefix| name.starts_with(prefix)) {
                unpack(&package, into)?;
            }
        }
        fs::remove_dir_all(archives)?;
        Ok(())
    }

    /// Unpacks one package alone.
    pub(crate) fn unpack(&self, package: &str, into: &Path) -> Result<()> {
        self.with_package(package, |file| unpack(file, into))
    }

    /// Unpacks one file of a package: `./usr/...`
    pub(crate) fn unpack_file(&self, package: &str, file: &str, into: &Path) -> Result<()> {
        const SCRIPT: &str = "set -o pipefail; dpkg-deb --fsys-tarfile \"$1\" | tar -x -C \"$3\" \"$2\"";
        self.with_package(package, |archive| {
            let mut bash = Command::new("bash");
            tool::run(bash.args(["-c", SCRIPT, "bash"]).arg(archive).arg(file).arg(into))
        })
    }

    fn with_package(&self, package: &str, each: impl Fn(&Path) -> Result<()>) -> Result<()> {
        let scratch = self.root.join("single");
        fs::create_dir_all(&scratch)?;
        patience::run(self.apt_get().current_dir(&scratch).args(["download", package]))?;
        packages_in(&scratch)?.iter().try_for_each(|file| each(file))?;
        fs::remove_dir_all(scratch)?;
        Ok(())
    }

    /// Downloads packages with those of their dependencies that a system with this list of installed packages lacks.
    pub(crate) fn download_for(&self, packages: &[&str], installed: &Path, into: &Path) -> Result<()> {
        fs::create_dir_all(into.join("partial"))?;
        let mut download = self.apt_get();
        let [status, archives] = [("State::status", installed), ("Cache::archives", into)]
            .map(|(name, path)| format!("Dir::{name}={}", path.display()));
        // Without the caches, which are those of the empty list of installed packages.
        for option in [status.as_str(), archives.as_str(), "Dir::Cache::pkgcache=", "Dir::Cache::srcpkgcache="] {
            download.args(["-o", option]);
        }
        patience::run(download.args(["install", "--download-only", "--yes"]).args(packages))
    }

    /// The package that a meta-package currently depends on first, with its version.
    pub(crate) fn meaning_of(&self, meta_package: &str, backports: bool) -> Result<String> {
        let mut show = Command::new("apt-cache");
        if backports {
            show.args(["-o", &format!("APT::Default-Release={BACKPORTS}")]);
        }
        let show = show.env("APT_CONFIG", self.root.join("apt.conf"));
        let text = tool::stdout(show.args(["show", "--no-all-versions", meta_package]))?;
        let depends = text.lines().find_map(|line| line.strip_prefix("Depends: "));
        let first = depends.and_then(|list| list.split(',').next());
        pinned(first.with_context(|| format!("{meta_package} depends on nothing:\n{text}"))?)
    }

    /// The version that would be fetched.
    pub(crate) fn version_of(&self, package: &str) -> Result<String> {
        let mut show = Command::new("apt-cache");
        let show = show.env("APT_CONFIG", self.root.join("apt.conf"));
        let text = tool::stdout(show.args(["show", "--no-all-versions", package]))?;
        let version = text.lines().find_map(|line| line.strip_prefix("Version: "));
        version.map(str::to_owned).with_context(|| format!("{package} has no version:\n{text}"))
    }

    fn apt_get(&self) -> Command {
        let mut command = Command::new("apt-get");
        command.env("APT_CONFIG", self.root.join("apt.conf")).env("DEBIAN_FRONTEND", "noninteractive");
        command
    }
}

/// `name (= version)`, as a dependency is written, to `name=version`, as a command line has it.
fn pinned(dependency: &str) -> Result<String> {
    let mut words = dependency.split([' ', '(', ')', '=']).filter(|word| !word.is_empty());
    let name = words.next().context("an empty dependency")?;
    Ok(words.next().map_or_else(|| name.to_owned(), |version| format!("{name}={version}")))
}

fn configuration(root: &Path, architectures: &[&str]) -> String {
    let architectures: String = architectures.iter().map(|name| format!(" \"{name}\";")).collect();
    let at = |name: &str| root.join(name).display().to_string();
    format!(
        r#"Dir::State "{}";
Dir::State::status "{}";
Dir::Cache "{}";
Dir::Cache::archives "{}";
Dir::Etc::sourcelist "{}";
Dir::Etc::sourceparts "{parts}";
Dir::Etc::preferences "{}";
Dir::Etc::preferencesparts "{parts}";
APT::Architecture "amd64";
APT::Architectures {{{architectures} }};
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
"#,
        at("state"),
        at("status"),
        at("."),
        at("archives"),
        at("sources.list"),
        at("preferences"),
        parts = at("parts"),
    )
}

fn preferences() -> String {
    format!("Package: {FROM_BACKPORTS}\nPin: release n={BACKPORTS}\nPin-Priority: 900\n")
}

/// Our sources, on the mirrors that the system's apt is set to: these suites, and the first one's security updates.
fn sources(suites: &[&str]) -> Result<String> {
    // Lists what an update would fetch, and fetches nothing: it works without root, and before any update was made.
    let planned = tool::stdout(Command::new("apt-get").args(["update", "--print-uris"]))
        .context("the tests take QEMU and the kernels from Debian, by apt-get and dpkg-deb")?;
    let mirrors = Mirrors::among(&planned);
    let main = mirrors.main.context(
        "apt's sources name no Debian mirror: the tests need Debian packages, and ask the system's apt where they are",
    )?;
    let key = KEYRINGS.iter().find(|path| Path::new(path).exists());
    let options = key.map(|path| format!("[signed-by={path}] ")).unwrap_or_default();
    let mut lines = String::new();
    for suite in suites {
        lines += &format!("deb {options}{main} {suite} main\n");
    }
    // Without the security updates the kernel is an older one; nothing else changes.
    if let (Some(security), Some(release)) = (mirrors.security, suites.first()) {
        lines += &format!("deb {options}{security} {release}-security main\n");
    }
    Ok(lines)
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Mirrors {
    main: Option<String>,
    security: Option<String>,
}

impl Mirrors {
    fn among(print_uris: &str) -> Self {
        let mut mirrors = Self::default();
        for line in print_uris.lines() {
            let uri = line.trim_start_matches('\'').split('\'').next().unwrap_or_default();
            let Some((base, suite)) = uri.strip_suffix("/InRelease").and_then(|uri| uri.split_once("/dists/")) else {
                continue;
            };
            let suite = suite.trim_end_matches("/updates");
            if DEBIAN_SUITES.contains(&suite) {
                mirrors.main.get_or_insert_with(|| base.to_owned());
            } else if suite.strip_suffix("-security").is_some_and(|suite| DEBIAN_SUITES.contains(&suite)) {
                mirrors.security.get_or_insert_with(|| base.to_owned());
            }
        }
        mirrors
    }
}

fn packages_in(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut packages = vec![];
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            packages.push(path);
        }
    }
    ensure!(!packages.is_empty(), "apt downloaded no package into {}", directory.display());
    Ok(packages)
}

fn unpack(package: &Path, into: &Path) -> Result<()> {
    tool::run(Command::new("dpkg-deb").arg("--extract").arg(package).arg(into))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_is_known_by_debians_suites() {
        let planned = "'http://nodes.example/node/dists/nodistro/InRelease' x 0\n\
                       'http://mirror.example/debian/dists/trixie/InRelease' x 0\n\
                       'http://mirror.example/debian/dists/trixie/main/binary-amd64/Packages.xz' x 0\n\
                       'http://mirror.example/debian-security/dists/trixie-security/InRelease' x 0\n";
        let mirrors = Mirrors::among(planned);
        assert_eq!(mirrors.main.as_deref(), Some("http://mirror.example/debian"));
        assert_eq!(mirrors.security.as_deref(), Some("http://mirror.example/debian-security"));
        assert_eq!(Mirrors::among(""), Mirrors::default());
    }

    /// The paths must be those of the present checkout, not of the place where it was when the lists were fetched.
    #[test]
    fn a_moved_checkout_is_configured_anew() {
        let place = std::env::temp_dir().join(format!("skexec-apt-{}", std::process::id()));
        let (old, new) = (place.join("old"), place.join("new"));
        for root in [&old, &new] {
            fs::create_dir_all(root).expect("a directory");
            fs::write(root.join("sources.list"), "").expect("a file");
        }
        Apt::reading(&[], &["amd64"], old.clone()).expect("configured");
        fs::copy(old.join("apt.conf"), new.join("apt.conf")).expect("moved");
        Apt::reading(&[], &["amd64", "arm64"], new.clone()).expect("configured anew");
        let text = fs::read_to_string(new.join("apt.conf")).expect("a file");
        assert!(!text.contains(&old.display().to_string()), "{text}");
        assert!(text.contains(r#"APT::Architectures { "amd64"; "arm64"; };"#), "{text}");
        let _gone = fs::remove_dir_all(place);
    }

    #[test]
    fn a_dependency_becomes_an_argument() {
        let depends = "linux-image-6.1.0-1-cloud-amd64 (= 6.1.1-1)";
        assert_eq!(pinned(depends).expect("pinned"), "linux-image-6.1.0-1-cloud-amd64=6.1.1-1");
        assert_eq!(pinned("alone").expect("pinned"), "alone");
    }
}
