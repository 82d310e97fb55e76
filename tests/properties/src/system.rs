//! The property of what /proc, /sys and the kernel's configuration say.

use crate::core_file;
use crate::memory::table;
use crate::tree::{Tree, files};
use skexec::arch::{Architecture, Backup, Platform};
use skexec::machine::{CrashFacts, Enforcement, Machine, enforcement};
use skexec::memory::{MemoryType, PAGE, PhysAddr, PhysRange, ranges_of};

/// The files that are read. A kept input names them by their number: new ones go to the end.
pub(crate) const PATHS: [&str; 64] = [
    "/proc/iomem",
    "/proc/meminfo",
    "/proc/cmdline",
    "/proc/cpuinfo",
    "/proc/crypto",
    "/proc/keys",
    "/proc/kallsyms",
    "/proc/kcore",
    "/proc/self/status",
    "/proc/self/uid_map",
    "/proc/self/mounts",
    "/proc/self/mountinfo",
    "/proc/self/loginuid",
    "/proc/1/comm",
    "/proc/2/comm",
    "/proc/xen/capabilities",
    "/proc/sys/kernel/osrelease",
    "/proc/sys/kernel/bootloader_type",
    "/proc/sys/kernel/kexec_load_disabled",
    "/proc/sys/kernel/kexec_load_limit_reboot",
    "/proc/sys/kernel/kexec_load_limit_panic",
    "/proc/sys/kernel/loadpin/enforce",
    "/proc/sys/kernel/random/boot_id",
    "/boot/config-6.12.0-test",
    "/lib/modules/6.12.0-test/config",
    "/sys/kernel/kexec_loaded",
    "/sys/kernel/kexec_crash_loaded",
    "/sys/kernel/kexec_crash_size",
    "/sys/kernel/kexec/crash_cma_ranges",
    "/sys/kernel/kexec/crash_elfcorehdr_size",
    "/sys/kernel/vmcoreinfo",
    "/sys/kernel/security/lsm",
    "/sys/kernel/security/lockdown",
    "/sys/kernel/security/ima/policy",
    "/sys/kernel/security/ima/ascii_runtime_measurements",
    "/sys/kernel/boot_params/data",
    "/sys/kernel/boot_params/setup_data/0/type",
    "/sys/kernel/boot_params/setup_data/0/data",
    "/sys/devices/system/cpu/cpu0/crash_notes",
    "/sys/devices/system/cpu/cpu0/crash_notes_size",
    "/sys/devices/system/cpu/cpu1/crash_notes",
    "/sys/devices/system/cpu/cpu1/crash_notes_size",
    "/sys/firmware/memmap/0/start",
    "/sys/firmware/memmap/0/end",
    "/sys/firmware/memmap/0/type",
    "/sys/firmware/memmap/1/start",
    "/sys/firmware/memmap/1/end",
    "/sys/firmware/memmap/1/type",
    "/sys/firmware/memmap/2/start",
    "/sys/firmware/memmap/2/end",
    "/sys/firmware/memmap/2/type",
    "/sys/firmware/efi/systab",
    "/sys/firmware/efi/fw_vendor",
    "/sys/firmware/efi/runtime",
    "/sys/firmware/efi/config_table",
    "/sys/firmware/efi/runtime-map/0/type",
    "/sys/firmware/efi/runtime-map/0/phys_addr",
    "/sys/firmware/efi/runtime-map/0/virt_addr",
    "/sys/firmware/efi/runtime-map/0/num_pages",
    "/sys/firmware/efi/runtime-map/0/attribute",
    "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
    "/sys/firmware/efi/efivars/SetupMode-8be4df61-93ca-11d2-aa0d-00e098032b8c",
    "/sys/firmware/efi/efivars/MokSBStateRT-605dab50-e046-4300-abb6-3dd810dd8b23",
    "/proc/uptime",
];

