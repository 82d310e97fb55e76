//! The db and dbx for all cases. skexec and the kernel in the VM get the same ones.

use crate::hash::Hash;
use crate::pki::{self, Authority};
use crate::x509::{self, CertSpec};
use crate::{bundles, cases, esl, ext, pem};

/// An anchor.
#[derive(Debug, Clone)]
pub struct Certificate {
    pub name: &'static str,
    pub der: Vec<u8>,
}

impl Certificate {
    #[must_use]
    pub fn pem(&self) -> String {
        pem::encode("CERTIFICATE", &self.der)
    }
}

/// One entry of dbx, used by one case or by the bundles.
#[derive(Debug, Clone)]
pub struct Revocation {
    pub name: &'static str,
    /// A whole EFI signature list.
    pub esl: Vec<u8>,
}

/// The twins have one subjectKeyIdentifier and one name, but two keys; the wrong one comes first.
#[must_use]
pub fn twin(key_name: &'static str) -> CertSpec {
    let twin = Authority { name: "skexec test twins", key: key_name };
    let mut spec =
        twin.self_signed().with(ext::ski(crate::key::key("twin-a"))).with(ext::aki(crate::key::key("twin-a")));
    spec.serial = x509::serial(key_name);
    spec
}

#[must_use]
pub fn db() -> Vec<Certificate> {
    let named = |name, der| Certificate { name, der };
    vec![
        named("root", pki::root().cert),
        named("selfsigned", pki::selfsigned().cert),
        named("direct", pki::direct().cert),
        named("modsign", pki::modsign().cert),
        named("twin-b", twin("twin-b").build()),
        named("twin-a", twin("twin-a").build()),
    ]
}

/// The contents of the variable `db`.
#[must_use]
pub fn db_esl() -> Vec<u8> {
    db().iter().flat_map(|cert| esl::x509(&cert.der)).collect()
}

#[must_use]
pub fn dbx() -> Vec<Revocation> {
    let named = |name, esl| Revocation { name, esl };
    let tbs = |cert: &[u8]| Hash::Sha256.of(&x509::fields(cert).tbs);
    let always = [0; 16];
    vec![
        named("cert", esl::x509(&pki::revoked_cert().cert)),
        named("ca", esl::x509(&pki::revoked_ca().cert)),
        named("tbs-48", esl::x509_sha256(&tbs(&pki::revoked_tbs().cert), always)),
        named("tbs-48-timed", esl::x509_sha256(&tbs(&pki::revoked_tbs_timed().cert), esl::time(2024, 1, 1))),
        named("tbs-32", esl::x509_sha256_short(&tbs(&pki::revoked_tbs_short().cert))),
        named("images", esl::sha256(&cases::revocation::image_hashes())),
        named("bundles", esl::sha256(&bundles::image_hashes())),
    ]
}

/// The contents of the variable `dbx`.
#[must_use]
pub fn dbx_esl() -> Vec<u8> {
    dbx().into_iter().flat_map(|entry| entry.esl).collect()
}
