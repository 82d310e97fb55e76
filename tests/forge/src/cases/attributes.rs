//! The signed attributes (RFC 2315 9.2): required ones, repeated ones, their encoding, and their match with the content.

use super::{Case, EBADMSG, EKEYREJECTED, case};
use crate::authenticode;
use crate::der::{Node, ctx, int, null, octets, oid, seq, set, utf8};
use crate::hash::Hash;
use crate::oid;
use crate::pkcs7::attribute;
use crate::recipe::Recipe;
use crate::spc::Spc;

/// Indexes in the list before it is sorted.
const CONTENT_TYPE: usize = 0;
const MESSAGE_DIGEST: usize = 2;

pub(crate) fn cases() -> Vec<Case> {
    [digest(), presence(), form(), binding()].concat()
}

fn attrs(name: &str, about: &str, change: impl FnOnce(&mut Vec<Node>) + 'static) -> Case {
    case(name, about, Recipe::new().signer(|signer| change(signer.attributes.as_mut().unwrap())).build())
}

/// The value of messageDigest, replaced.
fn digest_value(name: &str, about: &str, change: impl FnOnce(Vec<u8>) -> Node + 'static) -> Case {
    attrs(name, about, |list| {
        let value = list[MESSAGE_DIGEST].at(&[1, 0]);
        *value = change(value.bytes().to_vec());
    })
}

fn digest() -> Vec<Case> {
    let malformed = |case: Case| case.reject(EBADMSG, "attributes");
    vec![
        digest_value("A066_p7_md_wrong", "messageDigest of another content", |mut digest| {
            digest[0] ^= 1;
            octets(digest)
        })
        .reject(EKEYREJECTED, "message-digest"),
        malformed(digest_value("A067_p7_md_len", "messageDigest of 20 bytes", |digest| octets(&digest[..20]))),
        malformed(digest_value("A068_p7_md_not_octet", "messageDigest as a string", |digest| Node::prim(12, digest))),
        malformed(digest_value("D059_md_empty", "messageDigest of no bytes", |_| octets([]))),
        malformed(digest_value("D059_md_long", "messageDigest with a byte more", |digest| {
            octets([digest, vec![0]].concat())
        })),
    ]
}

fn presence() -> Vec<Case> {
    let missing = |case: Case| case.reject(EBADMSG, "attributes");
    let repeated = |case: Case| case.reject(EKEYREJECTED, "attributes");
    let twice = |i: usize| move |list: &mut Vec<Node>| list.push(list[i].clone());
    vec![
        missing(attrs("A069_p7_attr_no_md", "no messageDigest", |list| {
            list.remove(MESSAGE_DIGEST);
        })),
        missing(attrs("A070_p7_attr_no_ct", "no contentType", |list| {
            list.remove(CONTENT_TYPE);
        })),
        missing(attrs("A071_p7_attr_ct_mismatch", "contentType says data", |list| {
            list[CONTENT_TYPE] = attribute(oid::CONTENT_TYPE, vec![oid(oid::DATA)]);
        })),
        repeated(attrs("A072_p7_attr_dup_md", "messageDigest twice", twice(MESSAGE_DIGEST))),
        repeated(attrs("A073_p7_attr_multi_value", "messageDigest with two values", |list| {
            let values = list[MESSAGE_DIGEST].at(&[1]).kids();
            values.push(values[0].clone());
        })),
        missing(case("A074_p7_attr_none", "no signed attributes", {
            Recipe::new().signer(|signer| signer.attributes = None).build()
        })),
        attrs("A076_p7_attr_unknown", "an attribute that nobody knows", |list| {
            list.push(attribute(oid::UNKNOWN, vec![int(1)]));
        }),
        repeated(attrs("D057_dup_content_type", "contentType twice", twice(CONTENT_TYPE))),
        repeated(attrs("D057_dup_signing_time", "signingTime twice", twice(1))),
        repeated(attrs("D057_dup_opus_info", "SpcSpOpusInfo twice", |list| {
            list.extend([attribute(oid::SPC_SP_OPUS_INFO, vec![seq(vec![])]), opus_info("x")]);
        })),
        attrs("E_opus_info", "SpcSpOpusInfo, as signtool writes it", |list| list.push(opus_info("skexec"))),
        missing(case("D053_attributes_empty", "signed attributes without one", {
            Recipe::new().signer(|signer| signer.attributes = Some(vec![])).build()
        })),
    ]
}

