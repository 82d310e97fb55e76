//! The words of kexec-tools' command line against a reader of its own.

use skexec::cli::{KexecOption, kexec_asked, kexec_items, kexec_options};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Options by their long names, and operands.
type Items = Vec<(Option<&'static str>, OsString)>;

/// The words stand between NULs. They are read as getopt_long(3) reads them; a load is asked for only with one operand, which is its
/// kernel, and nothing is unloaded, booted or loaded for a crash unless an option for that is among the words.
pub fn words(input: &[u8]) {
    let words: Vec<_> = input.split(|byte| *byte == 0).map(|word| OsString::from_vec(word.to_vec())).collect();
    let (items, asked) = (kexec_items(&words), kexec_asked(&words));
    match read(&words) {
        Some(wanted) => assert_eq!(items.as_ref(), Ok(&wanted), "{words:?}"),
        None => assert!(items.is_err(), "{words:?}: {items:?}"),
    }
    let Ok(items) = items else {
        // What is answered at once counts before the fault.
        return;
    };
    let has = |names: &[&str]| items.iter().any(|(name, _)| name.is_some_and(|name| names.contains(&name)));
    let operands: Vec<_> = items.iter().filter(|(name, _)| name.is_none()).collect();
    let Ok(asked) = asked else { return };
    let Some(call) = asked.strip_prefix("Call(") else {
        assert!(has(&["help", "version", "print-ckr-size", "status"]), "{words:?}: {asked}");
        return;
    };
    if let Some((_, load)) = call.split_once("load: Some(Load { kernel: ") {
        assert!(operands.len() == 1 && load.starts_with(&format!("{:?},", operands[0].1)), "{words:?}: {asked}");
    }
    assert!(!call.starts_with("Call { unload: true") || has(&["unload"]), "{words:?}: {asked}");
    assert!(!call.contains("then: Jump, panic") || has(&["exec", "force"]), "{words:?}: {asked}");
    assert!(!call.contains(", panic: true,") || has(&["load-panic"]), "{words:?}: {asked}");
}

/// The words as getopt_long reads them; nothing for what it refuses.
fn read(words: &[OsString]) -> Option<Items> {
    let mut items = Vec::new();
    let mut index = 0;
    while index < words.len() {
        let word = words[index].as_bytes();
        index += 1;
        if word == b"--" {
            items.extend(words[index..].iter().map(|word| (None, word.clone())));
            return Some(items);
        }
        if let Some(long) = word.strip_prefix(b"--") {
            let end = long.iter().position(|byte| *byte == b'=').unwrap_or(long.len());
            let option = by_name(&long[..end])?;
            let value = match (option.argument, long.get(end + 1..)) {
                (None, Some(_)) => return None,
                (None, None) => OsString::new(),
                (Some(_), Some(value)) => OsStr::from_bytes(value).to_owned(),
                (Some(_), None) => {
                    index += 1;
                    words.get(index - 1)?.clone()
                }
            };
            items.push((Some(option.long), value));
        } else if word.len() > 1 && word[0] == b'-' {
            let mut at = 1;
            while at < word.len() {
                let letter = if word[at] == b'?' { b'h' } else { word[at] };
                let known =
                    |option: &&KexecOption| option.short.is_some_and(|short| u32::from(short) == u32::from(letter));
                let option = kexec_options().iter().find(known)?;
                at += 1;
                let mut value = OsString::new();
                if option.argument.is_some() {
                    value = OsStr::from_bytes(&word[at..]).to_owned();
                    if value.is_empty() {
                        value = words.get(index)?.clone();
                        index += 1;
                    }
                    at = word.len();
                }
                items.push((Some(option.long), value));
            }
        } else {
            items.push((None, words[index - 1].clone()));
        }
    }
    Some(items)
}

/// The option with this name, or the only one that begins so.
fn by_name(name: &[u8]) -> Option<&'static KexecOption> {
    let begins = |option: &&KexecOption| option.long.as_bytes().starts_with(name);
    let exact = kexec_options().iter().find(|option| option.long.as_bytes() == name);
    let mut begun = kexec_options().iter().filter(begins);
    exact.or_else(|| begun.next().filter(|_| begun.next().is_none()))
}
