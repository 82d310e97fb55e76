//! `skexec inspect -v` compared with other viewers: each fact that they print about a file, it prints, too.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::facts::{self, Line};
use crate::authority::Authority;
use crate::cache::Cache;
use crate::fetch::{Fetch, Group};
use crate::ukify::{Parts, Ukify};

/// Compares all viewers on a signed kernel, on the boot loaders, and on a UKI. Returns how many facts were found again.
///
/// # Errors
/// The facts that `inspect` does not show, and the lines that nobody has thought of.
pub(super) fn compare(cache: &Cache, fetch: &Fetch<'_>, skexec: &Path, files: &[PathBuf]) -> Result<usize> {
    let tools = fetch.tools()?;
    let (pesign, osslsigncode) = (fetch.extras(Group::Pesign)?, fetch.extras(Group::Osslsigncode)?);
    let owner = Authority::named("the owner", cache, &tools)?;
    let ukify = Ukify { extras: fetch.extras(Group::Ukify)?, tools: &tools, signer: &owner };
    let uki = cache.path("run/viewers.efi");
    fs::create_dir_all(cache.path("run"))?;
    let linux = files.first().context("a kernel")?;
    ukify.image(&Parts { profiles: &[("debug", "quiet debug")], ..Parts::of(linux, "viewers", "quiet") }, &uki)?;

    let mut found = 0;
    let mut missing = Vec::new();
    for file in files.iter().chain([&uki]) {
        let shown = printed(Command::new(skexec).args(["inspect", "-v"]).arg(file))?.to_lowercase();
        ensure!(shown.contains("\n  sha256"), "skexec inspect -v {}: {shown}", file.display());
        let mut viewers = vec![
            ("sbverify --list", printed(tools.sbverify().arg("--list").arg(file))?),
            ("osslsigncode verify", printed(osslsigncode.command("osslsigncode").arg("verify").arg("-in").arg(file))?),
        ];
        for option in ["-S", "-h"] {
            viewers.push(("pesign", printed(pesign.command("pesign").args([option, "-i"]).arg(file))?));
        }
        let mut lines: Vec<_> = viewers.iter().flat_map(|(name, text)| marked(name, text, facts::of)).collect();
        let inspected = if *file == uki { printed(&mut ukify.inspect(file))? } else { String::new() };
        lines.extend(marked("ukify inspect", &inspected, facts::of_ukify));
        for (viewer, line, meaning) in lines {
            let lost = match meaning {
                Line::LeftOut(_) => continue,
                Line::Facts(facts) => facts.iter().any(|fact| !shown.contains(&fact.to_lowercase())),
                Line::Unknown => true,
            };
            if lost {
                missing.push(format!("{}, {viewer}: {line}", file.display()));
            }
            found += usize::from(!lost);
        }
    }
    ensure!(missing.is_empty(), "skexec inspect -v does not show:\n{}", missing.join("\n"));
    Ok(found)
}

fn marked<'a>(
    viewer: &'a str,
    text: &'a str,
    read: fn(&str) -> Line,
) -> impl Iterator<Item = (&'a str, &'a str, Line)> {
    text.lines().map(move |line| (viewer, line, read(line)))
}

/// What a viewer prints on stdout, whatever its exit code: a verdict is not asked for.
fn printed(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {name}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(!text.is_empty(), "{name} printed nothing: {}", String::from_utf8_lossy(&output.stderr));
    Ok(text)
}
