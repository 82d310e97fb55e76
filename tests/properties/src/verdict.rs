//! Verdicts on whole files, against the promise: what skexec accepts, the kernel accepts, and nobody changed it since.

use crate::machine::MACHINE;
use skexec::image;
use skexec::image::pe::Pe;
use skexec::trust::appended::Appended;
use skexec::trust::{self, Signature, Trust};

/// Any file.
pub fn judge(file: &[u8]) {
    agrees_with_kernel(file, &MACHINE);
}

/// Judges a file; of a kernel that is trusted, asks that the prediction says the same and that its last signed byte counts.
pub(crate) fn agrees_with_kernel(file: &[u8], trust: &Trust) {
    let judgement = trust::judge(file, Signature::Embedded, trust);
    let predicted = judgement.evidence.kernel;
    let pe = Pe::claimed_by(file);
    // Of a signature that is appended to what is no PE, no kernel has an opinion.
    assert!(!pe || predicted.errno.is_some() || predicted.hazard.is_some(), "no answer and no reason for that");
    if judgement.outcome.is_err() {
        return;
    }
    assert!(predicted.hazard.is_none(), "trusted, though it crashes kernels");
    if let (true, Ok(header)) = (pe, image::loadable(file)) {
        assert_eq!(predicted.errno, Some(0), "trusted, though the kernel refuses it: {header:?}");
    }
    last_byte_counts(file, trust);
}

/// Where the signed part ends, a change must be noticed.
fn last_byte_counts(file: &[u8], trust: &Trust) {
    let end = if Pe::claimed_by(file) {
        Pe::parse(file).unwrap().certificate_table.unwrap().start
    } else {
        Appended::split(file).unwrap().unwrap().content.len()
    };
    let mut changed = file.to_vec();
    changed[end - 1] ^= 1;
    let judgement = trust::judge(changed.as_slice(), Signature::Embedded, trust);
    assert!(judgement.outcome.is_err(), "its last signed byte does not count");
}
