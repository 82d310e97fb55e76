//! Revocations by dbx. The kernel's check for kexec ignores almost all of them.

use super::{Case, EINVAL, EKEYREJECTED, case};
use crate::authenticode;
use crate::bzimage::{BzImage, noise};
use crate::hash::Hash;
use crate::key::key;
use crate::pki::{self, Identity, REVOKED};
use crate::recipe::Recipe;

/// Images that no other case uses: they differ in the bytes after their last section.
fn image(seed: u64) -> Vec<u8> {
    BzImage::default().pe(|pe| pe.tail = noise(seed, 64)).build()
}

const BY_SHA256: u64 = 1001;
const BY_SHA512: u64 = 1002;
const CHECKSUM_CHANGED: u64 = 1003;

/// Revocations of images.
pub(crate) fn image_hashes() -> Vec<Vec<u8>> {
    [BY_SHA256, BY_SHA512, CHECKSUM_CHANGED].map(|seed| authenticode::digest(&image(seed), Hash::Sha256)).into()
}

pub(crate) fn cases() -> Vec<Case> {
    [certificates(), images()].concat()
}

fn by(name: &str, about: &str, who: Identity) -> Case {
    case(name, about, Recipe::new().who(who).build())
}

fn certificates() -> Vec<Case> {
    let below = Identity::new(&REVOKED.leaf("skexec test under a revoked authority", key("signer")), key("signer"));
    let bogus = Recipe::new().who(pki::revoked_cert()).message(|sd| {
        let mut second = sd.signers[0].clone();
        second.signature[100] ^= 1;
        sd.signers.push(second);
    });
    vec![
        by("A136_p7_revoked_tbs_dbx", "the signer's TBSCertificate hash is in dbx, an element of 48 bytes", {
            pki::revoked_tbs()
        })
        .stricter("revoked-tbs")
        .dbx("tbs-48"),
        by("A137_p7_revoked_x509_dbx", "the signer's certificate is in dbx", pki::revoked_cert())
            .stricter("revoked-cert")
            .dbx("cert"),
        by("D100_revoked_tbs_timed", "the hash with a time of revocation before the signature's", {
            pki::revoked_tbs_timed()
        })
        .stricter("revoked-tbs")
        .dbx("tbs-48-timed"),
        // Only without the 16 bytes of time does the kernel's blacklist key have the right name.
        by("D100_revoked_tbs_32", "the hash in an element of 32 bytes", pki::revoked_tbs_short())
            .reject(EKEYREJECTED, "revoked-tbs")
            .dbx("tbs-32"),
        case("D099_revoked_intermediate", "an intermediate that is in dbx", {
            Recipe::new().who(below.clone()).bag([below.cert, pki::revoked_ca().cert]).build()
        })
        .stricter("revoked-cert")
        .dbx("ca"),
        case("D070_revoked_and_bogus_signer", "a second, damaged SignerInfo that names the revoked certificate", {
            bogus.build()
        })
        .reject(EINVAL, "multi-signer")
        .dbx("cert"),
    ]
}

fn images() -> Vec<Case> {
    let revoked = |case: Case| case.stricter("revoked-image").dbx("images");
    vec![
        revoked(case("A138_p7_revoked_image_hash_dbx", "the image's SHA-256 is in dbx", {
            Recipe::new().image(image(BY_SHA256)).build()
        })),
        revoked(case("D098_revoked_image_sha512", "the same, signed by its SHA-512", {
            Recipe::new().image(image(BY_SHA512)).hash(Hash::Sha512).build()
        })),
        revoked(case("D098_revoked_image_checksum", "the same, with another CheckSum", {
            Recipe::new().image(image(CHECKSUM_CHANGED)).file(|f| f[0x40 + 24 + 64] ^= 0xff).build()
        })),
        case("E_not_revoked_image", "an image almost like those in dbx", Recipe::new().image(image(1004)).build()),
    ]
}
