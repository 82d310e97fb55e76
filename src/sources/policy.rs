//! The administrator's policy, /etc/skexec/policy.conf: lines of `key = value`, as in TOML without tables.

use super::Root;
use super::files::read_system_file;
use crate::reason::{Finding, Reason};
use std::collections::BTreeMap;

/// The path of the policy. By default there is no policy.
pub const PATH: &str = "/etc/skexec/policy.conf";

/// The key for names of revocation lists that may be unreadable. A list that can be read counts in any case.
pub const IGNORE_REVOCATIONS: &str = "ignore-revocations";
/// The key for unsigned kernels: `"never"`, or `"if-not-enforced"`, which has the effect of `--insecure-unsigned` on every load.
pub const UNSIGNED: &str = "unsigned";

/// A value of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `true` or `false`.
    Flag(bool),
    /// `"text"`, without quotes or backslashes in it.
    Text(String),
    /// `["one", "two"]`, in one line, without commas in the texts.
    List(Vec<String>),
}

/// Keys and their values. The code that asks for a key decides what it means.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy(BTreeMap<String, Value>);

impl Policy {
    /// Reads the policy of this system; the file must belong to root.
    ///
    /// # Errors
    /// `policy-file`
    pub fn read(root: &Root) -> Result<Self, Finding> {
        let refused = |what: String| Finding::new(Reason::PolicyFile, format!("{PATH}: {what}"));
        let bytes = read_system_file(root, PATH).map_err(|error| refused(error.what))?;
        let text = String::from_utf8(bytes.unwrap_or_default()).map_err(|error| refused(error.to_string()))?;
        Self::parse(&text).map_err(refused)
    }

    /// Parses the text of a policy. A line that cannot be parsed is an error, because it may have been meant to forbid something.
    ///
    /// # Errors
    /// The line's number, and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut entries = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            let wrong = |what: &str| format!("line {}: {what}", index + 1);
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, value) = line.split_once('=').ok_or_else(|| wrong("no key = value"))?;
            let key = key.trim();
            if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') {
                return Err(wrong("a key is made of lower-case letters and hyphens"));
            }
            let value = parse_value(value.trim())
                .ok_or_else(|| wrong("a value is true, false, \"text\" or [\"text\", ...], and nothing after it"))?;
            if ![IGNORE_REVOCATIONS, UNSIGNED].contains(&key) {
                return Err(wrong("no such key"));
            }
            if entries.insert(key.to_owned(), value).is_some() {
                return Err(wrong("the key is given again"));
            }
        }
        Ok(Self(entries))
    }

    /// Whether unsigned kernels are permitted while the running kernel does not enforce signatures.
    ///
    /// # Errors
    /// `policy-file`: it is neither `"never"` nor `"if-not-enforced"`.
    pub fn waives_unsigned(&self) -> Result<bool, Finding> {
        match self.0.get(UNSIGNED) {
            None => Ok(false),
            Some(Value::Text(text)) if text == "never" => Ok(false),
            Some(Value::Text(text)) if text == "if-not-enforced" => Ok(true),
            Some(_) => {
                let wanted = format!("{PATH}: {UNSIGNED} is \"never\" or \"if-not-enforced\"");
                Err(Finding::new(Reason::PolicyFile, wanted))
            }
        }
    }

    /// The texts of a key that holds a list; empty if the key is absent.
    ///
    /// # Errors
    /// `policy-file`: the value is not a list.
    pub fn list(&self, key: &str) -> Result<&[String], Finding> {
        match self.0.get(key) {
            None => Ok(&[]),
            Some(Value::List(texts)) => Ok(texts),
            Some(_) => Err(Finding::new(Reason::PolicyFile, format!("{PATH}: {key} is no list"))),
        }
    }
}

fn parse_value(text: &str) -> Option<Value> {
    match text {
        "true" => Some(Value::Flag(true)),
        "false" => Some(Value::Flag(false)),
        _ => match text.strip_prefix('[') {
            None => parse_text(text).map(Value::Text),
            Some(rest) => parse_list(rest.strip_suffix(']')?).map(Value::List),
        },
    }
}

fn parse_list(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Vec::new());
    }
    // One comma may follow the last text.
    text.strip_suffix(',').unwrap_or(text).split(',').map(|part| parse_text(part.trim())).collect()
}

fn parse_text(text: &str) -> Option<String> {
    let text = text.strip_prefix('"')?.strip_suffix('"')?;
    (!text.contains(['"', '\\'])).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::testing::Tree;
    use super::*;

    #[test]
    fn what_may_be_said() {
        let policy = Policy::parse("# x\n\nunsigned = \"never\"\nignore-revocations = [\"dbx\", \"a b\",]\n").unwrap();
        assert!(!policy.waives_unsigned().unwrap());
        assert_eq!(policy.list(IGNORE_REVOCATIONS).unwrap(), ["dbx", "a b"]);
        let policy = Policy::parse("unsigned=\"if-not-enforced\"\nignore-revocations=[]").unwrap();
        assert!(policy.waives_unsigned().unwrap() && policy.list(IGNORE_REVOCATIONS).unwrap().is_empty());
        let policy = Policy::parse("").unwrap();
        assert!(!policy.waives_unsigned().unwrap() && policy.list(IGNORE_REVOCATIONS).unwrap().is_empty());
        let policy = Policy::parse("unsigned = true\nignore-revocations = true").unwrap();
        assert!(policy.waives_unsigned().is_err() && policy.list(IGNORE_REVOCATIONS).is_err());
    }

    #[test]
    fn a_line_that_is_not_understood_is_an_error() {
        let table = [
            "key",
            "= 1",
            "other = true",
            "unsigned = 1",
            "unsigned = b",
            "unsigned = \"b",
            "unsigned = \"b\" # c",
            "unsigned = [\"b\"",
            "unsigned = [b]",
            "unsigned = [\"b\" \"c\"]",
            "unsigned = [,]",
            "unsigned = [\"b\",,]",
            "A = true",
            "[table]",
            "unsigned = true\nunsigned = true",
            "unsigned = \"\\n\"",
        ];
        for text in table {
            assert!(Policy::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn it_must_be_roots() {
        let tree = Tree::new();
        assert_eq!(Policy::read(tree.root()).unwrap(), Policy::default());
        tree.write(PATH, "unsigned = true\n");
        assert!(Policy::read(tree.root()).unwrap() != Policy::default());
        tree.mode(PATH, 0o666);
        assert_eq!(Policy::read(tree.root()).unwrap_err().reason, Reason::PolicyFile);
    }
}
