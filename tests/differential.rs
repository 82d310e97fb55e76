//! Compares skexec's parsers with the crates `authenticode` and `cms`: the image digest, the certificate table, and the fields of each
//! message. The files are those of the forge that skexec accepts, and the real ones in the cache of `cargo xtask real-files`, if
//! that command was run before.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use authenticode::{AttributeCertificateIterator, AuthenticodeSignature, authenticode_digest};
use cms::attr::SigningTime;
use cms::cert::CertificateChoices;
use cms::cert::x509::der::{Decode, Encode, SliceReader, Tag, Tagged};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{self, SignerIdentifier};
use forge::cases::Expect;
use forge::der::Node;
use object::read::pe::PeFile64;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use skexec::digest::{Algorithm, Hashed};
use skexec::image::pe::Pe;
use skexec::trust::authenticode::{image_digest, signatures};
use skexec::trust::pkcs7::{Profile, SignedData};
use skexec::trust::signer::SignerId;
use skexec::trust::{oid, spc};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Files for which `authenticode` computes no digest, but the kernel does: the kernel skips a section without bytes, whatever
/// its pointer is (`verify_pefile.c:pefile_digest_pe_contents`).
const NO_DIGEST: &[&str] = &["D028_section_without_bytes"];

/// Messages that `authenticode` refuses and the kernel accepts. For `authenticode`, a digest algorithm with NULL parameters differs
/// from one without parameters, and a set must not have duplicates.
const AUTHENTICODE_REFUSES: &[&str] = &["E_digalgs_no_parameters", "E_signer_digest_no_parameters", TWICE];

/// A message with a duplicate certificate: `cms`, too, refuses a set with duplicates.
const TWICE: &str = "E_leaf_twice_in_bag";

