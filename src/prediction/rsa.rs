//! RSA with PKCS#1 v1.5 padding as the kernel checks it (`crypto/rsa.c`, `crypto/rsa-pkcs1pad.c`).

use super::asn1::{INTEGER, SEQUENCE, Step, item};
use super::decoder::{Actions, Seen, asn1_ber_decoder};
use super::errno::Errno;
use super::hash::Hash;
use super::stop::{Hazard, Stop};
use rsa::BigUint;

/// The largest number that the kernel reads, in bytes (`mpicoder.c:MAX_EXTERN_MPI_BITS`).
const LARGEST: usize = 16384 / 8;
const LIMB: usize = 8;

#[derive(Debug, Clone, Copy)]
enum Act {
    Modulus,
    Exponent,
}

/// `crypto/rsapubkey.asn1`
const KEY: &[Step<Act>] =
    &[item(SEQUENCE).with(&[item(INTEGER).act(Act::Modulus).step(), item(INTEGER).act(Act::Exponent).step()]).step()];

#[derive(Debug, Default)]
struct Context<'a> {
    modulus: &'a [u8],
    exponent: &'a [u8],
}

impl<'a> Actions<'a> for Context<'a> {
    type Action = Act;

    /// `crypto/rsa_helper.c:rsa_get_n`, `rsa_get_e`.
    fn act(&mut self, action: Act, seen: &Seen<'a>) -> Result<(), Stop> {
        let value = seen.value()?;
        let longest = match action {
            Act::Modulus => usize::MAX,
            Act::Exponent => self.modulus.len(),
        };
        if value.is_empty() || value.len() > longest {
            return Err(Errno::Inval.into());
        }
        match action {
            Act::Modulus => self.modulus = value,
            Act::Exponent => self.exponent = value,
        }
        Ok(())
    }
}

fn without_zeros(mut bytes: &[u8]) -> &[u8] {
    while let Some((0, rest)) = bytes.split_first() {
        bytes = rest;
    }
    bytes
}

struct Key {
    modulus: BigUint,
    exponent: BigUint,
    /// Whole limbs: a signature must be exactly as long.
    size: usize,
}

/// `rsa.c:rsa_set_pub_key`.
fn rsa_set_pub_key(key: &[u8]) -> Result<Key, Errno> {
    let mut context = Context::default();
    asn1_ber_decoder(KEY, key, key.len(), &mut context).map_err(|stop| match stop {
        Stop::Errno(errno) => errno,
        // Cannot happen: the claimed length is that of the bytes.
        Stop::Hazard(Hazard::Oops) => Errno::Badmsg,
    })?;
    let (modulus, exponent) = (without_zeros(context.modulus), without_zeros(context.exponent));
    if modulus.len() > LARGEST || exponent.len() > LARGEST {
        return Err(Errno::Nomem);
    }
    let size = modulus.len().div_ceil(LIMB).saturating_mul(LIMB);
    if !matches!(size.saturating_mul(8), 512 | 1024 | 1536 | 2048 | 3072 | 4096) {
        return Err(Errno::Inval);
    }
    Ok(Key { modulus: BigUint::from_bytes_be(modulus), exponent: BigUint::from_bytes_be(exponent), size })
}

/// `rsa-pkcs1pad.c:pkcs1pad_verify`: first the key, then the signature, the padding, the digest.
pub(super) fn pkcs1pad_verify(key: &[u8], hash: Hash, signature: &[u8], digest: &[u8]) -> Result<(), Errno> {
    let prefix = hash.digest_info().ok_or(Errno::Inval)?;
    let key = rsa_set_pub_key(key)?;
    if digest.is_empty() || signature.len() != key.size {
        return Err(Errno::Inval);
    }
    let message = BigUint::from_bytes_be(signature);
    // Neither 0, 1 nor n-1 and above (`rsa.c:rsa_check_payload`).
    let next = BigUint::from_bytes_be(&successor(signature));
    if message.bits() <= 1 || next >= key.modulus {
        return Err(Errno::Inval);
    }
    let plain = power(&message, &key.exponent, &key.modulus).to_bytes_be();
    let mut encoded = vec![0; key.size.saturating_sub(plain.len())];
    encoded.extend_from_slice(&plain);
    pkcs1pad_verify_complete(&encoded, &prefix, digest)
}

/// The message to the power of the exponent, by a modulus that is not zero. `modpow` takes as many multiplications as an exponent of 64
/// bits could need, and a table of powers: several times what the usual exponent, 65537, needs.
#[expect(clippy::arithmetic_side_effects, reason = "numbers of any length, and the modulus is not zero")]
fn power(message: &BigUint, exponent: &BigUint, modulus: &BigUint) -> BigUint {
    let digits = exponent.to_bytes_be();
    let short = digits.iter().fold(0_u32, |value, digit| value << 8 | u32::from(*digit));
    let Some(highest) = short.checked_ilog2().filter(|_| digits.len() <= 4) else {
        return message.modpow(exponent, modulus);
    };
    let base = message % modulus;
    let mut power = base.clone();
    for bit in (0..highest).rev() {
        power = &power * &power % modulus;
        if short >> bit & 1 == 1 {
            power = &power * &base % modulus;
        }
    }
    power
}

/// The big-endian number after this one.
fn successor(number: &[u8]) -> Vec<u8> {
    let mut next: Vec<u8> = std::iter::once(0).chain(number.iter().copied()).collect();
    for byte in next.iter_mut().rev() {
        let (sum, carry) = byte.overflowing_add(1);
        *byte = sum;
        if !carry {
            break;
        }
    }
    next
}

