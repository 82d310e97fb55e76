//! The words of a command line, read as getopt_long(3) reads them: bundled letters, `--name=value` and `--name value`, names cut
//! short, options before and after the operands, and `--`, after which there are operands only.

use super::options::KexecOption;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// One item of a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// An option, with its argument if it has one.
    Option(&'static KexecOption, Option<OsString>),
    /// Anything else.
    Operand(OsString),
}

/// Yields the items in their order. An error ends it.
#[derive(Debug)]
pub(super) struct Words<'a> {
    words: std::slice::Iter<'a, OsString>,
    /// What is left of a word of bundled letters.
    letters: &'a [u8],
    /// After `--`.
    operands_only: bool,
}

impl<'a> Words<'a> {
    pub(super) fn new(words: &'a [OsString]) -> Self {
        Self { words: words.iter(), letters: &[], operands_only: false }
    }

    fn word(&mut self) -> Option<Result<Item, String>> {
        let word = self.words.next()?;
        let bytes = word.as_bytes();
        if self.operands_only || bytes == b"-" || !bytes.starts_with(b"-") {
            return Some(Ok(Item::Operand(word.clone())));
        }
        match bytes.strip_prefix(b"--") {
            Some([]) => {
                self.operands_only = true;
                self.word()
            }
            Some(long) => Some(self.long(long)),
            None => {
                self.letters = bytes.strip_prefix(b"-").unwrap_or_default();
                self.letter()
            }
        }
    }

    fn long(&mut self, word: &[u8]) -> Result<Item, String> {
        let mut parts = word.splitn(2, |byte| *byte == b'=');
        let name = String::from_utf8_lossy(parts.next().unwrap_or_default());
        let option = KexecOption::by_name(&name)?;
        let typed = || format!("--{}", option.long);
        match (option.argument, parts.next()) {
            (None, Some(_)) => Err(format!("{} takes no argument", typed())),
            (None, None) => Ok(Item::Option(option, None)),
            (Some(_), Some(value)) => Ok(Item::Option(option, Some(OsStr::from_bytes(value).to_owned()))),
            (Some(what), None) => self.argument(option, &typed(), what),
        }
    }

    /// The next letter of a bundle; its argument is the rest of the word, or the next word.
    fn letter(&mut self) -> Option<Result<Item, String>> {
        let (letter, rest) = self.letters.split_first()?;
        self.letters = rest;
        let typed = format!("-{}", String::from_utf8_lossy(&[*letter]));
        let Some(option) = KexecOption::by_letter(*letter) else {
            return Some(Err(format!("there is no option {typed}")));
        };
        Some(match option.argument {
            None => Ok(Item::Option(option, None)),
            Some(what) if rest.is_empty() => self.argument(option, &typed, what),
            Some(_) => {
                self.letters = &[];
                Ok(Item::Option(option, Some(OsString::from_vec(rest.to_vec()))))
            }
        })
    }

    fn argument(&mut self, option: &'static KexecOption, typed: &str, what: &str) -> Result<Item, String> {
        let value = self.words.next().ok_or_else(|| format!("{typed} needs an argument: {what}"))?;
        Ok(Item::Option(option, Some(value.clone())))
    }
}

impl Iterator for Words<'_> {
    type Item = Result<Item, String>;

    fn next(&mut self) -> Option<Self::Item> {
        self.letter().or_else(|| self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The items as text: an option with its long name, an operand in angle brackets.
    fn items(line: &str) -> Result<String, String> {
        let words: Vec<_> = line.split(' ').map(OsString::from).collect();
        let items: Result<Vec<_>, _> = Words::new(&words).collect();
        let text = |item: &Item| match item {
            Item::Option(option, None) => option.long.to_owned(),
            Item::Option(option, Some(value)) => format!("{}={}", option.long, value.display()),
            Item::Operand(word) => format!("<{}>", word.display()),
        };
        items.map(|items| items.iter().map(text).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn words_are_read_as_getopt_reads_them() {
        let rows = [
            ("-l K", Ok("load <K>")),
            ("K -l", Ok("<K> load")),
            ("-al K", Ok("kexec-syscall-auto load <K>")),
            ("-lt bzImage K", Ok("load type=bzImage <K>")),
            ("-ltbzImage K", Ok("load type=bzImage <K>")),
            ("-?", Ok("help")),
            ("--append=a=b K", Ok("append=a=b <K>")),
            ("--append a=b K", Ok("append=a=b <K>")),
            ("--append --initrd K", Ok("append=--initrd <K>")),
            ("--append= K", Ok("append= <K>")),
            ("--comm x --ram=y", Ok("command-line=x ramdisk=y")),
            ("-l -- -K --append", Ok("load <-K> <--append>")),
            ("- -l", Ok("<-> load")),
            ("-lz K", Err("there is no option -z")),
            ("-l=K", Err("there is no option -=")),
            ("--load=K", Err("--load takes no argument")),
            ("--initrd", Err("--initrd needs an argument: FILE")),
            ("-t", Err("-t needs an argument: TYPE")),
            ("--=x", Err("")),
        ];
        for (line, wanted) in rows {
            match (items(line), wanted) {
                (Err(found), Err("")) => assert!(found.starts_with("-- could be --load, "), "{found}"),
                (found, wanted) => {
                    assert_eq!(found, wanted.map(ToOwned::to_owned).map_err(ToOwned::to_owned), "{line}");
                }
            }
        }
    }

    #[test]
    fn an_argument_need_not_be_utf8() {
        let words = [OsString::from_vec(b"--initrd=\xff".to_vec()), OsString::from_vec(b"\xfe".to_vec())];
        let items: Vec<_> = Words::new(&words).map(Result::unwrap).collect();
        let option = KexecOption::by_name("initrd").unwrap();
        let value = OsString::from_vec(b"\xff".to_vec());
        assert_eq!(items, [Item::Option(option, Some(value)), Item::Operand(OsString::from_vec(b"\xfe".to_vec()))]);
    }
}
