//! Programs that only some scenarios need, each group fetched when it is first asked for.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::apt::Apt;
use crate::cache::Cache;
use crate::tool;

/// The loader of a group that has the C library.
pub(crate) const LOADER: &str = "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2";

/// kexec-tools of trixie, with the libraries that it is linked to.
const LATER_KEXEC_TOOLS: [&str; 10] = [
    "kexec-tools",
    "libc6",
    "libxenmisc4.20",
    "libxencall1",
    "libxendevicemodel1",
    "libxenevtchn1",
    "libxenforeignmemory1",
    "libxengnttab1",
    "libxentoolcore1",
    "libxentoollog1",
];

/// The reader of dumps, with the libraries that it is linked to. That of bookworm does not know Linux 6.12.
const MAKEDUMPFILE: [&str; 9] =
    ["makedumpfile", "libc6", "libdw1t64", "libelf1t64", "liblzo2-2", "libzstd1", "zlib1g", "libbz2-1.0", "liblzma5"];

/// The debugger of dumps, with the libraries that it is linked to. That of bookworm does not know Linux 6.12.
const CRASH: [&str; 9] =
    ["crash", "libc6", "libgcc-s1", "libstdc++6", "liblzo2-2", "libncursesw6", "libtinfo6", "libsnappy1v5", "libzstd1"];

/// A group of programs that are fetched together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// The boot loader of a machine that starts from a disk
    Grub,
    /// The compressors of kernels
    Compression,
    /// kexec-tools, with the C library: the guest has none
    KexecTools,
    /// The same of a later release, whose kexec chooses the system call by itself
    LaterKexecTools,
    /// The scripts of kdump, and the functions of init scripts
    Kdump,
    /// The scripts of kdump in a later release
    LaterKdump,
    /// The reader of dumps
    Makedumpfile,
    /// The debugger of dumps
    Crash,
    /// The shell and the programs that the kernel's tests of kexec call
    SelfTests,
    /// Debian's checker of packages, with a perl of its own
    Lintian,
    /// The shells with completions of their own
    Shells,
    /// The program that installs packages of other distributions
    Rpm,
    /// Debian's Rust, which is newer than its release's, with the standard library for aarch64 beside its own
    Rust,
    /// The linkers of a distribution
    Linkers,
    /// The linker and the emulator for aarch64
    Aarch64,
    /// The signed boot loaders of a machine with Microsoft's keys, and the programs that write their disk
    SignedBoot,
    /// The builder of unified kernel images and systemd's stubs, of a later release, with a Python of ours
    Ukify,
    /// The modules of the boot loader for UEFI
    EfiGrub,
    /// Another verifier of Authenticode signatures
    Osslsigncode,
    /// A third viewer of signatures, with the libraries that it loads
    Pesign,
    /// A token of software, for PKCS#11
    SoftHsm,
    /// The formatter of manual pages
    Groff,
    /// A TPM of software, and the reader of a TPM's log of events
    Tpm,
    /// The makers and checkers of file systems, and LVM, with the C library: the guest has none
    Storage,
    /// The converter of disk images, which can encrypt one without the help of a kernel
    Images,
}

