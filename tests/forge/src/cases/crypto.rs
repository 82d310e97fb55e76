//! Signature values, keys, digests and the identifiers of algorithms.

use super::{Case, EBADMSG, EINVAL, EKEYREJECTED, ENOPKG, case};
use crate::der::{null, oid, seq, utc_time};
use crate::ec;
use crate::hash::Hash;
use crate::key::key;
use crate::oid;
use crate::pkcs7::SignerInfo;
use crate::pki::{Identity, ROOT};
use crate::recipe::Recipe;
use crate::rsa;
use crate::x509::CertSpec;

pub(crate) fn cases() -> Vec<Case> {
    [values(), blocks(), hashes(), rsa_keys(), odd_rsa(), curves(), pairs(), identifiers()].concat()
}

fn signed(name: &str, about: &str, change: impl FnOnce(&mut SignerInfo) + 'static) -> Case {
    case(name, about, Recipe::new().signed(change).build())
}

fn by(name: &str, about: &str, key_name: &str, hash: Hash) -> Case {
    case(name, about, Recipe::new().who(Identity::by_root(key_name)).hashes(hash, Hash::Sha256).build())
}

fn values() -> Vec<Case> {
    let invalid = |case: Case| case.reject(EINVAL, "bad-signature");
    vec![
        invalid(signed("A061_p7_sig_flip", "a bit of the signature", |s| s.signature[100] ^= 1)),
        invalid(signed("A062_p7_sig_short", "the signature without its last byte", |s| {
            s.signature.pop();
        })),
        invalid(signed("A063_p7_sig_long_zero_prefix", "a zero before the signature", |s| s.signature.insert(0, 0))),
        invalid(signed("A064_p7_sig_zero", "a signature of zeros", |s| s.signature.fill(0))),
        invalid(signed("A065_p7_sig_empty", "a signature of no bytes", |s| s.signature.clear())),
        invalid(signed("D092_sig_long", "a byte behind the signature", |s| s.signature.push(0))),
        invalid(signed("D092_sig_all_ff", "a signature of ff, more than the modulus", |s| s.signature.fill(0xff))),
        invalid(case("D092_sig_plus_modulus", "signature + modulus: the same number modulo n", plus_modulus())),
    ]
}

/// The sum must fit the size of the modulus. That depends on the signature, so signing times are tried until it fits.
fn plus_modulus() -> Vec<u8> {
    let key = key("signer").rsa();
    let attempt = |second: u8| {
        let (send, receive) = std::sync::mpsc::channel();
        let file = Recipe::new()
            .time(Some(utc_time(&format!("2506011200{second:02}Z"))))
            .signed(move |s| {
                let sum = (num_bigint::BigUint::from_bytes_be(&s.signature) + &key.n).to_bytes_be();
                send.send(sum.len() == key.size()).unwrap();
                s.signature = sum;
            })
            .build();
        receive.recv().unwrap().then_some(file)
    };
    (0..60).find_map(attempt).expect("one signature in three fits")
}

/// Blocks that are not EMSA-PKCS1-v1_5, signed with the right key.
fn blocks() -> Vec<Case> {
    let crafted = |name: &str, about: &str, errno: i32, make: fn(&[u8]) -> Vec<u8>| {
        let image = Recipe::new().signed(move |s| {
            let set = crate::der::Node { tag: 0x31, ..s.attributes.clone().unwrap() };
            let digest = Hash::Sha256.of(&set.encode());
            s.signature = key("signer").rsa().private(&make(&digest));
        });
        case(name, about, image.build()).reject(errno, "bad-signature")
    };
    fn padded(kind: u8, ff: usize, rest: &[u8]) -> Vec<u8> {
        let mut block = [&[0, kind], &vec![0xff; ff][..], &[0], rest].concat();
        block.resize(256, 0x5a);
        block
    }
    vec![
        crafted("D092_digest_info_no_null", "a DigestInfo without NULL", EBADMSG, |digest| {
            let info = seq(vec![seq(vec![oid(oid::SHA256)]), crate::der::octets(digest)]).encode();
            padded(1, 253 - info.len(), &info)
        }),
        crafted("D092_digest_info_of_sha1", "a DigestInfo that says SHA-1", EBADMSG, |digest| {
            let info = Hash::Sha1.info(&digest[..20]).encode();
            padded(1, 253 - info.len(), &info)
        }),
        crafted(
            "D092_short_padding",
            "little padding and junk behind the digest: Bleichenbacher 2006",
            EKEYREJECTED,
            |digest| padded(1, 8, &Hash::Sha256.info(digest).encode()),
        ),
        crafted("D092_block_type_2", "the padding of encryption", EBADMSG, |digest| {
            let info = Hash::Sha256.info(digest).encode();
            padded(2, 253 - info.len(), &info)
        }),
        crafted("D092_bare_digest", "the digest without a DigestInfo", EBADMSG, |digest| {
            padded(1, 253 - digest.len(), digest)
        }),
    ]
}

