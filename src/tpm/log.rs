//! The log of events, in the format of the TCG PC Client Platform Firmware Profile ("crypto-agile": TCG_PCR_EVENT2 after a header in the
//! older format). All numbers are little-endian.

use super::take::{Malformed, Take};
use super::{Digests, Hash, Pcr};
use crate::hex;

/// EV_NO_ACTION: an event that extends no register.
const NO_ACTION: u32 = 3;
/// EV_IPL: an event of a boot loader.
const IPL: u32 = 0x0d;
/// Of the header.
const SIGNATURE: &[u8; 16] = b"Spec ID Event03\0";
/// Platform class "client", version 2.0, errata 0, and numbers of 64 bits.
const VERSION: [u8; 8] = [0, 0, 0, 0, 0, 2, 0, 2];
/// More banks than any TPM has.
const MAX_BANKS: u32 = 16;
/// What a register held before a log that does not begin with the firmware.
const FROM: &str = "skexec from ";

/// A log, complete with its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    bytes: Vec<u8>,
    /// The algorithms of its digests and their sizes, as the header lists them.
    banks: Vec<(u16, u16)>,
    events: Vec<Event>,
}

/// What a log says of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Event {
    pcr: u32,
    kind: u32,
    digests: Vec<(u16, Vec<u8>)>,
    data: Vec<u8>,
}

impl Log {
    /// An empty log for these banks.
    #[must_use]
    pub fn new(banks: &[Hash]) -> Self {
        let mut header = [&SIGNATURE[..], &VERSION].concat();
        header.extend(length(banks.len()));
        banks.iter().for_each(|hash| header.extend([hash.id(), hash.size()].map(u16::to_le_bytes).concat()));
        // The vendor adds nothing.
        header.push(0);
        let mut bytes = [0, NO_ACTION].map(u32::to_le_bytes).concat();
        bytes.extend([0; 20]);
        bytes.extend(length(header.len()));
        bytes.extend(header);
        Self { bytes, banks: banks.iter().map(|hash| (hash.id(), hash.size())).collect(), events: Vec::new() }
    }

    /// Reads a log.
    ///
    /// # Errors
    /// Where it is malformed, or in the older format, which has digests of SHA-1 only.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut take = Take(bytes);
        let banks = header(&mut take)?;
        let mut events = Vec::new();
        while !take.0.is_empty() {
            events.push(event(&mut take, &banks)?);
        }
        Ok(Self { bytes: bytes.to_vec(), banks, events })
    }

    /// The log as it stands in a file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether events with digests for all these banks can be added, and every digest that the log has for each event be computed.
    #[must_use]
    pub fn serves(&self, banks: &[Hash]) -> bool {
        let listed = |hash: &Hash| self.banks.contains(&(hash.id(), hash.size()));
        banks.iter().all(listed) && self.hashes().count() == self.banks.len()
    }

    fn hashes(&self) -> impl Iterator<Item = Hash> {
        self.banks.iter().filter_map(|(id, size)| Hash::of(*id).filter(|hash| hash.size() == *size))
    }

    /// Adds an event of a boot loader, whose digests are those of its data.
    pub fn add(&mut self, pcr: Pcr, data: &[u8]) {
        let digests = self.hashes().map(|hash| (hash.id(), hash.digest(&[data]))).collect();
        self.push(Event { pcr: pcr.0.into(), kind: IPL, digests, data: data.to_vec() });
    }

    /// Notes what a register holds in each bank before the first event of this log.
    pub fn begin(&mut self, pcr: Pcr, values: &Digests) {
        let zero = || self.hashes().map(|hash| (hash.id(), hash.zero())).collect();
        let events = values.iter().map(|(hash, value)| {
            let data = format!("{FROM}{}:{}", hash.name(), hex::encode(value)).into_bytes();
            Event { pcr: pcr.0.into(), kind: NO_ACTION, digests: zero(), data }
        });
        events.collect::<Vec<_>>().into_iter().for_each(|event| self.push(event));
    }

    fn push(&mut self, event: Event) {
        let bytes = &mut self.bytes;
        bytes.extend([event.pcr, event.kind].map(u32::to_le_bytes).concat());
        bytes.extend(length(event.digests.len()));
        for (id, digest) in &event.digests {
            bytes.extend(id.to_le_bytes());
            bytes.extend(digest);
        }
        bytes.extend(length(event.data.len()));
        bytes.extend(&event.data);
        self.events.push(event);
    }

    /// Whether these are the last events of a boot loader in their registers, in this order, and nothing else extended those after them.
    #[must_use]
    pub fn ends_with(&self, events: &[(Pcr, String)]) -> bool {
        let theirs = |event: &&Event| events.iter().any(|(pcr, _)| event.pcr == u32::from(pcr.0));
        let last = self.events.iter().rev().filter(theirs).take(events.len());
        last.map(|event| (event.kind, event.pcr, event.data.as_slice()))
            .eq(events.iter().rev().map(|(pcr, data)| (IPL, pcr.0.into(), data.as_bytes())))
    }

    /// Whether the log tells all that extended a register since it was zero, and no event of it begins with this.
    #[must_use]
    pub fn is_without(&self, pcr: Pcr, beginning: &str) -> bool {
        self.events.iter().filter(|event| event.pcr == u32::from(pcr.0)).all(|event| match event.kind {
            NO_ACTION => self.hashes().all(|hash| event.from(hash).is_none_or(|value| value == hash.zero())),
            _ => !event.data.starts_with(beginning.as_bytes()),
        })
    }

    /// What a register holds after all events, if the log is complete.
    #[must_use]
    pub fn replay(&self, hash: Hash, pcr: Pcr) -> Vec<u8> {
        let own = self.events.iter().filter(|event| event.pcr == u32::from(pcr.0));
        own.fold(hash.zero(), |register, event| match event.digest(hash) {
            _ if event.kind == NO_ACTION => event.from(hash).unwrap_or(register),
            Some(digest) => hash.extended(&register, digest),
            None => register,
        })
    }
}

