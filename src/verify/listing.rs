//! `skexec entries`: the boot entries of this system, each with the verdict on its files.

use super::file;
use crate::authorize::detached_signature;
use crate::entries::{Boots, Entry, Found};
use crate::gather::Gathered;
use crate::reason::Refusal;
use crate::report::Report;
use crate::sources::Root;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// All entries, in the order of `bootctl list`.
#[derive(Debug, Serialize)]
pub(crate) struct Listing {
    schema: u32,
    pub(crate) entries: Vec<Listed>,
    /// Which folders could not be read, and why.
    #[serde(skip)]
    pub(crate) faults: Vec<String>,
}

/// One entry.
#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    pub(crate) id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    pub(crate) place: &'static str,
    pub(crate) path: String,
    pub(crate) title: Option<String>,
    pub(crate) version: Option<String>,
    sort_key: Option<String>,
    machine_id: Option<String>,
    tries_left: Option<u32>,
    tries_done: Option<u32>,
    /// systemd-boot starts it next.
    pub(crate) next: bool,
    /// It is the one-shot entry.
    pub(crate) oneshot: bool,
    pub(crate) initrds: Vec<InitrdListed>,
    pub(crate) options: Option<String>,
    profile: Option<usize>,
    verdict: &'static str,
    reason: Option<&'static str>,
    message: String,
    /// What signatures cover of it; nothing if it is refused.
    pub(crate) covers: Vec<&'static str>,
    /// What is known about the kernel; nothing where it cannot be found.
    pub(crate) kernel: Option<Report>,
    #[serde(skip)]
    pub(crate) refusal: Option<Refusal>,
    #[serde(skip)]
    pub(crate) notes: Vec<String>,
}

/// One initrd of an entry.
#[derive(Debug, Serialize)]
pub(crate) struct InitrdListed {
    pub(crate) path: String,
    /// Whether it has a detached signature by a trusted signer.
    pub(crate) signed: bool,
}

impl Listing {
    /// Finds the entries and verifies their files.
    pub(crate) fn read(root: &Root, gathered: &Gathered) -> Self {
        let Found { entries, marks, faults } = Found::read(root);
        let [next, oneshot] = [marks.next(&entries), marks.oneshot(&entries)];
        let is = |entry: &Entry, marked: Option<&Entry>| marked.is_some_and(|marked| std::ptr::eq(entry, marked));
        let mut judge = Judge { gathered, kernels: BTreeMap::new() };
        let listed = entries.iter().map(|entry| Listed {
            next: is(entry, next),
            oneshot: is(entry, oneshot),
            ..Listed::of(entry, &mut judge)
        });
        Self { schema: 1, entries: listed.collect(), faults }
    }
}

impl Listed {
    fn of(entry: &Entry, judge: &mut Judge<'_>) -> Self {
        let Judged { kernel, initrds, refusal } = judge.entry(entry);
        let boots = entry.boots.as_ref().ok();
        let covers = covers(kernel.as_ref().filter(|_| refusal.is_none()), &initrds);
        let first = refusal.as_ref().map(Refusal::first);
        Self {
            id: entry.id.clone(),
            kind: entry.kind,
            place: entry.place,
            path: entry.path.display().to_string(),
            title: entry.title.clone(),
            version: entry.version.clone(),
            sort_key: entry.sort_key.clone(),
            machine_id: entry.machine_id.clone(),
            tries_left: entry.tries.map(|tries| tries.left),
            tries_done: entry.tries.map(|tries| tries.done),
            next: false,
            oneshot: false,
            options: boots.and_then(|boots| boots.options.clone()),
            profile: boots.and_then(|boots| boots.profile),
            verdict: if refusal.is_none() { "trusted" } else { "refused" },
            reason: first.map(|finding| finding.reason.slug()),
            message: first.map_or_else(
                || "its signatures are valid and their signers are trusted".to_owned(),
                |finding| finding.sentence(Some(&entry.path)),
            ),
            initrds,
            covers,
            kernel,
            refusal,
            notes: entry.notes.clone(),
        }
    }

    /// The boot counter for people; empty without one.
    pub(crate) fn tries(&self) -> String {
        match (self.tries_left, self.tries_done) {
            (Some(0), Some(done)) => format!("bad, {done} failed"),
            (Some(left), Some(done)) => format!("{left} left, {done} failed"),
            _ => String::new(),
        }
    }
}

fn covers(trusted: Option<&Report>, initrds: &[InitrdListed]) -> Vec<&'static str> {
    let signed = !initrds.is_empty() && initrds.iter().all(|initrd| initrd.signed);
    let initrd = trusted.filter(|_| signed).map(|_| "initrd");
    trusted.into_iter().flat_map(Report::covers).chain(initrd).collect()
}

/// Verifies files. A kernel that several entries name is verified once.
struct Judge<'a> {
    gathered: &'a Gathered,
    kernels: BTreeMap<(PathBuf, Option<usize>), Report>,
}

/// The verdicts on the files of one entry.
struct Judged {
    kernel: Option<Report>,
    initrds: Vec<InitrdListed>,
    refusal: Option<Refusal>,
}

impl Judge<'_> {
    fn entry(&mut self, entry: &Entry) -> Judged {
        let Boots { kernel, initrds, profile, .. } = match &entry.boots {
            Ok(boots) => boots,
            Err(finding) => {
                return Judged { kernel: None, initrds: Vec::new(), refusal: Some(finding.clone().into()) };
            }
        };
        let report = self.kernel(kernel, *profile);
        let mut refusal = report.refusal().cloned();
        let mut listed = Vec::new();
        for path in initrds {
            let signed = self.initrd(path).unwrap_or_else(|why| {
                refusal.get_or_insert(why);
                false
            });
            listed.push(InitrdListed { path: path.display().to_string(), signed });
        }
        Judged { kernel: Some(report), initrds: listed, refusal }
    }

    fn kernel(&mut self, path: &Path, profile: Option<usize>) -> Report {
        let number = profile.map(|number| number.to_string());
        let judged = || file(path, None, number.as_deref(), self.gathered);
        self.kernels.entry((path.to_owned(), profile)).or_insert_with(judged).clone()
    }

    /// Whether an initrd is signed; a signature that is not trusted refuses the entry, as `load` would.
    fn initrd(&self, path: &Path) -> Result<bool, Refusal> {
        if detached_signature(path)?.is_none() {
            return Ok(false);
        }
        let report = file(path, None, None, self.gathered);
        report.refusal().map_or(Ok(true), |refusal| Err(refusal.clone().in_file(path)))
    }
}
