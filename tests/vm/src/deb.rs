//! `cargo xtask deb`: the packages for Debian and its derivatives, and lintian's findings.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use anyhow::{Context, Result, ensure};

use crate::cache::{self, Cache, cargo};
use crate::fetch::{Fetch, Group};
use crate::licences;
use crate::report::Report;
use crate::tool;

/// The version of cargo-deb with which the packages were tested.
const CARGO_DEB: &str = "3.8.0";

/// The packages bear the time of its newest entry, as Debian's do: it is the same in every checkout.
const CHANGELOG: &str = "dist/debian/changelog";

/// A package to make.
struct Deb {
    name: &'static str,
    /// The name of cargo's package and of the program.
    program: &'static str,
    /// The variant in Cargo.toml, if the program has several packages.
    variant: Option<&'static str>,
    /// The example of cargo's package that writes the manual pages and the completions, and where, below the target directory.
    example: &'static str,
    dist: &'static str,
    files: &'static [(&'static str, &'static str)],
}

const LOADER: Deb = Deb {
    name: "skexec",
    program: "skexec",
    variant: None,
    example: "generate",
    dist: "release/dist",
    files: &LOADER_FILES,
};
const KEXEC: Deb = Deb { name: "skexec-kexec", variant: Some("kexec"), files: &KEXEC_FILES, ..LOADER };
const INITRAMFS: Deb = Deb { name: "skexec-initramfs", variant: Some("initramfs"), files: &INITRAMFS_FILES, ..LOADER };
const SIGNER: Deb = Deb {
    name: "skexec-sign",
    program: "skexec-sign",
    variant: None,
    example: "generate-sign",
    dist: "release/dist/sign",
    files: &SIGNER_FILES,
};

/// Sources, and where they are built.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) workspace: PathBuf,
    /// Of the program that is packed.
    pub(crate) target: PathBuf,
    /// Of what writes the manual pages and completions: that of the tests, which have built it already.
    pub(crate) tests: PathBuf,
}

/// The same package may be wanted by a scenario, and by the check beside it.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

impl Place {
    /// This workspace.
    pub(crate) fn here(cache: &Cache) -> Self {
        Self { workspace: cache.workspace(""), target: cache.target("deb"), tests: cache.target("") }
    }
}

/// Builds the loader's package and returns its path.
pub(crate) fn build(cache: &Cache, report: Report) -> Result<PathBuf> {
    LOADER.build(&Place::here(cache), cache, report)
}

/// Builds the loader and its package, or the signing program and its own, and returns the paths of both.
pub(crate) fn build_in(place: &Place, signer: bool, cache: &Cache, report: Report) -> Result<[PathBuf; 2]> {
    let deb = if signer { SIGNER } else { LOADER };
    let package = deb.build(place, cache, report)?;
    Ok([place.target.join("release").join(deb.program), package])
}

/// Builds the package that makes it `kexec`, and returns its path.
pub(crate) fn build_kexec(cache: &Cache, report: Report) -> Result<PathBuf> {
    KEXEC.build(&Place::here(cache), cache, report)
}

/// Builds the package that adds it to every initramfs, and returns its path.
pub(crate) fn build_initramfs(cache: &Cache, report: Report) -> Result<PathBuf> {
    INITRAMFS.build(&Place::here(cache), cache, report)
}

/// Builds the loader and all that is packed with it, and returns the target directory.
pub(crate) fn prepare(cache: &Cache, report: Report) -> Result<PathBuf> {
    let place = Place::here(cache);
    LOADER.prepare(&place, report)?;
    Ok(place.target)
}

/// Writes the loader's completions into the directory, and its manual pages.
pub(crate) fn completions(cache: &Cache, directory: &Path) -> Result<()> {
    LOADER.write_pages(&Place::here(cache), directory)
}

/// Writes the manual pages of all packages into the directory, and returns their paths.
pub(crate) fn manual_pages(cache: &Cache, directory: &Path) -> Result<Vec<PathBuf>> {
    [LOADER, SIGNER].iter().try_for_each(|deb| deb.write_pages(&Place::here(cache), directory))?;
    pages_in(directory)
}

