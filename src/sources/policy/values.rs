//! What settings can be.

use crate::hex;

/// A value that is one of a few names.
pub trait Choice: Copy + PartialEq + 'static {
    /// All of them, by their names in the file.
    const NAMES: &'static [(&'static str, Self)];

    /// Its name in the file.
    #[must_use]
    fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, value)| *value == self).map_or("", |(name, _)| name)
    }
}

/// Whether unsigned kernels are permitted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unsigned {
    /// Only where `--insecure-unsigned` is given.
    #[default]
    Never,
    /// As if `--insecure-unsigned` were given on every load.
    IfNotEnforced,
}

impl Choice for Unsigned {
    const NAMES: &'static [(&'static str, Self)] = &[("never", Self::Never), ("if-not-enforced", Self::IfNotEnforced)];
}

/// Whether `--insecure-unsigned` may be given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WaiverOption {
    /// It may.
    #[default]
    Allowed,
    /// A load with it is refused.
    Forbidden,
}

impl Choice for WaiverOption {
    const NAMES: &'static [(&'static str, Self)] = &[("allowed", Self::Allowed), ("forbidden", Self::Forbidden)];
}

/// A part of a boot that a signature may cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The kernel.
    Kernel,
    /// Every initrd.
    Initrd,
    /// The command line.
    Cmdline,
}

impl Choice for Part {
    const NAMES: &'static [(&'static str, Self)] =
        &[("kernel", Self::Kernel), ("initrd", Self::Initrd), ("cmdline", Self::Cmdline)];
}

/// What options may do to a signed command line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SignedCmdline {
    /// Nothing.
    #[default]
    Fixed,
    /// `--append` may add to it.
    Append,
    /// `--cmdline` and `--reuse-cmdline` may replace it, too.
    Replace,
}

impl Choice for SignedCmdline {
    const NAMES: &'static [(&'static str, Self)] =
        &[("fixed", Self::Fixed), ("append", Self::Append), ("replace", Self::Replace)];
}

/// What options may do to the initrds of a signed bundle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SignedInitrd {
    /// Nothing.
    #[default]
    Fixed,
    /// `--initrd` may add others after them.
    Append,
}

impl Choice for SignedInitrd {
    const NAMES: &'static [(&'static str, Self)] = &[("fixed", Self::Fixed), ("append", Self::Append)];
}

/// What `skexec refresh` does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Refresh {
    /// It brings what is loaded up to date.
    #[default]
    Loaded,
    /// It also loads the newest kernel where nothing is loaded.
    Newest,
    /// Nothing.
    Never,
}

impl Choice for Refresh {
    const NAMES: &'static [(&'static str, Self)] =
        &[("loaded", Self::Loaded), ("newest", Self::Newest), ("never", Self::Never)];
}

/// A kind of thing that is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A kernel that is no UKI.
    Kernel,
    /// A unified kernel image.
    Uki,
    /// An add-on of a UKI.
    Addon,
    /// An initrd with a detached signature.
    Initrd,
    /// A manifest.
    Manifest,
}

impl Choice for Kind {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("kernel", Self::Kernel),
        ("uki", Self::Uki),
        ("addon", Self::Addon),
        ("initrd", Self::Initrd),
        ("manifest", Self::Manifest),
    ];
}

/// When the kernel, its initrd and its command line are measured into the TPM.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MeasureAt {
    /// Never.
    #[default]
    Off,
    /// Once they are loaded.
    Load,
    /// Before the jump.
    Exec,
}

impl Choice for MeasureAt {
    const NAMES: &'static [(&'static str, Self)] = &[("off", Self::Off), ("load", Self::Load), ("exec", Self::Exec)];
}

/// A certificate, or a public key, by its SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignerId {
    /// SHA-256 of the certificate in DER.
    Certificate([u8; 32]),
    /// SHA-256 of the SubjectPublicKeyInfo in DER (RFC 5280, 4.1.2.7).
    Key([u8; 32]),
}

impl SignerId {
    /// `certificate:HEX` or `key:HEX`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (kind, digits) = text.split_once(':')?;
        let digest = hex::decode(digits)?.try_into().ok()?;
        match kind {
            "certificate" => Some(Self::Certificate(digest)),
            "key" => Some(Self::Key(digest)),
            _ => None,
        }
    }

    /// As it stands in the file.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Certificate(digest) => format!("certificate:{}", hex::encode(digest)),
            Self::Key(digest) => format!("key:{}", hex::encode(digest)),
        }
    }
}
