//! The property of a TPM's log of events.

use skexec::tpm::log::Log;
use skexec::tpm::{Hash, Pcr};

const PCR: Pcr = Pcr(9);

/// The log of a firmware: what is read of it is all of it, and where events can be added to it, the longer log is read the same way and
/// replays to what the added event extends.
pub fn tcglog(bytes: &[u8]) {
    let Ok(log) = Log::parse(bytes) else { return };
    assert_eq!(log.bytes(), bytes);
    for hash in [Hash::Sha1, Hash::Sha256, Hash::Sha384, Hash::Sha512] {
        let before = log.replay(hash, PCR);
        assert_eq!(before.len(), usize::from(hash.size()));
        if log.serves(&[hash]) {
            let mut longer = log.clone();
            longer.add(PCR, b"event");
            assert_eq!(Log::parse(longer.bytes()).as_ref(), Ok(&longer));
            assert_eq!(longer.replay(hash, PCR), hash.extended(&before, &hash.digest(&[b"event"])));
        }
    }
}
