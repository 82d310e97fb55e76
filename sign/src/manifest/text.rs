//! The text of a manifest: TOML that a person can read, in one order.

use crate::args::Vary;
use std::collections::BTreeMap;
use std::fmt;

/// A file that the manifest binds.
pub(super) struct Bound {
    pub(super) sha256: [u8; 32],
    pub(super) size: usize,
    pub(super) file: Option<String>,
}

pub(super) struct Manifest<'a> {
    pub(super) name: &'a str,
    pub(super) version: u64,
    pub(super) cmdline: &'a str,
    pub(super) kernel: Bound,
    pub(super) initrds: Vec<Bound>,
    pub(super) vary: &'a [Vary],
}

impl fmt::Display for Manifest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "manifest = 1\nname = {}\nversion = {}", quoted(self.name), self.version)?;
        writeln!(f, "cmdline = {}", quoted(self.cmdline))?;
        write!(f, "\n[kernel]\n{}", self.kernel)?;
        self.initrds.iter().try_for_each(|initrd| write!(f, "\n[[initrd]]\n{initrd}"))?;
        if self.vary.is_empty() {
            return Ok(());
        }
        let mut rows: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for Vary { key, pattern } in self.vary {
            rows.entry(key).or_default().push(quoted(pattern));
        }
        writeln!(f, "\n[vary]")?;
        // A key with a dot would be a table of its own without quotation marks.
        rows.iter().try_for_each(|(key, patterns)| writeln!(f, "{} = [{}]", quoted(key), patterns.join(", ")))
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digest: String = self.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(f, "sha256 = \"{digest}\"\nsize = {}", self.size)?;
        self.file.as_ref().map_or(Ok(()), |file| writeln!(f, "file = {}", quoted(file)))
    }
}

/// A basic string of TOML; the texts have no control characters.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_toml() {
        let bound = |size, file: Option<&str>| Bound { sha256: [0xab; 32], size, file: file.map(str::to_owned) };
        let vary = |key: &str, pattern: &str| Vary { key: key.to_owned(), pattern: pattern.to_owned() };
        let vary = [
            vary("systemd.unit", "rescue*"),
            vary("console", "ttyS[0-9]*"),
            vary("console", "tty0"),
            vary("quiet", ""),
        ];
        let manifest = Manifest {
            name: "acme-boot",
            version: 7,
            cmdline: "dyndbg=\"file x +p\" a\\b",
            kernel: bound(10, Some("vmlinuz \"1\"")),
            initrds: vec![bound(20, None), bound(30, None)],
            vary: &vary,
        };
        let digest = "ab".repeat(32);
        let wanted = format!(
            r#"manifest = 1
name = "acme-boot"
version = 7
cmdline = "dyndbg=\"file x +p\" a\\b"

[kernel]
sha256 = "{digest}"
size = 10
file = "vmlinuz \"1\""

[[initrd]]
sha256 = "{digest}"
size = 20

[[initrd]]
sha256 = "{digest}"
size = 30

[vary]
"console" = ["ttyS[0-9]*", "tty0"]
"quiet" = [""]
"systemd.unit" = ["rescue*"]
"#
        );
        assert_eq!(manifest.to_string(), wanted);
    }
}
