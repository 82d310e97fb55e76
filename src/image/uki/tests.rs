#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use crate::image::{Format, Kernel, Parsed};
use forge::pe::Section;
use forge::uki;

/// A UKI with these sections after the kernel.
fn with(sections: Vec<Section>) -> Vec<u8> {
    let mut pe = plain().pe();
    pe.sections.extend(sections);
    place(&mut pe);
    pe.build()
}

fn plain() -> uki::Uki {
    let mut plain = uki::Uki::new(forge::unsigned_bzimage());
    plain.cmdline = Some("root=/dev/vda1\n".into());
    plain.initrd = Some(b"070701".to_vec());
    plain
}

/// Gives every section a page of its own in memory.
fn place(pe: &mut forge::pe::Pe) {
    let mut address = 0x1000;
    for section in &mut pe.sections {
        section.virtual_address = Some(address);
        address += u32::try_from(section.data.len().next_multiple_of(0x1000).max(0x1000)).unwrap();
    }
    pe.image_size = address;
}

fn refused(file: &[u8], profile: Option<&str>) -> Option<(Reason, String)> {
    let parsed = Parsed::with_profile(file, profile);
    parsed.loadable().err().map(|finding| (finding.reason, finding.detail.clone()))
}

#[test]
fn content_is_what_the_stub_would_take() {
    let file = plain().unsigned();
    let parsed = Parsed::new(file.as_slice());
    assert_eq!(parsed.format(), Format::Uki);
    assert!(matches!(parsed.loadable(), Ok(Kernel::BzImage(_))));
    assert_eq!(parsed.kernel_bytes().unwrap(), forge::unsigned_bzimage());
    let uki = parsed.uki().unwrap().unwrap();
    assert_eq!(uki.content(&file, Name::Initrd), Some(b"070701".as_slice()));
    assert_eq!(uki.text(&file, Name::Cmdline), Some("root=/dev/vda1"));
    assert_eq!((uki.at(Name::PcrSig), uki.chosen), (None, None));
}

#[test]
fn each_fault_of_a_section_has_its_reason() {
    let new = |name: &'static [u8], data: &[u8]| Section::new(name, data);
    let sized = |virtual_size| Section { virtual_size: Some(virtual_size), ..new(b".splash", b"picture") };
    let rows = [
        (vec![new(b".cmdline", b"again")], Reason::UkiDoubled, "the base has two sections .cmdline"),
        (vec![new(b".dtb", b"1"), new(b".dtb", b"2"), new(b".splash", b"")], Reason::UkiEmpty, ".splash"),
        (vec![sized(0)], Reason::UkiEmpty, ".splash"),
        (vec![sized(0x201)], Reason::UkiSize, ".splash: VirtualSize 0x201, SizeOfRawData 0x200"),
        (vec![new(b".profile", b"ID=\xff")], Reason::UkiText, ".profile: no UTF-8 from byte 3 on"),
        (vec![new(b".profile", b"ID=a\0b\0")], Reason::UkiText, ".profile: text follows the NUL at byte 4"),
    ];
    for (sections, reason, detail) in rows {
        assert_eq!(refused(&with(sections), None), Some((reason, detail.to_owned())));
    }
}

#[test]
fn nothing_lies_over_anything_else_in_memory() {
    let at = |name: &[u8], address| {
        let mut pe = plain().pe();
        let section = pe.sections.iter_mut().find(|section| section.name == name).unwrap();
        section.virtual_address = Some(address);
        refused(&pe.build(), None)
    };
    let linux = {
        let pe = plain().pe();
        pe.sections.iter().find(|section| section.name == b".linux").unwrap().virtual_address.unwrap()
    };
    let (reason, detail) = at(b".initrd", linux + 4).unwrap();
    let wanted = format!("in memory .initrd starts at {:#x}, before .linux ends at {:#x}", linux + 4, linux + 0x7000);
    assert_eq!((reason, detail), (Reason::SectionOverlap, wanted));
    let (reason, detail) = at(b".osrel", 0x5f0).unwrap();
    assert_eq!(
        (reason, detail.as_str()),
        (Reason::SectionOverlap, "in memory .osrel starts at 0x5f0, before the headers ends at 0x600")
    );
    assert_eq!(at(b".osrel", 0x10_0000).unwrap().0, Reason::SectionBounds);
    assert_eq!(at(b".osrel", u32::MAX).unwrap().0, Reason::SectionBounds);
}

/// Firmware takes the size in the file where none is stated in memory, and otherwise copies no more than is stated.
#[test]
fn a_section_fills_what_it_states_or_else_its_size_in_the_file() {
    for (virtual_size, wanted) in
        [(0, Some(Reason::SectionOverlap)), (0x101, Some(Reason::SectionOverlap)), (0x100, None)]
    {
        let mut pe = plain().pe();
        pe.sections.push(Section::new(b".other", vec![1; 0x200]));
        place(&mut pe);
        let other = pe.sections.last_mut().unwrap();
        // The content of another section starts 0x100 bytes behind its start.
        let start = other.virtual_address.unwrap();
        other.virtual_size = Some(virtual_size);
        pe.sections.push(Section { virtual_address: Some(start + 0x100), ..Section::new(b".next", b"next") });
        assert_eq!(refused(&pe.build(), None).map(|(reason, _)| reason), wanted, "{virtual_size:#x}");
    }
}

