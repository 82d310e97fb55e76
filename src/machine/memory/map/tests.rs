use super::*;
use crate::machine::Memory;
use crate::memory::PhysRange;
use crate::sources::testing::Tree;

/// A virtual machine with 24 GiB and almost no firmware tables.
const MICROVM: (&str, &[(u64, u64, &str)]) = (
    "\
00000000-00000fff : Reserved
00001000-0009fbff : System RAM
0009fc00-000fffff : Reserved
  000de000-000defff : AMZNC10C:00
  000f0000-000fffff : System ROM
00100000-bfffffff : System RAM
  01000000-02276507 : Kernel code
  02400000-02e0cfff : Kernel rodata
  03000000-0327c17f : Kernel data
  03b32000-03c55fff : Kernel bss
c0001000-eebfffff : PCI Bus 0000:00
eec00000-febfffff : Reserved
  eec00000-eecfffff : PCI ECAM 0000 [bus 00-00]
    eec00000-eecfffff : PCI Bus 0000:00
fec00000-fec003ff : IOAPIC 0
100000000-63fffffff : System RAM
4000000000-7fffffffff : PCI Bus 0000:00
  4000000000-400007ffff : 0000:00:01.0
    4000000000-400007ffff : virtio-pci-modern
",
    &[
        (0, 0x9_fbff, "System RAM"),
        (0x9_fc00, 0xf_ffff, "Reserved"),
        (0x10_0000, 0xbfff_ffff, "System RAM"),
        (0xeec0_0000, 0xfebf_ffff, "Reserved"),
        (0x1_0000_0000, 0x6_3fff_ffff, "System RAM"),
    ],
);

/// SeaBIOS with 512 MiB, a crash kernel, a driver's reservation, and the kernel's rounding behind the end of RAM.
const SEABIOS: (&str, &[(u64, u64, &str)]) = (
    "\
00000000-00000fff : Reserved
00001000-0009fbff : System RAM
0009fc00-0009ffff : Reserved
000a0000-000bffff : PCI Bus 0000:00
000c0000-000c99ff : Video ROM
000f0000-000fffff : Reserved
  000f0000-000fffff : System ROM
00100000-1ffddfff : System RAM
  08000000-0fffffff : Crash kernel
  13000000-14001ca6 : Kernel code
  14200000-148eafff : Kernel rodata
  14a00000-14c4e0ff : Kernel data
  15180000-155fffff : Kernel bss
  1f000000-1f000fff : Reserved
1ffde000-1fffffff : Reserved
20000000-febfffff : PCI Bus 0000:00
  fd000000-fdffffff : 0000:00:02.0
fec00000-fec003ff : IOAPIC 0
fee00000-fee00fff : Local APIC
fffc0000-ffffffff : Reserved
",
    &[
        (0, 0x9_fbff, "System RAM"),
        (0x9_fc00, 0x9_ffff, "Reserved"),
        (0xf_0000, 0xf_ffff, "Reserved"),
        (0x10_0000, 0x1ffd_dfff, "System RAM"),
        (0x1ffd_e000, 0x1fff_ffff, "Reserved"),
        (0xfffc_0000, 0xffff_ffff, "Reserved"),
    ],
);

