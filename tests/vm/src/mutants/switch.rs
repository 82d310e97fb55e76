//! All mutants of a file in one text: each behind a switch that is asked when the code runs.
//!
//! One build then serves every mutant. A place whose mutants cannot be written so (constants, `let` chains) is left as it is.

mod edits;
mod places;

use std::collections::BTreeSet;
use std::ops::Range;

use anyhow::{Context, Result};

use self::edits::Edits;
use self::places::Places;

/// The path of the function that answers whether a mutant is on.
pub(crate) const ASK: &str = "crate::mutant_switch::is";

/// A mutant, where cargo-mutants has seen it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) number: usize,
    /// What is replaced, from the first line and column to behind the last; both count from 1, the columns in characters.
    pub(crate) span: [(usize, usize); 2],
    pub(crate) genre: String,
    pub(crate) replacement: String,
}

/// A source with switches.
#[derive(Debug)]
pub(crate) struct Switched {
    pub(crate) text: String,
    /// Where each mutant's code now stands, in bytes: what does not compile there shows that this mutant does not.
    pub(crate) places: Vec<(usize, Range<usize>)>,
}

/// What the compiler has refused so far.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    /// The changes that do not compile.
    pub(crate) numbers: BTreeSet<usize>,
    /// The names of the `const fn` that the compiler itself calls: no switch can be asked there.
    pub(crate) constants: BTreeSet<String>,
}

/// Puts each change into the source that is not refused, behind a switch.
///
/// # Errors
/// The source is no Rust.
pub(crate) fn switched(source: &str, changes: &[Change], refused: &Refused) -> Result<Switched> {
    let file = syn::parse_file(source).context("this is no Rust")?;
    let wanted: Vec<_> = changes.iter().filter(|change| !refused.numbers.contains(&change.number)).collect();
    let mut places = Places::new(source, &wanted, &refused.constants);
    syn::visit::visit_file(&mut places, &file);
    Ok(Edits::apply(places.edits, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(number: usize, line: usize, columns: [usize; 2], genre: &str, replacement: &str) -> Change {
        let span = columns.map(|column| (line, column));
        Change { number, span, genre: genre.to_owned(), replacement: replacement.to_owned() }
    }

    fn refused() -> Refused {
        Refused { numbers: BTreeSet::new(), constants: ["called".to_owned()].into() }
    }

    fn text(source: &str, changes: &[Change]) -> String {
        let switched = switched(source, changes, &refused()).unwrap();
        for (number, range) in &switched.places {
            assert!(switched.text.get(range.clone()).is_some(), "{number}");
        }
        switched.text.replace(ASK, "is")
    }

    #[test]
    fn a_function_answers_something_else() {
        let changes =
            [change(4, 1, [18, 22], "FnValue", "false"), change(5, 1, [18, 22], "FnValue", "Default::default()")];
        let wanted = "fn a() -> bool { if is(4) { return false; } if is(5) { return Default::default(); } b(1) }";
        assert_eq!(text("fn a() -> bool { b(1) }", &changes), wanted);
    }

    #[test]
    fn a_function_need_not_be_constant() {
        let changes = [change(1, 1, [26, 28], "BinaryOperator", "||"), change(2, 1, [24, 30], "FnValue", "true")];
        let wanted = " fn a() -> bool { if is(2) { return true; } (if is(1) { b || c } else { b && c }) }";
        assert_eq!(text("const fn a() -> bool { b && c }", &changes), wanted);
    }

    #[test]
    fn operators_within_operators_are_other_ones() {
        let source = "fn a() { x = b + 1 == c && d; }";
        let changes = [change(1, 1, [20, 22], "BinaryOperator", "!="), change(2, 1, [16, 17], "BinaryOperator", "-")];
        let wanted = "fn a() { x = (if is(1) { b + 1 != c } else { (if is(2) { b - 1 } else { b + 1 }) == c }) && d; }";
        assert_eq!(text(source, &changes), wanted);
    }

    #[test]
    fn a_sign_is_left_away() {
        let source = "fn a() { if !b { c(-d) } }";
        let changes = [change(1, 1, [13, 14], "UnaryOperator", ""), change(2, 1, [20, 21], "UnaryOperator", "")];
        let wanted = "fn a() { if (if is(1) { b } else { !b }) { c((if is(2) { d } else { -d })) } }";
        assert_eq!(text(source, &changes), wanted);
    }

    #[test]
    fn arms_and_their_guards() {
        let source = "fn a() { match b { C if d => 1, E => 2, _ => 3 } }";
        let changes = [
            change(1, 1, [25, 26], "MatchArmGuard", "true"),
            change(2, 1, [20, 31], "MatchArm", ""),
            change(3, 1, [33, 39], "MatchArm", ""),
        ];
        let wanted = "fn a() { match b { C if (if is(1) { true } else if is(2) { false } else { d }) => 1, \
                      E if !is(3) => 2, _ => 3 } }";
        assert_eq!(text(source, &changes), wanted);
    }

    #[test]
    fn a_field_is_left_away() {
        let source = "fn a() { B { c: 1, d: 2, ..e } }";
        let wanted = "fn a() { (if is(1) { B { d: 2, ..e } } else { B { c: 1, d: 2, ..e } }) }";
        assert_eq!(text(source, &[change(1, 1, [14, 18], "StructField", "")]), wanted);
    }

    #[test]
    fn what_cannot_have_a_switch_stays() {
        let and = |at| [change(1, 1, [at, at + 2], "BinaryOperator", "||")];
        for (source, at) in [
            ("fn a() { if let B = c && d {} }", 23),
            ("const A: bool = b && c;", 19),
            ("const fn called() -> bool { b && c }", 31),
            ("fn a() { [1; (b && c) as usize]; }", 17),
        ] {
            assert_eq!(text(source, &and(at)), source);
        }
        let source = "fn a() { match b { C => 1, D => 2 } }";
        assert_eq!(text(source, &[change(1, 1, [20, 26], "MatchArm", "")]), source);
    }
}