fn opus_info(program: &str) -> Node {
    let text: Vec<u8> = program.encode_utf16().flat_map(u16::to_be_bytes).collect();
    attribute(oid::SPC_SP_OPUS_INFO, vec![seq(vec![ctx(0, vec![crate::der::ctx_prim(0, text)])])])
}

fn form() -> Vec<Case> {
    let malformed = |case: Case| case.reject(EBADMSG, "attributes");
    let unsorted = Recipe::new().signer(|signer| {
        signer.sort = false;
        signer.attributes.as_mut().unwrap().reverse();
    });
    vec![
        case("A075_p7_attr_unsorted", "not in the order of a DER SET OF; signed in the order they have", {
            unsorted.build()
        })
        .stricter("attr-order"),
        malformed(attrs("D058_no_value", "messageDigest with an empty set of values", |list| {
            list[MESSAGE_DIGEST].at(&[1]).kids().clear();
        })),
        malformed(attrs("D058_no_values_set", "messageDigest without a set of values", |list| {
            list[MESSAGE_DIGEST].kids().pop();
        })),
        malformed(attrs("E_attribute_three_parts", "an attribute with a third element", |list| {
            list[MESSAGE_DIGEST].kids().push(null());
        })),
        malformed(attrs("E_attribute_values_sequence", "values in a SEQUENCE", |list| {
            list[MESSAGE_DIGEST].at(&[1]).tag = 0x30;
        })),
        malformed(attrs("E_attribute_type_string", "an attribute whose type is no OID", |list| {
            list.push(seq(vec![utf8("1.2.3"), set(vec![null()])]));
        })),
        malformed(case("D063_attributes_as_sequence", "attributes in PKCS#7 1.6's [2] SEQUENCE form", {
            Recipe::new()
                .signed(|signed| {
                    let list = signed.attributes.take().unwrap();
                    signed.attributes = Some(ctx(2, vec![Node { tag: 0x30, ..list }]));
                })
                .build()
        })),
    ]
}

/// A valid signature of other bytes has valid padding, so the kernel answers EKEYREJECTED; for a damaged one it answers EINVAL.
fn binding() -> Vec<Case> {
    let mut tampered = crate::unsigned_bzimage();
    tampered[0x2345] ^= 1;
    let original = authenticode::digest(&crate::unsigned_bzimage(), Hash::Sha256);
    let swapped = Spc::new(Hash::Sha256, authenticode::digest(&tampered, Hash::Sha256)).node();
    vec![
        case("D061_content_swap", "attributes and signature of one image, SpcIndirectDataContent of another", {
            Recipe::new()
                .image(tampered)
                .spc(|spc| spc.digest = original)
                .message(|sd| sd.content = Some(swapped))
                .build()
        })
        .reject(EKEYREJECTED, "message-digest"),
        case("D062_signed_as_a0", "the signature is over the attributes with their tag A0, not 31", {
            Recipe::new().signer(|signer| signer.signed_tag = 0xa0).build()
        })
        .reject(EKEYREJECTED, "bad-signature"),
        case("D061_attribute_changed", "a bit of signingTime changed after signing", {
            Recipe::new()
                .signed(|signed| {
                    let list = signed.attributes.as_mut().unwrap();
                    *list.at(&[1, 1, 0]) = crate::der::utc_time("250601120001Z");
                })
                .build()
        })
        .reject(EKEYREJECTED, "bad-signature"),
        case("D062_signs_the_content", "attributes are there, but the signature is over the content", {
            Recipe::new()
                .signed(|signed| {
                    let spc = Spc::new(Hash::Sha256, authenticode::digest(&crate::unsigned_bzimage(), Hash::Sha256));
                    let content = spc.node().value().unwrap();
                    signed.signature = crate::key::key("signer").sign(Hash::Sha256, &content);
                })
                .build()
        })
        .reject(EKEYREJECTED, "bad-signature"),
    ]
}
