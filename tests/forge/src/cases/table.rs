//! The attribute certificate table: the lengths of its entries, its padding, and which entry counts.

use super::{Case, EKEYREJECTED, ELIBBAD, EMSGSIZE, ENOKEY, ENOTSUPP, case};
use crate::hash::Hash;
use crate::pki;
use crate::recipe::Recipe;
use crate::wincert::{Entry, Table};

pub(crate) fn cases() -> Vec<Case> {
    [lengths(), kinds(), junk(), several()].concat()
}

fn table(name: &str, about: &str, change: impl FnOnce(&mut Table) + 'static) -> Case {
    case(name, about, Recipe::new().table(change).build())
}

fn first(name: &str, about: &str, change: impl FnOnce(&mut Entry) + 'static) -> Case {
    table(name, about, |t| change(&mut t.entries[0]))
}

fn padded(entry: &Entry) -> u32 {
    (8 + entry.data.len()).next_multiple_of(8) as u32
}

fn lengths() -> Vec<Case> {
    vec![
        first("A001_ok_wincert_unpadded_len", "dwLength without the padding, as pesign writes it", |e| {
            e.count_padding = false;
        }),
        first("A016_pe_wincert_len_gt_table", "dwLength beyond the table", |e| e.length = Some(padded(e) + 64))
            .reject(ELIBBAD, "wincert-length"),
        first("A017_pe_wincert_len0", "dwLength 0: the kernel subtracts eight and wraps", |e| e.length = Some(0))
            .stricter("wincert-length"),
        first("A018_pe_wincert_len4", "dwLength 4", |e| e.length = Some(4)).stricter("wincert-length"),
        first("A019_pe_wincert_len8", "dwLength 8: an entry of nothing, then junk", |e| e.length = Some(8))
            .reject(EKEYREJECTED, "cert-table-junk"),
        first("A020_pe_wincert_len_lt_pkcs7", "dwLength ends within the message", |e| e.length = Some(padded(e) - 16))
            .reject(ELIBBAD, "cert-table-junk"),
        case("A024_pe_table_lt8", "a table of four bytes", {
            let file = Recipe::new().table(|t| t.says_size = Some(4)).build();
            file[..0x7004].to_vec()
        })
        .reject(ELIBBAD, "cert-table-bounds"),
        first("D015_wincert_len7", "dwLength 7, the largest that wraps", |e| e.length = Some(7))
            .stricter("wincert-length"),
        first("D014_wincert_len_max", "dwLength 0xffffffff: rounding it up wraps", |e| e.length = Some(u32::MAX))
            .reject(ELIBBAD, "wincert-length"),
    ]
}

fn kinds() -> Vec<Case> {
    vec![
        first("A021_pe_wincert_rev1", "revision 1.0", |e| e.revision = 0x100).reject(ENOTSUPP, "wincert-type"),
        first("A022_pe_wincert_type_x509", "type 1, a bare certificate", |e| e.kind = 1)
            .reject(ENOTSUPP, "wincert-type"),
        first("A023_pe_wincert_type_guid", "type 0xef1, a GUID", |e| e.kind = 0xef1).reject(ENOTSUPP, "wincert-type"),
        first("D020_wincert_type_reserved", "type 3", |e| e.kind = 3).reject(ENOTSUPP, "wincert-type"),
        case("A025_pe_pkcs7_not_seq", "a SET where the message's SEQUENCE should be", {
            Recipe::new().der(|der| der[0] = 0x31).build()
        })
        .reject(ELIBBAD, "pkcs7"),
        case("A026_pe_pkcs7_len83", "the message's length in three octets where two would do", {
            Recipe::new().tree(|tree| tree.len = crate::der::Len::Octets(3)).build()
        })
        .reject(EMSGSIZE, "pkcs7-size"),
    ]
}

fn junk() -> Vec<Case> {
    let after = |bytes: &[u8]| {
        let bytes = bytes.to_vec();
        Recipe::new().der(move |der| der.extend(bytes)).build()
    };
    vec![
        table("A008_pe_junk_in_cert_table", "16 bytes behind the entry", |t| t.junk = vec![0xaa; 16])
            .stricter("cert-table-junk"),
        case("A009_pe_junk_inside_wincert", "16 bytes behind the message, within dwLength", after(&[0xaa; 16]))
            .stricter("pkcs7-trailing"),
        case("A047_p7_trailing_after_sd", "four bytes behind the message, within dwLength", after(b"JUNK"))
            .stricter("pkcs7-trailing"),
        case("D010_zeros_after_message", "16 zero bytes behind the message: more than padding", after(&[0; 16]))
            .stricter("pkcs7-trailing"),
        table("D006_zeros_in_cert_table", "eight zero bytes behind the entry", |t| t.junk = vec![0; 8])
            .stricter("cert-table-junk"),
        table("D006_junk_4_in_cert_table", "four bytes behind the entry: less than a head", |t| t.junk = vec![0xaa; 4])
            .stricter("cert-table-junk"),
        case("D007_padding_not_zero", "padding between dwLength and the next multiple of eight that is not zero", {
            Recipe::new()
                .table(|t| {
                    assert!(t.entries[0].data.len() % 8 != 0, "nothing to pad");
                    (t.entries[0].count_padding, t.entries[0].padding) = (false, 0xaa);
                })
                .build()
        })
        .stricter("cert-table-junk"),
        case("D007_counted_padding_not_zero", "padding within dwLength that is not zero", {
            Recipe::new().table(|t| t.entries[0].padding = 0xaa).build()
        })
        .stricter("pkcs7-trailing"),
    ]
}

fn several() -> Vec<Case> {
    let stranger = || Entry::pkcs7(Recipe::new().who(pki::stranger()).pkcs7());
    let sha512 = || Entry::pkcs7(Recipe::new().hash(Hash::Sha512).pkcs7());
    let other_image = || {
        let mut image = crate::unsigned_bzimage();
        image[0x3000] ^= 1;
        Entry::pkcs7(Recipe::new().image(image).pkcs7())
    };
    vec![
        table("A044_pe_two_wincert_bad_good", "a stranger's signature first: only the first counts", move |t| {
            t.entries.insert(0, stranger());
        })
        .reject(ENOKEY, "unknown-signer"),
        table("A045_pe_two_wincert_good_bad", "a stranger's signature second", move |t| t.entries.push(stranger())),
        table("A046_pe_two_wincert_good_garbage", "a second entry that is no message", |t| {
            t.entries.push(Entry::pkcs7(vec![0x30, 0x03, 0x02, 0x01, 0x07]));
        })
        .stricter("second-wincert"),
        table("D033_second_other_digest", "a second signature, good, of another image", move |t| {
            t.entries.push(other_image());
        })
        .stricter("second-wincert"),
        table("D033_first_other_digest", "a first signature of another image, a second of this one", move |t| {
            t.entries.insert(0, other_image());
        })
        .reject(EKEYREJECTED, "digest-mismatch"),
        table("D031_two_good", "two good signatures by two digests, as Microsoft's shim has two", move |t| {
            t.entries.push(sha512());
        }),
        table("D031_second_type_x509", "a second entry of type 1", |t| {
            t.entries.push(Entry { kind: 1, ..Entry::pkcs7(crate::signer_der()) });
        })
        .stricter("wincert-type"),
        table("D031_two_unpadded", "two entries, each dwLength without its padding", move |t| {
            t.entries.push(sha512());
            t.entries.iter_mut().for_each(|entry| entry.count_padding = false);
        }),
    ]
}
