//! Within `trust` and within `prediction`, imports go in one direction; the prediction imports nothing of `trust`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Which child modules of one module each child imports. The module itself has the empty name: it may import its children, so a
/// child that imports an item which the parent defines makes a cycle.
type Imports = BTreeMap<String, BTreeSet<String>>;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// A module's text without its tests and comments.
fn text(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Child modules of a module, with their texts.
fn children(module: &str) -> BTreeMap<String, String> {
    let files = fs::read_dir(source().join(module)).unwrap().map(|entry| entry.unwrap().path());
    let named = files.filter(|path| path.is_file() && path.file_stem().unwrap() != "tests");
    named.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), text(&path))).collect()
}

/// The first names after `prefix`: one, or those of a braced list.
fn names<'a>(text: &'a str, prefix: &'a str) -> impl Iterator<Item = String> + 'a {
    text.split(prefix).skip(1).flat_map(|rest| {
        let word = |text: &str| text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
        match rest.strip_prefix('{') {
            Some(list) => top_level(list).iter().map(|item| word(item.trim_start())).collect::<Vec<String>>(),
            None => vec![word(rest)],
        }
    })
}

/// The items of a braced list, without the content of inner braces.
fn top_level(list: &str) -> Vec<String> {
    let (mut depth, mut items) = (0, vec![String::new()]);
    for letter in list.chars() {
        match letter {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => items.push(String::new()),
            _ if depth == 0 => items.last_mut().unwrap().push(letter),
            _ => {}
        }
    }
    items
}

fn imports(module: &str, children: &BTreeMap<String, String>) -> Imports {
    let own = format!("crate::{module}::");
    let of = |text: &str| -> BTreeSet<String> {
        let all = names(text, "super::").chain(names(text, &own));
        all.map(|name| if children.contains_key(&name) { name } else { String::new() }).collect()
    };
    let mut imports: Imports = children.iter().map(|(name, text)| (name.clone(), of(text))).collect();
    imports.insert(String::new(), children.keys().cloned().collect());
    imports
}

/// Repeatedly removes modules that import none of the remaining ones. The modules that remain are in a cycle, or import one.
fn in_cycles(mut imports: Imports) -> Imports {
    loop {
        let left: BTreeSet<_> = imports.keys().cloned().collect();
        let before = imports.len();
        for used in imports.values_mut() {
            used.retain(|name| left.contains(name));
        }
        imports.retain(|_, used| !used.is_empty());
        if imports.len() == before {
            return imports;
        }
    }
}

#[test]
fn no_module_of_trust_or_prediction_imports_itself() {
    for module in ["trust", "prediction"] {
        let cycles = in_cycles(imports(module, &children(module)));
        assert!(cycles.is_empty(), "{module}: {cycles:?}");
    }
}

#[test]
fn the_prediction_imports_nothing_of_trust() {
    let mut modules = children("prediction");
    modules.insert("prediction".to_owned(), text(&source().join("prediction.rs")));
    assert!(modules.len() > 20, "{modules:?}");
    let wrong: Vec<_> = modules.iter().filter(|(_, text)| names(text, "crate::").any(|name| name == "trust")).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn a_cycle_is_found() {
    let modules = |rows: &[(&str, &str)]| rows.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect();
    let rows: [(&[(&str, &str)], usize); 4] = [
        (&[("a", "use super::b::B;"), ("b", "use crate::trust::{c, d::{E, a}};"), ("c", ""), ("d", "")], 0),
        (&[("a", "use super::b::B;"), ("b", "fn b() { super::a::a() }")], 3),
        (&[("a", "use super::{\n    b,\n};"), ("b", "use crate::trust::{c::{X}, a};"), ("c", "")], 3),
        // An item of the parent, which imports its children.
        (&[("a", "use super::Trust;"), ("b", "")], 2),
    ];
    for (rows, wanted) in rows {
        assert_eq!(in_cycles(imports("trust", &modules(rows))).len(), wanted, "{rows:?}");
    }
}
