//! Entries of `.sbat` (shim's SBAT.md): lines of comma-separated fields, the first of which names a component.

/// The entries of both texts, each component once, the first where there are several.
pub(super) fn merged(first: &[u8], second: &[u8]) -> Vec<u8> {
    let mut seen: Vec<&[u8]> = Vec::new();
    let mut text = Vec::new();
    for line in [first, second].into_iter().flat_map(|text| text.split(|byte| *byte == b'\n')) {
        let line = line.trim_ascii();
        let component = line.split(|byte| *byte == b',').next().unwrap_or_default();
        if component.is_empty() || seen.contains(&component) {
            continue;
        }
        seen.push(component);
        text.extend(line);
        text.push(b'\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_component_stands_once() {
        let text = merged(b"sbat,1,x\nsystemd,1,y\n", b"sbat,1,other\r\nlinux,3,z\n\nlinux,4,w");
        assert_eq!(String::from_utf8(text).expect("text"), "sbat,1,x\nsystemd,1,y\nlinux,3,z\n");
        assert_eq!(merged(b"", b""), b"");
    }
}
