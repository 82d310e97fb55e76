//! `cargo xtask`: boots signed kernels in QEMU, in which skexec verifies and boots other kernels, and in which the running kernel
//! verifies the same files.

mod authority;
mod bench;
mod binaries;
mod cache;
mod causes;
mod checks;
mod covered;
mod cpio;
mod crates;
mod deadline;
mod deb;
mod demo;
mod disk;
mod dump;
mod esp;
mod fetch;
mod firmware;
mod fuzz;
mod gdb;
mod guest;
mod hardware;
mod initramfs;
mod kexec_tools;
mod lab;
mod licences;
mod machine;
mod manual;
mod measure;
mod monitor;
mod mutants;
mod openssl;
mod oracle;
mod package;
mod parent;
mod payload;
mod pkcs11;
mod publish;
mod real_files;
mod report;
mod reproducible;
mod root;
mod rpm;
mod scenarios;
mod shell;
mod shells;
mod siege;
mod sign;
mod size;
mod smoke;
mod swtpm;
mod test;
mod tool;
mod toolchains;
mod ukify;
mod variants;
mod varstore;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser};

use crate::bench::{Bench, Effort};
use crate::cache::Cache;
use crate::fetch::{Choice, Fetch, Kernel, Series};
use crate::lab::Lab;
use crate::machine::Accel;
use crate::report::Report;
use crate::toolchains::Toolchain;

/// Boots signed Linux kernels in QEMU, with skexec in the guest.
///
/// QEMU, firmware and Debian's signed kernels are fetched from the Debian mirror among the system's apt sources and unpacked
/// in vm-cache, below cargo's target directory. Nothing is installed, and root is not needed.
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
    /// Have real kernels verify forged files, and compare their answers with the recorded ones and with skexec's
    ///
    /// The last line for each kernel counts the differences; the exit code is 1 if there are any.
    Oracle(Oracle),
    /// Open a console in a guest that has skexec
    ///
    /// Secure Boot locks the guest down, unless --bios is given. `exit` ends the guest, and so does Ctrl-A X.
    Shell(Shell),
    /// Fetch QEMU, firmware and kernels into the cache, so that the scenarios need no network
    Fetch {
        /// Empty the cache first, and fetch today's versions
        #[arg(long)]
        refresh: bool,
    },
    /// Make the Debian packages skexec, skexec-initramfs, skexec-kexec and skexec-sign, list their files and run lintian on them
    ///
    /// The last three lines are the paths of the packages. cargo-deb and lintian are fetched into the cache.
    Deb {
        /// Do not run lintian
        #[arg(long)]
        no_lint: bool,
    },
    /// Make the packages skexec and skexec-dracut for Fedora and its relatives, and list their files and what they require
    ///
    /// The last two lines are the paths of the packages. cargo-generate-rpm and rpm are fetched into the cache.
    Rpm,
    /// Produce every cause of an errno in guests, and write docs/causes.md: what the kernel, skexec and kexec-tools say
    ///
    /// The exit code is 1 if an answer is not the foretold one.
    Causes {
        #[command(flatten)]
        emulation: Emulation,
    },
    /// Run `skexec verify` on signed and unsigned files from Debian, write docs/real-files.md, and compare `inspect` with other viewers
    ///
    /// Fetches about 400 MB of packages. Once they are in the cache, `cargo xtask test` compares the table.
    RealFiles,
    /// Measure skexec and other tools, and write docs/benchmarks.md and docs/downtime.md
    ///
    /// The exit code is 1 if an aim is missed. Instructions are counted in guests, so other load on this machine does not affect
    /// them; processor time and wall time need a quiet machine.
    Bench {
        /// What to measure [default: everything]
        #[arg(value_enum)]
        which: Option<Bench>,
        #[command(flatten)]
        effort: Effort,
    },
    /// Attack skexec with random seeds, on this machine and in guests, and write docs/siege.md
    ///
    /// The seed is printed; with it, a run begins like the one before. The exit code is 1 if an attack was not withstood.
    Siege(siege::Options),
    /// Break the code in one place at a time, let the tests notice, and write docs/mutants.md
    ///
    /// The exit code is 1 if a mutant survives for which tests/vm/src/mutants/reasons.rs has no reason. cargo-mutants is fetched into the
    /// cache.
    Mutants(mutants::Options),
    /// Let libFuzzer attack every parser, and write docs/fuzzing.md
    ///
    /// The exit code is 1 if an input broke its property; it is then in tests/fuzz/artifacts. cargo-fuzz is fetched into the cache; a nightly
    /// compiler must be installed.
    Fuzz(fuzz::Options),
    /// Count which lines the inputs of the fuzz targets reach, and write docs/coverage.md
    ///
    /// The exit code is 1 if a module of which more than a tenth is not reached has no reason in tests/vm/src/covered/reasons.rs. cargo-tarpaulin is
    /// fetched into the cache.
    Coverage(covered::Options),
    /// Write docs/size.md: how large the program is, section by section and crate by crate
    ///
    /// The exit code is 1 if the program for an initramfs has 3,300,000 bytes or more.
    Size,
    /// Write docs/crates.md: every crate that is linked into skexec, what it does there and whose bytes it reads
    Crates,
    /// Build the programs and their Debian packages here and in another directory, and compare them byte by byte
    ///
    /// The exit code is 1 if they differ.
    Reproducible,
    /// Build and test skexec with Debian's own Rust and linkers, and for aarch64
    ///
    /// The compilers, linkers and the emulator are fetched into the cache.
    Toolchains {
        /// What to build with [default: all of them]
        #[arg(value_enum)]
        which: Option<Toolchain>,
    },
    /// Run a program and print its processor time and its peak memory
    #[command(name = measure::MEASURE, hide = true)]
    Measure {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        program: Vec<OsString>,
    },
    /// Run a program, and end it when the parent process ends
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
    /// Your initrd for that kernel; the harness joins its own initrd to it, so that the kernel reports itself
    #[arg(long, value_name = "FILE")]
    initrd: Option<PathBuf>,
    #[command(flatten)]
    emulation: Emulation,
}