#[test]
fn it_is_a_program_for_this_processor() {
    let mut file = plain().unsigned();
    for (at, value, detail) in
        [(4, 0xaa64_u16, "Machine 0xaa64, wanted 0x8664"), (24 + 68, 11, "Subsystem 11, wanted 10")]
    {
        let field = 0x80 + at..0x80 + at + 2;
        let before = file[field.clone()].to_vec();
        file[field.clone()].copy_from_slice(&value.to_le_bytes());
        assert_eq!(refused(&file, None), Some((Reason::PeHeader, detail.to_owned())));
        file[field].copy_from_slice(&before);
    }
}

#[test]
fn a_profile_completes_the_base() {
    let file = with(vec![
        Section::new(b".profile", *b"ID=main\nTITLE=\"Main boot\"\n"),
        Section::new(b".profile", *b"# the other\nTITLE=Reset\nID='reset'"),
        Section::new(b".cmdline", *b"reset"),
        Section::new(b".profile", *b"TITLE=Nameless"),
        Section::new(b".initrd", *b"070702"),
    ]);
    let rows = [
        (None, Some(0), "root=/dev/vda1", "070701"),
        (Some("0"), Some(0), "root=/dev/vda1", "070701"),
        (Some("main"), Some(0), "root=/dev/vda1", "070701"),
        (Some("reset"), Some(1), "reset", "070701"),
        (Some("@1"), Some(1), "reset", "070701"),
        (Some("2"), Some(2), "root=/dev/vda1", "070702"),
    ];
    for (wanted, number, cmdline, initrd) in rows {
        let parsed = Parsed::with_profile(file.as_slice(), wanted);
        let uki = parsed.uki().unwrap().unwrap();
        assert_eq!((uki.chosen, uki.text(&file, Name::Cmdline)), (number, Some(cmdline)), "{wanted:?}");
        assert_eq!(uki.content(&file, Name::Initrd), Some(initrd.as_bytes()), "{wanted:?}");
    }
    let titles: Vec<_> = Parsed::new(file.as_slice()).uki().unwrap().unwrap().profiles.clone();
    assert_eq!(titles[0], Profile { id: Some("main".into()), title: Some("Main boot".into()) });
    let there = "there are 0 (main), 1 (reset), 2";
    for none in ["3", "Reset", ""] {
        let wanted = format!("{none} was asked for, and {there}");
        assert_eq!(refused(&file, Some(none)), Some((Reason::UkiProfile, wanted)));
    }
}

#[test]
fn each_fault_of_a_profile_is_refused() {
    let rows: [(&[&'static [u8]], &str); 6] = [
        (&[b"ID=a", b"ID=a"], "profile 1: it has the ID of profile 0"),
        (&[b"ID=1"], "profile 0: ID \"1\" is not printable ASCII without blanks, or is a number"),
        (&[b"ID=@1"], "profile 0: ID \"@1\" is not printable ASCII without blanks, or is a number"),
        (&[b"ID=a b"], "profile 0: ID \"a b\" is not printable ASCII without blanks, or is a number"),
        (&[b"ID=a\nID=b"], "profile 0: ID is given twice"),
        (&[b"main"], "profile 0: \"main\" is no assignment"),
    ];
    for (profiles, detail) in rows {
        let file = with(profiles.iter().map(|text| Section::new(b".profile", *text)).collect());
        assert_eq!(refused(&file, None), Some((Reason::UkiProfile, detail.to_owned())));
    }
    let none = Some((Reason::UkiProfile, "main was asked for, and the file has no profiles".to_owned()));
    assert_eq!(refused(&plain().unsigned(), Some("main")), none);
    let no_uki = Some((Reason::UkiProfile, "main was asked for, and the file is no UKI".to_owned()));
    assert_eq!(refused(&forge::unsigned_bzimage(), Some("main")), no_uki);
}

#[test]
fn the_kernel_must_be_there_and_fit() {
    let half = &forge::unsigned_bzimage()[..0x5000];
    let cases: [(Option<&[u8]>, Reason, &str); 3] = [
        (None, Reason::UkiMissing, "there is no .linux"),
        (Some(half), Reason::Truncated, ".linux: 20480 bytes of 28672"),
        (Some(b"070701"), Reason::NotAKernel, ".linux: it looks like an initrd"),
    ];
    for (linux, reason, detail) in cases {
        let mut pe = plain().pe();
        pe.sections.pop();
        pe.sections.extend(linux.map(|linux| Section::new(b".linux", linux)));
        place(&mut pe);
        assert_eq!(refused(&pe.build(), None), Some((reason, detail.to_owned())));
    }
}

#[test]
fn the_kernel_is_that_of_the_profile_and_of_uname() {
    let other = uki::Uki { uname: Some("6.12.0-other\n".into()), ..plain() }.unsigned();
    let wanted = ".uname is \"6.12.0-other\", .linux is \"6.12.0-forge\"";
    assert_eq!(refused(&other, None), Some((Reason::UkiUname, wanted.to_owned())));
    // Only the second profile has a kernel.
    let mut pe = plain().pe();
    let linux = pe.sections.pop().unwrap();
    pe.sections.extend([Section::new(b".profile", *b"ID=a"), Section::new(b".profile", *b"ID=b"), linux]);
    place(&mut pe);
    let file = pe.build();
    assert_eq!(refused(&file, None), Some((Reason::UkiMissing, "there is no .linux for profile 0".to_owned())));
    assert_eq!(refused(&file, Some("b")), None);
}
