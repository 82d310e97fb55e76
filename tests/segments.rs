//! `skexec load --method segments` on a machine made of files: what reaches `kexec_load`, and what never does.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use serde_json::{Value, json};
use support::{Call, LOAD, Lab};

const SEGMENTS: &str =
    "load {}/vmlinuz --initrd {}/initrd --cmdline console=ttyS0 --keys {}/root.pem --method segments";
const IMA: &str =
    "CONFIG_KEXEC=y\nCONFIG_KEXEC_FILE=y\nCONFIG_IMA_APPRAISE=y\nCONFIG_IMA_APPRAISE_REQUIRE_KEXEC_SIGS=y\n";
const KHO: &str = "CONFIG_KEXEC=y\nCONFIG_KEXEC_HANDOVER=y\nCONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT=y\n";
const IOMEM: &str = "\
00000000-00000fff : Reserved
00001000-0009fbff : System RAM
0009fc00-0009ffff : Reserved
00100000-1ffdffff : System RAM
  01000000-01ffffff : Kernel code
  10000000-13ffffff : Crash kernel
1ffe0000-1fffffff : Reserved
";

/// A machine of 512 MiB, most of them free.
fn lab() -> Lab {
    let lab = Lab::new();
    lab.system("/boot/config-6.12.0-test", "CONFIG_KEXEC=y\nCONFIG_KEXEC_FILE=y\nCONFIG_KEXEC_SIG=y\n");
    lab.system("/proc/iomem", IOMEM);
    let map = [
        (0, 0x9fbff, "System RAM"),
        (0x9fc00, 0x9ffff, "Reserved"),
        (0x10_0000, 0x1ffd_ffff, "System RAM"),
        (0x1ffe_0000, 0x1fff_ffff, "Reserved"),
    ];
    for (number, (start, end, kind)) in map.iter().enumerate() {
        for (name, text) in [("start", format!("{start:#x}")), ("end", format!("{end:#x}")), ("type", (*kind).into())] {
            lab.system(&format!("/sys/firmware/memmap/{number}/{name}"), &format!("{text}\n"));
        }
    }
    let mut own = vec![0; 4096];
    own[0x0f] = 1;
    own[0x70..0x78].copy_from_slice(&0xf_5b20_u64.to_le_bytes());
    own[0x1ec] = 2;
    lab.system_bytes("/sys/kernel/boot_params/data", &own);
    lab.system("/sys/kernel/security/ima/ascii_runtime_measurements", "");
    lab.file("initrd", b"070701 an initrd");
    lab
}

/// The one call that was made: its entry, and its segments by ascending address.
fn call(lab: &Lab) -> (u64, Vec<(u64, u64, Vec<u8>)>) {
    let calls = lab.kernel.calls.borrow();
    let [Call::Segments { entry, segments }] = calls.as_slice() else { panic!("one load of segments, not {calls:?}") };
    (*entry, segments.clone())
}

fn number(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(bytes[offset..offset + 8].try_into().unwrap())
}

fn word(bytes: &[u8], offset: usize) -> u64 {
    u32::from_le_bytes(bytes[offset..offset + 4].try_into().unwrap()).into()
}

/// The address of a named segment.
fn address(plan: &Value, name: &str) -> u64 {
    let segments = plan["segments"].as_array().unwrap();
    segments.iter().find(|segment| segment["name"] == name).unwrap()["addr"].as_u64().unwrap()
}

