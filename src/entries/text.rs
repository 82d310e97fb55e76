//! Files of lines with a key and a value: entries (`.conf`), `loader.conf`, os-release.

/// Lines of a key, blanks and a value (systemd, src/boot/util.c, `line_get_key_value`). Empty lines and comments are left out; a value
/// in double quotes stands without them. A key without a value has an empty one.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    lines(text).map(|line| {
        let (key, value) = line.split_once(BLANKS).unwrap_or((line, ""));
        (key, unquoted(value.trim_matches(BLANKS), '"'))
    })
}

/// Lines of `KEY=value`, where the value may be in quotes (os-release(5)).
pub(super) fn assignments(text: &str) -> impl Iterator<Item = (&str, &str)> {
    lines(text).filter_map(|line| {
        let (key, value) = line.split_once('=')?;
        Some((key, unquoted(unquoted(value, '"'), '\'')))
    })
}

const BLANKS: [char; 2] = [' ', '\t'];

fn lines(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.split(['\n', '\r']).map(|line| line.trim_matches(BLANKS));
    lines.filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn unquoted(value: &str, quote: char) -> &str {
    value.strip_prefix(quote).and_then(|value| value.strip_suffix(quote)).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values() {
        let text = "\u{feff}a\n# no\n\n title \t Debian  13 \r\noptions\nversion \"6.12\"\nx \"\n";
        let found: Vec<_> = pairs(text).collect();
        let wanted = [("\u{feff}a", ""), ("title", "Debian  13"), ("options", ""), ("version", "6.12"), ("x", "\"")];
        assert_eq!(found, wanted);
    }

    #[test]
    fn os_release() {
        let text = "ID=debian\n#X=1\nPRETTY_NAME=\"Debian GNU/Linux 13\"\nVERSION='13 (trixie)'\nnothing\nA=\n";
        let found: Vec<_> = assignments(text).collect();
        let wanted = [("ID", "debian"), ("PRETTY_NAME", "Debian GNU/Linux 13"), ("VERSION", "13 (trixie)"), ("A", "")];
        assert_eq!(found, wanted);
    }
}
