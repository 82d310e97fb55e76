//! `skexec inspect`.

use super::args::InspectArgs;
use super::output::Output;
use super::tree;
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
    let path = args.file.display().to_string();
    let description = Description::with_profile(path, sealed.bytes(), args.profile.as_deref(), Some(&anchors))
        .with_addons(&args.file, Some(&anchors));
    if output.json() {
        output.document(&description)?;
    } else {
        output.fact(&args.file.display().to_string())?;
        tree::print(&description.nodes(), output)?;
    }
    match description.unknown() {
        Some(finding) => {
            output.refusal(Some(&args.file), finding)?;
            Ok(finding.reason.exit())
        }
        None => Ok(Exit::Done),
    }
}

/// The certificates that this machine trusts. What cannot be read is left out: the file can be described all the same.
fn anchors(system: System<'_>, output: &mut Output<'_>) -> Vec<Anchor> {
    let policy = Policy::read(system.root).unwrap_or_default();
    let request = TrustRequest { system: true, ..TrustRequest::default() };
    match gather(system.root, &policy, &request) {
        Ok(gathered) => gathered.trust.anchors,
        Err(finding) => {
            output.step(&format!("this machine's certificates were not compared: {finding}"));
            Vec::new()
        }
    }
}