#[test]
fn a_good_kernel_is_loaded_as_segments_and_recorded() {
    let lab = lab();
    let run = lab.run(&format!("{SEGMENTS} --json"));
    assert_eq!((run.exit, &run.json()["loaded"]), (0, &json!(true)), "{run:?}");
    let document = run.json();
    let plan = &document["plan"];
    let (entry, segments) = call(&lab);
    assert_eq!((plan["method"].as_str(), plan["entry"].as_u64()), (Some("segments"), Some(entry)));
    assert_eq!(segments.len(), 4);
    for (at, memory, bytes) in &segments {
        assert!(at % 4096 == 0 && memory % 4096 == 0 && u64::try_from(bytes.len()).unwrap() <= *memory, "{at:#x}");
        assert!(*at >= 0x10_0000 && at + memory <= 0x1ffe_0000, "in RAM");
        assert!(at + memory <= 0x1000_0000 || *at >= 0x1400_0000, "not where the crash kernel is");
    }
    let at = |name: &str| segments.iter().find(|(at, _, _)| *at == address(plan, name)).unwrap();
    assert_eq!(entry, at("purgatory").0);
    assert_eq!(at("initrd").2, b"070701 an initrd");
    let kernel = &at("kernel").2;
    assert!(forge::signed_bzimage().windows(kernel.len()).any(|window| window == kernel), "the kernel's own bytes");

    let (params_at, _, params) = at("boot_params");
    assert_eq!((number(params, 0x70), params[0x1ec], params[0x210]), (0xf_5b20, 2, 0xd0));
    assert_eq!((word(params, 0x218), word(params, 0x21c)), (address(plan, "initrd"), 16));
    let cmdline = usize::try_from(word(params, 0x228) - params_at).unwrap();
    assert!(params[cmdline..].starts_with(b"console=ttyS0\0"));
    assert_eq!(params[0x1e8], 4, "e820 entries");

    let record = skexec::record::read(lab.root(), skexec::system::Slot::Reboot).unwrap().unwrap();
    assert_eq!(record.method, "segments");
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    assert!(lab.run("status").out.contains("segments"), "{}", lab.run("status").out);
}

#[test]
fn what_the_plan_says_is_what_is_loaded() {
    let lab = lab();
    let document = lab.run(&format!("{SEGMENTS} --json")).json();
    let (_, segments) = call(&lab);
    let wanted: Vec<_> = segments
        .iter()
        .map(|(at, memory, bytes)| {
            let digest = <sha2::Sha256 as sha2::Digest>::digest(bytes);
            let sha256: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            json!({ "addr": at, "memsz": memory, "bufsz": bytes.len(), "sha256": sha256 })
        })
        .collect();
    let mut seen = document["plan"]["segments"].as_array().unwrap().clone();
    seen.iter_mut().for_each(|segment| drop(segment.as_object_mut().unwrap().remove("name")));
    assert_eq!(seen, wanted);
    assert_eq!(document["plan"]["summary"]["console"], "serial port 0x3f8");
}

#[test]
fn a_dry_run_loads_nothing_and_draws_the_memory() {
    let lab = lab();
    let run = lab.run(&format!("{SEGMENTS} --dry-run"));
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(lab.kernel.calls.borrow().is_empty());
    for part in ["kexec_load", "boot_params", "purgatory", "SHA-256", "on damage reset"] {
        assert!(run.out.contains(part), "{part}: {}", run.out);
    }
}

#[test]
fn auto_takes_files_where_it_can_and_says_why_not() {
    let lab = lab();
    assert!(lab.run(LOAD).out.contains("loaded by kexec_file_load"));
    lab.kernel.calls.borrow_mut().clear();
    lab.system("/boot/config-6.12.0-test", "CONFIG_KEXEC=y\n");
    let run = lab.run(LOAD);
    assert!(
        run.exit == 0 && run.out.contains("loaded by kexec_load (the running kernel has no kexec_file_load)"),
        "{run:?}"
    );
    assert!(matches!(lab.kernel.calls.borrow().as_slice(), [Call::Segments { .. }]));
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    lab.kernel.calls.borrow_mut().clear();
    assert_eq!(lab.run("unload").exit, 0);
    assert_eq!(*lab.kernel.calls.borrow(), [Call::SegmentsUnload { panic: false }]);
}

#[test]
fn what_forbids_segments_is_said_before_the_call() {
    let rows: &[(&str, &str, &str, u8)] = &[
        ("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n", "segments-forbidden", 5),
        ("/boot/config-6.12.0-test", "CONFIG_KEXEC_FILE=y\n", "no-kexec-load", 5),
        ("/proc/iomem", "00000000-00000000 : System RAM\n00000000-00000000 : Reserved\n", "memory-map", 5),
        ("/proc/iomem", "", "memory-map", 5),
        ("/proc/meminfo", "MemTotal: 1024 kB\n", "half-of-ram", 4),
        ("/boot/config-6.12.0-test", KHO, "kexec-handover", 5),
        ("/proc/cpuinfo", "flags\t\t: fpu hypervisor sev_es\n", "confidential-guest", 5),
        ("/proc/sys/kernel/kexec_load_disabled", "1\n", "kexec-disabled", 5),
        ("/boot/config-6.12.0-test", IMA, "segments-forbidden", 5),
        ("/proc/sys/kernel/loadpin/enforce", "1\n", "segments-forbidden", 5),
    ];
    for (path, text, slug, exit) in rows {
        let lab = lab();
        lab.system(path, text);
        let run = lab.run(&format!("{SEGMENTS} --json"));
        assert_eq!((run.exit, run.json()["reason"].as_str()), (*exit, Some(*slug)), "{path}: {run:?}");
        assert!(lab.kernel.calls.borrow().is_empty(), "{path}");
    }
}

