//! `skexec entries`.

use super::args::EntriesArgs;
use super::output::Output;
use super::printable::line;
use crate::confine;
use crate::gather::{TrustRequest, gather};
use crate::reason::{Caution, Exit, Refusal, Warning};
use crate::sources::policy::Policy;
use crate::system::System;
use crate::verify::listing::{Listed, Listing};

const HEADINGS: [&str; 7] = ["entry", "title", "version", "where", "tries", "next", "verdict"];
/// The longest text of a column that is shown whole.
const LONGEST: usize = 40;

pub(super) fn run(system: System<'_>, args: &EntriesArgs, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let policy = Policy::read(system.root);
    let gathered = match policy.and_then(|policy| gather(system.root, &policy, &TrustRequest::from(&args.trust))) {
        Ok(gathered) => gathered,
        Err(finding) => return output.failure(&finding),
    };
    confine::trust_is_read(system);
    let listing = Listing::read(system.root, &gathered);
    for warning in &gathered.warnings {
        output.warning(warning)?;
    }
    for fault in &listing.faults {
        output.warning(&Warning::new(Caution::EntriesUnreadable, fault.clone()))?;
    }
    if output.json() {
        output.document(&listing)?;
    } else {
        tell(&listing.entries, output)?;
    }
    Ok(Exit::Done)
}

fn tell(entries: &[Listed], output: &mut Output<'_>) -> anyhow::Result<()> {
    if entries.is_empty() {
        output.fact("there are no boot entries")?;
        return Ok(());
    }
    let rows: Vec<_> = std::iter::once(HEADINGS.map(str::to_owned)).chain(entries.iter().map(row)).collect();
    let widths = rows.iter().fold([0; HEADINGS.len()], |widest, row| {
        std::array::from_fn(|column| widest[column].max(row[column].chars().count()))
    });
    for (index, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        output.fact(cells.collect::<Vec<_>>().join("  ").trim_end())?;
        let entry = index.checked_sub(1).and_then(|index| entries.get(index));
        if let (true, Some(entry)) = (output.verbose(), entry) {
            details(entry, output)?;
        }
    }
    Ok(())
}

fn row(entry: &Listed) -> [String; HEADINGS.len()] {
    let verdict = match entry.refusal.as_ref().map(Refusal::first) {
        Some(finding) => format!("refused ({})", finding.reason),
        None => format!("trusted ({})", entry.covers.join(", ")),
    };
    let next = match (entry.oneshot, entry.next) {
        (true, _) => "once",
        (false, true) => "yes",
        (false, false) => "",
    };
    [
        line(&entry.id),
        short(entry.title.as_deref()),
        short(entry.version.as_deref()),
        entry.place.to_owned(),
        entry.tries(),
        next.to_owned(),
        verdict,
    ]
}

fn short(text: Option<&str>) -> String {
    // As it is printed, so that the columns are as wide as they seem.
    let text = line(text.unwrap_or_default());
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

fn details(entry: &Listed, output: &mut Output<'_>) -> anyhow::Result<()> {
    output.row("file", &entry.path)?;
    for (index, finding) in entry.refusal.iter().flat_map(Refusal::iter).enumerate() {
        output.row(
            if index == 0 { "why" } else { "also" },
            &format!("{} ({})", finding.sentence(None), finding.reason),
        )?;
    }
    for initrd in &entry.initrds {
        let signed = if initrd.signed { "signed" } else { "not signed" };
        output.row("initrd", &format!("{} ({signed})", initrd.path))?;
    }
    if let Some(options) = &entry.options {
        output.row("cmdline", options)?;
    }
    for (key, value) in entry.kernel.iter().flat_map(|report| report.signer_lines(false)) {
        output.row(key, &value)?;
    }
    for note in &entry.notes {
        output.row("note", note)?;
    }
    Ok(())
}
