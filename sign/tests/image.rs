//! `skexec-sign image`: what it signs is trusted by skexec and, as the prediction has it, by the kernel.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use forge::authenticode;
use forge::bzimage::BzImage;
use forge::hash::Hash;
use forge::uki::Uki;
use skexec::trust::Signature::Embedded;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use support::{Place, Run, errno, judged, trust, verdict};

const KEYS: [&str; 5] = ["signer", "rsa3072", "rsa4096", "p256", "p384"];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_algorithm_is_trusted_by_skexec_and_kernel() {
    let (place, trust, image) = (Place::new(&KEYS), trust(), forge::unsigned_bzimage());
    place.write("image", &image);
    for key in KEYS {
        for (name, hash) in [("sha256", Hash::Sha256), ("sha384", Hash::Sha384), ("sha512", Hash::Sha512)] {
            let args =
                format!("image --key {{}}/{key}.key --cert {{}}/{key}.pem --digest {name} {{}}/image -o {{}}/out");
            let digest = hex(&authenticode::digest(&image, hash));
            let wanted = format!("{{}}/out: signed by O=skexec tests, CN=skexec test {key}, {name}:{digest}\n");
            assert_eq!(place.sign(&args), wanted, "{key} {name}");
            let signed = place.read("out");
            assert_eq!(
                (verdict(&signed, Embedded, &trust), errno(&signed, &trust)),
                ("trusted", Some(0)),
                "{key} {name}"
            );
        }
    }
}

#[test]
fn a_uki_and_an_image_of_odd_length_are_signed() {
    let (place, trust) = (Place::new(&["p256"]), trust());
    let uki = Uki { cmdline: Some("quiet".to_owned()), ..Uki::new(forge::unsigned_bzimage()) }.unsigned();
    let odd = BzImage::default().pe(|pe| pe.tail = vec![7; 13]).build();
    assert_ne!(odd.len() % 8, 0);
    for image in [uki, odd] {
        place.write("image", &image);
        place.sign("image --key {}/p256.key --cert {}/p256.pem {}/image");
        assert_eq!(verdict(&place.read("image"), Embedded, &trust), "trusted");
    }
}

#[test]
fn a_flipped_byte_is_noticed() {
    let (place, trust) = (Place::new(&["p256"]), trust());
    place.write("image", &forge::unsigned_bzimage());
    place.sign("image --key {}/p256.key --cert {}/p256.pem {}/image");
    let signed = place.read("image");
    let unsigned = forge::unsigned_bzimage().len();
    for at in [0x10, 0x300, unsigned / 2, unsigned - 1] {
        let mut changed = signed.clone();
        changed[at] ^= 1;
        assert_eq!(verdict(&changed, Embedded, &trust), "digest-mismatch", "{at:#x}");
    }
}

#[test]
fn a_signed_image_is_signed_again_only_if_asked() {
    let place = Place::new(&["p256"]);
    place.write("image", &forge::signed_bzimage());
    let refused = "skexec-sign: {}/image: the image has a signature already\n  \
                   do: use --replace to remove it; shim, firmware and kernel then see only the new one\n";
    let args = "image --key {}/p256.key --cert {}/p256.pem {}/image";
    assert_eq!(place.run(args), Run::failed(4, refused));
    assert_eq!(place.read("image"), forge::signed_bzimage());

    place.sign(&format!("{args} --replace"));
    let once = place.read("image");
    place.sign(&format!("{args} --replace"));
    let twice = place.read("image");
    let (trust, unsigned) = (trust(), forge::unsigned_bzimage());
    for signed in [&once, &twice] {
        let evidence = judged(signed, Embedded, &trust).evidence;
        assert_eq!(evidence.digest.unwrap().value, authenticode::digest(&unsigned, Hash::Sha256));
        assert_eq!(evidence.signer.unwrap().subject, "O=skexec tests, CN=skexec test p256");
        assert!(signed[..unsigned.len()] == *patched(&unsigned, signed), "other bytes were changed");
    }
}

/// An image with the CheckSum and the certificate table's entry of another.
fn patched(image: &[u8], other: &[u8]) -> Vec<u8> {
    let mut image = image.to_vec();
    let entry = BzImage::default().pe.certificate_entry();
    let checksum = BzImage::default().pe.lfanew + 24 + 64;
    for range in [entry..entry + 8, checksum..checksum + 4] {
        image[range.clone()].copy_from_slice(&other[range]);
    }
    image
}

