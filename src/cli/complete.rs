//! `skexec complete`: the words that the completions of shells offer and only this machine knows. Nothing is verified, and what cannot
//! be read is left out without a word, because it would stand in the middle of a line that somebody types.

use super::args::{CompleteArgs, Subject};
use super::output::Output;
use crate::entries;
use crate::reason::Exit;
use crate::system::System;

pub(super) fn run(system: System<'_>, args: &CompleteArgs, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let words = match args.subject {
        Subject::Entries => entries::ids(system.root),
        Subject::Versions => entries::versions(system.root),
    };
    // Shells part words at blanks, and a name from a foreign partition may hold anything.
    for word in words.iter().filter(|word| word.bytes().all(is_plain)) {
        output.fact(word)?;
    }
    Ok(Exit::Done)
}

/// Whether a shell takes the letter as it stands.
const fn is_plain(letter: u8) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, b'.' | b'_' | b'-' | b'+' | b'@' | b':' | b'~' | b'=' | b',')
}
