//! Who checks a kernel: the running kernel, and skexec by its policy.

use super::section::{Mark, Row};
use super::words::Words;
use crate::machine::{Ima, LoadPin, Machine};
use crate::reason::{Caution, Finding, Site};
use crate::sources::policy::{Choice as _, Policy, Unsigned, WaiverOption};

/// The rows about the running kernel; with `verbose` also what does not act.
pub(super) fn kernel(machine: &Machine, words: &Words, load_pin: &str, keys: &[String], verbose: bool) -> Vec<Row> {
    let signatures = format!("{}: signatures {}", machine.release.text, words.enforcement);
    let state = format!("Secure Boot {}, lockdown {}", words.secure_boot, machine.lockdown.name());
    let mut rows = vec![Row::of("kernel", vec![signatures, state])];
    if verbose || matches!(machine.ima, Ima::Appraises(_)) {
        rows.push(Row::plain("IMA", &words.ima));
    }
    if verbose || matches!(machine.load_pin, LoadPin::Reporting | LoadPin::Enforcing) {
        rows.push(Row::plain("LoadPin", load_pin));
    }
    if verbose && !keys.is_empty() {
        rows.push(Row::of("keys", keys.to_vec()));
    }
    rows
}

/// The rows about skexec's policy.
pub(super) fn skexec(policy: &Result<Policy, Finding>, site: Site) -> Vec<Row> {
    let policy = match policy {
        Ok(policy) => policy,
        Err(finding) => {
            let value = format!("refuses everything: {finding} ({})", finding.reason);
            return vec![Row::advise(Mark::Bad, "skexec", value, finding.reason.advice_on(site))];
        }
    };
    let mut row = match (policy.unsigned.value, policy.insecure_unsigned.value) {
        (Unsigned::IfNotEnforced, _) => Row::advise(
            Mark::Notice,
            "skexec",
            format!("also loads unsigned kernels where the running kernel allows it ({})", policy.unsigned.origin),
            "where only signed kernels are wanted, set unsigned = \"never\" there",
        ),
        (Unsigned::Never, WaiverOption::Allowed) => {
            Row::plain("skexec", "loads verified kernels only, unless --insecure-unsigned is given")
        }
        (Unsigned::Never, WaiverOption::Forbidden) => Row::plain("skexec", "loads verified kernels only"),
    };
    if !policy.require.value.is_empty() {
        let parts: Vec<_> = policy.require.value.iter().map(|part| part.name()).collect();
        row.values.push(format!("signatures must cover {} ({})", parts.join(", "), policy.require.origin));
    }
    vec![row]
}

/// The row about rights that skexec cannot give up.
pub(super) fn not_confined(kept: &str) -> Row {
    let value = format!("skexec keeps rights that it does not need: {kept} ({})", Caution::NotConfined);
    Row::advise(Mark::Notice, "rights", value, Caution::NotConfined.advice())
}
