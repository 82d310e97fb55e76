//! The path from the signer up to an anchor.

use super::{Case, EINVAL, EKEYREJECTED, ENOKEY, case};
use crate::ext;
use crate::hash::Hash;
use crate::key::key;
use crate::oid;
use crate::pki::{self, Authority, INTERMEDIATE, Identity, ROOT};
use crate::recipe::Recipe;
use crate::x509::{self, CertSpec};

pub(crate) fn cases() -> Vec<Case> {
    [intermediates(), not_authorities(), lengths(), links(), damaged()].concat()
}

const SUB: Authority = Authority { name: "skexec test sub-intermediate", key: "sub-intermediate" };

fn by<const N: usize>(name: &str, about: &str, who: Identity, bag: [Vec<u8>; N]) -> Case {
    case(name, about, Recipe::new().who(who).bag(bag).build())
}

fn below(issuer: Authority) -> Identity {
    Identity::new(&issuer.leaf(&format!("skexec test leaf of {}", issuer.key), key("signer")), key("signer"))
}

fn intermediates() -> Vec<Case> {
    let leaf = below(INTERMEDIATE);
    let int = pki::intermediate().cert;
    vec![
        by("A056_p7_chain_int", "leaf, intermediate, root", leaf.clone(), [leaf.cert.clone(), int.clone()]),
        by(
            "A057_p7_chain_int_root_in_bag",
            "the root in the bag as well",
            leaf.clone(),
            [leaf.cert.clone(), int.clone(), pki::root().cert],
        ),
        by("A058_p7_chain_int_missing", "the intermediate is nowhere", leaf.clone(), [leaf.cert.clone()])
            .reject(ENOKEY, "unknown-signer"),
        by(
            "E_chain_reversed_bag",
            "the bag in the other order",
            leaf.clone(),
            [pki::root().cert, int.clone(), leaf.cert.clone()],
        ),
        by(
            "E_chain_with_strangers",
            "strangers between the certificates",
            leaf.clone(),
            [pki::stranger().cert, leaf.cert.clone(), pki::stranger_root().cert, int.clone()],
        ),
        by(
            "E_leaf_twice_in_bag",
            "the signer's certificate twice",
            pki::signer(),
            [pki::signer().cert, pki::signer().cert],
        ),
        by(
            "E_signed_by_intermediate",
            "signed with an intermediate's key that may only sign certificates",
            pki::intermediate(),
            [int],
        )
        .stricter("leaf-ku"),
    ]
}

fn not_authorities() -> Vec<Case> {
    let issuer = Authority { name: "skexec test no authority", key: "nonca" };
    let leaf = below(issuer);
    let under = |name: &str, about: &str, spec: CertSpec| {
        by(name, about, leaf.clone(), [leaf.cert.clone(), spec.build()]).stricter("not-ca")
    };
    let plain = issuer.issued_by(ROOT);
    vec![
        under(
            "A059_p7_nonca_issuer",
            "the issuer is CA:FALSE",
            plain.clone().with(ext::basic_constraints(false, None)),
        ),
        under("D075_issuer_no_constraints", "the issuer has no basicConstraints", {
            plain.clone().without(oid::BASIC_CONSTRAINTS)
        }),
        under("D075_issuer_no_cert_sign", "the issuer's keyUsage lacks keyCertSign", {
            plain.clone().with(ext::key_usage(ext::CRL_SIGN))
        }),
        under("D075_issuer_is_a_leaf", "the issuer is a signer like any other", ROOT.leaf(issuer.name, issuer.key())),
        by(
            "E_issuer_no_key_usage",
            "the issuer has no keyUsage at all: it may sign",
            leaf.clone(),
            [leaf.cert.clone(), plain.without(oid::KEY_USAGE).build()],
        ),
    ]
}

fn lengths() -> Vec<Case> {
    let leaf = below(SUB);
    let int = |path_len| INTERMEDIATE.issued_by(ROOT).with(ext::basic_constraints(true, path_len)).build();
    let sub = SUB.issued_by(INTERMEDIATE).build();
    let chain = |name: &str, about: &str, path_len| {
        by(name, about, leaf.clone(), [leaf.cert.clone(), sub.clone(), int(path_len)])
    };
    let direct = below(INTERMEDIATE);
    vec![
        chain("D076_path_len_exceeded", "an authority below one of pathLenConstraint 0", Some(0))
            .stricter("path-length"),
        chain("D076_path_len_enough", "pathLenConstraint 1", Some(1)),
        chain("D076_path_len_absent", "no pathLenConstraint", None),
        by(
            "D076_path_len_0_leaf",
            "a leaf right below pathLenConstraint 0",
            direct.clone(),
            [direct.cert, int(Some(0))],
        ),
        tower("D084_chain_of_4", "four intermediates", 4),
        tower("D084_chain_of_20", "twenty intermediates", 20).stricter("path-length"),
    ]
}

