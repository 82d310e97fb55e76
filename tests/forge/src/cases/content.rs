//! The signed content: the content type and SpcIndirectDataContent (mscode.asn1 and mscode_parser.c).

use super::{Case, EBADMSG, EINVAL, EKEYREJECTED, ENODATA, case};
use crate::der::{bits, null, octets, oid, seq};
use crate::hash::Hash;
use crate::oid;
use crate::pkcs7::attribute;
use crate::recipe::Recipe;
use crate::spc::Spc;

fn spc(name: &str, about: &str, change: impl FnOnce(&mut Spc) + 'static) -> Case {
    case(name, about, Recipe::new().spc(change).build())
}

pub(crate) fn cases() -> Vec<Case> {
    [types(), digests(), structure()].concat()
}

fn types() -> Vec<Case> {
    // The contentType attribute must agree; otherwise the file would be refused for that reason.
    let of_type = |id: &'static str| {
        Recipe::new()
            .signer(move |signer| {
                signer.attributes.as_mut().unwrap()[0] = attribute(oid::CONTENT_TYPE, vec![oid(id)]);
            })
            .message(move |sd| sd.content_type = id)
            .build()
    };
    let nothing = Recipe::new()
        .signer(|signer| {
            let digest = octets(Hash::Sha256.of(b""));
            signer.attributes.as_mut().unwrap()[2] = attribute(oid::MESSAGE_DIGEST, vec![digest]);
        })
        .message(|sd| sd.content = None)
        .build();
    vec![
        case("A120_p7_ctype_data", "content of type data: not Authenticode", of_type(oid::DATA))
            .reject(EKEYREJECTED, "content-type"),
        case("E_ctype_enveloped", "content of type envelopedData", of_type(oid::ENVELOPED_DATA))
            .reject(EINVAL, "content-type"),
        case("E_ctype_unknown", "content of an unknown type", of_type(oid::UNKNOWN)).reject(EINVAL, "content-type"),
        spc("A121_p7_spc_type_pesignbug", "the type that old pesign wrote", |spc| spc.type_oid = oid::SPC_INDIVIDUAL),
        spc("A122_p7_spc_type_unknown", "an unknown type", |spc| spc.type_oid = oid::UNKNOWN).reject(EBADMSG, "spc"),
        spc("E_spc_type_known_but_wrong", "a type that the kernel knows as something else", |spc| {
            spc.type_oid = oid::SHA256;
        })
        .reject(EBADMSG, "spc"),
        case("E_content_absent", "no content; messageDigest is that of nothing", nothing).reject(ENODATA, "pkcs7"),
    ]
}

fn digests() -> Vec<Case> {
    let malformed = |case: Case| case.reject(EBADMSG, "spc");
    vec![
        spc("A123_p7_spc_digest_wrong", "the digest of another image", |spc| spc.digest[31] ^= 1)
            .reject(EKEYREJECTED, "digest-mismatch"),
        malformed(spc("A124_p7_spc_digest_len20", "a digest of 20 bytes", |spc| spc.digest.truncate(20))),
        malformed(spc("A125_p7_spc_digest_empty", "a digest of no bytes", |spc| spc.digest.clear())),
        spc("A127_p7_spc_alg_md5", "the digest is MD5", |spc| {
            *spc = Spc::new(Hash::Md5, crate::authenticode::digest(&crate::unsigned_bzimage(), Hash::Md5));
        })
        .reject(EBADMSG, "unsupported-algorithm"),
        malformed(spc("D068_digest_last_32_of_64", "64 bytes, of which the last 32 are the digest", |spc| {
            spc.digest = [vec![0x5a; 32], spc.digest.clone()].concat();
        })),
        malformed(spc("D066_digest_says_sha512", "the SHA-256 digest, said to be SHA-512", |spc| {
            spc.algorithm = Hash::Sha512.algorithm();
        })),
        spc("D066_digest_all_zero", "a digest of zeros", |spc| spc.digest.fill(0))
            .reject(EKEYREJECTED, "digest-mismatch"),
        spc("E_spc_alg_no_parameters", "the digest algorithm without NULL", |spc| {
            spc.algorithm = seq(vec![oid(oid::SHA256)]);
        }),
    ]
}

fn structure() -> Vec<Case> {
    let content = |name: &str, about: &str, change: fn(&mut crate::der::Node)| {
        case(name, about, Recipe::new().content(change).build()).reject(EBADMSG, "spc")
    };
    vec![
        content("A126_p7_spc_trailing", "an element behind the digest", |c| c.at(&[1]).kids().push(null())),
        content("D067_trailing_in_spc", "an element behind the DigestInfo", |c| c.kids().push(null())),
        content(
            "D068_right_digest_at_the_end",
            "a wrong digest in its place, the right one in the last 32 bytes",
            |c| {
                let right = c.at(&[1, 1]).clone();
                *c.at(&[1, 1]) = octets([0x5a; 32]);
                c.kids().push(right);
            },
        ),
        content("E_spc_digest_twice", "two DigestInfos", |c| {
            let digest = c.at(&[1]).clone();
            c.kids().push(digest);
        }),
        content("E_spc_empty", "an empty SEQUENCE", |c| c.kids().clear()),
        content("E_spc_no_digest", "no DigestInfo", |c| {
            c.kids().pop();
        }),
        content("E_spc_digest_bit_string", "the digest as a BIT STRING", |c| {
            let digest = c.at(&[1, 1]);
            *digest = bits(0, digest.bytes());
        }),
    ]
}
