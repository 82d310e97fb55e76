//! Writes UEFI variables into an OVMF variable store: the keys that the firmware enforces. The store is blank, or it has Microsoft's
//! keys and entries are added to its `dbx`.
//!
//! The store is one firmware volume: its header, the header of the (authenticated) variable store, then the variables one
//! after another, each aligned to 4, up to the first erased byte. UEFI PI 1.7 volume 3 and EDK II's
//! `AuthenticatedVariableFormat.h` define it.

use std::ops::Range;

use anyhow::{Context, Result, ensure};

type Guid = [u8; 16];

const AUTHENTICATED_STORE: Guid = guid(0xaaf3_2c78, 0x947b, 0x439a, 0xa180_2e14_4ec3_7792);
const GLOBAL: Guid = guid(0x8be4_df61, 0x93ca, 0x11d2, 0xaa0d_00e0_9803_2b8c);
const SECURITY_DATABASE: Guid = guid(0xd719_b2cb, 0x3d3a, 0x4596, 0xa3bc_dad0_0e67_656f);
const SECURE_BOOT_SWITCH: Guid = guid(0xf0a3_0bc7, 0xaf08, 0x4556, 0x99c4_0010_09c9_3a44);
const X509_LIST: Guid = guid(0xa5c0_59a1, 0x94e4, 0x4aa7, 0x87b5_ab15_5c2b_f072);
/// The owner of the keys: these tests.
const OWNER: Guid = guid(0x6b65_7865, 0x6373, 0x4b65, 0x8e58_4543_5445_5354);

const VOLUME_HEADER_LENGTH_AT: usize = 48;
const STORE_HEADER: usize = 28;
const VARIABLE_START: u16 = 0x55aa;
const VARIABLE_HEADER: usize = 60;
const VARIABLE_ADDED: u8 = 0x3f;
/// The bit of the state that is cleared when a variable is deleted: flash memory can clear bits, not set them.
const NOT_DELETED: u8 = 0x02;
const ERASED: u8 = 0xff;

const NON_VOLATILE: u32 = 0x1;
const BOOT_SERVICES: u32 = 0x2;
const RUNTIME: u32 = 0x4;
const TIME_AUTHENTICATED: u32 = 0x20;
const KEY: u32 = NON_VOLATILE | BOOT_SERVICES | RUNTIME | TIME_AUTHENTICATED;
/// 2020-01-01 00:00 UTC as EFI_TIME: any time that is earlier than that of a later authenticated write.
const WRITTEN: [u8; 16] = [0xe4, 0x07, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// The keys that a machine's owner enrols.
#[derive(Debug)]
pub(crate) struct Enrolment<'a> {
    /// A certificate (DER).
    pub(crate) platform: &'a [u8],
    /// Complete EFI signature lists, one after the other.
    pub(crate) db: Vec<u8>,
    /// The same; the variable is left out if there are none.
    pub(crate) dbx: Vec<u8>,
}

impl Enrolment<'_> {
    /// The blank store with the keys enrolled and Secure Boot on.
    pub(crate) fn write(&self, blank: &[u8]) -> Result<Vec<u8>> {
        let mut store = Store::open(blank)?;
        ensure!(store.is_blank(), "the variable store is not blank");
        store.add("PK", GLOBAL, KEY, &x509_list(self.platform))?;
        store.add("KEK", GLOBAL, KEY, &x509_list(self.platform))?;
        store.add("db", SECURITY_DATABASE, KEY, &self.db)?;
        if !self.dbx.is_empty() {
            store.add("dbx", SECURITY_DATABASE, KEY, &self.dbx)?;
        }
        store.add("SecureBootEnable", SECURE_BOOT_SWITCH, NON_VOLATILE | BOOT_SERVICES, &[1])?;
        Ok(store.bytes)
    }
}

/// Joins signature lists to the `dbx` of a store that already holds a machine's keys; all else stays as it is.
pub(crate) fn revoke(enrolled: &[u8], lists: &[u8]) -> Result<Vec<u8>> {
    let mut store = Store::open(enrolled)?;
    let dbx = store.find("dbx", SECURITY_DATABASE)?.context("the variable store has no dbx")?;
    let data = [&store.bytes[dbx.data.clone()], lists].concat();
    store.add_as_of("dbx", SECURITY_DATABASE, dbx.attributes, dbx.time, &data)?;
    store.delete(&dbx);
    Ok(store.bytes)
}

