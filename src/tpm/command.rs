//! Three commands of the TPM 2.0 Library Specification, part 3: TPM2_GetCapability, TPM2_PCR_Read and TPM2_PCR_Extend. All numbers are
//! big-endian.

use super::take::{Malformed, Take};
use super::{Digests, Hash, Pcr};

const NO_SESSIONS: u16 = 0x8001;
const SESSIONS: u16 = 0x8002;
const GET_CAPABILITY: u32 = 0x0000_017a;
const PCR_READ: u32 = 0x0000_017e;
const PCR_EXTEND: u32 = 0x0000_0182;
/// TPM_CAP_PCRS
const CAPABILITY_PCRS: u32 = 5;
/// The session of an empty password (TPM_RS_PW), without nonce, attributes and HMAC: the registers have an empty authorization.
const PASSWORD: [u8; 9] = [0x40, 0x00, 0x00, 0x09, 0, 0, 0, 0, 0];
/// Bytes of the header of a command or response.
const HEADER: usize = 10;
/// Bytes of a selection of the registers 0 to 23.
const SELECTION: u8 = 3;
/// More banks than any TPM has; a longer list is no list.
const MAX_BANKS: u32 = 16;

/// The registers of one bank, as the TPM names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Selection {
    pub(super) algorithm: u16,
    /// Bit N stands for register N.
    pub(super) registers: u32,
}

fn command(tag: u16, code: u32, body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len().saturating_add(HEADER)).unwrap_or(u32::MAX);
    [&tag.to_be_bytes()[..], &size.to_be_bytes(), &code.to_be_bytes(), body].concat()
}

/// Asks for all banks.
pub(super) fn banks() -> Vec<u8> {
    command(NO_SESSIONS, GET_CAPABILITY, &[CAPABILITY_PCRS, 0, 1].map(u32::to_be_bytes).concat())
}

/// Asks for one register of one bank.
pub(super) fn read(hash: Hash, pcr: Pcr) -> Vec<u8> {
    let [first, second, third, _] = 1_u32.checked_shl(pcr.0.into()).unwrap_or(0).to_le_bytes();
    let body = [&1_u32.to_be_bytes()[..], &hash.id().to_be_bytes(), &[SELECTION, first, second, third]].concat();
    command(NO_SESSIONS, PCR_READ, &body)
}

/// Extends a register in all these banks at once.
pub(super) fn extend(pcr: Pcr, digests: &Digests) -> Vec<u8> {
    let count = u32::try_from(digests.len()).unwrap_or(u32::MAX);
    let session = u32::try_from(PASSWORD.len()).unwrap_or(u32::MAX);
    let mut body = [u32::from(pcr.0), session].map(u32::to_be_bytes).concat();
    body.extend(PASSWORD);
    body.extend(count.to_be_bytes());
    for (hash, digest) in digests {
        body.extend(hash.id().to_be_bytes());
        body.extend(digest);
    }
    command(SESSIONS, PCR_EXTEND, &body)
}

/// A response that is not what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    /// The TPM refused the command, with this code.
    Refused(u32),
    Malformed(&'static str),
}

impl From<Malformed> for Wrong {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed.0)
    }
}

/// What follows the header of a response that reports success.
fn body(response: &[u8]) -> Result<Take<'_>, Wrong> {
    let mut take = Take(response);
    take.array::<2>()?;
    let size = u32::from_be_bytes(take.array()?);
    let code = u32::from_be_bytes(take.array()?);
    if usize::try_from(size).ok() != Some(response.len()) {
        return Err(Wrong::Malformed("the length in its header is not its length"));
    }
    if code == 0 { Ok(take) } else { Err(Wrong::Refused(code)) }
}

fn selections(take: &mut Take<'_>) -> Result<Vec<Selection>, Wrong> {
    let count = u32::from_be_bytes(take.array()?);
    if count > MAX_BANKS {
        return Err(Wrong::Malformed("it lists too many banks"));
    }
    let one = |take: &mut Take<'_>| {
        let algorithm = u16::from_be_bytes(take.array()?);
        let [length] = take.array()?;
        let mut registers = [0; 4];
        let bitmap = take.bytes(length.into())?;
        registers.iter_mut().zip(bitmap).for_each(|(register, bits)| *register = *bits);
        Ok(Selection { algorithm, registers: u32::from_le_bytes(registers) })
    };
    (0..count).map(|_| one(take)).collect()
}

/// The banks in the response to [`banks`].
pub(super) fn banks_of(response: &[u8]) -> Result<Vec<Selection>, Wrong> {
    let mut take = body(response)?;
    let [more] = take.array()?;
    if u32::from_be_bytes(take.array()?) != CAPABILITY_PCRS || more != 0 {
        return Err(Wrong::Malformed("it is not the whole list of banks"));
    }
    selections(&mut take)
}

