//! The property of what systemd and the kernel say before a shutdown.

use serde_json::Value;
use skexec::shutdown::logind::{among, is_to_come};
use skexec::shutdown::mounts::writable_in;
use std::os::unix::ffi::OsStrExt;

/// The present, in microseconds since 1970.
const NOW: u64 = 1_000_000;

/// The input is busctl's list, what logind has scheduled, and mountinfo, between NULs. An independent reader finds the same in each.
pub fn shutdown(input: &[u8]) {
    let mut parts = input.splitn(3, |byte| *byte == 0);
    let mut next = || parts.next().unwrap_or_default();
    list(&String::from_utf8_lossy(next()));
    scheduled(&String::from_utf8_lossy(next()));
    mounts(next());
}

/// Those that are found are those of the rows that say so, in their order, and all that is shown of them is in their row.
fn list(text: &str) {
    let Ok(found) = among(text) else { return };
    let Ok(Value::Object(answer)) = serde_json::from_str(text) else { return };
    let rows = answer["data"][0].as_array().unwrap();
    let wanted: Vec<_> = rows.iter().filter(|row| blocks(row)).map(shown).collect();
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found, wanted, "{text}");
}

/// A field of a row, which may also be an object for the reader that is tested.
fn field<'a>(row: &'a Value, index: usize, name: &str) -> &'a Value {
    if row.is_array() { &row[index] } else { &row[name] }
}

fn blocks(row: &Value) -> bool {
    let what = format!(":{}:", field(row, 0, "what").as_str().unwrap());
    what.contains(":shutdown:") && field(row, 3, "mode").as_str().unwrap().starts_with("block")
}

fn shown(row: &Value) -> String {
    let (who, why) = (field(row, 1, "who").as_str().unwrap(), field(row, 2, "why").as_str().unwrap());
    let (user, process) = (field(row, 4, "uid").as_u64().unwrap(), field(row, 5, "pid").as_u64().unwrap());
    format!("{who} (process {process}, user {user}): {why}")
}

/// A boot is to come where the kind is kexec, it is no rehearsal, and its time is later than now or is no time.
fn scheduled(text: &str) {
    let (mut kind, mut rehearsal, mut time) = (None, None, None);
    for line in text.lines().rev() {
        match line.split_once('=') {
            Some(("MODE", value)) => kind = Some(value),
            Some(("DRY_RUN", value)) => rehearsal = Some(value),
            Some(("USEC", value)) => time = Some(value),
            _ => {}
        }
    }
    let later = match time.map(str::parse::<u64>) {
        Some(Ok(time)) => time > NOW,
        Some(Err(_)) | None => true,
    };
    assert_eq!(is_to_come(text, NOW), kind == Some("kexec") && rehearsal != Some("1") && later, "{text}");
}

/// The lines that count are those of writable disks; only a name with escapes is printed otherwise than it stands there.
fn mounts(table: &[u8]) {
    let mut found = writable_in(table).into_iter();
    for line in table.split(|byte| *byte == b'\n') {
        let fields: Vec<_> = line.split(|byte| *byte == b' ').collect();
        let Some(hyphen) = fields.iter().skip(6).position(|field| *field == b"-").map(|found| found + 6) else {
            continue;
        };
        let [_, device, options, ..] = fields[hyphen + 1..] else { continue };
        let writable =
            options == b"rw" || options.starts_with(b"rw,") || options.ends_with(b",rw") || has(options, b",rw,");
        if device.starts_with(b"/dev/") && writable {
            let point = found.next().expect("a disk that is writable");
            let point = point.as_bytes();
            assert!(point.len() <= fields[4].len());
            assert!(point == fields[4] || has(fields[4], b"\\"), "{:?}", String::from_utf8_lossy(line));
        }
    }
    assert_eq!(found.next(), None);
}

fn has(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
