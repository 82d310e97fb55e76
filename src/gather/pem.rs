//! Certificates in PEM (RFC 7468). The content of a block is parsed strictly; text outside of blocks is allowed.

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// Whether the bytes contain a PEM block.
pub(super) fn claimed_by(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| text.lines().any(|line| line.starts_with(BEGIN)))
}

/// Decodes all certificates of a text. A PEM block of another kind is an error, so that a private key among the
/// certificates does not go unnoticed.
pub(super) fn certificates(text: &str) -> Result<Vec<Vec<u8>>, String> {
    let mut found = Vec::new();
    let mut lines = text.lines().map(str::trim_end);
    while let Some(line) = lines.next() {
        let Some(label) = line.strip_prefix(BEGIN) else {
            // A block after a byte order mark or a blank must not be skipped: it may hold the certificate to revoke.
            if line.contains("-----BEGIN") || line.contains("-----END") {
                return Err("a BEGIN or END marker is not at the start of its line".to_owned());
            }
            continue;
        };
        let label = label.strip_suffix(DASHES).ok_or("a BEGIN line does not end with five dashes")?;
        if !matches!(label, "CERTIFICATE" | "X509 CERTIFICATE") {
            return Err(format!("it holds a {label}, not a certificate"));
        }
        found.push(body(&mut lines, label)?);
    }
    Ok(found)
}

fn body<'a>(lines: &mut impl Iterator<Item = &'a str>, label: &str) -> Result<Vec<u8>, String> {
    let mut digits = String::new();
    for line in lines {
        if let Some(end) = line.strip_prefix(END) {
            if end.strip_suffix(DASHES) != Some(label) {
                return Err(format!("BEGIN {label} and END {end} do not match"));
            }
            return base64(&digits).ok_or_else(|| "a certificate is not in base64".to_owned());
        }
        digits.push_str(line.trim());
    }
    Err("a certificate is cut off".to_owned())
}

/// Decodes Base64. The padding is required, and the unused bits of the last character must be zero (RFC 4648, 3.5).
fn base64(text: &str) -> Option<Vec<u8>> {
    let (groups, []) = text.as_bytes().as_chunks::<4>() else { return None };
    let mut bytes = Vec::with_capacity(groups.len() * 3);
    for (index, group) in groups.iter().enumerate() {
        let padding = group.iter().rev().take_while(|digit| **digit == b'=').count();
        if padding > 2 || (padding > 0 && index + 1 != groups.len()) {
            return None;
        }
        let mut bits = 0_u32;
        for digit in &group[..4 - padding] {
            bits = bits << 6 | sextet(*digit)?;
        }
        bits <<= 6 * padding;
        let [_, decoded @ ..] = bits.to_be_bytes();
        let (kept, left_over) = decoded.split_at(3 - padding);
        if left_over.iter().any(|byte| *byte != 0) {
            return None;
        }
        bytes.extend_from_slice(kept);
    }
    Some(bytes)
}

fn sextet(digit: u8) -> Option<u32> {
    Some(u32::from(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_strict() {
        let table: &[(&str, Option<&[u8]>)] = &[
            ("", Some(b"")),
            ("Zg==", Some(b"f")),
            ("Zm8=", Some(b"fo")),
            ("Zm9v", Some(b"foo")),
            ("Zm9vYmE=", Some(b"fooba")),
            ("+/+/", Some(&[0xfb, 0xff, 0xbf])),
            ("Zh==", None),
            ("Zm9=", None),
            ("Zg=", None),
            ("Z===", None),
            ("====", None),
            ("Zg==Zg==", None),
            ("Z=g=", None),
            ("Zm 9", None),
            ("Zm9v-", None),
        ];
        for (text, wanted) in table {
            assert_eq!(base64(text).as_deref(), *wanted, "{text}");
        }
    }

    #[test]
    fn several_certificates_with_text_around() {
        let text = "subject=x\r\n-----BEGIN CERTIFICATE-----\r\nZm9v\r\nZg==\r\n-----END CERTIFICATE-----\r\n\n\
                    -----BEGIN X509 CERTIFICATE-----\nZg==\n-----END X509 CERTIFICATE-----";
        assert!(claimed_by(text.as_bytes()));
        assert_eq!(certificates(text).unwrap(), [b"foof".to_vec(), b"f".to_vec()]);
        assert_eq!(certificates("nothing").unwrap(), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn what_is_no_certificate_is_an_error() {
        let table = [
            ("-----BEGIN PRIVATE KEY-----\nZg==\n-----END PRIVATE KEY-----\n", "PRIVATE KEY"),
            ("-----BEGIN CERTIFICATE-----\nZg==\n", "cut off"),
            ("-----BEGIN CERTIFICATE-----\nZg==\n-----END CERTIFICATE", "do not match"),
            ("-----BEGIN CERTIFICATE-----\nZg==\n-----END X509 CERTIFICATE-----\n", "do not match"),
            ("-----BEGIN CERTIFICATE\nZg==\n-----END CERTIFICATE-----\n", "BEGIN line"),
            ("\u{feff}-----BEGIN CERTIFICATE-----\nZg==\n-----END CERTIFICATE-----\n", "not at the start of its line"),
            (" -----BEGIN CERTIFICATE-----\nZg==\n-----END CERTIFICATE-----\n", "not at the start of its line"),
            ("-----BEGIN CERTIFICATE-----\nProc-Type: 4\n-----END CERTIFICATE-----\n", "base64"),
            ("-----BEGIN CERTIFICATE-----\nZg==\n-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "base64"),
        ];
        for (text, wanted) in table {
            assert!(certificates(text).unwrap_err().contains(wanted), "{text}");
        }
    }
}
