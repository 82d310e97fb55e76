//! Revocations of certificates that came with a signature, above and below the anchor.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use skexec::image::pe::Pe;
use skexec::trust::authenticode::signatures;
use skexec::trust::pkcs7::{Profile, SignedData};
use support::Lab;

/// The certificates of a signed image, in their order.
fn bag(image: &[u8]) -> Vec<Vec<u8>> {
    let table = Pe::parse(image).unwrap().certificate_table.unwrap();
    let message = SignedData::parse(Profile::Authenticode, signatures(&image[table]).unwrap()[0]).unwrap();
    message.certificates.iter().map(|certificate| certificate.der().to_vec()).collect()
}

#[test]
fn above_the_anchor_too() {
    let lab = Lab::new();
    let case = forge::cases().into_iter().find(|case| case.name.starts_with("A057")).unwrap();
    lab.file("chained", &case.image);
    for (place, der) in bag(&case.image).iter().enumerate() {
        lab.file(&format!("{place}.der"), der);
    }
    // 0 is the signer, 1 the intermediate, 2 the root.
    for anchor in 0..3 {
        let line = format!("verify --json --no-system-trust --keys {{}}/{anchor}.der {{}}/chained");
        assert_eq!(lab.run(&line).exit, 0, "{anchor}");
        for revoked in 0..3 {
            let json = lab.run(&format!("{line} --revoked {{}}/{revoked}.der")).json();
            assert_eq!(json[0]["reason"], "revoked-cert", "anchor {anchor}, revoked {revoked}");
        }
    }
}
