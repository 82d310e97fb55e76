//! Passphrases, from a file or from the terminal. They are overwritten in memory when they are no longer needed.

use crate::failure::Failure;
use std::fs;
use std::path::Path;
use zeroize::Zeroizing;

pub(crate) type Passphrase = Zeroizing<String>;

const NO_TERMINAL: &str = "use --passphrase-file where there is no terminal";

/// The passphrase of an existing key.
pub(crate) fn of_key(key: &Path, file: Option<&Path>) -> Result<Passphrase, Failure> {
    match file {
        Some(file) => first_line(file),
        None => ask(&format!("Passphrase for {}: ", key.display())),
    }
}

/// A passphrase for new keys, asked for twice.
pub(crate) fn new(file: Option<&Path>) -> Result<Passphrase, Failure> {
    let passphrase = match file {
        Some(file) => first_line(file)?,
        None => {
            let first = ask("Passphrase for the new keys: ")?;
            if *ask("The same passphrase again: ")? != *first {
                return Err(Failure::failed("the two passphrases differ"));
            }
            first
        }
    };
    if passphrase.is_empty() {
        return Err(
            Failure::usage("the passphrase is empty").advise("use --no-passphrase for keys that are not encrypted")
        );
    }
    Ok(passphrase)
}

pub(crate) fn ask(prompt: &str) -> Result<Passphrase, Failure> {
    rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|error| {
        Failure::failed(format!("cannot ask for a passphrase on the terminal: {error}")).advise(NO_TERMINAL)
    })
}

pub(crate) fn first_line(file: &Path) -> Result<Passphrase, Failure> {
    let text = fs::read_to_string(file).map(Zeroizing::new).map_err(|error| Failure::file("read", file, &error))?;
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}