fn hashes() -> Vec<Case> {
    let with = |name: &str, about: &str, signer: Hash, image: Hash| {
        case(name, about, Recipe::new().hashes(signer, image).build())
    };
    vec![
        with("A099_p7_hash_sha1", "SHA-1 everywhere", Hash::Sha1, Hash::Sha1).stricter("weak-digest"),
        with("A100_p7_hash_md5", "MD5 everywhere", Hash::Md5, Hash::Md5).reject(ENOPKG, "unsupported-algorithm"),
        with("A101_p7_hash_sha384", "SHA-384 everywhere", Hash::Sha384, Hash::Sha384),
        with("A102_p7_hash_sha512", "SHA-512 everywhere", Hash::Sha512, Hash::Sha512),
        with("A103_p7_hash_si512_img256", "SHA-512 of the signer, SHA-256 of the image", Hash::Sha512, Hash::Sha256),
        with("A104_p7_hash_si256_imgsha1", "SHA-256 of the signer, SHA-1 of the image", Hash::Sha256, Hash::Sha1)
            .stricter("weak-digest"),
        // Debian builds Linux 7.2 without SHA-3; it answers ENOPKG.
        with("A105_p7_hash_sha3", "SHA3-256 everywhere", Hash::Sha3, Hash::Sha3).stricter("unsupported-algorithm"),
        with("E_hash_si256_img384", "SHA-256 of the signer, SHA-384 of the image", Hash::Sha256, Hash::Sha384),
        with("E_hash_si_sha1_img256", "SHA-1 of the signer, SHA-256 of the image", Hash::Sha1, Hash::Sha256)
            .stricter("weak-digest"),
    ]
}

fn rsa_keys() -> Vec<Case> {
    let rsa = |name: &str, about: &str, key_name: &str| by(name, about, key_name, Hash::Sha256);
    vec![
        rsa("A107_p7_rsa1024", "RSA of 1024 bits", "rsa1024").stricter("weak-key"),
        rsa("A108_p7_rsa3072", "RSA of 3072 bits", "rsa3072"),
        rsa("A109_p7_rsa4096", "RSA of 4096 bits", "rsa4096"),
        rsa("A110_p7_rsa8192", "RSA of 8192 bits", "rsa8192").reject(EINVAL, "unsupported-algorithm"),
        rsa("A111_p7_rsa_e3", "RSA with exponent 3", "rsa-e3").stricter("weak-key"),
        rsa("D094_rsa2047", "RSA of 2047 bits", "rsa2047").stricter("weak-key"),
    ]
}

/// RSA numbers for which any block is a valid signature.
fn odd_rsa() -> Vec<Case> {
    let modulus = key("signer").rsa().n.to_bytes_be();
    let mut even = vec![0xff; 256];
    even[255] = 0xfe;
    // With exponent 1 the signature is the padded block itself, and needs no key.
    let transparent = |name: &str, about: &str, n: &[u8]| {
        let spec = CertSpec { public: rsa::spki(n, &[1]), ..ROOT.leaf(&format!("skexec test {about}"), key("signer")) };
        let recipe = Recipe::new().who(Identity::new(&spec, key("signer"))).signed(|s| {
            let set = crate::der::Node { tag: 0x31, ..s.attributes.clone().unwrap() };
            let info = Hash::Sha256.info(&Hash::Sha256.of(&set.encode())).encode();
            s.signature = [&[0, 1], &vec![0xff; 253 - info.len()][..], &[0], &info].concat();
        });
        case(name, about, recipe.build()).stricter("weak-key")
    };
    vec![
        transparent("D094_rsa_e1", "RSA with exponent 1: the block is its own signature", &modulus),
        transparent("D094_rsa_even_modulus", "RSA with exponent 1 and an even modulus", &even),
    ]
}

fn curves() -> Vec<Case> {
    vec![
        by("A112_p7_p256", "ECDSA P-256 with SHA-256", "p256", Hash::Sha256),
        by("A113_p7_p384", "ECDSA P-384 with SHA-384", "p384", Hash::Sha384),
        by("A114_p7_p521", "ECDSA P-521 with SHA-512", "p521", Hash::Sha512),
        by("A115_p7_secp256k1", "ECDSA secp256k1", "secp256k1", Hash::Sha256).reject(ENOPKG, "bag-cert"),
        by("D097_p384_sha256", "ECDSA P-384 with SHA-256: shorter than the curve", "p384", Hash::Sha256),
        by("D097_p256_sha512", "ECDSA P-256 with SHA-512: longer than the curve", "p256", Hash::Sha512),
        by("D097_p521_sha256", "ECDSA P-521 with SHA-256: shorter than half of the curve", "p521", Hash::Sha256),
    ]
}