impl Event {
    fn digest(&self, hash: Hash) -> Option<&[u8]> {
        self.digests.iter().find(|(id, _)| *id == hash.id()).map(|(_, digest)| digest.as_slice())
    }

    /// The value of a register of this bank that [`Log::begin`] noted.
    fn from(&self, hash: Hash) -> Option<Vec<u8>> {
        let (name, value) = std::str::from_utf8(&self.data).ok()?.strip_prefix(FROM)?.split_once(':')?;
        hex::decode(value).filter(|value| name == hash.name() && value.len() == usize::from(hash.size()))
    }
}

/// A length that no log of ours reaches the limit of.
fn length(items: usize) -> [u8; 4] {
    u32::try_from(items).unwrap_or(u32::MAX).to_le_bytes()
}

/// The banks in the header, which is an event in the older format.
fn header(take: &mut Take<'_>) -> Result<Vec<(u16, u16)>, Malformed> {
    let older = Malformed("it is not in the crypto-agile format");
    take.bytes(4)?;
    let kind = u32::from_le_bytes(take.array()?);
    take.bytes(20)?;
    let length = u32::from_le_bytes(take.array()?);
    let mut inner = Take(take.sized(length)?);
    if kind != NO_ACTION || inner.array().ok().as_ref() != Some(SIGNATURE) {
        return Err(older);
    }
    inner.bytes(VERSION.len())?;
    let count = u32::from_le_bytes(inner.array()?);
    if count > MAX_BANKS {
        return Err(Malformed("it lists too many banks"));
    }
    (0..count).map(|_| Ok((u16::from_le_bytes(inner.array()?), u16::from_le_bytes(inner.array()?)))).collect()
}

