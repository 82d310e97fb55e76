#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::arithmetic_side_effects)]
use super::super::hash::Hash;
use super::*;
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
        Curve::P192 | Curve::P521 => unreachable!("OpenSSL made these"),
    }
}

#[test]
fn signatures_of_other_code_verify() {
    for (curve, hash) in [(Curve::P256, Hash::Sha256), (Curve::P256, Hash::Sha512), (Curve::P384, Hash::Sha384)] {
        let digest = hash.digest(&[b"skexec"]).unwrap();
        let (key, signature) = made(curve, &digest);
        assert_eq!(ecdsa_verify(curve, &key, &signature, &digest), Ok(()), "{curve:?}");
        let other = hash.digest(&[b"another"]).unwrap();
        assert_eq!(ecdsa_verify(curve, &key, &signature, &other), Err(Errno::Keyrejected), "{curve:?}");
    }
}

const P192_KEY: &str =
    "045a63ad3467b82cdf6a007e3a7c3a5b7519a7a14b80ec60e57d0ac829a9d35c6228ba237d2a1f6a995cec9e8182b347b6";
const P192_SIGNATURE: &str = "3036021900b89da6099f34cb8936912bae1f6c1db8f981f5992e0efdcb021900d733a346ee74e367a612e4d432e8cc3426775664aa8add\
    dd";
const P521_KEY: &str = "0401c06e0332c1f6ff2f6c4cd9b745e9ae6bf58b22209724ada1102ef0e81bb9af52b379f6ae7bd7333e2c18c10a030f56152bf30ce55d\
    d7b467ef319b7a6e038a28de013f46c1878e3583e122644a4198923456f617aa5cc5a8e724999d3e3e1bf4acc1142bc179b68f518342c1\
    ce92acdb7a23751875fd801298e70892676cc92575eb17";
const P521_SIGNATURE: &str = "308188024200fb925a952a1553626594884f11fe3890979c4031ff990f27595fb305fc3473c390c4f3f4b2eb449fc0a235e2a15f502915\
    017f3448fc8e104dabab03dca86c8c48024201ceba5cbb5454122dec6fd2acc3bf2286e0c64a89f3edc3a121ab9e4b2cdf0287c1aa328f\
    6571c5663562a9b0f98185d9fb573fccca63d075343263d51da5547a7a";

/// Made with OpenSSL over the SHA-256 of "skexec": P-192, which is no longer used for kernels, and a curve that is longer than the
/// digest.
#[test]
fn curves_and_digests_of_any_length_are_taken() {
    let digest = Hash::Sha256.digest(&[b"skexec"]).unwrap();
    let cases = [(Curve::P192, P192_KEY, P192_SIGNATURE), (Curve::P521, P521_KEY, P521_SIGNATURE)];
    for (curve, key, signature) in cases {
        let (key, signature) = (unhex(key), unhex(signature));
        assert_eq!(ecdsa_verify(curve, &key, &signature, &digest), Ok(()), "{curve:?}");
        assert_eq!(ecdsa_verify(curve, &key, &signature, &[1; 32]), Err(Errno::Keyrejected), "{curve:?}");
        assert_eq!(ecdsa_verify(Curve::P256, &key, &signature, &digest), Err(Errno::Inval), "{curve:?}");
    }
}

#[test]
fn every_fault_has_its_errno() {
    let digest = Hash::Sha256.digest(&[b"skexec"]).unwrap();
    let (key, signature) = made(Curve::P256, &digest);
    let check = |key: &[u8], signature: &[u8]| ecdsa_verify(Curve::P256, key, signature, &digest);
    let mut off_curve = key.clone();
    off_curve[10] ^= 1;
    for bad in
        [&[][..], &[4], &key[..64], &off_curve, &[&[2], &key[1..33]].concat(), &[&[4; 1], &[0xff; 64][..]].concat()]
    {
        assert_eq!(check(bad, &signature), Err(Errno::Inval), "{bad:02x?}");
    }
    let order = unhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
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