/// Pairs (r, s) that are not a valid signature.
fn pairs() -> Vec<Case> {
    let order = order_of_p256();
    let pair = |name: &str, about: &str, make: Box<dyn FnOnce(Vec<u8>) -> Vec<u8>>| {
        let recipe = Recipe::new().who(Identity::by_root("p256")).signed(|s| s.signature = make(s.signature.clone()));
        case(name, about, recipe.build())
    };
    let replaced = |name: &str, about: &str, errno: i32, r: Option<Vec<u8>>, s: Option<Vec<u8>>| {
        let make = |signature: Vec<u8>| {
            let (old_r, old_s) = ec::parts(&signature);
            ec::signature(&r.unwrap_or(old_r), &s.unwrap_or(old_s))
        };
        pair(name, about, Box::new(make)).reject(errno, "bad-signature")
    };
    let zero = || Some(vec![0]);
    vec![
        replaced("D096_r_zero", "r is 0", EBADMSG, zero(), None),
        replaced("D096_s_zero", "s is 0", EBADMSG, None, zero()),
        replaced("D096_both_zero", "r and s are 0: CVE-2022-21449", EBADMSG, zero(), zero()),
        replaced("D096_r_is_order", "r is the group's order", EBADMSG, Some(order.clone()), None),
        replaced("D096_s_is_order", "s is the group's order", EBADMSG, None, Some(order)),
        replaced("D096_r_one", "r is 1", EKEYREJECTED, Some(vec![1]), None),
        replaced("D096_s_too_long", "s of 40 bytes", EINVAL, None, Some(vec![0x7f; 40])),
        pair("D096_trailing", "a byte behind the pair", Box::new(|signature| [signature, vec![0]].concat()))
            .stricter("bad-signature"),
        pair("D096_not_der", "r and s one after the other, without DER", {
            Box::new(|signature| {
                let (r, s) = ec::parts(&signature);
                [r, s].concat()
            })
        })
        .reject(EBADMSG, "bad-signature"),
        pair("D096_empty", "a signature of no bytes", Box::new(|_| Vec::new())).reject(EBADMSG, "bad-signature"),
    ]
}

/// FIPS 186-4 D.1.2.3.
fn order_of_p256() -> Vec<u8> {
    let digits = b"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    num_bigint::BigUint::parse_bytes(digits, 16).unwrap().to_bytes_be()
}

fn identifiers() -> Vec<Case> {
    let named = |name: &str, about: &str, id: &'static str| {
        signed(name, about, move |s| s.signature_algorithm = seq(vec![oid(id), null()]))
    };
    let p256 = |name: &str, about: &str, id: &'static str| {
        let recipe = Recipe::new().who(Identity::by_root("p256"));
        case(name, about, recipe.signed(move |s| s.signature_algorithm = seq(vec![oid(id)])).build())
    };
    let no_package = |case: Case| case.reject(ENOPKG, "unsupported-algorithm");
    vec![
        no_package(p256("A116_p7_p256_oid_ecpub", "signatureAlgorithm id-ecPublicKey", oid::EC_PUBLIC_KEY)),
        no_package(named("A117_p7_sigalg_sha256rsa", "signatureAlgorithm sha256WithRSAEncryption", oid::SHA256_RSA)),
        no_package(named("A118_p7_sigalg_pss", "signatureAlgorithm RSASSA-PSS", oid::RSA_PSS)),
        named("A119_p7_sigalg_key_mismatch", "signatureAlgorithm ECDSA, the key RSA", oid::ECDSA_SHA256)
            .reject(EKEYREJECTED, "bad-signature"),
        p256("D095_rsa_oid_ec_key", "signatureAlgorithm RSA, the key EC", oid::RSA)
            .reject(EKEYREJECTED, "bad-signature"),
        no_package(named("D095_sigalg_ed25519", "signatureAlgorithm Ed25519", oid::ED25519)),
        no_package(named("D095_sigalg_unknown", "signatureAlgorithm of an unknown OID", oid::UNKNOWN)),
        p256("D095_ecdsa_other_hash", "ecdsa-with-SHA384 over a SHA-256 digest", oid::ECDSA_SHA384)
            .stricter("unsupported-algorithm"),
        signed("E_sigalg_no_parameters", "rsaEncryption without NULL", |s| {
            s.signature_algorithm = seq(vec![oid(oid::RSA)]);
        }),
    ]
}
