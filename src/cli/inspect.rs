//! `skexec inspect`.

use super::args::InspectArgs;
use super::output::Output;
use super::tree;
use crate::confine;
use crate::gather::{TrustRequest, gather};
use crate::inspect::Description;
use crate::reason::{Exit, Finding};
use crate::sealed::Sealed;
use crate::sources::policy::Policy;
use crate::system::System;
use crate::trust::Anchor;

pub(super) fn run(system: System<'_>, args: &InspectArgs, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let sealed = match Sealed::read(&args.file) {
        Ok(sealed) => sealed,
        Err(error) => {
            return output.failure(&Finding::from(error).in_file(&args.file));
        }
    };
    let anchors = anchors(system, output);
    confine::trust_is_read(system);
    let path = args.file.display().to_string();
    let description = Description::with_profile(path, sealed.bytes(), args.profile.as_deref(), anchors.as_deref())
        .with_addons(&args.file, anchors.as_deref());
    if output.json() {
        output.document(&description)?;
    } else {
        output.fact(&args.file.display().to_string())?;
        tree::print(&description.nodes(), output)?;
    }
    for warning in description.warnings() {
        output.warning(warning)?;
    }
    match description.unknown() {
        Some(finding) => {
            output.refusal(Some(&args.file), finding)?;
            Ok(finding.reason.exit())
        }
        None => Ok(Exit::Done),
    }
}

/// The certificates that this machine trusts; nothing where that cannot be known. The file can be described all the same.
fn anchors(system: System<'_>, output: &mut Output<'_>) -> Option<Vec<Anchor>> {
    let request = TrustRequest { system: true, ..TrustRequest::default() };
    match Policy::read(system.root).and_then(|policy| gather(system.root, &policy, &request)) {
        Ok(gathered) => Some(gathered.trust.anchors),
        Err(finding) => {
            if !output.quiet() {
                let unknown = "warning: it is not known which certificates this machine trusts";
                output.logged_fault(&format!("{unknown}: {finding} ({})", finding.reason));
            }
            None
        }
    }
}
