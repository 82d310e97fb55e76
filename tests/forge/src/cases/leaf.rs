//! The permitted uses in the signer's certificate. The kernel does not check them.

use super::{Case, case};
use crate::ext;
use crate::hash::Hash;
use crate::key::key;
use crate::oid;
use crate::pki::{Identity, ROOT};
use crate::recipe::Recipe;
use crate::x509::CertSpec;

fn leaf(name: &str, about: &str, change: impl FnOnce(CertSpec) -> CertSpec) -> Case {
    let spec = change(ROOT.leaf(&format!("skexec test {about}"), key("signer")));
    case(name, about, Recipe::new().who(Identity::new(&spec, key("signer"))).build())
}

pub(crate) fn cases() -> Vec<Case> {
    [purposes(), extensions()].concat()
}

fn purposes() -> Vec<Case> {
    vec![
        leaf("A084_p7_no_eku", "no extendedKeyUsage", |spec| spec.without(oid::EXT_KEY_USAGE)),
        leaf("A085_p7_eku_serverauth", "extendedKeyUsage serverAuth", |spec| spec.with(ext::eku(&[oid::SERVER_AUTH])))
            .stricter("leaf-eku"),
        leaf("A086_p7_ku_keyenc", "keyUsage keyEncipherment", |spec| spec.with(ext::key_usage(ext::KEY_ENCIPHERMENT)))
            .stricter("leaf-ku"),
        leaf("E_no_key_usage", "no keyUsage", |spec| spec.without(oid::KEY_USAGE)),
        leaf("E_eku_any", "extendedKeyUsage any", |spec| spec.with(ext::eku(&[oid::ANY_EXT_KEY_USAGE]))),
        leaf("E_eku_two", "serverAuth and codeSigning", |spec| {
            spec.with(ext::eku(&[oid::SERVER_AUTH, oid::CODE_SIGNING]))
        }),
        leaf("E_eku_modsign_leaf", "a leaf for kernel modules only", |spec| {
            spec.with(ext::eku(&[oid::MODULE_SIGNING]))
        })
        .stricter("leaf-eku"),
        leaf("A088_p7_leaf_sha384_certsig", "the root signed the leaf with SHA-384", |spec| CertSpec {
            hash: Hash::Sha384,
            ..spec
        }),
        leaf("E_leaf_sha512_certsig", "the root signed the leaf with SHA-512", |spec| CertSpec {
            hash: Hash::Sha512,
            ..spec
        }),
    ]
}

fn extensions() -> Vec<Case> {
    vec![
        leaf("A087_p7_critical_unknown_ext", "a critical extension that nobody knows", |spec| {
            spec.with(ext::unknown(true))
        })
        .stricter("crit-ext"),
        leaf("D088_unknown_ext_not_critical", "an unknown extension that is not critical", |spec| {
            spec.with(ext::unknown(false))
        }),
        leaf("D088_critical_netscape_cert_type", "a critical Netscape Cert Type, as the Debian CA has it", |spec| {
            spec.with(ext::netscape_cert_type())
        }),
        leaf("E_leaf_is_ca", "a signer that is an authority as well", |spec| {
            spec.with(ext::basic_constraints(true, None)).with(ext::key_usage(ext::CA_AND_SIGNER))
        }),
        leaf("E_leaf_not_ca", "a signer whose basicConstraints say CA:FALSE", |spec| {
            spec.with(ext::basic_constraints(false, None))
        }),
        leaf("E_long_serial", "a serial number of 20 octets", |spec| CertSpec {
            serial: [vec![0x7a; 20]].concat(),
            ..spec
        }),
    ]
}
