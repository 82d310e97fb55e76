//! The fuzzer's seeds: the forge's valid and invalid files. They are generated, not committed.

mod bundles;
mod machines;

use crate::patched::PATCH;
use forge::cms::Plain;
use forge::der::{Node, ctx, generalized_time, int, oid, seq};
use forge::pe::{Pe, Section};
use forge::pkcs7::{SignerInfo, attribute};
use forge::pki;
use forge::recipe::Recipe;
use forge::uki::Uki;
use forge::vmlinux::{INVERSE, LONG, Vmlinux, WORD};
use forge::wincert::directory;
use skexec::image::cpio::{Entry, archive};
use skexec::image::pe;
use skexec::tpm::log::Log;
use skexec::tpm::{Hash, Pcr};
use skexec::trust::authenticode::signatures;

/// An input: its target and its bytes.
pub type Seed = (&'static str, Vec<u8>);

/// The fields of the DOS header, setup_header, COFF header and optional header that a parser reads.
const FIELDS: [(u16, [u8; 2]); 12] = [
    (0x3c, [0x48, 0]),
    (0x1f1, [0, 0]),
    (0x1f4, [0xff, 0xff]),
    (0x1fe, [0, 0]),
    (0x201, [0x80, 0x48]),
    (0x206, [0x0b, 2]),
    (0x211, [0, 0]),
    (0x230, [3, 0]),
    (0x236, [1, 0]),
    (0x238, [29, 0]),
    (0x260, [0, 0]),
    (0x7000, [0, 0]),
];
/// The number of header bytes after `PE\0\0`.
const PE_HEADERS: u16 = 0x110;

/// All of them.
#[must_use]
pub fn seeds() -> Vec<Seed> {
    [
        files(),
        ukis(),
        timestamps(),
        messages(),
        patches(),
        lists(),
        texts(),
        maps(),
        entries(),
        payloads(),
        archives(),
        machines::seeds(),
    ]
    .concat()
}

/// Those of one target.
#[must_use]
pub fn of(target: &str, seeds: &[Seed]) -> Vec<Vec<u8>> {
    seeds.iter().filter(|(of, _)| *of == target).map(|(_, bytes)| bytes.clone()).collect()
}

/// Whole files; their headers alone, which suffice for the header parsers; and their messages alone.
fn files() -> Vec<Seed> {
    let cases = forge::cases().into_iter().map(|case| case.image);
    let others = [forge::uki(Some(b"070701"), Some("quiet")), forge::uki(None, None), forge::unsigned_bzimage()];
    let mut seeds = Vec::new();
    for file in cases.chain(others).chain(forge::messages().into_iter().map(|message| message.file)) {
        seeds.extend([("bzimage", cut(&file)), ("pe", file.clone())]);
        seeds.extend(embedded(&file).into_iter().flat_map(of_message));
        seeds.extend([("judge", file.clone()), ("inspect", file)]);
    }
    seeds.extend(bundles::seeds());
    seeds
}

/// Signatures with time stamps beside them, in the forms that are in use.
fn timestamps() -> Vec<Seed> {
    vec![
        beside("1.3.6.1.4.1.311.3.3.1", |_| token()),
        beside("1.2.840.113549.1.9.16.2.14", |_| token()),
        beside("1.2.840.113549.1.9.6", |signed| signed.node()),
    ]
}

/// A signature with this attribute, which it does not cover.
fn beside(id: &'static str, value: fn(&SignerInfo) -> Node) -> Seed {
    let edit = move |signed: &mut SignerInfo| {
        signed.unauthenticated = Some(ctx(1, vec![attribute(id, vec![value(signed)])]));
    };
    ("inspect", Recipe::new().signed(edit).build())
}

/// A signed `TSTInfo` (RFC 3161, 2.4.2).
fn token() -> Node {
    let info = seq(vec![int(1), oid("1.2.3"), seq(vec![]), int(7), generalized_time("20260102030405Z")]);
    let how = Plain { embedded: true, content_type: "1.2.840.113549.1.9.16.1.4", ..Plain::detached() };
    Node::parse(&how.sign(&info.encode(), &pki::signer()))
}

/// UKIs with and without profiles, and an add-on. None is signed: the parser does not look.
fn ukis() -> Vec<Seed> {
    let plain = Uki::new(forge::unsigned_bzimage());
    let full = Uki { initrd: Some(b"070701".to_vec()), cmdline: Some("quiet".into()), ..plain.clone() };
    let profiles = Uki {
        extra: vec![
            Section::new(b".ucode", *b"070701"),
            Section::new(b".profile", *b"ID=main\nTITLE=\"Main boot\"\n"),
            Section::new(b".cmdline", *b"quiet"),
            Section::new(b".profile", *b"ID=other"),
            Section::new(b".dtb", *b"a tree"),
            Section::new(b".dtb", *b"a tree"),
        ],
        ..full.clone()
    };
    let addon = Pe { image_size: 0x10_0000, ..Pe::new(0x600, vec![Section::new(b".cmdline", *b"quiet")]) };
    [plain.unsigned(), full.unsigned(), profiles.unsigned(), addon.build()].map(|file| ("uki", file)).to_vec()
}

/// The headers, changed so that the file ends after them.
fn cut(file: &[u8]) -> Vec<u8> {
    let mut headers = file[..file.len().min(0x1000)].to_vec();
    if headers.len() == 0x1000 {
        headers[0x1f1] = 1;
        headers[0x1f4..0x1f8].copy_from_slice(&[0xc0, 0, 0, 0]);
    }
    headers
}

fn embedded(file: &[u8]) -> Option<Vec<u8>> {
    let table = pe::Pe::parse(file).ok()?.certificate_table?;
    signatures(&file[table]).ok()?.first().map(|body| body.to_vec())
}

fn of_message(message: Vec<u8>) -> Vec<Seed> {
    let chosen = |choice: u8| ("chain", [&[choice], message.as_slice()].concat());
    vec![chosen(1), chosen(2), chosen(7), ("pkcs7", message)]
}

fn messages() -> Vec<Seed> {
    forge::messages().into_iter().filter_map(|message| message.signature).flat_map(of_message).collect()
}

fn patches() -> Vec<Seed> {
    let pe = u16::try_from(directory(&forge::unsigned_bzimage())).unwrap() & !0xff;
    let pe_fields = (pe..pe + PE_HEADERS).step_by(4).map(|offset| (offset, [0, 0x10]));
    let mut scripts = vec![Vec::new()];
    for (offset, value) in FIELDS.into_iter().chain(pe_fields) {
        for flags in 0..4 {
            let script = [&[flags], offset.to_le_bytes().as_slice(), &value].concat();
            assert_eq!(script.len(), PATCH);
            scripts.push(script);
        }
    }
    scripts.into_iter().map(|script| ("kernel", script)).collect()
}

fn lists() -> Vec<Seed> {
    let cases = forge::esl::cases().into_iter().map(|case| case.bytes);
    let hash = [b"tbs:".to_vec(), b"5a".repeat(48)].concat();
    let lists = cases.chain([forge::db_esl(), forge::dbx_esl(), hash]);
    lists.flat_map(|bytes| [("esl", bytes.clone()), ("inspect", bytes)]).collect()
}

/// An initrd with microcode in front, alone, cut and padded.
fn archives() -> Vec<Seed> {
    let code = Entry::file("kernel/x86/microcode/GenuineIntel.bin", 0o644, b"code");
    let early = archive(&[code]).unwrap_or_default();
    let main = archive(&[Entry::folder("usr", 0o755), Entry::file("init", 0o755, b"#!/bin/sh")]).unwrap_or_default();
    let padded = [early.as_slice(), &[0; 8], &main].concat();
    let cut = main[..main.len() / 2].to_vec();
    let packed = STREAMS.map(|stream| [early.as_slice(), stream].concat());
    [early, main, cut, padded].into_iter().chain(packed).map(|bytes| ("archive", bytes)).collect()
}

/// A manifest with every key, and a command line.
fn bound(given: &str) -> Vec<u8> {
    let digest = "0a".repeat(32);
    let file = |name: &str| format!("sha256 = \"{digest}\"\nsize = 8\nfile = \"{name}\"\n");
    let (kernel, initrd) = (file("vmlinuz"), file("initrd.img"));
    format!(
        "manifest = 1\nname = \"acme-boot\"\nversion = 7\ncmdline = \"root=/dev/vda2 ro quiet\"\n[kernel]\n{kernel}[[initrd]]\n\
         {initrd}[[initrd]]\n{initrd}[vary]\nconsole = [\"ttyS[0-9]*\", \"tty?\"]\nquiet = [\"\"]\nloglevel = [\"[1-7]\", \"*a*b\"]\n\
         \0{given}"
    )
    .into_bytes()
}

/// Every key of a policy, in each syntax that TOML has for it.
const POLICY: &str = r#"unsigned = "if-not-enforced"
insecure-unsigned = 'forbidden'
require = ["kernel", "initrd", "cmdline"]
signed-cmdline = """append"""
signed-initrd = "append"
inject = ["/etc/hostname"]
credentials = [ # names
    "luks",
]
ignore-revocations = ["dbx", "\u00e9"]
least.rsa-bits = 3_072
least.ec-bits = 0x180
[least.version]
"acme-boot" = 7
[measure]
at = "exec"
kernel = 11
[signers]
kernel = ["certificate:0101010101010101010101010101010101010101010101010101010101010101"]
manifest = ["key:abababababababababababababababababababababababababababababababab"]
"#;

fn texts() -> Vec<Seed> {
    let level = forge::sbat::LEVEL.as_bytes().to_vec();
    let elf = [b"\x7fELF\x02\x01\x01".as_slice(), &[0; 9], &[2, 0, 0x3e, 0, 1, 0, 0, 0], &[0; 96]].concat();
    vec![
        ("sbat", forge::sbat::section("forge", "2")),
        ("sbat", level),
        ("sbat", b"\xef\xbb\xbfsbat,1,a,b,c,d\r\nforge,2,a,b,c,d\0\0".to_vec()),
        ("bzimage", b"BOOT_IMAGE=/vmlinuz root=/dev/vda1 quiet dyndbg=\"file a.c +p\"\n\nquiet console".to_vec()),
        ("manifest", bound("root=/dev/vda2 ro console=tty0 quiet console=ttyS1,115200n8")),
        ("manifest", bound("root=/dev/vda2 dyndbg=\"file a.c +p\" ro -- quiet")),
        ("manifest", bound("root=/dev/vda2 ro \"console=ttyS0 init=/bin/sh\"")),
        ("manifest", b"# comment\n\nmanifest = 2\n".to_vec()),
        ("policy", include_bytes!("../../../dist/etc/policy.toml").to_vec()),
        ("policy", POLICY.as_bytes().to_vec()),
        ("tcglog", events()),
        ("elf", vmlinux()),
        ("elf", elf),
        ("initrd", b"\x06070701\x07070702x\x01\x1f".to_vec()),
        ("initrd", b"\x01\x28".to_vec()),
    ]
}

/// A log of events that begins with what registers hold.
fn events() -> Vec<u8> {
    let mut log = Log::new(&[Hash::Sha1, Hash::Sha256]);
    log.begin(Pcr(9), &vec![(Hash::Sha1, vec![1; 20]), (Hash::Sha256, vec![2; 32])]);
    log.add(Pcr(9), b"skexec initrd none");
    log.add(Pcr(8), b"skexec cmdline quiet");
    log.bytes().to_vec()
}

/// A small ELF kernel: text with the banner and both signs, a segment with virtual address 0 like the one of per-CPU data, and data
/// with a .bss.
fn vmlinux() -> Vec<u8> {
    let mut file = vec![0; 0x300];
    let mut put = |offset: usize, bytes: &[u8]| file[offset..offset + bytes.len()].copy_from_slice(bytes);
    put(0, b"\x7fELF\x02\x01\x01");
    put(0x10, &[2, 0, 0x3e, 0, 1]);
    put(0x18, &0x100_0040u64.to_le_bytes());
    put(0x20, &[0x40]);
    put(0x34, &[0x40, 0, 0x38, 0, 3, 0, 0x40, 0]);
    let segments = [
        (0x100u64, 0xffff_ffff_8100_0000u64, 0x100_0000u64, 0x100u64, 0x100u64),
        (0x200, 0, 0x100_1000, 0x80, 0x80),
        (0x280, 0xffff_ffff_8100_2000, 0x100_2000, 0x80, 0x2345),
    ];
    for (index, (offset, virtual_address, physical, in_file, in_memory)) in segments.into_iter().enumerate() {
        let at = 0x40 + 0x38 * index;
        put(at, &[1, 0, 0, 0, 7]);
        for (place, value) in [offset, virtual_address, physical, in_file, in_memory].into_iter().enumerate() {
            put(at + 8 + 8 * place, &value.to_le_bytes());
        }
    }
    put(0x100, b"\0Linux version 6.1.0-test (x@y) #1 SMP\n\0ptrs_per_p4d\0kexec_loaded\0");
    file
}

/// /proc/iomem, the firmware's table in the same form, and pieces.
fn maps() -> Vec<Seed> {
    let bios = "00000000-00000fff : Reserved\n00001000-0009fbff : System RAM\n00100000-1ffddfff : System RAM\n  \
                08000000-0fffffff : Crash kernel\n  13000000-14001ca6 : Kernel code\n  1f000000-1f000fff : Reserved\n\n\
                0-9fbff : System RAM\n100000-1ffddfff : System RAM\nfffc0000-ffffffff : Reserved\n\n\
                purgatory\x01\x02boot_params initrd\x40";
    let efi = "00100000-7a13f017 : System RAM\n7a13f018-7a147a57 : System RAM\n7a147a58-7bfe8fff : System RAM\n\
               7bfe9000-7bfeafff : Reserved\n7eb6d000-7eb7efff : ACPI Tables\n280000000-2bfffffff : Soft Reserved\n  \
               280000000-2bfffffff : dax2.0\n    280000000-2bfffffff : System RAM (kmem)\n\n100000-7e8ecfff : System RAM\n\
               7eb6d000-7eb7efff : ACPI Tables\n7eb7f000-7ebfefff : ACPI Non-volatile Storage\n\nkernel and initrd";
    let hidden = "00000000-00000000 : Reserved\n00000000-00000000 : System RAM\n";
    let alone =
        "1000-1fff : System RAM\n0-ffffffffffffffff : Persistent Memory (legacy)\n100800-fffffffffffffffe : System RAM";
    [bios, efi, hidden, alone].map(|text| ("memory", text.as_bytes().to_vec())).to_vec()
}

/// Boot entries; versions and patterns as their first lines.
fn entries() -> Vec<Seed> {
    let whole = "title Test 1\nsort-key test\nmachine-id 0123\nversion 6.12.0-1\nlinux /abc/6.12/linux\ninitrd /microcode\n\
                 initrd \\abc\\6.12\\initrd\noptions root=/dev/vda2 ro\noptions quiet\narchitecture x64\n";
    let all = [
        whole,
        "uki /EFI/Linux/a.efi\nprofile 2\n",
        "efi \"/EFI/shell.efi\"\r\n# none\ndevicetree /x.dtb\n",
        "linux /a\nuki /b\nuki-url :c\noptions $kernelopts\n",
        "linux /a/../b\ninitrd ./c\n",
        "123~rc1-1\n123^2.a\n00123.1+b",
        "*a?[b-d\\]]*\nxayc\n",
    ];
    all.map(|text| ("entry", text.as_bytes().to_vec())).to_vec()
}

/// A small vmlinux packed in each format.
const STREAMS: [&[u8]; 7] = [
    include_bytes!("../../data/payload/vmlinux.gzip"),
    include_bytes!("../../data/payload/vmlinux.bzip2"),
    include_bytes!("../../data/payload/vmlinux.lzma"),
    include_bytes!("../../data/payload/vmlinux.xz"),
    include_bytes!("../../data/payload/vmlinux.lzo"),
    include_bytes!("../../data/payload/vmlinux.lz4"),
    include_bytes!("../../data/payload/vmlinux.zstd"),
];

/// It packed, and unpacked, also with two lists of relocations, without any, and with one outside.
fn payloads() -> Vec<Seed> {
    let file = Vmlinux::default().build();
    let size = u32::try_from(file.len()).unwrap().to_le_bytes();
    // gzip ends with the size itself.
    let sized = |stream: &[u8]| [stream, if stream.starts_with(b"\x1f\x8b") { &[] } else { &size[..] }].concat();
    let mut seeds = STREAMS.map(|stream| ("payload", sized(stream))).to_vec();
    let lists = [
        Vmlinux::default().lists,
        vec![vec![LONG], vec![WORD]],
        Vec::new(),
        vec![vec![LONG], vec![INVERSE], vec![WORD, 0x8100_6000]],
    ];
    seeds.extend(lists.map(|lists| ("relocations", Vmlinux { lists, ..Vmlinux::default() }.build())));
    seeds
}

#[cfg(test)]
mod tests {
    use super::*;
    use skexec::inspect::Description;

    #[test]
    fn the_time_stamps_are_seen() {
        for ((_, file), kind) in timestamps().into_iter().zip(["rfc3161", "rfc3161", "countersignature"]) {
            let described = Description::with_profile("file".into(), &file, None, Some(&[]));
            let text = serde_json::to_string(&described).unwrap();
            assert!(text.contains(&format!("\"kind\":\"{kind}\"")), "{kind}");
        }
    }
}