/// The manual pages among the files of a directory.
fn pages_in(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut pages = vec![];
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|section| section == "1" || section == "8") {
            pages.push(path);
        }
    }
    pages.sort();
    Ok(pages)
}

/// Builds all packages and prints their files and lintian's findings.
pub(crate) fn run(cache: &Cache, lint: bool) -> Result<()> {
    let report = Report::new();
    let packages = [LOADER, KEXEC, INITRAMFS, SIGNER];
    let mut paths = vec![];
    for deb in &packages {
        let package = deb.build(&Place::here(cache), cache, report)?;
        deb.check(cache, &package)?;
        if lint {
            let lintian = Fetch::new(cache, report).extras(Group::Lintian)?;
            let said = tool::stdout(&mut lintian.lintian(&package))?;
            println!("lintian:\n{said}");
        }
        paths.push(package);
    }
    paths.iter().for_each(|path| println!("{}", path.display()));
    Ok(())
}

impl Deb {
    fn prepare(&self, place: &Place, report: Report) -> Result<()> {
        let (name, program) = (self.name, self.program);
        report.step(format_args!("build   {program} for the package, linked to the system's C library"), || {
            self.compile(place)
        })?;
        report.step(format_args!("make    the manual pages, completions and copyright file of {name}"), || {
            self.generate(place)
        })
    }

    fn build(&self, place: &Place, cache: &Cache, report: Report) -> Result<PathBuf> {
        let _turn = ONE_AT_A_TIME.lock();
        self.prepare(place, report)?;
        let (name, program) = (self.name, self.program);
        let cargo_deb = cache::installed(cache, report, "cargo-deb", CARGO_DEB)?;
        let output = place.target.join("package").join(name);
        if output.exists() {
            fs::remove_dir_all(&output)?;
        }
        fs::create_dir_all(&output)?;
        let time = changed(&place.workspace.join(CHANGELOG))?;
        report.step(format_args!("pack    {name}"), || {
            let mut pack = Command::new(cargo_deb);
            pack.current_dir(&place.workspace).env("CARGO_TARGET_DIR", &place.target).env("SOURCE_DATE_EPOCH", time);
            pack.args(["--no-build", "--package", program, "--output"]).arg(&output);
            tool::run(pack.args(self.variant.map(|variant| format!("--variant={variant}"))))
        })?;
        let package = fs::read_dir(&output)?.next().context("cargo-deb made no package")??;
        Ok(package.path())
    }

    /// Removes the paths of the builder's home from the program, because the package would contain them. Each program is built
    /// alone: together, they would get the union of the features that they want of a crate.
    fn compile(&self, place: &Place) -> Result<()> {
        let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
        let mut flags = format!("--remap-path-prefix={}=skexec", place.workspace.display());
        if let Some(home) = home {
            flags += &format!(" --remap-path-prefix={}=cargo", home.display());
        }
        let mut build = cargo();
        build.current_dir(&place.workspace).env("RUSTFLAGS", flags);
        build.args([
            "build",
            "--locked",
            "--release",
            "--package",
            self.program,
            "--bin",
            self.program,
            "--target-dir",
        ]);
        tool::run(build.arg(&place.target))
    }

    /// With the features of the whole workspace, as the tests have built it: not once more.
    fn write_pages(&self, place: &Place, directory: &Path) -> Result<()> {
        let mut build = cargo();
        build.current_dir(&place.workspace).args(["build", "--quiet", "--locked", "--workspace", "--example"]);
        tool::run(build.arg(self.example).arg("--target-dir").arg(&place.tests))?;
        let program = place.tests.join("debug/examples").join(self.example);
        tool::run(Command::new(program).current_dir(&place.workspace).arg(directory))
    }

    /// Writes the manual pages, the completions and the copyright file to the paths in Cargo.toml's list of the package's files.
    fn generate(&self, place: &Place) -> Result<()> {
        let dist = place.target.join(self.dist);
        self.write_pages(place, &dist)?;
        tool::run(Command::new("gzip").args(["-9", "-n", "-f"]).args(pages_in(&dist)?))?;
        Ok(fs::write(dist.join("copyright"), licences::copyright(&place.workspace, self.program)?)?)
    }

