//! Patterns over values: `*`, `?`, `[a-z]`, and every other character for itself.

/// The longest pattern, in bytes.
const MAX_LENGTH: usize = 256;

/// A pattern that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob {
    text: String,
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// `*`: any bytes, or none.
    Any,
    /// `?`: one byte.
    One,
    /// `[a-z0]`: one byte of these ranges.
    Of(Vec<(u8, u8)>),
    /// The byte itself.
    Byte(u8),
}

impl Token {
    /// Whether it takes this byte; [`Token::Any`] takes any number of them.
    fn takes(&self, byte: u8) -> bool {
        match self {
            Self::Any | Self::One => true,
            Self::Of(ranges) => ranges.iter().any(|(first, last)| (*first..=*last).contains(&byte)),
            Self::Byte(wanted) => *wanted == byte,
        }
    }
}

impl Glob {
    /// Checks a pattern: 1 to 256 printable ASCII characters, without blanks, quotation marks and backslashes.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > MAX_LENGTH {
            return Err(format!("a pattern has 1 to {MAX_LENGTH} characters"));
        }
        if !text.bytes().all(can_vary) {
            return Err(
                "a pattern consists of printable ASCII characters without blanks, quotation marks and backslashes"
                    .into(),
            );
        }
        let mut tokens = Vec::new();
        let mut rest = text.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            let token;
            (token, rest) = match first {
                b'*' => (Token::Any, after),
                b'?' => (Token::One, after),
                b'[' => class(after)?,
                byte => (Token::Byte(*byte), after),
            };
            tokens.push(token);
        }
        Ok(Self { text: text.to_owned(), tokens })
    }

    /// The pattern as it was written.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the pattern matches all of the value. The work is bounded by the product of both lengths: after a byte that does
    /// not match, only the last `*` takes one byte more.
    pub(super) fn matches(&self, value: &[u8]) -> bool {
        let (mut token, mut byte) = (0_usize, 0_usize);
        // The token after the last `*`, and the first byte that this `*` does not take.
        let mut retry: Option<(usize, usize)> = None;
        while let Some(next) = value.get(byte) {
            match self.tokens.get(token) {
                Some(Token::Any) => {
                    token = token.saturating_add(1);
                    retry = Some((token, byte));
                }
                Some(other) if other.takes(*next) => {
                    token = token.saturating_add(1);
                    byte = byte.saturating_add(1);
                }
                _ => {
                    let Some((after, taken)) = retry else { return false };
                    byte = taken.saturating_add(1);
                    token = after;
                    retry = Some((after, byte));
                }
            }
        }
        self.tokens.get(token..).unwrap_or_default().iter().all(|left| *left == Token::Any)
    }
}

/// Whether a value that contains this byte may vary. Programs split a command line at different white space (the kernel also at
/// byte 0xa0), and not all of them know quotation marks and backslashes: none of these may be in a value that nobody signed.
pub(super) const fn can_vary(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\')
}

/// The characters of a class, after its `[`, and what follows the `]`.
fn class(text: &[u8]) -> Result<(Token, &[u8]), String> {
    let end = text.iter().position(|byte| *byte == b']').ok_or("a [ in a pattern has no ]")?;
    let (mut inside, rest) = text.split_at_checked(end).unwrap_or_default();
    if inside.is_empty() {
        return Err("the [ ] in a pattern is empty".into());
    }
    let mut ranges = Vec::new();
    while let Some((first, after)) = inside.split_first() {
        let (last, left) = match after {
            [b'-', last, left @ ..] => (last, left),
            _ => (first, after),
        };
        if first > last {
            return Err(format!("the range {}-{} in a pattern is empty", char::from(*first), char::from(*last)));
        }
        if [first, last].into_iter().any(|byte| b"[!^".contains(byte)) {
            return Err("a [ ] in a pattern may not contain any of [ ! ^".into());
        }
        ranges.push((*first, *last));
        inside = left;
    }
    Ok((Token::Of(ranges), rest.get(1..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_values() {
        let rows = [
            ("tty0", "tty0", true),
            ("tty0", "tty00", false),
            ("tty0", "atty0", false),
            ("ttyS[0-9]*", "ttyS0,115200n8", true),
            ("ttyS[0-9]*", "ttySx", false),
            ("ttyS[0-9]*", "ttyS", false),
            ("*", "", true),
            ("*", "anything", true),
            ("?", "", false),
            ("?", "=", true),
            ("??", "a", false),
            ("[a-cx]", "x", true),
            ("[a-cx]", "d", false),
            ("[a-]", "-", true),
            ("*ab*ab", "aabxab", true),
            ("*ab*ab", "abab", true),
            ("*ab*ab", "ab", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
        ];
        for (pattern, value, wanted) in rows {
            assert_eq!(Glob::parse(pattern).unwrap().matches(value.as_bytes()), wanted, "{pattern} {value}");
        }
    }

    #[test]
    fn a_malformed_pattern_is_an_error() {
        for pattern in
            ["", "[", "[]", "[a", "[z-a]", "[!a]", "[^a]", "a b", "a\"b", "a'b", "é", "a\n", &"x".repeat(257)]
        {
            assert!(Glob::parse(pattern).is_err(), "{pattern}");
        }
        assert!(Glob::parse(&"x".repeat(256)).is_ok());
    }

    /// Without a bound on the work this would not end.
    #[test]
    fn many_stars_cost_little() {
        let pattern = Glob::parse(&"*a".repeat(128)).unwrap();
        let mut value = vec![b'a'; 1 << 16];
        assert!(pattern.matches(&value));
        value.push(b'b');
        assert!(!pattern.matches(&value));
    }
}
