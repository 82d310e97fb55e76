//! A signature as `inspect` shows it: what it says, and whom it leads to.

use super::Anchors;
use super::attribute::Named;
use super::certificate::Certificate;
use super::message::{Id, Message, Signer};
use super::names;
use super::path;
use super::timestamp::Timestamp;
use super::tree::Node;
use crate::digest::{Algorithm, Hashed};
use crate::hex;
use crate::image::pe::Pe;
use crate::reason::Finding;
use crate::report::AnchorReport;
use crate::trust::authenticode::{image_digest, signatures};
use crate::trust::der::Cursor;
use crate::trust::pkcs7::{Profile, SignedData};
use crate::trust::{name, oid, rfc3339, spc, time};
use serde::Serialize;

/// One signature.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Signature {
    /// `embedded`, `appended` or `detached`.
    place: &'static str,
    signer: Option<String>,
    issuer: Option<String>,
    serial: Option<String>,
    sha256: Option<String>,
    /// Why skexec refuses the message, whoever signed it.
    problem: Option<String>,
    /// The kind of the signature and its digest, such as `rsaEncryption, sha256`.
    algorithm: Option<String>,
    signing_time: Option<String>,
    /// The image digest that was signed; nothing where the signature is not about an image.
    digest: Option<SignedDigest>,
    signed_attributes: Vec<Named>,
    unsigned_attributes: Vec<Named>,
    timestamps: Vec<Timestamp>,
    /// All that came with the message, in its order.
    certificates: Vec<Certificate>,
    /// Subjects, from the signer's certificate upward, as far as the certificates of the message lead.
    chain: Vec<String>,
    /// The certificate of this machine that it leads to.
    anchor: Option<AnchorReport>,
    /// Whether this machine's certificates were looked at.
    #[serde(skip)]
    asked: bool,
}

/// A digest that was signed, and that of the file as it is.
#[derive(Debug, Clone, Serialize)]
struct SignedDigest {
    algorithm: String,
    value: String,
    computed: Option<String>,
    equal: Option<bool>,
}

/// The signatures in a PE's certificate table.
pub(super) fn embedded<B: AsRef<[u8]>>(file: &Hashed<B>, pe: &Pe, anchors: Anchors<'_>) -> Vec<Signature> {
    let Some(table) = pe.certificate_table.clone().and_then(|table| file.bytes().get(table)) else {
        return Vec::new();
    };
    match signatures(table) {
        Ok(bodies) => bodies
            .into_iter()
            .map(|body| {
                let mut signature = Signature::read("embedded", Profile::Authenticode, body, anchors);
                signature.digest = Message::parse(body).and_then(|message| signed(&message, file, pe));
                signature
            })
            .collect(),
        Err(finding) => vec![Signature { place: "embedded", problem: Some(said(&finding)), ..Signature::default() }],
    }
}

/// SpcIndirectDataContent: the digest is in its second field.
fn signed<B: AsRef<[u8]>>(message: &Message<'_>, file: &Hashed<B>, pe: &Pe) -> Option<SignedDigest> {
    let content = message.content.filter(|_| message.content_type == oid::SPC_INDIRECT_DATA)?;
    let (algorithm, value) = spc::stated(content.value)?;
    let known = [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512];
    let name = names::known(algorithm.oid);
    let computed = known.into_iter().find(|known| known.name() == name);
    let computed = computed.map(|algorithm| image_digest(file, pe, algorithm).value);
    let equal = computed.as_ref().map(|computed| computed == value);
    Some(SignedDigest {
        algorithm: name,
        value: hex::encode(value),
        computed: computed.map(|it| hex::encode(&it)),
        equal,
    })
}

fn said(finding: &Finding) -> String {
    format!("{finding} ({})", finding.reason)
}

impl Signature {
    pub(super) fn read(place: &'static str, profile: Profile, body: &[u8], anchors: Anchors<'_>) -> Self {
        let problem = match SignedData::parse(profile, body) {
            Ok(strict) => strict.content.and_then(|content| spc::parse(content).err()),
            Err(finding) => Some(finding),
        };
        let signature =
            Self { place, problem: problem.as_ref().map(said), asked: anchors.is_some(), ..Self::default() };
        match Message::parse(body) {
            Some(message) => signature.filled(&message, anchors),
            None => signature,
        }
    }

