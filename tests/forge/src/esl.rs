//! EFI signature lists (UEFI 2.10, 32.4.1), the format of db and dbx; valid and malformed ones.

use crate::bzimage::noise;

pub const X509: &str = "a5c059a1-94e4-4aa7-87b5-ab155c2bf072";
pub const SHA256: &str = "c1c41626-504c-4092-aca9-41f936934328";
pub const X509_SHA256: &str = "3bd2a492-96c0-4079-b420-fcf98ef103ed";
/// The owner of the entries; it has no meaning.
pub const OWNER: &str = "5e4ec0de-0000-4000-8000-000000000001";

/// One EFI_SIGNATURE_LIST; each element without its owner.
#[derive(Debug, Clone)]
pub struct List {
    pub kind: &'static str,
    pub header: Vec<u8>,
    pub elements: Vec<Vec<u8>>,
    pub says_list_size: Option<u32>,
    pub says_header_size: Option<u32>,
    pub says_element_size: Option<u32>,
}

impl List {
    #[must_use]
    pub fn new(kind: &'static str, elements: Vec<Vec<u8>>) -> Self {
        Self {
            kind,
            header: Vec::new(),
            elements,
            says_list_size: None,
            says_header_size: None,
            says_element_size: None,
        }
    }

    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let owner = guid(OWNER);
        let body: Vec<u8> = self.elements.iter().flat_map(|element| [&owner[..], element].concat()).collect();
        let size = 28 + self.header.len() + body.len();
        let element = 16 + self.elements.first().map_or(0, Vec::len);
        let mut out = guid(self.kind).to_vec();
        out.extend(self.says_list_size.unwrap_or(size as u32).to_le_bytes());
        out.extend(self.says_header_size.unwrap_or(self.header.len() as u32).to_le_bytes());
        out.extend(self.says_element_size.unwrap_or(element as u32).to_le_bytes());
        [out, self.header.clone(), body].concat()
    }
}

/// A list of one certificate. Every tool writes one list per certificate, because certificates differ in size.
#[must_use]
pub fn x509(der: &[u8]) -> Vec<u8> {
    List::new(X509, vec![der.to_vec()]).build()
}

/// A list of image hashes.
#[must_use]
pub fn sha256(hashes: &[Vec<u8>]) -> Vec<u8> {
    List::new(SHA256, hashes.to_vec()).build()
}

/// A list of one hash of a TBSCertificate, with the EFI_TIME from which it counts (all zero: always).
#[must_use]
pub fn x509_sha256(hash: &[u8], time: [u8; 16]) -> Vec<u8> {
    List::new(X509_SHA256, vec![[hash, &time].concat()]).build()
}

/// The same without the time; the specification does not permit it, but some tools write it.
#[must_use]
pub fn x509_sha256_short(hash: &[u8]) -> Vec<u8> {
    List::new(X509_SHA256, vec![hash.to_vec()]).build()
}

/// EFI_TIME of midnight UTC on that day.
#[must_use]
pub fn time(year: u16, month: u8, day: u8) -> [u8; 16] {
    let mut out = [0; 16];
    out[..2].copy_from_slice(&year.to_le_bytes());
    out[2..4].copy_from_slice(&[month, day]);
    out
}

/// A GUID in the byte order of EFI: the first three groups are little-endian.
#[must_use]
pub fn guid(text: &str) -> [u8; 16] {
    let hex: String = text.split('-').collect();
    let mut out = [0; 16];
    for (i, place) in [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].into_iter().enumerate() {
        out[place] = u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap();
    }
    out
}

/// A variable's content, and whether it is valid.
#[derive(Debug, Clone)]
pub struct ListCase {
    pub name: &'static str,
    pub about: &'static str,
    pub bytes: Vec<u8>,
    /// The number of entries that a reader finds; None if the whole variable must be refused.
    pub entries: Option<usize>,
    /// The number of entries before the fault (`parse_efi_signature_list` keeps those).
    pub before_fault: usize,
}

/// One valid list, then the list that the case is about. A reader that stops at the fault has one entry.
fn after_a_good_one(name: &'static str, about: &'static str, list: &List) -> ListCase {
    let bytes = [sha256(&[noise(7, 32)]), list.build()].concat();
    ListCase { name, about, bytes, entries: None, before_fault: 1 }
}

fn good(name: &'static str, about: &'static str, entries: usize, bytes: Vec<u8>) -> ListCase {
    ListCase { name, about, bytes, entries: Some(entries), before_fault: entries }
}

/// Valid and malformed signature lists (EFI_SIGNATURE_LIST; UEFI 2.10, section 32.4.1).
#[must_use]
pub fn cases() -> Vec<ListCase> {
    let hashes = || List::new(SHA256, vec![noise(1, 32), noise(2, 32)]);
    let bad = after_a_good_one;
    let two = [hashes().build(), x509(&crate::root_der())].concat();
    let cut = |n: usize| two[..two.len() - n].to_vec();
    let header = List { header: vec![0; 8], ..hashes() };
    let lie = |f: fn(&mut List)| {
        let mut list = hashes();
        f(&mut list);
        list
    };
    vec![
        good("empty", "a variable without lists", 0, Vec::new()),
        good("two-lists", "hashes, then a certificate", 3, two.clone()),
        good("signature-header", "a SignatureHeader that the type does not need", 2, header.build()),
        good("unknown-type", "a type that nobody knows is skipped", 0, List { kind: OWNER, ..hashes() }.build()),
        ListCase { entries: None, before_fault: 2, ..good("cut-in-list", "the second list is cut short", 0, cut(5)) },
        ListCase {
            entries: None,
            before_fault: 2,
            ..good("cut-in-head", "less than a list's head", 0, two[..134].into())
        },
        bad(
            "list-size-0",
            "SignatureListSize 0: a reader that adds it never ends",
            &lie(|l| l.says_list_size = Some(0)),
        ),
        bad("list-size-27", "a list smaller than its own head", &lie(|l| l.says_list_size = Some(27))),
        bad("list-size-28", "a list without an element", &lie(|l| l.says_list_size = Some(28))),
        bad("list-size-wraps", "SignatureListSize 0xffffffff", &lie(|l| l.says_list_size = Some(u32::MAX))),
        bad("header-size-wraps", "SignatureHeaderSize 0xfffffff0", &lie(|l| l.says_header_size = Some(0xffff_fff0))),
        bad("header-past-list", "SignatureHeaderSize beyond the list", &lie(|l| l.says_header_size = Some(200))),
        bad("element-size-0", "SignatureSize 0: a division by zero", &lie(|l| l.says_element_size = Some(0))),
        bad("element-size-15", "an element smaller than its owner", &lie(|l| l.says_element_size = Some(15))),
        bad("element-size-16", "an owner and no data", &lie(|l| l.says_element_size = Some(16))),
        bad("element-size-47", "elements that do not fill the list", &lie(|l| l.says_element_size = Some(47))),
        bad("element-size-big", "an element larger than the list", &lie(|l| l.says_element_size = Some(0x1000))),
    ]
}
