//! `skexec complete`: the words that the completions of shells offer and only this machine knows. Nothing is verified, and what cannot
//! be read is left out without a word, because it would stand in the middle of a line that somebody types.

use super::args::{CompleteArgs, Subject};
use super::output::Output;
use crate::entries;
use crate::image::Parsed;
use crate::reason::Exit;
use crate::sealed::Sealed;
use crate::system::System;
use std::path::Path;

/// The largest file that is looked into while somebody waits for a word: UKIs are smaller.
const MOST_BYTES: u64 = 512 << 20;

pub(super) fn run(system: System<'_>, args: &CompleteArgs, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let words = match args.subject {
        Subject::Entries => entries::ids(system.root),
        Subject::Versions => entries::versions(system.root),
        Subject::Profiles => args.words.iter().find_map(|path| profiles(path)).unwrap_or_default(),
    };
    // Shells part words at blanks, and a name from a foreign partition may hold anything.
    for word in words.iter().filter(|word| word.bytes().all(is_plain)) {
        output.fact(word)?;
    }
    Ok(Exit::Done)
}

/// The profiles of a UKI, by their IDs, else by their numbers; nothing where the word names none.
fn profiles(path: &Path) -> Option<Vec<String>> {
    if !path.is_file() {
        return None;
    }
    let sealed = Sealed::read_at_most(path, MOST_BYTES).ok()?;
    let file = Parsed::new(sealed.bytes());
    let profiles = &file.uki()?.ok()?.profiles;
    Some(
        profiles.iter().enumerate().map(|(number, own)| own.id.clone().unwrap_or_else(|| number.to_string())).collect(),
    )
}

/// Whether a shell takes the letter as it stands.
const fn is_plain(letter: u8) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, b'.' | b'_' | b'-' | b'+' | b'@' | b':' | b'~' | b'=' | b',')
}