    fn filled(mut self, message: &Message<'_>, anchors: Anchors<'_>) -> Self {
        self.certificates = message.certificates.iter().map(|der| Certificate::of(der)).collect();
        let Some(signer) = message.signers.first() else { return self };
        self.name(signer);
        self.algorithm = Some(format!("{}, {}", names::known(signer.scheme.oid), names::known(signer.digest.oid)));
        let time = signer.signed.iter().find(|one| one.id == oid::SIGNING_TIME);
        let time = time.and_then(|one| Cursor::new(one.values).any());
        self.signing_time = time.and_then(time::seconds).and_then(rfc3339);
        self.signed_attributes = signer.signed.iter().map(Named::from).collect();
        self.unsigned_attributes = signer.unsigned.iter().map(Named::from).collect();
        self.timestamps = signer.unsigned.iter().filter_map(Timestamp::of).collect();
        let found = path::of(message, signer, anchors.unwrap_or_default());
        self.chain = found.chain.iter().map(|one| one.subject()).collect();
        if let Some(own) = found.chain.first() {
            self.signer = Some(own.subject());
            self.issuer = Some(own.issuer());
            self.serial = Some(hex::encode(own.serial()));
            self.sha256 = Some(hex::encode(&own.sha256()));
        }
        self.anchor = found.anchor.map(AnchorReport::from);
        self
    }

    /// Names the signer as the message does, which need not have its certificate.
    fn name(&mut self, signer: &Signer<'_>) {
        match signer.id {
            Id::Named(issuer, serial) => {
                self.issuer = Some(name::text(issuer.raw));
                self.serial = Some(hex::encode(serial));
            }
            Id::Key(id) => self.signer = Some(format!("the key {}", hex::encode(id))),
        }
    }

    pub(super) fn node(&self, title: String) -> Node {
        let mut below = Vec::new();
        below.extend(Node::of("problem", self.problem.as_ref()));
        below.extend(self.digest.as_ref().map(SignedDigest::node));
        below.extend(self.signer_node());
        below.extend(self.certificate_nodes());
        below.extend(self.anchor_node());
        below.extend(Node::of("method", self.algorithm.as_ref()));
        below.extend(Node::of("time", self.signing_time.as_ref()));
        below.extend(attributes("attribute", &self.signed_attributes));
        below.extend(attributes("unsigned", &self.unsigned_attributes));
        below.extend(self.timestamps.iter().map(Timestamp::node));
        Node::new("signed", format!("{title}, {}", self.place)).with(below)
    }

    fn signer_node(&self) -> Option<Node> {
        let own = self.certificates.iter().find(|one| Some(&one.sha256) == self.sha256.as_ref());
        if let Some(own) = own {
            return Some(own.node("signer"));
        }
        let below = [Node::of("issuer", self.issuer.as_ref()), Node::of("serial", self.serial.as_ref())];
        let named = self.signer.clone().unwrap_or_else(|| "its certificate is not in the message".to_owned());
        let known = self.signer.is_some() || self.issuer.is_some();
        known.then(|| Node::new("signer", named).with(below.into_iter().flatten()))
    }

    /// The other certificates: those of the chain as issuers.
    fn certificate_nodes(&self) -> impl Iterator<Item = Node> {
        let others = self.certificates.iter().filter(|one| Some(&one.sha256) != self.sha256.as_ref());
        others.map(|one| {
            let issuer = self.chain.contains(&one.subject);
            one.node(if issuer { "issuer" } else { "certificate" })
        })
    }

    fn anchor_node(&self) -> Option<Node> {
        let seen = match &self.anchor {
            Some(anchor) => anchor.named(),
            None if self.asked && self.problem.is_none() => "this machine trusts none of these certificates".to_owned(),
            None => return None,
        };
        Some(Node::new("anchor", seen))
    }
}

fn attributes<'a>(key: &'a str, list: &'a [Named]) -> impl Iterator<Item = Node> {
    list.iter().map(move |one| {
        let value = (!one.value.is_empty()).then(|| Node::new("", &one.value));
        Node::new(key, &one.name).detail().with(value)
    })
}

impl SignedDigest {
    fn node(&self) -> Node {
        let said = match self.equal {
            Some(true) => "equal to that of the file",
            Some(false) => "NOT that of the file: the file was changed after it was signed",
            None => "skexec does not compute this algorithm",
        };
        let mut below = vec![Node::new("signed", &self.value).detail()];
        below.extend(Node::of("file", self.computed.as_ref()).map(Node::detail));
        if self.equal == Some(false) {
            below.iter_mut().for_each(|one| one.detail = false);
        }
        Node::new("digest", format!("{}, {said}", self.algorithm)).with(below)
    }
}
