//! The command line, as clap reads it; nothing here looks at the system.

use super::segments::SegmentsArgs;
use clap::{ArgAction, ArgGroup, Args, Parser, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed (input, output, internal)
  2  the command line cannot be understood
  3  refused: not trusted
  4  malformed, unsupported, or does not fit
  5  the system does not permit it";

/// Verifies a signed Linux kernel and boots it from the running one, without firmware.
///
/// Who signed a kernel is proved before any system call, whatever the running kernel itself enforces, and the bytes
/// that were proved are the bytes that are loaded.
#[derive(Debug, Parser)]
#[command(name = "skexec", version, arg_required_else_help = true, after_help = EXIT_CODES, max_term_width = 100)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) output: OutputArgs,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What is printed.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct OutputArgs {
    /// Print JSON
    #[arg(long, global = true, help_heading = "Output")]
    pub(super) json: bool,
    /// Print errors only
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Output")]
    pub(super) quiet: bool,
    /// Say each step on standard error
    #[arg(short, long, global = true, help_heading = "Output")]
    pub(super) verbose: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Verify a kernel and load it, to be booted by `exec`
    Load(Box<LoadArgs>),
    /// Boot the loaded kernel, by a clean shutdown
    Exec(ExecArgs),
    /// Forget the loaded kernel
    Unload(UnloadArgs),
    /// Say what is loaded, what this machine permits, and what it would say of KERNEL
    Status(StatusArgs),
    /// Prove who signed each FILE, and load nothing
    Verify(VerifyArgs),
    /// Describe FILE, without asking whether it is trusted
    Inspect(InspectArgs),
}

/// Whom to trust.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Trust")]
pub(super) struct TrustArgs {
    /// Trust this certificate (PEM or DER), EFI signature list, or directory of them; may be repeated
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(super) keys: Vec<PathBuf>,
    /// Refuse what this certificate, EFI signature list, file of `sha256:HEX` lines, or directory of them names
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(super) revoked: Vec<PathBuf>,
    /// Do not trust the firmware's, shim's and the distribution's certificates; their revocations always count
    #[arg(long)]
    pub(super) no_system_trust: bool,
}

/// How the kernel is loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Method {
    /// The file method, unless the running kernel lacks it or takes no image of this kind
    #[default]
    Auto,
    /// By `kexec_file_load`: the running kernel reads and, if it enforces, verifies the file itself
    File,
    /// By `kexec_load`, with a purgatory that checks every segment before it jumps; also for a vmlinux
    Segments,
}

#[derive(Debug, Args)]
#[command(override_usage = "skexec load KERNEL (--initrd FILE... | --no-initrd)
                   (--cmdline STR | --reuse-cmdline | --no-cmdline) [OPTIONS]")]
#[command(group = ArgGroup::new("with-initrd").required(true).args(["initrd", "no_initrd"]))]
#[command(group = ArgGroup::new("with-cmdline").required(true).args(["cmdline", "reuse_cmdline", "no_cmdline"]))]
pub(super) struct LoadArgs {
    /// The kernel, a signed bzImage (vmlinuz) or ELF kernel (vmlinux)
    #[arg(value_hint = ValueHint::FilePath)]
    pub(super) kernel: PathBuf,
    /// An initrd; several are joined in this order. With a signature beside it (FILE.p7s) it must be trusted, too
    #[arg(long, value_name = "FILE", num_args = 1.., action = ArgAction::Append, value_hint = ValueHint::FilePath)]
    pub(super) initrd: Vec<PathBuf>,
    /// Boot without an initrd
    #[arg(long)]
    pub(super) no_initrd: bool,
    /// Refuse an initrd that has no signature beside it (FILE.p7s)
    #[arg(long)]
    pub(super) require_signed_initrd: bool,
    /// The command line
    #[arg(long, value_name = "STR", allow_hyphen_values = true)]
    pub(super) cmdline: Option<String>,
    /// Use the running kernel's command line, less what its boot loader added
    #[arg(long)]
    pub(super) reuse_cmdline: bool,
    /// Leave out every parameter of this name; may be repeated
    #[arg(long, value_name = "KEY", value_parser = key, requires = "reuse_cmdline", conflicts_with_all = ["cmdline", "no_cmdline"])]
    pub(super) cmdline_remove: Vec<String>,
    /// Start from an empty command line
    #[arg(long)]
    pub(super) no_cmdline: bool,
    /// Add to the end of the command line; may be repeated
    #[arg(long, value_name = "STR", allow_hyphen_values = true)]
    pub(super) append: Vec<String>,
    /// A detached signature of the kernel (PKCS#7 or CMS, DER or PEM); it counts instead of one within the kernel
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) signature: Option<PathBuf>,
    /// How to load it
    #[arg(long, value_enum, default_value_t)]
    pub(super) method: Method,
    /// Load the kernel for a crash, into the memory that crashkernel= reserved
    #[arg(long)]
    pub(super) panic: bool,
    /// Check all and show the plan, but do not load
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Load a kernel that is unsigned or whose signer is unknown; refused where the running kernel enforces
    #[arg(long)]
    pub(super) insecure_unsigned: bool,
    #[command(flatten)]
    pub(super) segments: SegmentsArgs,
    #[command(flatten)]
    pub(super) trust: TrustArgs,
}

