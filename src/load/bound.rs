//! The manifest of a load: found, verified, and not older than what has booted.

use super::account::Account;
use super::request::{CmdlineSource, Request};
use super::stop::Stop;
use crate::authorize::{Binding, Candidate, CommandLine, Initrds, Supply};
use crate::image::manifest::Bound;
use crate::machine::Machine;
use crate::progress::{Event, Follow};
use crate::reason::{Finding, Reason, Refusal};
use crate::rollback::{Booted, Version};
use crate::sources::Root;
use crate::sources::policy::{Policy, Setting};
use crate::trust::Trust;
use std::path::PathBuf;

/// The manifest that was named, or else the one beside the kernel.
pub(super) fn find(request: &Request, trust: &Trust, account: &mut Account) -> Result<Option<Binding>, Stop> {
    let beside = || request.kernel.as_deref().and_then(Binding::beside);
    let Some(path) = request.manifest.clone().or_else(beside) else { return Ok(None) };
    let assessment = Binding::judge(Candidate::read(&path)?, None, trust)?;
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

/// The initrds that were named, or else those that the manifest names.
pub(super) fn files(request: &Request, binding: &Binding) -> Result<Vec<Supply<'static>>, Finding> {
    let files = |paths: Vec<PathBuf>| paths.into_iter().map(Supply::File).collect();
    if request.no_initrd || !request.initrds.is_empty() {
        return Ok(files(request.initrds.clone()));
    }
    let place = |bound: &Bound| binding.place(bound);
    let paths: Option<Vec<_>> = binding.manifest().initrds().iter().map(place).collect();
    let unnamed = || {
        let seen = "the manifest does not name the files of all its initrds";
        Finding::new(Reason::InitrdUnsaid, seen).in_file(binding.path())
    };
    paths.map(files).ok_or_else(unnamed)
}

/// Opens and verifies the initrds: with a manifest, the files must be those that it binds.
pub(super) fn open(supplies: Vec<Supply<'_>>, binding: Option<&Binding>, trust: &Trust) -> Result<Initrds, Refusal> {
    let Some(binding) = binding else { return Initrds::open(&supplies, trust) };
    let (files, others): (Vec<_>, Vec<_>) = supplies.into_iter().partition(|supply| matches!(supply, Supply::File(_)));
    let paths: Vec<_> = files.iter().filter_map(|supply| supply.origin().file().map(Into::into)).collect();
    let held = binding.initrds(&paths, trust)?;
    let bound: Vec<_> = binding.supplies(&held).into_iter().chain(others).collect();
    Initrds::open(&bound, trust)
}

/// The command line of the options, or else the manifest's, if the manifest permits it.
pub(super) fn command_line(request: &Request, binding: &Binding, root: &Root) -> Result<CommandLine, Stop> {
    let base = match request.cmdline {
        CmdlineSource::Unsaid => binding.manifest().cmdline().clone(),
        _ => request.command_line(root)?,
    };
    let text = request.append.iter().fold(base, |line, more| line.append(more));
    Ok(binding.command_line(text)?)
}
