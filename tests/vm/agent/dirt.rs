//! Files that are written while the machine is left: those that were synced must be whole afterwards.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// The size of the file that is written over and over, and never synced.
const MOST_DIRTY: u64 = 16 << 20;
const PIECE: usize = 256 << 10;
/// So that the disk is not full before the jump.
const PAUSE: Duration = Duration::from_millis(20);

pub(crate) fn write(directory: &Path) -> Result<ExitCode> {
    let mut open = File::create(directory.join("open"))?;
    for number in 1.. {
        let mut file = File::create(directory.join(number.to_string()))?;
        file.write_all(&content(number))?;
        file.sync_all()?;
        // The name must be on the disk, too.
        File::open(directory)?.sync_all()?;
        // One write, so that the words of another writer do not come between.
        let said = format!("synced {} {number};\n", directory.display());
        std::io::stdout().write_all(said.as_bytes())?;
        if open.stream_position()? > MOST_DIRTY {
            open.seek(SeekFrom::Start(0))?;
        }
        open.write_all(&vec![number.to_le_bytes()[0]; PIECE])?;
        thread::sleep(PAUSE);
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn check(directory: &Path, count: u64) -> Result<ExitCode> {
    for number in 1..=count {
        let path = directory.join(number.to_string());
        let found = fs::read(&path).with_context(|| path.display().to_string())?;
        ensure!(found == content(number), "{} is not what was synced", path.display());
    }
    println!("{count} files are whole");
    Ok(ExitCode::SUCCESS)
}

/// Bytes that no other file has, of a length from 1 to 64 KiB.
fn content(number: u64) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let length = usize::try_from(state >> 48).unwrap_or_default() + 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}
