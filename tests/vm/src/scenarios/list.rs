//! The list of scenarios, the kernels with which each runs, and the selection that runs without `--all`.

use super::segments::ROWS;
use super::{Play, Scenario, Story};
use super::{
    causes, coverage, crash, damage, dirty, distribution, dump, factory, firmware, first_stage, generations, guard,
    injection, kaslr, kexec_callers, kexec_tools, layout_falls_back, layouts, lockdown, luks, next_boot, odd, oracle,
    owner, package, page_tables, payload, permissions, reboot, rollback, round_trip, rpm, secure_boot, siege, swap,
    tpm, uki, watchdog,
};
use crate::fetch::Series::{self, V6_1, V6_1Amd64, V6_12};

/// The running kernel, and the one that it boots.
type Pair = (Series, Series);

const OLD: Pair = (V6_1, V6_1);
const NEW: Pair = (V6_12, V6_12);
const UP: Pair = (V6_1, V6_12);
const DOWN: Pair = (V6_12, V6_1);
const XZ: Pair = (V6_1Amd64, V6_1Amd64);

struct Kind {
    name: &'static str,
    about: &'static str,
    pairs: &'static [Pair],
    /// Those that run without `--all`.
    ci: &'static [Pair],
    play: Story,
}

#[rustfmt::skip]
const KINDS: &[Kind] = &[
    Kind { name: "secure-boot", about: "what skexec refuses, the enforcing kernel refuses too",
           pairs: &[OLD, UP, NEW, DOWN], ci: &[NEW], play: secure_boot::play },
    Kind { name: "round-trip", about: "load, status, unload, exec, joined initrds, the record",
           pairs: &[OLD, NEW], ci: &[OLD], play: round_trip::play },
    // Linux 6.3 and later have the load limit.
    Kind { name: "permissions", about: "what the system does not permit is said, not tried",
           pairs: &[OLD, NEW], ci: &[NEW], play: permissions::play },
    Kind { name: "lockdown", about: "a locked-down kernel that does not know the signer",
           pairs: &[OLD, NEW], ci: &[OLD], play: lockdown::play },
    Kind { name: "swap", about: "the file is replaced between verification and load",
           pairs: &[OLD, UP, NEW, DOWN], ci: &[OLD], play: swap::by_default },
    Kind { name: "swap-layouts", about: "the same, with each layout of the segments method",
           pairs: &[OLD, UP], ci: &[], play: swap::by_segments },
    Kind { name: "oracle", about: "forged files: the kernel's record is true, skexec's verdict and prediction right",
           pairs: &[OLD, NEW], ci: &[NEW], play: oracle::play },
    // 6.1 is compressed by lz4, 6.12 by zstd.
    Kind { name: "payload", about: "the ELF kernel within a bzImage, unpacked and signed",
           pairs: &[OLD, NEW], ci: &[], play: payload::play },
    Kind { name: "generations", about: "five kernels boot each other, by both methods and each layout in turn",
           pairs: &[DOWN, OLD, NEW], ci: &[], play: generations::play },
    Kind { name: "generations-twenty-512-bios", about: "twenty generations: nothing is lost, and the messages are those of a cold boot",
           pairs: &[DOWN], ci: &[], play: generations::twenty_small_bios },
    Kind { name: "generations-twenty-512-uefi", about: "the same under UEFI",
           pairs: &[DOWN], ci: &[], play: generations::twenty_small_uefi },
    Kind { name: "generations-twenty-6144-bios", about: "the same with 6 GiB",
           pairs: &[DOWN], ci: &[], play: generations::twenty_large_bios },
    Kind { name: "generations-twenty-6144-uefi", about: "the same with 6 GiB under UEFI",
           pairs: &[DOWN], ci: &[], play: generations::twenty_large_uefi },
    Kind { name: "layouts", about: "after a boot by each layout, the same kernel says the same about itself",
           pairs: &[OLD, NEW, XZ], ci: &[], play: layouts::with_bios },
    Kind { name: "layouts-uefi", about: "the same under UEFI",
           pairs: &[OLD, NEW, XZ], ci: &[], play: layouts::with_uefi },
    // The first code of a kernel that is compressed by lz4 takes no payload that is shorter.
    Kind { name: "layout-falls-back", about: "which layout does not apply is said, with the reason, and the next one boots",
           pairs: &[NEW], ci: &[], play: layout_falls_back::play },
    Kind { name: "kaslr", about: "ten boots of an unpacked kernel have other addresses each, and nokaslr those of the link",
           pairs: &[OLD, NEW, XZ], ci: &[], play: kaslr::ten },
    Kind { name: "kaslr-short", about: "the same with three boots",
           pairs: &[NEW], ci: &[], play: kaslr::three },
    Kind { name: "page-tables", about: "the running kernel's page tables lie where the next kernel unpacks itself",
           pairs: &[OLD, NEW], ci: &[], play: page_tables::play },
    Kind { name: "damage", about: "a bit of the loaded image is changed: its segment is named, and nothing boots",
           pairs: &[OLD, NEW], ci: &[NEW], play: damage::play },
    Kind { name: "dirty", about: "exec --force while files are written: ext4, xfs, btrfs and LVM keep what was synced, and are clean",
           pairs: &[OLD, NEW], ci: &[], play: dirty::play },
    Kind { name: "crash", about: "a crash kernel by segments: what is refused leaves it loaded; a panic, and makedumpfile reads the dump",
           pairs: &[OLD, NEW], ci: &[NEW], play: crash::by_segments },
    Kind { name: "crash-file", about: "the same by the file method",
           pairs: &[OLD, NEW], ci: &[], play: crash::by_file },
    Kind { name: "crash-uefi", about: "the same by both methods under UEFI, with one processor",
           pairs: &[OLD, NEW], ci: &[], play: crash::with_uefi },
    Kind { name: "crash-layouts", about: "the same with the other layouts",
           pairs: &[OLD, NEW], ci: &[], play: crash::by_other_layouts },
    Kind { name: "crash-high", about: "the same with 6 GiB, 8 processors and a reservation above 4 GiB",
           pairs: &[NEW], ci: &[], play: crash::in_high_memory },
    Kind { name: "crash-plugged", about: "a processor and memory are plugged in after the load: the dump has them, by either method",
           pairs: &[OLD, NEW], ci: &[], play: crash::plugged },
    Kind { name: "factory", about: "shim, GRUB and Microsoft's keys: the firmware alone says whom to trust",
           pairs: &[OLD, NEW], ci: &[NEW], play: factory::play },
    Kind { name: "factory-dbx", about: "what dbx revokes, shim does not start",
           pairs: &[OLD], ci: &[], play: factory::not_started },
    Kind { name: "uki", about: "unified kernel images by ukify: profile, add-on, several initrds; by both methods",
           pairs: &[OLD, NEW], ci: &[NEW], play: uki::by_both_methods },
    Kind { name: "owner", about: "from new keys to a signed kexec: what docs/signing.md describes, under Secure Boot",
           pairs: &[OLD, NEW], ci: &[], play: owner::play },
    Kind { name: "uki-enforced", about: "unified kernel images under Secure Boot, with and without a signed kernel in them",
           pairs: &[OLD, NEW], ci: &[], play: uki::enforced::play },
    Kind { name: "coverage", about: "a policy that demands coverage: what is refused by which name, and a manifest",
           pairs: &[OLD, NEW], ci: &[], play: coverage::play },
    Kind { name: "uki-sign", about: "unified kernel images by skexec-sign: profile, add-on, several initrds; by both methods",
           pairs: &[UP, NEW], ci: &[], play: uki::by_skexec_sign },
    Kind { name: "injection", about: "files and credentials that are added to the initrd in memory, by both methods",
           pairs: &[OLD, NEW], ci: &[], play: injection::play },
    Kind { name: "tpm", about: "what is booted is measured: the log replays to what the second kernel reads from the TPM",
           pairs: &[UP, NEW], ci: &[UP], play: tpm::play },
    Kind { name: "rollback", about: "a manifest's version that has booted refuses lower ones",
           pairs: &[OLD, NEW], ci: &[], play: rollback::play },
    Kind { name: "next-boot", about: "the next kernel says who booted it; the firmware's, that the expected one never came up",
           pairs: &[UP, NEW], ci: &[], play: next_boot::play },
    // No kernel is booted.
    Kind { name: "firmware", about: "forged files: what the firmware does not load, skexec refuses",
           pairs: &[NEW], ci: &[], play: firmware::play },
    Kind { name: "kexec-tools", about: "the same inputs to kexec-tools: each difference has its reason",
           pairs: &[OLD, NEW], ci: &[NEW], play: kexec_tools::play },
    Kind { name: "kexec-words", about: "the command lines of programs that call kexec, with skexec under that name",
           pairs: &[OLD, NEW], ci: &[], play: kexec_callers::words::play },
    Kind { name: "kexec-callers", about: "Debian's init scripts and kdump-config call skexec as kexec",
           pairs: &[NEW], ci: &[], play: kexec_callers::scripts::play },
    // The kernel's source and its configuration are of this version.
    Kind { name: "kexec-selftests", about: "the kernel's own tests of kexec, with skexec and with kexec-tools",
           pairs: &[OLD], ci: &[], play: kexec_callers::selftests::play },
    Kind { name: "kexec-debian", about: "a whole Debian: skexec-kexec in place of kexec-tools, with kdump-tools and systemd",
           pairs: &[OLD, NEW], ci: &[], play: kexec_callers::debian::play },
    Kind { name: "kdump", about: "a whole Debian: kdump-tools takes a dump to the disk by skexec, unattended, and crash opens it",
           pairs: &[OLD, NEW], ci: &[], play: kexec_callers::kdump::play },
    // Only 6.3 and later count loads.
    Kind { name: "guard", about: "another program's load is noticed, and after load --lock refused",
           pairs: &[NEW], ci: &[NEW], play: guard::play },
    Kind { name: "siege", about: "kills at random moments, many loads at once, no room, no memory",
           pairs: &[OLD, NEW], ci: &[], play: siege::play },
    Kind { name: "siege-memory", about: "machines of 256, 384 and 512 MiB, and initrds that are nearly too large",
           pairs: &[OLD, NEW], ci: &[], play: siege::in_little_memory },
    Kind { name: "siege-eio", about: "a disk that cannot read the middle of the kernel's or the initrd's file",
           pairs: &[OLD, NEW], ci: &[], play: siege::on_a_faulty_disk },
    Kind { name: "distribution", about: "a whole Debian: from dpkg -i to the second kernel's login prompt",
           pairs: &[UP, NEW, OLD], ci: &[UP], play: distribution::play },
    // Debian's cloud kernel 6.1 has no driver for the emulated watchdog.
    Kind { name: "watchdog", about: "a whole Debian: a kernel that hangs is reset, and the next boot says so",
           pairs: &[NEW], ci: &[], play: watchdog::play },
    // The installation makes the newest kernel's initramfs.
    Kind { name: "luks", about: "a whole Debian: an encrypted root comes up with the passphrase that was added, and not without it",
           pairs: &[NEW], ci: &[], play: luks::play },
    // The newer kernel's package is made anew from what is installed.
    Kind { name: "reboot", about: "a whole Debian: a newer kernel by dpkg, its hooks, an inhibitor, and skexec reboot",
           pairs: &[UP], ci: &[], play: reboot::play },
    // The triggers of a package rebuild the newest kernel's initramfs.
    Kind { name: "package", about: "a whole Debian: the package comes, is replaced, and goes",
           pairs: &[NEW], ci: &[], play: package::play },
    Kind { name: "first-stage", about: "an initramfs of initramfs-tools verifies and boots the real system",
           pairs: &[DOWN, NEW], ci: &[], play: first_stage::initramfs_tools },
    Kind { name: "dracut", about: "an initramfs of dracut verifies and boots the real system",
           pairs: &[DOWN, NEW], ci: &[], play: first_stage::dracut },
    Kind { name: "rpm", about: "the packages for other distributions, installed by rpm, with dracut",
           pairs: &[NEW], ci: &[], play: rpm::play },
    // No kernel is booted; docs/causes.md has what is seen.
    Kind { name: "causes-plain", about: "causes of errnos on a machine that enforces nothing",
           pairs: &[OLD, NEW], ci: &[], play: causes::plain },
    Kind { name: "causes-lockdown", about: "causes of errnos in lockdown",
           pairs: &[OLD, NEW], ci: &[], play: causes::lockdown },
    Kind { name: "causes-secure-boot", about: "causes of errnos under Secure Boot",
           pairs: &[OLD, NEW], ci: &[], play: causes::secure_boot },
    Kind { name: "causes-ima", about: "causes of errnos under an IMA policy",
           pairs: &[OLD, NEW], ci: &[], play: causes::ima },
    Kind { name: "causes-crash", about: "causes of errnos of a crash kernel",
           pairs: &[OLD, NEW], ci: &[], play: causes::crash },
    Kind { name: "causes-forged", about: "causes of errnos of forged files",
           pairs: &[OLD, NEW], ci: &[], play: causes::forged },
];

