//! Properties of boot entries.

use skexec::entries::{Pattern, Program, Type1, compare};
use std::path::Component;

/// A whole entry. No path leads out of the partition, and the text has no NUL. Its lines are also taken as versions, whose order is one
/// for all three, and as patterns of one another.
pub fn entry(bytes: &[u8]) {
    if let Ok(entry) = Type1::parse(bytes) {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(!text.contains('\0'));
        assert!(entry.options.is_none_or(|options| options.len() <= text.len()));
        if let Ok((Program::Linux(path) | Program::Uki(path, _) | Program::Efi(path), initrds)) = entry.program {
            for path in initrds.iter().chain([&path]) {
                assert!(path.components().all(|part| matches!(part, Component::Normal(_))), "{}", path.display());
                assert!(path.file_name().is_some());
            }
        }
    }
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<_> = text.lines().take(3).collect();
    let [one, two, three] = [0, 1, 2].map(|index| lines.get(index).copied().unwrap_or_default());
    ordered(one, two, three);
    if let Some(pattern) = Pattern::parse(one) {
        let all = Pattern::parse(&format!("*{one}*"));
        assert!(!pattern.matches(two) || all.is_none_or(|all| all.matches(two)));
    }
}

fn ordered(one: &str, two: &str, three: &str) {
    for (left, right) in [(one, two), (two, three), (one, three)] {
        assert_eq!(compare(left, right), compare(right, left).reverse(), "{left:?} and {right:?}");
        assert!(compare(left, left).is_eq());
    }
    let mut sorted = [one, two, three];
    sorted.sort_by(|left, right| compare(left, right));
    assert!(compare(sorted[0], sorted[2]).is_le(), "{sorted:?}");
}
