//! The layouts of a bzImage: what is loaded, what the purgatory does, and what the plan says.

use crate::machine::{SEGMENTS, address, call, lab, word};
use crate::params::Told;
use crate::support::{LOAD, Lab};
use forge::payload::{pack, signed};
use forge::vmlinux::{BASE, Vmlinux, WORD};
use serde_json::{Value, json};

/// A machine with a kernel that can be unpacked.
fn packed() -> Lab {
    let lab = lab();
    lab.file("vmlinuz", &signed(pack(&Vmlinux::default().build())));
    lab
}

/// One load: the plan, the segments, and what the purgatory is told.
fn load(lab: &Lab, options: &str) -> (Value, Vec<(u64, u64, Vec<u8>)>, Told) {
    let run = lab.run(format!("{SEGMENTS} --json {options}").trim_end());
    assert_eq!(run.exit, 0, "{options}: {run:?}");
    let plan = run.json()["plan"].clone();
    let (_, segments) = call(lab);
    lab.kernel.calls.borrow_mut().clear();
    let told = Told::of(bytes(&plan, &segments, "purgatory"));
    (plan, segments, told)
}

fn bytes<'a>(plan: &Value, segments: &'a [(u64, u64, Vec<u8>)], name: &str) -> &'a [u8] {
    &segments.iter().find(|(at, _, _)| *at == address(plan, name)).unwrap().2
}

#[test]
fn the_plan_names_the_layout_and_why() {
    let unpackable = lab();
    let rows = [
        (&packed(), "", "vmlinux", "the fastest to boot"),
        (&packed(), "--layout auto", "vmlinux", "the fastest to boot"),
        (&packed(), "--layout vmlinux", "vmlinux", "as asked for"),
        (&packed(), "--layout elided", "elided", "as asked for"),
        (&packed(), "--layout classic", "classic", "as asked for"),
        (&unpackable, "", "elided", "not vmlinux: the payload lies outside the kernel's protected-mode code"),
    ];
    for (lab, options, layout, why) in rows {
        let (plan, _, told) = load(lab, options);
        assert_eq!((&plan["layout"], &plan["layout_why"]), (&json!(layout), &json!(why)), "{options}");
        assert_eq!(told.cr3 == 0, layout == "classic", "{options}");
        let dry = lab.run(format!("{SEGMENTS} --dry-run {options}").trim_end());
        assert!(dry.out.contains(&format!("  layout   {layout}: {why}\n")), "{}", dry.out);
        let verbose = lab.run(format!("{SEGMENTS} -v {options}").trim_end());
        assert!(verbose.err.contains(&format!("chose the layout {layout}: {why}\n")), "{verbose:?}");
        lab.kernel.calls.borrow_mut().clear();
    }
}

#[test]
fn a_layout_that_does_not_apply_is_refused_where_it_is_asked_for() {
    let lab = lab();
    let run = lab.run(&format!("{SEGMENTS} --layout vmlinux"));
    let wanted = "the kernel cannot be loaded in this layout: vmlinux: the payload lies outside the kernel's protected-mode code";
    assert!(run.exit == 4 && run.err.contains(wanted) && run.err.contains("(layout)"), "{run:?}");
    assert!(lab.kernel.calls.borrow().is_empty());
    assert_eq!(lab.run(&format!("{SEGMENTS} --layout none")).exit, 2);
    let run = lab.run(&format!("{LOAD} --layout classic"));
    assert!(run.exit == 0 && run.err.contains("(no-effect)"), "{run:?}");
}

