//! Unified kernel images made by `ukify`, systemd's builder, with its own Python and with the stubs of its release.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::authority::Authority;
use crate::fetch::{Extras, Tools};
use crate::tool;

const STUBS: &str = "usr/lib/systemd/boot/efi";

/// The parts of an image.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) linux: &'a Path,
    /// What `uname -r` prints.
    pub(crate) release: &'a str,
    /// Sign the kernel, too. Otherwise it stays as it is.
    pub(crate) sign_kernel: bool,
    pub(crate) initrds: &'a [PathBuf],
    pub(crate) microcode: Option<&'a Path>,
    pub(crate) cmdline: &'a str,
    /// The name and the text of further sections.
    pub(crate) sections: &'a [(&'a str, &'a str)],
    /// The ID and the command line of every further profile; the first profile's ID is `main` if there are any.
    pub(crate) profiles: &'a [(&'a str, &'a str)],
}

impl<'a> Parts<'a> {
    /// A kernel with a command line, and nothing else.
    pub(crate) fn of(linux: &'a Path, release: &'a str, cmdline: &'a str) -> Self {
        let sign_kernel = false;
        Self { linux, release, sign_kernel, initrds: &[], microcode: None, cmdline, sections: &[], profiles: &[] }
    }
}

/// `ukify` and what it needs.
#[derive(Debug)]
pub(crate) struct Ukify<'a> {
    pub(crate) extras: Extras,
    pub(crate) tools: &'a Tools,
    pub(crate) signer: &'a Authority,
}

impl Ukify<'_> {
    /// systemd-stub, which becomes an image.
    pub(crate) fn stub(&self) -> PathBuf {
        self.extras.path(STUBS).join("linuxx64.efi.stub")
    }

    /// Builds an image and signs it.
    pub(crate) fn image(&self, parts: &Parts<'_>, output: &Path) -> Result<()> {
        let mut build = self.build(&self.stub());
        build.arg("--linux").arg(parts.linux).args(["--uname", parts.release]);
        build.arg(if parts.sign_kernel { "--sign-kernel" } else { "--no-sign-kernel" });
        build.args(["--os-release", "ID=skexec-vm\nVERSION_ID=1\n", "--cmdline", parts.cmdline]);
        for initrd in parts.initrds {
            build.arg("--initrd").arg(initrd);
        }
        if let Some(microcode) = parts.microcode {
            build.arg("--microcode").arg(microcode);
        }
        for (name, text) in parts.sections {
            build.args(["--section", &format!("{name}:{text}")]);
        }
        if !parts.profiles.is_empty() {
            build.args(["--profile", &profile("main")]);
        }
        for (id, cmdline) in parts.profiles {
            let file = output.with_extension(id);
            let mut profile_alone = self.build(&self.addon_stub());
            profile_alone.args(["--profile", &profile(id), "--cmdline", cmdline]);
            tool::run(profile_alone.arg("--output").arg(&file))?;
            build.arg("--join-profile").arg(file);
        }
        tool::run(self.signing(&mut build).arg("--output").arg(output))
    }

    /// An add-on with a command line, signed.
    pub(crate) fn addon(&self, cmdline: &str, output: &Path) -> Result<()> {
        let mut build = self.build(&self.addon_stub());
        tool::run(self.signing(&mut build).args(["--cmdline", cmdline, "--output"]).arg(output))
    }

    fn addon_stub(&self) -> PathBuf {
        self.extras.path(STUBS).join("addonx64.efi.stub")
    }

    fn signing<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let [certificate, key] = self.signer.signer();
        command.args(["--signtool", "sbsign", "--secureboot-private-key"]).arg(key);
        command.arg("--secureboot-certificate").arg(certificate)
    }

    fn build(&self, stub: &Path) -> Command {
        let mut command = self.command();
        command.args(["build", "--no-measure", "--stub"]).arg(stub);
        command
    }

    /// Shows the sections of an image.
    pub(crate) fn inspect(&self, image: &Path) -> Command {
        let mut command = self.command();
        command.arg("inspect").arg(image);
        command
    }

    /// `ukify` finds sbsign on the path. Neither it nor Python may take libraries or modules from the system.
    fn command(&self) -> Command {
        let mut command = self.extras.command("python3.11");
        let libraries = [self.extras.library_path(), self.tools.library_path()];
        let libraries = libraries.iter().flat_map(|paths| env::split_paths(paths).collect::<Vec<_>>());
        command.env("LD_LIBRARY_PATH", env::join_paths(libraries).unwrap_or_default());
        command.env("PYTHONHOME", self.extras.path("usr"));
        command.env("PYTHONPATH", self.extras.path("usr/lib/python3/dist-packages"));
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        let system = env::var_os("PATH").unwrap_or_default();
        let places = [self.tools.path("usr/bin")].into_iter().chain(env::split_paths(&system));
        command.env("PATH", env::join_paths(places).unwrap_or_default());
        command.arg(self.extras.path("usr/bin/ukify"));
        command
    }
}

fn profile(id: &str) -> String {
    format!("ID={id}\nTITLE=The profile {id}\n")
}
