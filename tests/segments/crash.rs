//! Crash kernels: what is loaded into the reservation, and what the crash kernel and the purgatory are told.

use crate::machine::{DIRECT, IOMEM, SEGMENTS, address, call, lab, number, reserve, word};
use crate::params::Told;
use crate::support::{Call, Lab};
use goblin::elf::Elf;
use serde_json::Value;

/// Where the reservation of the test machine begins and ends.
const RESERVED: (u64, u64) = (0x1000_0000, 0x1400_0000);

/// A machine with two processors and 64 MiB for a crash kernel.
fn crashing() -> Lab {
    let lab = lab();
    reserve(&lab);
    lab
}

/// A segment as it was passed to the call: address, bytes of memory, content.
type Sent = (u64, u64, Vec<u8>);

fn load(lab: &Lab, options: &str) -> (Value, Vec<Sent>) {
    let run = lab.run(format!("{SEGMENTS} --panic --json {options}").trim_end());
    assert_eq!(run.exit, 0, "{options}: {run:?}");
    let plan = run.json()["plan"].clone();
    let (_, segments) = call(lab);
    lab.kernel.calls.borrow_mut().clear();
    (plan, segments)
}

fn sent<'a>(plan: &Value, segments: &'a [Sent], name: &str) -> &'a Sent {
    segments.iter().find(|(at, _, _)| *at == address(plan, name)).unwrap()
}

/// The memory map in boot_params: start, length, type.
fn e820(boot_params: &[u8]) -> Vec<(u64, u64, u64)> {
    let entry = |index: usize| {
        let at = 0x2d0 + 20 * index;
        (number(boot_params, at), number(boot_params, at + 8), word(boot_params, at + 16))
    };
    (0..boot_params[0x1e8].into()).map(entry).collect()
}

#[test]
fn all_of_it_lies_in_the_reservation() {
    for layout in ["", "--layout elided", "--layout classic"] {
        let lab = crashing();
        let run = lab.run(format!("{SEGMENTS} --panic --json {layout}").trim_end());
        assert_eq!(run.exit, 0, "{run:?}");
        let calls = lab.kernel.calls.borrow();
        let [Call::Segments { entry, segments, flags: 1 }] = calls.as_slice() else { panic!("{calls:?}") };
        assert!((RESERVED.0..RESERVED.1).contains(entry));
        for (at, memory, _) in segments {
            assert!(*at >= RESERVED.0 && at + memory <= RESERVED.1, "{at:#x}");
        }
        let plan = &run.json()["plan"];
        assert_eq!(plan["memory_limit"], RESERVED.1 - RESERVED.0);
        assert_eq!(plan["layout"], if layout.ends_with("elided") { "elided" } else { "classic" });
    }
}

#[test]
fn the_headers_name_all_memory_but_the_reservation() {
    let (plan, segments) = load(&crashing(), "");
    let (at, _, header) = sent(&plan, &segments, "elfcorehdr");
    assert_eq!(at % 4096, 0);
    let elf = Elf::parse(header).unwrap();
    let parts: Vec<_> =
        elf.program_headers.iter().map(|part| (part.p_type, part.p_offset, part.p_vaddr, part.p_memsz)).collect();
    let backup = address(&plan, "backup");
    let wanted = [
        (4, 0x1fc5_1a00, 0, 376),
        (4, 0x1fd5_1a00, 0, 376),
        (4, 0x3e1_c000, 0, 0x1000),
        (1, 0x100_0000, 0xffff_ffff_8100_0000, 0x100_0000),
        (1, backup, DIRECT + 0x1000, 0x9_ec00),
        (1, 0x10_0000, DIRECT + 0x10_0000, RESERVED.0 - 0x10_0000),
        (1, RESERVED.1, DIRECT + RESERVED.1, 0x1ffe_0000 - RESERVED.1),
    ];
    assert_eq!(parts, wanted);
    let line = format!("elfcorehdr={:#x}K console=ttyS0", at >> 10);
    assert_eq!(plan["cmdline"], line);
    let (params_at, _, params) = sent(&plan, &segments, "boot_params");
    let cmdline = usize::try_from(word(params, 0x228) - params_at).unwrap();
    assert!(params[cmdline..].starts_with(format!("{line}\0").as_bytes()));
}

#[test]
fn the_crash_kernel_knows_of_its_own_memory_only() {
    let (plan, segments) = load(&crashing(), "");
    let (header, header_memory, _) = *sent(&plan, &segments, "elfcorehdr");
    let (backup, backup_memory, ref bytes) = *sent(&plan, &segments, "backup");
    assert_eq!((header + header_memory, backup + backup_memory, backup_memory), (backup, RESERVED.1, 0x9_f000));
    assert!(bytes.is_empty(), "nothing is copied before the crash");
    let map = e820(&sent(&plan, &segments, "boot_params").2);
    let wanted =
        [(0x1000, 0x9_ec00, 1), (0x9_fc00, 0x400, 2), (RESERVED.0, header - RESERVED.0, 1), (0x1ffe_0000, 0x2_0000, 2)];
    assert_eq!(map, wanted);
}

