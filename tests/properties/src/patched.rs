//! A kernel that is changed and then signed, so that the fuzzer reaches the code after the verification.

use crate::machine::MACHINE;
use crate::verdict::agrees_with_kernel;
use forge::recipe::Recipe;
use skexec::digest::{Algorithm, Hashed};
use skexec::image::pe::Pe;
use skexec::prediction::predict;
use skexec::trust::authenticode::image_digest;
use std::sync::LazyLock;

/// The file to change, and the length of its signed part.
static SIGNED: LazyLock<Vec<u8>> = LazyLock::new(forge::signed_bzimage);
static COVERED: LazyLock<usize> = LazyLock::new(|| forge::unsigned_bzimage().len());
/// `dwLength`, `wRevision`, `wCertificateType`.
const WIN_CERTIFICATE: usize = 8;

/// The length of a patch in bytes.
pub(crate) const PATCH: usize = 5;
const AFTER: u8 = 1;
const WIDE: u8 = 2;

/// Applies patches of five bytes: flags, offset, value. Those without [`AFTER`] are applied before signing.
pub fn kernel(script: &[u8]) {
    let mut file = SIGNED.clone();
    patch(&mut file, script, 0);
    sign(&mut file);
    patch(&mut file, script, AFTER);
    let _ = predict(&Hashed::new(&file[*COVERED..]), &MACHINE.keyrings());
    agrees_with_kernel(&file, &MACHINE);
}

/// Each patch writes one byte, or two with [`WIDE`].
fn patch(file: &mut [u8], script: &[u8], when: u8) {
    for patch in script.chunks_exact(PATCH).take(16) {
        let offset = usize::from(u16::from_le_bytes([patch[1], patch[2]]));
        let width = if patch[0] & WIDE == 0 { 1 } else { 2 };
        if patch[0] & AFTER == when
            && let Some(place) = file.get_mut(offset..offset + width)
        {
            place.copy_from_slice(&patch[3..3 + width]);
        }
    }
}

/// Replaces the file's signature with one of its present content, which has the same length.
fn sign(file: &mut [u8]) {
    let Ok(pe) = Pe::parse(file) else { return };
    let digest = image_digest(&Hashed::new(&*file), &pe, Algorithm::Sha256).value;
    let message = Recipe::new().spc(move |spc| spc.digest = digest.clone()).pkcs7();
    let start = *COVERED + WIN_CERTIFICATE;
    file[start..start + message.len()].copy_from_slice(&message);
}
