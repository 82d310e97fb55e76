//! All steps from a file to a signed file; every step can be changed.

use std::fmt;

use crate::authenticode;
use crate::bzimage::BzImage;
use crate::der::{Node, splice};
use crate::hash::Hash;
use crate::oid;
use crate::pkcs7::{SignedData, Signer, SignerInfo, default_time};
use crate::pki::{self, Identity};
use crate::spc::Spc;
use crate::wincert::Table;

type Edit<T> = Option<Box<dyn FnOnce(&mut T)>>;

/// The steps for a valid signed kernel; every method changes one step.
#[must_use]
pub struct Recipe {
    image: Vec<u8>,
    who: Identity,
    bag: Option<Vec<Vec<u8>>>,
    hash: Hash,
    image_hash: Hash,
    time: Option<Node>,
    spc: Edit<Spc>,
    content: Edit<Node>,
    signer: Edit<Signer>,
    signed: Edit<SignerInfo>,
    message: Edit<SignedData>,
    tree: Edit<Node>,
    der: Edit<Vec<u8>>,
    table: Edit<Table>,
    file: Edit<Vec<u8>>,
}

impl fmt::Debug for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipe").field("hash", &self.hash).finish_non_exhaustive()
    }
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            image: BzImage::default().build(),
            who: pki::signer(),
            bag: None,
            hash: Hash::Sha256,
            image_hash: Hash::Sha256,
            time: Some(default_time()),
            spc: None,
            content: None,
            signer: None,
            signed: None,
            message: None,
            tree: None,
            der: None,
            table: None,
            file: None,
        }
    }
}

macro_rules! edits {
    ($($(#[$doc:meta])* $name:ident: $type:ty;)*) => {$(
        $(#[$doc])*
        pub fn $name(mut self, edit: impl FnOnce(&mut $type) + 'static) -> Self {
            self.$name = Some(Box::new(edit));
            self
        }
    )*};
}

impl Recipe {
    pub fn new() -> Self {
        Self::default()
    }

    /// Signs this file instead: anything that is a PE without a certificate table.
    pub fn image(mut self, image: Vec<u8>) -> Self {
        self.image = image;
        self
    }

    pub fn who(mut self, who: Identity) -> Self {
        self.who = who;
        self
    }

    /// The certificates in the message, in place of the signer's own.
    pub fn bag<const N: usize>(mut self, certs: [Vec<u8>; N]) -> Self {
        self.bag = Some(certs.into());
        self
    }

    /// The digest of the SignerInfo and of the file.
    pub fn hash(self, hash: Hash) -> Self {
        self.hashes(hash, hash)
    }

    /// The digest of the SignerInfo, and that of the file.
    pub fn hashes(mut self, signer: Hash, image: Hash) -> Self {
        (self.hash, self.image_hash) = (signer, image);
        self
    }

    pub fn time(mut self, time: Option<Node>) -> Self {
        self.time = time;
        self
    }

    edits! {
        spc: Spc;
        /// The element inside the message's `[0]`, after it was encoded from the SPC.
        content: Node;
        /// Before the signature is made.
        signer: Signer;
        /// After the signature was made.
        signed: SignerInfo;
        message: SignedData;
        /// The message as a tree of elements.
        tree: Node;
        /// The message as bytes.
        der: Vec<u8>;
        table: Table;
        /// The finished file.
        file: Vec<u8>;
    }

    /// The PKCS#7 message alone.
    #[must_use]
    pub fn pkcs7(mut self) -> Vec<u8> {
        self.make_pkcs7()
    }

    #[must_use]
    pub fn build(mut self) -> Vec<u8> {
        let der = self.make_pkcs7();
        let mut table = Table::of(der);
        apply(self.table.take(), &mut table);
        let mut file = table.attach(&self.image);
        apply(self.file.take(), &mut file);
        file
    }

    fn make_pkcs7(&mut self) -> Vec<u8> {
        let digest = authenticode::digest(&self.image, self.image_hash);
        let mut spc = Spc::new(self.image_hash, digest);
        apply(self.spc.take(), &mut spc);
        let mut content = spc.node();
        apply(self.content.take(), &mut content);
        let value = content.value().unwrap_or_default();
        let time = self.time.take();
        let mut signer = Signer::new(&self.who, self.hash, oid::SPC_INDIRECT_DATA, &value, time);
        apply(self.signer.take(), &mut signer);
        let mut signed = signer.sign(&value);
        apply(self.signed.take(), &mut signed);
        let mut message = self.message_around(content, signed);
        apply(self.message.take(), &mut message);
        let mut tree = message.node();
        apply(self.tree.take(), &mut tree);
        let mut der = tree.encode();
        apply(self.der.take(), &mut der);
        der
    }

    fn message_around(&self, content: Node, signed: SignerInfo) -> SignedData {
        let bag = self.bag.clone().unwrap_or_else(|| vec![self.who.cert.clone()]);
        SignedData {
            outer_type: oid::SIGNED_DATA,
            version: 1,
            digest_algorithms: vec![self.hash.algorithm()],
            content_type: oid::SPC_INDIRECT_DATA,
            content: Some(content),
            certificates: (!bag.is_empty()).then(|| bag.into_iter().map(splice).collect()),
            crls: None,
            signers: vec![signed],
        }
    }
}

fn apply<T>(edit: Edit<T>, target: &mut T) {
    if let Some(edit) = edit {
        edit(target);
    }
}
