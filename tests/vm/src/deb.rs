//! `cargo xtask deb`: the package for Debian and its derivatives, and lintian's findings.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::cache::{self, Cache, cargo};
use crate::fetch::{Fetch, Group};
use crate::licences;
use crate::report::Report;
use crate::tool;

/// The version of cargo-deb with which the package was tested.
const CARGO_DEB: &str = "3.8.0";

/// Builds the package and returns its path.
pub(crate) fn build(cache: &Cache, report: Report) -> Result<PathBuf> {
    let target = cache.target("deb");
    report.step("build   skexec for the package, linked to the system's C library", || compile(cache, &target))?;
    report.step("make    its manual page, completions and copyright file", || {
        generate(cache, &target.join("release/dist"))
    })?;
    let cargo_deb = cache::installed(cache, report, "cargo-deb", CARGO_DEB)?;
    let output = target.join("package");
    if output.exists() {
        fs::remove_dir_all(&output)?;
    }
    fs::create_dir_all(&output)?;
    report.step("pack    the package", || {
        let mut pack = Command::new(cargo_deb);
        pack.current_dir(cache.workspace("")).env("CARGO_TARGET_DIR", &target);
        tool::run(pack.args(["--no-build", "--package", "skexec", "--output"]).arg(&output))
    })?;
    let package = fs::read_dir(&output)?.next().context("cargo-deb made no package")??;
    Ok(package.path())
}

/// Builds the package and prints its files and lintian's findings.
pub(crate) fn run(cache: &Cache, lint: bool) -> Result<()> {
    let report = Report::new();
    let package = build(cache, report)?;
    println!("{}", tool::stdout(Command::new("dpkg-deb").arg("--info").arg(&package))?);
    let contents = tool::stdout(Command::new("dpkg-deb").arg("--contents").arg(&package))?;
    println!("{contents}");
    let mut faults = faults(&contents);
    let unnamed = licences::missing(&copyright_in(&package)?, &licences::linked(&cache.workspace(""))?);
    faults.extend(unnamed.iter().map(|files| format!("the copyright file does not name {files}")));
    ensure!(faults.is_empty(), "the package is wrong:\n{}", faults.join("\n"));
    if lint {
        let lintian = Fetch::new(cache, report).extras(Group::Lintian)?;
        let said = tool::stdout(&mut lintian.lintian(&package))?;
        println!("lintian:\n{said}");
    }
    println!("{}", package.display());
    Ok(())
}

fn copyright_in(package: &Path) -> Result<String> {
    let archive = Command::new("dpkg-deb").arg("--fsys-tarfile").arg(package).stdout(Stdio::piped()).spawn();
    let mut archive = archive.context("dpkg-deb")?;
    let files = archive.stdout.take().context("dpkg-deb's output")?;
    let text = Command::new("tar").args(["-xO", "./usr/share/doc/skexec/copyright"]).stdin(files).output()?;
    archive.wait()?;
    ensure!(text.status.success(), "the package holds no copyright file");
    Ok(String::from_utf8(text.stdout)?)
}

/// Removes the paths of the builder's home from the program, because the package would contain them.
fn compile(cache: &Cache, target: &Path) -> Result<()> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let mut flags = format!("--remap-path-prefix={}=skexec", cache.workspace("").display());
    if let Some(home) = home {
        flags += &format!(" --remap-path-prefix={}=cargo", home.display());
    }
    let mut build = cargo();
    build.current_dir(cache.workspace("")).env("RUSTFLAGS", flags);
    build.args(["build", "--locked", "--release", "--package", "skexec", "--bin", "skexec", "--target-dir"]);
    tool::run(build.arg(target))
}

/// Writes the manual page, the completions and the copyright file to the paths in Cargo.toml's list of the package's files.
fn generate(cache: &Cache, dist: &Path) -> Result<()> {
    let mut generate = cargo();
    generate.current_dir(cache.workspace("")).args(["run", "--quiet", "--locked", "--package", "skexec"]);
    tool::run(generate.args(["--example", "generate", "--"]).arg(dist))?;
    tool::run(Command::new("gzip").args(["-9", "-n", "-f"]).arg(dist.join("skexec.8")))?;
    Ok(fs::write(dist.join("copyright"), licences::copyright(&cache.workspace(""))?)?)
}

/// Files that every package must contain, with their modes: those that are found by name, and those that only root may write.
const FILES: [(&str, &str); 9] = [
    ("-rwxr-xr-x", "./usr/sbin/skexec"),
    ("-rw-r--r--", "./usr/share/man/man8/skexec.8.gz"),
    ("-rw-r--r--", "./usr/lib/skexec/trust.d/debian-secure-boot-ca.pem"),
    ("-rw-r--r--", "./usr/lib/skexec/first-stage.sh"),
    ("-rwxr-xr-x", "./usr/share/initramfs-tools/hooks/skexec"),
    ("-rwxr-xr-x", "./usr/share/initramfs-tools/scripts/init-premount/skexec"),
    ("-rwxr-xr-x", "./usr/lib/dracut/modules.d/90skexec/module-setup.sh"),
    ("drwxr-xr-x", "./etc/skexec/trust.d/"),
    ("drwxr-xr-x", "./etc/skexec/revoked.d/"),
];

/// The faults of a package, found in the list of its files (`dpkg-deb --contents`).
fn faults(contents: &str) -> Vec<String> {
    let entries: Vec<Vec<&str>> = contents.lines().map(|line| line.split_whitespace().collect()).collect();
    let mut faults = vec![];
    for entry in entries.iter().filter(|entry| !entry.is_empty()) {
        let (mode, owner) = (entry.first().copied().unwrap_or_default(), entry.get(1).copied().unwrap_or_default());
        let writable = mode.bytes().enumerate().any(|(at, letter)| (at == 5 || at == 8) && letter == b'w');
        if writable || !["0/0", "root/root"].contains(&owner) {
            faults.push(format!("users other than root may write to it: {}", entry.join(" ")));
        }
    }
    for (mode, path) in FILES {
        if !entries.iter().any(|entry| entry.first() == Some(&mode) && entry.last() == Some(&path)) {
            faults.push(format!("missing: {mode} {path}"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_must_be_whole_and_roots_alone() {
        let whole: String =
            FILES.iter().map(|(mode, path)| format!("{mode} 0/0 1 2026-11-22 00:00 {path}\n")).collect();
        assert_eq!(faults(&whole), [""; 0]);
        assert_eq!(faults(&whole.replacen("0/0", "1000/1000", 1)).len(), 1);
        assert_eq!(faults(&whole.replacen("-rw-r--r--", "-rw-rw-r--", 1)).len(), 2);
        assert_eq!(faults(&whole.replacen("-rwxr-xr-x", "-rw-r--r--", 1)), ["missing: -rwxr-xr-x ./usr/sbin/skexec"]);
    }
}
