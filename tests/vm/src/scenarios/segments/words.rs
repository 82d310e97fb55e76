//! Compares the second kernel's report with the first's.

use std::ops::Range;

use vm_protocol::facts::{E820, Facts, SETUP_EFI, SETUP_RNG_SEED};

use crate::checks::Checks;

/// RAM that the first kernel reserved for itself, such as UEFI's tables, may be missing in the second kernel's map.
const MOST_RAM_KEPT: u64 = 16 << 20;
const RAM: &str = "System RAM";

/// The second kernel knows everything about the machine that the first one knew. It need not have the bytes of RAM that the first one's
/// command line reserved.
pub(crate) fn same_machine(before: &Facts, after: &Facts, reserved: u64, checks: &mut Checks) {
    let both = (before, after);
    checks.equal("UEFI's runtime services are as they were", &after.efi, &before.efi);
    checks.equal("ACPI's tables are as they were", &after.acpi_tables, &before.acpi_tables);
    checks.holds("it was told where ACPI begins", after.rsdp != 0, &after.rsdp);
    // Under a BIOS the kernel finds the RSDP itself, so boot_params need not have it.
    let same = before.rsdp == 0 || before.rsdp == after.rsdp;
    checks.holds("that is where the first kernel found it", same, &format!("{:#x}, {:#x}", before.rsdp, after.rsdp));
    checks.equal("its word on Secure Boot is the firmware's", &after.secure_boot, &before.secure_boot);
    checks.holds("tables and reserved ranges are where they were", kept(both), &both);
    let lost = not_in(&ram(&before.e820), &ram(&after.e820));
    let won = not_in(&ram(&after.e820), &ram(&before.e820));
    checks.holds("no RAM came from nowhere", won == 0, &both);
    checks.holds("its RAM is the first kernel's", lost <= MOST_RAM_KEPT + reserved, &both);
    checks.equal("five-level paging is as it was", &after.la57, &before.la57);
}

/// Checks the data that skexec passes on besides the zero page.
pub(crate) fn setup_data(after: &Facts, checks: &mut Checks) {
    let has = |kind| after.setup_data.iter().filter(|entry| entry.kind == kind).count();
    checks.equal("UEFI's tables are handed over where there are any", &has(SETUP_EFI), &after.efi.iter().count());
    checks.equal("one seed of random numbers is handed over", &has(SETUP_RNG_SEED), &1);
}

/// Each range of the first map that is not RAM must be one of the second map's ranges, or within one.
fn kept((before, after): (&Facts, &Facts)) -> bool {
    before.e820.iter().filter(|range| range.kind != RAM).all(|range| {
        let within = |other: &&E820| other.start <= range.start && range.end <= other.end;
        after.e820.iter().filter(within).any(|other| other.kind == range.kind)
    })
}

fn ram(map: &[E820]) -> Vec<Range<u64>> {
    map.iter().filter(|range| range.kind == RAM).map(|range| range.start..range.end + 1).collect()
}

/// The number of bytes in the first ranges that are not in the second ones; each list is disjoint.
fn not_in(these: &[Range<u64>], those: &[Range<u64>]) -> u64 {
    let common = |a: &Range<u64>, b: &Range<u64>| a.end.min(b.end).saturating_sub(a.start.max(b.start));
    let left = |a: &Range<u64>| a.end - a.start - those.iter().map(|b| common(a, b)).sum::<u64>();
    these.iter().map(left).sum()
}

/// A line of /proc/iomem: the first address, the one after the last, and the name.
pub(crate) fn resource(line: &str) -> Option<(u64, u64, String)> {
    let (range, name) = line.trim_start().split_once(" : ")?;
    let (start, last) = range.split_once('-')?;
    let [start, last] = [start, last].map(|digits| u64::from_str_radix(digits, 16).ok());
    Some((start?, last?.checked_add(1)?, name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_read() {
        assert_eq!(resource("  00001000-0009fbff : System RAM"), Some((0x1000, 0x9fc00, RAM.to_owned())));
        assert_eq!(resource("no resource"), None);
    }

    fn range(start: u64, end: u64, kind: &str) -> E820 {
        E820 { start, end, kind: kind.into() }
    }

    #[test]
    fn ram_is_compared_by_its_bytes() {
        let whole = ram(&[range(0, 99, RAM), range(200, 299, RAM)]);
        let less = ram(&[range(0, 49, RAM), range(60, 99, RAM), range(100, 199, "Reserved"), range(200, 299, RAM)]);
        assert_eq!(not_in(&whole, &less), 10);
        assert_eq!(not_in(&less, &whole), 0);
    }

    #[test]
    fn a_table_that_became_ram_is_lost() {
        let facts = |e820| Facts { e820, ..Facts::default() };
        let before = facts(vec![range(0, 99, RAM), range(100, 199, "ACPI Tables")]);
        let grown = facts(vec![range(0, 89, RAM), range(90, 299, "ACPI Tables")]);
        let lost = facts(vec![range(0, 199, RAM)]);
        assert!(kept((&before, &grown)));
        assert!(!kept((&before, &lost)));
    }
}
