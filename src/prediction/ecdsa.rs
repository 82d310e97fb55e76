//! ECDSA as the kernel checks it (`crypto/ecdsa.c`).

use super::asn1::{INTEGER, SEQUENCE, Step, item};
use super::decoder::{Actions, Seen, asn1_ber_decoder};
use super::errno::Errno;
use super::stop::{Hazard, Stop};

/// Bytes of a digit, in which the kernel computes.
const DIGIT: usize = 8;

/// The NIST curves of the kernel (`crypto/ecc_curve_defs.h`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P192,
    P256,
    P384,
    P521,
}

impl Curve {
    /// Digits of a coordinate.
    const fn digits(self) -> usize {
        match self {
            Self::P192 => 3,
            Self::P256 => 4,
            Self::P384 => 6,
            Self::P521 => 9,
        }
    }

    /// Bytes of a coordinate, and of a scalar.
    const fn bytes(self) -> usize {
        match self {
            Self::P192 => 24,
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Act {
    R,
    S,
}

/// `crypto/ecdsasignature.asn1`
const SIGNATURE: &[Step<Act>] =
    &[item(SEQUENCE).with(&[item(INTEGER).act(Act::R).step(), item(INTEGER).act(Act::S).step()]).step()];

/// A parsed signature: r and s, big-endian without leading zeros.
struct Context<'a> {
    widest: usize,
    r: &'a [u8],
    s: &'a [u8],
}

impl<'a> Actions<'a> for Context<'a> {
    type Action = Act;

    /// `ecdsa.c:ecdsa_get_signature_rs`: never negative, and one byte longer than the curve's digits only if that byte is zero.
    fn act(&mut self, action: Act, seen: &Seen<'a>) -> Result<(), Stop> {
        let value = seen.value()?;
        let number = match value.len().checked_sub(self.widest) {
            _ if value.is_empty() => None,
            None | Some(0) => Some(value),
            Some(1) => value.strip_prefix(&[0]),
            Some(_) => None,
        };
        let number = without_zeros(number.ok_or(Errno::Inval)?);
        match action {
            Act::R => self.r = number,
            Act::S => self.s = number,
        }
        Ok(())
    }
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// The number in `size` bytes, big-endian; `None` if it is longer.
fn padded(number: &[u8], size: usize) -> Option<Vec<u8>> {
    let number = without_zeros(number);
    let mut bytes = vec![0; size.checked_sub(number.len())?];
    bytes.extend_from_slice(number);
    Some(bytes)
}

/// An uncompressed point (SEC 1, 2.3.3), in which the kernel lets a coordinate be shorter than the field, within its last digit,
/// and longer by zeros (`ecdsa.c:ecdsa_set_pub_key`). Whether it lies on the curve is not known yet.
fn ecdsa_set_pub_key(curve: Curve, key: &[u8]) -> Result<Vec<u8>, Errno> {
    let [4, coordinates @ ..] = key else { return Err(Errno::Inval) };
    let half = coordinates.len().div_euclid(2);
    let (x, y) = coordinates.split_at_checked(half).ok_or(Errno::Inval)?;
    if x.len() != y.len() || half.div_ceil(DIGIT) != curve.digits() {
        return Err(Errno::Inval);
    }
    let coordinate = |number| padded(number, curve.bytes()).ok_or(Errno::Inval);
    Ok([vec![4], coordinate(x)?, coordinate(y)?].concat())
}

/// `ecdsa.c:ecdsa_verify`: first the key, then the signature's form, then its range, then the equation.
pub(super) fn ecdsa_verify(curve: Curve, key: &[u8], signature: &[u8], digest: &[u8]) -> Result<(), Errno> {
    let point = ecdsa_set_pub_key(curve, key)?;
    let widest = curve.digits().saturating_mul(DIGIT);
    // The kernel takes whole digits of the digest, never single bits; the crates take as many bytes as the curve has, which is the
    // same, because no digest has more than 64 bytes. To the kernel, a digest that is shorter than the curve is a number like any
    // other; the crates refuse less than half of the curve's length, and so get the digest with zeros in front.
    let digest = digest.get(..widest).unwrap_or(digest);
    let digest = padded(digest, curve.bytes()).unwrap_or_else(|| digest.to_vec());
    macro_rules! check {
        ($curve:ident) => {{
            use $curve::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier as _};
            let key = VerifyingKey::from_sec1_bytes(&point).map_err(|_| Errno::Inval)?;
            let scalars = scalars(curve, widest, signature)?;
            let signature = Signature::from_slice(&scalars).map_err(|_| Errno::Badmsg)?;
            key.verify_prehash(&digest, &signature)
        }};
    }
    match curve {
        Curve::P192 => check!(p192),
        Curve::P256 => check!(p256),
        Curve::P384 => check!(p384),
        Curve::P521 => check!(p521),
    }
    .map_err(|_| Errno::Keyrejected)
}

/// r and s, each as long as the curve's scalars.
fn scalars(curve: Curve, widest: usize, signature: &[u8]) -> Result<Vec<u8>, Errno> {
    let mut context = Context { widest, r: &[], s: &[] };
    asn1_ber_decoder(SIGNATURE, signature, signature.len(), &mut context).map_err(|stop| match stop {
        Stop::Errno(errno) => errno,
        // Cannot happen: the claimed length is that of the bytes.
        Stop::Hazard(Hazard::Oops) => Errno::Badmsg,
    })?;
    let scalar = |number| padded(number, curve.bytes()).ok_or(Errno::Badmsg);
    Ok([scalar(context.r)?, scalar(context.s)?].concat())
}

#[cfg(test)]
mod tests;
