//! What is to be loaded, and how.

use crate::authorize::{Injection, Reading, signature_at};
use crate::gather::TrustRequest;
use crate::image::cmdline::Cmdline;
use crate::machine::Machine;
use crate::reason::{Finding, Reason};
use crate::record::Asked;
use crate::sealed::{Keep, Sealed};
use crate::segments::Options;
use crate::sources::Root;
use crate::sources::policy::{Policy, Unsigned, WaiverOption};
use crate::system::{Method, Slot};
use crate::trust::Signature;
use anyhow::Context as _;
use std::path::PathBuf;

/// Where the command line comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CmdlineSource {
    /// From the file or the manifest, where one brings it; otherwise the load is refused.
    Unsaid,
    /// Given, perhaps empty.
    Given(String),
    /// The running kernel's, less the parameters of these names.
    Reuse(Vec<String>),
}

impl CmdlineSource {
    /// What was given, for a message.
    pub(super) fn option(&self) -> &'static str {
        match self {
            Self::Unsaid => "no option",
            Self::Given(text) if text.is_empty() => "--no-cmdline",
            // The options that give one have other names in kexec-tools.
            Self::Given(_) => "another one",
            Self::Reuse(_) => "--reuse-cmdline",
        }
    }
}

/// What is to be loaded, and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// The kernel's path; nothing where the manifest names it.
    pub kernel: Option<PathBuf>,
    /// The ID of the boot entry that named it, for the record.
    pub entry: Option<String>,
    /// The command that named the kernel by a version or an entry, for the record.
    pub asked: Option<Asked>,
    /// The manifest that binds the boot; nothing where only one beside the kernel is to be used.
    pub manifest: Option<PathBuf>,
    /// The number or the ID of a UKI's profile.
    pub profile: Option<String>,
    /// The initrds' paths, in order.
    pub initrds: Vec<PathBuf>,
    /// Boot without an initrd. Where there are no `initrds` either, the file or the manifest must bring one.
    pub no_initrd: bool,
    /// An initrd and a command line that are not named are none, unless the file brings them: the question is only whether the kernel
    /// could be loaded, or a boot entry names all that there is.
    pub kernel_alone: bool,
    /// Files that are added to the initrd in memory, behind all others.
    pub inject: Vec<Injection>,
    /// Where the command line comes from.
    pub cmdline: CmdlineSource,
    /// What is added to it, in order.
    pub append: Vec<String>,
    /// Whom to trust.
    pub trust: TrustRequest,
    /// A detached signature of the kernel; it counts instead of one within the kernel.
    pub signature: Option<PathBuf>,
    /// For which purpose.
    pub slot: Slot,
    /// By which system call; where nothing is asked for, [`load`](super::load()) chooses one.
    pub method: Option<Method>,
    /// How segments are to be made.
    pub segments: Options,
    /// Stop before the call.
    pub dry_run: bool,
    /// Whether the plan is to have the SHA-256 of each segment. It costs one more pass over all bytes of the segments: the digests that
    /// the purgatory compares are of parts of them.
    pub segment_digests: bool,
    /// Let the kernel count loads and unloads, so that those of other programs show.
    pub count_loads: bool,
    /// Turn loading and unloading off afterwards, until the next boot.
    pub lock: bool,
    /// Refuse an initrd that no signature covers; having no initrd at all is fine.
    pub require_signed_initrd: bool,
    /// Waive a missing or unknown signature.
    pub insecure_unsigned: bool,
    /// Another load of this process may follow, which has to read the facts about this machine, too.
    pub more_follows: bool,
}

/// Where the signature that counts is.
pub(super) fn place_of(detached: Option<&Sealed>) -> Signature<'_> {
    detached.map_or(Signature::Embedded, |signature| Signature::Detached(signature.bytes()))
}

impl Request {
    /// A load of this kernel alone, with the machine's trust and without any option.
    #[must_use]
    pub fn alone(kernel: PathBuf) -> Self {
        Self {
            kernel: Some(kernel),
            entry: None,
            asked: None,
            manifest: None,
            profile: None,
            initrds: Vec::new(),
            no_initrd: false,
            kernel_alone: true,
            inject: Vec::new(),
            cmdline: CmdlineSource::Unsaid,
            append: Vec::new(),
            trust: TrustRequest { keys: Vec::new(), revoked: Vec::new(), system: true },
            signature: None,
            slot: Slot::Reboot,
            method: None,
            segments: Options::default(),
            dry_run: false,
            segment_digests: false,
            count_loads: false,
            lock: false,
            require_signed_initrd: false,
            insecure_unsigned: false,
            more_follows: false,
        }
    }

    /// How the kernel's file is read. The record holds the digest of the whole file. Segments are made of any memory, and the file method
    /// needs a descriptor of the bytes.
    pub(super) fn reading(&self) -> Reading<'_> {
        let keep = if self.method == Some(Method::Segments) { Keep::Private } else { Keep::Memfd };
        Reading { profile: self.profile.as_deref(), whole: true, keep }
    }

    /// The detached signature that was named.
    pub(super) fn detached_signature(&self) -> Result<Option<Sealed>, Finding> {
        self.signature.as_deref().map(signature_at).transpose()
    }

    /// Whether a missing signature is waived: by the option, or by the policy. The policy's waiver is for the administrator's
    /// command, and must not weaken a first stage, to whose initramfs the policy is copied.
    ///
    /// # Errors
    /// `waiver-forbidden`: the policy forbids the option.
    pub(super) fn waives_unsigned(&self, policy: &Policy, machine: &Machine) -> Result<bool, Finding> {
        if self.insecure_unsigned && policy.insecure_unsigned.value == WaiverOption::Forbidden {
            let seen = format!("{} sets insecure-unsigned", policy.insecure_unsigned.origin);
            return Err(Finding::new(Reason::WaiverForbidden, seen));
        }
        let first_stage = self.require_signed_initrd || machine.surroundings.initramfs;
        Ok(policy.unsigned.value == Unsigned::IfNotEnforced && !first_stage || self.insecure_unsigned)
    }

    /// The file that a report is about before the kernel is known.
    pub(super) fn subject(&self) -> PathBuf {
        self.kernel.clone().or_else(|| self.manifest.clone()).unwrap_or_default()
    }

    /// The command line that the options name, without what is appended.
    pub(super) fn command_line(&self, root: &Root) -> anyhow::Result<Cmdline> {
        Ok(match &self.cmdline {
            CmdlineSource::Unsaid => Cmdline::default(),
            CmdlineSource::Given(text) => Cmdline::new(text),
            CmdlineSource::Reuse(removed) => {
                let running =
                    std::fs::read_to_string(root.path("/proc/cmdline")).context("cannot read /proc/cmdline")?;
                let mut removed = removed.clone();
                if self.slot == Slot::Panic {
                    // The crash kernel must not reserve memory for another of its kind.
                    removed.push("crashkernel".into());
                }
                Cmdline::reuse(&running, &removed)
            }
        })
    }
}