#[test]
fn the_purgatory_copies_low_memory_and_does_not_check_the_copy() {
    let (plan, segments) = load(&crashing(), "");
    let backup = address(&plan, "backup");
    let purgatory = &sent(&plan, &segments, "purgatory").2;
    let block = &purgatory[purgatory.len() - 1520..];
    assert_eq!([1464, 1472, 1480].map(|at| number(block, at)), [0x1000, backup, 0x9_f000]);
    let told = Told::of(purgatory);
    let checked: Vec<_> = told.regions.iter().map(|(at, _, _)| *at).collect();
    for name in ["kernel", "initrd", "boot_params", "elfcorehdr"] {
        assert!(checked.contains(&address(&plan, name)), "{name}");
    }
    assert!(!checked.contains(&backup));
}

#[test]
fn headers_that_the_kernel_rewrites_have_room_and_are_not_checked() {
    let lab = crashing();
    lab.system("/sys/kernel/crash_elfcorehdr_size", "475136\n");
    let run = lab.run(&format!("{SEGMENTS} --panic --json"));
    let plan = &run.json()["plan"];
    let calls = lab.kernel.calls.borrow();
    let [Call::Segments { segments, flags: 9, .. }] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!(sent(plan, segments, "elfcorehdr").1, 475_136);
    let told = Told::of(&sent(plan, segments, "purgatory").2);
    let checked: Vec<_> = told.regions.iter().map(|(at, _, _)| *at).collect();
    assert!(!checked.contains(&address(plan, "elfcorehdr")) && checked.contains(&address(plan, "boot_params")));
}

#[test]
fn of_two_reservations_the_upper_one_is_taken_and_both_are_its_memory() {
    let lab = crashing();
    let iomem = IOMEM.replace("10000000-13ffffff", "08000000-0bffffff");
    let iomem = format!("{iomem}100000000-13fffffff : System RAM\n  120000000-12fffffff : Crash kernel\n");
    lab.system("/proc/iomem", &iomem);
    for (name, text) in [("start", "0x100000000"), ("end", "0x13fffffff"), ("type", "System RAM")] {
        lab.system(&format!("/sys/firmware/memmap/4/{name}"), &format!("{text}\n"));
    }
    let (plan, segments) = load(&lab, "");
    assert!(segments.iter().all(|(at, memory, _)| *at >= 0x1_2000_0000 && at + memory <= 0x1_3000_0000));
    let map = e820(&sent(&plan, &segments, "boot_params").2);
    assert!(map.contains(&(0x800_0000, 0x400_0000, 1)), "{map:x?}");
    let elf = Elf::parse(&sent(&plan, &segments, "elfcorehdr").2).unwrap();
    let ram: Vec<_> = elf.program_headers.iter().skip(4).map(|part| (part.p_paddr, part.p_memsz)).collect();
    let high = [(0x1_0000_0000, 0x2000_0000), (0x1_3000_0000, 0x1000_0000)];
    assert!(
        high.iter().all(|part| ram.contains(part)) && ram.contains(&(0xc00_0000, 0x1ffe_0000 - 0xc00_0000)),
        "{ram:x?}"
    );
}

#[test]
fn nothing_hides_where_the_headers_are() {
    let lab = crashing();
    let (plan, _) = load(&lab, "--append --");
    let cmdline = plan["cmdline"].as_str().unwrap();
    assert!(cmdline.starts_with("elfcorehdr=0x") && cmdline.ends_with("K console=ttyS0 --"), "{cmdline}");
    for line in [SEGMENTS, "load {}/vmlinuz --no-initrd --no-cmdline --keys {}/root.pem"] {
        let run = lab.run(&format!("{line} --panic --append elfcorehdr=0x1000K"));
        assert!(run.exit == 4 && run.err.contains("elfcorehdr=0x1000K (elfcorehdr-given)"), "{run:?}");
        assert!(lab.kernel.calls.borrow().is_empty());
        assert_eq!(lab.run(&format!("{line} --dry-run --append elfcorehdr=0x1000K")).exit, 0, "of another kernel");
    }
}

/// The machine's memory map, with these ranges besides.
fn with_memory(lab: &Lab, iomem: &str, ranges: &[(u64, u64, &str)]) {
    lab.system("/proc/iomem", iomem);
    for (number, (start, end, kind)) in (4..).zip(ranges) {
        for (name, text) in [("start", format!("{start:#x}")), ("end", format!("{end:#x}")), ("type", (*kind).into())] {
            lab.system(&format!("/sys/firmware/memmap/{number}/{name}"), &format!("{text}\n"));
        }
    }
}