impl Group {
    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Grub => &["grub-pc-bin", "grub-common"],
            Self::Compression => &["gzip", "xz-utils", "zstd", "lz4", "bzip2"],
            Self::KexecTools => &["kexec-tools"],
            Self::LaterKexecTools | Self::Kdump | Self::LaterKdump | Self::Makedumpfile | Self::Crash => &[],
            Self::SelfTests => &["bash", "coreutils", "grep", "mawk", "findutils", "bsdextrautils", "attr", "pesign"],
            Self::Lintian => &["lintian"],
            Self::Rpm => &["rpm"],
            Self::Shells => &["zsh", "fish"],
            Self::Rust => &["cargo-web"],
            Self::Linkers => &["lld", "binutils"],
            Self::Aarch64 => &["gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"],
            Self::SignedBoot => &["mtools"],
            Self::Ukify => &["python3"],
            Self::EfiGrub => &[],
            Self::Osslsigncode => &["osslsigncode"],
            Self::Pesign => &["pesign"],
            Self::SoftHsm => &["softhsm2"],
            Self::Groff => &["groff-base"],
            Self::Tpm => &["swtpm", "tpm2-tools"],
            Self::Images => &["qemu-utils"],
            Self::Storage => &["e2fsprogs", "xfsprogs", "btrfs-progs", "lvm2"],
        }
    }

    /// Packages that are unpacked without their dependencies.
    fn alone(self) -> &'static [&'static str] {
        match self {
            Self::Images
            | Self::Grub
            | Self::Compression
            | Self::Lintian
            | Self::Rpm
            | Self::Shells
            | Self::Linkers => &[],
            Self::Ukify | Self::Osslsigncode | Self::Pesign | Self::SoftHsm | Self::Groff | Self::Tpm => &[],
            Self::LaterKexecTools | Self::LaterKdump | Self::Makedumpfile | Self::Crash => &[],
            Self::Kdump => &["kdump-tools", "sysvinit-utils"],
            Self::EfiGrub => &["grub-efi-amd64-bin"],
            Self::Rust => &["libstd-rust-web-dev:arm64"],
            Self::Aarch64 => &["qemu-user"],
            Self::KexecTools | Self::SelfTests | Self::Storage => &["libc6"],
            Self::SignedBoot => &["shim-signed", "grub-efi-amd64-signed"],
        }
    }

    /// Packages of trixie, unpacked without their dependencies: scripts, and programs for the firmware.
    pub(super) fn of_trixie(self) -> &'static [&'static str] {
        match self {
            Self::Ukify => &["systemd-ukify", "systemd-boot-efi", "python3-pefile"],
            Self::LaterKexecTools => &LATER_KEXEC_TOOLS,
            Self::LaterKdump => &["kdump-tools"],
            Self::Makedumpfile => &MAKEDUMPFILE,
            Self::Crash => &CRASH,
            _ => &[],
        }
    }

    pub(super) fn directory(self) -> &'static str {
        match self {
            Self::Grub => "tools-grub",
            Self::Compression => "tools-compression",
            Self::KexecTools => "tools-kexec",
            Self::LaterKexecTools => "tools-kexec-later",
            Self::Kdump => "tools-kdump",
            Self::LaterKdump => "tools-kdump-later",
            Self::Makedumpfile => "tools-makedumpfile",
            Self::Crash => "tools-crash",
            Self::SelfTests => "tools-selftests",
            Self::Lintian => "tools-lintian",
            Self::Rpm => "tools-rpm",
            Self::Shells => "tools-shells",
            Self::Rust => "tools-rust",
            Self::Linkers => "tools-linkers",
            Self::Aarch64 => "tools-aarch64",
            Self::SignedBoot => "tools-signed-boot",
            Self::Ukify => "tools-ukify",
            Self::EfiGrub => "tools-grub-efi",
            Self::Osslsigncode => "tools-osslsigncode",
            Self::Pesign => "tools-pesign",
            Self::SoftHsm => "tools-softhsm",
            Self::Groff => "tools-groff",
            Self::Tpm => "tools-tpm",
            Self::Images => "tools-images",
            Self::Storage => "tools-storage",
        }
    }

    /// Whether the group has packages for another architecture.
    pub(super) fn is_foreign(self) -> bool {
        self == Self::Rust
    }

    /// `trixie` is needed only by groups with packages of trixie.
    pub(super) fn fetch(self, apt: &Apt, trixie: Option<&Apt>, cache: &Cache) -> Result<()> {
        let fill = |unfinished: &Path| {
            if !self.packages().is_empty() {
                apt.unpack_with_dependencies(self.packages(), unfinished)?;
            }
            self.alone().iter().try_for_each(|package| apt.unpack(package, unfinished))?;
            let Some(trixie) = trixie else { return Ok(()) };
            self.of_trixie().iter().try_for_each(|package| trixie.unpack(package, unfinished))
        };
        cache.directory(self.directory(), fill).map(drop)
    }
}

/// A group's files.
#[derive(Debug, Clone)]
pub(crate) struct Extras {
    root: PathBuf,
}

