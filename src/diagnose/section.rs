//! What a page consists of: sections of rows, each with a key, a value, and where something is wrong, what to do.

/// How much a row matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    /// It prevents something.
    Bad,
    /// Somebody should know it.
    Notice,
    /// A fact.
    Plain,
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) mark: Mark,
    pub(crate) key: &'static str,
    /// One line each.
    pub(crate) values: Vec<String>,
    /// What to do.
    pub(crate) advice: Option<String>,
}

impl Row {
    pub(crate) fn plain(key: &'static str, value: impl Into<String>) -> Self {
        Self::of(key, vec![value.into()])
    }

    pub(crate) const fn of(key: &'static str, values: Vec<String>) -> Self {
        Self { mark: Mark::Plain, key, values, advice: None }
    }

    /// A row that says what to do.
    pub(crate) fn advise(mark: Mark, key: &'static str, value: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { mark, advice: Some(advice.into()), ..Self::plain(key, value) }
    }
}

/// Rows under a title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) rows: Vec<Row>,
}

impl Section {
    /// The rows, what matters most first, else in their order.
    pub(crate) fn new(title: impl Into<String>, mut rows: Vec<Row>) -> Self {
        rows.sort_by_key(|row| row.mark);
        Self { title: title.into(), rows }
    }
}

/// The answer to a question, before the sections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Title {
    pub(crate) good: bool,
    pub(crate) text: String,
    pub(crate) advice: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_is_first_and_the_rest_keep_their_order() {
        let rows = vec![
            Row::plain("a", "1"),
            Row::advise(Mark::Notice, "b", "2", "x"),
            Row::plain("c", "3"),
            Row::advise(Mark::Bad, "d", "4", "y"),
        ];
        let keys: Vec<_> = Section::new("t", rows).rows.iter().map(|row| row.key).collect();
        assert_eq!(keys, ["d", "b", "a", "c"]);
    }
}
