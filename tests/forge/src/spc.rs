//! SpcIndirectDataContent (Windows Authenticode PE signature format, 2008): the content that an Authenticode signature signs.

use crate::der::{Node, bits, ctx, ctx_prim, oid, seq};
use crate::hash::Hash;
use crate::oid;

#[derive(Debug, Clone)]
pub struct Spc {
    pub type_oid: &'static str,
    /// SpcPeImageData, or a case's replacement of it.
    pub data: Node,
    pub algorithm: Node,
    pub digest: Vec<u8>,
}

impl Spc {
    #[must_use]
    pub fn new(hash: Hash, digest: Vec<u8>) -> Self {
        Self { type_oid: oid::SPC_PE_IMAGE_DATA, data: pe_image_data(), algorithm: hash.algorithm(), digest }
    }

    #[must_use]
    pub fn node(&self) -> Node {
        let attribute = seq(vec![oid(self.type_oid), self.data.clone()]);
        seq(vec![attribute, seq(vec![self.algorithm.clone(), crate::der::octets(self.digest.clone())])])
    }
}

/// No flags, and the link `<<<Obsolete>>>` that every signing tool writes.
fn pe_image_data() -> Node {
    let text: Vec<u8> = "<<<Obsolete>>>".encode_utf16().flat_map(u16::to_be_bytes).collect();
    seq(vec![bits(0, &[]), ctx(0, vec![ctx(2, vec![ctx_prim(0, text)])])])
}