impl Extras {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(crate) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }

    /// A program with the libraries that it was built against.
    pub(crate) fn command(&self, name: &str) -> Command {
        let places = ["usr/bin", "bin"].map(|place| self.path(place).join(name));
        let program = places.into_iter().find(|path| path.exists()).unwrap_or_else(|| self.path("usr/bin").join(name));
        let mut command = Command::new(program);
        command.env("LD_LIBRARY_PATH", self.library_path());
        command
    }

    /// A program by the loader and the C library of the group, which must have them.
    pub(crate) fn complete(&self, program: &str) -> Command {
        let mut command = Command::new(self.path(LOADER));
        command.arg("--library-path").arg(self.library_path()).arg(self.sbin(program));
        command
    }

    /// What such a program is loaded with.
    pub(crate) fn needs(&self, program: &str) -> Result<Vec<PathBuf>> {
        let mut list = Command::new(self.path(LOADER));
        list.arg("--library-path").arg(self.library_path()).arg("--list").arg(self.sbin(program));
        let listed = tool::stdout(&mut list)?;
        let path = |line: &str| {
            line.split_once(" => ").and_then(|(_, path)| path.split_whitespace().next().map(PathBuf::from))
        };
        Ok(listed.lines().filter_map(path).collect())
    }

    pub(crate) fn sbin(&self, program: &str) -> PathBuf {
        let places = ["usr/sbin", "sbin", "usr/bin", "bin"].map(|place| self.path(place).join(program));
        places.into_iter().find(|path| path.exists()).unwrap_or_else(|| self.path("usr/sbin").join(program))
    }

    /// Runs lintian on a package; errors are a failure. lintian uses the modules and programs of this group.
    pub(crate) fn lintian(&self, package: &Path) -> Command {
        let mut command = self.command("perl");
        let modules = ["usr/share/perl5", "usr/lib/x86_64-linux-gnu/perl5/5.36", "usr/share/perl/5.36"];
        let modules =
            modules.iter().chain(&["usr/lib/x86_64-linux-gnu/perl/5.36", "usr/lib/x86_64-linux-gnu/perl-base"]);
        command.env("PERL5LIB", env::join_paths(modules.map(|path| self.path(path))).unwrap_or_default());
        command.env("LINTIAN_BASE", self.path("usr/share/lintian"));
        let system = env::var_os("PATH").unwrap_or_default();
        let places = env::split_paths(&system).chain(["usr/bin", "bin"].map(|place| self.path(place)));
        command.env("PATH", env::join_paths(places).unwrap_or_default());
        command.arg(self.path("usr/bin/lintian")).args([
            "--allow-root",
            "--fail-on",
            "error",
            "--tag-display-limit",
            "0",
        ]);
        command.args(["--display-info", "--display-experimental"]).arg(package);
        command
    }

    /// rpm, which otherwise looks for its settings where the package would be installed, with a database of its own.
    pub(crate) fn rpm(&self, database: &Path) -> Command {
        let mut command = self.command("rpm");
        command.env("RPM_CONFIGDIR", self.path("usr/lib/rpm")).arg("--dbpath").arg(database);
        command
    }

    /// groff, which otherwise looks for its programs, macros and devices where the package would be installed.
    pub(crate) fn groff(&self) -> Command {
        let mut command = self.command("groff");
        let macros = ["usr/share/groff/current/tmac", "usr/share/groff/site-tmac", "etc/groff"];
        let macros = env::join_paths(macros.map(|place| self.path(place))).unwrap_or_default();
        command.env("GROFF_TMAC_PATH", macros).env("GROFF_FONT_PATH", self.path("usr/share/groff/current/font"));
        command.env("GROFF_BIN_PATH", self.path("usr/bin"));
        command
    }

    pub(crate) fn library_path(&self) -> OsString {
        env::join_paths(self.libraries()).unwrap_or_default()
    }

    fn libraries(&self) -> [PathBuf; 2] {
        ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"].map(|place| self.path(place))
    }

    /// Every shared library of the group, links followed, by the name under which programs ask for it.
    pub(crate) fn shared_libraries(&self) -> Result<Vec<PathBuf>> {
        let mut found = vec![];
        for directory in self.libraries() {
            let Ok(entries) = fs::read_dir(directory) else { continue };
            for entry in entries {
                let path = entry?.path();
                if path.file_name().is_some_and(|name| name.to_string_lossy().contains(".so")) && path.is_file() {
                    found.push(path);
                }
            }
        }
        found.sort();
        Ok(found)
    }
}
