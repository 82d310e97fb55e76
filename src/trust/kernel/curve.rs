//! The NIST curves, over integers of any size: the kernel takes P-192 too, and P-521 with any digest
//! (`crypto/ecc_curve_defs.h`). Nothing here is secret, so nothing runs in constant time.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "BigUint does not overflow; moduli are primes, and what is taken away was added to the modulus before"
)]

use rsa::BigUint;

/// A curve by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P192,
    P256,
    P384,
    P521,
}

/// The numbers of a curve; `a` is -3 in all of them.
pub(super) struct Domain {
    p: BigUint,
    b: BigUint,
    pub(super) n: BigUint,
    g: Affine,
}

/// A point that is not the neutral one.
pub(super) struct Affine {
    pub(super) x: BigUint,
    pub(super) y: BigUint,
}

/// (x/z², y/z³); neutral where z is zero.
#[derive(Clone)]
struct Jacobian {
    x: BigUint,
    y: BigUint,
    z: BigUint,
}

fn hex(digits: &str) -> BigUint {
    BigUint::parse_bytes(digits.as_bytes(), 16).unwrap_or_default()
}

impl Curve {
    /// 64-bit digits of a coordinate.
    pub(super) const fn digits(self) -> usize {
        match self {
            Self::P192 => 3,
            Self::P256 => 4,
            Self::P384 => 6,
            Self::P521 => 9,
        }
    }

    #[rustfmt::skip]
    pub(super) fn domain(self) -> Domain {
        let [p, b, n, x, y] = match self {
            Self::P192 => [
                "fffffffffffffffffffffffffffffffeffffffffffffffff",
                "64210519e59c80e70fa7e9ab72243049feb8deecc146b9b1",
                "ffffffffffffffffffffffff99def836146bc9b1b4d22831",
                "188da80eb03090f67cbf20eb43a18800f4ff0afd82ff1012",
                "07192b95ffc8da78631011ed6b24cdd573f977a11e794811",
            ],
            Self::P256 => [
                "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
                "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
                "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
                "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
                "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
            ],
            Self::P384 => [
                "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
                "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
                "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
                "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
                "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
            ],
            Self::P521 => [
                "1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                "51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
                "1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
                "c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
                "11839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
            ],
        }
        .map(hex);
        Domain { p, b, n, g: Affine { x, y } }
    }
}

impl Domain {
    fn times(&self, one: &BigUint, two: &BigUint) -> BigUint {
        one * two % &self.p
    }

    fn square(&self, one: &BigUint) -> BigUint {
        self.times(one, one)
    }

    fn plus(&self, one: &BigUint, two: &BigUint) -> BigUint {
        (one + two) % &self.p
    }

    /// Both are below the modulus.
    fn minus(&self, one: &BigUint, two: &BigUint) -> BigUint {
        (one + &self.p - two) % &self.p
    }

    fn small(&self, factor: u32, one: &BigUint) -> BigUint {
        one * BigUint::from(factor) % &self.p
    }

    fn inverse(value: &BigUint, prime: &BigUint) -> BigUint {
        value.modpow(&(prime - BigUint::from(2_u32)), prime)
    }

    /// Within the field and on the curve (`ecc.c:ecc_is_pubkey_valid_partial`).
    pub(super) fn holds(&self, point: &Affine) -> bool {
        if point.x >= self.p || point.y >= self.p {
            return false;
        }
        let cubed = self.times(&self.square(&point.x), &point.x);
        let right = self.plus(&self.minus(&cubed, &self.small(3, &point.x)), &self.b);
        self.square(&point.y) == right
    }

    fn double(&self, point: &Jacobian) -> Jacobian {
        let delta = self.square(&point.z);
        let gamma = self.square(&point.y);
        let beta = self.times(&point.x, &gamma);
        let alpha = self.times(&self.minus(&point.x, &delta), &self.plus(&point.x, &delta));
        let alpha = self.small(3, &alpha);
        let x = self.minus(&self.square(&alpha), &self.small(8, &beta));
        let z = self.small(2, &self.times(&point.y, &point.z));
        let turn = self.times(&alpha, &self.minus(&self.small(4, &beta), &x));
        let y = self.minus(&turn, &self.small(8, &self.square(&gamma)));
        Jacobian { x, y, z }
    }

    fn add(&self, one: &Jacobian, two: &Jacobian) -> Jacobian {
        if one.z.bits() == 0 {
            return two.clone();
        }
        if two.z.bits() == 0 {
            return one.clone();
        }
        let (zz1, zz2) = (self.square(&one.z), self.square(&two.z));
        let (u1, u2) = (self.times(&one.x, &zz2), self.times(&two.x, &zz1));
        let s1 = self.times(&one.y, &self.times(&two.z, &zz2));
        let s2 = self.times(&two.y, &self.times(&one.z, &zz1));
        let (h, r) = (self.minus(&u2, &u1), self.minus(&s2, &s1));
        if h.bits() == 0 && r.bits() == 0 {
            return self.double(one);
        }
        let hh = self.square(&h);
        let hhh = self.times(&h, &hh);
        let v = self.times(&u1, &hh);
        let x = self.minus(&self.minus(&self.square(&r), &hhh), &self.small(2, &v));
        let y = self.minus(&self.times(&r, &self.minus(&v, &x)), &self.times(&s1, &hhh));
        Jacobian { x, y, z: self.times(&h, &self.times(&one.z, &two.z)) }
    }

    /// The x of (hash/s)·G + (r/s)·Q, below the curve's order; nothing for the neutral point.
    pub(super) fn signed_x(&self, hash: &BigUint, r: &BigUint, s: &BigUint, key: &Affine) -> Option<BigUint> {
        let inverse = Self::inverse(s, &self.n);
        let (u1, u2) = (hash * &inverse % &self.n, r * &inverse % &self.n);
        let one = |point: &Affine| Jacobian { x: point.x.clone(), y: point.y.clone(), z: BigUint::from(1_u32) };
        let (g, q) = (one(&self.g), one(key));
        let both = self.add(&g, &q);
        let mut sum = Jacobian { z: BigUint::default(), ..g.clone() };
        let width = self.n.to_bytes_be().len();
        for (byte1, byte2) in padded(&u1, width).into_iter().zip(padded(&u2, width)) {
            for bit in (0..8).rev() {
                sum = self.double(&sum);
                match (byte1 >> bit & 1, byte2 >> bit & 1) {
                    (1, 1) => sum = self.add(&sum, &both),
                    (1, _) => sum = self.add(&sum, &g),
                    (_, 1) => sum = self.add(&sum, &q),
                    _ => {}
                }
            }
        }
        if sum.z.bits() == 0 {
            return None;
        }
        let z = Self::inverse(&sum.z, &self.p);
        Some(self.times(&sum.x, &self.square(&z)) % &self.n)
    }
}

/// Big-endian, with zeros in front.
fn padded(number: &BigUint, width: usize) -> Vec<u8> {
    let bytes = number.to_bytes_be();
    let mut padded = vec![0; width.saturating_sub(bytes.len())];
    padded.extend_from_slice(&bytes);
    padded
}
