//! NIST's Public Key Interoperability Test Suite (PKITS): NIST's own signed messages, judged as detached signatures by the
//! function that `verify` and `load` use. `tests/data/pkits/README.md` says where they come from and which sections apply.
//!
//! PKITS expects verdicts by RFC 5280 with revocation lists. skexec accepts only what the kernel accepts, and has stricter rules of
//! its own. Where the verdicts differ, the table gives the reason.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use forge::der::Node;
use skexec::image::Parsed;
use skexec::reason::Reason;
use skexec::trust::cert::Certificate;
use skexec::trust::{Anchor, Signature, Trust, judge};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// The content that every message signs.
const CONTENT: &[u8] = b"Content-Type: text/plain\r\n\r\nThis is a sample signed message.\r\n";

/// The section, the message, the first reason of skexec's refusal, and why this differs from the verdict that PKITS expects.
type Row = (&'static str, &'static str, Option<&'static str>, &'static str);

const CLOCK: &str =
    "no clock is consulted: it may not be set yet when a kernel is loaded, and kernels do not ask it either";
const CRL: &str = "invalid by a revocation list alone: revocation is by dbx, MokListX and files here";
const DSA: &str = "kernels have no DSA";
const RAW_NAMES: &str = "names are compared as they were written; kernels do not compare them at all";
const YEAR: &str = "kernels take no such time: UTCTime before 1970, GeneralizedTime before 2050";

const AGREED: &str = "";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("4.1", "ValidSignaturesTest1", None, AGREED),
    ("4.1", "InvalidCASignatureTest2", Some("bag-cert"), AGREED),
    ("4.1", "InvalidEESignatureTest3", Some("cert-signature"), AGREED),
    ("4.1", "ValidDSASignaturesTest4", Some("bag-cert"), DSA),
    ("4.1", "ValidDSAParameterInheritanceTest5", Some("bag-cert"), DSA),
    ("4.1", "InvalidDSASignatureTest6", Some("bag-cert"), AGREED),
    ("4.2", "InvalidCAnotBeforeDateTest1", None, CLOCK),
    ("4.2", "InvalidEEnotBeforeDateTest2", Some("signing-time"), AGREED),
    ("4.2", "Validpre2000UTCnotBeforeDateTest3", Some("bag-cert"), YEAR),
    ("4.2", "ValidGeneralizedTimenotBeforeDateTest4", Some("bag-cert"), YEAR),
    ("4.2", "InvalidCAnotAfterDateTest5", None, CLOCK),
    ("4.2", "InvalidEEnotAfterDateTest6", Some("signing-time"), AGREED),
    ("4.2", "Invalidpre2000UTCEEnotAfterDateTest7", Some("bag-cert"), AGREED),
    ("4.2", "ValidGeneralizedTimenotAfterDateTest8", None, AGREED),
    ("4.3", "InvalidNameChainingEETest1", Some("name-chain"), AGREED),
    ("4.3", "InvalidNameChainingOrderTest2", Some("name-chain"), AGREED),
    ("4.3", "ValidNameChainingWhitespaceTest3", Some("name-chain"), RAW_NAMES),
    ("4.3", "ValidNameChainingWhitespaceTest4", Some("name-chain"), RAW_NAMES),
    ("4.3", "ValidNameChainingCapitalizationTest5", Some("name-chain"), RAW_NAMES),
    ("4.3", "ValidNameChainingUIDsTest6", None, AGREED),
    ("4.3", "ValidRFC3280MandatoryAttributeTypesTest7", None, AGREED),
    ("4.3", "ValidRFC3280OptionalAttributeTypesTest8", None, AGREED),
    ("4.3", "ValidUTF8StringEncodedNamesTest9", None, AGREED),
    ("4.3", "ValidRolloverfromPrintableStringtoUTF8StringTest10", Some("name-chain"), RAW_NAMES),
    ("4.3", "ValidUTF8StringCaseInsensitiveMatchTest11", Some("name-chain"), RAW_NAMES),
    ("4.4", "ValidNegativeSerialNumberTest14", None, AGREED),
    ("4.4", "ValidLongSerialNumberTest16", None, AGREED),
    ("4.4", "ValidLongSerialNumberTest17", None, AGREED),
    ("4.5", "ValidBasicSelfIssuedOldWithNewTest1", None, AGREED),
    ("4.5", "InvalidBasicSelfIssuedOldWithNewTest2", None, CRL),
    ("4.5", "ValidBasicSelfIssuedNewWithOldTest3", None, AGREED),
    ("4.5", "ValidBasicSelfIssuedNewWithOldTest4", None, AGREED),
    ("4.5", "InvalidBasicSelfIssuedNewWithOldTest5", None, CRL),
    ("4.5", "ValidBasicSelfIssuedCRLSigningKeyTest6", None, AGREED),
    ("4.5", "InvalidBasicSelfIssuedCRLSigningKeyTest7", None, CRL),
    ("4.5", "InvalidBasicSelfIssuedCRLSigningKeyTest8", Some("not-ca"), AGREED),
    ("4.6", "InvalidMissingbasicConstraintsTest1", Some("not-ca"), AGREED),
    ("4.6", "InvalidcAFalseTest2", Some("not-ca"), AGREED),
    ("4.6", "InvalidcAFalseTest3", Some("not-ca"), AGREED),
    ("4.6", "ValidbasicConstraintsNotCriticalTest4", None, AGREED),
    ("4.6", "InvalidpathLenConstraintTest5", Some("path-length"), AGREED),
    ("4.6", "InvalidpathLenConstraintTest6", Some("path-length"), AGREED),
    ("4.6", "ValidpathLenConstraintTest7", None, AGREED),
    ("4.6", "ValidpathLenConstraintTest8", None, AGREED),
    ("4.6", "InvalidpathLenConstraintTest9", Some("path-length"), AGREED),
    ("4.6", "InvalidpathLenConstraintTest10", Some("path-length"), AGREED),
    ("4.6", "InvalidpathLenConstraintTest11", Some("path-length"), AGREED),
    ("4.6", "InvalidpathLenConstraintTest12", Some("path-length"), AGREED),
    ("4.6", "ValidpathLenConstraintTest13", None, AGREED),
    ("4.6", "ValidpathLenConstraintTest14", None, AGREED),
    ("4.6", "ValidSelfIssuedpathLenConstraintTest15", None, AGREED),
    ("4.6", "InvalidSelfIssuedpathLenConstraintTest16", Some("path-length"), AGREED),
    ("4.6", "ValidSelfIssuedpathLenConstraintTest17", None, AGREED),
    ("4.7", "InvalidkeyUsageCriticalkeyCertSignFalseTest1", Some("not-ca"), AGREED),
    ("4.7", "InvalidkeyUsageNotCriticalkeyCertSignFalseTest2", Some("not-ca"), AGREED),
    ("4.7", "ValidkeyUsageNotCriticalTest3", None, AGREED),
    ("4.7", "InvalidkeyUsageCriticalcRLSignFalseTest4", None, CRL),
    ("4.7", "InvalidkeyUsageNotCriticalcRLSignFalseTest5", None, CRL),
    ("4.16", "ValidUnknownNotCriticalCertificateExtensionTest1", None, AGREED),
    ("4.16", "InvalidUnknownCriticalCertificateExtensionTest2", Some("crit-ext"), AGREED),
];

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "data", "pkits"].iter().collect()
}

