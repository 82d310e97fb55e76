//! The authorities and signers that the cases share, built in every run from the keys of `keys/test`.

use std::sync::LazyLock;

use crate::ext;
use crate::key::{Key, key};
use crate::oid;
use crate::x509::CertSpec;

/// A signer: a certificate and its key.
#[derive(Debug, Clone)]
pub struct Identity {
    pub cert: Vec<u8>,
    pub key: &'static Key,
}

/// An authority: a name and a key, with which certificates can be issued.
#[derive(Debug, Clone, Copy)]
pub struct Authority {
    pub name: &'static str,
    pub key: &'static str,
}

pub const ROOT: Authority = Authority { name: "skexec test root", key: "root" };
pub const INTERMEDIATE: Authority = Authority { name: "skexec test intermediate", key: "intermediate" };
pub const STRANGER: Authority = Authority { name: "A stranger's root", key: "stranger-ca" };
pub const MODSIGN: Authority = Authority { name: "skexec test modules only", key: "modsign" };
pub const REVOKED: Authority = Authority { name: "skexec test revoked authority", key: "revoked-ca" };

impl Authority {
    #[must_use]
    pub fn key(self) -> &'static Key {
        key(self.key)
    }

    /// Its certificate, issued by itself.
    #[must_use]
    pub fn self_signed(self) -> CertSpec {
        self.issued_by(self)
    }

    /// Its certificate as an authority, issued by another.
    #[must_use]
    pub fn issued_by(self, issuer: Authority) -> CertSpec {
        CertSpec::new(self.name, self.key(), issuer.name, issuer.key())
            .with(ext::basic_constraints(true, None))
            .with(ext::key_usage(ext::CERT_AND_CRL_SIGN))
            .with(ext::ski(self.key()))
            .with(ext::aki(issuer.key()))
    }

    /// A signer's certificate as Debian's CA issues them: EKU codeSigning, digitalSignature, SKI and AKI.
    #[must_use]
    pub fn leaf(self, common_name: &str, key: &'static Key) -> CertSpec {
        CertSpec::new(common_name, key, self.name, self.key())
            .with(ext::key_usage(ext::DIGITAL_SIGNATURE))
            .with(ext::eku(&[oid::CODE_SIGNING]))
            .with(ext::ski(key))
            .with(ext::aki(self.key()))
    }
}

impl Identity {
    #[must_use]
    pub fn new(spec: &CertSpec, key: &'static Key) -> Self {
        Self { cert: spec.build(), key }
    }

    /// A certificate from the root for that key; its subject is made of the key's name.
    #[must_use]
    pub fn by_root(key_name: &str) -> Self {
        Self::new(&ROOT.leaf(&format!("skexec test {key_name}"), key(key_name)), key(key_name))
    }
}

macro_rules! shared {
    ($($(#[$doc:meta])* $name:ident: $spec:expr, $key:literal;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name() -> Identity {
            static MADE: LazyLock<Identity> = LazyLock::new(|| Identity::new(&$spec, key($key)));
            MADE.clone()
        }
    )*};
}

shared! {
    /// The anchor in db of almost every trusted path.
    root: ROOT.self_signed().with(ext::key_usage(ext::CA_AND_SIGNER)), "root";
    intermediate: INTERMEDIATE.issued_by(ROOT), "intermediate";
    /// The signer of the good baseline.
    signer: ROOT.leaf("skexec test signer", key("signer")), "signer";
    /// A self-signed signer, which is in db itself.
    selfsigned: alone("skexec test self-signed", "selfsigned"), "selfsigned";
    /// A leaf of an unknown authority; the leaf itself is in db.
    direct: STRANGER.leaf("skexec test direct", key("direct")), "direct";
    stranger_root: STRANGER.self_signed(), "stranger-ca";
    stranger: STRANGER.leaf("A stranger", key("stranger")), "stranger";
    /// In db, but its certificate is for kernel modules only.
    modsign: MODSIGN.self_signed().with(ext::eku(&[oid::MODULE_SIGNING])), "modsign";
    /// In dbx as a certificate.
    revoked_cert: ROOT.leaf("skexec test revoked certificate", key("revoked-cert")), "revoked-cert";
    /// In dbx as the hash of its TBSCertificate; there are two names, because the list's elements have two sizes.
    revoked_tbs: ROOT.leaf("skexec test revoked TBS 48", key("revoked-tbs")), "revoked-tbs";
    revoked_tbs_timed: ROOT.leaf("skexec test revoked TBS 48 at a time", key("revoked-tbs")), "revoked-tbs";
    revoked_tbs_short: ROOT.leaf("skexec test revoked TBS 32", key("revoked-tbs")), "revoked-tbs";
    /// An intermediate that is in dbx as a certificate, and a leaf of it.
    revoked_ca: REVOKED.issued_by(ROOT), "revoked-ca";
}

/// A certificate that is its own issuer and no authority.
#[must_use]
pub fn alone(common_name: &'static str, key_name: &'static str) -> CertSpec {
    Authority { name: common_name, key: key_name }.leaf(common_name, key(key_name))
}
