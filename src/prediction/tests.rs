#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::arithmetic_side_effects)]
use super::*;
use crate::digest::sha256;
use std::sync::LazyLock;

static ROOT: LazyLock<Vec<u8>> = LazyLock::new(forge::root_der);
static NOTHING: BTreeSet<Vec<u8>> = BTreeSet::new();

fn root() -> Keyrings<'static> {
    Keyrings { platform: vec![&ROOT], blacklist: &NOTHING }
}

fn empty() -> Keyrings<'static> {
    Keyrings { platform: Vec::new(), blacklist: &NOTHING }
}

fn predict(bytes: &[u8], keyrings: &Keyrings<'_>) -> Prediction {
    super::predict(&Hashed::new(bytes), keyrings)
}

const OOPS: Prediction = Prediction { errno: None, hazard: Some(Hazard::Oops) };

/// Where the certificate table starts.
fn table(image: &[u8]) -> usize {
    usize::try_from(pefile_parse_binary(image).unwrap().table).unwrap()
}

#[test]
fn a_signed_image_stands_and_falls_with_its_anchor() {
    let image = forge::signed_bzimage();
    assert_eq!(predict(&image, &root()), Prediction { errno: Some(0), hazard: None });
    assert_eq!(predict(&image, &root()).name(), Some("OK"));
    assert_eq!(predict(&image, &empty()).name(), Some("ENOKEY"));
    assert_eq!(predict(&forge::unsigned_bzimage(), &root()).name(), Some("ENODATA"));
}

#[test]
fn what_is_no_bzimage() {
    assert_eq!(predict(&[], &root()).name(), Some("EINVAL"));
    assert_eq!(predict(&[0x7f; 4096], &root()).name(), Some("ENOEXEC"));
    assert_eq!(OOPS.name(), None);
    assert_eq!(Hazard::Oops.name(), "oops");
}

/// A length below eight wraps around; a message that claims more bytes than follow is then read past the file, before
/// any signature is looked at.
#[test]
fn a_wrapped_length_needs_no_signature_to_crash() {
    let mut image = forge::signed_bzimage();
    let table = table(&image);
    image[table..table + 4].fill(0);
    assert_eq!(predict(&image, &root()).errno, Some(0));
    image[table + 10..table + 12].copy_from_slice(&[0xff, 0xf0]);
    // The message's outermost length is now longer than the file, and its next element reaches past the end.
    let inner = table + 12 + 11;
    assert_eq!(image[inner], 0xa0);
    image[inner + 2..inner + 4].copy_from_slice(&[0xff, 0xe0]);
    image[inner + 6..inner + 8].copy_from_slice(&[0xff, 0xd8]);
    image.truncate(inner + 16);
    let size = u32::try_from(image.len() - table).unwrap();
    let entry = usize::try_from(pefile_parse_binary(&forge::signed_bzimage()).unwrap().security_entry).unwrap();
    image[entry + 4..entry + 8].copy_from_slice(&size.to_le_bytes());
    assert_eq!(predict(&image, &empty()), OOPS);
}

/// A trusted signature of another image, on a file whose sections run past its end. Without a signature, the file is only unsigned.
#[test]
fn a_section_past_the_end_crashes_whoever_trusts_the_signer() {
    let mut image = forge::signed_bzimage();
    let headers = pefile_parse_binary(&image).unwrap();
    let section = usize::try_from(headers.sections).unwrap();
    image[section + 16 + 3] = 0x7f;
    assert_eq!(predict(&image, &root()), OOPS);
    assert_eq!(predict(&image, &empty()), OOPS);
    let table = table(&image);
    image[table + 6] = 3;
    assert_eq!(predict(&image, &root()).name(), Some("ENOTSUPP"));
}

/// What crashes other kernels than the reference keeps its errno.
#[test]
fn other_kernels_have_hazards_of_their_own() {
    let mut image = forge::signed_bzimage();
    image[0x201] = 0x80;
    let found = predict(&image, &root());
    assert_eq!((found.name(), found.hazard), (Some("EKEYREJECTED"), Some(Hazard::Oops)));
}

/// The kernel compares an entry with a digest byte for byte, so an entry with a time after the hash never matches.
#[test]
fn a_hash_of_a_certificate_is_found_where_no_time_follows_it() {
    let image = forge::signed_bzimage();
    // The TBSCertificate: the first element of the certificate, each with a header of four bytes.
    let signer = forge::signer_der();
    let length = usize::from(u16::from_be_bytes([signer[6], signer[7]]));
    let hash = sha256(&[&signer[4..8 + length]]);
    let timed = [&hash[..], &[0; 16]].concat();
    for (entry, name) in [(hash.to_vec(), "EKEYREJECTED"), (timed, "OK")] {
        let blacklist = BTreeSet::from([entry]);
        assert_eq!(predict(&image, &Keyrings { blacklist: &blacklist, ..root() }).name(), Some(name));
    }
}

/// Bytes of the headers and of the signature are changed in turn: each changed file gets an answer, and only a few are accepted.
#[test]
fn no_byte_makes_it_panic() {
    let image = forge::signed_bzimage();
    let trust = root();
    let table = table(&image);
    let mut accepted = 0;
    for at in (0..0x400).step_by(3).chain(table..image.len()) {
        let mut broken = image.clone();
        broken[at] ^= if at % 2 == 0 { 0x01 } else { 0x80 };
        let found = predict(&broken, &trust);
        assert!(found.errno.is_some() || found.hazard.is_some());
        accepted += usize::from(found.errno == Some(0));
    }
    // CheckSum, the length of the wrapper, padding and a few spellings of BER.
    assert!((5..100).contains(&accepted), "{accepted}");
    for len in 0..image.len().min(table + 64) {
        if len % 97 == 0 || len > table {
            assert_ne!(predict(&image[..len], &trust).errno, Some(0), "{len}");
        }
    }
}
