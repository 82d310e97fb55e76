//! The few extensions that the kernel reads (`x509_cert_parser.c:x509_process_extension`). It reads bytes at fixed
//! offsets and ignores whether an extension is critical. kexec uses neither basicConstraints nor keyUsage, so that only the
//! checks of their form remain.

use super::errno::Errno;
use super::oid;

/// The extensions that the kernel keeps; each is a value without its OCTET STRING.
#[derive(Debug, Default)]
pub(super) struct Extensions<'a> {
    /// The identifier itself.
    pub(super) subject_key_id: Option<&'a [u8]>,
    pub(super) authority_key_id: Option<&'a [u8]>,
}

impl<'a> Extensions<'a> {
    pub(super) fn x509_process_extension(&mut self, oid: &[u8], value: &'a [u8]) -> Result<(), Errno> {
        match oid {
            oid::SUBJECT_KEY_ID => {
                if self.subject_key_id.is_some() {
                    return Err(Errno::Badmsg);
                }
                self.subject_key_id = Some(subject_key_id(value).ok_or(Errno::Badmsg)?);
            }
            // The last one counts.
            oid::AUTHORITY_KEY_ID => self.authority_key_id = Some(value),
            oid::KEY_USAGE if !key_usage(value) => return Err(Errno::Badmsg),
            oid::BASIC_CONSTRAINTS if !basic_constraints(value) => return Err(Errno::Badmsg),
            _ => {}
        }
        Ok(())
    }
}

/// The rest of it, if that is as long as the second byte says.
fn content(rest: &[u8], len: u8) -> Option<&[u8]> {
    (rest.len() == usize::from(len)).then_some(rest)
}

/// An OCTET STRING that is not empty.
fn subject_key_id(value: &[u8]) -> Option<&[u8]> {
    match value {
        [0x04, len, rest @ ..] => content(rest, *len).filter(|id| !id.is_empty()),
        _ => None,
    }
}

/// A BIT STRING; the kernel ignores its length.
fn key_usage(value: &[u8]) -> bool {
    matches!(value, [0x03, _, 0..=7, _, ..])
}

/// Empty, or CA:TRUE with anything after it. CA:FALSE written out is malformed.
fn basic_constraints(value: &[u8]) -> bool {
    match value {
        [0x30, len, rest @ ..] => {
            content(rest, *len).is_some_and(|rest| rest.is_empty() || rest.starts_with(&[0x01, 1, 0xff]))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_extensions() {
        let cases: [(&[u8], &[u8], bool); 19] = [
            (oid::SUBJECT_KEY_ID, &[4, 2, 1, 2], true),
            (oid::SUBJECT_KEY_ID, &[4, 0], false),
            (oid::SUBJECT_KEY_ID, &[4, 3, 1, 2], false),
            (oid::SUBJECT_KEY_ID, &[3, 2, 1, 2], false),
            (oid::KEY_USAGE, &[3, 2, 7, 0x80], true),
            (oid::KEY_USAGE, &[3, 9, 7, 0x80, 1, 2], true),
            (oid::KEY_USAGE, &[3, 2, 8, 0x80], false),
            (oid::KEY_USAGE, &[3, 1, 7], false),
            (oid::KEY_USAGE, &[4, 2, 7, 0x80], false),
            (oid::BASIC_CONSTRAINTS, &[0x30, 0], true),
            (oid::BASIC_CONSTRAINTS, &[0x30, 3, 1, 1, 0xff], true),
            (oid::BASIC_CONSTRAINTS, &[0x30, 6, 1, 1, 0xff, 2, 1, 0], true),
            (oid::BASIC_CONSTRAINTS, &[0x30, 3, 1, 1, 0], false),
            (oid::BASIC_CONSTRAINTS, &[0x30, 3, 2, 1, 0], false),
            (oid::BASIC_CONSTRAINTS, &[0x30, 2, 1, 1, 0xff], false),
            (oid::BASIC_CONSTRAINTS, &[0x30], false),
            (oid::BASIC_CONSTRAINTS, &[0x31, 0], false),
            (oid::AUTHORITY_KEY_ID, &[1, 2, 3], true),
            (oid::COMMON_NAME, &[], true),
        ];
        for (oid, value, fine) in cases {
            let outcome = Extensions::default().x509_process_extension(oid, value);
            assert_eq!(outcome, if fine { Ok(()) } else { Err(Errno::Badmsg) }, "{oid:02x?} {value:02x?}");
        }
    }

    #[test]
    fn the_first_subject_key_id_and_the_last_authority_count() {
        let mut extensions = Extensions::default();
        assert_eq!(extensions.x509_process_extension(oid::SUBJECT_KEY_ID, &[4, 1, 1]), Ok(()));
        assert_eq!(extensions.x509_process_extension(oid::SUBJECT_KEY_ID, &[4, 1, 1]), Err(Errno::Badmsg));
        assert_eq!(extensions.x509_process_extension(oid::AUTHORITY_KEY_ID, &[1]), Ok(()));
        assert_eq!(extensions.x509_process_extension(oid::AUTHORITY_KEY_ID, &[2]), Ok(()));
        assert_eq!(extensions.authority_key_id, Some(&[2][..]));
    }
}
