//! A small kernel on a small machine, by segments.
#![cfg(target_arch = "x86_64")]

use super::*;
use crate::image::Parsed;
use crate::image::cmdline::Cmdline;
use crate::memory::MIB;
use crate::sources::testing::Tree;

const IOMEM: &str = "\
00000000-00000fff : Reserved
00001000-0009fbff : System RAM
00100000-1fffffff : System RAM
";

/// Calls this with a small kernel, laid out as the boot loaders lay it out, and a machine of 512 MiB.
fn with_boot(check: impl Fn(&Boot<'_>, &LaidOut, &Machine, &Platform)) {
    let tree = Tree::new();
    tree.write("/proc/iomem", IOMEM);
    let (machine, platform) = (Machine::read(tree.root()), Platform::read(tree.root()));
    let image = Parsed::new(forge::unsigned_bzimage());
    let boot = Boot {
        kernel: image.loadable().unwrap(),
        file: image.bytes(),
        initrd: None,
        cmdline: &Cmdline::new("quiet"),
        map: &map(&machine).unwrap().entries,
        mark: None,
        crash: None,
    };
    let laid_out = platform.lay_out(&boot, Some(Layout::Classic), &machine.memory, &|_| Ok(())).unwrap();
    check(&boot, &laid_out, &machine, &platform);
}

fn bounded(lowest: u64, highest: u64) -> Options {
    let (lowest, highest) = (Some(PhysAddr::new(lowest * MIB)), Some(PhysAddr::new(highest * MIB - 1)));
    Options { bounds: Bounds { lowest, highest }, ..Options::default() }
}

#[test]
fn it_is_known_beforehand_whether_the_segments_find_addresses() {
    with_boot(|boot, laid_out, machine, platform| {
        let rows = [
            (Options::default(), None),
            (bounded(0, 512), None),
            (bounded(0, 16), Some(Reason::NoMemoryHole)),
            (bounded(1024, 2048), Some(Reason::NoMemoryHole)),
        ];
        for (options, wanted) in rows {
            let fits = fit(boot, laid_out, machine, platform, &options, None);
            let made = Segments::new(boot, laid_out, machine, platform, &options, None);
            assert_eq!(fits.err().map(|finding| finding.reason), wanted, "{options:?}");
            assert_eq!(made.err().map(|finding| finding.reason), wanted, "{options:?}");
        }
    });
}

#[test]
fn the_drawing_shows_each_segment_and_where_it_lies() {
    with_boot(|boot, laid_out, machine, platform| {
        let segments = Segments::new(boot, laid_out, machine, platform, &Options::default(), None).unwrap();
        let lines = segments.drawing(machine, 80);
        assert!(lines[0].starts_with("memory: ") && lines[0].contains(" of RAM"), "{lines:#?}");
        for segment in &segments.list {
            let start = segment.range.start().to_string();
            let own = |line: &&String| line.contains(&*segment.name) && line.contains(&start);
            assert_eq!(lines.iter().filter(own).count(), 1, "{} {start} {lines:#?}", segment.name);
        }
        let unknown = Machine::read(Tree::new().root());
        assert_eq!(segments.drawing(&unknown, 80), Vec::<String>::new());
    });
}
