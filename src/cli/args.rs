//! The command line, as clap reads it; nothing here looks at the system.

use super::choice::ChoiceArgs;
use super::inject::InjectArgs;
use super::leave::LeaveArgs;
use super::reboot::RebootArgs;
use super::segments::SegmentsArgs;
use clap::builder::NonEmptyStringValueParser;
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed: input, output or an internal error
  2  usage: the command line is wrong
  3  refused: the file is not trusted
  4  the file is malformed or unsupported, or does not fit into memory
  5  the system does not permit it
For load, exec, reboot, refresh and unload the code says what was done to the machine, even if standard output cannot be written.";

/// Verifies a signed Linux kernel and boots it from the running one, without firmware.
///
/// skexec verifies the signature of a kernel before any system call, whether or not the running kernel enforces
/// signatures, and it loads exactly the bytes that it verified.
#[derive(Debug, Parser)]
#[command(name = "skexec", version, arg_required_else_help = true, after_help = EXIT_CODES, max_term_width = 100)]
#[command(disable_help_subcommand = true)]
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
    /// Print only errors
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Output")]
    pub(super) quiet: bool,
    /// Print each step on standard error, and details of certificates
    #[arg(short, long, global = true, help_heading = "Output")]
    pub(super) verbose: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Verify a kernel and load it, to be booted by `exec`
    Load(Box<LoadArgs>),
    /// Shut down cleanly and boot the loaded kernel
    Exec(ExecArgs),
    /// Verify an installed kernel, load it, shut down cleanly and boot it
    Reboot(Box<RebootArgs>),
    /// Load anew what was loaded by a version or a boot entry, after its files have changed
    Refresh(RefreshArgs),
    /// Unload the loaded kernel
    Unload(UnloadArgs),
    /// Show what is loaded, what this machine permits, and whether it would load KERNEL
    Status(StatusArgs),
    /// Record that this boot succeeded: older versions of its manifest are refused from now on
    Booted(BootedArgs),
    /// Verify who signed each FILE; loads nothing
    Verify(VerifyArgs),
    /// List the boot entries of this system, and verify their files
    Entries(EntriesArgs),
    /// Show what FILE claims about itself, unverified
    Inspect(InspectArgs),
    /// Show the policy that is in force, and the file and line that set each key
    Policy,
    /// Explain a reason or a warning: what it means, why the kernel refuses, what to do
    Explain(ExplainArgs),
    /// Print this help or that of a command, or the table of reasons or warnings
    Help(HelpArgs),
    /// Print what the completions of shells offer: boot entries, installed versions or profiles, one a line
    #[command(hide = true)]
    Complete(CompleteArgs),
    /// Take the options of kexec-tools, as this program does under the name kexec: see `skexec kexec --help`
    #[command(disable_help_flag = true)]
    Kexec(KexecArgs),
}

/// What is recorded.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct BootedArgs {
    /// Record only who started this boot, which is known before it has succeeded
    #[arg(long)]
    pub(super) started: bool,
}

/// Whom to trust.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Trust")]
pub(super) struct TrustArgs {
    /// Trust this certificate (PEM or DER), EFI signature list, or directory of them; may be repeated
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(super) keys: Vec<PathBuf>,
    /// Revoke what this certificate, EFI signature list, file of `sha256:HEX` lines, or directory of them names; may be repeated
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(super) revoked: Vec<PathBuf>,
    /// Do not trust the certificates of the firmware, of shim and of the trust.d directories; their revocations always count
    #[arg(long)]
    pub(super) no_system_trust: bool,
}

/// How the kernel is loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Method {
    /// `file`, unless the running kernel lacks `kexec_file_load` or the image needs `segments`
    #[default]
    Auto,
    /// Use `kexec_file_load`: the running kernel reads the file and, if it enforces signatures, verifies it
    File,
    /// Use `kexec_load`, with a purgatory that checks every segment before it jumps; also loads a vmlinux
    Segments,
}

/// What becomes of the initrd, for `load` and `reboot`.
#[derive(Debug, Clone, Args)]
pub(super) struct InitrdArgs {
    /// Boot without an initrd
    #[arg(long)]
    pub(super) no_initrd: bool,
    /// Refuse an initrd that no signature covers: a detached one (FILE.p7s), or that of a UKI or a manifest
    #[arg(long)]
    pub(super) require_signed_initrd: bool,
    #[command(flatten)]
    pub(super) inject: InjectArgs,
}

