//! A file that claims to be a kernel or an initrd.

use crate::digest::Passing;
use crate::image::Parsed;
use crate::image::bzimage::SetupHeader;
use crate::image::pe::Pe;
use crate::reason::Finding;
use crate::sealed::{Keep, Sealed};
use crate::trust::Trust;
use std::ops::Range;
use std::path::Path;

/// A file that was read once and parsed once. Nothing about it was verified.
pub type Candidate = Parsed<Sealed>;

/// How a candidate is read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// The profile of a UKI, by its number or its ID.
    pub profile: Option<&'a str>,
    /// Whether the digest of the whole file will be asked for, whatever the file is.
    pub whole: bool,
    /// Where its bytes are kept.
    pub keep: Keep,
}

impl Reading<'_> {
    /// How a file is read that is judged by this trust, and not loaded.
    #[must_use]
    pub fn to_judge(trust: &Trust) -> Self {
        Self { profile: None, whole: trust.revocations.names_images(), keep: Keep::Checked }
    }
}

impl Candidate {
    /// Reads and parses a file.
    ///
    /// # Errors
    /// Those of [`Sealed::read`].
    pub fn read(path: &Path, how: Reading<'_>) -> Result<Self, Finding> {
        let plan = |head: &[u8], length| plan(head, length, how.whole);
        let file = Sealed::read_hashed(path, how.keep, &plan).map_err(|error| Finding::from(error).in_file(path))?;
        Ok(Self::of(file, how.profile))
    }

    /// Reads and parses a file that may not have more than this many bytes.
    ///
    /// # Errors
    /// Those of [`Sealed::read_at_most`].
    pub(super) fn read_at_most(path: &Path, most: u64) -> Result<Self, Finding> {
        let sealed = Sealed::read_at_most(path, most).map_err(|error| Finding::from(error).in_file(path))?;
        Ok(Self::new(sealed))
    }

    /// Its bytes and their descriptor.
    #[must_use]
    pub const fn sealed(&self) -> &Sealed {
        self.file().owner()
    }
}

/// The digests that a judgement asks for: of a PE the image digest, of another file the digest of all bytes. A signature may name another
/// algorithm than SHA-256 only at the end of the file; then its digest is computed when it is asked for.
///
/// No check looks into the code of a bzImage, `.text`: no header, certificate table or other section lies within it, which `Pe` has
/// made sure of.
fn plan(head: &[u8], length: usize, whole: bool) -> (Passing, Range<usize>) {
    let pe = Pe::claimed_by(head).then(|| Pe::parse_head(head, length));
    let whole = (whole || pe.is_none()).then(|| vec![0..length]);
    let code = match &pe {
        Some(Ok(pe)) if SetupHeader::claimed_by(head) => {
            let text = pe.sections.iter().find(|section| section.name() == b".text");
            text.map_or(0..0, |text| text.raw.clone())
        }
        _ => 0..0,
    };
    let image = pe.and_then(Result::ok).map(|pe| pe.signed_ranges(length).to_vec());
    (Passing::new(image.into_iter().chain(whole)), code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{Algorithm, Hashed};
    use crate::trust::authenticode::image_digest;

    /// Whether the digests that a judgement asks for were made while the file was read, and are right.
    fn check(name: &str, bytes: &[u8], whole: bool) {
        let path = std::env::temp_dir().join(format!("skexec-candidate-{}-{name}", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        for keep in [Keep::Private, Keep::Checked, Keep::Memfd] {
            let candidate = Candidate::read(&path, Reading { profile: None, whole, keep }).unwrap();
            let (file, fresh) = (candidate.file(), Hashed::new(bytes));
            let known = file.known_count();
            if let Some(Ok(pe)) = candidate.pe() {
                let wanted = image_digest(&fresh, pe, Algorithm::Sha256);
                assert_eq!(image_digest(file, pe, Algorithm::Sha256), wanted, "{name}");
            }
            if whole || candidate.pe().is_none() {
                assert_eq!(file.whole(Algorithm::Sha256), fresh.whole(Algorithm::Sha256), "{name}");
            }
            assert_eq!(file.known_count(), known, "{name}: nothing was hashed again");
            let other = file.whole(Algorithm::Sha512);
            assert_eq!(other, fresh.whole(Algorithm::Sha512), "{name}: what was not planned is right, too");
        }
        std::fs::remove_file(&path).unwrap();
    }

    /// Other checks may look into the first section of another program.
    #[test]
    fn only_the_code_of_a_bzimage_is_left_away() {
        let image = forge::signed_bzimage();
        let text = forge::uki::raw_of(&image, b".text");
        assert!(!text.is_empty());
        let rows: [(&[u8], Range<usize>); 4] = [
            (&image, text),
            (&forge::uki(None, None), 0..0),
            (b"070701 an initrd", 0..0),
            (b"MZ, and nothing else", 0..0),
        ];
        for (bytes, wanted) in rows {
            assert_eq!(plan(bytes, bytes.len(), false).1, wanted);
        }
    }

    #[test]
    fn what_a_judgement_asks_for_is_known_when_the_file_was_read() {
        let rows: [(&str, Vec<u8>); 5] = [
            ("signed", forge::signed_bzimage()),
            ("unsigned", forge::unsigned_bzimage()),
            ("initrd", b"070701".repeat(70_000)),
            ("short", b"x".to_vec()),
            ("broken", b"MZ, and nothing else".to_vec()),
        ];
        for (name, bytes) in rows {
            check(name, &bytes, false);
            check(name, &bytes, true);
        }
    }
}
