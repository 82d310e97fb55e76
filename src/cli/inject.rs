//! The options that add files to the initrd.

use crate::authorize::{Credential, InitrdPath, Injection, Target, conflict};
use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser as _};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

/// What is added to the initrd in memory.
#[derive(Debug, Clone, Args)]
pub(super) struct InjectArgs {
    /// Add FILE to the initrd, in memory, as PATH there; may be repeated. Only root can read it there. FILE is a regular file or a
    /// pipe with at most 1 MiB, or - for standard input. No signature covers it
    #[arg(long, value_name = "PATH=FILE", value_parser = OsStringValueParser::new().try_map(injection))]
    inject: Vec<Injection>,
    /// Add FILE to the initrd in the same way, as the credential NAME of systemd; may be repeated. FILE may be encrypted
    /// (systemd-creds encrypt)
    #[arg(long, value_name = "NAME=FILE", value_parser = OsStringValueParser::new().try_map(credential))]
    credential: Vec<Injection>,
}

impl InjectArgs {
    /// All files, the credentials last.
    pub(super) fn all(&self) -> Vec<Injection> {
        self.inject.iter().chain(&self.credential).cloned().collect()
    }

    /// What no parser of one value can see.
    pub(super) fn check(&self) -> Result<(), String> {
        conflict(&self.all()).map_or(Ok(()), Err)
    }
}

fn injection(text: OsString) -> Result<Injection, String> {
    let (path, source) = halves(&text)?;
    Ok(Injection { target: Target::File(InitrdPath::parse(path)?), source })
}

fn credential(text: OsString) -> Result<Injection, String> {
    let (name, source) = halves(&text)?;
    Ok(Injection { target: Target::Credential(Credential::parse(name)?), source })
}

/// What stands before the first `=`, and the file behind it, whose name need not be UTF-8.
fn halves(text: &OsStr) -> Result<(&str, PathBuf), String> {
    let mut halves = text.as_bytes().splitn(2, |byte| *byte == b'=');
    match (halves.next(), halves.next()) {
        (Some(before), Some(file)) if !file.is_empty() => {
            let before = std::str::from_utf8(before).map_err(|_| "what stands before the = is not UTF-8")?;
            Ok((before, OsStr::from_bytes(file).into()))
        }
        _ => Err("the name of a file must follow the first =".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_equals_sign_divides() {
        let file = |path: &str, source: &[u8]| Injection {
            target: Target::File(InitrdPath::parse(path).unwrap()),
            source: OsStr::from_bytes(source).into(),
        };
        let rows: &[(&[u8], Result<Injection, &str>)] = &[
            (b"/etc/hostname=name", Ok(file("/etc/hostname", b"name"))),
            (b"/a=b=c", Ok(file("/a", b"b=c"))),
            (b"/a=\xff", Ok(file("/a", b"\xff"))),
            (b"/a=-", Ok(file("/a", b"-"))),
            (b"/a=", Err("the name of a file must follow the first =")),
            (b"/a", Err("the name of a file must follow the first =")),
            (b"", Err("the name of a file must follow the first =")),
            (b"\xff=a", Err("what stands before the = is not UTF-8")),
            (b"a=b", Err("the path in the initrd must begin with /")),
        ];
        for (text, wanted) in rows {
            assert_eq!(injection(OsStr::from_bytes(text).into()), wanted.clone().map_err(String::from), "{text:?}");
        }
        let name = credential("luks=key".into()).unwrap();
        assert_eq!(name.target, Target::Credential(Credential::parse("luks").unwrap()));
        assert_eq!(credential("a/b=key".into()).unwrap_err(), Credential::parse("a/b").unwrap_err());
    }
}
