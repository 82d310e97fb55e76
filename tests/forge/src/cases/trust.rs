//! Trust in the signer: anchors, unknown signers, and certificates that imitate trusted ones.

use super::{Case, EKEYREJECTED, ENOKEY, case};
use crate::anchors::twin;
use crate::ext;
use crate::key::key;
use crate::pki::{self, Authority, Identity, MODSIGN, ROOT, STRANGER};
use crate::recipe::Recipe;
use crate::x509::{self, CertSpec};

pub(crate) fn cases() -> Vec<Case> {
    [direct(), strangers(), forged(), anchors()].concat()
}

fn by<const N: usize>(name: &str, about: &str, who: Identity, bag: [Vec<u8>; N]) -> Case {
    case(name, about, Recipe::new().who(who).bag(bag).build())
}

/// A leaf of the root, with one change.
fn leaf(about: &str, change: impl FnOnce(CertSpec) -> CertSpec) -> Identity {
    let spec = ROOT.leaf(&format!("skexec test leaf: {about}"), key("signer"));
    Identity::new(&change(spec), key("signer"))
}

fn direct() -> Vec<Case> {
    vec![
        by("A048_p7_no_certs_signer_in_db", "no certificates; the signer's own is in db", pki::direct(), [])
            .db("direct"),
        by("A049_p7_no_certs_signer_unknown", "no certificates, and nobody knows the signer", pki::stranger(), [])
            .reject(ENOKEY, "unknown-signer"),
        by("A050_p7_no_certs_signer_is_ca_in_db", "signed with the root's own key", pki::root(), []),
        by(
            "A054_p7_selfsigned_in_db",
            "a self-signed signer that is in db",
            pki::selfsigned(),
            [pki::selfsigned().cert],
        )
        .db("selfsigned"),
        by(
            "E_direct_with_bag",
            "the signer's certificate is in db, its authority is unknown",
            pki::direct(),
            [pki::direct().cert, pki::stranger_root().cert],
        )
        .db("direct"),
        by(
            "E_selfsigned_not_in_bag",
            "a self-signed signer that is in db and not in the message",
            pki::selfsigned(),
            [],
        )
        .db("selfsigned"),
        by(
            "E_only_stranger_in_bag",
            "the bag holds only a stranger's certificate; the signer is in db",
            pki::direct(),
            [pki::stranger().cert],
        )
        .db("direct"),
        by(
            "E_signer_by_root_not_in_bag",
            "the root vouches for the signer, whose certificate is nowhere",
            pki::signer(),
            [],
        )
        .reject(ENOKEY, "unknown-signer"),
    ]
}

fn strangers() -> Vec<Case> {
    let int = Authority { name: "A stranger's intermediate", key: "stranger-int" };
    let below = Identity::new(&int.leaf("A stranger below", key("stranger")), key("stranger"));
    let alone = Identity::new(&pki::alone("A stranger alone", "stranger"), key("stranger"));
    let unknown = |case: Case| case.reject(ENOKEY, "unknown-signer");
    vec![
        unknown(by("A051_p7_unknown_ca", "a leaf of an unknown CA", pki::stranger(), [pki::stranger().cert])),
        unknown(by(
            "A052_p7_unknown_ca_with_root_in_bag",
            "with that CA's certificate in the bag",
            pki::stranger(),
            [pki::stranger().cert, pki::stranger_root().cert],
        )),
        unknown(by(
            "A053_p7_unknown_int_in_bag",
            "a leaf of an unknown intermediate, which is in the bag",
            below.clone(),
            [below.cert.clone(), int.issued_by(STRANGER).build()],
        )),
        unknown(by(
            "A055_p7_selfsigned_unknown",
            "a self-signed signer that nobody knows",
            alone.clone(),
            [alone.cert],
        )),
        unknown(by(
            "E_stranger_with_our_root_in_bag",
            "a stranger's leaf beside our own root in the bag",
            pki::stranger(),
            [pki::stranger().cert, pki::root().cert],
        )),
        unknown(by(
            "E_stranger_with_our_signer_in_bag",
            "a stranger's leaf beside our own signer's",
            pki::stranger(),
            [pki::signer().cert, pki::stranger().cert],
        )),
        unknown(by(
            "E_stranger_named_as_signer",
            "a stranger's leaf in the name of our signer",
            {
                let spec = STRANGER.leaf("skexec test signer", key("stranger"));
                Identity::new(&spec, key("stranger"))
            },
            [STRANGER.leaf("skexec test signer", key("stranger")).build()],
        )),
        by(
            "E_signer_sid_stranger_key",
            "our signer's certificate and name, a stranger's signature",
            Identity { cert: pki::signer().cert, key: key("stranger") },
            [pki::signer().cert],
        )
        .reject(super::EINVAL, "bad-signature"),
    ]
}

