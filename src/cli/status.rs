//! `skexec status`.

use super::args::StatusArgs;
use super::output::Output;
use super::verify::tell;
use crate::diagnose::Status;
use crate::load::{CmdlineSource, Outcome, Request, load};
use crate::reason::Exit;
use crate::report::Report;
use crate::segments::Options;
use crate::system::{Slot, System};
use serde::Serialize;
use std::path::Path;

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    status: &'a Status,
    kernel: Option<&'a Report>,
    /// The running kernel's keys that the kernel's signature leads to.
    kernel_keys: Option<&'a [String]>,
}

pub(super) fn run(system: System<'_>, args: &StatusArgs, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let status = Status::read(system.root, &(&args.trust).into());
    let outcome = args.kernel.as_deref().map(|kernel| would(system, kernel, args)).transpose()?;
    let report = outcome.as_ref().map(|outcome| &outcome.report);
    if output.json() {
        output.document(&Document {
            status: &status,
            kernel: report,
            kernel_keys: outcome.as_ref().map(|outcome| outcome.keys.as_slice()),
        })?;
    } else {
        for (key, value) in status.lines() {
            output.row(key, &value)?;
        }
    }
    if let (Some(kernel), Some(outcome)) = (&args.kernel, &outcome) {
        for warning in &outcome.warnings {
            output.warning(warning)?;
        }
        if !output.json() {
            tell(kernel, &outcome.report, output)?;
            for (index, key) in outcome.keys.iter().enumerate() {
                output.row(if index == 0 { "held" } else { "" }, key)?;
            }
        }
    }
    Ok(outcome.map_or(status.exit(), |outcome| outcome.exit()))
}

/// What a load of this kernel alone would come to.
fn would(system: System<'_>, kernel: &Path, args: &StatusArgs) -> anyhow::Result<Outcome> {
    let request = Request {
        kernel: kernel.to_owned(),
        initrds: Vec::new(),
        cmdline: CmdlineSource::Given(String::new()),
        append: Vec::new(),
        trust: (&args.trust).into(),
        signature: None,
        slot: Slot::Reboot,
        method: None,
        segments: Options::default(),
        dry_run: true,
        require_signed_initrd: false,
        insecure_unsigned: false,
    };
    load(system, &request, &mut |_| ())
}
