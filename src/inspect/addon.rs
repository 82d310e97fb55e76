//! The add-ons beside a UKI.

use super::Anchors;
use super::bundle::Bundle;
use super::signature::{self, Signature};
use super::tree::Node;
use crate::image::Parsed;
use crate::reason::Finding;
use crate::sealed::Sealed;
use serde::Serialize;
use std::path::Path;

/// An add-on that the stub would use.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Addon {
    path: String,
    /// Why it cannot be read.
    problem: Option<String>,
    cmdline: Option<String>,
    parts: Option<Bundle>,
    signatures: Vec<Signature>,
}

/// The largest add-on that is read.
const MOST_BYTES: u64 = 64 << 20;

impl Addon {
    pub(super) fn read(path: &Path, anchors: Anchors<'_>) -> Self {
        let shown = path.display().to_string();
        match Sealed::read_at_most(path, MOST_BYTES) {
            Ok(sealed) => Self::of(shown, sealed.bytes(), anchors),
            Err(error) => Self::broken(shown, &Finding::from(error)),
        }
    }

    fn of(path: String, bytes: &[u8], anchors: Anchors<'_>) -> Self {
        let file = Parsed::new(bytes);
        let problem = match (file.pe(), file.uki()) {
            (None, _) => Some("it is no PE".to_owned()),
            (Some(Err(finding)), _) | (_, Some(Err(finding))) => Some(finding.to_string()),
            (Some(Ok(_)), None) => Some("it has no section of an add-on".to_owned()),
            (Some(Ok(_)), Some(Ok(_))) => None,
        };
        let parts = Bundle::of(&file, anchors);
        let pe = file.pe().and_then(Result::ok);
        Self {
            path,
            problem,
            cmdline: parts.as_ref().and_then(Bundle::cmdline).cloned(),
            parts,
            signatures: pe.map(|pe| signature::embedded(file.file(), pe, anchors)).unwrap_or_default(),
        }
    }

    fn broken(path: String, finding: &Finding) -> Self {
        Self { path, problem: Some(finding.to_string()), cmdline: None, parts: None, signatures: Vec::new() }
    }

    pub(super) fn node(&self) -> Node {
        let all = self.signatures.len();
        let signatures = self.signatures.iter().zip(1..).map(|(one, number)| one.node(format!("{number} of {all}")));
        let unsigned = (all == 0 && self.problem.is_none()).then(|| Node::new("signed", "no"));
        Node::new("add-on", &self.path)
            .with(Node::of("problem", self.problem.as_ref()))
            .with(self.parts.iter().flat_map(Bundle::nodes))
            .with(signatures)
            .with(unsigned)
    }
}
