#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use crate::authorize::Reading;
use crate::machine::Enforcement;
use crate::sources::testing::Tree;
use crate::trust::Anchor;
use crate::trust::cert::Certificate;
use forge::pki;

fn root() -> Trust {
    let certificate = Certificate::parse(&forge::root_der()).unwrap();
    Trust { anchors: vec![Anchor { certificate, source: "test".into() }], ..Trust::default() }
}

fn detached(file: &[u8]) -> Vec<u8> {
    forge::detached(file, &pki::signer())
}

fn reasons<B: AsRef<[u8]>>(assessment: &Assessment<B>) -> Vec<Reason> {
    let refused = assessment.judgement.outcome.as_ref().err();
    refused.iter().flat_map(|refused| refused.refusal.iter()).map(|finding| finding.reason).collect()
}

#[test]
fn a_kernel_is_predicted_and_an_initrd_is_not() {
    let image = forge::signed_bzimage();
    let kernel = assess(Parsed::new(&image), Role::Kernel, Signature::Embedded, &root());
    assert_eq!((reasons(&kernel), kernel.prediction.unwrap().errno), (vec![], Some(0)));
    let archive = b"070701 an initrd";
    let initrd = assess(Parsed::new(archive), Role::Initrd, Signature::Detached(&detached(archive)), &root());
    assert_eq!((reasons(&initrd), initrd.prediction), (vec![], None));
}

/// A signer of manifests may sign initrds, too.
#[test]
fn a_signed_file_is_a_manifest_only_where_it_starts_like_one() {
    let rows: [(&[u8], Vec<Reason>); 3] = [
        (b"# of acme\nmanifest = 1\n", vec![]),
        (b"070701 an initrd", vec![Reason::Manifest]),
        (b"name = \"acme\"\nmanifest = 1\n", vec![Reason::Manifest]),
    ];
    for (file, wanted) in rows {
        let assessment = assess(Parsed::new(file), Role::Manifest, Signature::Detached(&detached(file)), &root());
        assert_eq!(reasons(&assessment), wanted, "{}", file.escape_ascii());
    }
}

/// Byte 0x201 of the setup_header crashes kernels before 6.2, whoever signed the file and wherever the signature is.
#[test]
fn a_hazard_is_refused_after_all_other_findings() {
    let mut image = forge::signed_bzimage();
    image[0x201] = 0x80;
    let by_detached = detached(&image);
    for (signature, wanted) in [
        (Signature::Detached(&by_detached), vec![Reason::Hazard]),
        (Signature::Embedded, vec![Reason::DigestMismatch, Reason::Hazard]),
    ] {
        assert_eq!(reasons(&assess(Parsed::new(&image), Role::Kernel, signature, &root())), wanted);
    }
}

/// A machine with Secure Boot off and this lockdown.
fn machine(lockdown: &str) -> Machine {
    let tree = Tree::new();
    tree.write("/proc/sys/kernel/osrelease", b"6.12.1\n");
    tree.write("/boot/config-6.12.1", b"CONFIG_KEXEC_FILE=y\n");
    tree.write("/sys/kernel/security/lockdown", lockdown);
    Machine::read(tree.root())
}

/// The running kernel looks at the embedded signature, whichever signature we judged.
#[test]
fn the_kernel_s_check_is_of_the_embedded_signature() {
    let (off, enforcing) = (machine("[none] integrity"), machine("none [integrity]"));
    let tree = Tree::new();
    let trust = root();
    let accepted = |image: &[u8], detached: Option<&[u8]>| {
        let candidate = Candidate::read(&tree.write("/kernel", image), Reading::to_judge(&Trust::default())).unwrap();
        let signature = detached.map_or(Signature::Embedded, Signature::Detached);
        let waiver = Waiver { asked: false, enforcement: Enforcement::Off };
        Accepted::new(verify(candidate, Role::Kernel, signature, &trust), waiver).unwrap()
    };
    let (signed, unsigned) = (forge::signed_bzimage(), forge::unsigned_bzimage());
    let embedded = accepted(&signed, None);
    assert!(embedded.kernel_check(&off, Method::File, &trust).is_none());
    assert!(embedded.kernel_check(&enforcing, Method::Segments, &trust).is_none());
    let check = embedded.kernel_check(&enforcing, Method::File, &trust).unwrap();
    assert!(check.prediction.errno == Some(0) && !check.needs.key_ids.is_empty(), "{check:?}");

    let both = accepted(&signed, Some(&detached(&signed))).kernel_check(&enforcing, Method::File, &trust).unwrap();
    assert_eq!((both.needs, both.prediction), (check.needs, check.prediction));
    let none = accepted(&unsigned, Some(&detached(&unsigned))).kernel_check(&enforcing, Method::File, &trust).unwrap();
    assert_eq!((none.needs, none.prediction.name()), (Needs::default(), Some("ENODATA")));
}