/// OVMF, 2 GiB: setup_data of the EFI stub splits RAM, and `efi_mem_reserve` took a page pair (at 0x7bfe9000) out of it.
const OVMF: (&str, &[(u64, u64, &str)]) = (
    "\
00000000-00000fff : Reserved
00001000-0009ffff : System RAM
00100000-007fffff : System RAM
00800000-00807fff : ACPI Non-volatile Storage
00808000-0080afff : System RAM
0080b000-0080bfff : ACPI Non-volatile Storage
0080c000-0080ffff : System RAM
00810000-008fffff : ACPI Non-volatile Storage
00900000-7a13f017 : System RAM
  40000000-41001ca6 : Kernel code
  41200000-418eafff : Kernel rodata
  41a00000-41c4e0ff : Kernel data
  42180000-425fffff : Kernel bss
7a13f018-7a147a57 : System RAM
7a147a58-7bfe8fff : System RAM
7bfe9000-7bfeafff : Reserved
7bfeb000-7e8ecfff : System RAM
7e8ed000-7eb6cfff : Reserved
7eb6d000-7eb7efff : ACPI Tables
7eb7f000-7ebfefff : ACPI Non-volatile Storage
7ebff000-7effffff : System RAM
80000000-febfffff : PCI Bus 0000:00
ffc00000-ffffffff : Reserved
",
    &[
        (0, 0x9_ffff, "System RAM"),
        (0x10_0000, 0x7f_ffff, "System RAM"),
        (0x80_0000, 0x80_7fff, "ACPI Non-volatile Storage"),
        (0x80_8000, 0x80_afff, "System RAM"),
        (0x80_b000, 0x80_bfff, "ACPI Non-volatile Storage"),
        (0x80_c000, 0x80_ffff, "System RAM"),
        (0x81_0000, 0x8f_ffff, "ACPI Non-volatile Storage"),
        (0x90_0000, 0x7e8e_cfff, "System RAM"),
        (0x7e8e_d000, 0x7eb6_cfff, "Reserved"),
        (0x7eb6_d000, 0x7eb7_efff, "ACPI Tables"),
        (0x7eb7_f000, 0x7ebf_efff, "ACPI Non-volatile Storage"),
        (0x7ebf_f000, 0x7eff_ffff, "System RAM"),
        (0xffc0_0000, 0xffff_ffff, "Reserved"),
    ],
);

/// Persistent memory, some of it given to the kernel as RAM by a driver, and some that `memmap=` made of RAM.
const PMEM: (&str, &[(u64, u64, &str)]) = (
    "\
00000000-00000fff : Reserved
00001000-0009ffff : System RAM
00100000-7fffffff : System RAM
100000000-17fffffff : System RAM
180000000-1bfffffff : Persistent Memory (legacy)
  180000000-1bfffffff : namespace0.0
1c0000000-1ffffffff : System RAM
200000000-27fffffff : Persistent Memory
  200000000-2001fffff : namespace1.0
  200200000-27fffffff : dax1.0
    200200000-27fffffff : System RAM (kmem)
280000000-2bfffffff : Soft Reserved
  280000000-2bfffffff : dax2.0
    280000000-2bfffffff : System RAM (kmem)
",
    &[
        (0, 0x9_ffff, "System RAM"),
        (0x10_0000, 0x7fff_ffff, "System RAM"),
        (0x1_0000_0000, 0x1_ffff_ffff, "System RAM"),
        (0x2_0000_0000, 0x2_7fff_ffff, "Persistent Memory"),
        (0x2_8000_0000, 0x2_bfff_ffff, "Soft Reserved"),
    ],
);

fn show_firmware(tree: &Tree, entries: &[(u64, u64, &str)]) {
    for (number, (first, last, kind)) in entries.iter().enumerate() {
        for (name, text) in
            [("start", format!("{first:#x}\n")), ("end", format!("{last:#x}\n")), ("type", format!("{kind}\n"))]
        {
            tree.write(&format!("/sys/firmware/memmap/{number}/{name}"), text);
        }
    }
}

fn machine((iomem, firmware): (&str, &[(u64, u64, &str)]), cmdline: &str) -> MemoryMap {
    let tree = Tree::new();
    tree.write("/proc/iomem", iomem);
    tree.write("/proc/cmdline", cmdline);
    show_firmware(&tree, firmware);
    Memory::read(tree.root()).map.unwrap()
}

fn usable(map: &MemoryMap) -> Vec<(u64, u64)> {
    map.usable.iter().map(|range| (range.start().get(), range.end().get())).collect()
}

