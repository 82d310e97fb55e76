#![allow(clippy::unwrap_used)]

use super::*;
use forge::bzimage::BzImage;
use forge::pe;

const LATEST: &[u8] = b"sbat,1,2025051000\nshim,4\ngrub,5\ngrub.proxmox,2\n";
const SYSTEMD: &[u8] = b"sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\n\
systemd,1,The systemd Developers,systemd,257,https://systemd.io/\n\
systemd.debian,1,Debian,systemd,257.7-1,https://tracker.debian.org/pkg/systemd\n";

#[test]
fn the_level_of_shim() {
    let level = Level::parse(LATEST).unwrap();
    assert_eq!(level.date, "2025051000");
    assert_eq!(level.generations.get(&b"shim"[..]), Some(&4));
    assert_eq!(Level::parse(b"sbat,1,2021030218\n\0\0").unwrap().date, "2021030218");
    let wrong: &[&[u8]] =
        &[b"", b"\0", b"shim,1\n", b"sbat,1\nshim,x\n", b"sbat,1\nshim\n", b"sbat,1\nshim,1\nshim,2\n", b"sbat,1\0x"];
    for text in wrong {
        assert!(Level::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn a_malformed_line_is_shown() {
    let malformed = Level::parse(b"sbat,1\nshim,x\n").unwrap_err();
    assert_eq!(malformed.to_string(), "a generation is no number: \"shim,x\"");
}

#[test]
fn generations_are_numbers_and_lines_have_six_columns() {
    let table: &[(&[u8], bool)] = &[
        (SYSTEMD, true),
        (b"\xef\xbb\xbfsbat,1,a,b,c,d\r\n\r\nlinux,1,a,b,c,d", true),
        (b"sbat,1,a,b,c,d\0\0\0", true),
        (b"linux,1,\xc3\xa9,b,c,d,e", true),
        (b"linux,1,a,b,c", false),
        (b"linux,x,a,b,c,d", false),
        (b"linux,,a,b,c,d", false),
        (b"linux,+1,a,b,c,d", false),
        (b"linux, 1,a,b,c,d", false),
        (b"linux,4294967296,a,b,c,d", false),
        (b",1,a,b,c,d", false),
        (b"linux,1,a,b,c,d\0linux,9,a,b,c,d", false),
        (b"", false),
    ];
    for (text, good) in table {
        assert_eq!(parse_components(text).is_ok(), *good, "{:?}", String::from_utf8_lossy(text));
    }
}

fn image(sections: Vec<pe::Section>) -> Vec<u8> {
    BzImage::default().pe(|pe| pe.sections.extend(sections)).build()
}

fn padded(text: &[u8]) -> pe::Section {
    let mut data = text.to_vec();
    data.resize(text.len().next_multiple_of(512), 0);
    let virtual_size = u32::try_from(text.len()).ok();
    pe::Section { virtual_size, ..pe::Section::new(b".sbat", data) }
}

#[test]
fn an_image_is_checked_by_its_section() {
    let text = |grub: u32| format!("sbat,1,a,b,c,d\ngrub,{grub},a,b,c,d\nlinux,1,a,b,c,d\n").into_bytes();
    let cut = pe::Section { virtual_size: Some(513), ..padded(&text(5)) };
    let relocated = pe::Section { relocations: 1, ..padded(&text(5)) };
    let other = pe::Section { name: b".sbatx", ..padded(&text(4)) };
    let table = [
        ("none", vec![], true),
        ("high enough", vec![padded(&text(5))], true),
        ("higher", vec![padded(&text(6))], true),
        ("too low", vec![padded(&text(4))], false),
        ("components that no level names", vec![padded(SYSTEMD)], true),
        ("two sections", vec![padded(&text(5)), padded(&text(5))], false),
        ("shorter in the file", vec![cut], false),
        ("relocations", vec![relocated], false),
        ("five columns", vec![padded(b"sbat,1,a,b,c\n")], false),
        ("another name", vec![other], true),
    ];
    let level = Level::parse(LATEST).unwrap();
    let malformed = image(vec![padded(b"sbat,1,a,b,c\n")]);
    assert!(check(&Pe::parse(&malformed).unwrap(), &malformed, None).is_err());
    let old = image(vec![padded(&text(1))]);
    assert!(check(&Pe::parse(&old).unwrap(), &old, None).is_ok());
    for (name, sections, allowed) in table {
        let file = image(sections);
        let checked = check(&Pe::parse(&file).unwrap(), &file, Some(&level));
        assert_eq!(checked.as_ref().err().map(|finding| finding.reason), (!allowed).then_some(Reason::Sbat), "{name}");
    }
}
