//! The manifest of a load: found, verified, and not older than what has booted.

use super::account::Account;
use super::request::Request;
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
pub(super) fn kernel(request: &Request, binding: Option<&Binding>) -> Result<PathBuf, Stop> {
    let named = || binding.and_then(|binding| binding.place(binding.manifest().kernel()));
    let found = request.kernel.clone().or_else(named);
    found.ok_or_else(|| Stop::Unsaid("the manifest does not name the kernel's file: give KERNEL".into()))
}

/// The initrds that were named, or else those that the manifest names.
pub(super) fn initrd_paths(request: &Request, binding: Option<&Binding>) -> Result<Vec<PathBuf>, Stop> {
    match (&request.initrds, binding) {
        (Some(paths), _) => Ok(paths.clone()),
        (None, Some(binding)) => {
            let place = |bound: &Bound| binding.place(bound);
            let paths: Option<Vec<_>> = binding.manifest().initrds().iter().map(place).collect();
            let unsaid = "the manifest does not name the files of all its initrds: give each with --initrd FILE";
            paths.ok_or_else(|| Stop::Unsaid(unsaid.into()))
        }
        (None, None) => Err(Stop::Unsaid("choose an initrd: give --initrd FILE or --no-initrd".into())),
    }
}

/// Opens and verifies the initrds.
pub(super) fn initrds(paths: &[PathBuf], binding: Option<&Binding>, trust: &Trust) -> Result<Initrds, Refusal> {
    match binding {
        Some(binding) => Initrds::open(&binding.supplies(&binding.initrds(paths, trust)?), trust),
        None => Initrds::open(&files(paths), trust),
    }
}

/// Files as parts of the initrd that are still to be verified.
pub(super) fn files(paths: &[PathBuf]) -> Vec<Supply<'static>> {
    paths.iter().cloned().map(Supply::File).collect()
}

/// The command line, if the manifest permits it.
pub(super) fn command_line(request: &Request, root: &Root, binding: Option<&Binding>) -> Result<CommandLine, Stop> {
    let text = request.command_line(root, binding.map(|binding| binding.manifest().cmdline()))?;
    Ok(match binding {
        Some(binding) => binding.command_line(text)?,
        None => CommandLine::unsigned(text),
    })
}