/// How the kernel is loaded, for `load` and `reboot`.
#[derive(Debug, Clone, Args)]
pub(super) struct HowArgs {
    /// Append this to the command line; may be repeated
    #[arg(long, value_name = "STR", allow_hyphen_values = true)]
    pub(super) append: Vec<String>,
    /// How to load the kernel
    #[arg(long, value_enum, default_value_t)]
    pub(super) method: Method,
    /// Make every check and show the plan, but load nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Load a kernel even if it is unsigned or its signer is unknown; refused where the running kernel enforces signatures
    #[arg(long)]
    pub(super) insecure_unsigned: bool,
    #[command(flatten)]
    pub(super) segments: SegmentsArgs,
    #[command(flatten)]
    pub(super) trust: TrustArgs,
}

impl HowArgs {
    /// What no parser of one value can see.
    pub(super) fn check(&self, initrd: &InitrdArgs) -> Result<(), String> {
        self.segments.check().and_then(|()| initrd.inject.check())
    }
}

#[derive(Debug, Args)]
#[command(override_usage = "skexec load KERNEL (--initrd FILE [--initrd FILE]... | --no-initrd)
                   (--cmdline STR | --reuse-cmdline | --no-cmdline) [OPTIONS]
       skexec load (UKI | --entry ID | --latest | --kernel-version VERSION) [OPTIONS]
       skexec load [KERNEL] --manifest FILE [OPTIONS]")]
#[command(group = ArgGroup::new("with-initrd").args(["initrd", "no_initrd"]))]
#[command(group = ArgGroup::new("with-cmdline").args(["cmdline", "reuse_cmdline", "no_cmdline"]))]
pub(super) struct LoadArgs {
    #[command(flatten)]
    pub(super) choice: ChoiceArgs,
    /// The profile of a UKI, by its number or its ID; without this option, that of the boot entry, or profile 0
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub(super) profile: Option<String>,
    /// A signed manifest that binds the kernel, its initrds and its command line; its signature is FILE.p7s. Options need not
    /// repeat what the manifest names. Without this option, KERNEL.manifest is used if it exists
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) manifest: Option<PathBuf>,
    /// An initrd; may be repeated, and several are joined in this order. If FILE.p7s, a detached signature, exists, it is
    /// verified
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) initrd: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) more: InitrdArgs,
    /// The command line
    #[arg(long, value_name = "STR", allow_hyphen_values = true)]
    pub(super) cmdline: Option<String>,
    /// Reuse the command line of the running kernel, without what its boot loader added
    #[arg(long)]
    pub(super) reuse_cmdline: bool,
    /// Remove every parameter with this name from the reused command line; may be repeated
    #[arg(long, value_name = "KEY", value_parser = key, requires = "reuse_cmdline", conflicts_with_all = ["cmdline", "no_cmdline"])]
    pub(super) cmdline_remove: Vec<String>,
    /// Use an empty command line
    #[arg(long)]
    pub(super) no_cmdline: bool,
    /// A detached signature of the kernel (PKCS#7 or CMS, DER or PEM), verified in place of an embedded one
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) signature: Option<PathBuf>,
    /// Load a crash kernel, into the memory that crashkernel= reserved
    #[arg(long)]
    pub(super) panic: bool,
    /// Let the kernel count loads and unloads until the next boot (kernel.kexec_load_limit_reboot, with --panic
    /// kernel.kexec_load_limit_panic; Linux 6.3 and later): `status` and `exec` then notice when another program has
    /// loaded or unloaded a kernel since
    #[arg(long)]
    pub(super) count_loads: bool,
    /// Let the kernel count as with --count-loads where it can, and after the load set kernel.kexec_load_disabled=1: until
    /// the next boot nobody can replace or unload the loaded kernel, nor load another one, not even a crash kernel. Exit
    /// code 1 if the kernel was loaded but this failed
    #[arg(long)]
    pub(super) lock: bool,
    #[command(flatten)]
    pub(super) how: HowArgs,
}

#[derive(Debug, Clone, Args)]
pub(super) struct ExecArgs {
    /// Do not stop services: run the pre-exec hooks, sync, remount file systems read-only, and jump
    #[arg(short, long, conflicts_with_all = ["when", "ignore_inhibitors", "message", "no_wall"])]
    pub(super) force: bool,
    /// Boot the loaded image even if skexec did not load it, or if another program may have replaced it
    #[arg(long)]
    pub(super) foreign: bool,
    #[command(flatten)]
    pub(super) leave: LeaveArgs,
}

#[derive(Debug, Clone, Copy, Args)]
pub(super) struct RefreshArgs {
    /// Load nothing but the crash kernel anew, and only if processors or memory have come or gone since it was loaded, and the running
    /// kernel does not bring its headers of a dump up to date itself
    #[arg(long)]
    pub(super) hardware: bool,
}

