//! docs/benchmarks.md and docs/downtime.md: each benchmark writes its own parts, between two marks, and leaves the others as they are.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::figures::{Aim, list};

/// A page with parts that benchmarks write.
#[derive(Debug, Clone)]
pub(super) struct Page(PathBuf);

/// The result of a benchmark.
#[derive(Debug)]
pub(super) struct Part {
    /// The name in the marks.
    pub(super) name: String,
    /// The command that writes the part.
    pub(super) command: String,
    /// The machine, and the programs that were measured.
    pub(super) with: Vec<String>,
    pub(super) text: String,
    pub(super) aims: Vec<Aim>,
}

impl Part {
    pub(super) fn met(&self) -> bool {
        self.aims.iter().all(|aim| aim.met)
    }

    pub(super) fn markdown(&self) -> String {
        let Self { command, with, text, aims, .. } = self;
        let aims = if aims.is_empty() { String::new() } else { format!("\nAims:\n\n{}", list(aims)) };
        format!("{}\n{aims}\nMeasured by `{command}` with {}.\n", text.trim_end(), with.join("; "))
    }
}

impl Page {
    /// A page of the repository; a quick run works on a copy.
    pub(super) fn of(page: PathBuf, copy: Option<PathBuf>) -> Result<Self> {
        let Some(copy) = copy else { return Ok(Self(page)) };
        fs::copy(&page, &copy).with_context(|| page.display().to_string())?;
        Ok(Self(copy))
    }

    /// Replaces the part of this name.
    pub(super) fn write(&self, part: &Part) -> Result<()> {
        let text = fs::read_to_string(&self.0).with_context(|| self.0.display().to_string())?;
        let text = replaced(&text, &part.name, &part.markdown())
            .with_context(|| format!("{} has no marks for {:?}", self.0.display(), part.name))?;
        Ok(fs::write(&self.0, text)?)
    }

    /// A file beside the page.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.0.parent().unwrap_or(Path::new("")).join(name)
    }
}

fn replaced(page: &str, name: &str, text: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->\n"));
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}{text}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_replaces_only_itself() {
        let page = "# A\n<!-- begin x -->\nold\n<!-- end x -->\n<!-- begin y -->\nkept\n<!-- end y -->\n";
        let wanted = "# A\n<!-- begin x -->\nnew\n<!-- end x -->\n<!-- begin y -->\nkept\n<!-- end y -->\n";
        assert_eq!(replaced(page, "x", "new\n").as_deref(), Some(wanted));
        assert_eq!(replaced(page, "z", "new\n"), None);
    }

    #[test]
    fn a_part_names_its_command_and_keeps_a_missed_aim() {
        let (command, with) = ("cargo xtask bench verify".to_owned(), vec!["a machine".to_owned()]);
        let part = Part {
            name: "verify".to_owned(),
            command,
            with,
            text: "Text\n".to_owned(),
            aims: vec![Aim::at_most("time", 2.0, 1.0)],
        };
        let wanted = "Text\n\nAims:\n\n- time: 2.00; at most 1.00: **missed**\n\n\
                      Measured by `cargo xtask bench verify` with a machine.\n";
        assert_eq!(part.markdown(), wanted);
        assert!(!part.met());
    }
}
