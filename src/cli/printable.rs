//! Text that cannot steer a terminal: names from hostile files are printed on it, and written to the system's log.
//!
//! A control character can move the cursor or hide what stands on the screen; a format character can reverse the order of
//! the letters (U+202E) or be invisible (U+200B), so that a name reads like another one.

/// What is escaped besides control characters: all of Unicode's category Cf (format) and of its property
/// `Default_Ignorable_Code_Point` (invisible), and the line and paragraph separators (Zl, Zp), as of Unicode 16.
const ESCAPED: [(char, char); 29] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{2029}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
    // Private use: each terminal's font draws something else, or nothing.
    ('\u{e000}', '\u{f8ff}'),
    ('\u{f0000}', '\u{ffffd}'),
    ('\u{100000}', '\u{10fffd}'),
];

fn is_escaped(letter: char) -> bool {
    letter.is_control() || ESCAPED.iter().any(|(first, last)| (*first..=*last).contains(&letter))
}

/// One line for people: a character that could steer the terminal stands as `\u{202e}`.
#[must_use]
pub fn line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_escaped(letter) { line.extend(letter.escape_unicode()) } else { line.push(letter) }
    }
    line
}

/// Several lines for people: their ends stay.
#[must_use]
pub fn lines(text: &str) -> String {
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// A JSON document that means the same: outside its strings there is nothing to escape but the line ends, and within
/// them JSON's own `\u202e` is the character.
pub(super) fn json(text: &str) -> String {
    let mut document = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter != '\n' && is_escaped(letter) {
            let mut units = [0; 2];
            document.extend(letter.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            document.push(letter);
        }
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_a_terminal() {
        assert_eq!(line("CN=\u{1b}[2Ja\nb"), "CN=\\u{1b}[2Ja\\u{a}b");
        assert_eq!(line("kern\u{202e}gpj.zniluv"), "kern\\u{202e}gpj.zniluv");
        assert_eq!(line("a\u{200b}b\u{feff}\u{61c}\u{2066}\u{2028}\u{9b}\u{7f}"), {
            "a\\u{200b}b\\u{feff}\\u{61c}\\u{2066}\\u{2028}\\u{9b}\\u{7f}"
        });
        assert_eq!(line("\u{e0041}\u{fe0f}\u{ad}"), "\\u{e0041}\\u{fe0f}\\u{ad}");
        let plain = "Größe 内核 é ключ \\ 'x' \u{fffd}";
        assert_eq!(line(plain), plain);
        assert_eq!(lines("a\tb\nc\u{202e}\n"), "a\\u{9}b\nc\\u{202e}\n");
    }

    #[test]
    fn json_keeps_the_exact_string() {
        let hostile = "a\u{202e}b\u{7f}\u{9b}\u{e0041}\u{1b}\n\u{2028}\\\"é";
        let plain = serde_json::to_string_pretty(&[hostile]).unwrap();
        let safe = json(&plain);
        assert!(!safe.chars().any(|letter| letter != '\n' && is_escaped(letter)), "{safe}");
        assert!(safe.contains("a\\u202eb\\u007f\\u009b\\udb40\\udc41"), "{safe}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&safe).unwrap(), [hostile]);
    }
}