/// Compares one signed file; returns the number of its signatures.
fn compare(name: &str, bytes: &[u8]) -> usize {
    let ours = Pe::parse(bytes).unwrap_or_else(|finding| panic!("{name}: {finding}"));
    let theirs = PeFile64::parse(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    compare_digests(name, bytes, &ours, &theirs);
    let table = bytes.get(ours.certificate_table.unwrap()).unwrap();
    let bodies = signatures(table).unwrap();
    let entries = AttributeCertificateIterator::new(&theirs).unwrap().unwrap();
    let entries: Vec<_> = entries.collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(bodies, entries.iter().map(|entry| entry.data).collect::<Vec<_>>(), "{name}");
    for body in &bodies {
        let message = SignedData::parse(Profile::Authenticode, body).unwrap();
        compare_with_authenticode(name, body, &message);
        if name != TWICE {
            compare_with_cms(name, body, &message);
        }
    }
    bodies.len()
}

fn compare_digests(name: &str, bytes: &[u8], ours: &Pe, theirs: &PeFile64<'_>) {
    macro_rules! compare {
        ($algorithm:ident, $hasher:ident) => {
            let mut hasher = $hasher::new();
            let outcome = authenticode_digest(theirs, &mut hasher);
            assert_eq!(outcome.is_err(), NO_DIGEST.contains(&name), "{name}: {outcome:?}");
            if outcome.is_err() {
                return;
            }
            let wanted = hasher.finalize().to_vec();
            assert_eq!(image_digest(&Hashed::new(bytes), ours, Algorithm::$algorithm).value, wanted, "{name}");
        };
    }
    compare!(Sha256, Sha256);
    compare!(Sha384, Sha384);
    compare!(Sha512, Sha512);
}

fn digest_oid(algorithm: Algorithm) -> String {
    oid::dotted(match algorithm {
        Algorithm::Sha256 => oid::SHA256,
        Algorithm::Sha384 => oid::SHA384,
        Algorithm::Sha512 => oid::SHA512,
    })
}

/// Compares the message's statement about the image.
fn compare_with_authenticode(name: &str, body: &[u8], ours: &SignedData<'_>) {
    let theirs = match AuthenticodeSignature::from_bytes(body) {
        Ok(_) if AUTHENTICODE_REFUSES.contains(&name) => panic!("{name}: authenticode takes it by now"),
        Ok(theirs) => theirs,
        Err(_) if AUTHENTICODE_REFUSES.contains(&name) => return,
        Err(error) => panic!("{name}: {error}"),
    };
    let alleged = spc::parse(ours.content.unwrap()).unwrap();
    assert_eq!(theirs.encapsulated_content(), ours.content, "{name}");
    assert_eq!(theirs.digest(), alleged.value, "{name}");
    assert_eq!(theirs.digest_algorithm().oid.to_string(), digest_oid(alleged.algorithm), "{name}");
    assert_eq!(theirs.signature(), ours.signer.signature(), "{name}");
}

/// Compares the message's statement about its signer.
fn compare_with_cms(name: &str, body: &[u8], ours: &SignedData<'_>) {
    // In a WIN_CERTIFICATE, padding may follow the message.
    let mut reader = SliceReader::new(body).unwrap();
    let info = ContentInfo::decode(&mut reader).unwrap_or_else(|error| panic!("{name}: {error}"));
    let theirs: signed_data::SignedData = info.content.decode_as().unwrap();
    assert_eq!(theirs.version, CmsVersion::V1, "{name}");
    let digest = digest_oid(ours.signer.scheme.digest);
    let named: Vec<_> = theirs.digest_algorithms.iter().map(|algorithm| algorithm.oid.to_string()).collect();
    assert_eq!(named, std::slice::from_ref(&digest), "{name}");
    compare_certificates(name, &theirs, ours);
    let [signer] = theirs.signer_infos.0.as_slice() else { panic!("{name}: not one signer") };
    assert_eq!(signer.digest_alg.oid.to_string(), digest, "{name}");
    assert_eq!(signer.signature.as_bytes(), ours.signer.signature(), "{name}");
    let (SignerIdentifier::IssuerAndSerialNumber(wanted), SignerId::IssuerAndSerial(issuer, serial)) =
        (&signer.sid, ours.signer.id)
    else {
        panic!("{name}: the signer is not named by issuer and serial number")
    };
    assert_eq!(Node::prim(0x30, issuer).encode(), wanted.issuer.to_der().unwrap(), "{name}");
    assert_eq!(serial, wanted.serial_number.as_bytes(), "{name}");
    compare_attributes(name, signer, ours);
}

fn compare_certificates(name: &str, theirs: &signed_data::SignedData, ours: &SignedData<'_>) {
    let bag = theirs.certificates.as_ref().map(|set| set.0.as_slice()).unwrap_or_default();
    assert_eq!(bag.len(), ours.certificates.len(), "{name}");
    let theirs: BTreeSet<_> = bag
        .iter()
        .map(|choice| match choice {
            CertificateChoices::Certificate(certificate) => certificate.to_der().unwrap(),
            CertificateChoices::Other(_) => panic!("{name}: another kind of certificate"),
        })
        .collect();
    let ours: BTreeSet<_> = ours.certificates.iter().map(|certificate| certificate.der().to_vec()).collect();
    assert_eq!(ours, theirs, "{name}");
}

/// Compares them as sets, because `cms` sorts them.
fn compare_attributes(name: &str, theirs: &signed_data::SignerInfo, ours: &SignedData<'_>) {
    let theirs = theirs.signed_attrs.as_ref().unwrap();
    let attributes = ours.signer.attributes.unwrap();
    let mut raw = Node::parse(&attributes.signed_parts().concat());
    let raw: BTreeSet<_> = raw.kids().iter().map(Node::encode).collect();
    let wanted: BTreeSet<_> = theirs.iter().map(|attribute| attribute.to_der().unwrap()).collect();
    assert_eq!(raw, wanted, "{name}");
    let value = |id: &[u8]| {
        let attribute = theirs.iter().find(|attribute| attribute.oid.to_string() == oid::dotted(id))?;
        attribute.values.get(0)
    };
    let digest = value(oid::MESSAGE_DIGEST).unwrap();
    assert_eq!((digest.tag(), digest.value()), (Tag::OctetString, attributes.message_digest), "{name}");
    let time = value(oid::SIGNING_TIME).map(|time| {
        let time = SigningTime::from_der(&time.to_der().unwrap()).unwrap();
        i64::try_from(time.to_unix_duration().as_secs()).unwrap()
    });
    assert_eq!(attributes.signing_time, time, "{name}");
}

#[test]
fn forged_files() {
    let accepted = |expect| matches!(expect, Expect::Accept | Expect::AcceptWarn);
    let cases: Vec<_> = forge::cases().into_iter().filter(|case| accepted(case.skexec)).collect();
    let signatures: usize = cases.iter().map(|case| compare(&case.name, &case.image)).sum();
    println!("{} files, {signatures} signatures", cases.len());
    assert!(cases.len() > 50, "{}", cases.len());
}

/// All signed PE32+ files from packages in the harness's cache.
#[test]
fn real_files() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut files = Vec::new();
    for directory in ["real-files", "kernel-6.1", "kernel-6.12"] {
        collect(&target.join("vm-cache").join(directory), &mut files);
    }
    let (mut compared, mut signatures) = (0, 0);
    for (name, bytes) in files {
        if Pe::parse(&bytes).is_ok_and(|pe| pe.certificate_table.is_some()) {
            compared += 1;
            signatures += compare(&name, &bytes);
        }
    }
    println!("{compared} signed files, {signatures} signatures");
}

fn collect(directory: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            let bytes = fs::read(&path).unwrap();
            if bytes.starts_with(b"MZ") {
                files.push((path.display().to_string(), bytes));
            }
        }
    }
}
