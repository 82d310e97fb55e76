//! What a manifest binds, in a report and in a description.

use crate::hex;
use crate::image::manifest::{Bound, Manifest};
use serde::Serialize;
use std::fmt;
use std::path::Path;

/// What a manifest binds, and what is said of it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ManifestReport {
    path: String,
    name: String,
    version: u64,
    kernel: BoundReport,
    initrds: Vec<BoundReport>,
    cmdline: String,
    vary: Vec<VaryReport>,
}

/// A parameter that may vary.
#[derive(Debug, Clone, Serialize)]
struct VaryReport {
    parameter: String,
    patterns: Vec<String>,
}

/// A file that a manifest binds.
#[derive(Debug, Clone, Serialize)]
struct BoundReport {
    sha256: String,
    size: u64,
    file: Option<String>,
}

impl ManifestReport {
    /// Says nothing of who signed it.
    pub(crate) fn new(path: &Path, manifest: &Manifest) -> Self {
        let varies = |(name, patterns): (&str, Vec<&str>)| VaryReport {
            parameter: name.into(),
            patterns: patterns.into_iter().map(Into::into).collect(),
        };
        Self {
            path: path.display().to_string(),
            name: manifest.name().into(),
            version: manifest.version(),
            kernel: manifest.kernel().into(),
            initrds: manifest.initrds().iter().map(Into::into).collect(),
            cmdline: manifest.cmdline().as_str().into(),
            vary: manifest.vary().map(varies).collect(),
        }
    }

    /// The lines for people.
    pub(crate) fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![("manifest", format!("{}, version {}", self.name, self.version))];
        lines.push(("binds", format!("kernel {}", self.kernel)));
        lines.extend(self.initrds.iter().map(|initrd| ("", format!("initrd {initrd}"))));
        lines.push(("", format!("command line {}", self.cmdline)));
        lines.extend(self.vary.iter().map(|vary| ("", vary.to_string())));
        lines
    }
}

impl fmt::Display for BoundReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.file.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        write!(f, "{name}{} bytes, SHA-256 {}", self.size, self.sha256)
    }
}

impl fmt::Display for VaryReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |pattern: &String| if pattern.is_empty() { "no value".to_owned() } else { pattern.clone() };
        let patterns: Vec<_> = self.patterns.iter().map(shown).collect();
        write!(f, "where {} may vary: {}", self.parameter, patterns.join(" or "))
    }
}

impl From<&Bound> for BoundReport {
    fn from(bound: &Bound) -> Self {
        Self { sha256: hex::encode(&bound.sha256), size: bound.size, file: bound.file.clone() }
    }
}
