//! Pairs of values of a table's columns.

/// Each value of a column with each of any other.
pub(super) fn pairs(columns: &[Vec<String>]) -> Vec<(String, String)> {
    let mut pairs = vec![];
    for (index, left) in columns.iter().enumerate() {
        for right in &columns[index + 1..] {
            pairs.extend(left.iter().flat_map(|a| right.iter().map(|b| (a.clone(), b.clone()))));
        }
    }
    pairs
}