#[test]
fn memory_of_a_special_purpose_is_reserved() {
    let lab = crashing();
    let iomem = format!("{IOMEM}100000000-13fffffff : Soft Reserved\n  100000000-13fffffff : System RAM (kmem)\n");
    with_memory(&lab, &iomem, &[(0x1_0000_0000, 0x1_3fff_ffff, "Soft Reserved")]);
    let (plan, segments) = load(&lab, "");
    let map = e820(&sent(&plan, &segments, "boot_params").2);
    assert!(map.contains(&(0x1_0000_0000, 0x4000_0000, 2)), "{map:x?}");
    let elf = Elf::parse(&sent(&plan, &segments, "elfcorehdr").2).unwrap();
    assert!(elf.program_headers.iter().any(|part| (part.p_paddr, part.p_memsz) == (0x1_0000_0000, 0x4000_0000)));
}

#[test]
fn what_leaves_too_little_is_named() {
    let rows = [
        (
            "--mem-max 0x1003ffff",
            "636 KiB for the copy of low memory; the largest stretch is 256 KiB; of 64 MiB, 0 MiB are left by --mem-max; ",
        ),
        ("--mem-min 0x13ff0000", "; of 64 MiB, 0 MiB are left by --mem-min; "),
        (
            "--mem-min 0x10000000 --mem-max 0x1009efff",
            "1 KiB for the headers of the dump; the largest stretch is 0 KiB; of 64 MiB, 0 MiB are left by --mem-max; ",
        ),
        (
            "--mem-min 0x12000000 --append mem=289M",
            "; of 64 MiB, 1 MiB are left by --mem-min and mem= of the new command line; ",
        ),
        ("--append memmap=64M$256M", "; of 64 MiB, 0 MiB are left by memmap= of the new command line; "),
    ];
    for (options, wanted) in rows {
        let lab = crashing();
        let run = lab.run(&format!("{SEGMENTS} --panic --json {options}"));
        let message = run.json()["message"].to_string();
        assert_eq!((run.exit, run.json()["reason"].as_str()), (4, Some("crash-too-small")), "{options}: {run:?}");
        assert!(message.contains(wanted) && message.contains("crashkernel= reserved 64 MiB"), "{options}: {message}");
        assert!(lab.kernel.calls.borrow().is_empty(), "{options}");
    }
}

#[test]
fn headers_lie_in_a_lower_stretch_where_the_highest_is_too_short() {
    let lab = crashing();
    // It leaves 64 KiB at the end.
    let (plan, segments) = load(&lab, "--append memmap=64K$0x13fe0000");
    for name in ["elfcorehdr", "backup"] {
        let (at, memory, _) = sent(&plan, &segments, name);
        assert!(*at >= RESERVED.0 && at + memory <= 0x13ff_0000 + 0x1_0000, "{name}");
    }
    assert!(address(&plan, "backup") + 0x9_f000 <= 0x13fe_0000);
}

fn archive(bytes: usize) -> Vec<u8> {
    skexec::image::cpio::archive(&[skexec::image::cpio::Entry::file("big", 0o644, &vec![0; bytes])]).unwrap()
}

#[test]
fn memory_that_may_be_plugged_in_is_warned_of() {
    let lab = crashing();
    let warns = |lab: &Lab, more: &str| {
        let run = lab.run(&format!("{SEGMENTS} --panic{more}"));
        assert_eq!(run.exit, 0, "{run:?}");
        run.err.contains("(crash-takes-memory)")
    };
    assert!(!warns(&lab, ""));
    lab.system("/sys/bus/acpi/devices/PNP0C80:00/hid", "PNP0C80\n");
    assert!(warns(&lab, ""));
    assert!(!warns(&lab, " --append acpi_no_memhotplug"));
}

