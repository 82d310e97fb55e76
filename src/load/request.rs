//! What is to be loaded, and how.

use crate::authorize::Candidate;
use crate::gather::TrustRequest;
use crate::image::Format;
use crate::image::cmdline::Cmdline;
use crate::machine::Machine;
use crate::reason::Finding;
use crate::sealed::Sealed;
use crate::segments::Options;
use crate::sources::Root;
use crate::sources::policy::{Policy, Unsigned};
use crate::system::{Method, Slot};
use crate::trust::Signature;
use anyhow::Context as _;
use std::fmt;
use std::path::PathBuf;

/// Where the command line comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CmdlineSource {
    /// Given, perhaps empty.
    Given(String),
    /// The running kernel's, less the parameters of these names.
    Reuse(Vec<String>),
}

/// What is to be loaded, and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// The kernel's path.
    pub kernel: PathBuf,
    /// The ID of the boot entry that named it, for the record.
    pub entry: Option<String>,
    /// The initrds' paths, in order; `None` if that was left to the kernel's file, which must then bring them.
    pub initrds: Option<Vec<PathBuf>>,
    /// Where the command line comes from; `None` as with `initrds`.
    pub cmdline: Option<CmdlineSource>,
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
    /// Let the kernel count loads and unloads, so that those of other programs show.
    pub count_loads: bool,
    /// Turn loading and unloading off afterwards, until the next boot.
    pub lock: bool,
    /// Refuse an initrd that no signature covers; having no initrd at all is fine.
    pub require_signed_initrd: bool,
    /// Waive a missing or unknown signature.
    pub insecure_unsigned: bool,
}

/// What a request must choose: a kernel that brings no initrd and no command line would be armed without its root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unchosen {
    /// An initrd, or that there is none.
    pub initrd: bool,
    /// A command line.
    pub cmdline: bool,
}

impl fmt::Display for Unchosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self { initrd: true, cmdline: true } => "choose an initrd and a command line",
            Self { initrd: true, .. } => "choose an initrd",
            Self { .. } => "choose a command line",
        })
    }
}

impl std::error::Error for Unchosen {}

/// Where the signature that counts is.
pub(super) fn place_of(detached: Option<&Sealed>) -> Signature<'_> {
    detached.map_or(Signature::Embedded, |signature| Signature::Detached(signature.bytes()))
}

impl Request {
    /// The detached signature that was named.
    pub(super) fn detached_signature(&self) -> Result<Option<Sealed>, Finding> {
        let read = |path: &PathBuf| Sealed::read(path).map_err(|error| Finding::from(error).in_file(path));
        self.signature.as_ref().map(read).transpose()
    }

    /// Demands an explicit choice of initrd and command line, unless the file can bring its own.
    pub(super) fn complete_with(&self, candidate: &Candidate) -> anyhow::Result<()> {
        let unchosen = Unchosen { initrd: self.initrds.is_none(), cmdline: self.cmdline.is_none() };
        let complete = !unchosen.initrd && !unchosen.cmdline || candidate.format() == Format::Uki;
        if complete { Ok(()) } else { Err(unchosen.into()) }
    }

    /// Whether a missing signature is waived: by the option, or by the policy. The policy's waiver is for the administrator's
    /// command, and must not weaken a first stage, to whose initramfs the policy is copied.
    pub(super) fn waives_unsigned(&self, policy: &Policy, machine: &Machine) -> bool {
        let first_stage = self.require_signed_initrd || machine.surroundings.initramfs;
        policy.unsigned.value == Unsigned::IfNotEnforced && !first_stage || self.insecure_unsigned
    }

    /// Puts the command line together.
    pub(super) fn command_line(&self, root: &Root) -> anyhow::Result<Cmdline> {
        let base = match &self.cmdline {
            None => Cmdline::default(),
            Some(CmdlineSource::Given(text)) => Cmdline::new(text),
            Some(CmdlineSource::Reuse(removed)) => {
                let running =
                    std::fs::read_to_string(root.path("/proc/cmdline")).context("cannot read /proc/cmdline")?;
                let mut removed = removed.clone();
                if self.slot == Slot::Panic {
                    // The crash kernel must not reserve memory for another of its kind.
                    removed.push("crashkernel".into());
                }
                Cmdline::reuse(&running, &removed)
            }
        };
        Ok(self.append.iter().fold(base, |line, more| line.append(more)))
    }
}
