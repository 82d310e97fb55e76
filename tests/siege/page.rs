//! The part of docs/siege.md that this test makes: the attacks on the host.

use super::run::{Attack, Made};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const BEGIN: &str = "<!-- host -->\n";
const END: &str = "<!-- -->\n";

/// Whether the page has these attacks in these words. With BLESS it is written, with the rounds that were made.
pub(crate) fn is_right(attacks: &[Attack], made: &[Made]) -> bool {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/siege.md");
    let page = fs::read_to_string(&path).unwrap_or_default();
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, with_table(&page, &table(made))).unwrap();
        return true;
    }
    attacks.iter().all(|attack| page.contains(&words(attack)) && page.contains(&format!("| {} |", attack.name)))
}

fn table(made: &[Made]) -> String {
    let mut table =
        "| attack | rounds | what is done | what must hold | found |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for Made { attack, rounds } in made {
        writeln!(table, "| {} | {rounds} | {}", attack.name, words(attack)).unwrap();
    }
    table
}

fn words(attack: &Attack) -> String {
    format!("{} | {} | {} |", attack.what, attack.holds, attack.found)
}

fn with_table(page: &str, table: &str) -> String {
    let (head, rest) = page.split_once(BEGIN).unwrap();
    let (_, tail) = rest.split_once(END).unwrap();
    format!("{head}{BEGIN}{table}{END}{tail}")
}
