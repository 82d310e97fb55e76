//! The text of a manifest, which is TOML.

use super::vary::{Pattern, Vary, is_name};
use super::{Bound, Cmdline, MAX_INITRDS, MAX_SIZE, Manifest, claimed_by};
use crate::hex;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;

/// The version of the format.
const FORMAT: u64 = 1;
/// The longest name of a boot, in bytes.
const MAX_NAME: usize = 64;
/// The longest file name, in bytes (`NAME_MAX`).
const MAX_FILE_NAME: usize = 255;
/// The most patterns of one parameter.
const MAX_PATTERNS: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    manifest: Spanned<u64>,
    name: Spanned<String>,
    version: Spanned<u64>,
    cmdline: Spanned<String>,
    kernel: File,
    #[serde(default)]
    initrd: Vec<Spanned<File>>,
    #[serde(default)]
    vary: BTreeMap<String, Spanned<Vec<Spanned<String>>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    sha256: Spanned<String>,
    size: Spanned<u64>,
    file: Option<Spanned<String>>,
}

/// What is wrong, and the bytes where it is.
type Fault = (Range<usize>, String);

/// Parses the text.
///
/// # Errors
/// The number of the line and what is wrong there.
pub(super) fn parse(bytes: &[u8]) -> Result<Manifest, String> {
    if bytes.len() > MAX_SIZE {
        return Err(format!("it has {} bytes; the limit is {MAX_SIZE}", bytes.len()));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = line_of(bytes, error.valid_up_to());
        format!("line {line}: the text is not UTF-8")
    })?;
    if !claimed_by(bytes) {
        return Err(format!("the first line that is neither blank nor a comment must be `manifest = {FORMAT}`"));
    }
    let text: Text = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(bytes, span.start));
        format!("line {line}: {}", error.message())
    })?;
    checked(text).map_err(|(span, what)| format!("line {}: {what}", line_of(bytes, span.start)))
}

/// The number of the line that this byte is in, counted from 1.
fn line_of(bytes: &[u8], offset: usize) -> usize {
    let before = bytes.get(..offset).unwrap_or(bytes);
    before.iter().filter(|byte| **byte == b'\n').count().saturating_add(1)
}

fn checked(text: Text) -> Result<Manifest, Fault> {
    let Text { manifest, name, version, cmdline, kernel, initrd, vary } = text;
    let format = *manifest.get_ref();
    demand(&manifest, format == FORMAT, || format!("format {format} is not known; this skexec knows format {FORMAT}"))?;
    let usual = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let fits = (1..=MAX_NAME).contains(&name.get_ref().len()) && name.get_ref().bytes().all(usual);
    demand(&name, fits, || format!("a name consists of 1 to {MAX_NAME} of the characters A-Z a-z 0-9 . _ -"))?;
    demand(&version, *version.get_ref() >= 1, || "the least version is 1".into())?;
    let controls = cmdline.get_ref().contains(char::is_control);
    demand(&cmdline, !controls, || "the command line contains a control character".into())?;
    if let Some(beyond) = initrd.get(MAX_INITRDS) {
        demand(beyond, false, || format!("a manifest binds at most {MAX_INITRDS} initrds"))?;
    }
    Ok(Manifest {
        name: name.into_inner(),
        version: version.into_inner(),
        kernel: bound(kernel)?,
        initrds: initrd.into_iter().map(|file| bound(file.into_inner())).collect::<Result<_, _>>()?,
        cmdline: Cmdline::new(cmdline.get_ref()),
        vary: patterns(vary)?,
    })
}

fn demand<T>(at: &Spanned<T>, fulfilled: bool, what: impl FnOnce() -> String) -> Result<(), Fault> {
    if fulfilled { Ok(()) } else { Err((at.span(), what())) }
}

fn bound(File { sha256, size, file }: File) -> Result<Bound, Fault> {
    let digest = hex::decode(sha256.get_ref()).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let digest = digest.ok_or_else(|| (sha256.span(), "a SHA-256 has 64 hexadecimal digits".to_owned()))?;
    demand(&size, *size.get_ref() > 0, || "a file of 0 bytes cannot be loaded".into())?;
    if let Some(file) = &file {
        demand(file, is_plain(file.get_ref()), || "a file is named by its name alone, without a directory".into())?;
    }
    Ok(Bound { sha256: digest, size: size.into_inner(), file: file.map(Spanned::into_inner) })
}

/// Whether this names a file in the directory of the manifest.
fn is_plain(name: &str) -> bool {
    (1..=MAX_FILE_NAME).contains(&name.len()) && ![".", ".."].contains(&name) && !name.contains(is_odd)
}

fn is_odd(letter: char) -> bool {
    letter == '/' || letter.is_control()
}

fn patterns(rows: BTreeMap<String, Spanned<Vec<Spanned<String>>>>) -> Result<Vary, Fault> {
    let mut vary = BTreeMap::new();
    for (name, texts) in rows {
        demand(&texts, is_name(&name), || format!("{name:?} cannot be the name of a parameter that varies"))?;
        let fits = (1..=MAX_PATTERNS).contains(&texts.get_ref().len());
        demand(&texts, fits, || format!("a parameter that varies has 1 to {MAX_PATTERNS} patterns"))?;
        let parse = |text: &Spanned<String>| Pattern::parse(text.get_ref()).map_err(|what| (text.span(), what));
        vary.insert(name, texts.get_ref().iter().map(parse).collect::<Result<_, _>>()?);
    }
    Ok(Vary::new(vary))
}
