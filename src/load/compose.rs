//! What a boot is put together from: what the file or its manifest brings, and what the options name.

use super::fit::{self, Need};
use super::request::{CmdlineSource, Request};
use super::stop::Stop;
use crate::authorize::addons::Addon;
use crate::authorize::{Accepted, Binding, Bundle, CommandLine, Initrds, Injected, Supply};
use crate::image::manifest::Bound;
use crate::machine::Machine;
use crate::reason::{Finding, Reason, Warning};
use crate::sources::Root;
use crate::sources::policy::{MeasureAt, Policy, SignedCmdline, SignedInitrd};
use crate::system::{Method, Slot};
use crate::trust::Trust;
use anyhow::Context as _;
use std::path::PathBuf;

/// What may bring an initrd and a command line besides the options.
#[derive(Debug)]
pub(super) enum Base<'a> {
    /// A kernel alone, which brings neither.
    Kernel,
    /// A unified kernel image with its add-ons.
    Uki(Bundle<'a>),
    /// A manifest that binds the kernel.
    Manifest(&'a Binding),
}

impl<'a> Base<'a> {
    pub(super) fn of(binding: Option<&'a Binding>, accepted: &'a Accepted, addons: &'a [Addon]) -> Self {
        match (binding, Bundle::of(accepted, addons)) {
            (Some(binding), _) => Self::Manifest(binding),
            (None, Some(bundle)) => Self::Uki(bundle),
            (None, None) => Self::Kernel,
        }
    }

    /// Warnings about what it brings and is not used.
    pub(super) fn warnings(&self) -> Vec<Warning> {
        match self {
            Self::Uki(bundle) => bundle.warnings(),
            Self::Kernel | Self::Manifest(_) => Vec::new(),
        }
    }
}

/// The initrds, verified where something covers them, with the added files behind them.
///
/// # Errors
/// `initrd-unsaid` where nothing says what the initrd is; `initrd-signed` where options would change a signed one and the policy does
/// not allow that; those of reading and verifying the files; `half-of-ram` and others where they do not fit.
pub(super) fn initrds(
    request: &Request,
    base: &Base<'_>,
    kernel: Need,
    policy: &Policy,
    trust: &Trust,
    machine: &Machine,
    method: Method,
) -> Result<Initrds, Stop> {
    let injected = Injected::read(&request.inject)?;
    let mut supplies = match base {
        Base::Kernel => of_kernel(request)?,
        Base::Uki(bundle) => of_uki(request, bundle, policy)?,
        Base::Manifest(binding) => of_manifest(request, binding)?,
    };
    supplies.extend(injected.as_ref().map(Injected::supply));
    let measured = policy.measure.at.value != MeasureAt::Off && request.slot != Slot::Panic;
    fit::before_copying(kernel, &supplies, measured, machine, request.slot)?;
    let supplies = match base {
        Base::Manifest(binding) => binding.bound(supplies)?,
        Base::Kernel | Base::Uki(_) => supplies,
    };
    let initrds = Initrds::open(supplies, trust, method)?;
    let initrds = initrds.or_stand_in(machine, method).context("cannot make an empty initrd")?;
    if !measured {
        return Ok(initrds);
    }
    Ok(initrds.measured().context("cannot copy the initrd to measure it")?)
}

fn files(paths: &[PathBuf]) -> Vec<Supply<'static>> {
    paths.iter().cloned().map(Supply::File).collect()
}

/// Whether the options say what the initrd is.
fn says_initrd(request: &Request) -> bool {
    !request.initrds.is_empty() || request.no_initrd || request.kernel_alone
}

fn of_kernel(request: &Request) -> Result<Vec<Supply<'static>>, Finding> {
    if says_initrd(request) { Ok(files(&request.initrds)) } else { Err(Reason::InitrdUnsaid.into()) }
}

