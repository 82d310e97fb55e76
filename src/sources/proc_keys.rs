//! The lines of /proc/keys (Documentation/security/keys/core.rst).

/// A key or a keyring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// Eight hexadecimal digits.
    pub(crate) permissions: &'a str,
    /// At most nine characters, as wide as the column is: `asymmetri`.
    pub(crate) kind: &'a str,
    /// The description that the key's type gives.
    pub(crate) description: &'a str,
}

/// Parses all lines. A malformed line gives a key with an empty kind.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.lines().map(|line| {
        // Serial number, flags, usage, timeout, permissions, user, group, type.
        let mut rest = line;
        let mut fields = [""; 8];
        for field in &mut fields {
            (*field, rest) = split_word(rest);
        }
        Line { permissions: fields[4], kind: fields[7], description: rest }
    })
}

/// Parses a keyring's description, `.platform: 3` or `.blacklist: empty`, into its name and its number of keys.
pub(crate) fn ring(description: &str) -> Option<(&str, usize)> {
    let (name, count) = description.rsplit_once(": ")?;
    Some((name, if count == "empty" { 0 } else { count.parse().ok()? }))
}

fn split_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_fields_and_a_description() {
        let text = "135de38c I------     1 perm 0f0b0000     0     0 keyring   .blacklist: empty\njunk\n\n";
        let wanted = Line { permissions: "0f0b0000", kind: "keyring", description: ".blacklist: empty" };
        let found: Vec<_> = lines(text).collect();
        assert_eq!(found[0], wanted);
        assert!(found[1..].iter().all(|line| line.kind.is_empty()));
    }

    #[test]
    fn rings_have_a_name_and_a_count() {
        let table = [
            (".platform: 3", Some((".platform", 3))),
            (".a: b: empty", Some((".a: b", 0))),
            (".x", None),
            (".x: y", None),
        ];
        for (description, wanted) in table {
            assert_eq!(ring(description), wanted, "{description}");
        }
    }
}
