#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::arithmetic_side_effects)]
use super::super::asn1::{INTEGER, OCTET_STRING, SEQUENCE, SET, any, context, item};
use super::*;

/// Notes every action with the content it was given.
#[derive(Default)]
struct Notes(Vec<(char, Vec<u8>)>);

impl<'a> Actions<'a> for Notes {
    type Action = char;

    fn act(&mut self, action: char, seen: &Seen<'a>) -> Result<(), Stop> {
        self.0.push((action, seen.value()?.to_vec()));
        Ok(())
    }
}

fn run(grammar: &[Step<char>], bytes: &[u8]) -> Result<String, Stop> {
    let mut notes = Notes::default();
    asn1_ber_decoder(grammar, bytes, bytes.len(), &mut notes)?;
    let text = notes.0.iter().map(|(name, value)| format!("{name}{}", crate::hex::encode(value)));
    Ok(text.collect::<Vec<_>>().join(" "))
}

const BAD: Result<String, Stop> = Err(Stop::Errno(Errno::Badmsg));

const PAIR: &[Step<char>] =
    &[item(SEQUENCE).with(&[item(INTEGER).act('i').step(), any().optional().act('a').step()]).then('s').step()];

#[test]
fn shapes_of_one_element() {
    let cases: &[(&[u8], Result<&str, ()>)] = &[
        (&[0x30, 3, 2, 1, 7], Ok("i07 s020107")),
        (&[0x30, 6, 2, 1, 7, 4, 1, 9], Ok("i07 a09 s020107040109")),
        // Lengths need not be minimal, and may have two bytes, not three.
        (&[0x30, 0x81, 5, 2, 0x82, 0, 1, 7], Ok("i07 s0282000107")),
        (&[0x30, 0x83, 0, 0, 3, 2, 1, 7], Err(())),
        // A constructed tag may be primitive in the data, not the other way around.
        (&[0x10, 3, 2, 1, 7], Ok("i07 s020107")),
        (&[0x30, 3, 0x22, 1, 7], Err(())),
        // Bytes after the outermost element are ignored.
        (&[0x30, 3, 2, 1, 7, 1, 2, 3], Ok("i07 s020107")),
        // Indefinite: not for a primitive tag; an optional element of any kind swallows the end mark.
        (&[0x30, 0x80, 2, 1, 7, 0, 0], Err(())),
        (&[0x30, 0x80, 2, 1, 7, 4, 1, 9, 0, 0], Ok("i07 a09 s020107040109")),
        (&[0x10, 0x80, 2, 1, 7, 4, 1, 9, 0, 0], Err(())),
        (&[0x30, 0x80, 2, 1, 7, 4, 1, 9, 0, 1], Err(())),
        (&[0x30, 4, 2, 1, 7, 4], Err(())),
        (&[0x30, 7, 2, 1, 7, 4, 1, 9, 5], Err(())),
        (&[0x30, 4, 2, 1, 7], Err(())),
        (&[0x30, 5, 2, 1, 7, 0x1f, 1], Err(())),
        (&[0x30, 0], Err(())),
        (&[0x30], Err(())),
        (&[], Err(())),
    ];
    for (bytes, wanted) in cases {
        let wanted = wanted.map(str::to_owned).or(BAD);
        assert_eq!(run(PAIR, bytes), wanted, "{bytes:02x?}");
    }
}

#[test]
fn a_leaf_without_a_definite_length_keeps_its_end_mark() {
    let grammar = [any().act('a').step()];
    assert_eq!(run(&grammar, &[0x30, 0x80, 4, 1, 9, 0, 0, 5]), Ok("a0401090000".into()));
    assert_eq!(run(&grammar, &[0x30, 0x80, 0x24, 0x80, 4, 0, 0, 0, 0, 0]), Ok("a2480040000000000".into()));
    assert_eq!(run(&grammar, &[0x30, 0x80, 0x1f, 0x81, 0x01, 1, 9, 0, 0]), Ok("a1f810101090000".into()));
    for bytes in [&[0x30, 0x80, 4, 1, 9][..], &[0x30, 0x80, 4, 0x80, 0, 0], &[0x30, 0x80, 0, 1], &[0x30, 0x80, 4, 9, 0]]
    {
        assert_eq!(run(&grammar, bytes), BAD, "{bytes:02x?}");
    }
}

const SET_OF: &[Step<char>] = &[item(SET).many_of(&[item(INTEGER).act('i').step()]).step()];

#[test]
fn a_set_of_holds_at_least_one() {
    assert_eq!(run(SET_OF, &[0x31, 6, 2, 1, 7, 2, 1, 8]), Ok("i07 i08".into()));
    assert_eq!(run(SET_OF, &[0x31, 0x80, 2, 1, 7, 2, 1, 8, 0, 0]), Ok("i07 i08".into()));
    for bytes in [&[0x31, 0][..], &[0x31, 0x80, 0, 0], &[0x31, 4, 2, 1, 7, 2], &[0x31, 0x80, 2, 1, 7, 0, 7]] {
        assert_eq!(run(SET_OF, bytes), BAD, "{bytes:02x?}");
    }
}

/// A choice within a sequence: called rules, their action, and the flag that survives the end of the parent.
const CHOICE: &[Step<char>] = &[item(SEQUENCE)
    .with(&[
        item(INTEGER).act('i').step(),
        item(0xa0).optional().of(&[any().act('x').step()]).step(),
        Step::ActIfCalled('c'),
        item(context(1)).or().act('y').step(),
        Step::Found,
    ])
    .step()];

#[test]
fn choices_remember_what_was_found() {
    assert_eq!(run(CHOICE, &[0x30, 7, 2, 1, 7, 0xa0, 2, 5, 0]), Ok("i07 x c0500".into()));
    assert_eq!(run(CHOICE, &[0x30, 5, 2, 1, 7, 0x81, 0]), Ok("i07 y".into()));
    assert_eq!(run(CHOICE, &[0x30, 5, 2, 1, 7, 0x82, 0]), BAD);
    // Nothing is left to choose from: the INTEGER before still counts as found.
    assert_eq!(run(CHOICE, &[0x30, 3, 2, 1, 7]), Ok("i07".into()));
}

#[test]
fn what_lies_behind_the_bytes_is_a_hazard() {
    let grammar = [item(OCTET_STRING).step(), item(INTEGER).step()];
    let mut notes = Notes::default();
    let past = asn1_ber_decoder(&grammar, &[4, 9, 1], 16, &mut notes);
    assert_eq!(past, Err(Stop::Hazard(Hazard::Oops)));
    assert_eq!(asn1_ber_decoder(&grammar, &[4, 1, 1], 65536, &mut notes), Err(Stop::Errno(Errno::Msgsize)));
}
