//! Boot counting (Boot Loader Specification, "Boot counting"; systemd, "Automatic Boot Assessment"): `NAME+LEFT-DONE.conf`.

/// The counter in the name of an entry's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tries {
    /// Attempts to boot that are left; with 0 the entry is bad.
    pub left: u32,
    /// Attempts that were made.
    pub done: u32,
}

/// The highest count that systemd-boot takes.
const MAX: u32 = i32::MAX.unsigned_abs();

/// Splits a file's name into the entry's ID, which has no counter, and the counter. The name ends with a suffix, such as `.conf`.
#[must_use]
pub fn without_counter(name: &str) -> (String, Option<Tries>) {
    parse(name).map_or_else(|| (name.to_owned(), None), |(id, tries)| (id, Some(tries)))
}

fn parse(name: &str) -> Option<(String, Tries)> {
    let (stem, suffix) = name.rsplit_once('.')?;
    let (id, counter) = stem.rsplit_once('+')?;
    let (left, done) = counter.split_once('-').unwrap_or((counter, "0"));
    Some((format!("{id}.{suffix}"), Tries { left: number(left)?, done: number(done)? }))
}

fn number(text: &str) -> Option<u32> {
    // parse() would take a sign.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number <= MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_and_without_a_counter() {
        let rows = [
            ("a.conf", "a.conf", None),
            ("a+3.conf", "a.conf", Some((3, 0))),
            ("a+0-3.efi", "a.efi", Some((0, 3))),
            ("6.12.0+deb13+2-1.conf", "6.12.0+deb13.conf", Some((2, 1))),
            ("6.12.0+deb13.conf", "6.12.0+deb13.conf", None),
            ("a+.conf", "a+.conf", None),
            ("a+-1.conf", "a+-1.conf", None),
            ("a+1-.conf", "a+1-.conf", None),
            ("a+1-2-3.conf", "a+1-2-3.conf", None),
            ("a++1.conf", "a+.conf", Some((1, 0))),
            ("a+2147483648.conf", "a+2147483648.conf", None),
            ("a+99999999999.conf", "a+99999999999.conf", None),
            ("a+1", "a+1", None),
        ];
        for (name, id, tries) in rows {
            assert_eq!(
                without_counter(name),
                (id.to_owned(), tries.map(|(left, done)| Tries { left, done })),
                "{name}"
            );
        }
    }
}
