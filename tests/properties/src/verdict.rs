//! The verdict invariant for whole files: the kernel accepts every file that skexec accepts, and no signed byte can be changed.

use crate::machine::MACHINE;
use skexec::authorize::{Role, assess};
use skexec::image::pe::Pe;
use skexec::image::{Format, Parsed};
use skexec::trust::appended::Appended;
use skexec::trust::{self, Signature, Trust};

/// Any file.
pub fn judge(file: &[u8]) {
    agrees_with_kernel(file, &MACHINE);
}

/// Judges a file. If a kernel is trusted, the prediction must accept it; and a change of the last signed byte of a trusted file must be
/// noticed.
pub(crate) fn agrees_with_kernel(file: &[u8], trust: &Trust) {
    let assessment = assess(Parsed::new(file), Role::Kernel, Signature::Embedded, trust);
    let predicted = assessment.prediction.unwrap();
    assert!(predicted.errno.is_some() || predicted.hazard.is_some(), "no answer and no reason for that");
    if assessment.judgement.outcome.is_ok() {
        assert!(predicted.hazard.is_none(), "trusted, though it crashes kernels");
        if Format::BzImage == Parsed::new(file).format() && Pe::claimed_by(file) {
            assert_eq!(predicted.errno, Some(0), "trusted, though the kernel refuses it");
        }
    }
    if trust::judge(Parsed::new(file), Signature::Embedded, trust).outcome.is_ok() {
        last_byte_counts(file, trust);
    }
}

/// A change of the last signed byte must be noticed.
fn last_byte_counts(file: &[u8], trust: &Trust) {
    let end = if Pe::claimed_by(file) {
        Pe::parse(file).unwrap().certificate_table.unwrap().start
    } else {
        Appended::split(file).unwrap().unwrap().content.len()
    };
    let mut changed = file.to_vec();
    changed[end - 1] ^= 1;
    let judgement = trust::judge(Parsed::new(changed), Signature::Embedded, trust);
    assert!(judgement.outcome.is_err(), "its last signed byte does not count");
}
