//! The manual pages: each command has one, with every section, and groff finds no fault in any.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../dist/generate/kexec.rs"]
mod kexec;
#[path = "../dist/generate/man.rs"]
mod man;
#[path = "../dist/generate/pages.rs"]
mod pages;

use std::fs;
use std::path::Path;
use std::process::Command;

const TITLE: &str = "8 \"\" \"skexec\" \"System Administration\"";

fn all() -> Vec<(String, String)> {
    let tail = [pages::EXIT_STATUS, include_str!("../dist/generate/tail.roff")].concat();
    let head = include_str!("../dist/generate/head.roff");
    let page = man::Page { title: TITLE, head, tail: &tail, common: &["json", "quiet", "verbose", "help", "version"] };
    let mut all = pages::all(skexec::cli::command(), TITLE).unwrap();
    all.push(("skexec.8".to_owned(), man::page(skexec::cli::command(), &page).unwrap()));
    all.push(("kexec.8".to_owned(), kexec::page("skexec")));
    all
}

#[test]
fn every_page_has_every_section() {
    for (name, text) in all() {
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "\"EXIT STATUS\"", "FILES", "\"SEE ALSO\""] {
            assert!(text.contains(&format!(".SH {section}\n")), "{name}: {section}");
        }
    }
}

#[test]
fn groff_finds_no_fault() {
    if Command::new("groff").arg("--version").output().is_err() {
        println!("groff is not here: nothing was rendered");
        return;
    }
    let folder = std::env::temp_dir().join(format!("skexec-manual-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    for (name, text) in all() {
        let path = folder.join(&name);
        fs::write(&path, text).unwrap();
        let run = Command::new("groff").args(["-man", "-ww", "-Tutf8", "-z"]).arg(path).output().unwrap();
        assert!(run.status.success() && run.stderr.is_empty(), "{name}: {}", String::from_utf8_lossy(&run.stderr));
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_package_has_every_page() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shipped = fs::read_to_string(top.join("Cargo.toml")).unwrap();
    // The page kexec(8) belongs to another package.
    for (name, _) in all().iter().filter(|(name, _)| name != "kexec.8") {
        assert!(shipped.contains(&format!("[\"target/release/dist/{name}.gz\", ")), "{name}");
    }
}
