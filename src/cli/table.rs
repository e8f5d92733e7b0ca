//! Aligned tables.

use std::borrow::Cow;

use console::measure_text_width;

use super::printer::visible_line;

/// Which way a column's cells lean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

/// Rows of cells under each other, two spaces apart; trailing spaces are left out, control characters escaped.
pub(super) fn table(align: &[Align], rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<Cow<str>>> = rows.iter().map(|row| row.iter().map(|cell| visible_line(cell)).collect()).collect();
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| measure_text_width(cell)).max();
    let widths: Vec<usize> = (0..align.len()).map(|column| width(column).unwrap_or(0)).collect();
    let lines = rows.iter().map(|row| {
        let cells = row.iter().enumerate().map(|(i, cell)| {
            let space = " ".repeat(widths[i] - measure_text_width(cell));
            if align[i] == Align::Right { space + cell.as_ref() } else { cell.to_string() + &space }
        });
        format!("  {}", cells.collect::<Vec<_>>().join("  ")).trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A table that is too long for its cells to be in memory: `rows` gives them twice.
pub(super) fn long_table<R: AsRef<[String]>, I: Iterator<Item = R>>(align: &[Align], rows: impl Fn() -> I) -> String {
    let mut widths = vec![0; align.len()];
    for row in rows() {
        for (width, cell) in widths.iter_mut().zip(row.as_ref()) {
            *width = measure(&visible_line(cell)).max(*width);
        }
    }
    let mut text = String::new();
    for (i, row) in rows().enumerate() {
        text += if i == 0 { "" } else { "\n" };
        let mut spaces = 0;
        for ((cell, &width), align) in row.as_ref().iter().zip(&widths).zip(align) {
            let cell = visible_line(cell);
            let space = width - measure(&cell);
            let before = if *align == Align::Right { space } else { 0 };
            if cell.is_empty() {
                spaces += 2 + width;
            } else {
                text.extend(std::iter::repeat_n(' ', spaces + 2 + before));
                text += &cell;
                spaces = space - before;
            }
        }
    }
    text
}

fn measure(cell: &str) -> usize {
    if cell.bytes().all(|byte| (b' '..=b'~').contains(&byte)) { cell.len() } else { measure_text_width(cell) }
}

/// Names and values, both left-aligned.
pub(super) fn facts(rows: &[(&str, String)]) -> String {
    let rows: Vec<_> = rows.iter().map(|(name, value)| vec![(*name).to_owned(), value.clone()]).collect();
    table(&[Align::Left, Align::Left], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let row = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        let text = table(&[Align::Left, Align::Right], &[row("a", "1.5"), row("long", "12.25")]);
        assert_eq!(text, "  a       1.5\n  long  12.25");
        let rows = [row("a", ""), row("", "1.5"), row("lönger", "12.25"), row("", "")];
        for align in [[Align::Left, Align::Right], [Align::Right, Align::Left]] {
            assert_eq!(long_table(&align, || rows.iter()), table(&align, &rows));
        }
    }
}
