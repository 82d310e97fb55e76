//! The pages under docs/ that are generated from the code, and the citations in every text of the repository. `BLESS=1 cargo test
//! --test docs` rewrites the pages.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use skexec::reason::{Caution, Exit, Reason};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn compare(name: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, wanted).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "docs/{name} is out of date: BLESS=1 cargo test --test docs");
}

#[test]
fn reasons() {
    let mut page = String::from(
        "# Reasons\n\n\
         Every refusal has one of these slugs, in `--json` as `reason` and `reasons`, on the terminal in brackets at the\n\
         end of its line. The table is made from `src/reason/table.rs`.\n\n\
         Exit codes: 1 failed, 2 usage, 3 not trusted, 4 malformed, unsupported or does not fit, 5 not permitted.\n\n\
         The kernel's column is what `kexec_file_load` of the reference kernel answers under enforcement: `0` where\n\
         skexec is stricter by intent, `-` where the kernel is never asked.\n\n\
         | slug | exit | kernel | what it means | what to do |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    for reason in Reason::ALL {
        let (slug, exit) = (reason.slug(), reason.exit().code());
        let cell = |text: &str| text.replace('|', "\\|");
        let (kernel, means, advice) = (reason.kernel(), cell(reason.means()), cell(reason.advice()));
        writeln!(page, "| `{slug}` | {exit} | {kernel} | {means} | {advice} |").unwrap();
    }
    compare("reasons.md", &page);
}

#[test]
fn warnings() {
    let mut page = String::from(
        "# Warnings\n\n\
         A warning refuses nothing. Each has one of these slugs, in `--json` in the list `warnings`, on the terminal in brackets\n\
         at the end of its line. The table is made from `src/reason/warning.rs`.\n\n\
         | slug | what it means | what to do |\n\
         | --- | --- | --- |\n",
    );
    for caution in Caution::ALL {
        let cell = |text: &str| text.replace('|', "\\|");
        writeln!(page, "| `{caution}` | {} | {} |", cell(caution.means()), cell(caution.advice())).unwrap();
    }
    compare("warnings.md", &page);
}

/// The page with its tables made anew: each stands between a comment that names it and an empty comment.
fn with_tables(name: &str, tables: &[(&str, &str)]) -> String {
    let mut text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)).unwrap();
    for (table, rows) in tables {
        let begin = format!("<!-- table: {table} -->\n");
        let (head, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("docs/{name} has no place for {table}"));
        let (_, tail) = rest.split_once("<!-- -->\n").unwrap();
        text = format!("{head}{begin}\n{rows}\n<!-- -->\n{tail}");
    }
    text
}

#[test]
fn kexec_options() {
    use skexec::cli::{KexecTreatment, kexec_options, kexec_types};
    let cell = |text: &str| text.replace('|', "\\|");
    let mut done = "| option | what it does |\n| --- | --- |\n".to_owned();
    let mut accepted = "| option | why |\n| --- | --- |\n".to_owned();
    let mut refused = "| option | why | what to do |\n| --- | --- | --- |\n".to_owned();
    let mut refuse = |typed: &str, why: &str, advice: &str| {
        writeln!(refused, "| `{typed}` | {} | {} |", cell(why), cell(advice)).unwrap();
    };
    for option in kexec_options() {
        let typed = option.typed();
        match option.treatment {
            KexecTreatment::Done(_, what) => writeln!(done, "| `{typed}` | {} |", cell(what)).unwrap(),
            KexecTreatment::Accepted(why) => writeln!(accepted, "| `{typed}` | {} |", cell(why)).unwrap(),
            KexecTreatment::Refused(why, advice) => refuse(&typed, why, advice),
        }
    }
    for kind in kexec_types() {
        if let Some((why, advice)) = kind.refused {
            refuse(&format!("--type={}", kind.name), why, advice);
        }
    }
    let tables = [("done", done.as_str()), ("accepted", &accepted), ("refused", &refused)];
    compare("kexec.md", &with_tables("kexec.md", &tables));
}

/// The part of docs/causes.md that `cargo xtask causes` writes.
const OBSERVED: &str = "## What guests showed\n";

#[test]
fn causes() {
    let mut page = String::from(
        "# Causes\n\n\
         The kernel answers a failed `kexec_file_load`, `kexec_load` or `reboot(LINUX_REBOOT_CMD_KEXEC)` with an errno, and most errnos stand\n\
         for several causes. skexec makes its checks before the call, so that it can refuse with the cause. Where a call fails all the same, it\n\
         reads the facts of the machine again and tells the causes apart by them. Where the facts prove none, it names the possible ones, the\n\
         most probable first; where they exclude all, the reason is `kernel-refused`.\n\n\
         A command that calls the kernel says, after what to do, what the kernel answers: in the C library's words, for those who match\n\
         them, and with the reason why. The slug is the one in [reasons.md](reasons.md), which says what it means and what to do.\n\n\
         ```\n\
         # skexec load vmlinuz --initrd initrd.img --reuse-cmdline\n\
         skexec: vmlinuz: the signer's certificate does not chain to a trusted certificate (unknown-signer)\n  \
         do: give the CA certificate of the signer with --keys FILE, or enrol it: mokutil --import FILE\n  \
         kernel: Required key not available (ENOKEY): a kernel that enforces signatures has no key of this signer or of an issuer in its keyrings\n\
         ```\n\n\
         The table is made from `src/causes/table.rs`. Of causes that fit the facts equally well, the earlier row is the more probable.\n\n\
         | call | errno | cause | what it means | why the kernel answers so | how it is told apart | what to do |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for cause in skexec::causes::CAUSES {
        let cell = |text: &str| text.replace('|', "\\|");
        let calls: Vec<_> = cause.calls.iter().map(|call| format!("`{}`", call.name())).collect();
        let (calls, errnos, reason) = (calls.join(", "), cause.errnos.join(", "), cause.reason);
        let [what, why, told, act] = [reason.means(), cause.why, cause.told, reason.advice()].map(cell);
        writeln!(page, "| {calls} | {errnos} | `{reason}` | {what} | {why} | {told} | {act} |").unwrap();
    }
    page.push('\n');
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/causes.md");
    let found = fs::read_to_string(path).unwrap_or_default();
    let observed = found.split_once(OBSERVED).map_or("", |(_, rest)| rest);
    compare("causes.md", &format!("{page}{OBSERVED}{observed}"));
}