#[test]
fn what_does_not_fit_is_refused_before_the_call() {
    let small = IOMEM.replace("10000000-13ffffff", "10000000-1007ffff");
    let none = IOMEM.replace("  10000000-13ffffff : Crash kernel\n", "");
    let rows: &[(&str, &str, &str, u8)] = &[
        ("/sys/kernel/kexec_crash_size", "0\n", "no-crashkernel", 5),
        ("/proc/iomem", &none, "no-crashkernel", 5),
        ("/proc/iomem", &small, "crash-too-small", 4),
        ("/sys/kernel/vmcoreinfo", "", "crash-facts", 5),
        ("/proc/kcore", "", "crash-facts", 5),
        ("/sys/devices/system/cpu/cpu1/crash_notes", "0\n", "crash-facts", 5),
        ("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n", "segments-forbidden", 5),
    ];
    for (path, text, slug, exit) in rows {
        let lab = crashing();
        lab.system(path, text);
        let run = lab.run(&format!("{SEGMENTS} --panic --json"));
        assert_eq!((run.exit, run.json()["reason"].as_str()), (*exit, Some(*slug)), "{path}: {run:?}");
        assert!(lab.kernel.calls.borrow().is_empty(), "{path}");
    }
    let lab = crashing();
    // A sparse archive of one file.
    std::fs::write(lab.path("initrd"), archive(30 << 20)).unwrap();
    let run = lab.run(&format!("{SEGMENTS} --panic --json"));
    assert_eq!((run.exit, run.json()["reason"].as_str()), (4, Some("crash-unpack")), "{run:?}");
    assert!(run.json()["message"].to_string().contains("crashkernel=112M"), "{run:?}");
    assert!(lab.kernel.calls.borrow().is_empty());
    let by_file = lab.run("load {}/vmlinuz --panic --initrd {}/initrd --no-cmdline --keys {}/root.pem --json");
    assert_eq!((by_file.exit, by_file.json()["reason"].as_str()), (4, Some("crash-unpack")), "{by_file:?}");
    // With a root, its files may fill more than half of the memory: that may be enough.
    let root = lab.run(&format!("{SEGMENTS} --panic --append root=/dev/vda1"));
    assert!(root.exit == 0 && root.err.contains("crashkernel=80M (crash-tight)"), "{root:?}");
    // What is reserved in CMA is its memory, too, by the file method.
    lab.system("/sys/kernel/kexec/crash_cma_ranges", "18000000-1bffffff\n");
    lab.kernel.calls.borrow_mut().clear();
    let segments = lab.run(&format!("{SEGMENTS} --panic --json")).json();
    let by_file = lab.run("load {}/vmlinuz --panic --initrd {}/initrd --no-cmdline --keys {}/root.pem --json").json();
    assert_eq!((segments["reason"].as_str(), by_file["loaded"].as_bool()), (Some("crash-unpack"), Some(true)));
    let lab = crashing();
    let long = "x".repeat(2047 - "console=ttyS0 ".len());
    let run = lab.run(&format!("{SEGMENTS} --panic --append {long}"));
    assert!(run.exit == 4 && run.err.contains("(cmdline-too-long)"), "{run:?}");
    assert_eq!(lab.run(&format!("{SEGMENTS} --append {long}")).exit, 0, "there is room without elfcorehdr=");
}

#[test]
fn a_failed_call_names_its_flags() {
    let lab = crashing();
    *lab.kernel.answer.borrow_mut() = nix::libc::EADDRNOTAVAIL;
    let run = lab.run(&format!("{SEGMENTS} --panic --json"));
    let message = run.json()["message"].to_string();
    assert!(message.contains("KEXEC_ARCH_X86_64 | KEXEC_ON_CRASH, 6 segments"), "{message}");
    assert_eq!(run.json()["reason"], "crash-too-small");
}

#[test]
fn kexec_c_p_loads_it_too() {
    let lab = crashing();
    lab.file("initrd", b"070701 an initrd");
    std::fs::create_dir_all(lab.root().path("/etc/skexec/trust.d")).unwrap();
    std::fs::copy(lab.path("root.pem"), lab.root().path("/etc/skexec/trust.d/root.pem")).unwrap();
    let run = lab.run("kexec -c -p {}/vmlinuz --initrd={}/initrd --append=ro");
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(matches!(lab.kernel.calls.borrow().as_slice(), [Call::Segments { flags: 1, .. }]));
}

#[test]
fn a_failed_call_can_cost_the_crash_kernel_that_was_loaded() {
    for (line, frees) in
        [(SEGMENTS, true), (SEGMENTS, false), ("load {}/vmlinuz --no-initrd --no-cmdline --keys {}/root.pem", true)]
    {
        let lab = crashing();
        assert_eq!(lab.run(&format!("{SEGMENTS} --panic")).exit, 0);
        lab.system("/sys/kernel/kexec_crash_loaded", "1\n");
        *lab.kernel.answer.borrow_mut() = nix::libc::ENOMEM;
        *lab.kernel.crash_loaded.borrow_mut() = frees.then(|| lab.root().path("/sys/kernel/kexec_crash_loaded"));
        let run = lab.run(&format!("{line} --panic"));
        let told = run.err.contains("gave up the crash kernel that was loaded before: none is loaded now");
        let record = skexec::record::read(lab.root(), skexec::system::Slot::Panic).unwrap();
        assert!(run.exit != 0 && told == frees && record.is_none() == frees, "{line}: {run:?}");
    }
}
