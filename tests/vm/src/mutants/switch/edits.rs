//! Insertions into a text, and where they are then.

use std::ops::Range;

use super::{ASK, Change, Switched};

/// Code that runs in the place of other code while its mutant is on.
#[derive(Debug, Clone)]
pub(super) struct Other {
    pub(super) number: usize,
    pub(super) code: String,
}

impl Other {
    pub(super) fn new(change: &Change, code: impl Into<String>) -> Self {
        Self { number: change.number, code: code.into() }
    }
}

/// What is put into the text at one place, in parts: those with a number are that mutant's.
#[derive(Debug)]
struct Edit {
    at: usize,
    /// How many bytes of the source are left out.
    without: usize,
    parts: Vec<(Option<usize>, String)>,
}

#[derive(Debug, Default)]
pub(super) struct Edits(Vec<Edit>);

impl Edits {
    fn put(&mut self, at: usize, parts: Vec<(Option<usize>, String)>) {
        self.0.push(Edit { at, without: 0, parts });
    }

    /// At the beginning of a function.
    pub(super) fn leave_early(&mut self, at: usize, others: Vec<Other>) {
        for Other { number, code } in others {
            let parts = vec![(None, ask(number)), (Some(number), format!(" return {code};")), (None, " } ".to_owned())];
            self.put(at, parts);
        }
    }

    /// Around an expression.
    pub(super) fn choose(&mut self, range: Range<usize>, others: Vec<Other>) {
        let mut parts = vec![(None, "(".to_owned())];
        for Other { number, code } in others {
            parts.extend([(None, ask(number)), (Some(number), format!(" {code} ")), (None, "} else ".to_owned())]);
        }
        parts.push((None, "{ ".to_owned()));
        self.put(range.start, parts);
        self.put(range.end, vec![(None, " })".to_owned())]);
    }

    pub(super) fn remove(&mut self, range: Range<usize>) {
        self.0.push(Edit { at: range.start, without: range.len(), parts: Vec::new() });
    }

    /// Behind a pattern.
    pub(super) fn forbid(&mut self, at: usize, number: usize) {
        self.put(at, vec![(None, " if ".to_owned()), (Some(number), format!("!{ASK}({number})"))]);
    }

    /// At one place, what was noted first comes first, but an end comes in the turn of its beginning, from the inside out.
    pub(super) fn apply(edits: Self, source: &str) -> Switched {
        let mut all: Vec<_> = edits.0.into_iter().enumerate().collect();
        let is_end = |edit: &Edit| edit.parts.first().is_some_and(|(_, text)| text == " })");
        let last = all.len();
        all.sort_by_key(|(turn, edit)| if is_end(edit) { (edit.at, 0, last - turn) } else { (edit.at, 1, *turn) });
        let mut switched = Switched { text: String::new(), places: Vec::new() };
        let mut done = 0;
        for (_, edit) in all {
            switched.text += source.get(done..edit.at).unwrap_or_default();
            done = edit.at + edit.without;
            for (number, text) in edit.parts {
                let start = switched.text.len();
                switched.text += &text;
                switched.places.extend(number.map(|number| (number, start..switched.text.len())));
            }
        }
        switched.text += source.get(done..).unwrap_or_default();
        switched
    }
}

fn ask(number: usize) -> String {
    format!("if {ASK}({number}) {{")
}
