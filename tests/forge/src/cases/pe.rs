//! The PE headers: fields with wrong values, set before or after signing.

use super::{Case, EKEYREJECTED, ELIBBAD, ENODATA, case};
use crate::bzimage::BzImage;
use crate::pe::{Pe, put16, put32};
use crate::recipe::Recipe;

const LFANEW: usize = 0x40;
const OPTIONAL: usize = LFANEW + 24;
const CHECKSUM: usize = OPTIONAL + 64;
/// The fifth data directory.
const CERTIFICATE: usize = OPTIONAL + 112 + 4 * 8;

pub(crate) fn cases() -> Vec<Case> {
    [flipped(), directory_entry(), headers(), signed_wrong()].concat()
}

/// The baseline, changed after it was signed.
fn tampered(name: &str, about: &str, change: impl FnOnce(&mut Vec<u8>) + 'static) -> Case {
    case(name, about, Recipe::new().file(change).build())
}

/// Signed with this PE header.
fn laid_out(name: &str, about: &str, change: impl FnOnce(&mut Pe)) -> Case {
    case(name, about, Recipe::new().image(BzImage::default().pe(change).build()).build())
}

fn flipped() -> Vec<Case> {
    vec![
        case("A000_ok_rsa2048_sha256", "the good baseline", crate::signed_bzimage()),
        case("A002_pe_unsigned", "no certificate table at all", crate::unsigned_bzimage()).reject(ENODATA, "unsigned"),
        tampered("A005_pe_flip_text", "a bit of .text", |f| f[0x2345] ^= 1).reject(EKEYREJECTED, "digest-mismatch"),
        tampered("A006_pe_flip_setup_hdr", "syssize in the setup header", |f| f[0x1f4] ^= 1)
            .reject(EKEYREJECTED, "digest-mismatch"),
        tampered("A007_pe_flip_checksum", "CheckSum is not hashed", |f| f[CHECKSUM] ^= 1),
        tampered("D005_flip_first_header_byte", "a byte of the DOS header", |f| f[2] ^= 1)
            .reject(EKEYREJECTED, "digest-mismatch"),
        tampered("D005_flip_last_section_byte", "the last byte before the table", |f| f[0x6fff] ^= 1)
            .reject(EKEYREJECTED, "digest-mismatch"),
        tampered("D005_flip_section_name", "a section's name", |f| f[LFANEW + 24 + 160 + 1] ^= 1)
            .reject(EKEYREJECTED, "digest-mismatch"),
    ]
}

fn directory_entry() -> Vec<Case> {
    let address = |value: u32| move |f: &mut Vec<u8>| put32(f, CERTIFICATE, value);
    let size = |value: u32| move |f: &mut Vec<u8>| put32(f, CERTIFICATE + 4, value);
    let bounds = |case: Case| case.reject(ELIBBAD, "cert-table-bounds");
    let past = |f: &mut Vec<u8>| {
        let end = f.len() as u32;
        put32(f, CERTIFICATE, end);
    };
    let shorter = |f: &mut Vec<u8>| f.truncate(f.len() - 16);
    vec![
        tampered("A003_pe_certdir_va0", "address 0 in the directory", address(0)).reject(ENODATA, "unsigned"),
        tampered("A004_pe_certdir_size0", "size 0 in the directory", size(0)).reject(ENODATA, "unsigned"),
        tampered("A010_pe_append_after_table", "bytes behind the table", |f| f.extend([0; 16]))
            .reject(EKEYREJECTED, "cert-table-bounds"),
        bounds(tampered("A011_pe_truncate16", "the last 16 bytes cut off", shorter)),
        bounds(tampered("A012_pe_certva_in_header", "the table in the headers", address(0x200))),
        bounds(tampered("A013_pe_certva_in_section", "the table in .text", address(0x3000))),
        bounds(tampered("A014_pe_certva_past_eof", "the table behind the end", past)),
        bounds(tampered("A015_pe_certsize_wrap", "address + size wraps 32 bits", size(0xffff_f000))),
        bounds(tampered("D021_certdir_size_plus8", "a table longer than the file", |f| f[CERTIFICATE + 4] += 8)),
        tampered("D021_certdir_size_minus8", "the table ends before the file", |f| f[CERTIFICATE + 4] -= 8)
            .reject(ELIBBAD, "cert-table-bounds"),
    ]
}

