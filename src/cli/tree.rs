//! Prints what was described as a tree: what belongs to a line stands below it, two columns further right.

use super::output::Output;
use crate::inspect::Node;
use std::io;

/// The least width of a column of keys, and the widest key that values are aligned with.
const LEAST: usize = 8;
const WIDEST: usize = 24;
/// The columns that a terminal has.
const COLUMNS: usize = 80;

/// Prints a list of lines, and what is below them; details only with --verbose.
pub(super) fn print(nodes: &[Node], output: &mut Output<'_>) -> io::Result<()> {
    level(&nodes.iter().collect::<Vec<_>>(), 2, output)
}

fn level(nodes: &[&Node], indent: usize, output: &mut Output<'_>) -> io::Result<()> {
    let verbose = output.verbose();
    let shown: Vec<_> = nodes.iter().copied().filter(|node| verbose || !node.detail).collect();
    let width = |node: &&Node| node.key.chars().count();
    let width = shown.iter().map(width).filter(|width| *width <= WIDEST).max().unwrap_or(LEAST).max(LEAST);
    for node in shown {
        line(node, indent, width, output)?;
        let below = indent.saturating_add(2);
        // The lines of a text stand below its first one, where values stand.
        let texts =
            node.below.iter().filter(|node| node.key.is_empty() && !node.value.is_empty() && (verbose || !node.detail));
        for text in texts {
            let column = fits(&text.value, indent.saturating_add(width).saturating_add(1), below);
            output.fact(&format!("{:column$}{}", "", text.value))?;
        }
        let others: Vec<_> = node.below.iter().filter(|node| !node.key.is_empty()).collect();
        level(&others, below, output)?;
    }
    Ok(())
}

fn line(node: &Node, indent: usize, width: usize, output: &mut Output<'_>) -> io::Result<()> {
    let start = format!("{:indent$}{:<width$}", "", node.key);
    let column = start.chars().count().saturating_add(1);
    let below = indent.saturating_add(2);
    // A long number that does not fit behind its key stands on the next line, so that it is not broken.
    if fits(&node.value, column, below) == below {
        output.fact(start.trim_end())?;
        return output.fact(&format!("{:below$}{}", "", node.value));
    }
    output.fact(format!("{start} {}", node.value).trim_end())
}

/// The column for a text: the first one, unless a digest would then pass the right edge.
fn fits(text: &str, column: usize, otherwise: usize) -> usize {
    let length = text.chars().count();
    if length >= 64 && !text.contains(' ') && column.saturating_add(length) > COLUMNS { otherwise } else { column }
}
