//! Writes UEFI variables into a blank OVMF variable store: the keys that the firmware will enforce.
//!
//! The store is one firmware volume: its header, the header of the (authenticated) variable store, then the variables one
//! after another, each aligned to 4, up to the first erased byte. UEFI PI 1.7 volume 3 and EDK II's
//! `AuthenticatedVariableFormat.h` define it.

use anyhow::{Context, Result, bail, ensure};

type Guid = [u8; 16];

const AUTHENTICATED_STORE: Guid = guid(0xaaf3_2c78, 0x947b, 0x439a, 0xa180_2e14_4ec3_7792);
const GLOBAL: Guid = guid(0x8be4_df61, 0x93ca, 0x11d2, 0xaa0d_00e0_9803_2b8c);
const SECURITY_DATABASE: Guid = guid(0xd719_b2cb, 0x3d3a, 0x4596, 0xa3bc_dad0_0e67_656f);
const SECURE_BOOT_SWITCH: Guid = guid(0xf0a3_0bc7, 0xaf08, 0x4556, 0x99c4_0010_09c9_3a44);
const X509_LIST: Guid = guid(0xa5c0_59a1, 0x94e4, 0x4aa7, 0x87b5_ab15_5c2b_f072);
/// Who put the keys there: our tests.
const OWNER: Guid = guid(0x6b65_7865, 0x6373, 0x4b65, 0x8e58_4543_5445_5354);

const VOLUME_HEADER_LENGTH_AT: usize = 48;
const STORE_HEADER: usize = 28;
const VARIABLE_START: u16 = 0x55aa;
const VARIABLE_ADDED: u8 = 0x3f;
const ERASED: u8 = 0xff;

const NON_VOLATILE: u32 = 0x1;
const BOOT_SERVICES: u32 = 0x2;
const RUNTIME: u32 = 0x4;
const TIME_AUTHENTICATED: u32 = 0x20;
const KEY: u32 = NON_VOLATILE | BOOT_SERVICES | RUNTIME | TIME_AUTHENTICATED;
/// 2020-01-01 00:00 UTC as EFI_TIME: any time that a later authenticated write would be newer than.
const WRITTEN: [u8; 16] = [0xe4, 0x07, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// What a machine's owner enrols.
#[derive(Debug)]
pub(crate) struct Enrolment<'a> {
    /// A certificate (DER).
    pub(crate) platform: &'a [u8],
    /// Whole EFI signature lists, one behind the other.
    pub(crate) db: Vec<u8>,
    /// Likewise; left out where there is none.
    pub(crate) dbx: Vec<u8>,
}

impl Enrolment<'_> {
    /// The blank store with the keys enrolled and Secure Boot on.
    pub(crate) fn write(&self, blank: &[u8]) -> Result<Vec<u8>> {
        let mut store = Store::open(blank)?;
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

struct Store {
    bytes: Vec<u8>,
    free: usize,
    end: usize,
}

impl Store {
    fn open(blank: &[u8]) -> Result<Self> {
        let field = |at: usize, length: usize| blank.get(at..at + length).context("the variable store is cut short");
        ensure!(field(40, 4)? == b"_FVH", "not a firmware volume");
        let start = usize::from(u16::from_le_bytes(field(VOLUME_HEADER_LENGTH_AT, 2)?.try_into()?));
        ensure!(field(start, 16)? == AUTHENTICATED_STORE, "not a store of authenticated variables");
        let size = u32::from_le_bytes(field(start + 16, 4)?.try_into()?);
        let end = start + usize::try_from(size)?;
        let free = start + STORE_HEADER;
        match field(free, end - free)?.first() {
            Some(&ERASED) => Ok(Self { bytes: blank.to_vec(), free, end }),
            _ => bail!("the variable store is not blank"),
        }
    }

    fn add(&mut self, name: &str, vendor: Guid, attributes: u32, data: &[u8]) -> Result<()> {
        let name: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        let mut variable = vec![];
        variable.extend(VARIABLE_START.to_le_bytes());
        variable.extend([VARIABLE_ADDED, 0]);
        variable.extend(attributes.to_le_bytes());
        variable.extend(0_u64.to_le_bytes()); // monotonic count: unused beside a time
        variable.extend(if attributes & TIME_AUTHENTICATED == 0 { [0; 16] } else { WRITTEN });
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
}
