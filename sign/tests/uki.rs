//! `skexec-sign uki`: images and add-ons on a stub.
#![allow(
    clippy::unwrap_used,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on has failed, and these files are small"
)]

mod support;

use forge::bzimage::{BzImage, RELEASE};
use forge::pe::{Pe, Section, get16, get32};
use skexec::image::pe;
use skexec::trust::Signature::Embedded;
use support::{Place, Run, errno, trust, verdict};

const IMAGE: &str = "uki --key {}/p256.key --cert {}/p256.pem --stub {}/stub --linux {}/linux -o {}/out";
const ADDON: &str = "uki --key {}/p256.key --cert {}/p256.pem --stub {}/stub --addon -o {}/out";
const STUB_SBAT: &str = "sbat,1,SBAT Version,sbat,1,x\nsystemd-stub,1,a,b,c,d\n";

/// A stub whose headers have room for many sections; each section is on a page of its own.
fn stub(change: impl FnOnce(&mut Pe)) -> Vec<u8> {
    let place = |section, page: u32| Section { virtual_address: Some(page * 0x1000), ..section };
    let sections = vec![
        place(Section::new(b".text", vec![0x90; 0x300]), 1),
        place(Section { virtual_size: Some(STUB_SBAT.len() as u32), ..Section::new(b".sbat", padded(STUB_SBAT)) }, 2),
    ];
    let mut pe = Pe { lfanew: 0x80, image_size: 0x3000, entry: 0x1000, ..Pe::new(0x600, sections) };
    change(&mut pe);
    pe.build()
}

fn padded(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(0x200, 0);
    bytes
}

fn place(stub: &[u8]) -> Place {
    let place = Place::new(&["p256"]);
    place.write("stub", stub);
    place.write("linux", &forge::unsigned_bzimage());
    place.write("first", b"an initrd");
    place.write("second", b"another");
    place.write("osrel", b"ID=x\n");
    place
}

/// Name, address, flags and content of each section, from the headers.
fn sections(image: &[u8]) -> Vec<(String, u32, u32, Vec<u8>)> {
    let coff = get32(image, 0x3c) as usize;
    let table = coff + 24 + usize::from(get16(image, coff + 20));
    let rows = (0..usize::from(get16(image, coff + 6))).map(|row| &image[table + row * 40..][..40]);
    let section = |row: &[u8]| {
        let name = String::from_utf8(row[..8].to_vec()).unwrap().trim_end_matches('\0').to_owned();
        let (size, at) = (get32(row, 8) as usize, get32(row, 20) as usize);
        (name, get32(row, 12), get32(row, 36), image[at..at + size].to_vec())
    };
    rows.map(section).collect()
}

fn content<'a>(sections: &'a [(String, u32, u32, Vec<u8>)], name: &str) -> &'a [u8] {
    &sections.iter().find(|section| section.0 == name).unwrap().3
}

#[test]
fn an_image_has_its_parts_in_order() {
    let place = place(&stub(|_| {}));
    let more = "--initrd {}/first --initrd {}/second --ucode {}/second --cmdline quiet --osrel {}/osrel --profile rescue=single";
    let said = place.sign(&format!("{IMAGE} {more}"));
    let wanted = "{}/out: a unified kernel image on {}/stub, signed by O=skexec tests, CN=skexec test p256, sha256:";
    assert!(said.starts_with(wanted), "{said}");
    let image = place.read("out");
    assert_eq!(verdict(&image, Embedded, &trust()), "trusted");
    pe::Pe::parse(&image).unwrap().check_coverage().unwrap();

    let sections = sections(&image);
    let names: Vec<_> = sections.iter().map(|section| section.0.as_str()).collect();
    let order = [".osrel", ".cmdline", ".uname", ".ucode", ".initrd", ".linux", ".profile", ".profile", ".cmdline"];
    assert_eq!(names, [&[".text", ".sbat"], &order[..]].concat());
    assert_eq!(content(&sections, ".initrd"), b"an initrd\0\0\0another");
    assert_eq!(content(&sections, ".ucode"), b"another");
    assert_eq!(content(&sections, ".osrel"), b"ID=x\n");
    assert_eq!(content(&sections, ".cmdline"), b"quiet");
    assert_eq!(content(&sections, ".uname"), RELEASE.as_bytes());
    assert_eq!(content(&sections, ".linux"), forge::unsigned_bzimage());
    let profiles: Vec<_> = sections[8..].iter().map(|section| String::from_utf8(section.3.clone()).unwrap()).collect();
    assert_eq!(profiles, ["ID=main\n", "ID=rescue\n", "single"]);

    let mut free = 0x1000;
    for (name, address, flags, content) in &sections {
        assert!(*address == free && address.is_multiple_of(0x1000), "{name} at {address:#x}");
        assert_eq!(*flags, if name == ".linux" { 0x6000_0020 } else { 0x4000_0040 }, "{name}");
        free = (address + content.len() as u32).next_multiple_of(0x1000);
    }
    assert_eq!(get32(&image, 0x80 + 24 + 56), free, "SizeOfImage");
}

#[test]
fn sbat_names_stub_kernel_and_image() {
    let place = place(&stub(|_| {}));
    place.write(
        "linux",
        &BzImage::default().pe(|pe| pe.sections.push(Section::new(b".sbat", padded("linux.test,3,a,b,c,d")))).build(),
    );
    place.sign(IMAGE);
    let sections = sections(&place.read("out"));
    let text = String::from_utf8(content(&sections, ".sbat").to_vec()).unwrap();
    let components: Vec<_> = text.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(components, ["sbat", "systemd-stub", "linux.test", "uki"]);
}

