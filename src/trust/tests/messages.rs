//! The parser: no flipped bit of a message goes unnoticed or makes it panic.

use super::*;
use forge::recipe::Recipe;

#[test]
fn the_baseline_leads_to_the_root() {
    let path = verdict(&Recipe::new().pkcs7(), &root());
    let names = ["O=skexec tests, CN=skexec test signer", "O=skexec tests, CN=skexec test root"];
    assert_eq!(path, Ok(names.map(str::to_owned).to_vec()));
}

#[test]
fn no_bit_can_be_changed() {
    let good = Recipe::new().pkcs7();
    let anchors = root();
    for place in 0..good.len() {
        for bit in [0x01, 0x20, 0x80] {
            let mut message = good.clone();
            message[place] ^= bit;
            assert!(verdict(&message, &anchors).is_err(), "bit {bit:#x} of byte {place:#x}");
        }
    }
}

#[test]
fn no_byte_can_be_cut_off() {
    let good = Recipe::new().pkcs7();
    let anchors = root();
    for end in 0..good.len() {
        assert!(verdict(&good[..end], &anchors).is_err(), "{end} bytes");
    }
}

#[test]
fn padding_is_at_most_seven_zeros() {
    let good = Recipe::new().pkcs7();
    let anchors = root();
    for (tail, wanted) in [
        (&[0; 7][..], Ok(())),
        (&[0; 8], Err(vec![Reason::Pkcs7Trailing])),
        (&[0, 0, 1], Err(vec![Reason::Pkcs7Trailing])),
    ] {
        assert_eq!(verdict(&[&good, tail].concat(), &anchors).map(|_| ()), wanted, "{tail:?}");
    }
}

#[test]
fn a_message_has_the_content_of_its_profile() {
    let message = Recipe::new().pkcs7();
    for profile in [Profile::Appended, Profile::Detached] {
        let reason = SignedData::parse(profile, &message).map(|_| ()).map_err(|finding| finding.reason);
        assert_eq!(reason, Err(Reason::ContentType), "{profile:?}");
    }
}

#[test]
fn another_content_is_refused() {
    let bytes = Recipe::new().pkcs7();
    let message = SignedData::parse(Profile::Authenticode, &bytes).unwrap();
    let outcome = subjects(chain::verify(&message, &Hashed::new(b"another"), &root()));
    assert_eq!(outcome, Err(vec![Reason::MessageDigest]));
}

#[test]
fn all_that_speaks_against_a_message_is_said() {
    let message = Recipe::new().signed(|signer| signer.signature[9] ^= 1).pkcs7();
    assert_eq!(verdict(&message, &[]), Err(vec![Reason::BadSignature, Reason::UnknownSigner]));
}
