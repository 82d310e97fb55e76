use super::super::context::Numbers;
use super::*;
use crate::arch::Boot;
use crate::arch::x86_64::Cpu;
use crate::digest::Hashed;
use crate::image::cmdline::Cmdline;
use crate::machine::Memory;
use crate::machine::memory::MapProblem;
use crate::sys::Private;
use forge::bzimage::BzImage;
use forge::payload::pack;
use forge::vmlinux::Vmlinux;

fn packed(vmlinux: &Vmlinux) -> Vec<u8> {
    BzImage { payload: pack(&vmlinux.build()), ..BzImage::default() }.build()
}

/// A kernel, its machine, and how it is loaded: everything is as the vmlinux layout wants it.
struct Case {
    file: Vec<u8>,
    cmdline: &'static str,
    cpu: Cpu,
    memory: Memory,
    random: Option<Numbers>,
    fits: fn(&LaidOut) -> Result<(), Finding>,
}

/// What a row changes.
type Change = fn(&mut Case);

impl Case {
    fn new() -> Self {
        Self {
            file: packed(&Vmlinux::default()),
            cmdline: "quiet",
            cpu: Cpu { la57: Some(false), ..Cpu::default() },
            memory: Memory {
                total: Some(1 << 30),
                available: Some(1 << 29),
                swap: None,
                map: Err(MapProblem::Hidden),
                pluggable: false,
            },
            random: Some([7; 17]),
            fits: |_| Ok(()),
        }
    }

    fn choose(&self, asked: Option<Layout>) -> Result<(&'static str, String), Finding> {
        let kernel = Kernel::BzImage(SetupHeader::parse(&self.file).unwrap());
        let cmdline = Cmdline::new(self.cmdline);
        let initrd = Hashed::new(Private::new(5000).unwrap());
        let boot = Boot {
            kernel: &kernel,
            file: &self.file,
            initrd: Some(&initrd),
            cmdline: &cmdline,
            map: &[],
            mark: None,
            crash: None,
        };
        let random = || self.random;
        let context = Context { boot: &boot, cpu: &self.cpu, memory: &self.memory, random: &random };
        choose(&context, asked, &self.fits).map(|laid_out| (laid_out.name(), laid_out.why().to_owned()))
    }
}

#[test]
fn each_is_taken_when_it_is_asked_for() {
    for layout in Layout::ALL {
        assert_eq!(Case::new().choose(Some(layout)), Ok((layout.name(), "as asked for".to_owned())));
    }
    assert_eq!(Case::new().choose(None), Ok(("vmlinux", "the fastest to boot".to_owned())));
}

#[test]
fn what_does_not_apply_is_passed_over_and_says_why() {
    let five = Cpu { la57: Some(true), can_la57: true, ..Cpu::default() };
    let rows: &[(&str, Change)] = &[
        ("the kernel can only lie where it was linked to lie", |case| case.file[0x234] = 0),
        ("mem_encrypt=on", |case| case.cmdline = "quiet mem_encrypt=on"),
        ("movable_node", |case| case.cmdline = "movable_node"),
        ("the running kernel has no random numbers yet", |case| case.random = None),
        ("four levels, and the code that unpacks the kernel would change to five", |case| case.cpu.can_la57 = true),
        ("there is too little memory to unpack the kernel: 1 MiB of 0 MiB", |case| {
            case.memory.available = Some(50_000)
        }),
        ("need more than half of the memory: 2 MiB of 1 MiB", |case| case.memory.total = Some(2 << 20)),
        ("the payload", |case| case.file = forge::unsigned_bzimage()),
        ("relocations", |case| {
            case.file = packed(&Vmlinux { lists: Vec::new(), ..Vmlinux::default() });
        }),
    ];
    for (why, change) in rows {
        let mut case = Case::new();
        change(&mut case);
        let (name, said) = case.choose(None).unwrap();
        assert!(name == "elided" && said.starts_with("not vmlinux: ") && said.contains(why), "{why}: {name}: {said}");
        let refused = case.choose(Some(Layout::Vmlinux)).unwrap_err();
        assert!(refused.reason == Reason::Layout && refused.detail.contains(why), "{refused}");
        assert!(refused.detail.starts_with("vmlinux: "), "{refused}");
        assert_eq!(case.choose(Some(Layout::Elided)).unwrap().0, "elided");
    }
    let no_five = Case { cpu: five, cmdline: "no5lvl", ..Case::new() };
    let wanted =
        "not vmlinux: the page tables have five levels, and the code that unpacks the kernel would change to four";
    assert_eq!(no_five.choose(None), Ok(("elided", wanted.to_owned())));
    assert_eq!(Case { cpu: five, ..Case::new() }.choose(None).unwrap().0, "vmlinux");
}

#[test]
fn without_random_numbers_the_kernel_stays_where_nokaslr_wants_it() {
    let case = Case { cmdline: "nokaslr", random: None, ..Case::new() };
    assert_eq!(case.choose(None).unwrap().0, "vmlinux");
}

#[test]
fn page_tables_need_to_know_the_levels() {
    let case = Case { cpu: Cpu::default(), ..Case::new() };
    let why = "/proc/cpuinfo does not say how many levels the page tables have";
    assert_eq!(case.choose(None), Ok(("classic", format!("not vmlinux: {why}; not elided: {why}"))));
    let refused = case.choose(Some(Layout::Elided)).unwrap_err();
    assert_eq!((refused.reason, refused.detail), (Reason::Layout, format!("elided: {why}")));
    assert_eq!(case.choose(Some(Layout::Classic)).unwrap().0, "classic");
}

#[test]
fn a_layout_that_finds_no_addresses_is_passed_over() {
    let hole = |laid_out: &LaidOut| match laid_out.name() {
        "vmlinux" => Err(Finding::new(Reason::NoMemoryHole, "kernel takes 9 MiB")),
        _ => Ok(()),
    };
    let wanted = ("elided", "not vmlinux: kernel takes 9 MiB".to_owned());
    assert_eq!(Case { fits: hole, ..Case::new() }.choose(None), Ok(wanted));
    // Asked for by name it is taken, and refused when the segments are made.
    assert_eq!(Case { fits: hole, ..Case::new() }.choose(Some(Layout::Vmlinux)).unwrap().0, "vmlinux");
    let nowhere = |_: &LaidOut| Err(Finding::new(Reason::NoMemoryHole, "nothing is free"));
    let wanted = ("classic", "not vmlinux: nothing is free; not elided: nothing is free".to_owned());
    assert_eq!(Case { fits: nowhere, ..Case::new() }.choose(None), Ok(wanted));
    let other = |_: &LaidOut| Err(Finding::new(Reason::CmdlineNul, "at byte 3"));
    assert_eq!(Case { fits: other, ..Case::new() }.choose(None).unwrap().0, "vmlinux");
}
