//! The outer structure of SignedData: versions, signers, digest algorithms, forbidden elements.

use super::{Case, EBADMSG, EINVAL, EKEYREJECTED, EMSGSIZE, ENOKEY, ENOPKG, case};
use crate::der::{ctx, int, oid, seq};
use crate::hash::Hash;
use crate::oid;
use crate::pkcs7::{SignedData, SignerInfo, attribute, issuer_and_serial, subject_key_id};
use crate::pki;
use crate::recipe::Recipe;

pub(crate) fn cases() -> Vec<Case> {
    [signers(), versions(), algorithms(), extras(), nested()].concat()
}

fn message(name: &str, about: &str, change: impl FnOnce(&mut SignedData) + 'static) -> Case {
    case(name, about, Recipe::new().message(change).build())
}

fn signers() -> Vec<Case> {
    let unknown = |sd: &mut SignedData| {
        let mut other = sd.signers[0].clone();
        other.sid = issuer_and_serial(&pki::stranger().cert);
        sd.signers.push(other);
    };
    let corrupt = |sd: &mut SignedData| {
        let mut other = sd.signers[0].clone();
        other.signature[100] ^= 1;
        sd.signers.push(other);
    };
    vec![
        message("A096_p7_two_si_good_unknown", "a second signer whose certificate is not there", unknown)
            .stricter("multi-signer"),
        message("A097_p7_two_si_good_badsig", "a second SignerInfo of the same signer, its signature damaged", corrupt)
            .reject(EINVAL, "multi-signer"),
        message("A098_p7_zero_si", "no SignerInfo", |sd| sd.signers.clear()).reject(EBADMSG, "pkcs7"),
        message("D046_two_si_stranger_first", "the stranger first, the good signer second", move |sd| {
            unknown(sd);
            sd.signers.swap(0, 1);
        })
        .stricter("multi-signer"),
        message("D046_two_si_same", "the good SignerInfo twice", |sd| sd.signers.push(sd.signers[0].clone()))
            .stricter("multi-signer"),
        message("D044_sid_other_serial", "issuer and serial number of no certificate", |sd| {
            let issuer = crate::x509::name(pki::ROOT.name);
            sd.signers[0].sid = seq(vec![issuer, int(12345)]);
        })
        .reject(ENOKEY, "unknown-signer"),
    ]
}

fn versions() -> Vec<Case> {
    let by_key_id = |sd: &mut SignedData| {
        sd.signers[0].sid = subject_key_id(&pki::signer().key.id());
        sd.signers[0].version = 3;
    };
    vec![
        message("A128_p7_sdver3", "SignedData version 3 with a version 1 signer", |sd| sd.version = 3)
            .reject(EBADMSG, "pkcs7"),
        message("A129_p7_sdver2", "SignedData version 2", |sd| sd.version = 2).reject(EINVAL, "pkcs7"),
        message("A130_p7_cms_v3_skid", "a CMS version 3 signer named by its key's id", move |sd| {
            by_key_id(sd);
            sd.version = 3;
        })
        .reject(ENOKEY, "sid"),
        message("D043_sdver0", "SignedData version 0", |sd| sd.version = 0).reject(EINVAL, "pkcs7"),
        message("D043_sdver1_siver3", "SignedData version 1 with a version 3 signer", by_key_id).reject(EBADMSG, "sid"),
        message("D043_siver2", "SignerInfo version 2", |sd| sd.signers[0].version = 2).reject(EINVAL, "sid"),
        message("D043_siver1_skid", "a version 1 signer named by its key's id", move |sd| {
            by_key_id(sd);
            sd.signers[0].version = 1;
        })
        .reject(EINVAL, "sid"),
    ]
}

fn algorithms() -> Vec<Case> {
    let stricter = |case: Case| case.stricter("digest-algs");
    vec![
        stricter(message("A106_p7_digalgs_mismatch", "digestAlgorithms says SHA-1, the signer SHA-256", |sd| {
            sd.digest_algorithms = vec![Hash::Sha1.algorithm()];
        })),
        message("D047_digalgs_empty", "digestAlgorithms empty: the shape of CVE-2026-45447", |sd| {
            sd.digest_algorithms.clear();
        })
        .reject(EBADMSG, "digest-algs"),
        stricter(message("D047_digalgs_two", "two digestAlgorithms, the right one first", |sd| {
            sd.digest_algorithms.push(Hash::Sha512.algorithm());
        })),
        message("E_digalgs_no_parameters", "digestAlgorithms without NULL: RFC 5754 allows both", |sd| {
            sd.digest_algorithms = vec![seq(vec![oid(oid::SHA256)])];
        }),
        case("E_signer_digest_no_parameters", "digestAlgorithm of the signer without NULL", {
            Recipe::new().signed(|si| si.digest_algorithm = seq(vec![oid(oid::SHA256)])).build()
        }),
        stricter(message("D048_digalgs_unknown", "digestAlgorithms of an unknown OID", |sd| {
            sd.digest_algorithms = vec![seq(vec![oid(oid::UNKNOWN)])];
        })),
    ]
}