/// The table that the next kernel shows in /sys/firmware/memmap when it was given this one.
fn shown(table: &[MemoryEntry]) -> Vec<(u64, u64, &'static str)> {
    let names = |kind| match kind {
        MemoryType::Ram => "System RAM",
        MemoryType::Reserved => "Reserved",
        MemoryType::Acpi => "ACPI Tables",
        MemoryType::Nvs => "ACPI Non-volatile Storage",
        MemoryType::Unusable => "Unusable memory",
        MemoryType::Pmem => "Persistent Memory",
        MemoryType::Pram => "Persistent Memory (legacy)",
        MemoryType::SoftReserved => "Soft Reserved",
    };
    let row = |entry: &MemoryEntry| (entry.range.start().get(), entry.range.end().get() - 1, names(entry.kind));
    table.iter().map(row).collect()
}

#[test]
fn a_microvm() {
    let map = machine(MICROVM, "quiet");
    assert_eq!(usable(&map), [(0x10_0000, 0xc000_0000), (0x1_0000_0000, 0x6_4000_0000)]);
    assert_eq!(shown(&map.entries), MICROVM.1);
}

#[test]
fn a_bios_with_a_crash_kernel() {
    let map = machine(SEABIOS, "crashkernel=128M");
    let wanted = [(0x10_0000, 0x800_0000), (0x1000_0000, 0x1f00_0000), (0x1f00_1000, 0x1ffd_e000)];
    assert_eq!(usable(&map), wanted);
    let mut table = SEABIOS.1.to_vec();
    table.splice(
        3..4,
        [
            (0x10_0000, 0x1eff_ffff, "System RAM"),
            (0x1f00_0000, 0x1f00_0fff, "Reserved"),
            (0x1f00_1000, 0x1ffd_dfff, "System RAM"),
        ],
    );
    assert_eq!(shown(&map.entries), table);
}

#[test]
fn an_efi_machine() {
    let map = machine(OVMF, "quiet");
    let wanted = [
        (0x10_0000, 0x80_0000),
        (0x80_8000, 0x80_b000),
        (0x80_c000, 0x81_0000),
        (0x90_0000, 0x7bfe_9000),
        (0x7bfe_b000, 0x7e8e_d000),
        (0x7ebf_f000, 0x7f00_0000),
    ];
    assert_eq!(usable(&map), wanted);
    let mut table = OVMF.1.to_vec();
    table.splice(
        7..8,
        [
            (0x90_0000, 0x7bfe_8fff, "System RAM"),
            (0x7bfe_9000, 0x7bfe_afff, "Reserved"),
            (0x7bfe_b000, 0x7e8e_cfff, "System RAM"),
        ],
    );
    assert_eq!(shown(&map.entries), table);
}

#[test]
fn persistent_memory_is_no_place() {
    let map = machine(PMEM, "memmap=1G!6G");
    assert_eq!(
        usable(&map),
        [(0x10_0000, 0x8000_0000), (0x1_0000_0000, 0x1_8000_0000), (0x1_c000_0000, 0x2_0000_0000)]
    );
    assert_eq!(shown(&map.entries), PMEM.1, "what memmap= made is for the next command line to say");
}

#[test]
fn mem_limits_the_running_kernel_only() {
    let iomem = "00000000-00000fff : Reserved\n00001000-0009fbff : System RAM\n00100000-0fffffff : System RAM\n";
    let map = machine((iomem, MICROVM.1), "mem=256M");
    assert_eq!(usable(&map), [(0x10_0000, 0x1000_0000)]);
    assert_eq!(shown(&map.entries), MICROVM.1);
}

#[test]
fn where_the_firmware_says_nothing_iomem_does() {
    let same = |map: &MemoryMap| {
        assert_eq!(usable(map), [(0x10_0000, 0xc000_0000), (0x1_0000_0000, 0x6_4000_0000)]);
        let mut table = MICROVM.1.to_vec();
        table.splice(0..1, [(0, 0xfff, "Reserved"), (0x1000, 0x9_fbff, "System RAM")]);
        assert_eq!(shown(&map.entries), table);
    };
    same(&machine((MICROVM.0, &[]), "quiet"));
    same(&machine((MICROVM.0, &[(0, 0xf_ffff, "System RAM")]), "quiet add_efi_memmap"));
    let init = machine((MICROVM.0, &[(0, 0xf_ffff, "System RAM")]), "quiet -- add_efi_memmap");
    assert!(init.usable.is_empty());
}

