//! PKCS#7 SignedData (RFC 2315 9.1, RFC 5652 5.1); every field can be changed.

use crate::der::{Len, Node, ctx, ctx_prim, int, octets, oid, seq, set, sort, utc_time};
use crate::hash::Hash;
use crate::key::Key;
use crate::oid;
use crate::pki::Identity;
use crate::x509;

#[derive(Debug, Clone)]
pub struct SignedData {
    /// contentType of the ContentInfo around it.
    pub outer_type: &'static str,
    pub version: u64,
    pub digest_algorithms: Vec<Node>,
    pub content_type: &'static str,
    /// The element inside `[0]`; None if the content is not in the message.
    pub content: Option<Node>,
    pub certificates: Option<Vec<Node>>,
    pub crls: Option<Node>,
    pub signers: Vec<SignerInfo>,
}

impl SignedData {
    #[must_use]
    pub fn node(&self) -> Node {
        let inner = self.content.clone().map(|content| ctx(0, vec![content]));
        let mut fields = vec![int(self.version), set(self.digest_algorithms.clone())];
        fields.push(seq([Some(oid(self.content_type)), inner].into_iter().flatten().collect()));
        fields.extend(self.certificates.clone().map(|certs| ctx(0, certs)));
        fields.extend(self.crls.clone());
        fields.push(set(self.signers.iter().map(SignerInfo::node).collect()));
        seq(vec![oid(self.outer_type), ctx(0, vec![seq(fields)])])
    }
}

/// A finished SignerInfo.
#[derive(Debug, Clone)]
pub struct SignerInfo {
    pub version: u64,
    pub sid: Node,
    pub digest_algorithm: Node,
    /// The element `[0]` as a whole.
    pub attributes: Option<Node>,
    pub signature_algorithm: Node,
    pub signature: Vec<u8>,
    /// The element `[1]` as a whole.
    pub unauthenticated: Option<Node>,
}

impl SignerInfo {
    #[must_use]
    pub fn node(&self) -> Node {
        let mut fields = vec![int(self.version), self.sid.clone(), self.digest_algorithm.clone()];
        fields.extend(self.attributes.clone());
        fields.extend([self.signature_algorithm.clone(), octets(self.signature.clone())]);
        fields.extend(self.unauthenticated.clone());
        seq(fields)
    }
}

/// The parameters of a signature.
#[derive(Debug, Clone)]
pub struct Signer {
    pub version: u64,
    pub sid: Node,
    pub key: &'static Key,
    pub hash: Hash,
    /// The signed attributes; None signs the content itself.
    pub attributes: Option<Vec<Node>>,
    /// Whether to sort the attributes into DER order first.
    pub sort: bool,
    /// How the length of the attributes is written.
    pub attributes_len: Len,
    /// The tag under which the attributes are signed: 0x31, a SET (RFC 2315 9.3).
    pub signed_tag: u8,
}

impl Signer {
    /// Signs a content with this value (without tag and length).
    #[must_use]
    pub fn new(who: &Identity, hash: Hash, content_type: &str, content: &[u8], time: Option<Node>) -> Self {
        let digest = octets(hash.of(content));
        let mut attributes = vec![attribute(oid::CONTENT_TYPE, vec![oid(content_type)])];
        attributes.extend(time.map(|time| attribute(oid::SIGNING_TIME, vec![time])));
        attributes.push(attribute(oid::MESSAGE_DIGEST, vec![digest]));
        Self {
            version: 1,
            sid: issuer_and_serial(&who.cert),
            key: who.key,
            hash,
            attributes: Some(attributes),
            sort: true,
            attributes_len: Len::Der,
            signed_tag: 0x31,
        }
    }

    #[must_use]
    pub fn sign(&self, content: &[u8]) -> SignerInfo {
        let attributes = self.attributes.clone().map(|mut list| {
            if self.sort {
                sort(&mut list);
            }
            Node { len: self.attributes_len, ..ctx(0, list) }
        });
        let signed = match &attributes {
            Some(node) => Node { tag: self.signed_tag, ..node.clone() }.encode(),
            None => content.to_vec(),
        };
        SignerInfo {
            version: self.version,
            sid: self.sid.clone(),
            digest_algorithm: self.hash.algorithm(),
            attributes,
            signature_algorithm: self.key.signer_algorithm(self.hash),
            signature: self.key.sign(self.hash, &signed),
            unauthenticated: None,
        }
    }
}

#[must_use]
pub fn attribute(id: &str, values: Vec<Node>) -> Node {
    seq(vec![oid(id), set(values)])
}

/// IssuerAndSerialNumber of that certificate.
#[must_use]
pub fn issuer_and_serial(cert: &[u8]) -> Node {
    let fields = x509::fields(cert);
    seq(vec![fields.issuer, fields.serial])
}

/// SignerIdentifier by subjectKeyIdentifier (RFC 5652 5.3).
#[must_use]
pub fn subject_key_id(id: &[u8]) -> Node {
    ctx_prim(0, id)
}

/// The default signing time.
#[must_use]
pub fn default_time() -> Node {
    utc_time("250601120000Z")
}
