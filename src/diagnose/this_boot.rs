//! How this boot began: what skexec expected, and whether it came.

use super::section::{Mark, Row};
use super::slot::by;
use crate::arrival::{self, Arrival, Outcome};
use crate::sources::Root;
use crate::trust::rfc3339;
use std::io::ErrorKind;

/// How this boot began.
#[derive(Debug, Clone, Default)]
pub(super) struct ThisBoot {
    pub(super) arrival: Option<Arrival>,
    /// Why skexec's notes cannot be read.
    problem: Option<String>,
    /// This process may not read them.
    pub(super) hidden: bool,
}

const LOOK: &str = "look at the console's text or the log of that boot, and load another kernel before the next exec";

impl ThisBoot {
    pub(super) fn read(root: &Root) -> Self {
        match arrival::read(root) {
            Ok(arrival) => Self { arrival, ..Self::default() },
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Self { hidden: true, ..Self::default() },
            Err(error) => Self { problem: Some(format!("skexec's notes cannot be read: {error}")), ..Self::default() },
        }
    }

    /// Nothing where skexec has nothing to do with this boot.
    pub(super) fn rows(&self, root: &Root) -> Vec<Row> {
        let problem = self.problem.iter().map(|problem| Row::plain("started", problem));
        problem.chain(self.arrival.iter().flat_map(|arrival| rows(arrival, root))).collect()
    }
}

fn rows(arrival: &Arrival, root: &Root) -> Vec<Row> {
    let mut rows = vec![match arrival.outcome {
        Outcome::Expected | Outcome::NotExecuted => Row::plain("started", &arrival.message),
        Outcome::OtherKernel | Outcome::NeverCameUp => Row::advise(Mark::Notice, "started", &arrival.message, LOOK),
    }];
    if !arrival.why.is_empty() {
        rows.push(Row { mark: Mark::Notice, ..Row::of("why", arrival.why.clone()) });
    }
    let when = |seconds: u64| i64::try_from(seconds).ok().and_then(rfc3339).unwrap_or_else(|| "an unknown time".into());
    if let Some(exec) = &arrival.expected.exec {
        let how = if exec.clean { "after a clean shutdown" } else { "at once" };
        rows.push(Row::plain("exec", format!("by {}, {}, {how}", by(Some(&exec.by), root), when(exec.time_ms / 1000))));
    }
    let Some(image) = &arrival.expected.image else { return rows };
    rows.push(Row::plain("load", format!("by {}, {}", by(image.by.as_ref(), root), when(image.time))));
    let release = image.release.as_deref().unwrap_or("a kernel without a version");
    rows.push(Row::plain("kernel", format!("{} ({release})", image.kernel)));
    let digests = [("kernel", Some(&image.kernel_sha256)), ("initrd", image.initrd_sha256.as_ref())];
    let digests = digests.into_iter().chain([("cmdline", Some(&image.cmdline_sha256))]);
    rows.push(Row::of("sha256", digests.filter_map(|(of, digest)| Some(format!("{} of the {of}", digest?))).collect()));
    rows
}
