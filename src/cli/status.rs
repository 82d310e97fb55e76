//! `skexec status`.

use super::args::StatusArgs;
use super::output::Output;
use super::page::Page;
use super::terminal::Terminal;
use crate::diagnose::Status;
use crate::diagnose::section::{Mark, Row, Section};
use crate::load::{Obstacles, Outcome, Request, load};
use crate::reason::{Exit, Finding, Refusal, Site};
use crate::report::Report;
use crate::system::System;
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    status: &'a Status<'a>,
    kernel: Option<&'a Report>,
    /// Whether the kernel's signature is proved; nothing where the file was not judged.
    kernel_trusted: Option<bool>,
    /// Whether this machine would load it.
    kernel_loadable: Option<bool>,
    /// The running kernel's keys that the kernel's signature leads to.
    kernel_keys: Option<&'a [String]>,
    /// Everything that stands against loading it.
    kernel_obstacles: Option<Vec<Obstacle>>,
}

#[derive(Serialize)]
struct Obstacle {
    /// `file` or `machine`.
    about: &'static str,
    reason: &'static str,
    message: String,
    advice: &'static str,
}

impl<'a> Document<'a> {
    fn of(status: &'a Status<'a>, judged: Option<&'a Judged>, site: Site) -> Self {
        let report = judged.map(|judged| &judged.outcome.report);
        Self {
            status,
            kernel: report,
            kernel_trusted: report.filter(|report| report.judged()).map(Report::trusted),
            kernel_loadable: report.map(|report| report.refusal().is_none()),
            kernel_keys: judged.map(|judged| judged.outcome.keys.as_slice()),
            kernel_obstacles: judged.map(|Judged { path, obstacles, .. }| {
                let of = |about, finding: &Finding| Obstacle {
                    about,
                    reason: finding.reason.slug(),
                    message: finding.sentence(Some(path)),
                    advice: finding.reason.advice_on(site),
                };
                let file = obstacles.of_file.iter().map(|finding| of("file", finding));
                file.chain(obstacles.of_machine.iter().map(|finding| of("machine", finding))).collect()
            }),
        }
    }
}

pub(super) fn run(system: System<'_>, args: &StatusArgs, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let status = Status::read(system, &(&args.trust).into());
    let judged = args.kernel.as_deref().map(|kernel| Judged::of(system, kernel, args)).transpose()?;
    if output.json() {
        output.document(&Document::of(&status, judged.as_ref(), output.site()))?;
    } else {
        let mut page = Page::new(Terminal::standard_output());
        page.title(&status.title());
        status.sections(output.verbose()).iter().for_each(|section| page.section(section));
        if let Some(judged) = &judged {
            judged.sections(output).iter().for_each(|section| page.section(section));
        }
        for line in page.into_lines() {
            output.page_line(&line)?;
        }
    }
    if let Some(judged) = &judged {
        for warning in &judged.outcome.warnings {
            output.warning(warning)?;
        }
        if let (true, false, Some(finding)) = (output.quiet(), output.json(), judged.obstacles.iter().next()) {
            output.refusal(Some(&judged.path), finding)?;
        }
    }
    Ok(judged.map_or(status.exit(), |judged| judged.exit()))
}

/// What would become of KERNEL.
struct Judged {
    path: PathBuf,
    outcome: Outcome,
    obstacles: Obstacles,
}

impl Judged {
    fn of(system: System<'_>, kernel: &Path, args: &StatusArgs) -> anyhow::Result<Self> {
        let request = request(kernel, args);
        let outcome = load(system, &request, &mut |_| ())?;
        let obstacles = Obstacles::of(system, &request, &outcome);
        Ok(Self { path: kernel.to_owned(), outcome, obstacles })
    }

    /// That of the worst obstacle.
    fn exit(&self) -> Exit {
        let obstacles = self.obstacles.iter().map(|finding| finding.reason.exit());
        obstacles.max().unwrap_or_else(|| self.outcome.exit())
    }

    /// Whether it is trusted, on any machine with these keys; then whether this machine would load it.
    fn sections(&self, output: &Output<'_>) -> [Section; 2] {
        let report = &self.outcome.report;
        let path = self.path.display();
        let verdict = match (report.judged(), report.trusted()) {
            (_, true) => "trusted",
            (true, false) => "not trusted",
            (false, false) => "not judged",
        };
        // What was waived stands against the file all the same.
        let against = report.waived().into_iter().flat_map(Refusal::iter).chain(&self.obstacles.of_file);
        let mut rows = findings(against, &self.path, output.site());
        let facts = if report.judged() { report.file_lines(output.verbose()) } else { Vec::new() };
        rows.extend(facts.into_iter().map(|(key, value)| Row::plain(key, value)));
        [Section::new(format!("{path}: {verdict}"), rows), self.here(output.site())]
    }

    fn here(&self, site: Site) -> Section {
        let report = &self.outcome.report;
        let answer = match (report.refusal(), report.trusted(), report.judged()) {
            (None, true, _) => "can be loaded on this machine",
            (None, false, _) => "can be loaded on this machine, because the policy waives the signature",
            (Some(_), true, _) => "cannot be loaded on this machine",
            (Some(_), false, true) => "cannot be loaded on this machine, because it is not trusted",
            (Some(_), false, false) => "cannot be loaded on this machine, because it was not judged",
        };
        let more = report.refusal().is_some() && !report.trusted() && !self.obstacles.of_machine.is_empty();
        let also = if more { ", and not only for that reason" } else { "" };
        let mut rows = findings(self.obstacles.of_machine.iter(), &self.path, site);
        if let (None, Some(plan)) = (report.refusal(), &self.outcome.plan) {
            rows.push(Row::plain("method", format!("{}: {}", plan.method, plan.why)));
        }
        if !self.outcome.keys.is_empty() {
            rows.push(Row::of("held", self.outcome.keys.clone()));
        }
        Section::new(format!("{}: {answer}{also}", self.path.display()), rows)
    }
}

/// A row for each finding, with what to do about it.
fn findings<'a>(findings: impl Iterator<Item = &'a Finding>, subject: &Path, site: Site) -> Vec<Row> {
    let row = |(index, finding): (usize, &Finding)| {
        let sentence = format!("{} ({})", finding.sentence(Some(subject)), finding.reason);
        Row::advise(Mark::Bad, if index == 0 { "why" } else { "also" }, sentence, finding.reason.advice_on(site))
    };
    findings.enumerate().map(row).collect()
}

/// The question what a load of this kernel alone would come to.
fn request(kernel: &Path, args: &StatusArgs) -> Request {
    Request { trust: (&args.trust).into(), dry_run: true, ..Request::alone(kernel.to_owned()) }
}
