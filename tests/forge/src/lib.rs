//! Builds valid and invalid signed images for the tests. It uses no clock and no random numbers, so two runs give equal bytes. It
//! shares no code with skexec, so that neither can hide the other's mistakes.
// Panics and casts are permitted here: a number that does not fit or a missing part is a mistake in the test itself.
#![allow(clippy::as_conversions, clippy::cast_possible_truncation, clippy::unwrap_used, clippy::missing_panics_doc)]

pub mod anchors;
pub mod authenticode;

pub mod bundles;
pub mod bzimage;
pub mod cases;
pub mod cms;
pub mod der;
pub mod ec;
pub mod esl;
pub mod ext;
pub mod firmware;
pub mod hash;
pub mod key;
pub mod manifest;
pub mod messages;
pub mod oid;
pub mod payload;
pub mod pe;
pub mod pem;
pub mod pkcs7;
pub mod pki;
pub mod random;
pub mod recipe;
pub mod rsa;
pub mod sbat;
pub mod spc;
pub mod uki;
pub mod verdicts;
pub mod vmlinux;
pub mod wincert;
pub mod x509;

pub use anchors::{Certificate, Revocation, db, db_esl, dbx, dbx_esl};
pub use bundles::{Bundle, bundles};
pub use cases::{Case, Expect, Needs, cases};
pub use messages::{Message, messages};

use bzimage::BzImage;
use recipe::Recipe;

/// A small bzImage without a signature.
#[must_use]
pub fn unsigned_bzimage() -> Vec<u8> {
    BzImage::default().build()
}

/// The same, signed by the test signer: every verifier that trusts the test root accepts it.
#[must_use]
pub fn signed_bzimage() -> Vec<u8> {
    Recipe::new().build()
}

/// The certificate of the test root.
#[must_use]
pub fn root_der() -> Vec<u8> {
    pki::root().cert
}

#[must_use]
pub fn root_pem() -> String {
    pem::encode("CERTIFICATE", &root_der())
}

/// The certificate of the test signer, which the root issued.
#[must_use]
pub fn signer_der() -> Vec<u8> {
    pki::signer().cert
}

#[must_use]
pub fn signer_pem() -> String {
    pem::encode("CERTIFICATE", &signer_der())
}

/// A detached CMS signature in DER, as `openssl cms -sign -binary` makes it.
#[must_use]
pub fn detached(content: &[u8], signer: &pki::Identity) -> Vec<u8> {
    cms::Plain::detached().sign(content, signer)
}

/// The content with an appended signature, as `sign-file` signs kernel modules. The signature carries no certificate, so the signer
/// itself must be an anchor.
#[must_use]
pub fn appended(content: &[u8], signer: &pki::Identity) -> Vec<u8> {
    cms::Trailer::default().append(content, &cms::Plain::appended().sign(content, signer))
}

/// A unified kernel image of the unsigned bzImage, signed by the test signer.
#[must_use]
pub fn uki(initrd: Option<&[u8]>, cmdline: Option<&str>) -> Vec<u8> {
    let initrd = initrd.map(<[u8]>::to_vec);
    uki::Uki { initrd, cmdline: cmdline.map(str::to_owned), ..uki::Uki::new(unsigned_bzimage()) }.signed(&pki::signer())
}
