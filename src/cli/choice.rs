//! Which kernel is loaded: by its path, by a boot entry or by its version.

use crate::entries::{self, Choice, Options};
use crate::load::CmdlineSource;
use crate::reason::Finding;
use crate::sources::Root;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueHint};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[group(multiple = false)]
pub(super) struct ChoiceArgs {
    /// The kernel: a signed bzImage (vmlinuz), ELF kernel (vmlinux) or unified kernel image (UKI), which brings its initrd and its
    /// command line
    #[arg(value_hint = ValueHint::FilePath, required_unless_present_any = ["entry", "latest", "kernel_version", "manifest"])]
    pub(super) kernel: Option<PathBuf>,
    /// Load what this boot entry names (`skexec entries` lists them); `default` is the entry that systemd-boot starts next, `oneshot` the
    /// one that it starts only once
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub(super) entry: Option<String>,
    /// Load the newest installed kernel, as --kernel-version does
    #[arg(long)]
    pub(super) latest: bool,
    /// Load the installed kernel of this version: from the boot entry that names it, or with its initrd and the command line of
    /// /etc/kernel/cmdline
    #[arg(long, value_name = "VERSION", value_parser = NonEmptyStringValueParser::new())]
    pub(super) kernel_version: Option<String>,
}

impl ChoiceArgs {
    /// Finds the files, unless the kernel is given by its path or by a manifest.
    pub(super) fn find(&self, root: &Root) -> Result<Option<Choice>, Finding> {
        match (&self.entry, &self.kernel_version) {
            (Some(id), _) => entries::by_id(root, id).map(Some),
            (_, Some(version)) => entries::by_version(root, version).map(Some),
            _ if self.latest => entries::latest(root).map(Some),
            _ => Ok(None),
        }
    }
}

/// The command line that a choice brings.
pub(super) fn cmdline(options: Options) -> CmdlineSource {
    match options {
        Options::Given(text) => CmdlineSource::Given(text),
        Options::Running => CmdlineSource::Reuse(Vec::new()),
        Options::Unsaid => CmdlineSource::Unsaid,
    }
}
