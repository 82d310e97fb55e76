//! The kernel of a UKI whose `.linux` is larger in memory than in the file.
//!
//! Since version 257, ukify writes the kernel's `SizeOfImage` as `VirtualSize` (`src/ukify/ukify.py`, `make_uki`): a kernel that the
//! stub runs in place finds the memory there that it needs. The length of the kernel's file is then stated by its own headers alone.

use super::super::pe::{self, Pe, Section};
use std::ops::Range;

/// Where the kernel's file lies. It ends with its certificate table, as every verifier demands of a signed file; only zeros may
/// follow, which align the section in the file. A kernel without such a table has all bytes of the section.
///
/// # Errors
/// Why the section holds no kernel for whose `SizeOfImage` the memory is meant.
pub(super) fn content(bytes: &[u8], section: &Section) -> Result<Range<usize>, String> {
    let raw = bytes.get(section.raw.clone()).unwrap_or_default();
    let stated = pe::stated_end(raw).map_err(|finding| finding.to_string())?;
    let (file, padding) = raw
        .split_at_checked(stated.unwrap_or(raw.len()))
        .ok_or_else(|| format!("the certificate table of the kernel ends at {:#x}", stated.unwrap_or_default()))?;
    if let Some(at) = padding.iter().position(|byte| *byte != 0) {
        let at = file.len().saturating_add(at);
        return Err(format!("the kernel ends at {:#x}, but the byte at {at:#x} is not zero", file.len()));
    }
    let needed = Pe::parse(file).map_err(|finding| finding.to_string())?.image_size;
    if section.virtual_size < needed {
        return Err(format!("SizeOfImage of the kernel is {needed:#x}"));
    }
    Ok(section.raw.start..section.raw.start.saturating_add(file.len()))
}

#[cfg(test)]
mod tests;