/// A path of this many authorities, all with one key, but each with its own key identifier.
fn tower(name: &str, about: &str, height: u8) -> Case {
    let key = key("p256");
    let id = |level: u8| [&[level], &key.id()[1..]].concat();
    let named = |level: u8| format!("skexec test tower of {height}, level {level}");
    let step = |level: u8| {
        let spec = CertSpec::new(&named(level), key, &named(level + 1), key)
            .with(ext::basic_constraints(true, None))
            .with(ext::ski_of(&id(level)))
            .with(ext::aki_of(&id(level + 1)));
        if level < height {
            return spec.build();
        }
        CertSpec { issuer: x509::name(ROOT.name), signer: ROOT.key(), ..spec.with(ext::aki(ROOT.key())) }.build()
    };
    let leaf = CertSpec::new(&named(0), key, &named(1), key).with(ext::ski_of(&id(0))).with(ext::aki_of(&id(1)));
    let who = Identity::new(&leaf, key);
    let others = (1..=height).map(step).map(crate::der::splice);
    let bag: Vec<_> = std::iter::once(crate::der::splice(who.cert.clone())).chain(others).collect();
    case(name, about, Recipe::new().who(who).message(move |sd| sd.certificates = Some(bag)).build())
}

fn links() -> Vec<Case> {
    let misnamed = {
        let mut spec = ROOT.leaf("skexec test misnamed issuer", key("signer"));
        spec.issuer = x509::name("Somebody else");
        Identity::new(&spec, key("signer"))
    };
    let bare = ROOT.leaf("skexec test bare", key("signer"));
    let no_ids =
        Identity::new(&bare.clone().without(oid::SUBJECT_KEY_ID).without(oid::AUTHORITY_KEY_ID), key("signer"));
    let no_ski = Identity::new(&bare.without(oid::SUBJECT_KEY_ID), key("signer"));
    let (a, b) = (Authority { name: "Loop A", key: "stranger-ca" }, Authority { name: "Loop B", key: "stranger-int" });
    let looped = Identity::new(&a.leaf("A stranger in a loop", key("stranger")), key("stranger"));
    vec![
        by("A060_p7_leaf_noskid", "a leaf without subjectKeyId and authorityKeyId", no_ids.clone(), [no_ids.cert])
            .reject(ENOKEY, "unknown-signer"),
        by("E_leaf_no_ski_with_aki", "a leaf without subjectKeyId", no_ski.clone(), [no_ski.cert]),
        by(
            "D077_name_mismatch",
            "the issuer's name is not the root's subject, the key id is",
            misnamed.clone(),
            [misnamed.cert],
        )
        .stricter("name-chain"),
        by(
            "D083_loop",
            "two authorities that issued each other",
            looped.clone(),
            [looped.cert, a.issued_by(b).build(), b.issued_by(a).build()],
        )
        .reject(ENOKEY, "unknown-signer"),
    ]
}

fn damaged() -> Vec<Case> {
    let flip: fn(&mut Vec<u8>) = |signature| signature[50] ^= 1;
    let leaf =
        Identity::new(&CertSpec { damage: flip, ..ROOT.leaf("skexec test damaged", key("signer")) }, key("signer"));
    let below_int = below(INTERMEDIATE);
    let broken_int = CertSpec { damage: flip, ..INTERMEDIATE.issued_by(ROOT) }.build();
    let broken_below = {
        let spec = CertSpec { damage: flip, ..INTERMEDIATE.leaf("skexec test damaged below", key("signer")) };
        Identity::new(&spec, key("signer"))
    };
    let sha1 =
        Identity::new(&CertSpec { hash: Hash::Sha1, ..ROOT.leaf("skexec test SHA-1", key("signer")) }, key("signer"));
    let weak = Authority { name: "skexec test weak authority", key: "rsa1024" };
    let curve = Authority { name: "skexec test EC authority", key: "p256" };
    vec![
        by("A093_p7_cert_sig_corrupt", "the root's signature on the leaf is damaged", leaf.clone(), [leaf.cert])
            .reject(EKEYREJECTED, "cert-signature"),
        by(
            "A094_p7_int_sig_corrupt",
            "the root's signature on the intermediate is damaged",
            below_int.clone(),
            [below_int.cert, broken_int],
        )
        .reject(EKEYREJECTED, "cert-signature"),
        by(
            "D081_leaf_sig_corrupt_below_int",
            "the intermediate's signature on the leaf is damaged",
            broken_below.clone(),
            [broken_below.cert, pki::intermediate().cert],
        )
        .reject(EINVAL, "cert-signature"),
        by("E_leaf_by_sha1", "the root signed the leaf with SHA-1", sha1.clone(), [sha1.cert]).stricter("weak-digest"),
        by(
            "E_intermediate_rsa1024",
            "an intermediate of 1024 bits",
            below(weak),
            [below(weak).cert, weak.issued_by(ROOT).build()],
        )
        .stricter("weak-key"),
        by(
            "E_intermediate_p256",
            "an EC intermediate between RSA certificates",
            below(curve),
            [below(curve).cert, curve.issued_by(ROOT).build()],
        ),
    ]
}
