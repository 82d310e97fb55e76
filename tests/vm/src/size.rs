//! `cargo xtask size`: what fills the program that every initramfs carries, as a table in docs/size.md.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::binaries::{Binaries, TARGET};
use crate::cache::{Cache, cargo};
use crate::report::Report;
use crate::tool;

pub(crate) const PAGE: &str = "docs/size.md";
/// The static program, stripped, must be smaller.
const LIMIT: u64 = 2_000_000;
/// Crates with less have one line together.
const SMALL: u64 = 8 * 1024;
const BACKTRACES: [&str; 7] = ["addr2line", "backtrace", "gimli", "miniz_oxide", "object", "rustc_demangle", "adler2"];

/// Writes the page; an error where the program is too large.
pub(crate) fn run(cache: &Cache, page: &Path) -> Result<()> {
    let report = Report::new();
    let program = Binaries::build(cache, report)?.skexec;
    let with_names = report.step("build   the same with its symbols", || with_symbols(cache))?;
    let bytes = fs::metadata(&program)?.len();
    let symbols =
        tool::stdout(Command::new("nm").args(["--defined-only", "--print-size", "--demangle"]).arg(with_names))?;
    let sections = tool::stdout(Command::new("size").arg("-A").arg(&program))?;
    let text = self::page(bytes, &sections_of(&sections), &owners(&symbols));
    fs::write(page, &text).with_context(|| page.display().to_string())?;
    println!("\n{text}");
    ensure!(bytes < LIMIT, "the static program has {bytes} bytes; the limit is {LIMIT}");
    Ok(())
}

/// The same without touching the page.
pub(crate) fn check(cache: &Cache) -> Result<()> {
    ensure!(cache.workspace(PAGE).exists(), "{PAGE} is missing");
    run(cache, &cache.path("run/size.md"))
}

fn with_symbols(cache: &Cache) -> Result<PathBuf> {
    let target = cache.target("size");
    let mut build = cargo();
    build.current_dir(cache.workspace("")).env("RUSTFLAGS", "-C target-feature=+crt-static");
    build.env("CARGO_PROFILE_RELEASE_STRIP", "none").args(["build", "--release", "--target", TARGET]);
    tool::run(build.args(["--package", "skexec", "--bin", "skexec", "--target-dir"]).arg(&target))?;
    Ok(target.join(TARGET).join("release/skexec"))
}

/// Sections with their sizes, the largest first, from `size -A`.
fn sections_of(printed: &str) -> Vec<(String, u64)> {
    let section = |line: &str| {
        let mut words = line.split_whitespace();
        let (name, size) = (words.next()?, words.next()?.parse().ok()?);
        (name.starts_with('.') && name != ".bss" && name != ".tbss" && size > 1024).then(|| (name.to_owned(), size))
    };
    let mut sections: Vec<_> = printed.lines().filter_map(section).collect();
    sections.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    sections
}

/// Bytes of code by the crate that a function belongs to, the largest first, from `nm --print-size --demangle`.
fn owners(printed: &str) -> Vec<(String, u64)> {
    let mut owners = BTreeMap::new();
    for line in printed.lines() {
        let mut words = line.splitn(4, ' ').skip(1);
        let (Some(size), Some(kind), Some(name)) = (words.next(), words.next(), words.next()) else { continue };
        let Ok(size) = u64::from_str_radix(size, 16) else { continue };
        if ["t", "T", "w", "W", "i"].contains(&kind) {
            *owners.entry(owner(name)).or_insert(0) += size;
        }
    }
    let small: u64 = owners.values().filter(|size| **size < SMALL).sum();
    owners.retain(|_, size| *size >= SMALL);
    let mut owners: Vec<_> = owners.into_iter().collect();
    owners.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    owners.push(("all others".to_owned(), small));
    owners
}

/// The crate by a function's path: of `<a::B as c::D>::e` it is `a`.
fn owner(name: &str) -> String {
    let start = name.trim_start_matches(|letter: char| !letter.is_ascii_alphabetic() && letter != '_');
    let start = ["mut ", "const ", "dyn "].iter().fold(start, |rest, word| rest.strip_prefix(word).unwrap_or(rest));
    match start.split_once("::") {
        _ if !name.contains("::") => "C library, startup".to_owned(),
        Some(("core" | "alloc" | "std" | "hashbrown" | "compiler_builtins", _)) => "Rust's standard library".to_owned(),
        Some((name, _)) if BACKTRACES.contains(&name) => "Rust's standard library: backtraces".to_owned(),
        Some((name, _)) if name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') => {
            name.to_owned()
        }
        _ => "Rust's standard library".to_owned(),
    }
}

fn page(bytes: u64, sections: &[(String, u64)], owners: &[(String, u64)]) -> String {
    let mut page = format!(
        "# Size\n\n\
         `skexec` stands in every initramfs, so the static program must stay below {LIMIT} bytes. It has {bytes}.\n\
         `cargo xtask size` builds it (`RUSTFLAGS='-C target-feature=+crt-static' cargo build --release`) and writes this page.\n\n\
         | section | KiB |\n| --- | ---: |\n",
    );
    for (name, size) in sections {
        let _ = writeln!(page, "| `{name}` | {} |", size.div_ceil(1024));
    }
    page += "\nCode by crate, as the names of the functions tell it. A function that was inlined counts for the one that calls it, a\n\
             generic one for the crate that defines it.\n\n\
             | crate | KiB of code |\n| --- | ---: |\n";
    for (name, size) in owners {
        let _ = writeln!(page, "| {name} | {} |", size.div_ceil(1024));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_belongs_to_a_crate() {
        assert_eq!(owner("<skexec::load::Load as core::fmt::Debug>::fmt"), "skexec");
        assert_eq!(owner("<&mut serde_json::ser::X as serde::Y>::z"), "serde_json");
        assert_eq!(owner("core::ptr::drop_in_place<skexec::a>"), "Rust's standard library");
        assert_eq!(owner("gimli::read::unit"), "Rust's standard library: backtraces");
        assert_eq!(owner("__libc_start_main"), "C library, startup");
    }

    #[test]
    fn sizes_are_summed_by_crate() {
        let printed = "0000000000001000 0000000000002000 t a::b\n0000000000003000 0000000000001000 T a::c\n\
                       0000000000004000 0000000000000010 t small::d\n0000000000005000 0000000000009000 r a::RODATA\n\
                       0000000000006000 t no_size\n";
        assert_eq!(owners(printed), [("a".to_owned(), 0x3000), ("all others".to_owned(), 0x10)]);
        let sections = sections_of("x  :\nsection size addr\n.text 4096 1\n.bss 9999 2\n.rodata 8192 3\nTotal 5\n");
        assert_eq!(sections, [(".rodata".to_owned(), 8192), (".text".to_owned(), 4096)]);
    }
}
