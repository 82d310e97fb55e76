//! Properties of PKCS#7 messages, and of the path from their certificates to an anchor.

use crate::machine::MACHINE;
use crate::verdict::agrees_with_kernel;
use forge::wincert::Table;
use skexec::digest::Hashed;
use skexec::image::Parsed;
use skexec::trust::chain::{self as paths, Path};
use skexec::trust::der;
use skexec::trust::detached;
use skexec::trust::pkcs7::{Profile, SignedData};
use skexec::trust::{Anchor, Signature, Trust, judge, spc};
use std::sync::LazyLock;

/// The content that the forge's detached messages sign.
static CONTENT: LazyLock<Vec<u8>> = LazyLock::new(|| forge::messages()[0].file.clone());
static IMAGE: LazyLock<Vec<u8>> = LazyLock::new(forge::unsigned_bzimage);

/// A message is parsed in every profile: one that parses is strict DER, and no message is both embedded and detached.
pub fn pkcs7(message: &[u8]) {
    let parsed = [Profile::Authenticode, Profile::Appended, Profile::Detached]
        .map(|profile| SignedData::parse(profile, message).inspect(strict(message)).ok());
    let [authenticode, appended, detached] = &parsed;
    assert!(authenticode.is_none() || (appended.is_none() && detached.is_none()), "one message in two profiles");
    for data in parsed.iter().flatten() {
        let _ = data.signer_certificate();
        let content = data.content.unwrap_or_default();
        let digest = spc::parse(content);
        assert!(digest.is_err() || data.profile == Profile::Authenticode);
        let content = Hashed::new(content);
        let _ = (data.signer.signed_digest(&content), data.signer.check_content(&content));
    }
    let _ = detached::message(message);
    let _ = spc::parse(message);
}

fn strict<'a>(message: &'a [u8]) -> impl Fn(&SignedData<'a>) {
    move |data| {
        let (whole, padding) = der::split(message).unwrap();
        assert!(der::check(whole.raw).is_ok());
        assert!(padding.iter().all(|byte| *byte == 0) && padding.len() < 8, "{:?}", data.profile);
    }
}

/// The first byte of the input chooses the anchors; the rest is a message, judged for an image and for a file.
pub fn chain(input: &[u8]) {
    let Some((choice, message)) = input.split_first() else { return };
    let trust = trust(*choice, message);
    agrees_with_kernel(&Table::of(message.to_vec()).attach(&IMAGE), &trust);
    let _ = judge(Parsed::new(&**CONTENT), Signature::Detached(message), &trust);
    if let Ok(data) = SignedData::parse(Profile::Detached, message)
        && let Ok(path) = paths::verify(&data, &Hashed::new(CONTENT.as_slice()), &trust.anchors)
    {
        leads_to_anchor(&path, &trust.anchors);
    }
    if let Ok(data) = SignedData::parse(Profile::Authenticode, message)
        && let Ok(path) = paths::verify(&data, &Hashed::new(data.content.unwrap_or_default()), &trust.anchors)
    {
        leads_to_anchor(&path, &trust.anchors);
    }
}

/// The machine's anchors (1), the message's own certificates (2), the machine's revocations (4).
fn trust(choice: u8, message: &[u8]) -> Trust {
    let mut trust = Trust::default();
    if choice & 1 != 0 {
        trust.anchors.clone_from(&MACHINE.anchors);
    }
    if choice & 2 != 0 {
        let bag = [Profile::Authenticode, Profile::Detached].map(|profile| SignedData::parse(profile, message));
        let bag = bag.into_iter().flatten().flat_map(|data| data.certificates);
        trust.anchors.extend(bag.map(|certificate| Anchor { certificate, source: "bag".to_owned() }));
    }
    if choice & 4 != 0 {
        trust.revocations = MACHINE.revocations.clone();
    }
    trust
}

fn leads_to_anchor(path: &Path, anchors: &[Anchor]) {
    let [.., last] = path.certificates() else { panic!("a path without certificates") };
    assert_eq!(last.der(), anchors[path.anchor()].certificate.der());
    for two in path.certificates().windows(2) {
        assert_eq!(two[0].raw_issuer(), two[1].raw_subject());
        two[0].verify_signed_by(&two[1]).unwrap();
    }
}