fn headers() -> Vec<Case> {
    let header = |case: Case| case.reject(ELIBBAD, "pe-header");
    vec![
        tampered("A027_pe_bad_mz", "MZ damaged, the bzImage still valid", |f| f[0] = b'N').reject(ELIBBAD, "unsigned"),
        header(tampered("A028_pe_bad_pesig", "PE damaged", |f| f[LFANEW] = b'Q')),
        tampered("A029_pe_bad_optmagic", "an optional header of no known kind", |f| put16(f, OPTIONAL, 0x1234))
            .reject(ELIBBAD, "pe-magic"),
        header(tampered("A030_pe_lfanew_wrap", "e_lfanew near 2^32", |f| put32(f, 0x3c, 0xffff_fff0))),
        header(tampered("A031_pe_lfanew_in_dos", "e_lfanew within the DOS header", |f| put32(f, 0x3c, 0x20))),
        tampered("A032_pe_hdrsize_small", "SizeOfHeaders before the section table's end", |f| {
            put32(f, OPTIONAL + 60, 0x80);
        })
        .reject(ELIBBAD, "pe-nsec"),
        header(tampered("A033_pe_hdrsize_huge", "SizeOfHeaders behind the end", |f| {
            put32(f, OPTIONAL + 60, 0x7fff_ffff);
        })),
        tampered("A034_pe_ndd_huge", "2^28 data directories", |f| put32(f, OPTIONAL + 108, 0x1000_0000))
            .reject(ELIBBAD, "pe-dirs"),
        tampered("A035_pe_nsec_ffff", "65535 sections", |f| put16(f, LFANEW + 6, 0xffff)).reject(ELIBBAD, "pe-nsec"),
        header(tampered("D022_lfanew_last_bytes", "the PE header cut by the end", |f| {
            let last = f.len() as u32 - 8;
            put32(f, 0x3c, last);
        })),
        header(tampered("D023_hdrsize_is_file_size", "SizeOfHeaders equal to the file's size", |f| {
            let all = f.len() as u32;
            put32(f, OPTIONAL + 60, all);
        })),
    ]
}

/// Wrong values that the signature covers.
fn signed_wrong() -> Vec<Case> {
    vec![
        laid_out(
            "A036_pe_signed_opthdrsize0",
            "SizeOfOptionalHeader 0: firmware looks elsewhere for the sections",
            |pe| {
                pe.says_optional_size = Some(0);
            },
        )
        .stricter("pe-opthdr-size"),
        laid_out("D026_opthdr_size_plus8", "SizeOfOptionalHeader 8 more than the directories take", |pe| {
            pe.says_optional_size = Some(112 + 7 * 8);
        })
        .stricter("pe-opthdr-size"),
        laid_out("D035_machine_arm64", "Machine says ARM64; the kernel does not look", |pe| pe.machine = 0xaa64)
            .stricter("pe-header"),
        laid_out("D024_dirs_16", "sixteen directories, as EDK2 writes them", |pe| pe.directories = 16),
        laid_out("D024_dirs_17", "seventeen: the section table starts among zeros", |pe| {
            pe.says_directories = Some(17)
        })
        .stricter("pe-dirs"),
        laid_out("D024_dirs_5", "five directories: just enough", |pe| pe.directories = 5),
        laid_out("D024_dirs_4", "four: the kernel takes the first section's name for the table", |pe| {
            pe.directories = 4
        })
        .stricter("pe-dirs"),
        laid_out("D024_dirs_3", "three: the table is the first section's VirtualSize and address", |pe| {
            pe.directories = 3;
        })
        .stricter("pe-dirs"),
        laid_out("D024_dirs_0", "none: the table is among the first section's relocations", |pe| pe.directories = 0)
            .stricter("pe-dirs"),
        laid_out("E_pe32_bzimage", "a 32-bit optional header around a 64-bit kernel", |pe| pe.pe32 = true)
            .stricter("pe-magic"),
        laid_out("E_lfanew_far", "the PE header behind the setup header, as before 6.7", |pe| pe.lfanew = 0x280),
        laid_out("E_lfanew_odd", "e_lfanew not aligned, as in kernels of 3.x", |pe| pe.lfanew = 0x282),
    ]
}