    fn check(&self, cache: &Cache, package: &Path) -> Result<()> {
        println!("{}", tool::stdout(Command::new("dpkg-deb").arg("--info").arg(package))?);
        let contents = tool::stdout(Command::new("dpkg-deb").arg("--contents").arg(package))?;
        println!("{contents}");
        let mut faults = faults(&contents, self.files);
        let linked = licences::linked(&cache.workspace(""), self.program)?;
        let unnamed = licences::missing(&self.copyright_in(package)?, &linked);
        faults.extend(unnamed.iter().map(|files| format!("the copyright file does not name {files}")));
        ensure!(faults.is_empty(), "the package is wrong:\n{}", faults.join("\n"));
        Ok(())
    }

    fn copyright_in(&self, package: &Path) -> Result<String> {
        let archive = Command::new("dpkg-deb").arg("--fsys-tarfile").arg(package).stdout(Stdio::piped()).spawn();
        let mut archive = archive.context("dpkg-deb")?;
        let files = archive.stdout.take().context("dpkg-deb's output")?;
        let path = format!("./usr/share/doc/{}/copyright", self.name);
        let text = Command::new("tar").args(["-xO", &path]).stdin(files).output()?;
        archive.wait()?;
        ensure!(text.status.success(), "the package holds no copyright file");
        Ok(String::from_utf8(text.stdout)?)
    }
}

/// The time of a changelog's newest entry, in seconds since 1970.
fn changed(changelog: &Path) -> Result<String> {
    let text = fs::read_to_string(changelog).with_context(|| changelog.display().to_string())?;
    let newest = text.lines().find(|line| line.starts_with(" -- ")).and_then(|line| line.split_once(">  "));
    let (_, date) = newest.with_context(|| format!("{}: no entry with a date", changelog.display()))?;
    let seconds = tool::stdout(Command::new("date").args(["+%s", "--date", date]))?;
    Ok(seconds.trim().to_owned())
}

/// Files that the package must contain, with their modes: those that are found by name, and those that only root may write.
const LOADER_FILES: [(&str, &str); 14] = [
    ("-rwxr-xr-x", "./usr/sbin/skexec"),
    ("-rw-r--r--", "./usr/share/man/man8/skexec.8.gz"),
    ("-rw-r--r--", "./usr/share/man/man8/skexec-load.8.gz"),
    ("-rw-r--r--", "./usr/share/man/man8/skexec-explain.8.gz"),
    ("-rw-r--r--", "./usr/lib/skexec/trust.d/debian-secure-boot-ca.pem"),
    ("drwxr-xr-x", "./etc/skexec/trust.d/"),
    ("drwxr-xr-x", "./etc/skexec/revoked.d/"),
    ("-rw-r--r--", "./usr/lib/systemd/system/skexec-hardware.service"),
    ("-rw-r--r--", "./usr/lib/udev/rules.d/60-skexec-hardware.rules"),
    ("-rwxr-xr-x", "./usr/lib/skexec/refresh"),
    ("-rwxr-xr-x", "./usr/lib/kernel/install.d/95-skexec.install"),
    ("-rwxr-xr-x", "./etc/kernel/postinst.d/zzz-skexec"),
    ("-rwxr-xr-x", "./etc/kernel/postrm.d/zzz-skexec"),
    ("-rwxr-xr-x", "./etc/initramfs/post-update.d/zz-skexec"),
];
/// The link /usr/sbin/kexec is made when the package is configured.
const KEXEC_FILES: [(&str, &str); 1] = [("-rw-r--r--", "./usr/share/man/man8/kexec.8.gz")];
const INITRAMFS_FILES: [(&str, &str); 9] = [
    ("-rw-r--r--", "./usr/lib/skexec/first-stage.sh"),
    ("-rw-r--r--", "./usr/lib/skexec/initramfs-trust.sh"),
    ("-rwxr-xr-x", "./usr/share/initramfs-tools/hooks/skexec"),
    ("-rwxr-xr-x", "./usr/share/initramfs-tools/scripts/init-premount/skexec"),
    ("-rwxr-xr-x", "./usr/share/initramfs-tools/scripts/local-top/skexec"),
    ("-rwxr-xr-x", "./usr/share/initramfs-tools/scripts/init-bottom/skexec"),
    ("-rwxr-xr-x", "./usr/lib/skexec/credential"),
    ("-rwxr-xr-x", "./usr/lib/dracut/modules.d/90skexec/module-setup.sh"),
    ("-rwxr-xr-x", "./usr/lib/dracut/modules.d/90skexec/skexec-pre-mount.sh"),
];
const SIGNER_FILES: [(&str, &str); 8] = [
    ("-rwxr-xr-x", "./usr/bin/skexec-sign"),
    ("-rw-r--r--", "./usr/share/man/man1/skexec-sign.1.gz"),
    ("-rwxr-xr-x", "./usr/lib/skexec-sign/sign-installed"),
    ("-rwxr-xr-x", "./etc/kernel/postinst.d/zz-skexec-sign"),
    ("-rwxr-xr-x", "./etc/kernel/postrm.d/skexec-sign"),
    ("-rwxr-xr-x", "./etc/initramfs/post-update.d/skexec-sign"),
    ("-rwxr-xr-x", "./usr/lib/kernel/install.d/95-skexec-sign.install"),
    ("-rw-r--r--", "./etc/default/skexec-sign"),
];

