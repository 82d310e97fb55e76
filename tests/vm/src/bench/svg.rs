//! Stacked horizontal bars, as an SVG that can be read on a light and on a dark page.

use std::fmt::Write as _;

/// One bar: its label, and the sizes of its parts.
#[derive(Debug, Clone)]
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) parts: Vec<u64>,
}

/// Bars below one heading, which have a scale of their own.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) heading: String,
    pub(super) bars: Vec<Bar>,
}

/// Colours that differ in lightness, too, for those who cannot tell the hues apart.
const COLOURS: [&str; 6] = ["#8c8c8c", "#d9a400", "#c8452f", "#3f78c4", "#57a773", "#8a63b8"];
const STYLE: &str = "text { font: 12px sans-serif; fill: #222 } .head { font-weight: bold }\n\
                     @media (prefers-color-scheme: dark) { text { fill: #ddd } }";
const LEFT: u64 = 130;
const LONGEST: u64 = 560;
const RIGHT: u64 = 90;
const LINE: u64 = 18;
const BAR: u64 = 12;

/// `names` are those of the parts, `unit` stands behind each sum.
pub(super) fn stacked(title: &str, names: &[&str], unit: &str, groups: &[Group]) -> String {
    let lines: u64 = groups.iter().map(|group| 2 + count(group.bars.len())).sum();
    let (width, height) = (LEFT + LONGEST + RIGHT, LINE * (lines + 3));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n"
    );
    let mut y = LINE;
    legend(&mut svg, names, y);
    for group in groups {
        y += 2 * LINE;
        let _ = writeln!(svg, "<text class=\"head\" x=\"8\" y=\"{y}\">{}</text>", escaped(&group.heading));
        let longest = group.bars.iter().map(|bar| bar.parts.iter().sum()).max().unwrap_or(1).max(1);
        for bar in &group.bars {
            y += LINE;
            draw(&mut svg, bar, names, unit, longest, y);
        }
    }
    svg + "</svg>\n"
}

fn legend(svg: &mut String, names: &[&str], y: u64) {
    let mut x = 8;
    for (name, colour) in names.iter().zip(COLOURS.iter().cycle()) {
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{}\" width=\"{BAR}\" height=\"{BAR}\" fill=\"{colour}\"/>\
             <text x=\"{}\" y=\"{y}\">{name}</text>",
            y - 10,
            x + 17
        );
        x += 32 + 7 * count(name.len());
    }
}

fn draw(svg: &mut String, bar: &Bar, names: &[&str], unit: &str, longest: u64, y: u64) {
    let _ = writeln!(svg, "<text x=\"16\" y=\"{y}\">{}</text>", escaped(&bar.label));
    // Positions come from the sums, so that rounding never adds up.
    let position = |sum: u64| LEFT + sum * LONGEST / longest;
    let mut sum = 0;
    for ((part, name), colour) in bar.parts.iter().zip(names).zip(COLOURS.iter().cycle()) {
        let (start, end) = (position(sum), position(sum + part));
        sum += part;
        let _ = writeln!(
            svg,
            "<rect x=\"{start}\" y=\"{}\" width=\"{}\" height=\"{BAR}\" fill=\"{colour}\"><title>{name}: {part} {unit}</title></rect>",
            y - 10,
            end - start
        );
    }
    let _ = writeln!(svg, "<text x=\"{}\" y=\"{y}\">{sum} {unit}</text>", position(sum) + 6);
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_fills_the_width_and_parts_join() {
        let bar = |label: &str, parts: &[u64]| Bar { label: label.to_owned(), parts: parts.to_vec() };
        let bars = vec![bar("a & b", &[50, 50]), bar("c", &[25, 0])];
        let svg = stacked("t", &["x", "y"], "M", &[Group { heading: "h".to_owned(), bars }]);
        let (half, end) = (LEFT + LONGEST / 2, LEFT + LONGEST);
        assert!(svg.contains(&format!("<rect x=\"{LEFT}\" y=\"62\" width=\"{}\"", LONGEST / 2)), "{svg}");
        assert!(svg.contains(&format!("<rect x=\"{half}\" y=\"62\" width=\"{}\"", end - half)), "{svg}");
        assert!(svg.contains("a &amp; b") && svg.contains("100 M") && svg.contains("25 M"), "{svg}");
        assert!(svg.contains("prefers-color-scheme: dark") && svg.ends_with("</svg>\n"));
    }
}
