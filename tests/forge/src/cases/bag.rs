//! The certificates in the message: the kernel refuses the whole message if it cannot parse one of them.

use super::{Case, EBADMSG, EINVAL, ENOPKG, case};
use crate::der::{Node, bits, ctx, null, octets, oid, seq, splice};
use crate::ec::{self, Curve};
use crate::ext;
use crate::hash::Hash;
use crate::key::key;
use crate::oid;
use crate::pki::{self, Identity, ROOT, STRANGER};
use crate::recipe::Recipe;
use crate::x509::CertSpec;

pub(crate) fn cases() -> Vec<Case> {
    [unsupported(), malformed(), encodings(), many(), curves()].concat()
}

/// The valid message with one more element among its certificates.
fn with(name: &str, about: &str, extra: Node) -> Case {
    case(name, about, Recipe::new().message(|sd| sd.certificates.as_mut().unwrap().push(extra)).build())
}

fn cert(name: &str, about: &str, spec: impl std::borrow::Borrow<CertSpec>) -> Case {
    with(name, about, splice(spec.borrow().build()))
}

fn unrelated() -> CertSpec {
    STRANGER.leaf("A stranger who has nothing to do with it", key("stranger"))
}

fn unsupported() -> Vec<Case> {
    let of = |algorithm: &str, key_bytes: usize| {
        let id = seq(vec![oid(algorithm)]);
        let public = seq(vec![id.clone(), bits(0, &crate::bzimage::noise(9, key_bytes))]);
        CertSpec { public, inner_algorithm: Some(id.clone()), outer_algorithm: Some(id), ..unrelated() }
    };
    let pss = seq(vec![oid(oid::RSA_PSS), seq(vec![])]);
    let by_pss = CertSpec { inner_algorithm: Some(pss.clone()), outer_algorithm: Some(pss), ..unrelated() };
    let koblitz = pki::alone("A stranger on secp256k1", "secp256k1");
    let no_package = |case: Case| case.reject(ENOPKG, "bag-cert");
    vec![
        no_package(cert("A089_p7_bag_unrelated_ed25519", "an unrelated Ed25519 certificate", of(oid::ED25519, 32))),
        no_package(cert("A090_p7_bag_secp256k1_unrelated", "an unrelated certificate on secp256k1", &koblitz)),
        no_package(cert("D051_bag_mldsa", "an unrelated ML-DSA-65 certificate: kernels before 7.0 refuse", {
            of(oid::ML_DSA_65, 1952)
        })),
        no_package(cert("D051_bag_pss", "an unrelated certificate signed with RSA-PSS", &by_pss)),
        cert("E_bag_unrelated_stranger", "an unrelated certificate that is well made", unrelated()),
    ]
}

fn malformed() -> Vec<Case> {
    let bad = |case: Case| case.reject(EBADMSG, "bag-cert");
    let mismatch = {
        let outer = seq(vec![oid(oid::SHA512_RSA), null()]);
        let spec = ROOT.leaf("skexec test algorithm mismatch", key("signer"));
        let who = Identity::new(&CertSpec { outer_algorithm: Some(outer), ..spec }, key("signer"));
        Recipe::new().who(who).build()
    };
    let mut longer = Node::parse(&unrelated().build());
    longer.kids().push(null());
    let mut no_signature = Node::parse(&unrelated().build());
    no_signature.kids().pop();
    vec![
        bad(with("A091_p7_bag_garbage", "a SEQUENCE that is no certificate", seq(vec![octets(b"garbage".to_vec())]))),
        case("A092_p7_cert_alg_mismatch", "the signer's certificate names two signature algorithms", mismatch)
            .reject(EINVAL, "bag-cert"),
        bad(with("A095_p7_cert_trailing", "a NULL behind the certificate", null())),
        bad(with("D050_cert_element_too_many", "a certificate with a fourth element", longer)),
        bad(with("D050_cert_without_signature", "a certificate without its signature", no_signature)),
        bad(with("D050_bag_octet_string", "a certificate wrapped in an OCTET STRING", octets(unrelated().build()))),
        with("D050_bag_extended_certificate", "an extended certificate of PKCS#6, under [0]", ctx(0, vec![null()]))
            .reject(EBADMSG, "bag-cert"),
    ]
}

