//! The options of `skexec-sign manifest`.

use super::SignerArgs;
use super::uki::cmdline;
use clap::{Args, ValueHint};
use std::path::PathBuf;

pub(super) const EXAMPLES: &str = "\
Examples:
  skexec-sign manifest --key signer.key --cert signer.pem --name acme --boot-version 7 --initrd initrd.img --cmdline \"root=LABEL=r ro\" vmlinuz
  skexec-sign manifest --key signer.key --cert signer.pem --name acme --boot-version 8 --cmdline \"ro\" --vary \"console=ttyS[0-9]*\" --vary quiet vmlinuz
  skexec load --manifest vmlinuz.manifest vmlinuz --initrd initrd.img";

#[derive(Debug, Args)]
pub(crate) struct ManifestArgs {
    /// The kernel that the manifest binds
    #[arg(value_name = "KERNEL", value_hint = ValueHint::FilePath)]
    pub(crate) kernel: PathBuf,
    /// An initrd that the manifest binds; may be repeated, and the order counts
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) initrd: Vec<PathBuf>,
    /// The command line that the manifest binds
    #[arg(long, value_name = "TEXT", value_parser = cmdline)]
    pub(crate) cmdline: String,
    /// The name under which versions are compared: 1 to 64 letters, digits, '.', '_' and '-'
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub(crate) name: String,
    /// The version, at least 1: a machine that has booted a higher one refuses this manifest
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) boot_version: u64,
    /// Let a parameter be added, left out, or have any value that PATTERN (* ? [a-z]) matches; without '=' it is a parameter without a
    /// value; may be repeated
    #[arg(long, value_name = "KEY[=PATTERN]", value_parser = vary)]
    pub(crate) vary: Vec<Vary>,
    /// Write the names of the files into the manifest, so that `skexec load` finds them beside it; they must lie there
    #[arg(long)]
    pub(crate) file_names: bool,
    /// Write the manifest to OUT and its signature to OUT.p7s; the default is KERNEL.manifest
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
}

/// A parameter that may vary, and a pattern over its value; empty for a parameter without a value.
#[derive(Debug, Clone)]
pub(crate) struct Vary {
    pub(crate) key: String,
    pub(crate) pattern: String,
}

fn vary(text: &str) -> Result<Vary, String> {
    let (key, pattern) = match text.split_once('=') {
        Some((_, "")) => return Err("a pattern is needed after the '='".to_owned()),
        Some(both) => both,
        None => (text, ""),
    };
    match key.starts_with(|first: char| first.is_ascii_alphanumeric()) && key.chars().all(is_usual) {
        true => Ok(Vary { key: key.to_owned(), pattern: pattern.to_owned() }),
        false => {
            Err("a parameter's name has letters, digits, '.', '_' and '-', and starts with one of the first two"
                .to_owned())
        }
    }
}

fn name(text: &str) -> Result<String, String> {
    match (1..=64).contains(&text.len()) && text.chars().all(is_usual) {
        true => Ok(text.to_owned()),
        false => Err("a name has 1 to 64 letters, digits, '.', '_' and '-'".to_owned()),
    }
}

fn is_usual(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "._-".contains(letter)
}
