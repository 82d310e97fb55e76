//! The kernel's own `.blacklist` keyring, as far as /proc/keys shows it.

use super::proc_keys::{lines, ring};

/// The part of the keyring that this process may view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Blacklist<'a> {
    /// Descriptions `bin:HEX` and `tbs:HEX`.
    pub(crate) descriptions: Vec<&'a str>,
    /// The number of keys on the keyring: the described ones, and certificates, whose keyring /proc/keys does not show. `None` if
    /// the kernel has no such keyring.
    pub(crate) keys: Option<usize>,
    /// Whether /proc/keys shows the system's keyrings; it does so only to root.
    pub(crate) visible: bool,
}

/// Reads the text of /proc/keys.
pub(crate) fn parse(text: &str) -> Blacklist<'_> {
    let mut blacklist = Blacklist::default();
    for line in lines(text) {
        match (line.kind, ring(line.description)) {
            ("blacklist", _) => blacklist.descriptions.push(line.description),
            ("keyring", Some((".blacklist", keys))) => {
                blacklist.keys = Some(keys);
                blacklist.visible = true;
            }
            ("keyring", Some((".builtin_trusted_keys", _))) => blacklist.visible = true,
            _ => {}
        }
    }
    blacklist
}

impl Blacklist<'_> {
    /// The number of certificates on the keyring, which cannot be read. They come from dbx and from the kernel's build.
    pub(crate) fn hidden(&self) -> usize {
        self.keys.unwrap_or_default().saturating_sub(self.descriptions.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_and_the_count_of_the_ring() {
        let text = "\
02be1a3a I------     1 perm 1f0b0000     0     0 keyring   .builtin_trusted_keys: 1
135de38c I------     1 perm 0f0b0000     0     0 keyring   .blacklist: 3
2c33f0d1 I------     1 perm 0d010000     0     0 blacklist bin:80b4
2c33f0d2 I------     1 perm 0d010000     0     0 blacklist tbs:0102
";
        let blacklist = parse(text);
        let wanted = Blacklist { descriptions: vec!["bin:80b4", "tbs:0102"], keys: Some(3), visible: true };
        assert_eq!((blacklist.hidden(), blacklist), (1, wanted));
        assert_eq!(parse(""), Blacklist::default());
        assert!(parse(text.lines().next().unwrap()).visible);
    }
}
