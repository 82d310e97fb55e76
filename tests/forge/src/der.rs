//! A DER writer that can also write forbidden encodings: wrong lengths, indefinite lengths, any spliced bytes.

/// The encoding of an element's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Len {
    /// As X.690 10.1 demands: definite, in the fewest octets.
    Der,
    /// BER's indefinite form, closed by two zero octets (X.690 8.1.3.6).
    Indefinite,
    /// The long form in this many octets, even if fewer would do.
    Octets(usize),
    /// A wrong length: this number, whatever the length of the content is.
    Says(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    Bytes(Vec<u8>),
    Kids(Vec<Node>),
    /// These bytes replace the whole element, with its tag and length.
    Splice(Vec<u8>),
}

/// One element of the tree. It is encoded only at the end, so that a test can edit any part of it first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub tag: u8,
    pub len: Len,
    pub body: Body,
}

impl Node {
    #[must_use]
    pub fn prim(tag: u8, bytes: impl Into<Vec<u8>>) -> Self {
        Self { tag, len: Len::Der, body: Body::Bytes(bytes.into()) }
    }

    #[must_use]
    pub fn cons(tag: u8, kids: Vec<Node>) -> Self {
        Self { tag, len: Len::Der, body: Body::Kids(kids) }
    }

    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let Some(body) = self.value() else {
            let Body::Splice(bytes) = &self.body else { return Vec::new() };
            return bytes.clone();
        };
        let mut out = vec![self.tag];
        match self.len {
            Len::Der => push_length(&mut out, body.len()),
            Len::Says(n) => push_length(&mut out, n),
            Len::Indefinite => out.push(0x80),
            Len::Octets(n) => {
                out.push(0x80 | n as u8);
                out.extend(&body.len().to_be_bytes()[8 - n..]);
            }
        }
        out.extend(body);
        if self.len == Len::Indefinite {
            out.extend([0, 0]);
        }
        out
    }

    /// The content octets, without tag and length. None for a splice.
    #[must_use]
    pub fn value(&self) -> Option<Vec<u8>> {
        match &self.body {
            Body::Bytes(bytes) => Some(bytes.clone()),
            Body::Kids(kids) => Some(kids.iter().flat_map(Node::encode).collect()),
            Body::Splice(_) => None,
        }
    }

    /// The children, for editing. Panics on a leaf.
    pub fn kids(&mut self) -> &mut Vec<Node> {
        match &mut self.body {
            Body::Kids(kids) => kids,
            other => panic!("no children: {other:?}"),
        }
    }

    /// The element reached by taking these children in turn.
    pub fn at(&mut self, path: &[usize]) -> &mut Node {
        path.iter().fold(self, |node, &i| &mut node.kids()[i])
    }

    /// Reads DER that this crate or openssl wrote. Panics on anything else.
    #[must_use]
    pub fn parse(der: &[u8]) -> Node {
        let (node, rest) = parse_one(der);
        assert!(rest.is_empty(), "{} bytes after the element", rest.len());
        node
    }

    /// The bytes of a leaf. Panics on anything else.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.body {
            Body::Bytes(bytes) | Body::Splice(bytes) => bytes,
            Body::Kids(_) => panic!("not a leaf: {self:?}"),
        }
    }
}

fn push_length(out: &mut Vec<u8>, len: usize) {
    if len < 0x80 {
        out.push(len as u8);
        return;
    }
    let octets: Vec<u8> = len.to_be_bytes().into_iter().skip_while(|&b| b == 0).collect();
    out.push(0x80 | octets.len() as u8);
    out.extend(octets);
}

fn parse_one(der: &[u8]) -> (Node, &[u8]) {
    let tag = der[0];
    let (start, len) = match der[1] {
        short @ 0..=0x7f => (2, usize::from(short)),
        long => {
            let n = usize::from(long & 0x7f);
            (2 + n, der[2..2 + n].iter().fold(0, |acc, &b| acc << 8 | usize::from(b)))
        }
    };
    let (body, rest) = (&der[start..start + len], &der[start + len..]);
    if tag & 0x20 == 0 {
        return (Node::prim(tag, body), rest);
    }
    let mut kids = Vec::new();
    let mut left = body;
    while !left.is_empty() {
        let (kid, after) = parse_one(left);
        kids.push(kid);
        left = after;
    }
    (Node::cons(tag, kids), rest)
}

#[must_use]
pub fn seq(kids: Vec<Node>) -> Node {
    Node::cons(0x30, kids)
}

