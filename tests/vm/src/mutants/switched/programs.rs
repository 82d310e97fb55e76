//! The programs of tests, and how one is asked.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::build::Built;
use crate::tool;

/// What a program may take of memory, in KiB: a mutant that never ends must not take all.
const MEMORY: &str = "12582912";
const INTERVAL: Duration = Duration::from_millis(2);

/// One test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) program: usize,
    pub(super) name: String,
}

#[derive(Debug)]
pub(super) struct Programs {
    folder: PathBuf,
    /// For temporary files: a test that fails leaves them there.
    scratch: PathBuf,
    paths: Vec<PathBuf>,
    pub(super) cases: Vec<Case>,
}

impl Programs {
    pub(super) fn list(built: &Built) -> Result<Self> {
        let mut cases = Vec::new();
        for (program, path) in built.programs.iter().enumerate() {
            let mut list = Command::new(path);
            list.args(["--list", "--format", "terse"]).current_dir(&built.folder);
            let listed = tool::stdout(&mut list)?;
            let names = listed.lines().filter_map(|line| line.strip_suffix(": test"));
            cases.extend(names.map(|name| Case { program, name: name.to_owned() }));
        }
        let scratch = std::env::temp_dir().join(format!("skexec-mutants-{}", std::process::id()));
        fs::create_dir_all(&scratch)?;
        Ok(Self { folder: built.folder.clone(), scratch, paths: built.programs.clone(), cases })
    }

    /// The name of a program, without the hash that cargo adds; the library's tests have that of the package.
    pub(super) fn name(&self, program: usize) -> &str {
        let path = self.paths.get(program).and_then(|path| path.file_name()?.to_str()).unwrap_or_default();
        path.rsplit_once('-').map_or(path, |(name, _)| name)
    }

    /// Whether one of these tests fails, or does not end, while this mutant is on.
    pub(super) fn notice(&self, cases: &[(&Case, Duration)], number: usize) -> Result<bool> {
        let mut programs = BTreeMap::<usize, (Vec<&str>, Duration)>::new();
        for (case, time) in cases {
            let (names, sum) = programs.entry(case.program).or_default();
            names.push(&case.name);
            *sum += *time;
        }
        for (program, (names, time)) in programs {
            let limit = time * 5 + Duration::from_secs(20);
            if !self.succeeds(program, &names, ("SKEXEC_MUTANT", Path::new(&number.to_string())), limit)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Runs tests of one program, with one more variable in the environment.
    pub(super) fn succeeds(
        &self,
        program: usize,
        names: &[&str],
        (variable, value): (&str, &Path),
        limit: Duration,
    ) -> Result<bool> {
        let path = self.paths.get(program).context("no such program")?;
        let mut run = Command::new("sh");
        run.args(["-c", "ulimit -v \"$0\"; exec \"$@\"", MEMORY]).arg(path).args(["--exact", "--test-threads", "1"]);
        run.args(names).current_dir(&self.folder).env("CARGO_MANIFEST_DIR", &self.folder).env(variable, value);
        run.env("TMPDIR", &self.scratch);
        run.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let mut child = run.spawn().context("cannot start sh")?;
        let succeeded = wait(&mut child, limit);
        // What a test has started, too.
        let _ = killpg(Pid::from_raw(i32::try_from(child.id())?), Signal::SIGKILL);
        let _ = child.wait();
        Ok(succeeded)
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.scratch);
    }
}

fn wait(child: &mut Child, limit: Duration) -> bool {
    let start = Instant::now();
    while start.elapsed() < limit {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) => std::thread::sleep(INTERVAL),
            Err(_) => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_fails_or_takes_too_long() {
        let programs = |path: &str| Programs {
            folder: "/".into(),
            scratch: "/nowhere".into(),
            paths: vec![path.into()],
            cases: Vec::new(),
        };
        let succeeds = |path: &str, limit| {
            programs(path).succeeds(0, &[], ("SKEXEC_MUTANT", Path::new("1")), Duration::from_secs(limit)).unwrap()
        };
        assert_eq!(programs("/a/skexec-07ab").name(0), "skexec");
        assert!(succeeds("/bin/true", 60));
        assert!(!succeeds("/bin/false", 60));
        assert!(!succeeds("/bin/true", 0));
    }
}
