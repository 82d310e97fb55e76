//! PEM armour (RFC 7468), for the committed keys and certificates.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[must_use]
pub fn encode(label: &str, der: &[u8]) -> String {
    let mut text = String::new();
    for chunk in der.chunks(3) {
        let mut three = [0; 3];
        three[..chunk.len()].copy_from_slice(chunk);
        let group = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for i in 0..4 {
            let digit = ALPHABET[(group >> (18 - 6 * i)) as usize & 63];
            text.push(if i <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The bytes of the first block. Panics if it is not base64.
#[must_use]
pub fn decode(text: &str) -> Vec<u8> {
    let body = text.lines().skip_while(|line| !line.starts_with("-----BEGIN")).skip(1);
    let digits: Vec<u8> = body.take_while(|line| !line.starts_with('-')).flat_map(str::bytes).collect();
    let mut out = Vec::new();
    for four in digits.chunks(4) {
        let used = four.iter().filter(|&&c| c != b'=').count();
        let group =
            four.iter().fold(0_u32, |acc, c| acc << 6 | ALPHABET.iter().position(|a| a == c).unwrap_or(0) as u32);
        out.extend(&group.to_be_bytes()[1..used]);
    }
    out
}
