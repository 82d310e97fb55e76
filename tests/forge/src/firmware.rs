//! The answers of UEFI firmware to the forged files: `tests/data/oracle/firmware.tsv`, which `cargo xtask oracle --firmware
//! --record` writes. The firmware was asked to load each file (`LoadImage`) under Secure Boot, with [`crate::db_esl`] and
//! [`crate::dbx_esl`] as its db and dbx.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::{fs, io};

use crate::bundles::bundles;
use crate::cases::{Expect, cases};
use crate::hash::Hash;

pub const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/oracle/firmware.tsv");

const HEAD: &str = "# What OVMF's LoadImage answered under Secure Boot: loads or refuses. See docs/oracle.md.\n\
                    # Written by `cargo xtask oracle --firmware --record`; not to be edited.\n\
                    # file\tsha256\tanswer\n";
const LOADS: &str = "loads";
const REFUSES: &str = "refuses";

/// Kernels that skexec and Linux 6.12 trust, and that OVMF was seen not to load. Why it does not was not examined.
pub const LIMITS: [&str; 15] = [
    "A048_p7_no_certs_signer_in_db",
    "A050_p7_no_certs_signer_is_ca_in_db",
    "A103_p7_hash_si512_img256",
    "A112_p7_p256",
    "A113_p7_p384",
    "A114_p7_p521",
    "D024_dirs_5",
    "D084_chain_of_4",
    "D097_p256_sha512",
    "D097_p384_sha256",
    "D097_p521_sha256",
    "E_hash_si256_img384",
    "E_intermediate_p256",
    "E_only_stranger_in_bag",
    "E_selfsigned_not_in_bag",
];

/// A file that the firmware is asked about.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The case; for a boot of several files, the folder and the file.
    pub name: String,
    pub image: Vec<u8>,
    /// skexec refuses the boot that the file is part of.
    pub refused: bool,
}

impl Asked {
    #[must_use]
    pub fn sha256(&self) -> String {
        Hash::Sha256.of(&self.image).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The firmware's answer about one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The SHA-256 of the file: a different file of that name has no answer.
    pub sha256: String,
    pub loads: bool,
}

/// By the file's name.
pub type Answers = BTreeMap<String, Answer>;

/// Every file that is no hazard, once: the cases, then the EFI programs of the bundles.
#[must_use]
pub fn asked() -> Vec<Asked> {
    let cases = cases().into_iter().filter(|case| !case.hazard).map(|case| Asked {
        refused: matches!(case.skexec, Expect::Reject(_)),
        name: case.name,
        image: case.image,
    });
    let bundles = bundles().iter().flat_map(|bundle| {
        let programs = bundle.files.iter().filter(|(name, _)| name.ends_with(".efi"));
        programs.map(|(name, image)| Asked {
            name: format!("{}/{name}", bundle.name),
            image: image.clone(),
            refused: bundle.load.is_some(),
        })
    });
    // Many bundles have the same image, and differ in what is beside it.
    let mut known = BTreeSet::new();
    cases.chain(bundles).filter(|asked| known.insert((asked.sha256(), asked.refused))).collect()
}

/// # Errors
/// The line that cannot be parsed.
pub fn parse(text: &str) -> Result<Answers, String> {
    let row = |line: &str| {
        let [name, sha256, answer] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
        let loads = answer == LOADS;
        (loads || answer == REFUSES).then(|| (name.to_owned(), Answer { sha256: sha256.to_owned(), loads }))
    };
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| row(line).ok_or_else(|| format!("firmware.tsv: {line:?}"))).collect()
}

#[must_use]
pub fn text(answers: &Answers) -> String {
    let mut text = HEAD.to_owned();
    for (name, Answer { sha256, loads }) in answers {
        writeln!(text, "{name}\t{sha256}\t{}", if *loads { LOADS } else { REFUSES }).unwrap();
    }
    text
}

/// # Errors
/// Why the file cannot be written.
pub fn write(answers: &Answers) -> io::Result<()> {
    fs::write(PATH, text(answers))
}

/// The table as it is committed.
#[must_use]
pub fn recorded() -> Answers {
    parse(&fs::read_to_string(PATH).unwrap()).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let answer = |loads| Answer { sha256: "ab".to_owned(), loads };
        let answers = [("A1".to_owned(), answer(true)), ("b/boot.efi".to_owned(), answer(false))].into();
        assert_eq!(parse(&text(&answers)), Ok(answers));
    }

    #[test]
    fn a_line_that_says_something_else_is_an_error() {
        for line in ["A1\tab\tyes", "A1\tab", "A1\tab\tloads\tloads", ""] {
            assert!(parse(&format!("{line}\n")).is_err(), "{line}");
        }
    }
}
