//! `cargo xtask size`: the sizes of the parts of the program that every initramfs carries, as a table in docs/size.md.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::binaries::Binaries;
use crate::cache::{Cache, cargo};
use crate::report::Report;
use crate::tool;

pub(crate) const PAGE: &str = "docs/size.md";
/// The program in an initramfs is to be smaller than this.
pub(crate) const AIM: u64 = 2_000_000;
/// As long as the aim is missed, it must not grow beyond this.
const LIMIT: u64 = 3_300_000;
const MUSL: &str = "x86_64-unknown-linux-musl";
/// Smaller crates share one line of the table.
const SMALL: u64 = 8 * 1024;
const BACKTRACES: [&str; 7] = ["addr2line", "backtrace", "gimli", "miniz_oxide", "object", "rustc_demangle", "adler2"];

/// One of the ways to link the program.
#[derive(Debug)]
pub(crate) struct Linked {
    pub(crate) how: &'static str,
    program: PathBuf,
    /// Whether the limit applies to it.
    pub(crate) limited: bool,
}

/// Writes the page; it is an error if a program is too large.
pub(crate) fn run(cache: &Cache, page: &Path) -> Result<()> {
    let report = Report::new();
    let sizes = programs(cache, report)?;
    let symbols = packaged(cache, report, "none")?;
    let symbols = tool::stdout(Command::new("nm").args(["--defined-only", "--print-size", "--demangle"]).arg(symbols))?;
    let sections = tool::stdout(Command::new("size").arg("-A").arg(&sizes.first().context("no program")?.0.program))?;
    let text = self::page(&sizes, &sections_of(&sections), &owners(&symbols));
    fs::write(page, &text).with_context(|| page.display().to_string())?;
    println!("\n{text}");
    for (linked, bytes) in &sizes {
        ensure!(!linked.limited || *bytes < LIMIT, "linked {}, it has {bytes} bytes; the limit is {LIMIT}", linked.how);
    }
    Ok(())
}

/// The same check without writing the page.
pub(crate) fn check(cache: &Cache) -> Result<()> {
    ensure!(cache.workspace(PAGE).exists(), "{PAGE} is missing");
    run(cache, &cache.path("run/size.md"))
}

/// The program linked in each of these ways, with its size in bytes.
pub(crate) fn programs(cache: &Cache, report: Report) -> Result<Vec<(Linked, u64)>> {
    let mut programs = vec![
        Linked {
            how: "dynamically, as the Debian package has it",
            program: packaged(cache, report, "true")?,
            limited: true,
        },
        Linked { how: "statically, with glibc", program: Binaries::build(cache, report)?.skexec, limited: false },
    ];
    if let Some(program) = with_musl(cache, report)? {
        programs.push(Linked { how: "statically, with musl", program, limited: true });
    }
    programs
        .into_iter()
        .map(|linked| {
            let bytes = fs::metadata(&linked.program)?.len();
            Ok((linked, bytes))
        })
        .collect()
}

/// The program as `cargo build --release` makes it, or with its symbols (`strip` is "none").
fn packaged(cache: &Cache, report: Report, strip: &str) -> Result<PathBuf> {
    let target = cache.target(if strip == "none" { "size" } else { "" });
    report.step(format_args!("build   skexec, linked dynamically (strip = {strip})"), || {
        let mut build = release(cache, &target);
        tool::run(build.env("CARGO_PROFILE_RELEASE_STRIP", strip))
    })?;
    Ok(target.join("release/skexec"))
}

/// Whether the toolchain has a standard library for musl (`rustup target add x86_64-unknown-linux-musl`).
fn with_musl(cache: &Cache, report: Report) -> Result<Option<PathBuf>> {
    let mut rustc = Command::new("rustc");
    let place = tool::stdout(rustc.args(["--print", "target-libdir", "--target", MUSL]))?;
    if !Path::new(place.trim()).exists() {
        return Ok(None);
    }
    report.step("build   skexec, static with musl", || {
        tool::run(release(cache, &cache.target("")).args(["--target", MUSL]))
    })?;
    Ok(Some(cache.target(MUSL).join("release/skexec")))
}

fn release(cache: &Cache, target: &Path) -> Command {
    let mut build = cargo();
    build.current_dir(cache.workspace("")).args(["build", "--release", "--package", "skexec", "--bin", "skexec"]);
    build.arg("--target-dir").arg(target);
    build
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

/// The crate of a function, from its path; for `<a::B as c::D>::e` it is `a`.
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

fn aim(bytes: u64) -> String {
    match bytes.checked_sub(AIM) {
        Some(more) => format!("below {AIM}: missed by {more}"),
        None => format!("below {AIM}: met"),
    }
}

fn page(sizes: &[(Linked, u64)], sections: &[(String, u64)], owners: &[(String, u64)]) -> String {
    let mut page = String::from(
        "# Size\n\n\
         `skexec` stands in every initramfs, so it must stay small. `cargo xtask size` builds the release and writes this page.\n\
         glibc alone is 1.1 MB in every static program of Rust's; musl is 0.4 MB. The line for musl stands here where the\n\
         toolchain has that target.\n\n\
         | linked | bytes | aim |\n| --- | ---: | ---: |\n",
    );
    for (linked, bytes) in sizes {
        let aim = if linked.limited { aim(*bytes) } else { "-".to_owned() };
        let _ = writeln!(page, "| {} | {bytes} | {aim} |", linked.how);
    }
    let _ = writeln!(page, "\n`cargo xtask size` fails from {LIMIT} bytes on.");
    page += "\nSections of the dynamically linked program:\n\n| section | KiB |\n| --- | ---: |\n";
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
    fn a_missed_aim_says_by_how_much() {
        assert_eq!(aim(AIM - 1), "below 2000000: met");
        assert_eq!(aim(AIM + 5), "below 2000000: missed by 5");
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
