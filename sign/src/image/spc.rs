//! SpcIndirectDataContent ("Windows Authenticode Portable Executable Signature Format", 2008): the content of an Authenticode message.

use crate::failure::Failure;
use crate::key::{DigestInfo, digest_algorithm};
use der::asn1::{BitString, ObjectIdentifier, OctetString};
use der::{Any, Encode, Sequence, Tag, TagNumber};
use skexec::digest::Digest;

/// SPC_INDIRECT_DATA_OBJID.
pub(super) const INDIRECT_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.4");
/// SPC_PE_IMAGE_DATAOBJ.
const PE_IMAGE_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.15");
/// The link that every signing tool writes, and that nobody follows.
const OBSOLETE: &str = "<<<Obsolete>>>";

#[derive(Sequence)]
struct IndirectData {
    data: PeImage,
    message_digest: DigestInfo,
}

#[derive(Sequence)]
struct PeImage {
    kind: ObjectIdentifier,
    value: PeImageData,
}

#[derive(Sequence)]
struct PeImageData {
    flags: BitString,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    file: Any,
}

/// The element that says: an image with this digest.
pub(super) fn indirect_data(digest: &Digest) -> Result<Any, Failure> {
    let text: Vec<u8> = OBSOLETE.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let unicode = Any::new(Tag::ContextSpecific { constructed: false, number: TagNumber::N0 }, text)?;
    let file = Any::new(Tag::ContextSpecific { constructed: true, number: TagNumber::N2 }, unicode.to_der()?)?;
    let flags = BitString::new(0, Vec::new())?;
    let message_digest =
        DigestInfo { algorithm: digest_algorithm(digest.algorithm), digest: OctetString::new(digest.value.clone())? };
    let data = PeImage { kind: PE_IMAGE_DATA, value: PeImageData { flags, file } };
    Ok(Any::encode_from(&IndirectData { data, message_digest })?)
}