/// A SET in the order given.
#[must_use]
pub fn set(kids: Vec<Node>) -> Node {
    Node::cons(0x31, kids)
}

/// Puts children into the order of a DER SET OF: by their encodings (X.690 11.6).
pub fn sort(kids: &mut [Node]) {
    kids.sort_by_key(Node::encode);
}

/// A constructed context-specific element: `[n]`.
#[must_use]
pub fn ctx(n: u8, kids: Vec<Node>) -> Node {
    Node::cons(0xa0 | n, kids)
}

/// A primitive context-specific element: `[n] IMPLICIT`.
#[must_use]
pub fn ctx_prim(n: u8, bytes: impl Into<Vec<u8>>) -> Node {
    Node::prim(0x80 | n, bytes)
}

/// These bytes as they are.
#[must_use]
pub fn splice(bytes: impl Into<Vec<u8>>) -> Node {
    Node { tag: 0, len: Len::Der, body: Body::Splice(bytes.into()) }
}

#[must_use]
pub fn null() -> Node {
    Node::prim(5, [])
}

#[must_use]
pub fn boolean(value: bool) -> Node {
    Node::prim(1, [if value { 0xff } else { 0 }])
}

#[must_use]
pub fn octets(bytes: impl Into<Vec<u8>>) -> Node {
    Node::prim(4, bytes)
}

/// A BIT STRING whose last octet has `unused` bits that do not count.
#[must_use]
pub fn bits(unused: u8, bytes: &[u8]) -> Node {
    Node::prim(3, [&[unused], bytes].concat())
}

/// An unsigned number, big-endian, in the minimal form of an INTEGER.
#[must_use]
pub fn uint(bytes: &[u8]) -> Node {
    let start = bytes.iter().position(|&b| b != 0).unwrap_or(bytes.len());
    let digits = &bytes[start..];
    let sign = digits.first().is_none_or(|&b| b & 0x80 != 0);
    Node::prim(2, [&[0][..usize::from(sign)], digits].concat())
}

#[must_use]
pub fn int(n: u64) -> Node {
    uint(&n.to_be_bytes())
}

#[must_use]
pub fn utf8(text: &str) -> Node {
    Node::prim(12, text.as_bytes())
}

/// `YYMMDDHHMMSSZ`.
#[must_use]
pub fn utc_time(text: &str) -> Node {
    Node::prim(23, text.as_bytes())
}

/// `YYYYMMDDHHMMSSZ`.
#[must_use]
pub fn generalized_time(text: &str) -> Node {
    Node::prim(24, text.as_bytes())
}

/// An OBJECT IDENTIFIER from its dotted form.
#[must_use]
pub fn oid(dotted: &str) -> Node {
    let arcs: Vec<u64> = dotted.split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut out = Vec::new();
    push_arc(&mut out, arcs[0] * 40 + arcs[1]);
    for &arc in &arcs[2..] {
        push_arc(&mut out, arc);
    }
    Node::prim(6, out)
}

fn push_arc(out: &mut Vec<u8>, arc: u64) {
    let mut groups = vec![(arc & 0x7f) as u8];
    let mut left = arc >> 7;
    while left > 0 {
        groups.push(0x80 | (left & 0x7f) as u8);
        left >>= 7;
    }
    out.extend(groups.iter().rev());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let tree =
            seq(vec![int(0), uint(&[0x80]), oid("1.2.840.113549.1.7.2"), ctx(0, vec![octets([7; 300])]), null()]);
        assert_eq!(Node::parse(&tree.encode()), tree);
    }

    #[test]
    fn numbers_are_minimal() {
        assert_eq!(int(0).encode(), [2, 1, 0]);
        assert_eq!(int(127).encode(), [2, 1, 127]);
        assert_eq!(int(128).encode(), [2, 2, 0, 128]);
        assert_eq!(uint(&[0, 0, 1]).encode(), [2, 1, 1]);
        assert_eq!(oid("1.2.840.113549").encode(), [6, 6, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]);
    }

    #[test]
    fn every_form_of_length() {
        let with = |len| Node { len, ..octets([1, 2]) }.encode();
        assert_eq!(with(Len::Der), [4, 2, 1, 2]);
        assert_eq!(with(Len::Octets(3)), [4, 0x83, 0, 0, 2, 1, 2]);
        assert_eq!(with(Len::Says(0x80)), [4, 0x81, 0x80, 1, 2]);
        assert_eq!(Node { len: Len::Indefinite, ..seq(vec![null()]) }.encode(), [0x30, 0x80, 5, 0, 0, 0]);
    }
}