/// `rsa-pkcs1pad.c:pkcs1pad_verify_complete`: a result that does not start with a zero is not a padding fault.
fn pkcs1pad_verify_complete(encoded: &[u8], prefix: &[u8], digest: &[u8]) -> Result<(), Errno> {
    let [0, rest @ ..] = encoded else { return Err(Errno::Inval) };
    let [1, rest @ ..] = rest else { return Err(Errno::Badmsg) };
    let filling = rest.iter().take_while(|byte| **byte == 0xff).count();
    let (filler, rest) = rest.split_at(filling.min(rest.len()));
    let [0, rest @ ..] = rest else { return Err(Errno::Badmsg) };
    let wanted = rest.strip_prefix(prefix).filter(|_| filler.len() >= 8).ok_or(Errno::Badmsg)?;
    if wanted == digest { Ok(()) } else { Err(Errno::Keyrejected) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_power_is_that_of_the_library() {
        let number = |seed: u8, length: u8| {
            let digits: Vec<u8> = (1..=length).map(|index| index.wrapping_mul(seed) ^ seed.rotate_left(3)).collect();
            BigUint::from_bytes_be(&digits)
        };
        let exponents = [&[0][..], &[1], &[2], &[3], &[17], &[1, 0, 1], &[0xff; 4], &[1, 0, 0, 0, 0], &[0xfe; 9]];
        for (message, modulus) in
            [(number(7, 64), number(201, 64)), (number(9, 3), number(202, 80)), (number(5, 90), number(3, 2))]
        {
            for exponent in exponents.map(BigUint::from_bytes_be) {
                assert_eq!(power(&message, &exponent, &modulus), message.modpow(&exponent, &modulus), "{exponent}");
            }
        }
        assert_eq!(power(&number(7, 9), &BigUint::from(3_u8), &BigUint::from(1_u8)), BigUint::from(0_u8));
    }

    #[test]
    fn padding_faults_have_their_errnos() {
        let with = |start: &[u8], end: &[u8]| {
            let mut encoded = start.to_vec();
            encoded.extend_from_slice(&[0xff; 8]);
            encoded.extend_from_slice(end);
            pkcs1pad_verify_complete(&encoded, &[7, 7], &[1, 2, 3])
        };
        assert_eq!(with(&[0, 1], &[0, 7, 7, 1, 2, 3]), Ok(()));
        assert_eq!(with(&[1, 1], &[0, 7, 7, 1, 2, 3]), Err(Errno::Inval));
        assert_eq!(with(&[0, 2], &[0, 7, 7, 1, 2, 3]), Err(Errno::Badmsg));
        assert_eq!(with(&[0, 1, 5], &[0, 7, 7, 1, 2, 3]), Err(Errno::Badmsg));
        assert_eq!(with(&[0, 1], &[0, 7, 8, 1, 2, 3]), Err(Errno::Badmsg));
        assert_eq!(with(&[0, 1], &[0, 7]), Err(Errno::Badmsg));
        assert_eq!(with(&[0, 1], &[]), Err(Errno::Badmsg));
        assert_eq!(with(&[0, 1], &[0, 7, 7, 1, 2, 4]), Err(Errno::Keyrejected));
        assert_eq!(with(&[0, 1], &[0, 7, 7, 1, 2]), Err(Errno::Keyrejected));
        assert_eq!(pkcs1pad_verify_complete(&[0, 1, 0xff, 0, 7, 7, 1, 2, 3], &[7, 7], &[1, 2, 3]), Err(Errno::Badmsg));
    }

    /// A key with a modulus of `len` bytes and the exponent 3.
    fn key(len: u16) -> Vec<u8> {
        let mut integer = vec![0x02, 0x82];
        integer.extend_from_slice(&len.to_be_bytes());
        integer.resize(usize::from(len).saturating_add(4), 0xff);
        integer.extend_from_slice(&[0x02, 1, 3]);
        let mut key = vec![0x30, 0x82];
        key.extend_from_slice(&u16::try_from(integer.len()).unwrap_or_default().to_be_bytes());
        key.extend_from_slice(&integer);
        key
    }

    #[test]
    fn sizes_count_in_limbs() {
        for (len, wanted) in [
            (64, Some(64)),
            (249, Some(256)),
            (256, Some(256)),
            (257, None),
            (320, None),
            (384, Some(384)),
            (512, Some(512)),
            (513, None),
            (1024, None),
        ] {
            assert_eq!(rsa_set_pub_key(&key(len)).map(|key| key.size), wanted.ok_or(Errno::Inval), "{len}");
        }
        assert_eq!(rsa_set_pub_key(&key(2049)).map(|key| key.size), Err(Errno::Nomem));
        assert_eq!(rsa_set_pub_key(&[]).map(|key| key.size), Err(Errno::Badmsg));
        assert_eq!(rsa_set_pub_key(&[0x30, 5, 2, 0, 2, 1, 3]).map(|key| key.size), Err(Errno::Inval));
        assert_eq!(rsa_set_pub_key(&[0x30, 7, 2, 1, 9, 2, 2, 1, 1]).map(|key| key.size), Err(Errno::Inval));
    }

    #[test]
    fn numbers_at_the_edges_are_invalid() {
        let check = |signature: &[u8]| pkcs1pad_verify(&key(64), Hash::Sha256, signature, &[1; 32]);
        let mut edge = [0xff; 64];
        assert_eq!(check(&edge), Err(Errno::Inval));
        edge = [0; 64];
        assert_eq!(check(&edge), Err(Errno::Inval));
        assert_eq!(check(&[2; 63]), Err(Errno::Inval));
        // 2 cubed is no padding at all, but starts with a zero.
        if let Some(last) = edge.last_mut() {
            *last = 2;
        }
        assert_eq!(check(&edge), Err(Errno::Badmsg));
    }
}
