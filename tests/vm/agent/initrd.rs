//! Large initrds, made in the guest because they are too large to be copied there.

use std::fs::{self, File};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

/// A "newc" archive of one file, `big`, of so many MiB. If it is to come behind another file, both files together have that size.
pub(crate) fn big(path: &Path, mib: u64, behind: Option<&Path>, sparse: bool) -> Result<ExitCode> {
    let whole = mib << 20;
    let size = match behind {
        None => whole,
        Some(first) => content_behind(whole, fs::metadata(first)?.len())
            .with_context(|| format!("{} has more than {mib} MiB by itself", first.display()))?,
    };
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(&entry("big", 0o100_644, u32::try_from(size)?))?;
    if sparse {
        file.seek(SeekFrom::Current(i64::try_from(size)?))?;
    } else {
        fill(&mut file, size)?;
    }
    file.write_all(&entry("TRAILER!!!", 0, 0))?;
    file.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The bytes of `big` with which its archive fills up what the first file leaves of the whole.
fn content_behind(whole: u64, first: u64) -> Option<u64> {
    let headers = [entry("big", 0, 0), entry("TRAILER!!!", 0, 0)];
    headers
        .iter()
        .try_fold(whole.checked_sub(first)?, |left, header| left.checked_sub(u64::try_from(header.len()).ok()?))
}

/// Every eight bytes hold their own index, multiplied by a constant, so that no page equals another.
fn fill(file: &mut impl Write, size: u64) -> Result<()> {
    for number in 0..size / 8 {
        file.write_all(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes())?;
    }
    for _ in 0..size % 8 {
        file.write_all(&[0])?;
    }
    Ok(())
}

fn entry(name: &str, mode: u32, size: u32) -> Vec<u8> {
    let name_size = u32::try_from(name.len() + 1).unwrap_or(0);
    // ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check
    let fields = [1, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name_size, 0];
    let mut bytes = b"070701".to_vec();
    bytes.extend(fields.iter().flat_map(|field| format!("{field:08x}").into_bytes()));
    bytes.extend(name.bytes().chain([0]));
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}
