//! The administrator's policy, /etc/skexec/policy.conf: lines of `key = value`, as in TOML without tables.

use super::Root;
use super::files::read_system_file;
use crate::reason::{Finding, Reason};
use std::collections::BTreeMap;

/// Where it stands. There is none by default.
pub const PATH: &str = "/etc/skexec/policy.conf";

/// A value of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `true` or `false`.
    Flag(bool),
    /// `"text"`; neither quotes nor backslashes in it.
    Text(String),
    /// `["one", "two"]`, in one line; no commas in the texts.
    List(Vec<String>),
}

/// Keys and their values. What the keys mean is for those to say who ask for them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy(BTreeMap<String, Value>);

impl Policy {
    /// Reads the policy of this system; it must be root's.
    ///
    /// # Errors
    /// `policy-file`
    pub fn read(root: &Root) -> Result<Self, Finding> {
        let refused = |what: String| Finding::new(Reason::PolicyFile, format!("{PATH}: {what}"));
        let bytes = read_system_file(root, PATH).map_err(|error| refused(error.what))?;
        let text = String::from_utf8(bytes.unwrap_or_default()).map_err(|error| refused(error.to_string()))?;
        Self::parse(&text).map_err(refused)
    }

    /// Parses the text of a policy. A line that is not understood is an error: it may have been meant to forbid.
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
            if entries.insert(key.to_owned(), value).is_some() {
                return Err(wrong("the key is given again"));
            }
        }
        Ok(Self(entries))
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// The keys that are given, for whoever knows all that there are.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The texts of a key that is a list, none where it is not given.
    ///
    /// # Errors
    /// `policy-file`: it is no list.
    pub fn list(&self, key: &str) -> Result<&[String], Finding> {
        match self.get(key) {
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
    fn flags_texts_and_lists() {
        let policy =
            Policy::parse("# x\n\nunsigned = \"never\"\nstrict=true\nignore-revocations = [\"dbx\", \"a b\",]\n");
        let policy = policy.unwrap();
        assert_eq!(policy.get("unsigned"), Some(&Value::Text("never".to_owned())));
        assert_eq!(policy.get("strict"), Some(&Value::Flag(true)));
        assert_eq!(policy.list("ignore-revocations").unwrap(), ["dbx", "a b"]);
        assert!(policy.list("none").unwrap().is_empty() && policy.list("strict").is_err());
        assert_eq!(policy.keys().count(), 3);
        assert_eq!(Policy::parse("a = []").unwrap().list("a").unwrap().len(), 0);
    }

    #[test]
    fn a_line_that_is_not_understood_is_an_error() {
        let table = [
            "key",
            "= 1",
            "a = 1",
            "a = b",
            "a = \"b",
            "a = \"b\" # c",
            "a = [\"b\"",
            "a = [b]",
            "a = [\"b\" \"c\"]",
            "a = [,]",
            "a = [\"b\",,]",
            "A = true",
            "[table]",
            "a = true\na = true",
            "a = \"\\n\"",
        ];
        for text in table {
            assert!(Policy::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn it_must_be_roots() {
        let tree = Tree::new();
        assert_eq!(Policy::read(tree.root()).unwrap(), Policy::default());
        tree.write(PATH, "a = true\n");
        assert!(Policy::read(tree.root()).unwrap().get("a").is_some());
        tree.mode(PATH, 0o666);
        assert_eq!(Policy::read(tree.root()).unwrap_err().reason, Reason::PolicyFile);
    }
}
