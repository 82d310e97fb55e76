//! The manifest of a load: found, verified, and not older than what has booted.

use super::account::Account;
use super::request::Request;
use super::stop::Stop;
use crate::authorize::Binding;
use crate::machine::Machine;
use crate::progress::{Event, Follow};
use crate::reason::{Finding, Reason};
use crate::rollback::{Booted, Version};
use crate::sources::Root;
use crate::sources::policy::{Policy, Setting};
use crate::trust::Trust;
use std::path::PathBuf;

/// The manifest that was named, or else the one beside the kernel.
pub(super) fn find(request: &Request, trust: &Trust, account: &mut Account) -> Result<Option<Binding>, Stop> {
    let beside = || request.kernel.as_deref().and_then(Binding::beside);
    let Some(path) = request.manifest.clone().or_else(beside) else { return Ok(None) };
    let assessment = Binding::judge(Binding::read(&path)?, None, trust)?;
    account.judged_manifest(&assessment);
    let binding = Binding::new(assessment)?;
    account.binds(&binding);
    Ok(Some(binding))
}

/// The version that a manifest gives the boot.
pub(super) fn version(binding: &Binding) -> Version {
    let manifest = binding.manifest();
    Version { name: manifest.name().to_owned(), number: manifest.version() }
}

/// Refuses a version that is lower than the policy's least one, or than one that has booted. An initramfs does not know the latter.
pub(super) fn not_older(
    binding: Option<&Binding>,
    policy: &Policy,
    root: &Root,
    machine: &Machine,
    follow: &mut Follow<'_>,
) -> Result<(), Finding> {
    let Some(binding) = binding else { return Ok(()) };
    let version = version(binding);
    let about = |finding: Finding| finding.in_file(binding.path());
    at_least(&version, policy.versions.get(&version.name)).map_err(about)?;
    if machine.surroundings.initramfs {
        follow(Event::VersionsUnknown);
        return Ok(());
    }
    Booted::read(root)?.check(&version).map_err(about)
}

/// Refuses a version that is lower than the policy's least one.
fn at_least(version: &Version, least: Option<&Setting<u64>>) -> Result<(), Finding> {
    match least {
        Some(Setting { value, origin }) if version.number < *value => {
            let Version { name, number } = version;
            let seen = format!("{name} has version {number}; the policy demands at least {value} ({origin})");
            Err(Finding::new(Reason::ManifestRollback, seen))
        }
        _ => Ok(()),
    }
}

/// The kernel that was named, or else the one that the manifest names.
pub(super) fn kernel(request: &Request, binding: Option<&Binding>) -> Result<PathBuf, Finding> {
    let named = || binding.and_then(|binding| binding.place(binding.manifest().kernel()));
    request.kernel.clone().or_else(named).ok_or_else(|| Reason::KernelUnsaid.into())
}
