//! One run of one target.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::build::{Build, Fuzzer};
use super::record::Run;
use crate::cache::Cache;

/// An input that takes longer counts as a hang, in seconds.
const HANG: u32 = 60;

/// Runs a target, from its seeds, from what is kept in tests/data/fuzz, and from what earlier runs have found.
pub(crate) fn run(cache: &Cache, fuzzer: &Fuzzer, target: &str, seconds: u64) -> Result<Run> {
    let (corpus, finds) =
        (cache.path(format!("fuzz/corpus/{target}")), cache.workspace(format!("tests/fuzz/artifacts/{target}")));
    let kept = cache.workspace(format!("tests/data/fuzz/{target}"));
    let log = cache.path(format!("fuzz/{target}.log"));
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&finds)?;
    let mut command = Command::new(Fuzzer::program(cache, target));
    command.arg(&corpus).arg(fuzzer.seeds.join(target)).args(kept.exists().then_some(kept));
    command.args([format!("-max_total_time={seconds}"), format!("-timeout={HANG}"), "-print_final_stats=1".to_owned()]);
    command.arg(format!("-artifact_prefix={}/", finds.display()));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(&log)?);
    let start = Instant::now();
    let status = command.status().with_context(|| format!("cannot start the target {target}"))?;
    let seconds = start.elapsed().as_secs();
    let said = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    let Some((executions, edges)) = figures(&said) else { anyhow::bail!("{target} did not run:\n{said}") };
    let found = !status.success();
    if found {
        println!(
            "{target}: an input broke its property; {} has what was said, {} the input",
            log.display(),
            finds.display()
        );
    }
    ensure!(executions > 0, "{target} did nothing:\n{said}");
    Ok(Run {
        target: target.to_owned(),
        build: Build::of(target).name().to_owned(),
        seconds,
        executions,
        edges,
        finds: found.into(),
    })
}

/// How many inputs were run, and how many edges were seen, by libFuzzer's own words.
fn figures(said: &str) -> Option<(u64, u64)> {
    let after = |line: &str, word: &str| line.split_once(word)?.1.split_whitespace().next()?.parse().ok();
    let executions = said.lines().find_map(|line| after(line, "stat::number_of_executed_units:"));
    let edges = said.lines().rev().find_map(|line| after(line, " cov: "));
    Some((executions?, edges.unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_the_last_ones() {
        let said = "#2\tINITED cov: 12 ft: 13 corp: 1/1b exec/s: 0 rss: 40Mb\n\
                    #4096\tpulse  cov: 390 ft: 700 corp: 40/2Kb lim: 43 exec/s: 2048 rss: 60Mb\n\
                    Done 9000 runs in 3 second(s)\nstat::number_of_executed_units: 9000\n";
        assert_eq!(figures(said), Some((9000, 390)));
        assert_eq!(figures("thread panicked"), None);
    }
}