/// Pages of other projects that comments cite.
const ELSEWHERE: &[&str] = &["SBAT.md"];

/// Every source and text file, without built files, fetched files and test data.
fn texts() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().and_then(OsStr::to_str).unwrap();
            let left_out = ["target", "data", "corpus", "artifacts"].contains(&name) || name.starts_with(".git");
            match path.is_dir() {
                _ if left_out || path.is_symlink() => {}
                true => walk(&path, found),
                false => found.push(path),
            }
        }
    }
    let mut found = Vec::new();
    walk(Path::new(env!("CARGO_MANIFEST_DIR")), &mut found);
    found
}

fn is_page(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("md"))
}

/// The anchor that a heading gets: lower case, blanks as hyphens, no punctuation.
fn anchor(heading: &str) -> String {
    let letters = heading.trim_matches(['#', ' ']).to_lowercase().replace(' ', "-");
    letters.chars().filter(|letter| letter.is_alphanumeric() || ['-', '_'].contains(letter)).collect()
}

/// The targets of a page's links, without links to web pages.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://"))
}

#[test]
fn links_lead_somewhere() {
    for page in texts().iter().filter(|path| is_page(path)) {
        let text = fs::read_to_string(page).unwrap();
        for link in links(&text) {
            let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            assert!(target.exists(), "{}: {link} does not exist", page.display());
            let there = fragment.is_empty()
                || fs::read_to_string(&target)
                    .unwrap()
                    .lines()
                    .any(|line| line.starts_with('#') && anchor(line) == fragment);
            assert!(there, "{}: {link} has no such heading", page.display());
        }
    }
}

/// Pages for those who work on skexec.
const NOT_SHIPPED: &[&str] = &[
    "ARCHITECTURE.md",
    "benchmarks.md",
    "coverage.md",
    "downtime.svg",
    "fuzzing.md",
    "mutants.md",
    "oracle.md",
    "real-files.md",
    "rpm.md",
    "siege.md",
    "size.md",
    "testing.md",
];

#[test]
fn the_package_has_every_page_for_users() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shipped = fs::read_to_string(top.join("Cargo.toml")).unwrap();
    for entry in fs::read_dir(top.join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let there = shipped.contains(&format!("[\"docs/{name}\", "));
        assert_eq!(there, !NOT_SHIPPED.contains(&name.as_str()), "{name}");
    }
}

#[test]
fn no_page_is_cited_that_is_not_here() {
    let files = texts();
    let pages: BTreeSet<_> = files.iter().filter(|path| is_page(path)).filter_map(|path| path.file_name()).collect();
    // This file contains the words that are searched for.
    for file in files.iter().filter(|file| !file.ends_with("tests/docs.rs")) {
        let Ok(text) = fs::read_to_string(file) else { continue };
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && !"_-./".contains(letter));
        for word in words.map(|word| word.trim_end_matches('.')).filter(|word| word.ends_with(".md")) {
            let name = Path::new(word).file_name();
            assert!(
                name.is_some_and(|name| pages.contains(name) || ELSEWHERE.iter().any(|page| name == *page)),
                "{}: {word} is not here",
                file.display()
            );
        }
    }
}

/// The words of a shell's line, without its comment.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut quoted) = (vec![String::new()], false);
    for letter in line.split(" #").next().unwrap().chars() {
        match letter {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            _ => words.last_mut().unwrap().push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn examples_are_understood() {
    let lab = support::Lab::new();
    let mut count = 0;
    let pages = "trust uki methods first-stage manifest policy injection credentials entries signing kexec".split(' ');
    let pages: Vec<_> = pages.map(|name| format!("docs/{name}.md")).collect();
    for page in pages.iter().map(String::as_str).chain(["README.md"]) {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
        let is_command = |line: &&str| ["skexec ", "kexec "].iter().any(|name| line.starts_with(name));
        // Every second part is between fences.
        let code = text.split("```").skip(1).step_by(2).flat_map(str::lines);
        for line in code.map(|line| line.trim_start_matches("$ sudo ")).filter(is_command) {
            let args = words(line).into_iter().map(Into::into);
            let mut err = Vec::new();
            let exit = skexec::cli::start(lab.system_view(), args, &mut Vec::new(), &mut err);
            let misread = exit == Exit::Usage.code() || String::from_utf8_lossy(&err).contains("kexec --help lists");
            assert!(!misread, "{page}: {line}");
            count += 1;
        }
    }
    assert!(count >= 13, "only {count} examples were found");
}
