//! What other viewers print, line by line, as facts that `skexec inspect -v` has to print, too.

/// What a line is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// These texts must be found, in any letters.
    Facts(Vec<String>),
    /// It is no fact about the file, for this reason.
    LeftOut(&'static str),
    /// Nobody has thought of it: the comparison fails.
    Unknown,
}

/// Starts of lines that are left out.
const LEFT_OUT: [(&str, &str); 38] = [
    ("---", "a rule"),
    ("warning:", "about the reader's own parser"),
    ("certificate address is", "an address in the reader's memory"),
    ("Content was not encrypted.", "no signature of code is encrypted"),
    ("Content is detached", "a verdict"),
    ("No signer email address.", "about what is not there"),
    ("No signing time included.", "about what is not there"),
    ("There were certs or crls included.", "the certificates are compared one by one"),
    ("signature ", "a heading"),
    ("image signature issuers:", "a heading"),
    ("image signature certificates:", "a heading"),
    ("Signature Index:", "a heading"),
    ("Number of certificates:", "a heading: the certificates follow"),
    ("Invalid signature", "a verdict: inspect gives none"),
    ("Signer's certificate:", "a heading"),
    ("Signer #", "a heading"),
    ("Certificate expiration date:", "a heading"),
    ("Authenticated attributes:", "a heading"),
    ("Countersignatures:", "a heading"),
    ("Signing certificate chain verified using:", "a heading"),
    ("Failed signing certificate chain", "a heading"),
    ("Timestamp verified using:", "a heading"),
    ("Failed timestamp certificate chain", "a heading"),
    ("text:", "a heading"),
    ("CAfile:", "a setting of the reader"),
    ("TSA's certificates file:", "a setting of the reader"),
    ("CRL", "a setting of the reader"),
    ("Error:", "a verdict: inspect gives none"),
    ("CMS_verify error", "a verdict: inspect gives none"),
    ("PKCS7_verify error", "a verdict: inspect gives none"),
    ("Timestamp Server Signature", "a verdict: inspect gives none"),
    ("Signature verification:", "a verdict: inspect gives none"),
    ("Number of verified signatures:", "a verdict: inspect gives none"),
    ("Failed", "a verdict: inspect gives none"),
    ("Succeeded", "a verdict: inspect gives none"),
    ("Signing time: N/A", "about what is not there"),
    ("Timestamp is not available", "about what is not there"),
    ("Use the \"-TSA-CAfile\"", "advice about the reader's options"),
];

/// Keys whose values are facts as they stand.
const VALUES: [&str; 14] = [
    "hash",
    "PE checksum",
    "Current PE checksum",
    "Calculated PE checksum",
    "Current message digest",
    "Calculated message digest",
    "Message digest algorithm",
    "Message digest",
    "Hash Algorithm",
    "Serial",
    "URL description",
    "Text description",
    "size",
    "sha256",
];
const NAMES: [&str; 3] = ["subject", "issuer", "-"];
const TIMES: [&str; 4] = ["notBefore", "notAfter", "Timestamp time", "Signing time"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

pub(super) fn of(line: &str) -> Line {
    let line = line.trim();
    if line.is_empty() {
        return Line::LeftOut("empty");
    }
    if line == "Microsoft Individual Code Signing purpose" {
        return Line::Facts(vec!["individualCodeSigning".to_owned()]);
    }
    if let Some(name) = line.strip_prefix("The signer's common name is ") {
        return Line::Facts(vec![format!("CN={name}")]);
    }
    // A message of the reader's library begins with the number of its thread.
    if line.contains(":error:") {
        return Line::LeftOut("a verdict: inspect gives none");
    }
    if let Some((_, why)) = LEFT_OUT.iter().find(|(start, _)| line.starts_with(start)) {
        return Line::LeftOut(why);
    }
    let bare = line.trim_start_matches("- ");
    if bare.starts_with('/') {
        return Line::Facts(vec![name(bare)]);
    }
    let Some((key, value)) = bare.split_once(':').map(|(key, value)| (key.trim(), value.trim())) else {
        return Line::Unknown;
    };
    if NAMES.iter().any(|known| known.eq_ignore_ascii_case(key)) {
        return Line::Facts(vec![name(value)]);
    }
    if TIMES.contains(&key) {
        return time(value).map_or(Line::Unknown, |time| Line::Facts(vec![time]));
    }
    if VALUES.contains(&key) {
        return Line::Facts(vec![value.to_owned()]);
    }
    Line::Unknown
}

/// A line of `ukify inspect`: a section's name, its size, its digest, or a line of its text.
pub(super) fn of_ukify(line: &str) -> Line {
    match line.strip_prefix("    ") {
        Some(text) => Line::Facts(vec![text.trim().to_owned()]),
        None if line.starts_with('.') => Line::Facts(vec![line.trim_end_matches(':').to_owned()]),
        None => of(line),
    }
}

/// `/C=US/CN=a` as `C=US, CN=a`. A slash within a value has no key behind it.
fn name(text: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in text.trim_start_matches('/').split('/') {
        match parts.last_mut() {
            Some(last) if !part.contains('=') => *last = format!("{last}/{part}"),
            _ => parts.push(part.to_owned()),
        }
    }
    parts.join(", ")
}

/// `Oct 19 19:53:24 2023 GMT` as `2023-10-19T19:53:24Z`; `Thu Jul 09, 2026` as `2026-07-09`.
fn time(text: &str) -> Option<String> {
    let words: Vec<_> = text.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let month = |name: &str| MONTHS.iter().position(|month| *month == name).map(|index| index + 1);
    match words.as_slice() {
        [name, day, clock, year, "GMT"] => {
            Some(format!("{year}-{:02}-{:02}T{clock}Z", month(name)?, day.parse::<u8>().ok()?))
        }
        [_, name, day, year] => Some(format!("{year}-{:02}-{:02}", month(name)?, day.parse::<u8>().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_facts_in_our_words() {
        for (line, fact) in [
            (" - /C=US/O=A/B Inc/CN=c", "C=US, O=A/B Inc, CN=c"),
            ("   issuer:  /CN=Debian Secure Boot CA", "CN=Debian Secure Boot CA"),
            ("\t\tSubject: /C=US/CN=x", "C=US, CN=x"),
            ("\t\t\tnotAfter : Oct  6 19:53:24 2024 GMT", "2024-10-06T19:53:24Z"),
            ("Signing time: Thu Jul 09, 2026", "2026-07-09"),
            ("PE checksum   : 000FA3A0", "000FA3A0"),
            ("The signer's common name is a b", "CN=a b"),
            ("  size: 331 bytes", "331 bytes"),
        ] {
            assert_eq!(of(line), Line::Facts(vec![fact.to_owned()]), "{line}");
        }
        assert_eq!(of_ukify("    sbat,1,SBAT"), Line::Facts(vec!["sbat,1,SBAT".to_owned()]));
        assert_eq!(of("Signature verification: failed"), Line::LeftOut("a verdict: inspect gives none"));
        assert_eq!((of("A new key: x"), of("notAfter : never")), (Line::Unknown, Line::Unknown));
    }
}
