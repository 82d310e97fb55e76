//! The command line, as clap reads it; nothing here reads a file.

mod manifest;
mod uki;

use crate::key::Uri;
use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
pub(crate) use manifest::{ManifestArgs, Vary};
use skexec::digest::Algorithm;
use std::fmt;
use std::path::PathBuf;
pub(crate) use uki::{Profile, UkiArgs};

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed: input, output, a wrong passphrase or an internal error
  2  usage: the command line is wrong, or a file exists that would be overwritten
  4  a file is malformed or unsupported, or the key does not belong to the certificate";

/// Signs kernels, unified kernel images and other files, and makes the keys for it.
///
/// A private key is PKCS#8 in PEM, or in a token with a PKCS#11 module. skexec-sign asks on the terminal for the passphrase of an
/// encrypted key, and for the PIN of a token.
#[derive(Debug, Parser)]
#[command(name = "skexec-sign", version, arg_required_else_help = true, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sign a kernel, a unified kernel image or another EFI program with Authenticode
    #[command(after_help = IMAGE_EXAMPLES)]
    Image(ImageArgs),
    /// Build a unified kernel image, or an add-on for one, and sign it
    #[command(after_help = uki::EXAMPLES)]
    Uki(UkiArgs),
    /// Write and sign a manifest: the kernel, the initrds and the command line that belong together
    #[command(after_help = manifest::EXAMPLES)]
    Manifest(ManifestArgs),
    /// Sign any file with a detached signature, in a file of its own
    #[command(after_help = DETACHED_EXAMPLES)]
    Detached(DetachedArgs),
    /// Make a certificate authority, a signer, and the files that enrol them
    #[command(after_help = KEYS_EXAMPLES)]
    Keys(KeysArgs),
}

const IMAGE_EXAMPLES: &str = "\
Examples:
  skexec-sign image --key signer.key --cert signer.pem vmlinuz -o vmlinuz.signed
  skexec-sign image --key signer.key --cert signer.pem --replace linux.efi    # signs again, in place
  skexec-sign image --key \"pkcs11:token=signing;object=signer\" --pkcs11-module /usr/lib/softhsm/libsofthsm2.so --cert signer.pem vmlinuz";

const DETACHED_EXAMPLES: &str = "\
Examples:
  skexec-sign detached --key signer.key --cert signer.pem initrd.img          # writes initrd.img.p7s
  skexec load vmlinuz --initrd initrd.img --reuse-cmdline --require-signed-initrd";

const KEYS_EXAMPLES: &str = "\
Examples:
  skexec-sign keys /root/keys --name \"Example Ltd\"         # asks for a passphrase
  skexec-sign keys ./test-keys --algorithm p256 --no-passphrase
  mokutil --import /root/keys/ca.der                       # enrols the authority with shim";

/// Who signs, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Signer")]
pub(crate) struct SignerArgs {
    /// The signer's private key: PKCS#8 in PEM, encrypted or not, or the PKCS#11 URI of a key in a token; RSA of 2048 to 4096 bits,
    /// ECDSA P-256 or P-384
    #[arg(long, value_name = "KEY", value_hint = ValueHint::FilePath, value_parser = KeyName::parser())]
    pub(crate) key: KeyName,
    /// The signer's certificate: PEM or DER
    #[arg(long, value_name = "CERT", value_hint = ValueHint::FilePath)]
    pub(crate) cert: PathBuf,
    /// Put this certificate into the signature, too: the one that issued --cert, then the one that issued that one; may be repeated
    #[arg(long, value_name = "CERT", value_hint = ValueHint::FilePath)]
    pub(crate) chain: Vec<PathBuf>,
    /// The digest algorithm
    #[arg(long, value_enum, default_value_t = Digest::Sha256)]
    pub(crate) digest: Digest,
    /// Read the key's passphrase, or the token's PIN, from the first line of FILE instead of the terminal
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// The PKCS#11 module of the token; module-path= in the URI names it, too
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) pkcs11_module: Option<PathBuf>,
}

/// Where a private key is.
#[derive(Debug, Clone)]
pub(crate) enum KeyName {
    File(PathBuf),
    Token(Uri),
}

impl KeyName {
    fn parser() -> impl TypedValueParser<Value = Self> {
        OsStringValueParser::new().try_map(|name| match name.to_str().filter(|text| Uri::claimed_by(text)) {
            Some(text) => Uri::parse(text).map(Self::Token),
            None => Ok(Self::File(name.into())),
        })
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Token(uri) => uri.fmt(f),
        }
    }
}

/// A digest algorithm that kernels and skexec accept.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Digest {
    Sha256,
    Sha384,
    Sha512,
}

impl From<Digest> for Algorithm {
    fn from(digest: Digest) -> Self {
        match digest {
            Digest::Sha256 => Self::Sha256,
            Digest::Sha384 => Self::Sha384,
            Digest::Sha512 => Self::Sha512,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ImageArgs {
    /// The image to sign
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Write the signed image to OUT; without this option FILE is replaced
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Remove the signatures that the image has; without this option a signed image is refused
    #[arg(long)]
    pub(crate) replace: bool,
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DetachedArgs {
    /// The file to sign; it is not changed
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Write the signature to OUT; the default is FILE.p7s
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
}

#[derive(Debug, Args)]
pub(crate) struct KeysArgs {
    /// Where the files are written; the directory is made if it does not exist, and no file in it is overwritten
    #[arg(value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
    pub(crate) directory: PathBuf,
    /// Whose keys these are: the certificates are named "NAME CA" and "NAME signer"
    #[arg(long, default_value = "Machine owner")]
    pub(crate) name: String,
    /// The algorithm of both keys; Linux 6.1 and older shims and firmware verify RSA only
    #[arg(long, value_enum, default_value_t = KeyAlgorithm::Rsa3072)]
    pub(crate) algorithm: KeyAlgorithm,
    /// How many days both certificates are valid, from today on
    #[arg(long, value_name = "N", default_value_t = 3650, value_parser = clap::value_parser!(u32).range(1..=36500))]
    pub(crate) days: u32,
    /// Read the passphrase that encrypts both keys from the first line of FILE instead of the terminal
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "no_passphrase")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Do not encrypt the private keys
    #[arg(long)]
    pub(crate) no_passphrase: bool,
}

/// An algorithm of a new key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyAlgorithm {
    Rsa3072,
    Rsa4096,
    P256,
    P384,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of a shell's line without its comment; quotes join words.
    fn words(line: &str) -> Vec<String> {
        let line = line.split(" #").next().unwrap_or_default();
        let parts = line.split('"').enumerate();
        let quoted = parts.map(|(index, part)| if index % 2 == 1 { part.replace(' ', "_") } else { part.to_owned() });
        quoted.collect::<String>().split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn examples_are_understood() {
        let pages = [
            IMAGE_EXAMPLES,
            DETACHED_EXAMPLES,
            KEYS_EXAMPLES,
            uki::EXAMPLES,
            manifest::EXAMPLES,
            include_str!("../../docs/signing.md"),
        ];
        let lines = pages.into_iter().flat_map(str::lines).map(str::trim);
        let examples: Vec<_> = lines.filter(|line| line.starts_with("skexec-sign ")).collect();
        assert!(examples.len() >= 8, "{examples:?}");
        for example in examples {
            let parsed = Cli::try_parse_from(words(example));
            assert!(parsed.is_ok(), "{example}: {}", parsed.map(drop).expect_err("an error"));
        }
    }
}