fn data(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The message without its revocation lists: skexec refuses messages with CRLs. No signature covers them.
fn without_crls(message: &[u8]) -> Vec<u8> {
    let mut message = Node::parse(message);
    message.at(&[1, 0]).kids().retain(|field| field.tag != 0xa1);
    message.encode()
}

fn trust() -> Trust {
    let certificate = Certificate::parse(&data("TrustAnchorRoot.der")).unwrap();
    Trust { anchors: vec![Anchor { certificate, source: "PKITS".to_owned() }], ..Trust::default() }
}

/// The first reason of the judgement that `verify` and `load` use; `None` if the message is trusted.
fn judged(name: &str, content: &[u8], trust: &Trust) -> Option<&'static str> {
    let message = without_crls(&data(&format!("{name}.p7s")));
    let judgement = judge(Parsed::new(content), Signature::Detached(&message), trust);
    judgement.outcome.err().map(|refused| refused.refusal.first().reason.slug())
}

#[test]
fn every_case_that_applies() {
    let trust = trust();
    let mut faults = Vec::new();
    for (section, name, wanted, why) in ROWS {
        let said = judged(name, CONTENT, &trust);
        let agreed = name.starts_with("Valid") == said.is_none();
        if said != *wanted || agreed != why.is_empty() {
            faults.push(format!("{section} {name}: said {said:?}, the table has {wanted:?}, {why:?}"));
        }
    }
    let agreed = ROWS.iter().filter(|(.., why)| why.is_empty()).count();
    println!("{} cases, {agreed} as PKITS expects, {} otherwise for a reason", ROWS.len(), ROWS.len() - agreed);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// An accepted message is refused with another content, and with another anchor.
#[test]
fn accepted_messages_need_their_content_and_their_anchor() {
    let trust = trust();
    for (_, name, ..) in ROWS.iter().filter(|(_, _, wanted, _)| wanted.is_none()) {
        assert_eq!(judged(name, b"another", &trust), Some(Reason::MessageDigest.slug()), "{name}");
        assert_eq!(judged(name, CONTENT, &Trust::default()), Some(Reason::UnknownSigner.slug()), "{name}");
    }
}

#[test]
fn every_message_has_its_row() {
    let names = |name: &str| name.strip_suffix(".p7s").map(str::to_owned);
    let files: BTreeSet<_> =
        fs::read_dir(folder()).unwrap().filter_map(|entry| names(entry.unwrap().file_name().to_str()?)).collect();
    let rows: BTreeSet<_> = ROWS.iter().map(|(_, name, ..)| (*name).to_owned()).collect();
    assert_eq!(files, rows);
}