#[test]
fn a_vmlinux_is_loaded_relocated_and_its_bss_zeroed() {
    let lab = packed();
    let (plan, segments, told) = load(&lab, "");
    let kernel = address(&plan, "kernel");
    let loaded = bytes(&plan, &segments, "kernel");
    assert!(kernel.is_multiple_of(2 << 20) && kernel >= 16 << 20);
    assert_eq!((loaded.len(), told.entry), (0x5000, kernel + 0x40));
    assert_eq!(told.zero, [(kernel + 0x5000, 0x3000)]);
    assert_eq!(told.cr3, address(&plan, "page_tables"));
    // No other segment lies in the window.
    assert!(segments.iter().all(|(at, memory, _)| *at == kernel || at + memory <= kernel || *at >= kernel + 0x8000));
    assert!(told.regions.iter().any(|(at, _, _)| *at == told.cr3), "the page tables are checked");
    let delta = word(loaded, 0x100) - u64::from(WORD);
    assert!(delta.is_multiple_of(2 << 20) && BASE + 0x8000 + delta <= 1 << 30, "{delta:#x}");
    let boot_params = bytes(&plan, &segments, "boot_params");
    assert_eq!((boot_params[0x211], boot_params[0x210]), (3, 0xd0));
    // The setup_header is the file's.
    assert_eq!(word(boot_params, 0x260), 0x10_0000);
}

#[test]
fn no_two_loads_have_the_same_addresses() {
    let lab = packed();
    let mut addresses: Vec<_> = (0..10)
        .map(|_| {
            let (plan, segments, _) = load(&lab, "");
            (address(&plan, "kernel"), word(bytes(&plan, &segments, "kernel"), 0x100))
        })
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    assert!(addresses.len() >= 9, "{addresses:x?}");
}

#[test]
fn nokaslr_and_the_limits_of_memory_are_kept() {
    let lab = packed();
    for _ in 0..5 {
        let (plan, segments, _) = load(&lab, "--append nokaslr");
        assert_eq!(address(&plan, "kernel"), 0x1fe0_0000, "the highest place");
        assert_eq!(word(bytes(&plan, &segments, "kernel"), 0x100), u64::from(WORD));
        assert_eq!(bytes(&plan, &segments, "boot_params")[0x211], 1);
        let (plan, _, _) = load(&lab, "--append mem=24M");
        assert!((16 << 20..24 << 20).contains(&address(&plan, "kernel")), "{plan}");
        let (plan, _, _) = load(&lab, "--append memmap=490M$22M");
        assert!((16 << 20..22 << 20).contains(&address(&plan, "kernel")), "{plan}");
        let (plan, _, _) = load(&lab, "--mem-min 480M");
        assert!(address(&plan, "kernel") >= 480 << 20, "{plan}");
    }
}

#[test]
fn elided_loads_the_bytes_of_the_file_only() {
    let lab = packed();
    let of = |layout: &str| {
        let (plan, segments, told) = load(&lab, &format!("--layout {layout}"));
        let at = address(&plan, "kernel");
        let (_, memory, kernel) = segments.into_iter().find(|(own, _, _)| *own == at).unwrap();
        (at, memory, kernel, told, plan)
    };
    let (_, whole, code, told, _) = of("classic");
    assert_eq!((whole, told.cr3), (0x10_0000, 0));
    let (at, memory, kernel, told, plan) = of("elided");
    assert_eq!((memory, kernel), (u64::try_from(code.len()).unwrap().next_multiple_of(4096), code));
    assert_eq!((told.entry, told.zero.len(), told.cr3), (at + 0x200, 0, address(&plan, "page_tables")));
    for segment in plan["segments"].as_array().unwrap() {
        let (start, memory) = (segment["addr"].as_u64().unwrap(), segment["memsz"].as_u64().unwrap());
        assert!(start == at || start + memory <= at || start >= at + 0x10_0000, "{segment} in the window from {at:#x}");
    }
}

#[test]
fn without_levels_of_page_tables_the_layout_is_classic() {
    let lab = packed();
    lab.system("/proc/cpuinfo", "");
    let (plan, _, told) = load(&lab, "");
    let why = "/proc/cpuinfo does not say how many levels the page tables have";
    assert_eq!(plan["layout_why"], json!(format!("not vmlinux: {why}; not elided: {why}")));
    assert_eq!((plan["layout"].as_str(), told.cr3), (Some("classic"), 0));
}