#[test]
fn the_kernel_is_signed_if_asked() {
    let place = place(&stub(|_| {}));
    for (option, wanted, number) in [("", "unsigned", Some(-61)), ("--sign-kernel", "trusted", Some(0))] {
        place.sign(&format!("{IMAGE} {option}"));
        let sections = sections(&place.read("out"));
        let kernel = content(&sections, ".linux");
        assert_eq!(verdict(kernel, Embedded, &trust()), wanted);
        assert_eq!(errno(kernel, &trust()) == Some(0), number == Some(0));
    }
}

#[test]
fn an_add_on_extends_an_image() {
    let place = place(&stub(|pe| drop(pe.sections.pop())));
    place.sign(&format!("{ADDON} --cmdline console=ttyS0 --initrd {{}}/first --ucode {{}}/second --uname 6.1"));
    let image = place.read("out");
    assert_eq!(verdict(&image, Embedded, &trust()), "trusted");
    let sections = sections(&image);
    let names: Vec<_> = sections.iter().map(|section| section.0.as_str()).collect();
    assert_eq!(names, [".text", ".sbat", ".cmdline", ".uname", ".ucode", ".initrd"]);
    assert!(content(&sections, ".sbat").starts_with(b"sbat,1,"));
}

/// Firmware that enforces NX_COMPAT starts no kernel without it.
#[test]
fn the_image_claims_nx_compat_only_with_its_kernel() {
    let place = place(&stub(|_| {}));
    for nx in [true, false] {
        let mut kernel = forge::unsigned_bzimage();
        let at = BzImage::default().pe.lfanew + 24 + 70;
        kernel[at + 1] = u8::from(nx);
        place.write("linux", &kernel);
        place.sign(IMAGE);
        assert_eq!(get16(&place.read("out"), 0x80 + 24 + 70), u16::from(nx) << 8);
    }
}

#[test]
fn a_symbol_table_is_taken_off() {
    let mut stub = stub(|pe| pe.tail = vec![7; 100]);
    stub[0x80 + 12] = 1;
    let place = place(&stub);
    place.sign(IMAGE);
    let image = place.read("out");
    assert_eq!(image[0x80 + 12..0x80 + 20], [0; 8]);
    assert_eq!(verdict(&image, Embedded, &trust()), "trusted");
}

const WHERE: &str = "  do: give the stub of systemd-boot with --stub; Debian's package systemd-boot-efi has it\n";

#[test]
fn an_unsuitable_stub_is_refused() {
    let signed = {
        let place = place(&stub(|_| {}));
        place.sign("image --key {}/p256.key --cert {}/p256.pem {}/stub");
        place.read("stub")
    };
    let with_cmdline = stub(|pe| {
        pe.sections.push(Section { virtual_address: Some(0x3000), ..Section::new(b".uname", vec![1]) });
    });
    let rows = [
        (signed, format!("the stub is signed; sections cannot be appended to it\n{WHERE}")),
        (with_cmdline, format!("the stub has a section .uname already\n{WHERE}")),
        (
            stub(|pe| (pe.headers, pe.lfanew) = (0x200, 0xc0)),
            "its headers have no room for another section (.linux)\n  \
             do: use the stub of systemd 257 or later, or fewer options and profiles\n"
                .to_owned(),
        ),
        (
            stub(|pe| pe.sections[1].raw_size = Some(0x100)),
            format!("the stub's last section does not end on its FileAlignment\n{WHERE}"),
        ),
    ];
    for (stub, wanted) in rows {
        let place = place(&stub);
        assert_eq!(place.run(IMAGE), Run::failed(4, &format!("skexec-sign: {{}}/stub: {wanted}")));
        assert!(!place.path("out").exists());
    }
    let place = place(&stub(|pe| pe.machine = 0xaa64));
    let wanted = "skexec-sign: {}/stub and {}/linux are for different processors\n  \
                  do: give the stub of the kernel's processor with --stub\n";
    assert_eq!(place.run(IMAGE), Run::failed(4, wanted));
    let missing = place.run(&IMAGE.replace("/stub", "/none"));
    assert_eq!(
        missing.err,
        format!("skexec-sign: cannot read {{}}/none: No such file or directory (os error 2)\n{WHERE}")
    );
}

#[test]
fn unsuitable_parts_are_refused() {
    let place = place(&stub(|_| {}));
    place.write("empty", b"");
    place.write("elf", b"\x7fELF\x02\x01\x01");
    let rows = [
        ("--initrd {}/empty", 4, "{}/empty: the file is empty\n"),
        ("--osrel {}/empty", 2, ".osrel would be empty\n  do: leave the option out, or give it a content\n"),
        ("--profile a=x --profile a=y", 2, "two profiles have the same ID\n"),
    ];
    for (args, exit, wanted) in rows {
        assert_eq!(place.run(&format!("{IMAGE} {args}")), Run::failed(exit, &format!("skexec-sign: {wanted}")));
    }
    let elf = place.run(&IMAGE.replace("/linux", "/elf"));
    assert!(elf.exit == 4 && elf.err.starts_with("skexec-sign: {}/elf: "), "{}", elf.err);
    for args in ["--profile x", "--profile main=x", "--profile a=", "--addon", "--uname"] {
        assert_eq!(place.run(&format!("{IMAGE} {args}")).exit, 2, "{args}");
    }
    for args in ["--osrel {}/osrel", "--sign-kernel", "--profile a=b"] {
        assert_eq!(place.run(&format!("{ADDON} --cmdline x {args}")).exit, 2, "{args}");
    }
    let nothing = Run::failed(2, "skexec-sign: an add-on must add --cmdline, --ucode or --initrd\n");
    assert_eq!(place.run(&format!("{ADDON} --uname 6.1")), nothing);
    assert!(!place.path("out").exists());
}
