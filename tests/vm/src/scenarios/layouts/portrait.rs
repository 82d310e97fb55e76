//! What a kernel says about itself and its machine.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use vm_protocol::facts::Bases;

use super::differences::{FIELDS_THAT_DIFFER, MESSAGES_THAT_DIFFER, Part};
use crate::checks::Checks;
use crate::guest::Guest;
use crate::scenarios::boot_params::FIELDS;
use crate::scenarios::messages::without_numbers;

#[derive(Debug)]
pub(super) struct Portrait {
    /// Its messages, without times; each with the number of its occurrences, because processors write at the same time.
    dmesg: BTreeMap<String, usize>,
    iomem: Vec<String>,
    processors: String,
    cmdline: String,
    /// boot_params, in hexadecimal.
    params: String,
    pub(super) bases: Bases,
}

impl Portrait {
    pub(super) fn of(guest: &mut Guest) -> Result<Self> {
        let mut text = |command: &str| -> Result<String> {
            let done = guest.run(command)?;
            ensure!(done.exit == Some(0) && !done.stdout.contains("[cut by the agent]"), "{command}: {done:?}");
            Ok(done.stdout)
        };
        Ok(Self {
            dmesg: messages(&text("dmesg")?),
            iomem: ranges(&text("cat /proc/iomem")?)?,
            // The measured speed differs from boot to boot.
            processors: text("grep -v -e MHz -e bogomips /proc/cpuinfo")?,
            cmdline: text("cat /proc/cmdline")?,
            params: text("hexdump -v -e '1/1 \"%02x\"' /sys/kernel/boot_params/data")?,
            bases: guest.bases()?,
        })
    }

    /// Compares this kernel with another one; only what the tables explain may differ.
    pub(super) fn compare(&self, name: &str, other: &Self, checks: &mut Checks) -> Result<()> {
        let (added, missing) = (not_in(&self.dmesg, &other.dmesg), not_in(&other.dmesg, &self.dmesg));
        let same = added.is_empty() && missing.is_empty();
        checks.holds(&format!("{name}: the same messages"), same, &(("added", added), ("missing", missing)));
        checks.equal(&format!("{name}: the same /proc/iomem"), &self.iomem, &other.iomem);
        checks.equal(&format!("{name}: the same processors"), &self.processors, &other.processors);
        checks.equal(&format!("{name}: the same command line"), &self.cmdline, &other.cmdline);
        let fields = different_fields(&self.params, &other.params)?;
        checks.holds(&format!("{name}: the same boot_params"), fields.is_empty(), &fields);
        let bases = [&self.bases, &other.bases].map(|bases| (bases.text, bases.code, bases.direct_map));
        checks.holds(&format!("{name}: other addresses"), bases[0] != bases[1], &bases);
        Ok(())
    }
}

/// Messages without their times, and without what differs from boot to boot.
fn messages(dmesg: &str) -> BTreeMap<String, usize> {
    let mut messages = BTreeMap::new();
    for line in dmesg.lines() {
        let text = line.strip_prefix('[').and_then(|line| line.split_once("] ")).map_or(line, |(_, text)| text);
        let known = MESSAGES_THAT_DIFFER.iter().find(|(known, ..)| text.contains(known));
        let text = match known.map(|(_, part, _)| part) {
            None => text.to_owned(),
            Some(Part::Numbers) => without_numbers(text),
            Some(Part::Whole) => continue,
        };
        *messages.entry(text).or_default() += 1;
    }
    messages
}

/// The lines of /proc/iomem without the kernel's own ranges; setup_data splits RAM in ranges, which are joined.
fn ranges(iomem: &str) -> Result<Vec<String>> {
    let mut ranges: Vec<(u64, u64, &str)> = vec![];
    for line in iomem.lines() {
        let (range, name) = line.split_once(" : ").with_context(|| line.to_owned())?;
        if name.starts_with("Kernel ") {
            continue;
        }
        let (start, end) = range.trim_start().split_once('-').with_context(|| line.to_owned())?;
        let (start, end) = (u64::from_str_radix(start, 16)?, u64::from_str_radix(end, 16)?);
        match ranges.last_mut() {
            Some(last) if last.2 == name && name == "System RAM" && last.1 + 1 == start => last.1 = end,
            _ => ranges.push((start, end, name)),
        }
    }
    Ok(ranges.iter().map(|(start, end, name)| format!("{start:x}-{end:x} {name}")).collect())
}

/// The lines that occur more often in the first than in the second.
fn not_in(these: &BTreeMap<String, usize>, those: &BTreeMap<String, usize>) -> Vec<String> {
    let more = these.iter().filter(|(line, count)| those.get(*line).unwrap_or(&0) < count);
    more.map(|(line, _)| line.clone()).collect()
}

fn different_fields(these: &str, those: &str) -> Result<Vec<String>> {
    let mut different = vec![];
    for (offset, length, name) in FIELDS {
        let field = |params: &str| params.get(2 * offset..2 * (offset + length)).map(str::to_owned);
        let (this, that) = (field(these).context("a short page")?, field(those).context("a short page")?);
        if this != that && !FIELDS_THAT_DIFFER.iter().any(|(known, _)| *known == name) {
            different.push(format!("{name}: {this}, not {that}"));
        }
    }
    Ok(different)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_compared_by_its_text_and_its_count() {
        let [one, two] = ["[    0.1] a\n", "[    0.2] a\n[    0.3] a\n"].map(messages);
        assert_eq!(not_in(&two, &one), ["a"]);
        assert!(not_in(&one, &two).is_empty());
    }

    #[test]
    fn the_kernels_own_ranges_and_splits_of_ram_are_left_out() {
        let whole = ranges("00001000-0009ffff : System RAM\n").expect("ranges");
        let split =
            "00001000-00001fff : System RAM\n  00001000-00001fff : Kernel code\n00002000-0009ffff : System RAM\n";
        assert_eq!(ranges(split).expect("ranges"), whole);
    }
}
