//! BER where DER is required: the kernel's decoder (lib/asn1_decoder.c) accepts most of it, skexec accepts none.

use super::{Case, EBADMSG, EINVAL, case};
use crate::der::{Len, Node, boolean, ctx, null, octets, oid, seq, splice};
use crate::key::key;
use crate::oid;
use crate::pkcs7::attribute;
use crate::pki::{Identity, ROOT};
use crate::recipe::Recipe;

fn ber(name: &str, about: &str, change: impl FnOnce(&mut Node) + 'static) -> Case {
    case(name, about, Recipe::new().tree(change).build())
}

pub(crate) fn cases() -> Vec<Case> {
    [accepted_by_the_kernel(), refused_by_both()].concat()
}

fn accepted_by_the_kernel() -> Vec<Case> {
    let attributes = Recipe::new().signer(|signer| signer.attributes_len = Len::Octets(2)).build();
    let flag = Recipe::new().who(boolean_of_one()).build();
    let all = vec![
        ber("A132_p7_ber_indef_outer", "the outermost SEQUENCE of indefinite length", |t| t.len = Len::Indefinite),
        ber("A133_p7_ber_indef_inner", "SignedData of indefinite length", |t| t.at(&[1, 0]).len = Len::Indefinite),
        ber("A134_p7_nonminimal_len", "the version's length in the long form", |t| {
            t.at(&[1, 0, 0]).len = Len::Octets(1);
        }),
        ber("D042_sigalg_len_nonminimal", "the length of signatureAlgorithm in two octets", |t| {
            t.at(&[1, 0, 4, 0, 4]).len = Len::Octets(2);
        }),
        case("D042_attributes_len_nonminimal", "the length of the signed attributes in two octets, and so signed", {
            attributes
        }),
        ber("D041_ber_all_indef", "everything around the SignerInfo of indefinite length", |t| {
            for path in [&[][..], &[1], &[1, 0], &[1, 0, 4]] {
                t.at(path).len = Len::Indefinite;
            }
        }),
        case("E_boolean_01", "a critical flag of 01 in the signer's certificate", flag),
        ber("E_deep_nesting", "thirty SEQUENCEs in one another in an unauthenticated attribute", |t| {
            let deep = (0..30).fold(null(), |inner, _| seq(vec![inner]));
            t.at(&[1, 0, 4, 0]).kids().push(ctx(1, vec![attribute(oid::UNKNOWN, vec![deep])]));
        }),
    ];
    all.into_iter().map(|case| case.stricter("der")).collect()
}

/// X.690 11.1: TRUE is FF.
fn boolean_of_one() -> Identity {
    let mut spec = ROOT.leaf("skexec test boolean", key("signer"));
    let mut flag = boolean(true);
    flag.body = crate::der::Body::Bytes(vec![1]);
    spec.extensions.push(seq(vec![oid(oid::UNKNOWN), flag, octets(null().encode())]));
    Identity::new(&spec, key("signer"))
}

fn refused_by_both() -> Vec<Case> {
    vec![
        ber("D042_version_two_octets", "the version as 00 01: not the shortest INTEGER", |t| {
            *t.at(&[1, 0, 0]) = Node::prim(2, [0, 1]);
        })
        .reject(EINVAL, "der"),
        ber("D042_len_overruns", "SignedData says it is longer than what is around it", |t| {
            t.at(&[1, 0]).len = Len::Says(0x2000);
        })
        .reject(EBADMSG, "der"),
        ber("D042_len_short", "SignedData says it is shorter than what is in it", |t| {
            t.at(&[1, 0]).len = Len::Says(0x100);
        })
        .reject(EBADMSG, "der"),
        ber("D041_ber_no_eoc", "indefinite length that never ends", |t| {
            let inner = t.at(&[1, 0]).value().unwrap();
            *t.at(&[1, 0]) = splice([&[0x30, 0x80], &inner[..]].concat());
        })
        .reject(EBADMSG, "der"),
        ber("D041_ber_constructed_string", "the signature as an OCTET STRING of two pieces", |t| {
            let signature = t.at(&[1, 0, 4, 0, 5]);
            let bytes = signature.bytes().to_vec();
            let (a, b) = bytes.split_at(100);
            *signature = Node::cons(0x24, vec![octets(a), octets(b)]);
        })
        .reject(EBADMSG, "der"),
        ber("E_high_tag", "a tag number in the long form where the unauthenticated attributes stand", |t| {
            t.at(&[1, 0, 4, 0]).kids().push(splice([0xbf, 0x1f, 0x00]));
        })
        .reject(EBADMSG, "der"),
    ]
}
