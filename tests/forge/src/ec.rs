//! Deterministic ECDSA signatures.
// The elliptic-curve crates demand a trait bound that a later version of generic-array deprecates.
#![allow(deprecated)]

use ecdsa::hazmat::SignPrimitive;
use ecdsa::{PrimeCurve, SignatureSize};
use p256::elliptic_curve::generic_array::ArrayLength;
use p256::elliptic_curve::ops::Invert;
use p256::elliptic_curve::subtle::CtOption;
use p256::elliptic_curve::{CurveArithmetic, FieldBytes, NonZeroScalar, Scalar};

use crate::der::{Body, Node, bits, oid, seq, uint};
use crate::hash::Hash;
use crate::oid;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    P256,
    P384,
    P521,
    Secp256k1,
}

impl Curve {
    #[must_use]
    pub fn oid(self) -> &'static str {
        match self {
            Curve::P256 => oid::P256,
            Curve::P384 => oid::P384,
            Curve::P521 => oid::P521,
            Curve::Secp256k1 => oid::SECP256K1,
        }
    }
}

#[derive(Debug, Clone)]
pub struct EcKey {
    pub curve: Curve,
    d: Vec<u8>,
    /// The uncompressed point.
    pub point: Vec<u8>,
}

impl EcKey {
    /// From ECPrivateKey (RFC 5915) with the public key in it, as openssl writes it.
    pub(crate) fn from_der(curve: Curve, der: &[u8]) -> Self {
        let mut node = Node::parse(der);
        let d = node.at(&[1]).bytes().to_vec();
        let point = node.kids().iter_mut().find(|kid| kid.tag == 0xa1).map(|kid| kid.at(&[0]).bytes()[1..].to_vec());
        Self { curve, d, point: point.expect("public key in ECPrivateKey") }
    }

    pub(crate) fn sign(&self, digest: &[u8]) -> Vec<u8> {
        match self.curve {
            Curve::P256 => sign::<p256::NistP256>(&self.d, digest),
            Curve::P384 => sign::<p384::NistP384>(&self.d, digest),
            Curve::P521 => sign::<p521::NistP521>(&self.d, digest),
            // Neither skexec nor the kernel has this curve, so any well-formed pair will do.
            Curve::Secp256k1 => signature(&Hash::Sha256.of(digest), &Hash::Sha256.of(&self.d)),
        }
    }

    pub(crate) fn public(&self) -> Node {
        spki(oid(self.curve.oid()), &self.point)
    }
}

/// SubjectPublicKeyInfo with any parameters and any point.
#[must_use]
pub fn spki(parameters: Node, point: &[u8]) -> Node {
    seq(vec![seq(vec![oid(oid::EC_PUBLIC_KEY), parameters]), bits(0, point)])
}

/// ECDSA-Sig-Value (RFC 3279 2.2.3).
#[must_use]
pub fn signature(r: &[u8], s: &[u8]) -> Vec<u8> {
    seq(vec![uint(r), uint(s)]).encode()
}

/// The two numbers of an ECDSA-Sig-Value.
#[must_use]
pub fn parts(signature: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let node = Node::parse(signature);
    let Body::Kids(kids) = &node.body else { panic!("not an ECDSA-Sig-Value") };
    (kids[0].bytes().to_vec(), kids[1].bytes().to_vec())
}

/// Signs with a nonce derived from key and digest, so that the signature is always the same. The nonce is truncated to be below the
/// group's order, which is biased: only keys that protect nothing may be used so.
fn sign<C>(d: &[u8], digest: &[u8]) -> Vec<u8>
where
    C: PrimeCurve + CurveArithmetic,
    Scalar<C>: SignPrimitive<C> + Invert<Output = CtOption<Scalar<C>>>,
    SignatureSize<C>: ArrayLength<u8>,
{
    let size = FieldBytes::<C>::default().len();
    let mut nonce = [Hash::Sha512.of(&[d, digest].concat()), Hash::Sha512.of(&[digest, d].concat())].concat();
    nonce.truncate(size);
    nonce[0] = 0;
    let scalar = |bytes: &[u8]| {
        let repr: FieldBytes<C> = bytes.iter().copied().collect();
        NonZeroScalar::<C>::from_repr(repr).expect("a number below the group's order")
    };
    let (key, nonce) = (scalar(d), scalar(&nonce));
    // FIPS 186-5 6.4.1: the leftmost bits of a digest longer than the order, all of a shorter one.
    let cut = &digest[..digest.len().min(size)];
    let z = [vec![0; size - cut.len()], cut.to_vec()].concat();
    let signed = key.as_ref().try_sign_prehashed(*nonce.as_ref(), &z.iter().copied().collect());
    let (r, s) = signed.expect("a signature").0.split_bytes();
    signature(&r, &s)
}
