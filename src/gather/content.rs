//! Parses a file of keys: certificates in PEM or DER, EFI signature lists, lines of hashes.

use super::pem;
use crate::trust::cert::Certificate;
use crate::trust::esl::{self, Entry};
use crate::trust::revocation::Revocations;

/// The extensions of certificate files in a directory; files with other extensions are skipped.
pub(super) const KEYS: &[&str] = &["pem", "crt", "cer", "der", "esl"];
/// The extensions of revocation files in a directory.
pub(super) const REVOCATIONS: &[&str] = &["pem", "crt", "cer", "der", "esl", "sha256"];

/// The format of a file.
enum Form<'a> {
    Pem(&'a str),
    Der,
    Lists,
    Text(&'a str),
}

/// Recognises the format by the bytes, because a `.crt` may be PEM or DER. The formats cannot be mistaken for one another: DER
/// starts with a SEQUENCE whose length is not ASCII, and an EFI signature list starts with a GUID.
fn form(bytes: &[u8]) -> Result<Form<'_>, String> {
    match bytes {
        [] => Err("it is empty".to_owned()),
        [0x30, 0x80..=0xff, ..] => Ok(Form::Der),
        _ if esl::claimed_by(bytes) => Ok(Form::Lists),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) if pem::claimed_by(bytes) => Ok(Form::Pem(text)),
            Ok(text) => Ok(Form::Text(text)),
            Err(_) => Err("it is neither a certificate in PEM or DER nor an EFI signature list".to_owned()),
        },
    }
}

/// The certificates of a file of anchors. It is an error if one of them cannot be used, or if there are none.
pub(super) fn certificates(bytes: &[u8]) -> Result<Vec<Certificate>, String> {
    let found = ders(bytes)?;
    if found.is_empty() {
        return Err("it holds no certificate".to_owned());
    }
    found.iter().map(|der| Certificate::parse(der).map_err(|finding| finding.to_string())).collect()
}

/// The same as unparsed DER; none of a file of text.
///
/// # Errors
/// What is wrong with the PEM or the lists.
pub(crate) fn ders(bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    Ok(match form(bytes)? {
        Form::Der => vec![bytes.to_vec()],
        Form::Pem(text) => pem::certificates(text)?,
        // Hashes of images in db allow the firmware to start those images. They are no anchors, and the kernel ignores them.
        Form::Lists => certificates_of_lists(bytes)?.into_iter().map(<[u8]>::to_vec).collect(),
        Form::Text(_) => Vec::new(),
    })
}

/// The certificates of EFI signature lists, as unparsed DER.
pub(super) fn certificates_of_lists(bytes: &[u8]) -> Result<Vec<&[u8]>, String> {
    let entries = esl::parse(bytes).map_err(|malformed| malformed.to_string())?;
    Ok(entries.into_iter().filter_map(|entry| if let Entry::X509(der) = entry { Some(der) } else { None }).collect())
}

/// The revocations of a file. A file without any is an error, because it was meant to revoke something.
pub(super) fn revocations(bytes: &[u8], source: &str) -> Result<Revocations, String> {
    let mut revocations = Revocations::default();
    let mut revoke = |der: &[u8]| revocations.add_certificate(der, source).map_err(|finding| finding.detail);
    match form(bytes) {
        Ok(Form::Der) => revoke(bytes)?,
        Ok(Form::Pem(text)) if text.lines().any(|line| line.trim_start().starts_with("sha256:")) => {
            return Err("it has both certificates and lines of hashes; give each its own file".to_owned());
        }
        Ok(Form::Pem(text)) => pem::certificates(text)?.iter().try_for_each(|der| revoke(der))?,
        Ok(Form::Lists) => return Revocations::from_lists(bytes, source).map_err(|finding| finding.detail),
        Ok(Form::Text(text)) => {
            let hashes = hashes(text)?;
            if hashes.is_empty() {
                return Err("it has no line sha256:HEX".to_owned());
            }
            hashes.into_iter().for_each(|hash| revocations.add_image(hash, source));
        }
        Err(error) => return Err(error),
    }
    Ok(revocations)
}

/// Lines `sha256:HEX`, the Authenticode hash of an image or the hash of a whole file each; `#` starts a comment.
fn hashes(text: &str) -> Result<Vec<[u8; 32]>, String> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines
        .filter(|line| !line.is_empty())
        .map(|line| {
            let bytes = line.strip_prefix("sha256:").and_then(crate::hex::decode);
            let hash = bytes.and_then(|bytes| bytes.try_into().ok());
            hash.ok_or_else(|| format!("{line:?} is not sha256: and 64 digits"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::esl::build::{SHA256, X509, list};

    #[test]
    fn one_certificate_in_three_forms() {
        let der = forge::root_der();
        let lists = [list(SHA256, &[&[1; 32]]), list(X509, &[&der])].concat();
        for bytes in [der.clone(), forge::root_pem().into_bytes(), lists] {
            let found = certificates(&bytes).unwrap();
            assert_eq!(found.iter().map(Certificate::der).collect::<Vec<_>>(), [&der[..]]);
            assert_eq!(revocations(&bytes, "x").unwrap().counts().1, 1);
        }
        let both = forge::root_pem() + &forge::signer_pem();
        assert_eq!(certificates(both.as_bytes()).unwrap().len(), 2);
    }

    #[test]
    fn no_certificate_is_an_error() {
        let table: &[&[u8]] = &[b"", b"text", b"\xff\xfe", b"sha256:00", &list(SHA256, &[&[1; 32]])];
        for bytes in table {
            assert!(certificates(bytes).is_err(), "{bytes:?}");
        }
        let mut cut = list(X509, &[&forge::root_der()]);
        cut.pop();
        assert!(certificates(&cut).is_err());
    }

    #[test]
    fn lines_of_hashes() {
        let hash = "ab".repeat(32);
        let text = format!("# images\n\nsha256:{hash}\r\n sha256:{}  # upper case\n", hash.to_uppercase());
        let revocations = revocations(text.as_bytes(), "x").unwrap();
        assert_eq!(revocations.counts(), (1, 0, 0));
        assert!(revocations.check_image(&[0xab; 32]).is_err());
        for wrong in
            ["", "# nothing\n", "sha256:ab", &hash, &format!("sha256:{hash}0"), &format!("sha1:{hash}"), "\u{0}"]
        {
            assert!(super::revocations(wrong.as_bytes(), "x").is_err(), "{wrong}");
        }
    }
}