fn extras() -> Vec<Case> {
    let filler = |si: &mut SignerInfo| {
        let value = vec![crate::der::octets(vec![0x5a; 70_000])];
        si.unauthenticated = Some(ctx(1, vec![attribute(oid::UNKNOWN, value)]));
    };
    vec![
        case("A135_p7_64k", "a message longer than 65535 bytes", Recipe::new().signed(filler).build())
            .reject(EMSGSIZE, "pkcs7-size"),
        message("A139_p7_crls_present", "an empty set of CRLs", |sd| sd.crls = Some(ctx(1, vec![])))
            .reject(EBADMSG, "pkcs7"),
        message("E_outer_type_data", "ContentInfo says data", |sd| sd.outer_type = oid::DATA).reject(EINVAL, "pkcs7"),
        message("E_outer_type_enveloped", "ContentInfo says envelopedData", |sd| sd.outer_type = oid::ENVELOPED_DATA)
            .reject(EINVAL, "pkcs7"),
        case("E_extra_in_signed_data", "an element behind the signerInfos", {
            Recipe::new().tree(|t| t.at(&[1, 0]).kids().push(int(1))).build()
        })
        .reject(EBADMSG, "pkcs7"),
        case("E_extra_in_content_info", "an element behind the content of ContentInfo", {
            Recipe::new().tree(|t| t.kids().push(int(1))).build()
        })
        .reject(EBADMSG, "pkcs7"),
        case("E_extra_in_signer_info", "an element behind the signature", {
            Recipe::new().tree(|t| t.at(&[1, 0, 4, 0]).kids().push(int(1))).build()
        })
        .reject(EBADMSG, "pkcs7"),
        case(
            "E_signer_infos_as_sequence",
            "signerInfos in a SEQUENCE: PKCS#7 1.6 has both forms, and so the kernel",
            Recipe::new().tree(|t| t.at(&[1, 0, 4]).tag = 0x30).build(),
        )
        .stricter("pkcs7"),
        case("E_digestalgs_as_sequence", "digestAlgorithms in a SEQUENCE", {
            Recipe::new().tree(|t| t.at(&[1, 0, 1]).tag = 0x30).build()
        })
        .stricter("pkcs7"),
        case("E_certificates_in_2", "certificates under [2]: a sequence in PKCS#7 1.6", {
            Recipe::new().tree(|t| t.at(&[1, 0, 3]).tag = 0xa2).build()
        })
        .stricter("pkcs7"),
        case("E_message_cut", "the message ends in the middle, all lengths true to it", {
            Recipe::new().der(|der| *der = vec![0x30, 0x03, 0x02, 0x01, 0x01]).build()
        })
        .reject(EBADMSG, "pkcs7"),
    ]
}

/// A signature in the unauthenticated attributes (`1.3.6.1.4.1.311.2.4.1`) is ignored.
fn nested() -> Vec<Case> {
    let with = |inner: Vec<u8>| {
        move |si: &mut SignerInfo| {
            let value = vec![crate::der::splice(inner)];
            si.unauthenticated = Some(ctx(1, vec![attribute(oid::SPC_NESTED_SIGNATURE, value)]));
        }
    };
    let good = || Recipe::new().hash(Hash::Sha512).pkcs7();
    vec![
        case("A131_p7_nested_sig_unauth", "a nested signature beside the good one", {
            Recipe::new().signed(with(good())).build()
        }),
        case("D052_nested_good_primary_unknown", "a stranger's signature with the good one nested in it", {
            Recipe::new().who(pki::stranger()).signed(with(good())).build()
        })
        .reject(ENOKEY, "unknown-signer"),
        case("D052_nested_good_primary_corrupt", "a damaged signature with the good one nested in it", {
            let nest = with(good());
            let both = |si: &mut SignerInfo| {
                si.signature[100] ^= 1;
                nest(si);
            };
            Recipe::new().signed(both).build()
        })
        .reject(EINVAL, "bad-signature"),
        case("D052_nested_garbage", "a nested signature that is no message", {
            Recipe::new().signed(with(int(7).encode())).build()
        }),
        case("E_nested_md5_primary", "an MD5 signature with the good one nested in it", {
            Recipe::new().hashes(Hash::Md5, Hash::Sha256).signed(with(good())).build()
        })
        .reject(ENOPKG, "unsupported-algorithm"),
        case("E_nested_digest_mismatch", "a good signature of another image with the right one nested in it", {
            Recipe::new().spc(|spc| spc.digest[0] ^= 1).signed(with(good())).build()
        })
        .reject(EKEYREJECTED, "digest-mismatch"),
    ]
}
