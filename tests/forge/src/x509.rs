//! Valid and invalid X.509 certificates (RFC 5280 4.1).

use crate::der::{Node, bits, ctx, int, oid, seq, set, uint, utc_time, utf8};
use crate::hash::Hash;
use crate::key::Key;
use crate::oid;

/// All fields of a certificate. A case changes some of them, then calls `build`.
#[derive(Debug, Clone)]
pub struct CertSpec {
    pub serial: Vec<u8>,
    pub subject: Node,
    pub issuer: Node,
    pub not_before: Node,
    pub not_after: Node,
    pub public: Node,
    pub extensions: Vec<Node>,
    pub signer: &'static Key,
    pub hash: Hash,
    /// signature of TBSCertificate and signatureAlgorithm of Certificate, if they do not follow from signer and hash.
    pub inner_algorithm: Option<Node>,
    pub outer_algorithm: Option<Node>,
    /// Applied to the signature after it is made.
    pub damage: fn(&mut Vec<u8>),
}

impl CertSpec {
    /// A certificate for that key in that name; no extension yet.
    #[must_use]
    pub fn new(common_name: &str, key: &'static Key, issuer: &str, signer: &'static Key) -> Self {
        Self {
            serial: serial(common_name),
            subject: name(common_name),
            issuer: name(issuer),
            not_before: utc_time("200101000000Z"),
            not_after: utc_time("491231235959Z"),
            public: key.public(),
            extensions: Vec::new(),
            signer,
            hash: Hash::Sha256,
            inner_algorithm: None,
            outer_algorithm: None,
            damage: |_| (),
        }
    }

    /// Replaces the extension of that id, or adds it.
    #[must_use]
    pub fn with(mut self, extension: Node) -> Self {
        let id = extension.clone().kids()[0].clone();
        self = self.without_node(&id);
        self.extensions.push(extension);
        self
    }

    #[must_use]
    pub fn without(self, id: &str) -> Self {
        self.without_node(&oid(id))
    }

    fn without_node(mut self, id: &Node) -> Self {
        self.extensions.retain(|present| present.clone().kids()[0] != *id);
        self
    }

    #[must_use]
    pub fn valid(mut self, not_before: &str, not_after: &str) -> Self {
        self.not_before = utc_time(not_before);
        self.not_after = utc_time(not_after);
        self
    }

    #[must_use]
    pub fn tbs(&self) -> Node {
        let algorithm = self.inner_algorithm.clone().unwrap_or_else(|| self.signer.certificate_algorithm(self.hash));
        let mut fields = vec![
            ctx(0, vec![int(2)]),
            uint(&self.serial),
            algorithm,
            self.issuer.clone(),
            seq(vec![self.not_before.clone(), self.not_after.clone()]),
            self.subject.clone(),
            self.public.clone(),
        ];
        if !self.extensions.is_empty() {
            fields.push(ctx(3, vec![seq(self.extensions.clone())]));
        }
        seq(fields)
    }

    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let tbs = self.tbs();
        let mut signature = self.signer.sign(self.hash, &tbs.encode());
        (self.damage)(&mut signature);
        let algorithm = self.outer_algorithm.clone().unwrap_or_else(|| self.signer.certificate_algorithm(self.hash));
        seq(vec![tbs, algorithm, bits(0, &signature)]).encode()
    }
}

/// A Name of an organization and a common name.
#[must_use]
pub fn name(common_name: &str) -> Node {
    let part = |id, text| set(vec![seq(vec![oid(id), utf8(text)])]);
    seq(vec![part(oid::ORGANIZATION, "skexec tests"), part(oid::COMMON_NAME, common_name)])
}

/// Eight bytes that depend on the name alone; positive and never with a leading zero.
#[must_use]
pub fn serial(common_name: &str) -> Vec<u8> {
    let mut bytes = Hash::Sha256.of(common_name.as_bytes())[..8].to_vec();
    bytes[0] = bytes[0] & 0x7f | 0x40;
    bytes
}

/// The fields of a certificate that a SignerInfo or a revocation list needs.
#[derive(Debug, Clone)]
pub struct Fields {
    pub tbs: Vec<u8>,
    pub issuer: Node,
    pub serial: Node,
}

/// Reads a certificate that this crate made.
#[must_use]
pub fn fields(der: &[u8]) -> Fields {
    let mut node = Node::parse(der);
    let tbs = node.at(&[0]);
    Fields { issuer: tbs.at(&[3]).clone(), serial: tbs.at(&[1]).clone(), tbs: tbs.encode() }
}