#[test]
fn the_chain_goes_into_the_signature() {
    let place = Place::new(&["p256", "p384"]);
    place.write("image", &forge::unsigned_bzimage());
    let args = "image --key {}/p256.key --cert {}/p256.pem {}/image -o {}/out";
    place.sign(args);
    let alone = place.read("out").len();
    place.sign(&format!("{args} --chain {{}}/root.pem"));
    assert!(place.read("out").len() > alone + forge::root_der().len() - 8);
    assert_eq!(verdict(&place.read("out"), Embedded, &trust()), "trusted");

    let stranger = place.run(&format!("{args} --chain {{}}/p384.pem"));
    assert_eq!(stranger.exit, 4);
    assert!(stranger.err.starts_with("skexec-sign: {}/p384.pem did not issue {}/p256.pem: "), "{}", stranger.err);
}

#[test]
fn the_mode_and_the_link_stay() {
    let place = Place::new(&["p256"]);
    place.write("image", &forge::unsigned_bzimage());
    fs::set_permissions(place.path("image"), Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("image", place.path("link")).unwrap();
    place.sign("image --key {}/p256.key --cert {}/p256.pem {}/link");
    assert!(place.path("link").is_symlink());
    let mode = |name| fs::symlink_metadata(place.path(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("image"), verdict(&place.read("image"), Embedded, &trust())), (0o640, "trusted"));
    place.sign("image --replace --key {}/p256.key --cert {}/p256.pem {}/link -o {}/out");
    assert_eq!(mode("out"), 0o640);
    assert_eq!(place.names(), ["image", "link", "out", "p256.key", "p256.pem", "root.pem"]);
}

#[test]
fn malformed_images_are_refused_by_name() {
    let place = Place::new(&["p256"]);
    let hole = BzImage::default().pe(|pe| pe.sections[1].gap = 512).build();
    let overlong = {
        let mut image = forge::unsigned_bzimage();
        let at = BzImage::default().pe.certificate_entry();
        image[at..at + 8].copy_from_slice(&[0, 0, 1, 0, 8, 0, 0, 0]);
        image
    };
    let rows: [(&[u8], &str); 5] = [
        (b"", "pe-header"),
        (b"\x7fELF\x02\x01\x01", "pe-header"),
        (&forge::unsigned_bzimage()[..8192], "section-bounds"),
        (&hole, "unsigned-gap"),
        (&overlong, "cert-table-bounds"),
    ];
    for (image, slug) in rows {
        place.write("image", image);
        let run = place.run("image --replace --key {}/p256.key --cert {}/p256.pem {}/image");
        assert_eq!((run.exit, run.out.as_str()), (4, ""), "{slug}");
        assert!(
            run.err.starts_with("skexec-sign: {}/image: ") && run.err.contains(&format!("({slug})\n  do: ")),
            "{}",
            run.err
        );
        assert_eq!(place.read("image"), image);
    }
}

/// CheckSum of the PE format, by 32-bit words: the sum is folded to 16 bits at the end, and the length is added.
#[test]
fn the_checksum_is_that_of_the_file() {
    let place = Place::new(&["p256"]);
    place.write("image", &BzImage::default().pe(|pe| pe.tail = vec![0xff; 5]).build());
    place.sign("image --key {}/p256.key --cert {}/p256.pem {}/image");
    let mut signed = place.read("image");
    let field = BzImage::default().pe.lfanew + 24 + 64;
    let written = u32::from_le_bytes(signed[field..field + 4].try_into().unwrap());
    signed[field..field + 4].fill(0);
    let words = signed.chunks(4).map(|word| u64::from(u32::from_le_bytes(word.try_into().unwrap())));
    let mut sum: u64 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    assert_eq!(u64::from(written), sum + u64::try_from(signed.len()).unwrap());
}

/// Every forged file: it is refused as malformed, or what comes out is trusted by skexec. Nothing else.
#[test]
fn whatever_is_signed_is_trusted() {
    let (place, trust) = (Place::new(&["p256"]), trust());
    let mut signed = 0;
    for case in forge::cases() {
        place.write("image", &case.image);
        let run = place.run("image --replace --key {}/p256.key --cert {}/p256.pem {}/image");
        if run.exit == 0 {
            signed += 1;
            assert_eq!(verdict(&place.read("image"), Embedded, &trust), "trusted", "{}", case.name);
        } else {
            assert_eq!(run.exit, 4, "{}: {}", case.name, run.err);
            assert_eq!(place.read("image"), case.image, "{}", case.name);
        }
    }
    assert!(signed > 100, "{signed}");
}
