//! `cargo xtask rpm`: the packages for Fedora and its relatives, looked at by Debian's rpm.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use crate::cache::{self, Cache};
use crate::deb;
use crate::fetch::{Extras, Fetch, Group};
use crate::report::Report;
use crate::tool;

/// The version of cargo-generate-rpm with which the packages were tested.
const CARGO_GENERATE_RPM: &str = "0.21.1";
/// A list of files like that of `dpkg-deb --contents`.
const LISTED: &str = "[%{FILEMODES:perms} %{FILEUSERNAME}/%{FILEGROUPNAME} %{FILESIZES} %{FILENAMES}\n]";
/// What no file's name may contain: nobody who runs another distribution has asked to trust Debian.
const FOREIGN: &str = "debian";

/// A package to make.
struct Rpm {
    name: &'static str,
    /// The variant in Cargo.toml.
    variant: Option<&'static str>,
    files: &'static [(&'static str, &'static str)],
    /// What it may require: the beginnings of the names.
    requires: &'static [&'static str],
}

const LOADER: Rpm = Rpm {
    name: "skexec",
    variant: None,
    files: &[
        ("-rwxr-xr-x", "/usr/sbin/skexec"),
        ("-rw-r--r--", "/usr/share/man/man8/skexec.8.gz"),
        ("-rw-r--r--", "/usr/share/man/man8/skexec-load.8.gz"),
        ("-rw-r--r--", "/usr/share/zsh/site-functions/_skexec"),
        ("-rw-r--r--", "/usr/lib/systemd/system/skexec-booted.service"),
        ("-rw-r--r--", "/usr/lib/systemd/system/skexec-started.service"),
        ("-rw-r--r--", "/usr/lib/systemd/system/skexec-hardware.service"),
        ("-rw-r--r--", "/usr/lib/udev/rules.d/60-skexec-hardware.rules"),
        ("-rwxr-xr-x", "/usr/lib/skexec/refresh"),
        ("-rwxr-xr-x", "/usr/lib/kernel/install.d/95-skexec.install"),
        ("-rw-r--r--", "/etc/skexec/policy.toml"),
        ("-rw-r--r--", "/etc/skexec/trust.d/README"),
        ("-rw-r--r--", "/etc/skexec/revoked.d/README"),
        ("-rw-r--r--", "/usr/share/licenses/skexec/COPYRIGHT"),
    ],
    requires: &["ld-linux-x86-64.so.2", "libc.so.6", "libgcc_s.so.1", "libm.so.6"],
};
const DRACUT: Rpm = Rpm {
    name: "skexec-dracut",
    variant: Some("dracut"),
    files: &[
        ("-rw-r--r--", "/usr/lib/skexec/first-stage.sh"),
        ("-rw-r--r--", "/usr/lib/skexec/initramfs-trust.sh"),
        ("-rwxr-xr-x", "/usr/lib/dracut/modules.d/90skexec/module-setup.sh"),
        ("-rw-r--r--", "/usr/lib/dracut/modules.d/90skexec/skexec-lib.sh"),
        ("-rwxr-xr-x", "/usr/lib/dracut/modules.d/90skexec/skexec-pre-mount.sh"),
        ("-rwxr-xr-x", "/usr/lib/dracut/modules.d/90skexec/skexec-forget.sh"),
    ],
    requires: &["skexec = ", "dracut"],
};
/// What every package may require: the shell, its own configuration, and features of rpm itself and of the linker.
const COMMON: [&str; 4] = ["/bin/sh", "config(", "rpmlib(", "rtld("];

/// Builds the loader's package and that of dracut's module, and returns their paths.
pub(crate) fn build(cache: &Cache, report: Report) -> Result<Vec<PathBuf>> {
    let target = deb::prepare(cache, report)?;
    let program = cache::installed(cache, report, "cargo-generate-rpm", CARGO_GENERATE_RPM)?;
    let pack = |rpm: &Rpm| {
        let package = target.join("package").join(format!("{}.rpm", rpm.name));
        report.step(format_args!("pack    {}.rpm", rpm.name), || {
            let mut pack = Command::new(&program);
            pack.current_dir(cache.workspace("")).arg("--target-dir").arg(&target);
            // What rpm of this machine would find is not asked for.
            pack.args(["--auto-req", if rpm.variant.is_none() { "builtin" } else { "disabled" }]);
            pack.args(rpm.variant.map(|variant| format!("--variant={variant}")));
            tool::run(pack.arg("--output").arg(&package))
        })?;
        Ok(package)
    };
    [LOADER, DRACUT].iter().map(pack).collect()
}

/// Builds the packages, prints what is in them, and checks it.
pub(crate) fn run(cache: &Cache) -> Result<()> {
    let report = Report::new();
    let packages = build(cache, report)?;
    let rpm = Fetch::new(cache, report).extras(Group::Rpm)?;
    for (expected, package) in [LOADER, DRACUT].iter().zip(&packages) {
        expected.check(&rpm, cache, package)?;
    }
    packages.iter().for_each(|path| println!("{}", path.display()));
    Ok(())
}

impl Rpm {
    fn check(&self, rpm: &Extras, cache: &Cache, package: &Path) -> Result<()> {
        let ask = |what: &[&str]| {
            let mut query = rpm.rpm(&cache.path("run/rpm"));
            tool::stdout(query.arg("-qp").args(what).arg(package))
        };
        println!("{}", ask(&["-i"])?);
        tool::run(rpm.rpm(&cache.path("run/rpm")).arg("--checksig").arg(package))?;
        let (contents, requires) = (ask(&["--queryformat", LISTED])?, ask(&["--requires"])?);
        println!("{contents}\n{requires}");
        let mut faults = deb::faults(&contents, self.files);
        faults.extend(unexpected(&requires, self.requires));
        if contents.contains(FOREIGN) {
            faults.push("it has a certificate of Debian".to_owned());
        }
        ensure!(faults.is_empty(), "the package is wrong:\n{}", faults.join("\n"));
        Ok(())
    }
}

/// The requirements that no distribution may be able to meet.
fn unexpected(requires: &str, known: &[&str]) -> Vec<String> {
    let is_known = |line: &&str| known.iter().chain(&COMMON).any(|start| line.starts_with(start));
    let of_others = requires.lines().filter(|line| !line.trim().is_empty() && !is_known(line));
    of_others.map(|line| format!("it requires {line}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_that_is_not_listed_is_a_fault() {
        let requires =
            "/bin/sh\nlibc.so.6(GLIBC_2.34)(64bit)\nlibssl.so.3()(64bit)\nrpmlib(PayloadIsZstd) <= 5.4.18-1\n";
        assert_eq!(unexpected(requires, LOADER.requires), ["it requires libssl.so.3()(64bit)"]);
    }

    #[test]
    fn dracuts_module_needs_the_program_of_its_version() {
        let requires = format!("requires = {{ skexec = \"= {}-1\"", env!("CARGO_PKG_VERSION"));
        assert!(include_str!("../../../Cargo.toml").contains(&requires), "{requires}");
    }
}