#[test]
fn what_the_firmware_does_not_call_ram_is_no_place() {
    let map = machine(("00100000-00ffffff : System RAM\n", &[(0x10_0800, 0x80_07ff, "System RAM")]), "");
    assert_eq!(usable(&map), [(0x10_1000, 0x80_0000)]);
}

/// 160 entries: more than boot_params hold, each of them in the table.
#[test]
fn many_nodes() {
    let kinds = ["System RAM", "Reserved"];
    let firmware: Vec<_> =
        (0..160_u64).map(|node| (node << 30, (node << 30) + 0x3fff_ffff, kinds[usize::from(node % 2 == 1)])).collect();
    let iomem: String =
        firmware.iter().map(|(first, last, kind)| format!("{first:08x}-{last:08x} : {kind}\n")).collect();
    let map = machine((&iomem, &firmware), "");
    assert_eq!(shown(&map.entries), firmware);
    assert_eq!(map.usable.iter().count(), 80);
}

/// Each kernel in a series of kexecs is given the same map: setup_data of the previous kernel (`System RAM` in pieces, at another
/// address each time) is dropped, and the ranges that EFI needs stay.
#[test]
fn generations_add_nothing() {
    let first = machine(OVMF, "");
    let mut last = first.clone();
    for generation in 1..=5_u64 {
        // The kernel's own loader passes setup_data of a type that it does not know on as type 128. The next kernel's
        // firmware table shows it as `System RAM`, too.
        let mut firmware = shown(&last.entries);
        let place = firmware.iter().position(|(start, ..)| *start == 0x90_0000).unwrap();
        let (start, end, kind) = firmware[place];
        let setup_data = 0x7000_0018 + generation * 0x1_0100;
        firmware.splice(
            place..=place,
            [(start, setup_data - 1, kind), (setup_data, setup_data + 0x67, kind), (setup_data + 0x68, end, kind)],
        );
        let split = format!(
            "00900000-{:08x} : System RAM\n{:08x}-{:08x} : System RAM\n{:08x}-7a13f017 : System RAM\n",
            setup_data - 0x1001,
            setup_data - 0x1000,
            setup_data - 0xfa1,
            setup_data - 0xfa0
        );
        let iomem = OVMF.0.replace("00900000-7a13f017 : System RAM\n", &split);
        last = machine((&iomem, &firmware), "");
        assert_eq!(last, first, "generation {generation}");
    }
}

#[test]
fn problems_have_names() {
    let tree = Tree::new();
    let problem = || Memory::read(tree.root()).map.unwrap_err();
    assert_eq!(problem(), MapProblem::Unreadable);
    tree.write("/proc/iomem", "00000000-00000000 : Reserved\n00000000-00000000 : System RAM\n");
    assert_eq!(problem(), MapProblem::Hidden);
    tree.write("/proc/iomem", MICROVM.0);
    show_firmware(&tree, &[(1, 0, "System RAM")]);
    assert_eq!(problem(), MapProblem::Unreadable);
}

#[test]
fn the_machine_this_runs_on() {
    // Without privilege the addresses are hidden, and a container may have no /proc/iomem. The map must never be incomplete.
    if let Ok(map) = Memory::read(&Root::default()).map {
        let in_order = map.entries.windows(2).all(|two| two[0].range.end() <= two[1].range.start());
        assert!(in_order && map.usable.iter().all(|range| range.start().get() >= MIB), "{map:?}");
        assert_eq!(map.usable.whole_pages(), map.usable);
        let ram = ranges_of(&map.entries, MemoryType::Ram);
        assert!(map.usable.iter().all(|range: PhysRange| ram.contains(range)));
    }
}
