//! Lets one kernel, and skexec running on it, judge the forged cases.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use forge::Case;
use forge::verdicts::Answer;
use serde_json::Value;
use vm_protocol::{Boot, Done};

use crate::fetch::Kernel;
use crate::guest::Guest;
use crate::initramfs::Files;
use crate::lab::{Firmware, Lab, Setup};

const CASES: &str = "/oracle";
/// The number of files in one command, so that their verdicts, 1 KiB each, fit into one answer of the agent.
const AT_ONCE: usize = 40;
/// Makes the console show the name of each file before the call, and turns an oops into a panic.
const CMDLINE: &str = "printk.devkmsg=on oops=panic";

/// skexec's verdict on a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Opinion {
    /// The slug of the reason, if skexec refuses.
    pub(crate) reason: Option<String>,
    pub(crate) predicted: Option<i32>,
    pub(crate) hazard: bool,
}

/// All answers in one guest, by the names of the cases.
#[derive(Debug, Default)]
pub(crate) struct Session {
    pub(crate) boot: Boot,
    pub(crate) answers: BTreeMap<String, Answer>,
    /// Empty if the kernel has no efivarfs, because skexec then refuses everything.
    pub(crate) opinions: BTreeMap<String, Opinion>,
}

/// One boot: skexec judges all files, the kernel all except those that crash it.
pub(crate) fn about(cases: &[Case], name: &str, kernel: &Kernel, lab: &Lab) -> Result<Session> {
    let (mut guest, boot) = start(cases, name, kernel, lab)?;
    ensure!(boot.lockdown == "integrity", "{name}: the kernel is not locked down: {:?}", boot.lockdown);
    let mut session = Session { boot, ..Session::default() };
    if kernel.efivarfs.is_some() {
        for some in cases.chunks(AT_ONCE) {
            let done = guest.run(&format!("skexec verify --json{}", paths(some.iter())))?;
            session.opinions.extend(opinions(&done)?);
        }
    }
    let harmless: Vec<_> = cases.iter().filter(|case| !case.hazard).collect();
    for some in harmless.chunks(AT_ONCE) {
        let done = guest.run(&format!("agent judge{}", paths(some.iter().copied())))?;
        session.answers.extend(answers(&done)?);
    }
    Ok(session)
}

/// One boot for one file that may crash the kernel.
pub(crate) fn about_hazard(case: &Case, name: &str, kernel: &Kernel, lab: &Lab) -> Result<Answer> {
    let cases = std::slice::from_ref(case);
    let (mut guest, _) = start(cases, name, kernel, lab)?;
    match guest.run_or_crash(&format!("agent judge{}", paths(cases.iter())))? {
        None => Ok(Answer::Crash),
        Some(done) => answers(&done)?.remove(&case.name).with_context(|| format!("{}: no answer", case.name)),
    }
}

fn start(cases: &[Case], name: &str, kernel: &Kernel, lab: &Lab) -> Result<(Guest, Boot)> {
    let mut files = Files::default();
    for case in cases {
        files.add(&path(case), &case.image);
    }
    for (place, module) in kernel.crypto.iter().enumerate() {
        // The guest loads these modules by name, before efivarfs.
        files.copy(&format!("/vm/modules/{}/{place}.ko", kernel.release), module)?;
    }
    lab.boot(Setup::new(name, kernel, Firmware::Forged, CMDLINE, files))
}

fn path(case: &Case) -> String {
    format!("{CASES}/{}", case.name)
}

fn paths<'a>(cases: impl Iterator<Item = &'a Case>) -> String {
    cases.map(|case| format!(" {}", path(case))).collect()
}

fn answers(done: &Done) -> Result<BTreeMap<String, Answer>> {
    ensure!(done.exit == Some(0), "the agent failed: {}{}", done.stdout, done.stderr);
    let line = |line: &str| {
        let (name, errno) = line.split_once(' ').with_context(|| line.to_owned())?;
        Ok((name.to_owned(), Answer::Errno(errno.parse()?)))
    };
    done.stdout.lines().map(line).collect()
}

fn opinions(done: &Done) -> Result<Vec<(String, Opinion)>> {
    let documents: Vec<Value> = serde_json::from_str(&done.stdout)
        .with_context(|| format!("skexec verify --json: {}{}", done.stdout, done.stderr))?;
    documents.iter().map(opinion).collect()
}

fn opinion(document: &Value) -> Result<(String, Opinion)> {
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let path = text("/path").context("no path")?;
    let reason = text("/reason");
    let trusted = text("/verdict").as_deref() == Some("trusted");
    ensure!(trusted == reason.is_none(), "{path}: verdict and reason contradict one another");
    let errno = document.pointer("/kernel/errno").and_then(Value::as_i64);
    let predicted = errno.map(i32::try_from).transpose()?;
    let hazard = text("/kernel/hazard").is_some();
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    Ok((name, Opinion { reason, predicted, hazard }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opinion_is_read_from_the_json() {
        let stdout = r#"[{"path": "/oracle/A1", "verdict": "refused", "reason": "unsigned", "kernel": {"errno": 61, "hazard": null}},
                         {"path": "/oracle/A2", "verdict": "trusted", "reason": null, "kernel": {"errno": null, "hazard": "oops"}}]"#;
        let done = Done { exit: Some(3), stdout: stdout.into(), ..Done::default() };
        let first = Opinion { reason: Some("unsigned".into()), predicted: Some(61), hazard: false };
        let second = Opinion { reason: None, predicted: None, hazard: true };
        assert_eq!(opinions(&done).expect("read"), [("A1".into(), first), ("A2".into(), second)]);
    }

    #[test]
    fn answers_are_one_a_line() {
        let done = Done { exit: Some(0), stdout: "A1 0\nA2 524\n".into(), ..Done::default() };
        let read = answers(&done).expect("read");
        assert_eq!((read["A1"], read["A2"]), (Answer::Errno(0), Answer::Errno(524)));
        assert!(answers(&Done::default()).is_err());
    }
}
