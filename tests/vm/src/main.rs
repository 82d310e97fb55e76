//! `cargo xtask`: boots signed kernels in QEMU, lets skexec judge and boot others from there, and lets the running kernel
//! judge the same files.

mod authority;
mod bench;
mod binaries;
mod cache;
mod checks;
mod cpio;
mod deb;
mod demo;
mod disk;
mod esp;
mod fetch;
mod gdb;
mod guest;
mod hardware;
mod initramfs;
mod kexec_tools;
mod lab;
mod machine;
mod measure;
mod oracle;
mod package;
mod parent;
mod payload;
mod real_files;
mod report;
mod root;
mod scenarios;
mod shell;
mod test;
mod tool;
mod variants;
mod varstore;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser};

use crate::bench::Bench;
use crate::cache::Cache;
use crate::fetch::{Choice, Fetch, Kernel, Series};
use crate::lab::Lab;
use crate::machine::Accel;
use crate::report::Report;

/// Boots signed Linux kernels in QEMU, with skexec in the guest.
///
/// All that is needed (QEMU, firmware, Debian's signed kernels) is fetched from the Debian mirror that the system's apt is
/// set to, and unpacked below cargo's target directory, in vm-cache. Nothing is installed, and no root is needed.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
enum Command {
    /// Show a locked-down kernel verify, refuse and boot other kernels through skexec
    ///
    /// Boots Debian's signed kernel under UEFI Secure Boot, where skexec verifies a good kernel and three bad ones, the
    /// kernel judges the same files, and the good one is loaded and booted.
    Demo(Demo),
    /// Run all tests: `cargo test --workspace`, then the scenarios in QEMU
    ///
    /// The last line is the count of the checks made in the guests.
    Test(Test),
    /// Let real kernels judge forged files, right and wrong, and compare with their record and with skexec
    ///
    /// The last line of each kernel counts the differences; any of them makes the exit code 1.
    Oracle(Oracle),
    /// Open a console in a guest, with skexec on its path
    ///
    /// The guest is locked down by Secure Boot unless --bios is given. Leave it with `exit`, or end it with Ctrl-A X.
    Shell(Shell),
    /// Fill the cache, so that everything else works without a network
    Fetch {
        /// Fetch anew what is there: today's kernels and programs
        #[arg(long)]
        refresh: bool,
    },
    /// Make the Debian package, and show what it holds and what lintian says of it
    ///
    /// The last line is its path. cargo-deb and lintian are fetched into the cache.
    Deb {
        /// Do not ask lintian
        #[arg(long)]
        no_lint: bool,
    },
    /// Let skexec judge signed and unsigned files of Debian's, and write the table in docs/real-files.md
    ///
    /// Fetches about 400 MB of packages. Once they are in the cache, `cargo xtask test` compares the table.
    RealFiles,
    /// Compare what skexec costs with what others cost; the exit code is 1 where an aim is missed
    Bench {
        /// What to measure [default: everything]
        #[arg(value_enum)]
        which: Option<Bench>,
        /// Runs of each
        #[arg(long, default_value_t = 20)]
        runs: usize,
    },
    /// Run a program and say what it cost
    #[command(name = measure::MEASURE, hide = true)]
    Measure {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        program: Vec<OsString>,
    },
    /// Run a program that ends with its parent
    #[command(name = parent::GUARD, hide = true)]
    Guard {
        parent: u32,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        program: Vec<OsString>,
    },
}

#[derive(Debug, Args)]
struct Demo {
    #[command(flatten)]
    kernels: Kernels,
    /// An initrd of yours for that kernel; the harness's own, which reports, is joined to it
    #[arg(long, value_name = "FILE")]
    initrd: Option<PathBuf>,
    #[command(flatten)]
    emulation: Emulation,
}