/// What a machine says of itself is read the same way twice. Limits and the flag are as plain text has them; usable memory is RAM, in
/// whole pages; half of it can be loaded at most; a kernel with CONFIG_KEXEC_SIG_FORCE or in lockdown enforces signatures; and the headers of
/// a dump hold just the memory that is to be dumped.
pub fn system(input: &[u8]) {
    let files = files(input, &PATHS);
    let tree = Tree::of(&files);
    let (machine, platform) = (Machine::read(tree.root()), Platform::read(tree.root()));
    assert_eq!(format!("{machine:?}"), format!("{:?}", Machine::read(tree.root())));
    assert_eq!(format!("{platform:?}"), format!("{:?}", Platform::read(tree.root())));
    let text = |path: &str| {
        let content = files.iter().rev().find(|(found, _)| *found == path)?.1;
        Some(String::from_utf8_lossy(content).trim_end().to_owned())
    };
    kexec(&machine, &text);
    memory(&machine);
    enforced(&machine);
    if let Some(efi) = &platform.handover.efi {
        assert!(!efi.map.is_empty() && efi.systab.get() != 0 && &efi.signature == b"EL64");
    }
    if let Ok(facts) = CrashFacts::read(tree.root(), &machine.release) {
        dump(&facts, &machine);
    }
}

fn kexec(machine: &Machine, text: &dyn Fn(&str) -> Option<String>) {
    let number = |path: &str| text(path).and_then(|text| text.strip_prefix('+').unwrap_or(&text).parse::<i64>().ok());
    // The kernel has no negative zero.
    let wanted = |path: &str| {
        number(path)
            .filter(|_| !text(path).is_some_and(|text| text.starts_with('-')))
            .and_then(|number| u32::try_from(number).ok())
    };
    for (panic, path) in [(false, "reboot"), (true, "panic")] {
        let path = format!("/proc/sys/kernel/kexec_load_limit_{path}");
        let limit = machine.kexec.limit(panic);
        assert_eq!(limit.and_then(|limit| limit.remaining()), wanted(&path), "{:?}", text(&path));
        assert_eq!(machine.kexec.limit_is_used_up(panic), wanted(&path) == Some(0));
        assert_eq!(limit.is_some_and(|limit| limit.remaining().is_none()), text(&path).as_deref() == Some("-1"));
    }
    let flag = |path| text(path).filter(|text| ["0", "1"].contains(&&**text)).map(|text| text == "1");
    assert_eq!(machine.kexec.disabled, flag("/proc/sys/kernel/kexec_load_disabled"));
    assert_eq!(machine.kexec.loaded, flag("/sys/kernel/kexec_loaded"));
    assert_eq!(machine.kexec.crash_loaded, flag("/sys/kernel/kexec_crash_loaded"));
}

fn memory(machine: &Machine) {
    let memory = &machine.memory;
    if let (Some(total), Some(limit)) = (memory.total, memory.kexec_limit()) {
        assert!(limit <= total / 2 && limit.is_multiple_of(PAGE) && total / 2 - limit < PAGE);
    }
    assert!(memory.available.is_none_or(|available| memory.to_be_had().is_some_and(|had| had >= available)));
    let Ok(map) = &memory.map else { return };
    table(&map.entries);
    let ram = ranges_of(&map.entries, MemoryType::Ram);
    for range in map.usable.iter() {
        assert!(ram.contains(range) && range.start() >= PhysAddr::new(1 << 20));
        assert!([range.start(), range.end()].iter().all(|end| end.get().is_multiple_of(PAGE)), "{map:?}");
    }
    for reserved in &map.reserved {
        assert!(map.dumped.intersection(&[*reserved].into_iter().collect()).is_empty(), "{map:?}");
        assert!(map.usable.intersection(&[*reserved].into_iter().collect()).is_empty(), "{map:?}");
    }
}

fn enforced(machine: &Machine) {
    let found = enforcement(machine);
    if machine.config.has("KEXEC_SIG_FORCE") == Some(true) {
        assert_eq!(found, Enforcement::Forced);
    }
    assert!(found.may_enforce() || !machine.lockdown.restricts());
}

/// With low memory copied away or not.
fn dump(facts: &CrashFacts, machine: &Machine) {
    let Ok(map) = &machine.memory.map else { return };
    let range = |start: u64, end: u64| PhysRange::new(PhysAddr::new(start), PhysAddr::new(end)).unwrap();
    let backup = Backup { from: range(0x1000, 0xa_0000), to: range(1 << 40, (1 << 40) + 0x9_f000) };
    for backup in [None, Some(backup)] {
        let header = Platform::core_header(facts, &map.dumped, backup);
        core_file::agrees(&header, facts, &map.dumped, backup);
    }
}
