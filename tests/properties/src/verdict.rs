//! Verdicts on whole files, against the promise: what skexec accepts, the kernel accepts, and nobody changed it since.

use crate::machine::MACHINE;
use skexec::image;
use skexec::image::pe::Pe;
use skexec::trust::{self, Signature, Trust};

/// Any file.
pub fn judge(file: &[u8]) {
    agrees_with_kernel(file, &MACHINE);
}

/// Judges a file; of a kernel that is trusted, asks that the prediction says the same and that its last signed byte counts.
pub(crate) fn agrees_with_kernel(file: &[u8], trust: &Trust) {
    let judgement = trust::judge(file, Signature::Within, trust);
    let predicted = judgement.evidence.kernel;
    if let Err(refused) = &judgement.outcome {
        assert!(!refused.findings.is_empty(), "refused without a reason");
        return;
    }
    assert!(predicted.hazard.is_none(), "trusted, though it crashes kernels");
    // Of a signature that is appended to what is no PE, no kernel has an opinion.
    if !Pe::claimed_by(file) {
        return;
    }
    last_byte_counts(file, trust);
    if let Ok(header) = image::loadable(file) {
        assert_eq!(predicted.errno, Some(0), "trusted, though the kernel refuses it: {header:?}");
    }
}

/// Where Pe gives the end of what is signed, a change there must be noticed.
fn last_byte_counts(file: &[u8], trust: &Trust) {
    let table = Pe::parse(file).unwrap().certificate_table.unwrap();
    let mut changed = file.to_vec();
    changed[table.start - 1] ^= 1;
    assert!(
        trust::judge(changed.as_slice(), Signature::Within, trust).outcome.is_err(),
        "its last signed byte does not count"
    );
}
