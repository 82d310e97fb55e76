//! The property of manifests.

use skexec::image::cmdline::Cmdline;
use skexec::image::manifest::{Manifest, claimed_by};
use skexec::image::{Format, Parsed};
use skexec::reason::Reason;
use std::collections::BTreeMap;

/// The text of a manifest, a NUL, and a command line. A malformed text is refused with a line that it has; a manifest permits what it
/// binds; and a command line that it permits is, word by word, permitted by a matcher that was written another way.
pub fn manifest(input: &[u8]) {
    let (text, given) = match input.iter().position(|byte| *byte == 0) {
        Some(end) => (&input[..end], String::from_utf8_lossy(&input[end + 1..]).into_owned()),
        None => (input, String::new()),
    };
    let manifest = match Manifest::parse(text) {
        Ok(manifest) => manifest,
        Err(finding) => return has_its_line(text, finding.reason, &finding.detail),
    };
    assert!(claimed_by(text) && Parsed::new(text).format() == Format::Manifest);
    let kernel = manifest.kernel();
    assert!(manifest.check_kernel(kernel.size, &kernel.sha256).is_ok());
    assert!(manifest.check_initrd_count(manifest.initrds().len()).is_ok());
    for (place, bound) in manifest.initrds().iter().enumerate() {
        assert!(manifest.check_initrd(place, bound.size, &bound.sha256).is_ok());
        assert!(manifest.check_initrd(manifest.initrds().len(), bound.size, &bound.sha256).is_err());
    }
    assert!(manifest.check_cmdline(manifest.cmdline()).is_ok());
    let given = Cmdline::new(&given);
    let rows: BTreeMap<_, _> = manifest.vary().collect();
    let permitted = fixed(given.as_str(), &rows) == fixed(manifest.cmdline().as_str(), &rows);
    let controls = given.as_str().contains(char::is_control);
    assert_eq!(manifest.check_cmdline(&given).is_ok(), permitted && !controls, "{given:?}");
}

fn has_its_line(text: &[u8], reason: Reason, detail: &str) {
    assert_eq!(reason, Reason::Manifest);
    if let Some(rest) = detail.strip_prefix("line ") {
        let line: usize = rest.split_once(": ").unwrap().0.parse().unwrap();
        assert!((1..=text.split(|byte| *byte == b'\n').count()).contains(&line), "{detail}");
    }
}

/// The words that may not vary.
fn fixed(line: &str, rows: &BTreeMap<&str, Vec<&str>>) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        quoted ^= letter == '"';
        if letter.is_ascii_whitespace() && !quoted {
            words.push(String::new());
        } else {
            words.last_mut().unwrap().push(letter);
        }
    }
    words.retain(|word| !word.is_empty());
    let end = words.iter().position(|word| word.trim_matches('"') == "--").unwrap_or(words.len());
    let behind = words.split_off(end);
    words.retain(|word| !varies(word, rows));
    words.extend(behind);
    words
}

fn varies(word: &str, rows: &BTreeMap<&str, Vec<&str>>) -> bool {
    let odd = |letter: char| !matches!(letter, '!'..='~') || "\"'\\".contains(letter);
    let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
    let patterns = rows.get(name).map(Vec::as_slice).unwrap_or_default();
    !word.contains(odd)
        && patterns.iter().any(|pattern| match value {
            None => pattern.is_empty(),
            Some(value) => !pattern.is_empty() && matches(pattern.as_bytes(), value.as_bytes()),
        })
}

/// Follows every place of the pattern at the same time, byte by byte.
fn matches(pattern: &[u8], value: &[u8]) -> bool {
    let tokens = tokens(pattern);
    let mut places = vec![false; tokens.len() + 1];
    places[0] = true;
    skip_stars(&tokens, &mut places);
    for byte in value {
        let mut next = vec![false; tokens.len() + 1];
        for (place, token) in tokens.iter().enumerate().filter(|(place, _)| places[*place]) {
            match token {
                [b'*'] => next[place] = true,
                _ if takes(token, *byte) => next[place + 1] = true,
                _ => {}
            }
        }
        places = next;
        skip_stars(&tokens, &mut places);
    }
    places[tokens.len()]
}

fn tokens(mut pattern: &[u8]) -> Vec<&[u8]> {
    let mut tokens = Vec::new();
    while !pattern.is_empty() {
        let length = if pattern[0] == b'[' { pattern.iter().position(|byte| *byte == b']').unwrap() + 1 } else { 1 };
        let (token, rest) = pattern.split_at(length);
        tokens.push(token);
        pattern = rest;
    }
    tokens
}

fn skip_stars(tokens: &[&[u8]], places: &mut [bool]) {
    for (place, token) in tokens.iter().enumerate() {
        places[place + 1] |= places[place] && *token == b"*";
    }
}

fn takes(token: &[u8], byte: u8) -> bool {
    match token {
        [b'?'] => true,
        [b'[', inside @ .., b']'] => {
            let mut inside = inside;
            while let [first, rest @ ..] = inside {
                let (last, left) = match rest {
                    [b'-', last, left @ ..] => (last, left),
                    _ => (first, rest),
                };
                if (*first..=*last).contains(&byte) {
                    return true;
                }
                inside = left;
            }
            false
        }
        other => *other == [byte],
    }
}
