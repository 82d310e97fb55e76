//! The kernel's messages, compared by their words.

/// Each number, decimal or hexadecimal, becomes `#`.
pub(super) fn without_numbers(text: &str) -> String {
    let is_word = |character: char| character.is_ascii_alphanumeric();
    let mut plain = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        plain.push_str(if word.contains(|character: char| character.is_ascii_digit()) { "#" } else { word });
        let mut characters = after.chars();
        plain.extend(characters.next());
        rest = characters.as_str();
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_left_out() {
        assert_eq!(without_numbers("tsc: 2445.404 MHz, at 0xfe-0x1ff"), "tsc: #.# MHz, at #-#");
    }
}
