//! UKIs that are revoked, or whose kernel is: a signature around a revoked kernel must not make it trusted.

use super::{Bundle, Firmware, sections, sections_of, signed_by, uki};
use crate::authenticode;
use crate::bzimage::{BzImage, noise};
use crate::hash::Hash;
use crate::pe::Section;
use crate::pki;
use crate::recipe::Recipe;
use crate::sbat;
use crate::uki::Sections;

/// A kernel that no other boot has; dbx has its Authenticode digest.
pub(super) fn kernel() -> Vec<u8> {
    BzImage::default().pe(|pe| pe.tail = noise(2001, 64)).build()
}

/// A UKI that no other boot has; dbx has its Authenticode digest.
fn envelope() -> Sections {
    let mut sections = sections();
    sections.named(b".osrel").data = b"ID=revoked\n".to_vec();
    sections
}

/// A kernel below the SBAT level.
pub(super) fn old_kernel() -> Vec<u8> {
    BzImage::default().pe(|pe| pe.sections.push(Section::new(b".sbat", sbat::section("forge", "1")))).build()
}

/// What dbx revokes.
pub(crate) fn image_hashes() -> Vec<Vec<u8>> {
    [kernel(), envelope().pe().build()].map(|image| authenticode::digest(&image, Hash::Sha256)).into()
}

pub(super) fn bundles() -> Vec<Bundle> {
    let of = |name: &str, about, linux: Vec<u8>| uki(name, about, sections_of(linux).signed(&pki::signer()));
    let around = |sections: Sections| sections.signed(&pki::signer());
    let with_sbat = |component: &str, generation: &str| {
        let mut sections = sections();
        sections.named(b".sbat").data = sbat::section(component, generation);
        sections
    };
    vec![
        uki("revoked-envelope", "dbx has the digest of the UKI", around(envelope()))
            .reject(3, "revoked-image")
            .firmware(Firmware::Refuses),
        of("revoked-kernel", "dbx has the digest of the kernel in it, which is not signed itself", kernel())
            .reject(3, "revoked-image"),
        of("revoked-kernel-signed", "the same kernel with a good signature", Recipe::new().image(kernel()).build())
            .reject(3, "revoked-image"),
        signed_by("revoked-signer", "dbx has the signer's certificate", &pki::revoked_cert())
            .reject(3, "revoked-cert")
            .firmware(Firmware::Refuses),
        signed_by("revoked-signer-tbs", "dbx has the hash of the signer's TBSCertificate", &pki::revoked_tbs())
            .reject(3, "revoked-tbs")
            .firmware(Firmware::Refuses),
        uki("old-envelope", "the SBAT generation of the UKI is below the level", around(with_sbat("forge", "1")))
            .reject(3, "sbat"),
        uki("sbat-damaged", "a generation that is no number", around(with_sbat("forge", "x"))).reject(3, "sbat"),
        of("old-kernel", "the SBAT generation of the kernel in it is below the level", old_kernel()).reject(3, "sbat"),
        of("old-kernel-signed", "the same kernel with a good signature", Recipe::new().image(old_kernel()).build())
            .reject(3, "sbat"),
    ]
}