#[derive(Debug, Args)]
struct Test {
    /// Only tests whose name contains this, and scenarios likewise
    filter: Option<String>,
    /// Run every scenario with every kernel, and every other command once, instead of a representative part
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
    /// Also ask about files that may crash the kernel, each in a guest of its own
    #[arg(long, visible_alias = "all")]
    hazards: bool,
    /// Ask UEFI firmware under Secure Boot instead of a kernel
    #[arg(long, conflicts_with_all = ["kernel", "hazards"])]
    firmware: bool,
    /// Write the answers to the record with which `cargo test` compares
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
    /// Your initrd for that kernel; the harness joins its own initrd to it, so that the kernel reports itself
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
    /// The kernels that the user named; the default is Debian's 6.1.
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
        // The harness calls itself by these two, while it holds the cache.
        Command::Measure { program } => measure::print(&program)?,
        Command::Guard { parent, program } => parent::become_guarded(parent, &program)?,
        command => return with_cache(&Cache::open()?, command),
    }
    Ok(ExitCode::SUCCESS)
}

fn with_cache(cache: &Cache, command: Command) -> Result<ExitCode> {
    let success = match command {
        Command::Test(test) => return test::run(cache, &test),
        Command::Oracle(oracle) => return oracle::run(cache, &oracle),
        Command::Bench { which, effort } => bench::run(cache, which, effort)?,
        Command::Demo(demo) => demo::run(cache, &demo).map(|()| true)?,
        Command::Shell(shell) => shell::run(cache, &shell, None).map(|()| true)?,
        Command::Fetch { refresh } => fetch(cache, refresh).map(|()| true)?,
        Command::Deb { no_lint } => deb::run(cache, !no_lint).map(|()| true)?,
        Command::Rpm => rpm::run(cache).map(|()| true)?,
        Command::RealFiles => real_files::run(cache, &cache.workspace(real_files::PAGE)).map(|()| true)?,
        Command::Causes { emulation } => causes::run(cache, &cache.workspace(causes::PAGE), emulation.accel, false)?,
        Command::Siege(options) => siege::run(cache, &options)?,
        Command::Mutants(options) => mutants::run(cache, &options)?,
        Command::Fuzz(options) => fuzz::run(cache, &options)?,
        Command::Coverage(options) => covered::run(cache, &options)?,
        Command::Size => size::run(cache, &cache.workspace(size::PAGE)).map(|()| true)?,
        Command::Crates => crates::run(&cache.workspace(""), &cache.workspace(crates::PAGE)).map(|()| true)?,
        Command::Reproducible => reproducible::run(cache).map(|()| true)?,
        Command::Toolchains { which } => toolchains::run(cache, which).map(|()| true)?,
        Command::Measure { .. } | Command::Guard { .. } => anyhow::bail!("these need no cache"),
    };
    Ok(if success { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn fetch(cache: &Cache, refresh: bool) -> Result<()> {
    if refresh {
        cache.clear()?;
    }
    let fetch = Fetch::new(cache, Report::new());
    fetch.tools()?;
    for series in [Series::V6_1, Series::V6_12] {
        println!("kernel {series}: {}", fetch.debian_kernel(series)?.release);
    }
    Ok(())
}
