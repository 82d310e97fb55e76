//! The signed content: which digest of the image was signed (`crypto/asymmetric_keys/mscode_parser.c`).

use super::asn1::{OCTET_STRING, OID, SEQUENCE, Step, any, item};
use super::decoder::{Actions, Seen, asn1_ber_decoder};
use super::errno::Errno;
use super::hash::Hash;
use super::oid;
use super::stop::Stop;

#[derive(Debug, Clone, Copy)]
enum Act {
    ContentType,
    Algorithm,
    Digest,
}

/// `crypto/asymmetric_keys/mscode.asn1`
const CONTENT: &[Step<Act>] = &[item(SEQUENCE)
    .with(&[
        item(SEQUENCE).with(&[item(OID).act(Act::ContentType).step(), any().step()]).step(),
        item(SEQUENCE)
            .with(&[
                item(SEQUENCE).with(&[item(OID).act(Act::Algorithm).step(), any().optional().step()]).step(),
                item(OCTET_STRING).act(Act::Digest).step(),
            ])
            .step(),
    ])
    .step()];

/// The digest that the image must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ImageDigest<'a> {
    pub(super) hash: Hash,
    pub(super) value: &'a [u8],
}

#[derive(Debug, Default)]
struct Context<'a> {
    hash: Option<Hash>,
    value: &'a [u8],
}

impl<'a> Actions<'a> for Context<'a> {
    type Action = Act;

    fn act(&mut self, action: Act, seen: &Seen<'a>) -> Result<(), Stop> {
        let value = seen.value()?;
        match action {
            // pesign once wrote the purpose's identifier instead of the image's.
            Act::ContentType if matches!(value, oid::PE_IMAGE_DATA | oid::INDIVIDUAL_PURPOSE) => {}
            Act::ContentType => return Err(Errno::Badmsg.into()),
            Act::Algorithm => self.hash = Some(mscode_note_digest_algo(value)?),
            Act::Digest => self.value = value,
        }
        Ok(())
    }
}

/// An identifier that the kernel's registry lacks makes the message malformed. One that it has, but not as a digest, is unsupported.
fn mscode_note_digest_algo(oid: &[u8]) -> Result<Hash, Errno> {
    Hash::of_image(oid).ok_or(if oid::known(oid) { Errno::Nopkg } else { Errno::Badmsg })
}

/// `mscode_parser.c:mscode_parse`, then the first check of `verify_pefile.c:pefile_digest_pe`: the digest's length.
pub(super) fn mscode_parse(content: &[u8]) -> Result<ImageDigest<'_>, Stop> {
    let mut context = Context::default();
    asn1_ber_decoder(CONTENT, content, content.len(), &mut context)?;
    let hash = context.hash.ok_or(Errno::Badmsg)?;
    let size = hash.size().ok_or(Errno::Nopkg)?;
    if context.value.len() != usize::from(size) {
        return Err(Errno::Badmsg.into());
    }
    Ok(ImageDigest { hash, value: context.value })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        [&[tag, u8::try_from(content.len()).unwrap()], content.as_slice()].concat()
    }

    fn spc(kind: &[u8], algorithm: &[u8], digest: &[u8]) -> Vec<u8> {
        let kind = tlv(0x30, &[&tlv(6, &[kind]), &[0x30, 0]]);
        let algorithm = tlv(0x30, &[&tlv(6, &[algorithm]), &[5, 0]]);
        tlv(0x30, &[&kind, &tlv(0x30, &[&algorithm, &tlv(4, &[digest])])])
    }

    #[test]
    fn each_part_has_its_errno() {
        const MD5: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5];
        let ok = |hash| Ok(hash);
        type Row = (&'static [u8], &'static [u8], usize, Result<Hash, Errno>);
        let cases: [Row; 9] = [
            (oid::PE_IMAGE_DATA, oid::SHA256, 32, ok(Hash::Sha256)),
            (oid::INDIVIDUAL_PURPOSE, oid::SHA1, 20, ok(Hash::Sha1)),
            (oid::PE_IMAGE_DATA, oid::SHA3_256, 32, ok(Hash::Sha3_256)),
            (oid::STATEMENT_TYPE, oid::SHA256, 32, Err(Errno::Badmsg)),
            (oid::PE_IMAGE_DATA, oid::SHA256, 20, Err(Errno::Badmsg)),
            (oid::PE_IMAGE_DATA, oid::SHA256, 0, Err(Errno::Badmsg)),
            (oid::PE_IMAGE_DATA, MD5, 16, Err(Errno::Badmsg)),
            (oid::PE_IMAGE_DATA, oid::SHA224, 28, Err(Errno::Nopkg)),
            (oid::PE_IMAGE_DATA, oid::RSA, 32, Err(Errno::Nopkg)),
        ];
        for (kind, algorithm, len, wanted) in cases {
            let content = spc(kind, algorithm, &vec![7; len]);
            let found = mscode_parse(&content).map(|digest| digest.hash);
            assert_eq!(found, wanted.map_err(Stop::Errno), "{kind:02x?} {algorithm:02x?} {len}");
        }
    }
}