struct Store {
    bytes: Vec<u8>,
    start: usize,
    free: usize,
    end: usize,
}

/// A variable at its offset in the store.
struct Stored {
    at: usize,
    state: u8,
    attributes: u32,
    time: [u8; 16],
    vendor: Guid,
    name: Range<usize>,
    data: Range<usize>,
}

impl Store {
    fn open(bytes: &[u8]) -> Result<Self> {
        let field = |at: usize, length: usize| bytes.get(at..at + length).context("the variable store is cut short");
        ensure!(field(40, 4)? == b"_FVH", "not a firmware volume");
        let header = usize::from(u16::from_le_bytes(field(VOLUME_HEADER_LENGTH_AT, 2)?.try_into()?));
        ensure!(field(header, 16)? == AUTHENTICATED_STORE, "not a store of authenticated variables");
        let size = u32::from_le_bytes(field(header + 16, 4)?.try_into()?);
        let (start, end) = (header + STORE_HEADER, header + usize::try_from(size)?);
        field(start, end.checked_sub(start).context("a store shorter than its header")?)?;
        let mut store = Self { bytes: bytes.to_vec(), start, free: start, end };
        while let Some(variable) = store.stored_at(store.free)? {
            store.free = variable.data.end.next_multiple_of(4);
        }
        let erased = store.bytes.get(store.free..end).is_some_and(|rest| rest.iter().all(|byte| *byte == ERASED));
        ensure!(erased, "something stands behind the last variable");
        Ok(store)
    }

    fn is_blank(&self) -> bool {
        self.free == self.start
    }

    /// `None` after the last variable.
    fn stored_at(&self, at: usize) -> Result<Option<Stored>> {
        let Some(header) = self.bytes[..self.end].get(at..at + VARIABLE_HEADER) else { return Ok(None) };
        if header[..2] != VARIABLE_START.to_le_bytes() {
            return Ok(None);
        }
        let number = |at: usize| -> Result<u32> { Ok(u32::from_le_bytes(header[at..at + 4].try_into()?)) };
        let name = at + VARIABLE_HEADER..at + VARIABLE_HEADER + usize::try_from(number(36)?)?;
        let data = name.end..name.end + usize::try_from(number(40)?)?;
        ensure!(data.end <= self.end, "a variable reaches out of the store");
        let (time, vendor) = (header[16..32].try_into()?, header[44..60].try_into()?);
        Ok(Some(Stored { at, state: header[2], attributes: number(4)?, time, vendor, name, data }))
    }

    /// The valid variable of a name; deleted ones remain in the store.
    fn find(&self, name: &str, vendor: Guid) -> Result<Option<Stored>> {
        let (name, mut at) = (utf16(name), self.start);
        while let Some(variable) = self.stored_at(at)? {
            let named = variable.vendor == vendor && self.bytes[variable.name.clone()] == name;
            if named && variable.state == VARIABLE_ADDED {
                return Ok(Some(variable));
            }
            at = variable.data.end.next_multiple_of(4);
        }
        Ok(None)
    }

    fn delete(&mut self, variable: &Stored) {
        self.bytes[variable.at + 2] &= !NOT_DELETED;
    }

    fn add(&mut self, name: &str, vendor: Guid, attributes: u32, data: &[u8]) -> Result<()> {
        let time = if attributes & TIME_AUTHENTICATED == 0 { [0; 16] } else { WRITTEN };
        self.add_as_of(name, vendor, attributes, time, data)
    }

    fn add_as_of(&mut self, name: &str, vendor: Guid, attributes: u32, time: [u8; 16], data: &[u8]) -> Result<()> {
        let name = utf16(name);
        let mut variable = vec![];
        variable.extend(VARIABLE_START.to_le_bytes());
        variable.extend([VARIABLE_ADDED, 0]);
        variable.extend(attributes.to_le_bytes());
        variable.extend(0_u64.to_le_bytes()); // monotonic count: unused beside a time
        variable.extend(time);
        variable.extend(0_u32.to_le_bytes()); // index of a public key: unused beside a time
        variable.extend(u32::try_from(name.len())?.to_le_bytes());
        variable.extend(u32::try_from(data.len())?.to_le_bytes());
        variable.extend(vendor);
        variable.extend(name);
        variable.extend(data);
        ensure!(self.free + variable.len() <= self.end, "the variable store is full");
        self.bytes[self.free..self.free + variable.len()].copy_from_slice(&variable);
        self.free += variable.len().next_multiple_of(4);
        Ok(())
    }
}