fn of_uki<'a>(request: &Request, bundle: &Bundle<'a>, policy: &Policy) -> Result<Vec<Supply<'a>>, Finding> {
    if bundle.brings_initrd() && request.no_initrd {
        return Err(Finding::new(Reason::InitrdSigned, "--no-initrd was given"));
    }
    let fixed = bundle.signed() && policy.signed_initrd.value == SignedInitrd::Fixed;
    if bundle.has_initrd() && fixed && !request.initrds.is_empty() {
        return Err(Finding::new(Reason::InitrdSigned, "--initrd was given"));
    }
    if !bundle.brings_initrd() && !says_initrd(request) {
        return Err(Finding::new(Reason::InitrdUnsaid, "the UKI has no .initrd"));
    }
    bundle.supplies(files(&request.initrds))
}

/// The initrds that were named, or else those that the manifest names.
fn of_manifest(request: &Request, binding: &Binding) -> Result<Vec<Supply<'static>>, Finding> {
    if request.no_initrd || !request.initrds.is_empty() {
        return Ok(files(&request.initrds));
    }
    let place = |bound: &Bound| binding.place(bound);
    let paths: Option<Vec<_>> = binding.manifest().initrds().iter().map(place).collect();
    let unnamed = || {
        let seen = "the manifest does not name the files of all its initrds";
        Finding::new(Reason::InitrdUnsaid, seen).in_file(binding.path())
    };
    paths.map(|paths| files(&paths)).ok_or_else(unnamed)
}

/// The command line.
///
/// # Errors
/// `cmdline-unsaid` where nothing says what it is; `cmdline-signed` where options would change a signed one and the policy does not
/// allow that; `manifest-cmdline`; the error of reading the running kernel's.
pub(super) fn command_line(
    request: &Request,
    base: &Base<'_>,
    policy: &Policy,
    root: &Root,
) -> Result<CommandLine, Stop> {
    match base {
        Base::Kernel => line_of_kernel(request, root),
        Base::Uki(bundle) => line_of_uki(request, bundle, policy.signed_cmdline.value, root),
        Base::Manifest(binding) => line_of_manifest(request, binding, root),
    }
}

fn line_of_kernel(request: &Request, root: &Root) -> Result<CommandLine, Stop> {
    if request.cmdline == CmdlineSource::Unsaid && !request.kernel_alone {
        return Err(Finding::from(Reason::CmdlineUnsaid).into());
    }
    Ok(appended(request, CommandLine::unsigned(request.command_line(root)?)))
}

fn line_of_uki(
    request: &Request,
    bundle: &Bundle<'_>,
    allowed: SignedCmdline,
    root: &Root,
) -> Result<CommandLine, Stop> {
    let line = match (&request.cmdline, bundle.command_line()) {
        (CmdlineSource::Unsaid, Some(own)) => own,
        (CmdlineSource::Unsaid, None) if request.kernel_alone => CommandLine::default(),
        (CmdlineSource::Unsaid, None) => {
            return Err(Finding::new(Reason::CmdlineUnsaid, "the UKI has no .cmdline").into());
        }
        (source, _) => {
            if bundle.has_cmdline() && bundle.signed() && allowed != SignedCmdline::Replace {
                return Err(Finding::new(Reason::CmdlineSigned, format!("{} was given", source.option())).into());
            }
            bundle.replaced_by(request.command_line(root)?)
        }
    };
    if line.covered() && allowed == SignedCmdline::Fixed && !request.append.is_empty() {
        return Err(Finding::new(Reason::CmdlineSigned, "--append was given").into());
    }
    Ok(appended(request, line))
}

/// The command line of the options, or else the manifest's, if the manifest permits it.
fn line_of_manifest(request: &Request, binding: &Binding, root: &Root) -> Result<CommandLine, Stop> {
    let base = match request.cmdline {
        CmdlineSource::Unsaid => binding.manifest().cmdline().clone(),
        _ => request.command_line(root)?,
    };
    let text = request.append.iter().fold(base, |line, more| line.append(more));
    Ok(binding.command_line(text)?)
}

fn appended(request: &Request, line: CommandLine) -> CommandLine {
    request.append.iter().fold(line, |line, more| line.append(more))
}