/// The faults of a package, found in the list of its files (as `dpkg-deb --contents` prints it).
pub(crate) fn faults(contents: &str, files: &[(&str, &str)]) -> Vec<String> {
    let entries: Vec<Vec<&str>> = contents.lines().map(|line| line.split_whitespace().collect()).collect();
    let mut faults = vec![];
    for entry in entries.iter().filter(|entry| !entry.is_empty()) {
        let (mode, owner) = (entry.first().copied().unwrap_or_default(), entry.get(1).copied().unwrap_or_default());
        let writable = mode.bytes().enumerate().any(|(at, letter)| (at == 5 || at == 8) && letter == b'w');
        if writable || !["0/0", "root/root"].contains(&owner) {
            faults.push(format!("users other than root may write to it: {}", entry.join(" ")));
        }
    }
    for (mode, path) in files {
        if !entries.iter().any(|entry| entry.first() == Some(mode) && entry.last() == Some(path)) {
            faults.push(format!("missing: {mode} {path}"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The link leads to a program of the same version, and the hooks call one; the changelogs name that version.
    #[test]
    fn packages_of_the_loader_have_one_version() {
        let manifest = include_str!("../../../Cargo.toml");
        let revision = manifest.lines().find_map(|line| line.strip_prefix("revision = ")).expect("a revision");
        let version = format!("{}-{}", env!("CARGO_PKG_VERSION"), revision.trim_matches('"'));
        let depends = format!("depends = \"skexec (= {version})");
        assert_eq!(manifest.matches(&depends).count(), 2, "Cargo.toml: {depends}");
        for (name, changelog) in [
            ("skexec", include_str!("../../../dist/debian/changelog")),
            ("skexec-kexec", include_str!("../../../dist/kexec/changelog")),
            ("skexec-initramfs", include_str!("../../../dist/initramfs/changelog")),
        ] {
            let first = changelog.lines().next().unwrap_or_default();
            assert!(first.starts_with(&format!("{name} ({version}) ")), "{name}: {first}");
        }
    }

    #[test]
    fn a_changelog_tells_the_time() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(CHANGELOG);
        let seconds: u64 = changed(&path).expect("a date").parse().expect("seconds");
        assert!(seconds > 1_795_000_000, "{seconds}");
    }

    #[test]
    fn a_package_must_be_whole_and_roots_alone() {
        let whole: String =
            LOADER_FILES.iter().map(|(mode, path)| format!("{mode} 0/0 1 2026-11-22 00:00 {path}\n")).collect();
        let faults = |contents: &str| faults(contents, &LOADER_FILES);
        assert_eq!(faults(&whole), [""; 0]);
        assert_eq!(faults(&whole.replacen("0/0", "1000/1000", 1)).len(), 1);
        assert_eq!(faults(&whole.replacen("-rw-r--r--", "-rw-rw-r--", 1)).len(), 2);
        assert_eq!(faults(&whole.replacen("-rwxr-xr-x", "-rw-r--r--", 1)), ["missing: -rwxr-xr-x ./usr/sbin/skexec"]);
    }
}