fn utf16(name: &str) -> Vec<u8> {
    name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

/// An EFI signature list of one certificate.
pub(crate) fn x509_list(certificate: &[u8]) -> Vec<u8> {
    let size = |length: usize| u32::try_from(length).expect("a certificate is small").to_le_bytes();
    let entry = OWNER.len() + certificate.len();
    let mut list = X509_LIST.to_vec();
    list.extend(size(28 + entry));
    list.extend(size(0));
    list.extend(size(entry));
    list.extend(OWNER);
    list.extend(certificate);
    list
}

/// A GUID as it is written, to the bytes of its mixed-endian form.
const fn guid(first: u32, second: u16, third: u16, rest: u64) -> Guid {
    let (a, b, c, d) = (first.to_le_bytes(), second.to_le_bytes(), third.to_le_bytes(), rest.to_be_bytes());
    [a[0], a[1], a[2], a[3], b[0], b[1], c[0], c[1], d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7]]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blank() -> Vec<u8> {
        let mut bytes = vec![ERASED; 4096];
        bytes[40..44].copy_from_slice(b"_FVH");
        bytes[48..50].copy_from_slice(&72_u16.to_le_bytes());
        bytes[72..88].copy_from_slice(&AUTHENTICATED_STORE);
        bytes[88..92].copy_from_slice(&2000_u32.to_le_bytes());
        bytes
    }

    #[test]
    fn variables_follow_the_header_aligned() {
        let store = Enrolment { platform: b"abc", db: x509_list(b"d"), dbx: vec![] }.write(&blank()).expect("written");
        let starts: Vec<_> = (0..store.len() - 1).filter(|&at| store[at..at + 2] == [0xaa, 0x55]).collect();
        assert_eq!(starts.len(), 4);
        assert_eq!(starts[0], 100);
        assert!(starts.iter().all(|at| at % 4 == 0));
    }

    #[test]
    fn a_used_store_and_an_overflow_are_errors() {
        let used = Enrolment { platform: b"abc", db: vec![], dbx: vec![1] }.write(&blank()).expect("written");
        assert!(Enrolment { platform: b"abc", db: vec![], dbx: vec![] }.write(&used).is_err());
        assert!(Enrolment { platform: &[0; 2000], db: vec![], dbx: vec![] }.write(&blank()).is_err());
    }

    #[test]
    fn what_is_revoked_is_joined_to_dbx_and_nothing_else_changes() {
        let before =
            Enrolment { platform: b"abc", db: vec![7; 5], dbx: vec![1, 2, 3] }.write(&blank()).expect("written");
        // Twice: the second time, a deleted dbx must be skipped.
        let once = revoke(&before, &[4, 5]).expect("revoked");
        let twice = revoke(&once, &[6]).expect("revoked");
        let store = Store::open(&twice).expect("a store");
        let content = |name: &str, vendor| {
            let found = store.find(name, vendor).expect("well formed").expect(name);
            (found.attributes, found.time, store.bytes[found.data].to_vec())
        };
        assert_eq!(content("dbx", SECURITY_DATABASE), (KEY, WRITTEN, vec![1, 2, 3, 4, 5, 6]));
        assert_eq!(content("db", SECURITY_DATABASE), (KEY, WRITTEN, vec![7; 5]));
        let changed: Vec<_> =
            (0..Store::open(&before).expect("a store").free).filter(|&at| before[at] != twice[at]).collect();
        let dbx =
            Store::open(&before).expect("a store").find("dbx", SECURITY_DATABASE).expect("well formed").expect("dbx");
        assert_eq!(changed, [dbx.at + 2]);
    }

    #[test]
    fn a_store_without_dbx_or_with_a_broken_variable_is_an_error() {
        let mut store = Enrolment { platform: b"abc", db: vec![7; 5], dbx: vec![] }.write(&blank()).expect("written");
        assert!(revoke(&store, &[4]).is_err());
        store[100 + 40..100 + 44].fill(0xfe); // the first variable's size
        assert!(Store::open(&store).is_err());
    }
}