fn event(take: &mut Take<'_>, banks: &[(u16, u16)]) -> Result<Event, Malformed> {
    let (pcr, kind) = (u32::from_le_bytes(take.array()?), u32::from_le_bytes(take.array()?));
    let count = u32::from_le_bytes(take.array()?);
    if count > MAX_BANKS {
        return Err(Malformed("an event has too many digests"));
    }
    let digest = |_| {
        let id = u16::from_le_bytes(take.array()?);
        let (_, size) =
            banks.iter().find(|(bank, _)| *bank == id).ok_or(Malformed("an event has a bank of its own"))?;
        Ok((id, take.bytes((*size).into())?.to_vec()))
    };
    let digests = (0..count).map(digest).collect::<Result<_, _>>()?;
    let length = u32::from_le_bytes(take.array()?);
    Ok(Event { pcr, kind, digests, data: take.sized(length)?.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the TCG's Canonical Event Log Format, version 1.1, section 5.1.7: a header, and an event of PCR 0.
    const HEADER: &str = "0000000003000000000000000000000000000000000000000000000025000000\
                          53706563204944204576656e74303300000000000002000202000000040014000b00200000";
    const EVENT: &str = "0000000008000000020000000400c42fedad268200cb1d15f97841c344e79dae3320\
                         0b00d4720b4009438213b803568017f903093f6bea8ab47d283db32b6eabedbbf155\
                         100000001efb6b540c1d5540a4ad4ef4bf17b83a";

    fn example() -> Vec<u8> {
        hex::decode(&[HEADER, EVENT].concat()).unwrap()
    }

    #[test]
    fn the_published_example_is_read_and_its_digests_are_those_of_its_data() {
        let log = Log::parse(&example()).unwrap();
        assert_eq!(log.banks, [(0x4, 20), (0xb, 32)]);
        let [event] = &log.events[..] else { panic!("{log:?}") };
        for hash in [Hash::Sha1, Hash::Sha256] {
            let digest = hash.digest(&[&event.data]);
            assert_eq!(event.digest(hash), Some(&digest[..]));
            assert_eq!(log.replay(hash, Pcr(0)), hash.extended(&hash.zero(), &digest));
            assert_eq!(log.replay(hash, Pcr(1)), hash.zero());
        }
        assert!(log.serves(&[Hash::Sha256]) && !log.serves(&[Hash::Sha384]));
    }

    #[test]
    fn what_is_written_is_what_is_published() {
        let mut log = Log::new(&[Hash::Sha1, Hash::Sha256]);
        assert_eq!(hex::encode(log.bytes()), HEADER);
        let data = hex::decode("1efb6b540c1d5540a4ad4ef4bf17b83a").unwrap();
        log.add(Pcr(0), &data);
        let mut wanted = example();
        // The example's is EV_S_CRTM_VERSION.
        wanted[73] = 0x0d;
        assert_eq!(hex::encode(log.bytes()), hex::encode(&wanted));
        assert_eq!(Log::parse(log.bytes()).unwrap(), log);
    }

    #[test]
    fn a_log_that_begins_later_says_from_which_value() {
        let mut log = Log::new(&[Hash::Sha1, Hash::Sha256]);
        let values: Digests = vec![(Hash::Sha1, vec![1; 20]), (Hash::Sha256, vec![2; 32])];
        log.begin(Pcr(9), &values);
        log.add(Pcr(9), b"skexec kernel");
        for (hash, value) in values {
            assert_eq!(log.replay(hash, Pcr(9)), hash.extended(&value, &hash.digest(&[b"skexec kernel"])));
        }
        assert_eq!(Log::parse(log.bytes()).unwrap(), log);
    }

    #[test]
    fn what_stands_at_the_end_and_what_does_not_stand_in_it() {
        let own = [(Pcr(9), "skexec kernel".to_owned()), (Pcr(8), "skexec cmdline".to_owned())];
        let mut log = Log::new(&[Hash::Sha256]);
        assert!(log.is_without(Pcr(9), "skexec ") && log.ends_with(&[]) && !log.ends_with(&own));
        log.begin(Pcr(9), &vec![(Hash::Sha256, Hash::Sha256.zero())]);
        log.add(Pcr(9), b"grub");
        assert!(log.is_without(Pcr(9), "skexec "));
        own.iter().for_each(|(pcr, data)| log.add(*pcr, data.as_bytes()));
        log.add(Pcr(10), b"of another register");
        assert!(log.ends_with(&own) && !log.is_without(Pcr(9), "skexec "));
        let swapped = [own[1].clone(), own[0].clone()];
        assert!(!log.ends_with(&swapped));
        log.add(Pcr(8), b"after it");
        assert!(!log.ends_with(&own) && log.ends_with(&[(Pcr(8), "after it".to_owned())]));
        // What came before the log is not known.
        log.begin(Pcr(7), &vec![(Hash::Sha256, vec![1; 32])]);
        assert!(!log.is_without(Pcr(7), "skexec "));
    }

    #[test]
    fn broken_logs_are_refused() {
        let whole = example();
        for end in (0..whole.len()).filter(|end| *end != HEADER.len() / 2) {
            assert!(Log::parse(&whole[..end]).is_err(), "{end}");
        }
        let with = |at: usize, byte: u8| {
            let mut bytes = whole.clone();
            bytes[at] = byte;
            Log::parse(&bytes).unwrap_err().0
        };
        assert_eq!(with(4, 4), "it is not in the crypto-agile format");
        assert_eq!(with(46, b'2'), "it is not in the crypto-agile format");
        assert_eq!(with(56, 17), "it lists too many banks");
        assert_eq!(with(77, 17), "an event has too many digests");
        assert_eq!(with(81, 5), "an event has a bank of its own");
        assert_eq!(with(80, 0xff), "an event has too many digests");
        let foreign = Log::parse(&hex::decode(&HEADER.replace("0b002000", "12002000")).unwrap()).unwrap();
        assert!(!foreign.serves(&[Hash::Sha1]), "it needs digests that skexec cannot compute");
        let odd = Log::parse(&hex::decode(&HEADER.replace("0b002000", "0b002100")).unwrap()).unwrap();
        assert!(!odd.serves(&[Hash::Sha1]), "it needs digests of another size");
    }
}
