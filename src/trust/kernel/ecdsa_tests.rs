#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::arithmetic_side_effects)]
use super::super::hash::Hash;
use super::*;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::signature::hazmat::PrehashSigner;

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// A key and its signature over the digest of "skexec", made by other code.
fn made(curve: Curve, digest: &[u8]) -> (Vec<u8>, Vec<u8>) {
    match curve {
        Curve::P256 => {
            let key = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
            let signature: p256::ecdsa::Signature = key.sign_prehash(digest).unwrap();
            (key.verifying_key().to_encoded_point(false).as_bytes().to_vec(), signature.to_der().as_bytes().to_vec())
        }
        Curve::P384 => {
            let key = p384::ecdsa::SigningKey::from_slice(&[7; 48]).unwrap();
            let signature: p384::ecdsa::Signature = key.sign_prehash(digest).unwrap();
            (key.verifying_key().to_encoded_point(false).as_bytes().to_vec(), signature.to_der().as_bytes().to_vec())
        }
        Curve::P521 => {
            let mut secret = [7; 66];
            secret[0] = 0;
            let key = p521::ecdsa::SigningKey::from_slice(&secret).unwrap();
            let signature: p521::ecdsa::Signature = key.try_sign(b"skexec").unwrap();
            let public = p521::ecdsa::VerifyingKey::from(&key).to_encoded_point(false).as_bytes().to_vec();
            (public, signature.to_der().as_bytes().to_vec())
        }
        Curve::P192 => unreachable!("no crate of it here"),
    }
}

#[test]
fn signatures_of_other_code_verify() {
    for (curve, hash) in [
        (Curve::P256, Hash::Sha256),
        (Curve::P256, Hash::Sha512),
        (Curve::P384, Hash::Sha384),
        (Curve::P521, Hash::Sha512),
    ] {
        let digest = hash.digest(&[b"skexec"]).unwrap();
        let (key, signature) = made(curve, &digest);
        assert_eq!(verify(curve, &key, &signature, &digest), Ok(()), "{curve:?}");
        let other = hash.digest(&[b"another"]).unwrap();
        assert_eq!(verify(curve, &key, &signature, &other), Err(Errno::Keyrejected), "{curve:?}");
    }
}

/// Made with OpenSSL.
const P192_KEY: &str =
    "045a63ad3467b82cdf6a007e3a7c3a5b7519a7a14b80ec60e57d0ac829a9d35c6228ba237d2a1f6a995cec9e8182b347b6";
const P192_SIGNATURE: &str =
    "3036021900b89da6099f34cb8936912bae1f6c1db8f981f5992e0efdcb021900d733a346ee74e367a612e4d432e8cc3426775664aa8adddd";

#[test]
fn p192_is_taken() {
    let key = unhex(P192_KEY);
    let signature = unhex(P192_SIGNATURE);
    let digest = Hash::Sha256.digest(&[b"skexec"]).unwrap();
    assert_eq!(verify(Curve::P192, &key, &signature, &digest), Ok(()));
    assert_eq!(verify(Curve::P256, &key, &signature, &digest), Err(Errno::Inval));
}

#[test]
fn every_fault_has_its_errno() {
    let digest = Hash::Sha256.digest(&[b"skexec"]).unwrap();
    let (key, signature) = made(Curve::P256, &digest);
    let check = |key: &[u8], signature: &[u8]| verify(Curve::P256, key, signature, &digest);
    let mut off_curve = key.clone();
    off_curve[10] ^= 1;
    for bad in
        [&[][..], &[4], &key[..64], &off_curve, &[&[2], &key[1..33]].concat(), &[&[4; 1], &[0xff; 64][..]].concat()]
    {
        assert_eq!(check(bad, &signature), Err(Errno::Inval), "{bad:02x?}");
    }
    let order = Curve::P256.domain().n.to_bytes_be();
    let pair = |r: &[u8], s: &[u8]| {
        let integer = |value: &[u8]| [&[2, u8::try_from(value.len()).unwrap()], value].concat();
        let body = [integer(r), integer(s)].concat();
        [&[0x30, 0x81, u8::try_from(body.len()).unwrap()], body.as_slice()].concat()
    };
    assert_eq!(check(&key, &pair(&[1], &[0])), Err(Errno::Badmsg));
    assert_eq!(check(&key, &pair(&[0], &[1])), Err(Errno::Badmsg));
    assert_eq!(check(&key, &pair(&order, &[1])), Err(Errno::Badmsg));
    assert_eq!(check(&key, &pair(&[1], &[1])), Err(Errno::Keyrejected));
    assert_eq!(check(&key, &pair(&[], &[1])), Err(Errno::Inval));
    assert_eq!(check(&key, &pair(&[1; 33], &[1])), Err(Errno::Inval));
    assert_eq!(check(&key, &pair(&[0; 34], &[1])), Err(Errno::Inval));
    assert_eq!(check(&key, &[]), Err(Errno::Badmsg));
    // Trailing bytes within the value are no fault.
    assert_eq!(check(&key, &[&signature[..], &[9]].concat()), Ok(()));
}