#[test]
fn bounds_are_kept() {
    let lab = lab();
    let run = lab.run(&format!("{SEGMENTS} --json --mem-min 256M --mem-max 0x1bffffff"));
    assert_eq!(run.exit, 0, "{run:?}");
    let (_, segments) = call(&lab);
    for (at, memory, _) in segments {
        assert!(at >= 0x1400_0000 && at + memory <= 0x1c00_0000, "{at:#x}");
    }
    let run = lab.run(&format!("{LOAD} --mem-max 1M"));
    assert!(run.exit == 0 && run.err.contains("(no-effect)"), "{run:?}");
    let run = lab.run(&format!("{SEGMENTS} --mem-max 1M"));
    assert!(run.exit == 4 && run.err.contains("(no-memory-hole)"), "{run:?}");
    // What the next kernel is told not to use, nothing may lie in.
    let run = lab.run(&format!("{SEGMENTS} --append mem=64M --dry-run --json"));
    let segments = run.json()["plan"]["segments"].as_array().unwrap().clone();
    assert!(segments.iter().all(|segment| segment["addr"].as_u64().unwrap() < 64 << 20), "{segments:?}");
    let run = lab.run(&format!("{SEGMENTS} --append memmap=480M$32M --dry-run --json"));
    let segments = run.json()["plan"]["segments"].as_array().unwrap().clone();
    assert!(segments.iter().all(|segment| segment["addr"].as_u64().unwrap() < 32 << 20), "{segments:?}");
    assert_eq!(lab.run(&format!("{SEGMENTS} --mem-min 1X")).exit, 2);
    assert_eq!(lab.run(&format!("{SEGMENTS} --mem-min 32M --mem-max 16M")).exit, 2);
}

#[test]
fn a_crash_kernel_goes_by_file() {
    let lab = lab();
    lab.system("/sys/kernel/kexec_crash_size", "268435456\n");
    let run = lab.run(&format!("{SEGMENTS} --panic"));
    assert!(run.exit == 4 && run.err.contains("(crash-by-segments)"), "{run:?}");
}

