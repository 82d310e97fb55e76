//! ECDSA as the kernel checks it (`crypto/ecdsa.c`).

use super::asn1::{INTEGER, SEQUENCE, Step, item};
use super::curve::{Affine, Curve, Domain};
use super::decoder::{Actions, Seen, decode};
use super::errno::Errno;
use super::{Hazard, Stop};
use rsa::BigUint;

const DIGIT: usize = 8;

#[derive(Debug, Clone, Copy)]
enum Act {
    R,
    S,
}

/// `crypto/ecdsasignature.asn1`
const SIGNATURE: &[Step<Act>] =
    &[item(SEQUENCE).with(&[item(INTEGER).act(Act::R).step(), item(INTEGER).act(Act::S).step()]).step()];

struct Parts {
    widest: usize,
    r: BigUint,
    s: BigUint,
}

impl<'a> Actions<'a> for Parts {
    type Action = Act;

    /// `ecdsa.c:ecdsa_get_signature_rs`: never negative, and one byte over the width only if that is a zero.
    fn act(&mut self, action: Act, seen: &Seen<'a>) -> Result<(), Stop> {
        let value = seen.value()?;
        let number = match value.len().checked_sub(self.widest) {
            _ if value.is_empty() => None,
            None | Some(0) => Some(value),
            Some(1) => value.strip_prefix(&[0]),
            Some(_) => None,
        };
        let number = BigUint::from_bytes_be(number.ok_or(Errno::Inval)?);
        match action {
            Act::R => self.r = number,
            Act::S => self.s = number,
        }
        Ok(())
    }
}

/// An uncompressed point; a coordinate may be shorter than the field, within its last digit (`ecdsa_set_pub_key`).
fn parse_key(curve: Curve, domain: &Domain, key: &[u8]) -> Result<Affine, Errno> {
    let [4, coordinates @ ..] = key else { return Err(Errno::Inval) };
    let half = coordinates.len().div_euclid(2);
    let (x, y) = coordinates.split_at_checked(half).ok_or(Errno::Inval)?;
    if x.len() != y.len() || half.div_ceil(DIGIT) != curve.digits() {
        return Err(Errno::Inval);
    }
    let point = Affine { x: BigUint::from_bytes_be(x), y: BigUint::from_bytes_be(y) };
    if domain.holds(&point) { Ok(point) } else { Err(Errno::Inval) }
}

/// Key, then the signature's form, then its range, then the equation.
pub(super) fn verify(curve: Curve, key: &[u8], signature: &[u8], digest: &[u8]) -> Result<(), Errno> {
    let domain = curve.domain();
    let key = parse_key(curve, &domain, key)?;
    let widest = curve.digits().saturating_mul(DIGIT);
    let mut parts = Parts { widest, r: BigUint::default(), s: BigUint::default() };
    decode(SIGNATURE, signature, signature.len(), &mut parts).map_err(|stop| match stop {
        Stop::Errno(errno) => errno,
        // Not to be had: the claimed length is that of the bytes.
        Stop::Hazard(Hazard::Oops) => Errno::Badmsg,
    })?;
    let within = |number: &BigUint| number.bits() > 0 && *number < domain.n;
    if !within(&parts.r) || !within(&parts.s) {
        return Err(Errno::Badmsg);
    }
    // Whole digits of the hash count, never single bits: no curve here ends within a digit of a hash.
    let hash = BigUint::from_bytes_be(digest.get(..widest).unwrap_or(digest));
    match domain.signed_x(&hash, &parts.r, &parts.s, &key) {
        Some(x) if x == parts.r => Ok(()),
        _ => Err(Errno::Keyrejected),
    }
}

#[cfg(test)]
mod tests;