/// Certificates that imitate a trusted one.
fn forged() -> Vec<Case> {
    let fake_root = Authority { name: ROOT.name, key: "stranger-ca" };
    let fake = |ski: Vec<u8>| {
        let mut spec = fake_root.self_signed().with(ext::ski_of(&ski)).with(ext::aki_of(&ski));
        spec.serial = x509::serial(ROOT.name);
        spec.build()
    };
    let below = |ski: &[u8]| {
        let spec = fake_root.leaf("A stranger under a false root", key("stranger")).with(ext::aki_of(ski));
        Identity::new(&spec, key("stranger"))
    };
    let (own, ours) = (fake_root.key().id(), ROOT.key().id());
    let forged_leaf =
        Identity::new(&fake_root.leaf("skexec test signer", key("stranger")).with(ext::aki(ROOT.key())), {
            key("stranger")
        });
    vec![
        by(
            "D080_false_root_own_key_id",
            "a bag certificate of our root's name and number, with another key",
            below(&own),
            [below(&own).cert, fake(own.clone())],
        )
        .reject(ENOKEY, "unknown-signer"),
        by(
            "D080_false_root_our_key_id",
            "the same, and it claims our root's key id as well",
            below(&ours),
            [below(&ours).cert, fake(ours.clone())],
        )
        .reject(EKEYREJECTED, "cert-signature"),
        by(
            "D080_forged_leaf",
            "a leaf that names our root and its key id, signed by a stranger",
            forged_leaf.clone(),
            [forged_leaf.cert],
        )
        .reject(EKEYREJECTED, "cert-signature"),
    ]
}

fn anchors() -> Vec<Case> {
    let modules = Identity::new(&MODSIGN.leaf("skexec test signer of modules", key("signer")), key("signer"));
    let twin_a = Authority { name: "skexec test twins", key: "twin-a" };
    let under_twin = Identity::new(&twin_a.leaf("skexec test under a twin", key("signer")), key("signer"));
    let by_serial = |id: Option<&[u8]>, issuer: &str, serial: &str| {
        ext::aki_by_serial(id, &x509::name(issuer), &x509::serial(serial))
    };
    let root_id = ROOT.key().id();
    let aki = |name: &str, about: &str, extension: crate::der::Node| {
        let who = leaf(about, |spec| spec.with(extension));
        by(name, about, who.clone(), [who.cert])
    };
    assert_eq!(x509::fields(&twin("twin-a").build()).issuer, x509::name(twin_a.name));
    vec![
        by(
            "D085_modsign_anchor",
            "the anchor's certificate is for kernel modules only",
            modules.clone(),
            [modules.cert],
        )
        .stricter("anchor-modsign")
        .db("modsign"),
        // Which of the two keys a keyring holds depends on how it treats keys with one description.
        by(
            "D079_twin_anchors",
            "two anchors of one name and key id; the wrong one comes first",
            under_twin.clone(),
            [under_twin.cert],
        )
        .db("twin-a"),
        aki("E_aki_by_serial", "authorityKeyId by issuer and serial number alone", {
            by_serial(None, ROOT.name, ROOT.name)
        }),
        aki("E_aki_both", "authorityKeyId by both", by_serial(Some(&root_id), ROOT.name, ROOT.name)),
        aki("E_aki_serial_right_id_wrong", "authorityKeyId: the root's serial number, a stranger's key id", {
            by_serial(Some(&STRANGER.key().id()), ROOT.name, ROOT.name)
        })
        .reject(EKEYREJECTED, "unknown-signer"),
        aki("E_aki_id_right_serial_wrong", "authorityKeyId: the root's key id, a stranger's serial number", {
            by_serial(Some(&root_id), STRANGER.name, STRANGER.name)
        })
        .reject(ENOKEY, "unknown-signer"),
        aki("E_aki_empty", "an empty authorityKeyId", {
            ext::extension(crate::oid::AUTHORITY_KEY_ID, false, &crate::der::seq(vec![]))
        })
        .reject(ENOKEY, "unknown-signer"),
    ]
}