/// A vmlinux of one segment with a .bss, that says it can be entered under five-level page tables.
fn vmlinux() -> Vec<u8> {
    let text = b"Linux version 6.12.0-test (nobody)\0ptrs_per_p4d\0";
    let mut elf = vec![0; 0x1000];
    elf[..20].copy_from_slice(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0");
    let mut put = |offset: usize, value: u64, bytes: usize| {
        elf[offset..offset + bytes].copy_from_slice(&value.to_le_bytes()[..bytes]);
    };
    put(0x14, 1, 4); // e_version
    put(0x18, 0x100_0000, 8); // e_entry
    put(0x20, 0x40, 8); // e_phoff
    put(0x34, 64, 2); // e_ehsize
    put(0x36, 56, 2); // e_phentsize
    put(0x38, 1, 2); // e_phnum
    put(0x40, 1, 4); // PT_LOAD
    put(0x44, 7, 4);
    put(0x48, 0x1000, 8); // p_offset
    put(0x50, 0xffff_ffff_8100_0000, 8);
    put(0x58, 0x100_0000, 8); // p_paddr
    put(0x60, 0x100, 8); // p_filesz
    put(0x68, 0x2800, 8); // p_memsz
    put(0x70, 0x20_0000, 8);
    elf.extend_from_slice(text);
    elf.resize(0x1100, 0x90);
    elf
}

#[test]
fn a_signed_vmlinux_goes_where_it_was_linked_to_be() {
    let lab = lab();
    let elf = vmlinux();
    lab.file("vmlinux", &elf);
    lab.file("vmlinux.p7s", &forge::detached(&elf, &forge::pki::signer()));
    let line = "load {}/vmlinux --no-initrd --no-cmdline --keys {}/root.pem --signature {}/vmlinux.p7s";
    let run = lab.run(&format!("{line} --json"));
    assert_eq!(run.exit, 0, "{run:?}");
    let document = run.json();
    assert_eq!((document["format"].as_str(), document["kernel"]["errno"].clone()), (Some("elf"), Value::Null));
    assert_eq!(document["plan"]["method"], "segments");
    let (_, segments) = call(&lab);
    let (_, memory, bytes) = segments.iter().find(|(at, _, _)| *at == 0x100_0000).unwrap();
    assert_eq!((*memory, bytes.as_slice()), (0x3000, &elf[0x1000..0x1100]));
    let purgatory = address(&document["plan"], "purgatory");
    let told = Told::of(&segments.iter().find(|(at, _, _)| *at == purgatory).unwrap().2);
    assert_eq!((told.entry, told.zero), (0x100_0000, vec![(0x100_0100, 0x2f00)]));
    // An unsigned one is not loaded, and no method makes a file call of it.
    assert_eq!(lab.run("load {}/vmlinux --no-initrd --no-cmdline --keys {}/root.pem").exit, 3);
    let run = lab.run(&format!("{line} --method file"));
    assert!(run.exit == 4 && run.err.contains("(unsupported-format)"), "{run:?}");
    assert_eq!(lab.kernel.calls.borrow().len(), 1);
}

#[test]
fn five_level_paging_needs_a_sign() {
    let lab = lab();
    lab.system("/proc/cpuinfo", "flags\t\t: fpu la57\n");
    let without: Vec<u8> = vmlinux().iter().map(|byte| if *byte == b'4' { b'5' } else { *byte }).collect();
    for (elf, exit) in [(vmlinux(), 0), (without, 4)] {
        lab.file("vmlinux", &elf);
        lab.file("vmlinux.p7s", &forge::detached(&elf, &forge::pki::signer()));
        let line = "load {}/vmlinux --no-initrd --no-cmdline --keys {}/root.pem --signature {}/vmlinux.p7s";
        let run = lab.run(line);
        assert_eq!(run.exit, exit, "{run:?}");
    }
}

#[test]
fn a_failed_call_is_explained() {
    let rows = [
        (nix::libc::EPERM, "segments-forbidden"),
        (nix::libc::EACCES, "segments-forbidden"),
        (nix::libc::ENOSYS, "no-kexec-load"),
        (nix::libc::EBUSY, "busy"),
        (nix::libc::EINVAL, "kernel-refused"),
    ];
    for (errno, slug) in rows {
        let lab = lab();
        *lab.kernel.answer.borrow_mut() = errno;
        let run = lab.run(&format!("{SEGMENTS} --json"));
        assert_eq!((run.json()["reason"].as_str(), &run.json()["loaded"]), (Some(slug), &json!(false)), "{run:?}");
    }
}

/// What the purgatory was told, out of its armed block, which ends the segment (`skexec_purgatory::Params`).
struct Told {
    entry: u64,
    boot_params: u64,
    /// sha_ni, console, port, on_mismatch.
    flags: [u64; 4],
    /// Address, length, digest.
    regions: Vec<(u64, u64, Vec<u8>)>,
    zero: Vec<(u64, u64)>,
}

impl Told {
    const SIZE: usize = 1488;

    fn of(purgatory: &[u8]) -> Self {
        let block = &purgatory[purgatory.len() - Self::SIZE..];
        let count = |offset| usize::try_from(word(block, offset)).unwrap();
        let region = |index: usize| {
            let region = &block[48 + 72 * index..][..72];
            (number(region, 0), number(region, 8), region[16..48].to_vec())
        };
        let span = |index: usize| (number(block, 1200 + 16 * index), number(block, 1208 + 16 * index));
        Self {
            entry: number(block, 8),
            boot_params: number(block, 16),
            flags: [24, 28, 32, 36].map(|offset| word(block, offset)),
            regions: (0..count(40)).map(region).collect(),
            zero: (0..count(44)).map(span).collect(),
        }
    }
}

#[test]
fn the_purgatory_is_told_of_every_byte() {
    for (cpu, sha_ni) in [("fpu", 0), ("fpu sha_ni ssse3 sse4_1", 1)] {
        let lab = lab();
        lab.system("/proc/cpuinfo", &format!("flags\t\t: {cpu}\n"));
        let plan = lab.run(&format!("{SEGMENTS} --json --on-mismatch halt")).json()["plan"].clone();
        let (_, segments) = call(&lab);
        let own = address(&plan, "purgatory");
        let told = Told::of(&segments.iter().find(|(at, _, _)| *at == own).unwrap().2);
        assert_eq!(told.entry, address(&plan, "kernel") + 0x200);
        assert_eq!((told.boot_params, told.flags), (address(&plan, "boot_params"), [sha_ni, 1, 0x3f8, 1]));
        assert!(told.zero.is_empty(), "a bzImage clears its own");
        let others = segments.iter().filter(|(at, _, _)| *at != own);
        let digest = |bytes: &[u8]| <sha2::Sha256 as sha2::Digest>::digest(bytes).to_vec();
        let mut wanted: Vec<_> =
            others.map(|(at, _, bytes)| (*at, u64::try_from(bytes.len()).unwrap(), digest(bytes))).collect();
        let mut regions = told.regions;
        wanted.sort();
        regions.sort();
        assert_eq!(regions, wanted);
    }
}

#[test]
fn no_seed_is_used_twice() {
    let boot_params = || {
        let lab = lab();
        let plan = lab.run(&format!("{SEGMENTS} --json")).json()["plan"].clone();
        let (_, segments) = call(&lab);
        segments.into_iter().find(|(at, _, _)| *at == address(&plan, "boot_params")).unwrap().2
    };
    let (one, other) = (boot_params(), boot_params());
    let different = one.iter().zip(&other).filter(|(one, other)| one != other).count();
    assert!((16..=32).contains(&different), "{different} bytes differ");
}

/// Makes it a machine that was started by EFI, with Secure Boot off.
fn by_efi(lab: &Lab) {
    let mut own = vec![0; 4096];
    own[0x70..0x78].copy_from_slice(&0x1fff_0014_u64.to_le_bytes());
    own[0x1ec] = 2;
    lab.system_bytes("/sys/kernel/boot_params/data", &own);
    lab.system("/sys/firmware/efi/fw_vendor", "0x1ffe0000\n");
    lab.system_bytes("/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", &[6, 0, 0, 0, 0]);
    lab.system_bytes("/sys/firmware/efi/efivars/SetupMode-8be4df61-93ca-11d2-aa0d-00e098032b8c", &[6, 0, 0, 0, 0]);
}

#[test]
fn a_stale_initrd_of_efi_is_never_taken() {
    let line = "load {}/vmlinuz --no-initrd --no-cmdline --keys {}/root.pem --json --method";
    let empty = b"070701";
    let lab = lab();
    by_efi(&lab);
    let run = lab.run(&format!("{line} file"));
    assert_eq!(run.exit, 0, "{run:?}");
    let Some(Call::Load { initrd: Some(initrd), .. }) = lab.kernel.calls.borrow_mut().pop() else {
        panic!("a file load")
    };
    assert!(initrd.starts_with(empty) && initrd.len() == 124, "{initrd:?}");
    let run = lab.run(&format!("{line} segments"));
    assert_eq!((run.exit, run.json()["warnings"].clone()), (0, json!(["handover-incomplete"])), "{run:?}");
    let (_, segments) = call(&lab);
    assert!(segments.iter().any(|(_, _, bytes)| *bytes == initrd), "an empty archive");
    // What IMA wants to see as a file, it gets: then there is none.
    lab.kernel.calls.borrow_mut().clear();
    lab.system("/boot/config-6.12.0-test", IMA);
    lab.run(&format!("{line} file"));
    assert!(matches!(lab.kernel.calls.borrow().as_slice(), [Call::Load { initrd: None, .. }]));
}

#[test]
fn an_efi_machine_without_acpi_is_not_handed_over() {
    let lab = lab();
    by_efi(&lab);
    lab.system_bytes("/sys/kernel/boot_params/data", b"");
    let run = lab.run(&format!("{SEGMENTS} --json"));
    assert_eq!((run.exit, run.json()["reason"].as_str()), (5, Some("handover")), "{run:?}");
}

#[test]
fn what_is_too_large_is_not_copied_first() {
    let lab = lab();
    let initrd = std::fs::File::create(lab.path("initrd")).unwrap();
    initrd.set_len(1 << 40).unwrap();
    let run = lab.run(&format!("{SEGMENTS} --json"));
    assert_eq!((run.exit, run.json()["reason"].as_str()), (4, Some("half-of-ram")), "{run:?}");
}
