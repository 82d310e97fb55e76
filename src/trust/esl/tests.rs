#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use super::build::{SHA1, list, raw};
use super::*;

fn tbs(algorithm: Algorithm, hash: &[u8], timed: bool) -> Entry<'_> {
    Entry::Tbs { algorithm, hash, timed }
}

#[test]
fn lists_follow_one_another() {
    let time = [&[7; 32][..], &[0; 16]].concat();
    let bytes = [
        list(X509, &[b"\x30\x00"]),
        list(SHA256, &[&[1; 32], &[2; 32]]),
        list(SHA1, &[&[9; 20], &[9; 20]]),
        list(X509_SHA256, &[&time]),
        list(X509_SHA256, &[&[8; 32]]),
        list(X509_SHA384, &[&[6; 64]]),
        list(X509_SHA512, &[&[5; 80]]),
    ]
    .concat();
    let wanted = [
        Entry::X509(b"\x30\x00"),
        Entry::Image([1; 32]),
        Entry::Image([2; 32]),
        Entry::Other(SHA1, 2),
        tbs(Algorithm::Sha256, &[7; 32], true),
        tbs(Algorithm::Sha256, &[8; 32], false),
        tbs(Algorithm::Sha384, &[6; 48], true),
        tbs(Algorithm::Sha512, &[5; 64], true),
    ];
    assert_eq!(parse(&bytes).unwrap(), wanted);
    assert_eq!(parse(&[]).unwrap(), []);
    assert!(claimed_by(&bytes) && !claimed_by(&bytes[1..]) && !claimed_by(&[]));
}

#[test]
fn a_header_of_the_list_is_skipped() {
    let bytes = raw(SHA256, 28 + 16 + 48, 16, 48, &[&[], &[3; 32]]);
    assert_eq!(parse(&bytes).unwrap(), [Entry::Image([3; 32])]);
}

/// As for the kernel: an element may be its owner alone, if its kind permits that.
#[test]
fn an_element_may_be_its_owner_alone() {
    let bytes = raw(SHA1, 28 + 32, 0, 16, &[&[], &[]]);
    assert_eq!(parse(&bytes).unwrap(), [Entry::Other(SHA1, 2)]);
}

#[test]
fn lists_of_every_kind_are_told_with_their_owners() {
    let bytes = [list(SHA1, &[&[9; 20], &[8; 20]]), list(X509, &[b"\x30\x00"])].concat();
    let told = |list: &List<'_>| (list.kind, list.elements().map(|(owner, data)| (owner, data.to_vec())).collect());
    let seen: Vec<(Guid, Vec<_>)> = lists(&bytes).unwrap().iter().map(told).collect();
    let owner = [0xee; 16];
    let hashes = vec![(owner, vec![9; 20]), (owner, vec![8; 20])];
    assert_eq!(seen, [(SHA1, hashes), (X509, vec![(owner, b"\x30\x00".to_vec())])]);
    assert_eq!(lists(&[]).unwrap().len(), 0);
    assert_eq!(lists(&[&bytes[..], &[0]].concat()).unwrap_err().offset, bytes.len());
}

#[test]
fn a_fault_is_told_with_its_place() {
    let bytes = [list(SHA256, &[&[1; 32]]), vec![0]].concat();
    let wanted = "the EFI signature list at 0x4c: the header is cut off";
    assert_eq!(parse(&bytes).unwrap_err().to_string(), wanted);
}

#[test]
fn every_wrong_size_is_an_error() {
    let hash: &[&[u8]] = &[&[1; 32]];
    let table = [
        ("list past the end", raw(SHA256, 77, 0, 48, hash)),
        ("list wraps", raw(SHA256, u32::MAX, 0, 48, hash)),
        ("list less than its header", raw(SHA256, 27, 0, 48, hash)),
        ("list of nothing", raw(SHA256, 0, 0, 48, hash)),
        ("header past the list", raw(SHA256, 76, 49, 48, hash)),
        ("header wraps", raw(SHA256, 76, u32::MAX, 48, hash)),
        ("element 0", raw(SHA256, 76, 0, 0, hash)),
        ("element 15", raw(SHA256, 76, 0, 15, hash)),
        ("element does not divide", raw(SHA256, 76, 0, 47, hash)),
        ("element past the list", raw(SHA256, 76, 0, 49, hash)),
        ("no element", raw(SHA256, 28, 0, 48, &[])),
        ("no element of an unknown kind", raw(SHA1, 28, 0, 48, &[])),
        ("certificate of nothing", raw(X509, 44, 0, 16, &[&[]])),
        ("hash too short", raw(SHA256, 75, 0, 47, &[&[1; 31]])),
        ("hash too long", raw(SHA256, 77, 0, 49, &[&[1; 33]])),
        ("hash with half a time", raw(X509_SHA256, 84, 0, 56, &[&[1; 40]])),
        ("SHA-384 of 32 bytes", raw(X509_SHA384, 76, 0, 48, hash)),
        ("a byte behind", [list(SHA256, hash), vec![0]].concat()),
    ];
    for (name, bytes) in table {
        assert!(parse(&bytes).is_err(), "{name}");
    }
}

#[test]
fn a_list_cut_anywhere_is_an_error_at_its_start() {
    let first = list(SHA256, &[&[1; 32]]);
    let bytes = [first.clone(), list(X509, &[b"\x30\x00"])].concat();
    for end in 0..bytes.len() {
        let cut = parse(&bytes[..end]);
        if end == 0 || end == first.len() {
            assert!(cut.is_ok(), "{end}");
        } else {
            let offset = if end < first.len() { 0 } else { first.len() };
            assert_eq!(cut.unwrap_err().offset, offset, "{end}");
        }
    }
}