/// Every scenario with every pair of its kernels, the boots by segments, the dumps, and the odd machines.
pub(crate) fn all() -> Vec<Scenario> {
    let stories = KINDS.iter().flat_map(|kind| kind.pairs.iter().map(|pair| kind.with(*pair)));
    let boots = ROWS.iter().map(|row| Scenario {
        name: row.name(),
        about: "a boot by segments, in the second kernel's own words",
        representative: row.representative,
        first: row.first,
        second: row.second,
        play: Play::Segments(row),
    });
    let dumps = dump::ROWS.iter().map(|row| Scenario {
        name: row.name(),
        about: "a crash kernel's dump, opened by makedumpfile and by crash",
        representative: false,
        first: row.kernel,
        second: row.kernel,
        play: Play::Dump(row),
    });
    let odd = odd::ROWS.iter().map(|row| Scenario {
        name: row.name(),
        about: "an odd machine, and a long command line",
        representative: false,
        first: row.first,
        second: row.second,
        play: Play::Odd(row),
    });
    stories.chain(boots).chain(dumps).chain(odd).collect()
}

impl Kind {
    fn with(&self, pair: Pair) -> Scenario {
        let Self { name, about, ci, play, .. } = self;
        let (first, second) = pair;
        let name = if first == second { format!("{name}-{first}") } else { format!("{name}-{first}-to-{second}") };
        Scenario { name, about, representative: ci.contains(&pair), first, second, play: Play::Story(*play) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_is_played_under_a_name_of_its_own() {
        let all = all();
        let names: BTreeSet<_> = all.iter().map(|scenario| scenario.name.as_str()).collect();
        assert_eq!(names.len(), all.len());
        assert!(KINDS.iter().all(|kind| kind.ci.iter().all(|pair| kind.pairs.contains(pair))));
    }
}