#[derive(Debug, Clone, Copy, Args)]
pub(super) struct ExecArgs {
    /// Jump at once: run the pre-exec hooks, sync, remount read-only; services are not stopped
    #[arg(short, long)]
    pub(super) force: bool,
    /// Boot an image that skexec has no record of
    #[arg(long)]
    pub(super) foreign: bool,
}

#[derive(Debug, Clone, Copy, Args)]
pub(super) struct UnloadArgs {
    /// Forget the crash kernel instead
    #[arg(long)]
    pub(super) panic: bool,
}

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Say what this machine would make of this kernel
    #[arg(value_hint = ValueHint::FilePath)]
    pub(super) kernel: Option<PathBuf>,
    #[command(flatten)]
    pub(super) trust: TrustArgs,
}

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Kernels
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) files: Vec<PathBuf>,
    /// A detached signature of the one FILE (PKCS#7 or CMS, DER or PEM); an initrd's is looked for at FILE.p7s
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) signature: Option<PathBuf>,
    #[command(flatten)]
    pub(super) trust: TrustArgs,
}

#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// A kernel, an EFI program or an initrd
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) file: PathBuf,
}

/// A parameter's name, as `--cmdline-remove` takes it.
fn key(text: &str) -> Result<String, String> {
    let wrong = text.is_empty() || text.contains(|letter: char| letter == '=' || letter.is_whitespace());
    if wrong { Err("it is the name before the =, such as console".to_owned()) } else { Ok(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn clap_finds_no_fault() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_load_without_a_word_about_initrd_and_command_line_is_a_usage_error() {
        let rows: &[(&[&str], bool)] = &[
            (&["vmlinuz"], false),
            (&["vmlinuz", "--no-initrd"], false),
            (&["vmlinuz", "--no-cmdline"], false),
            (&["vmlinuz", "--no-initrd", "--no-cmdline"], true),
            (&["vmlinuz", "--initrd", "a", "b", "--initrd", "c", "--reuse-cmdline"], true),
            (&["vmlinuz", "--no-initrd", "--initrd", "a", "--no-cmdline"], false),
            (&["vmlinuz", "--no-initrd", "--cmdline", "quiet", "--append", "-x", "--append", "y"], true),
            (&["vmlinuz", "--no-initrd", "--cmdline", "quiet", "--reuse-cmdline"], false),
            (&["vmlinuz", "--no-initrd", "--cmdline", "quiet", "--cmdline-remove", "x"], false),
            (&["vmlinuz", "--no-initrd", "--reuse-cmdline", "--cmdline-remove", "x"], true),
        ];
        for (words, fine) in rows {
            let line = ["skexec", "load"].iter().chain(*words);
            assert_eq!(Cli::try_parse_from(line).is_ok(), *fine, "{words:?}");
        }
    }
}
