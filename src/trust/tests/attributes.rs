//! Signed attributes, one rule after the other.

use crate::digest::Algorithm;
use crate::reason::Reason;
use crate::trust::attributes::Attributes;
use crate::trust::der::Cursor;
use crate::trust::oid as known;
use crate::trust::pkcs7::Profile;
use forge::der::{Node, bits, ctx, int, octets, oid, seq, set, sort, utc_time};
use forge::oid;
use forge::pkcs7::attribute;

const SMIME_CAPABILITIES: &str = "1.2.840.113549.1.9.15";
const OPUS_INFO: &str = "1.3.6.1.4.1.311.2.1.12";

fn content_type() -> Node {
    attribute(oid::CONTENT_TYPE, vec![oid(oid::DATA)])
}

fn message_digest() -> Node {
    attribute(oid::MESSAGE_DIGEST, vec![octets([7; 32])])
}

fn time(value: Node) -> Node {
    attribute(oid::SIGNING_TIME, vec![value])
}

/// As a detached signature has them.
fn parse(list: Vec<Node>) -> Result<Option<i64>, Reason> {
    let raw = ctx(0, list).encode();
    let element = Cursor::new(&raw).any().unwrap();
    let read = Attributes::parse(element, Profile::Detached, known::DATA, Algorithm::Sha256);
    read.map(|attributes| attributes.signing_time).map_err(|finding| finding.reason)
}

#[test]
fn attributes_by_table() {
    let bare = |id| seq(vec![oid(id)]);
    let more = |id| seq(vec![oid(id), set(vec![int(1)]), int(1)]);
    let wrong = Err(Reason::Attributes);
    for (about, extra, wanted) in [
        ("no others", vec![], Ok(None)),
        ("a time", vec![time(utc_time("700101000001Z"))], Ok(Some(1))),
        ("a time without seconds", vec![time(utc_time("7001010000Z"))], wrong),
        ("a time that is a number", vec![time(int(1))], wrong),
        ("two times", vec![time(utc_time("700101000001Z")), time(utc_time("700101000002Z"))], wrong),
        ("what OpenSSL writes", vec![attribute(SMIME_CAPABILITIES, vec![seq(vec![])])], Ok(None)),
        ("what Authenticode has", vec![attribute(OPUS_INFO, vec![seq(vec![])])], wrong),
        ("an unknown one", vec![attribute(oid::UNKNOWN, vec![int(1)])], Ok(None)),
        ("an unknown one twice", vec![attribute(oid::UNKNOWN, vec![int(1)]); 2], wrong),
        ("an unknown one of two values", vec![attribute(oid::UNKNOWN, vec![int(1), int(2)])], wrong),
        ("an unknown one of no value", vec![attribute(oid::UNKNOWN, vec![])], wrong),
        ("one without values", vec![bare(oid::UNKNOWN)], wrong),
        ("one with more than values", vec![more(oid::UNKNOWN)], wrong),
        ("one that is none", vec![bits(0, &[1])], wrong),
    ] {
        let mut list = [vec![content_type(), message_digest()], extra].concat();
        sort(&mut list);
        assert_eq!(parse(list), wanted, "{about}");
    }
}

#[test]
fn the_two_that_must_be_there() {
    let wrong = Err(Reason::Attributes);
    for (about, list) in [
        ("none", vec![]),
        ("no digest", vec![content_type()]),
        ("no type", vec![message_digest()]),
        ("another type", vec![attribute(oid::CONTENT_TYPE, vec![oid(oid::SPC_INDIRECT_DATA)]), message_digest()]),
        ("a type that is no identifier", {
            vec![attribute(oid::CONTENT_TYPE, vec![octets(known::DATA)]), message_digest()]
        }),
        ("a short digest", vec![content_type(), attribute(oid::MESSAGE_DIGEST, vec![octets([7; 31])])]),
        ("a digest that is no string", vec![content_type(), attribute(oid::MESSAGE_DIGEST, vec![int(7)])]),
    ] {
        let mut list = list;
        sort(&mut list);
        assert_eq!(parse(list), wrong, "{about}");
    }
}

#[test]
fn the_order_is_that_of_the_encodings() {
    let mut list = vec![content_type(), message_digest(), time(utc_time("700101000001Z"))];
    sort(&mut list);
    assert!(parse(list.clone()).is_ok());
    list.reverse();
    assert_eq!(parse(list), Err(Reason::AttributeOrder));
}
