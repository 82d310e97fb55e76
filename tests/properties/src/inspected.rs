//! Properties of what `skexec inspect` says about a file.

use serde_json::Value;
use skexec::inspect::{Description, Node};

fn described(bytes: &[u8]) -> Value {
    let description = Description::with_profile("file".into(), bytes, None, Some(&[]));
    description.nodes().iter().for_each(keyed);
    serde_json::to_value(&description).unwrap()
}

/// Every line says something.
fn keyed(node: &Node) {
    assert!(!node.key.is_empty() || !node.value.is_empty() || !node.below.is_empty(), "{node:?}");
    node.below.iter().for_each(keyed);
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

/// The segments of an initrd are in order and within the file. Where nothing is wrong with it, zeros alone are between them.
pub fn archive(bytes: &[u8]) {
    let described = described(bytes);
    let initrd = &described["initrd"];
    if initrd.is_null() || !described["uki"].is_null() {
        return;
    }
    let mut end = 0;
    let zeros = |from: usize, to: usize| bytes[from..to].iter().all(|byte| *byte == 0);
    for segment in initrd["segments"].as_array().unwrap() {
        let (start, length) = (number(&segment["offset"]), number(&segment["bytes"]));
        assert!(end <= start && length > 0 && zeros(end, start), "{segment}");
        end = start + length;
        assert!(end <= bytes.len(), "{segment}");
        let files = [&segment["microcode"], &segment["acpi"]].map(|files| files.as_array().unwrap().len());
        assert_eq!(segment["early"], files != [0, 0], "{segment}");
        assert!(number(&segment["entries"]) >= files.iter().sum(), "{segment}");
    }
    assert!(!initrd["problem"].is_null() || zeros(end, bytes.len()), "{initrd}");
}

/// Any file can be described, always in the same way; one that cannot be named has a reason; parts of a PE lie within the file.
pub fn inspect(bytes: &[u8]) {
    let first = described(bytes);
    assert_eq!(first, described(bytes));
    assert_eq!(number(&first["bytes"]), bytes.len());
    let description = Description::new("file".into(), bytes);
    assert_eq!(description.unknown().is_some(), first["format"] == "unknown", "{first}");
    let parts = first["uki"]["parts"].as_array().into_iter().flatten();
    assert!(parts.map(|part| number(&part["bytes"])).sum::<usize>() <= bytes.len(), "{first}");
}
