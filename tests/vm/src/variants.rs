//! Copies of a signed kernel that must be refused.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::authority::Authority;
use crate::fetch::Tools;

/// One kernel and its manipulated copies.
#[derive(Debug)]
pub(crate) struct Variants {
    pub(crate) flipped: PathBuf,
    pub(crate) unsigned: PathBuf,
    pub(crate) stranger: PathBuf,
    pub(crate) truncated: PathBuf,
    /// Signed by the authority whose certificate is in `db`.
    pub(crate) owner: PathBuf,
}

impl Variants {
    pub(crate) fn of(
        image: &Path,
        into: &Path,
        owner: &Authority,
        stranger: &Authority,
        tools: &Tools,
    ) -> Result<Self> {
        let bytes = fs::read(image)?;
        let variants = Self {
            flipped: into.join("flipped"),
            unsigned: into.join("unsigned"),
            stranger: into.join("stranger"),
            truncated: into.join("truncated"),
            owner: into.join("owner"),
        };
        fs::write(&variants.flipped, flipped(&bytes))?;
        write_unsigned(image, &variants.unsigned)?;
        fs::write(&variants.truncated, &bytes[..bytes.len() / 2])?;
        stranger.sign(&variants.unsigned, &variants.stranger, tools)?;
        owner.sign(&variants.unsigned, &variants.owner, tools)?;
        Ok(variants)
    }
}

pub(crate) fn write_unsigned(image: &Path, copy: &Path) -> Result<()> {
    let unsigned = without_signature(&fs::read(image)?).with_context(|| image.display().to_string())?;
    fs::write(copy, unsigned).with_context(|| copy.display().to_string())
}

/// One bit, in the middle of the compressed kernel.
fn flipped(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    bytes
}

/// Cuts the certificate table off a PE32+ file and clears the directory entry that points to it.
fn without_signature(bytes: &[u8]) -> Result<Vec<u8>> {
    let number = |at: usize| -> Result<usize> {
        let field = bytes.get(at..at + 4).context("not a whole PE file")?;
        Ok(usize::try_from(u32::from_le_bytes(field.try_into()?))?)
    };
    let optional_header = number(0x3c)? + 24;
    let entry = optional_header + 112 + 4 * 8;
    let (table, size) = (number(entry)?, number(entry + 4)?);
    ensure!(size > 0, "it is not signed");
    ensure!(table + size == bytes.len(), "its certificate table does not end it");
    let mut bytes = bytes[..table].to_vec();
    bytes[entry..entry + 8].fill(0);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_cut_off_and_forgotten() {
        let mut signed = vec![7; 0x400];
        signed[0x3c..0x40].copy_from_slice(&0x40_u32.to_le_bytes());
        let entry = 0x40 + 24 + 112 + 32;
        signed[entry..entry + 4].copy_from_slice(&0x300_u32.to_le_bytes());
        signed[entry + 4..entry + 8].copy_from_slice(&0x100_u32.to_le_bytes());
        let unsigned = without_signature(&signed).expect("signed");
        assert_eq!(unsigned.len(), 0x300);
        assert_eq!(unsigned[entry..entry + 8], [0; 8]);
        assert!(without_signature(&unsigned).is_err());
    }
}
