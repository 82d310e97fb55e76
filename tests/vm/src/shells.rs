//! The completions of zsh and fish, run by these shells: each is asked what it offers for a line. `tests/completions.rs` runs bash.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cache::Cache;
use crate::deb;
use crate::fetch::{Extras, Fetch, Group};
use crate::report::Report;
use crate::tool;

/// A skexec that answers with what it was asked, and two names.
const STAND_IN: &str = "#!/bin/sh\nshift\nprintf '%s\\n' \"$*\" one two\n";
const CAPTURE: &str = include_str!("../shells/capture.zsh");
const FISH: &str = "set fish_function_path $argv[1]; source $argv[2]; complete -C $argv[3]";

/// A line, and what must be among the words that are offered for its end.
const ROWS: [(&str, &[&str]); 5] = [
    ("skexec load --entry ", &["entries", "one", "two"]),
    ("skexec load --kernel-version ", &["versions", "one", "two"]),
    // The words of the line are passed on, each shell's in its own way.
    ("skexec inspect a.efi --profile ", &["one", "two"]),
    ("skexec explain unknown-sig", &["unknown-signer"]),
    ("skexec ent", &["entries"]),
];

/// Asks both shells.
pub(crate) fn run(cache: &Cache) -> Result<()> {
    let report = Report::new();
    let shells = Fetch::new(cache, report).extras(Group::Shells)?;
    let stage = cache.path("run/shells");
    if stage.exists() {
        fs::remove_dir_all(&stage)?;
    }
    for folder in ["bin", "site"] {
        fs::create_dir_all(stage.join(folder))?;
    }
    let program = stage.join("bin/skexec");
    fs::write(&program, STAND_IN)?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    fs::write(stage.join("capture.zsh"), CAPTURE)?;
    report.step("make    the completions", || deb::completions(cache, &stage))?;
    fs::copy(stage.join("skexec.zsh"), stage.join("site/_skexec"))?;
    let ask: [(&str, Asking); 2] = [("zsh", zsh), ("fish", fish)];
    for (shell, ask) in ask {
        for (line, wanted) in ROWS {
            let offered = ask(&shells, &stage, line).with_context(|| format!("{shell}: {line}"))?;
            faults(&offered, line, wanted).with_context(|| format!("{shell}: {line:?} offers {offered:?}"))?;
        }
        println!("{shell} offers what the completions ask for");
    }
    Ok(())
}

type Asking = fn(&Extras, &Path, &str) -> Result<Vec<String>>;

fn zsh(shells: &Extras, stage: &Path, line: &str) -> Result<Vec<String>> {
    let out = stage.join("offered");
    if out.exists() {
        fs::remove_file(&out)?;
    }
    let mut zsh = shells.command("zsh");
    zsh.arg("-f").arg(stage.join("capture.zsh")).arg(shells.path("")).arg(stage.join("site")).arg(line).arg(out);
    words(at(&mut zsh, stage)?)
}

fn fish(shells: &Extras, stage: &Path, line: &str) -> Result<Vec<String>> {
    let mut fish = shells.command("fish");
    fish.args(["--no-config", "-c", FISH]).arg(shells.path("usr/share/fish/functions"));
    words(at(fish.arg(stage.join("skexec.fish")).arg(line), stage)?)
}

/// The stand-in is found first, and the shell's own files stay in the cache.
fn at<'a>(shell: &'a mut Command, stage: &Path) -> Result<&'a mut Command> {
    let system = std::env::var_os("PATH").unwrap_or_default();
    let places = std::iter::once(stage.join("bin")).chain(std::env::split_paths(&system));
    Ok(shell.env("PATH", std::env::join_paths(places)?).env("HOME", stage).current_dir(stage))
}

/// fish prints a description behind each word, and zsh quotes blanks.
fn words(shell: &mut Command) -> Result<Vec<String>> {
    let text = tool::stdout(shell)?;
    Ok(text
        .lines()
        .map(|line| line.split('\t').next().unwrap_or_default().replace('\\', "").trim().to_owned())
        .collect())
}

fn faults(offered: &[String], line: &str, wanted: &[&str]) -> Result<()> {
    for word in wanted {
        ensure!(offered.iter().any(|one| one == word), "{word} is missing");
    }
    let asked = offered.iter().any(|one| one.starts_with("profiles -- ") && one.contains(" a.efi"));
    ensure!(asked || !line.contains("--profile"), "the file on the line was not passed on");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_word_is_a_fault() {
        let offered = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert!(faults(&offered(&["one", "two"]), "skexec load --entry ", &["two"]).is_ok());
        assert!(faults(&offered(&["one"]), "skexec load --entry ", &["two"]).is_err());
        let line = "skexec inspect a.efi --profile ";
        assert!(faults(&offered(&["profiles -- skexec inspect", "one"]), line, &["one"]).is_err());
        assert!(faults(&offered(&["profiles -- inspect a.efi --profile", "one"]), line, &["one"]).is_ok());
    }
}
