//! What is kept of each run: a line of tests/fuzz/runs.tsv.

use std::fmt;

use anyhow::{Context, Result};

/// A run of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) target: String,
    pub(crate) build: String,
    pub(crate) seconds: u64,
    pub(crate) executions: u64,
    /// Of the instrumented code; those of different builds cannot be compared.
    pub(crate) edges: u64,
    /// libFuzzer ends at the first one.
    pub(crate) finds: u64,
}

impl Run {
    pub(crate) fn line(&self) -> String {
        let Self { target, build, seconds, executions, edges, finds } = self;
        format!("{target}\t{build}\t{seconds}\t{executions}\t{edges}\t{finds}\n")
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, seconds, executions, edges, finds, .. } = self;
        write!(f, "{target}: {executions} inputs in {seconds} s, {edges} edges, {finds} finds")
    }
}

/// All runs, in their order.
pub(crate) fn read(text: &str) -> Result<Vec<Run>> {
    text.lines().map(|line| parse(line).with_context(|| format!("no run: {line}"))).collect()
}

fn parse(line: &str) -> Option<Run> {
    let mut words = line.split('\t');
    let mut text = || words.next().map(str::to_owned);
    let (target, build) = (text()?, text()?);
    let mut number = || text()?.parse().ok();
    let run = Run { target, build, seconds: number()?, executions: number()?, edges: number()?, finds: number()? };
    text().is_none().then_some(run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_read_as_it_was_written() {
        let run = |target: &str, finds| Run {
            target: target.to_owned(),
            build: "plain".to_owned(),
            seconds: 60,
            executions: 1000,
            edges: 17,
            finds,
        };
        let runs = vec![run("a", 0), run("b", 1)];
        assert_eq!(read(&runs.iter().map(Run::line).collect::<String>()).unwrap(), runs);
        for line in ["", "a", "a\tplain\t1\t2\t3", "a\tplain\t1\t2\t3\tx", "a\tplain\t1\t2\t3\t4\t5"] {
            assert!(read(&format!("{line}\n")).is_err(), "{line}");
        }
    }
}
