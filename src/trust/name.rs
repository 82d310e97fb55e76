//! Distinguished names, for people.

use x509_parser::prelude::{FromDer as _, X509Name};

/// A name in the order in which it was written, like `CN=Debian Secure Boot CA`. The maker of the certificate chose every
/// character, and terminals will show the name. So characters that move the cursor or change the text's direction are escaped.
#[must_use]
pub(crate) fn text(raw: &[u8]) -> String {
    match X509Name::from_der(raw) {
        Ok((_, name)) => name.to_string().chars().map(printable).collect(),
        Err(_) => "(a name that cannot be read)".to_owned(),
    }
}

fn printable(character: char) -> String {
    match character {
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => escape(character),
        _ if character.is_control() => escape(character),
        _ => character.to_string(),
    }
}

fn escape(character: char) -> String {
    character.escape_unicode().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_written_as_numbers() {
        let seen: String = "A\u{1b}[2J\n\u{202e}Ä".chars().map(printable).collect();
        assert_eq!(seen, "A\\u{1b}[2J\\u{a}\\u{202e}Ä");
    }
}