#[derive(Debug, Clone, Copy, Args)]
pub(super) struct UnloadArgs {
    /// Unload the crash kernel instead
    #[arg(long)]
    pub(super) panic: bool,
}

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Also check whether this machine would load this kernel
    #[arg(value_hint = ValueHint::FilePath)]
    pub(super) kernel: Option<PathBuf>,
    #[command(flatten)]
    pub(super) trust: TrustArgs,
}

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The kernels, UKIs, add-ons (*.addon.efi), initrds or manifests to verify
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) files: Vec<PathBuf>,
    /// A detached signature of the one FILE (PKCS#7 or CMS, DER or PEM); for an initrd or a manifest, FILE.p7s is the default
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) signature: Option<PathBuf>,
    /// The profile of a UKI, by its number or its ID; without this option, profile 0
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub(super) profile: Option<String>,
    #[command(flatten)]
    pub(super) trust: TrustArgs,
}

#[derive(Debug, Args)]
pub(super) struct EntriesArgs {
    #[command(flatten)]
    pub(super) trust: TrustArgs,
}

#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// A kernel, a UKI, an EFI program, an initrd, a manifest, a certificate, an EFI signature list or a signature
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) file: PathBuf,
    /// The profile of a UKI, by its number or its ID; without this option, profile 0
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub(super) profile: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The name that stands in brackets at the end of a refusal or a warning, such as unknown-signer
    pub(super) slug: String,
}

#[derive(Debug, Args)]
pub(super) struct CompleteArgs {
    /// What is completed
    #[arg(value_enum)]
    pub(super) subject: Subject,
    /// The words of the line that is completed
    #[arg(last = true)]
    pub(super) words: Vec<PathBuf>,
}

/// What can be completed by what this machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Subject {
    /// IDs of boot entries
    Entries,
    /// Versions of installed kernels
    Versions,
    /// IDs of the profiles in the first UKI among the words
    Profiles,
}

#[derive(Debug, Args)]
pub(super) struct HelpArgs {
    /// A command, or `reasons` or `warnings`: every slug with its exit code and what it means
    pub(super) topic: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct KexecArgs {
    /// The options and the kernel, as kexec-tools takes them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARG", value_hint = ValueHint::FilePath)]
    pub(super) words: Vec<std::ffi::OsString>,
}

/// What the help says of an exit code.
pub(super) fn exit_words(code: u8) -> &'static str {
    let words = |line: &'static str| line.trim_start().strip_prefix(&code.to_string()).map(str::trim_start);
    EXIT_CODES.lines().find_map(words).unwrap_or_default()
}

/// Checks a parameter's name for `--cmdline-remove`.
pub(super) fn key(text: &str) -> Result<String, String> {
    let wrong = text.is_empty() || text.contains(|letter: char| letter == '=' || letter.is_whitespace());
    if wrong { Err("give the name that stands before the =, such as console".to_owned()) } else { Ok(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn clap_finds_no_fault() {
        Cli::command().debug_assert();
    }

    /// A heading is for all options after it, also for those of the struct around it.
    #[test]
    fn an_option_stands_below_its_heading_in_every_command() {
        let mut headings = std::collections::BTreeMap::new();
        for command in Cli::command().get_subcommands() {
            for option in command.get_arguments().filter(|one| one.get_long().is_some()) {
                let heading = option.get_help_heading();
                let (first, name) = headings.entry(option.get_id().clone()).or_insert((heading, command.get_name()));
                assert_eq!(*first, heading, "--{} of {name} and of {}", option.get_id(), command.get_name());
            }
        }
    }

    #[test]
    fn a_load_chooses_one_kernel_and_not_two_initrds_or_command_lines() {
        let rows: &[(&[&str], bool)] = &[
            (&[], false),
            (&["--no-initrd", "--no-cmdline"], false),
            (&["--manifest", "vmlinuz.manifest"], true),
            (&["vmlinuz", "--manifest", "vmlinuz.manifest", "--initrd", "a", "--append", "quiet"], true),
            (&["--entry", "a"], true),
            (&["--latest", "--append", "x"], true),
            (&["--kernel-version", "6.12", "--no-initrd"], true),
            (&["vmlinuz", "--entry", "a"], false),
            (&["vmlinuz", "--latest"], false),
            (&["--latest", "--kernel-version", "6.12"], false),
            // Whether the kernel brings them is known when it has been read.
            (&["vmlinuz"], true),
            (&["vmlinuz", "--no-initrd"], true),
            (&["vmlinuz", "--no-cmdline"], true),
            (&["vmlinuz", "--no-initrd", "--no-cmdline"], true),
            (&["vmlinuz", "--initrd", "a", "--initrd", "c", "--reuse-cmdline"], true),
            (&["--initrd", "a", "vmlinuz", "--reuse-cmdline"], true),
            (&["--initrd", "a", "--initrd", "b", "--reuse-cmdline", "vmlinuz"], true),
            (&["vmlinuz", "--initrd", "a", "b", "--reuse-cmdline"], false),
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