/// The value in the response to [`read`].
pub(super) fn value_of(response: &[u8], hash: Hash) -> Result<Vec<u8>, Wrong> {
    let mut take = body(response)?;
    take.array::<4>()?;
    selections(&mut take)?;
    let count = u32::from_be_bytes(take.array()?);
    let length = u16::from_be_bytes(if count == 1 { take.array()? } else { [0; 2] });
    if length != hash.size() {
        return Err(Wrong::Malformed("it has no value of that register"));
    }
    Ok(take.bytes(length.into())?.to_vec())
}

/// Whether the response to [`extend`] reports success.
pub(super) fn extended(response: &[u8]) -> Result<(), Wrong> {
    body(response).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    fn bytes(text: &str) -> Vec<u8> {
        hex::decode(&text.replace(' ', "")).unwrap()
    }

    /// Commands as tools of others send them: IBM's TSS (PCR_Read of register 16 of the bank of SHA-1), Infineon's notes on
    /// PCR_Extend with the SHA-256 of "Hello", and tpm2-tools (GetCapability).
    #[test]
    fn commands_are_those_that_other_tools_send() {
        assert_eq!(banks(), bytes("8001 00000016 0000017a 00000005 00000000 00000001"));
        assert_eq!(read(Hash::Sha256, Pcr(0)), bytes("8001 00000014 0000017e 00000001 000b 03 010000"));
        assert_eq!(read(Hash::Sha1, Pcr(16)), bytes("8001 00000014 0000017e 00000001 0004 03 000001"));
        let hello = "185f8db32271fe25f561a6fc938b2e264306ec304eda518007d1764826381969";
        let wanted = format!("8002 00000041 00000182 00000000 00000009 40000009 0000 00 0000 00000001 000b {hello}");
        assert_eq!(extend(Pcr(0), &vec![(Hash::Sha256, Hash::Sha256.digest(&[b"Hello"]))]), bytes(&wanted));
    }

    #[test]
    fn every_bank_is_in_one_command() {
        let digests = [Hash::Sha1, Hash::Sha384].map(|hash| (hash, hash.digest(&[b""]))).to_vec();
        let command = extend(Pcr(9), &digests);
        assert_eq!(command[..4], bytes("8002 0000")[..]);
        assert_eq!(command[10..14], bytes("00000009")[..]);
        assert_eq!(command[27..33], bytes("00000002 0004")[..]);
        assert_eq!(command[53..55], bytes("000c")[..]);
        assert_eq!(command.len(), 103);
        assert_eq!(usize::from(command[5]), command.len());
    }

    #[test]
    fn responses_are_read_and_broken_ones_refused() {
        let list = bytes("8001 00000025 00000000 00 00000005 00000003 0004 03 000000 000b 03 ffffff 000c 03 00ff00");
        let found = banks_of(&list).unwrap();
        let wanted = [(0x4, 0), (0xb, 0x00ff_ffff), (0xc, 0xff00)];
        assert_eq!(found, wanted.map(|(algorithm, registers)| Selection { algorithm, registers }));
        let value = "11".repeat(20);
        let read =
            bytes(&format!("8001 00000033 00000000 00000017 00000001 0004 03 000001 00000001 0014 {value} 0000"));
        assert_eq!(
            value_of(&read[..], Hash::Sha1),
            Err(Wrong::Malformed("the length in its header is not its length"))
        );
        let read = bytes(&format!("8001 00000032 00000000 00000017 00000001 0004 03 000001 00000001 0014 {value}"));
        assert_eq!(value_of(&read, Hash::Sha1), Ok(vec![0x11; 20]));
        assert_eq!(value_of(&read, Hash::Sha256), Err(Wrong::Malformed("it has no value of that register")));
        // A register that the bank lacks: the TPM answers with an empty list.
        let none = bytes("8001 0000001c 00000000 00000017 00000001 0004 03 000000 00000000");
        assert_eq!(value_of(&none, Hash::Sha1), Err(Wrong::Malformed("it has no value of that register")));
        // TPM_RC_INITIALIZE
        assert_eq!(extended(&bytes("8001 0000000a 00000100")), Err(Wrong::Refused(0x100)));
        for cut in 0..list.len() {
            let mut part = list[..cut].to_vec();
            if let Some(size) = part.get_mut(2..6) {
                size.copy_from_slice(&u32::try_from(cut).unwrap().to_be_bytes());
            }
            assert!(matches!(banks_of(&part), Err(Wrong::Malformed(_))), "{cut}");
        }
        let many = bytes("8001 00000013 00000000 00 00000005 ffffffff");
        assert_eq!(banks_of(&many), Err(Wrong::Malformed("it lists too many banks")));
    }
}