/// Extensions whose encoding `x509_process_extension` refuses.
fn encodings() -> Vec<Case> {
    let bad = |name: &str, about: &str, extension: Node| {
        let mut spec = unrelated();
        spec.extensions.push(extension);
        cert(name, about, &spec).reject(EBADMSG, "bag-cert")
    };
    let constraints = |value: Node| ext::extension(oid::BASIC_CONSTRAINTS, true, &value);
    let generalized = crate::der::generalized_time("20300101000000Z");
    vec![
        bad("D051_bag_ski_twice", "subjectKeyId twice", ext::ski(key("stranger"))),
        bad("E_bag_constraints_no_sequence", "basicConstraints that are no SEQUENCE", constraints(octets([1]))),
        bad("E_bag_key_usage_no_bits", "keyUsage that is no BIT STRING", {
            ext::extension(oid::KEY_USAGE, true, &octets([7, 0x80]))
        }),
        cert(
            "E_bag_time_generalized_2030",
            "a validity that ends in 2030, as GeneralizedTime",
            &CertSpec { not_after: generalized, ..unrelated() },
        )
        .reject(EBADMSG, "bag-cert"),
    ]
}

fn many() -> Vec<Case> {
    let others = |n: usize| {
        let spec =
            |i: usize| pki::alone("A stranger of many", "p256").with(ext::ski_of(&crate::bzimage::noise(i as u64, 20)));
        let certs: Vec<Node> = (0..n).map(|i| splice(spec(i).build())).collect();
        Recipe::new().message(|sd| sd.certificates.as_mut().unwrap().extend(certs)).build()
    };
    vec![
        case("D084_bag_of_32", "32 certificates", others(31)),
        case("D084_bag_of_33", "33 certificates", others(32)).stricter("bag-cert"),
        case("D084_bag_of_99", "99 certificates", others(98)).stricter("bag-cert"),
    ]
}

/// EC keys in forms that must be refused.
fn curves() -> Vec<Case> {
    let p256 = key("p256").ec();
    let by = |name: &str, about: &str, public: Node| {
        let spec = CertSpec { public, ..ROOT.leaf(&format!("skexec test {about}"), key("p256")) };
        case(name, about, Recipe::new().who(Identity::new(&spec, key("p256"))).build())
    };
    let compressed = [&[2 + (p256.point[64] & 1)], &p256.point[1..33]].concat();
    let mut off_curve = p256.point.clone();
    off_curve[64] ^= 1;
    vec![
        by("D096_explicit_parameters", "the curve in explicit parameters: the shape of CVE-2020-0601", {
            ec::spki(explicit_p256(&p256.point), &p256.point)
        })
        .reject(EBADMSG, "bag-cert"),
        by(
            "D096_curve_absent",
            "no curve parameters",
            seq(vec![seq(vec![oid(oid::EC_PUBLIC_KEY)]), bits(0, &p256.point)]),
        )
        .reject(EBADMSG, "bag-cert"),
        by("D096_compressed_point", "a compressed point", ec::spki(oid(Curve::P256.oid()), &compressed))
            .reject(EINVAL, "unsupported-algorithm"),
        by("D096_point_off_curve", "a point that is not on the curve", ec::spki(oid(Curve::P256.oid()), &off_curve))
            .reject(EINVAL, "bad-signature"),
        by("D096_point_of_other_curve", "a P-384 point, said to be on P-256", {
            ec::spki(oid(Curve::P256.oid()), &key("p384").ec().point)
        })
        .reject(EINVAL, "bad-signature"),
    ]
}

/// ECParameters (RFC 3279 2.3.5) with shortened values for P-256's field and coefficients: refused, because it is not an OID.
fn explicit_p256(generator: &[u8]) -> Node {
    let prime = crate::der::uint(&Hash::Sha256.of(b"stands for the prime"));
    let field = seq(vec![oid("1.2.840.10045.1.1"), prime.clone()]);
    let curve = seq(vec![octets([1; 32]), octets([2; 32])]);
    seq(vec![crate::der::int(1), field, curve, octets(generator), prime])
}
