//! Tables, aims and medians, as Markdown.

use std::fmt::{self, Display, Write as _};

/// A table whose first column is text and whose others are numbers.
#[derive(Debug, Default)]
pub(super) struct Table {
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(heads: &[&str]) -> Self {
        Self { heads: heads.iter().map(|&head| head.to_owned()).collect(), rows: vec![] }
    }

    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
        let rule: Vec<_> =
            (0..self.heads.len()).map(|column| if column == 0 { "---" } else { "---:" }.to_owned()).collect();
        writeln!(f, "{}\n{}", line(&self.heads), line(&rule))?;
        self.rows.iter().try_for_each(|row| writeln!(f, "{}", line(row)))
    }
}

/// What a figure should be, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Aim {
    what: String,
    found: String,
    limit: String,
    pub(super) met: bool,
    /// What limits the figure; shown if the aim is missed.
    why: Option<String>,
}

impl Aim {
    pub(super) fn at_most(what: impl Into<String>, found: f64, limit: f64) -> Self {
        let met = found <= limit;
        Self { what: what.into(), found: decimal(found), limit: format!("at most {}", decimal(limit)), met, why: None }
    }

    /// The aim in a line that another program printed: `time: 2; at most 1: MISSED`.
    pub(super) fn printed(line: &str) -> Option<Self> {
        let (what, rest) = line.trim().split_once(": ")?;
        let (found, rest) = rest.split_once("; ")?;
        let (limit, word) = rest.rsplit_once(": ")?;
        let met = match word {
            "met" => true,
            "MISSED" => false,
            _ => return None,
        };
        let [what, found, limit] = [what, found, limit].map(str::to_owned);
        Some(Self { what, found, limit, met, why: None })
    }

    /// Gives what limits the figure.
    pub(super) fn because(self, why: impl Into<String>) -> Self {
        Self { why: Some(why.into()), ..self }
    }
}

impl Display for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, found, limit, met, why } = self;
        write!(f, "{what}: {found}; {limit}: {}", if *met { "met" } else { "**missed**" })?;
        match why {
            Some(why) if !met => write!(f, ". {why}"),
            _ => Ok(()),
        }
    }
}

/// A list of aims.
pub(super) fn list(aims: &[Aim]) -> String {
    let mut list = String::new();
    for aim in aims {
        let _ = writeln!(list, "- {aim}");
    }
    list
}

/// Two digits after the point, or three for a small number.
pub(super) fn decimal(number: f64) -> String {
    if number < 0.1 { format!("{number:.3}") } else { format!("{number:.2}") }
}

/// `part` of `whole`; infinite if there is no whole.
#[allow(clippy::as_conversions, clippy::cast_precision_loss, reason = "counts become ratios with three digits")]
pub(super) fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// In millions, rounded.
pub(super) fn millions(count: u64) -> u64 {
    (count + 500_000) / 1_000_000
}

/// The middle one of these values, or 0 if there is none.
pub(super) fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_value() {
        assert_eq!(median(vec![9, 1, 5]), 5);
        assert_eq!(median(vec![]), 0);
    }

    #[test]
    fn an_aim_says_whether_it_is_met_and_else_why() {
        let aim = |found| Aim::at_most("time", found, 0.65).because("One pass takes that long").to_string();
        assert_eq!(aim(0.65), "time: 0.65; at most 0.65: met");
        assert_eq!(aim(0.7), "time: 0.70; at most 0.65: **missed**. One pass takes that long");
        assert_eq!(Aim::at_most("time", ratio(31, 1000), 0.05).to_string(), "time: 0.031; at most 0.050: met");
    }

    #[test]
    fn an_aim_is_read_from_a_line() {
        let aim = Aim::printed("  in parts, the plain C's speed: 5.50 times; at least 6.00: MISSED")
            .map(|aim| aim.to_string());
        assert_eq!(aim.as_deref(), Some("in parts, the plain C's speed: 5.50 times; at least 6.00: **missed**"));
        assert_eq!(Aim::printed("  OpenSSL   41.0 ms   1560 MB/s"), None);
    }

    #[test]
    fn a_table_is_markdown() {
        let mut table = Table::new(&["kernel", "bytes"]);
        table.row(vec!["6.1".to_owned(), "7".to_owned()]);
        assert_eq!(table.to_string(), "| kernel | bytes |\n| --- | ---: |\n| 6.1 | 7 |\n");
    }
}