#[derive(Debug, Args)]
struct Test {
    /// Only tests whose name contains this, and scenarios likewise
    filter: Option<String>,
    /// Every scenario with every kernel, instead of a representative part
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    kernels: Kernels,
    #[command(flatten)]
    emulation: Emulation,
}

#[derive(Debug, Args)]
struct Oracle {
    /// The kernel to ask, once or more: one that Debian signed, or its 6.1 or 6.12 [default: both of these]
    #[arg(long, value_name = "FILE|6.1|6.12")]
    kernel: Vec<Choice>,
    /// Ask also about the files that may crash it, each in a guest of its own
    #[arg(long, visible_alias = "all")]
    hazards: bool,
    /// Keep the answers as the record that `cargo test` compares with
    #[arg(long)]
    record: bool,
    #[command(flatten)]
    emulation: Emulation,
}

#[derive(Debug, Args)]
struct Shell {
    /// A BIOS machine, where nothing is enforced
    #[arg(long)]
    bios: bool,
    #[command(flatten)]
    kernels: Kernels,
    /// An initrd of yours for that kernel; the harness's own, which reports, is joined to it
    #[arg(long, value_name = "FILE")]
    initrd: Option<PathBuf>,
    #[command(flatten)]
    emulation: Emulation,
}

#[derive(Debug, Args)]
struct Kernels {
    /// The kernel that skexec verifies and boots: a signed bzImage, or Debian's 6.1 or 6.12 [default: 6.1, or the
    /// scenario's]
    #[arg(long, value_name = "FILE|6.1|6.12")]
    kernel: Option<Choice>,
    /// The kernel that runs skexec; it must be signed by Debian, whose key the firmware is given [default: 6.1, or
    /// the scenario's]
    #[arg(long, value_name = "FILE|6.1|6.12")]
    first_kernel: Option<Choice>,
}

#[derive(Debug, Args)]
struct Emulation {
    /// How QEMU runs the guest
    #[arg(long, value_enum, default_value_t = Accel::Tcg)]
    accel: Accel,
}

/// The two kernels of a boot by kexec.
#[derive(Debug)]
struct Pair {
    first: Kernel,
    second: Kernel,
}

impl Kernels {
    /// What the user named, and Debian's 6.1 where nothing was.
    fn pair(&self, lab: &Lab) -> Result<Pair> {
        let default = Choice::Debian(Series::V6_1);
        let chosen = |choice: &Option<Choice>| lab.kernel(choice.as_ref().unwrap_or(&default));
        let (first, second) = (chosen(&self.first_kernel)?, chosen(&self.kernel)?);
        Ok(Pair { first, second })
    }
}

fn main() -> ExitCode {
    match run(Command::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Demo(demo) => demo::run(&demo).map(|()| ExitCode::SUCCESS),
        Command::Test(test) => test::run(&test),
        Command::Oracle(oracle) => oracle::run(&oracle),
        Command::Shell(shell) => shell::run(&shell).map(|()| ExitCode::SUCCESS),
        Command::Fetch { refresh } => fetch(refresh).map(|()| ExitCode::SUCCESS),
        Command::Deb { no_lint } => deb::run(!no_lint).map(|()| ExitCode::SUCCESS),
        Command::RealFiles => real_files::run().map(|()| ExitCode::SUCCESS),
        Command::Bench { which, runs } => bench::run(which, runs),
        Command::Measure { program } => measure::print(&program).map(|()| ExitCode::SUCCESS),
        Command::Guard { parent, program } => parent::become_guarded(parent, &program).map(|()| ExitCode::SUCCESS),
    }
}

fn fetch(refresh: bool) -> Result<()> {
    let cache = Cache::open()?;
    if refresh {
        cache.clear()?;
    }
    let fetch = Fetch::new(&cache, Report::new());
    fetch.tools()?;
    for series in [Series::V6_1, Series::V6_12] {
        println!("kernel {series}: {}", fetch.debian_kernel(series)?.release);
    }
    Ok(())
}
