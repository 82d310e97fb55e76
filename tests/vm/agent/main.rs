//! The harness's agent in the guest: it reports which kernel is running, runs the harness's commands, and makes system calls for
//! tests that need them made without skexec.

mod bases;
mod calls;
mod capture;
mod cost;
mod dirt;
mod facts;
mod faults;
mod initrd;
mod kcore;
mod pause;
mod serve;
mod siege;
mod wear;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

#[derive(Debug, Parser)]
#[command(name = "agent", about = "The test harness's hand inside the guest")]
enum Args {
    /// Answer the harness on a serial port, until the guest ends
    Serve { port: PathBuf },
    /// Call kexec_file_load(2) without any check before it, and print the name of the errno
    FileLoad {
        kernel: PathBuf,
        #[arg(long)]
        initrd: Option<PathBuf>,
        #[arg(long, default_value = "")]
        cmdline: String,
        /// Repeat the call for this many milliseconds, so that another load finds the kernel busy
        #[arg(long, default_value_t = 0)]
        hold: u64,
        /// Load a crash kernel
        #[arg(long)]
        panic: bool,
    },
    /// Call kexec_load(2) with one page, which no kernel should boot, and print the name of the errno
    SegmentsLoad,
    /// Make a call that is wrong in one way, and print the name of the errno
    BadCall { fault: faults::Fault },
    /// Call kexec_file_load(2) for many files, and print the name and the errno of each
    Judge { files: Vec<PathBuf> },
    /// Print facts from the kernel: memory map, ACPI, EFI, setup_data, and the SHA-256 of its own initrd
    Facts,
    /// Print the addresses at which this kernel lies
    Bases,
    /// Run a program and print the arguments of its kexec_load(2)
    Capture {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        program: Vec<OsString>,
    },
    /// Run a program and print its cost: instructions, peak memory, bytes read
    Cost {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        program: Vec<OsString>,
    },
    /// Print the SHA-256 of a file
    Sha256 { path: PathBuf },
    /// Hold every second page of the free memory from now on
    WearMemory,
    /// The process by which `wear-memory` does that
    #[command(hide = true)]
    HoldMemory,
    /// Write an archive with one file of so many MiB, whose content never repeats
    BigInitrd {
        path: PathBuf,
        mib: u64,
        /// The file behind which the archive will stand: together they have that size
        #[arg(long)]
        behind: Option<PathBuf>,
        /// Make the file sparse, so that it takes no memory
        #[arg(long)]
        sparse: bool,
    },
    /// Unload the image for a reboot, or the crash kernel
    FileUnload {
        #[arg(long)]
        panic: bool,
    },
    /// Jump into the loaded kernel at once by reboot(2), or print the name of the errno
    Jump,
    /// Run a command under a seccomp filter that answers the calls that load with this errno
    Filtered {
        errno: u16,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<OsString>,
    },
    /// Run a command without CAP_SYS_BOOT
    WithoutSysBoot {
        #[arg(trailing_var_arg = true, required = true)]
        command: Vec<OsString>,
    },
    /// Stop a command when it prints a given line, run another command, and let the first continue
    PauseAt(pause::PauseAt),
    /// Kill skexec at random moments of loads, and compare what it knows with what the kernel holds
    Siege(siege::Siege),
    /// Write files into a directory until it cannot be written; print the number of each once it is on the disk
    WriteFiles { directory: PathBuf },
    /// Check the first files that `write-files` wrote there
    CheckFiles { directory: PathBuf, count: u64 },
}

fn main() -> Result<ExitCode> {
    match Args::parse() {
        Args::Serve { port } => serve::serve(&port),
        Args::FileLoad { kernel, initrd, cmdline, hold, panic } => {
            calls::file_load(&kernel, initrd.as_deref(), &cmdline, hold, panic)
        }
        Args::SegmentsLoad => faults::segments_load(),
        Args::BadCall { fault } => faults::bad_call(fault),
        Args::Filtered { errno, command } => faults::filtered(errno, &command),
        Args::Facts => facts::print(),
        Args::Bases => bases::print(),
        Args::Capture { program } => capture::run(&program),
        Args::Cost { program } => cost::run(&program),
        Args::Sha256 { path } => facts::print_sha256(&path),
        Args::WearMemory => wear::start(),
        Args::HoldMemory => wear::hold(),
        Args::BigInitrd { path, mib, behind, sparse } => initrd::big(&path, mib, behind.as_deref(), sparse),
        Args::Judge { files } => calls::judge(&files),
        Args::Jump => calls::jump(),
        Args::FileUnload { panic } => calls::file_unload(panic),
        Args::WithoutSysBoot { command } => calls::without_sys_boot(&command),
        Args::PauseAt(pause) => pause.run(),
        Args::Siege(siege) => siege.run(),
        Args::WriteFiles { directory } => dirt::write(&directory),
        Args::CheckFiles { directory, count } => dirt::check(&directory, count),
    }
}
