//! What the boot is put together from: a manifest, or the file, either of which may bring an initrd and a command line, and the options.

use super::bound;
use super::request::{CmdlineSource, Request};
use super::stop::Stop;
use crate::authorize::{Binding, Bundle, CommandLine, Supply};
use crate::reason::{Finding, Reason};
use crate::sources::Root;
use crate::sources::policy::{Policy, SignedCmdline, SignedInitrd};

/// The parts of the initrd.
///
/// # Errors
/// `initrd-unsaid` where neither the file nor the options say what the initrd is; `initrd-signed` where options would change a signed
/// one and the policy does not allow that.
pub(super) fn supplies<'a>(
    request: &Request,
    binding: Option<&Binding>,
    bundle: Option<&Bundle<'a>>,
    policy: &Policy,
) -> Result<Vec<Supply<'a>>, Finding> {
    if let Some(binding) = binding {
        return bound::files(request, binding);
    }
    let given: Vec<_> = request.initrds.iter().cloned().map(Supply::File).collect();
    let named = !given.is_empty() || request.no_initrd || request.kernel_alone;
    let Some(bundle) = bundle else {
        return if named { Ok(given) } else { Err(Reason::InitrdUnsaid.into()) };
    };
    if bundle.brings_initrd() && request.no_initrd {
        return Err(Finding::new(Reason::InitrdSigned, "--no-initrd was given"));
    }
    let fixed = bundle.signed() && policy.signed_initrd.value == SignedInitrd::Fixed;
    if bundle.has_initrd() && fixed && !given.is_empty() {
        return Err(Finding::new(Reason::InitrdSigned, "--initrd was given"));
    }
    if !bundle.brings_initrd() && !named {
        return Err(Finding::new(Reason::InitrdUnsaid, "the UKI has no .initrd"));
    }
    bundle.supplies(given)
}

/// The command line.
///
/// # Errors
/// `cmdline-unsaid` where neither the file nor the options say what it is; `cmdline-signed` where options would change a signed one and
/// the policy does not allow that; the error of reading the running kernel's.
pub(super) fn command_line(
    request: &Request,
    binding: Option<&Binding>,
    bundle: Option<&Bundle<'_>>,
    policy: &Policy,
    root: &Root,
) -> Result<CommandLine, Stop> {
    if let Some(binding) = binding {
        return bound::command_line(request, binding, root);
    }
    let allowed = policy.signed_cmdline.value;
    let own = bundle.and_then(Bundle::command_line);
    let line = match (bundle, &request.cmdline, own) {
        (_, CmdlineSource::Unsaid, Some(own)) => own,
        (_, CmdlineSource::Unsaid, None) if request.kernel_alone => CommandLine::default(),
        (Some(_), CmdlineSource::Unsaid, None) => {
            return Err(Finding::new(Reason::CmdlineUnsaid, "the UKI has no .cmdline").into());
        }
        (None, CmdlineSource::Unsaid, None) => return Err(Finding::from(Reason::CmdlineUnsaid).into()),
        (Some(bundle), source, _) => {
            if bundle.has_cmdline() && bundle.signed() && allowed != SignedCmdline::Replace {
                return Err(Finding::new(Reason::CmdlineSigned, format!("{} was given", source.option())).into());
            }
            bundle.replaced_by(request.command_line(root)?)
        }
        (None, ..) => CommandLine::unsigned(request.command_line(root)?),
    };
    if line.covered() && allowed == SignedCmdline::Fixed && !request.append.is_empty() {
        return Err(Finding::new(Reason::CmdlineSigned, "--append was given").into());
    }
    Ok(request.append.iter().fold(line, |line, more| line.append(more)))
}
