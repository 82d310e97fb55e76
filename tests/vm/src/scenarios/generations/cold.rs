//! What a boot by the firmware shows, and a boot by kexec must show as well.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, ensure};

use crate::checks::Checks;
use crate::guest::Guest;
use crate::scenarios::messages::without_numbers;
use crate::scenarios::segments::words;

/// Warnings that only a boot by kexec shows: a part of the text, and the reason.
const EXPECTED: [(&str, &str); 5] = [
    (
        "efi: memattr: Unexpected EFI Memory Attributes table version",
        "no memory map reserves the table (SECURITY.md); it is ignored",
    ),
    (
        "Spurious LAPIC timer interrupt on cpu",
        "the last kernel's timer was still to fire; it is ignored, once for each boot",
    ),
    (
        "APIC calibration not consistent with PM-Timer",
        "an emulated machine on a busy host measures its clocks against each other",
    ),
    ("tsc: Unable to calibrate against PIT", "the same; the kernel takes another clock then"),
    ("hpet: Lost # RTC interrupts", "an emulated machine on a busy host answers late"),
];
/// Variables that the firmware itself changes, by the beginnings of their names.
const CHANGING: [&str; 1] = ["MTC-"];
/// UEFI's tables, and what the first kernel reserved.
const MOST_KEPT: u64 = 16 << 20;
/// The initrds differ a little, and KASLR moves what depends on an address.
const MOST_KIB_KEPT: u64 = 24 << 10;
/// A clock is read to the second, and its answer takes a while.
const SECONDS: u64 = 3;

/// Names, and what stands for their content.
type Sums = BTreeMap<String, String>;

#[derive(Debug)]
pub(super) struct Cold {
    /// Of ACPI's tables.
    acpi: Sums,
    /// Of the firmware's variables.
    variables: Sums,
    /// Messages of the level of a warning or above, without times and numbers.
    warnings: BTreeSet<String>,
    /// MemTotal.
    kib: u64,
    /// The bytes of RAM in /proc/iomem.
    ram: u64,
    /// Seconds by which the machine's clock, and the kernel's, differ from the host's.
    clocks: [u64; 2],
}

impl Cold {
    pub(super) fn of(guest: &mut Guest) -> Result<Self> {
        let mut text = |command: &str| -> Result<String> {
            let done = guest.run(command)?;
            ensure!(done.exit == Some(0) && !done.stdout.contains("[cut by the agent]"), "{command}: {done:?}");
            Ok(done.stdout)
        };
        let iomem = text("cat /proc/iomem")?;
        let ram = iomem.lines().filter_map(words::resource).filter(|(.., name)| name == "System RAM");
        Ok(Self {
            acpi: sums(&text("cd /sys/firmware/acpi/tables && sha256sum [A-Z]*")?),
            variables: sums(&text("cd /sys/firmware/efi/efivars 2>/dev/null || exit 0; sha256sum *")?),
            warnings: text("dmesg -r | grep '^<[0-4]>' || true")?.lines().map(words_of).collect(),
            kib: text("sed -n 's/^MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo")?.trim().parse()?,
            ram: ram.map(|(start, end, _)| end - start).sum(),
            clocks: clocks(&mut text)?,
        })
    }

    /// Compares it with the boot that began the line, and with the same kernel's boot by the firmware.
    pub(super) fn is_like(&self, first: &Self, own: &Self, checks: &mut Checks) {
        checks.equal("ACPI's tables have the content of a cold boot", &self.acpi, &first.acpi);
        let names = |sums: &Sums| sums.keys().cloned().collect::<Vec<_>>();
        checks.equal(
            "the firmware's variables are those of a cold boot",
            &names(&self.variables),
            &names(&first.variables),
        );
        let same = |(name, sum): &(&String, &String)| {
            first.variables.get(*name) == Some(*sum) || CHANGING.iter().any(|known| name.starts_with(known))
        };
        let changed: Vec<_> = self.variables.iter().filter(|pair| !same(pair)).map(|(name, _)| name).collect();
        checks.holds("and so is their content", changed.is_empty(), &changed);
        let lost = own.ram.abs_diff(self.ram);
        checks.holds("the kernel has the RAM of a cold boot", lost <= MOST_KEPT, &(self.ram, own.ram));
        let kib = self.kib.abs_diff(own.kib);
        checks.holds("and as much of it free for use", kib <= MOST_KIB_KEPT, &(self.kib, own.kib));
        let right = self.clocks.iter().all(|difference| *difference <= SECONDS);
        checks.holds("the machine's clock and the kernel's are right", right, &self.clocks);
        let new: Vec<_> = self.warnings.difference(&own.warnings).filter(|text| !is_expected(text)).collect();
        checks.holds("it warns of nothing that a cold boot does not warn of", new.is_empty(), &new);
    }
}

fn is_expected(text: &str) -> bool {
    EXPECTED.iter().any(|(part, _)| text.contains(part))
}

/// The lines of sha256sum.
fn sums(text: &str) -> Sums {
    let pair = |line: &str| line.split_once("  ").map(|(sum, name)| (name.to_owned(), sum.to_owned()));
    text.lines().filter_map(pair).collect()
}

/// A raw line of dmesg, `<4>[    0.1] text`, without level, time and numbers.
fn words_of(line: &str) -> String {
    without_numbers(line.split_once("] ").map_or(line, |(_, text)| text))
}

/// How far the machine's clock and the kernel's are from the host's.
fn clocks(text: &mut dyn FnMut(&str) -> Result<String>) -> Result<[u64; 2]> {
    let now = || -> Result<u64> { Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs()) };
    let before = now()?;
    let shown = text("cat /sys/class/rtc/rtc0/since_epoch; date +%s")?;
    let after = now()?;
    let seconds: Vec<u64> = shown.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let [machine, kernel] = seconds[..] else { anyhow::bail!("not two clocks: {shown}") };
    Ok([machine, kernel].map(|clock| before.saturating_sub(clock).max(clock.saturating_sub(after))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_compared_by_their_words() {
        assert_eq!(words_of("<4>[    0.123456] a warning at 0x12"), "a warning at #");
    }

    #[test]
    fn a_sum_belongs_to_a_name() {
        assert_eq!(sums("abc  DSDT\n"), Sums::from([("DSDT".to_owned(), "abc".to_owned())]));
    }
}
