//! Everything that speaks against one file, ranked: the only place that says which reason comes first.

use super::{Exit, Finding, Reason};
use std::path::Path;

/// At least one finding, the most telling first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    first: Finding,
    others: Vec<Finding>,
}

impl Refusal {
    /// Ranks findings; nothing where there are none.
    ///
    /// They come in the order in which they were found: what the file is, then who signed it. Two kinds leave that order. A file
    /// that was changed after it was signed needs no other explanation for whatever else is odd about it: `digest-mismatch`
    /// comes first. That a file crashes kernels comes last, because what crashes them says more. A finding that two checks made
    /// stands once.
    #[must_use]
    pub fn of(mut findings: Vec<Finding>) -> Option<Self> {
        findings.sort_by_key(|finding| rank(finding.reason));
        let mut findings = findings.into_iter();
        let first = findings.next()?;
        let mut others: Vec<Finding> = Vec::new();
        for finding in findings {
            if finding != first && !others.contains(&finding) {
                others.push(finding);
            }
        }
        Some(Self { first, others })
    }

    /// The most telling one: it decides the exit code, the message and the advice.
    #[must_use]
    pub const fn first(&self) -> &Finding {
        &self.first
    }

    /// All of them, the most telling first.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> + Clone {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The exit code of a command that ends with this refusal.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        self.first.reason.exit()
    }

    /// Names the file in each finding that names none.
    #[must_use]
    pub fn in_file(self, path: &Path) -> Self {
        let name = |finding: Finding| finding.in_file(path);
        Self { first: name(self.first), others: self.others.into_iter().map(name).collect() }
    }

    /// Adds to what the first finding saw.
    #[must_use]
    pub fn with_detail(mut self, more: &str) -> Self {
        let gap = if self.first.detail.is_empty() { "" } else { "; " };
        self.first.detail = format!("{}{gap}{more}", self.first.detail);
        self
    }
}

const fn rank(reason: Reason) -> u8 {
    match reason {
        Reason::DigestMismatch => 0,
        Reason::Hazard => 2,
        _ => 1,
    }
}

impl<F: Into<Finding>> From<F> for Refusal {
    fn from(finding: F) -> Self {
        Self { first: finding.into(), others: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_comes_first_and_a_hazard_last() {
        use Reason::{DigestMismatch, Hazard, NotAKernel, Truncated, Unsigned};
        let rows: &[(&[Reason], &[Reason])] = &[
            (&[Truncated, DigestMismatch], &[DigestMismatch, Truncated]),
            (&[Hazard, NotAKernel, Unsigned], &[NotAKernel, Unsigned, Hazard]),
            (&[Unsigned, NotAKernel], &[Unsigned, NotAKernel]),
            (&[Hazard], &[Hazard]),
            (&[Truncated, Unsigned, Truncated, Unsigned], &[Truncated, Unsigned]),
        ];
        for (found, wanted) in rows {
            let refusal = Refusal::of(found.iter().map(|reason| Finding::from(*reason)).collect()).unwrap();
            let ranked: Vec<_> = refusal.iter().map(|finding| finding.reason).collect();
            assert_eq!((ranked.as_slice(), refusal.first().reason), (*wanted, wanted[0]));
        }
        assert_eq!(Refusal::of(Vec::new()), None);
    }

    #[test]
    fn details_are_joined() {
        let refusal = Refusal::from(Reason::Unsigned).with_detail("one").with_detail("two");
        assert_eq!(refusal.first().detail, "one; two");
    }
}
