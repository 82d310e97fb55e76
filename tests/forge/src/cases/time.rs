//! signingTime and the validity of the signer's certificate. The verdicts do not depend on the clock.

use super::{Case, EBADMSG, EKEYREJECTED, case};
use crate::der::{Node, generalized_time, utc_time};
use crate::key::key;
use crate::pki::{Identity, ROOT};
use crate::recipe::Recipe;

fn timed(name: &str, about: &str, time: Option<Node>) -> Case {
    case(name, about, Recipe::new().time(time).build())
}

/// Signed at that time by a certificate of that validity.
fn by(name: &str, about: &str, (from, to): (&str, &str), time: Option<Node>) -> Case {
    let spec = ROOT.leaf(&format!("skexec test valid {from} to {to}"), key("signer")).valid(from, to);
    case(name, about, Recipe::new().who(Identity::new(&spec, key("signer"))).time(time).build())
}

const EXPIRED: (&str, &str) = ("200101000000Z", "210101000000Z");
const FUTURE: (&str, &str) = ("450101000000Z", "491231235959Z");

pub(crate) fn cases() -> Vec<Case> {
    [validity(), form()].concat()
}

fn validity() -> Vec<Case> {
    let at = |text: &str| Some(utc_time(text));
    let outside = |case: Case| case.reject(EKEYREJECTED, "signing-time");
    vec![
        outside(timed("A077_p7_time_before_nb", "signed before the certificate is valid", at("191231235959Z"))),
        outside(by("A078_p7_time_after_na", "signed after the certificate was valid", EXPIRED, at("220101000000Z"))),
        timed("A079_p7_time_absent", "no signingTime", None),
        by("A080_p7_expired_notime", "an expired certificate, no signingTime", EXPIRED, None).warn(),
        by("A081_p7_expired_time_inside", "signed while the certificate was valid; it has expired since", EXPIRED, {
            at("200601000000Z")
        })
        .warn(),
        outside(by("A082_p7_expired_time_now", "signed with an expired certificate", EXPIRED, at("250601120000Z"))),
        by("A083_p7_future_notime", "a certificate that is not yet valid, no signingTime", FUTURE, None).warn(),
        timed("D089_time_is_not_before", "signed in the certificate's first second", at("200101000000Z")),
        timed("D089_time_is_not_after", "signed in its last second", at("491231235959Z")),
        outside(timed(
            "D089_time_2050",
            "signed in 2050, a GeneralizedTime",
            Some(generalized_time("20500101000000Z")),
        )),
    ]
}

/// `x509_decode_time` in x509_cert_parser.c.
fn form() -> Vec<Case> {
    let bad = |name: &str, about: &str, time: Node| timed(name, about, Some(time)).reject(EBADMSG, "attributes");
    vec![
        bad("E_time_no_seconds", "UTCTime without seconds", utc_time("2506011200Z")),
        bad("E_time_offset", "UTCTime with an offset in the place of Z", utc_time("250601120000+0000")),
        bad("E_time_not_z", "UTCTime that ends in A", utc_time("250601120000A")),
        bad("E_time_month_13", "month 13", utc_time("251301120000Z")),
        bad("E_time_month_0", "month 0", utc_time("250001120000Z")),
        bad("E_time_day_31_april", "the 31st of April", utc_time("250431120000Z")),
        bad("E_time_29_february", "29 February 2025", utc_time("250229120000Z")),
        timed("E_time_leap_day", "29 February 2024", Some(utc_time("240229120000Z"))),
        bad("E_time_letters", "letters in the place of digits", utc_time("25o6o1120000Z")),
        bad("E_time_generalized_2025", "GeneralizedTime for 2025, where RFC 5280 wants UTCTime", {
            generalized_time("20250601120000Z")
        }),
        bad("E_time_wrong_tag", "a time as a UTF8String", Node::prim(12, *b"250601120000Z")),
    ]
}
