//! Secure Boot's variables, signed for SetVariable with EFI_VARIABLE_AUTHENTICATION_2 (UEFI 8.2.2): what `.auth` files hold.

use crate::clock::date_after;
use crate::failure::Failure;
use crate::message;
use crate::signer::Signer;
use der::DateTime;

/// Non-volatile, boot services, runtime, authenticated by time.
const ATTRIBUTES: u32 = 0x27;
/// `dwLength`, `wRevision`, `wCertificateType` and `CertType` of WIN_CERTIFICATE_UEFI_GUID.
const HEADER: usize = 24;
/// `wRevision` 2.0 and `wCertificateType` WIN_CERT_TYPE_EFI_GUID.
const KIND: [u8; 4] = [0x00, 0x02, 0xf1, 0x0e];
/// EFI_CERT_TYPE_PKCS7_GUID, 4aafd29d-68df-49ee-8aa9-347d375665a7.
const PKCS7: [u8; 16] = *b"\x9d\xd2\xaf\x4a\xdf\x68\xee\x49\x8a\xa9\x34\x7d\x37\x56\x65\xa7";
/// EFI_GLOBAL_VARIABLE, 8be4df61-93ca-11d2-aa0d-00e098032b8c.
const GLOBAL: [u8; 16] = *b"\x61\xdf\xe4\x8b\xca\x93\xd2\x11\xaa\x0d\x00\xe0\x98\x03\x2b\x8c";
/// EFI_IMAGE_SECURITY_DATABASE_GUID, d719b2cb-3d3a-4596-a3bc-dad00e67656f.
const SECURITY: [u8; 16] = *b"\xcb\xb2\x19\xd7\x3a\x3d\x96\x45\xa3\xbc\xda\xd0\x0e\x67\x65\x6f";

/// A variable that decides what firmware boots.
#[derive(Clone, Copy)]
pub(crate) enum Variable {
    PlatformKey,
    KeyExchangeKey,
    Allowed,
}

impl Variable {
    const fn name(self) -> &'static str {
        match self {
            Self::PlatformKey => "PK",
            Self::KeyExchangeKey => "KEK",
            Self::Allowed => "db",
        }
    }

    const fn vendor(self) -> [u8; 16] {
        match self {
            Self::PlatformKey | Self::KeyExchangeKey => GLOBAL,
            Self::Allowed => SECURITY,
        }
    }
}

/// The content of an `.auth` file: the time, the signature, and the signature list that the variable gets. Firmware accepts SHA-256
/// only.
pub(crate) fn authenticated(variable: Variable, list: &[u8], signer: &Signer) -> Result<Vec<u8>, Failure> {
    let time = efi_time(date_after(0)?);
    let name: Vec<u8> = variable.name().encode_utf16().flat_map(u16::to_le_bytes).collect();
    let covered = [&name, &variable.vendor()[..], &ATTRIBUTES.to_le_bytes(), &time, list].concat();
    let message = message::sign_variable(&covered, signer)?;
    let length = u32::try_from(message.len().saturating_add(HEADER));
    let length = length.map_err(|_| Failure::failed("the signature is too large"))?;
    Ok([&time[..], &length.to_le_bytes(), &KIND, &PKCS7, &message, list].concat())
}

/// EFI_TIME in UTC; the fields after the second must be zero here.
fn efi_time(time: DateTime) -> [u8; 16] {
    let [low, high] = time.year().to_le_bytes();
    let mut bytes = [0; 16];
    let fields = [low, high, time.month(), time.day(), time.hour(), time.minutes(), time.seconds()];
    bytes.iter_mut().zip(fields).for_each(|(byte, field)| *byte = field);
    bytes
}
