//! `table.md`: for each data set the groups, how they differ, and the runs.

use super::super::rows::{Cell, PAIRED_WORDS, about, difference_rows, group_rows, over_words, run_rows, sentence};
use super::super::{Comparison, DataSet, NEAR};

pub(super) fn text(comparison: &Comparison) -> String {
    let mut text = String::from("# Comparison\n");
    for set in &comparison.data_sets {
        text += &of_data_set(set);
    }
    if !comparison.left_out.is_empty() {
        text += "\n## Left out\n\n";
        for left_out in &comparison.left_out {
            text += &format!("- {}: {}\n", plain(&left_out.run.display().to_string()), plain(&left_out.reason));
        }
    }
    text += &format!(
        "\nA floor is the same metric between training points and the held-out ones: what a perfect generator would get, its \
         +- the deviation of a single draw. A run may lie below its mean; within the band it is as good as real. x floor: \
         multiples of the mean of a run's own split. near from: the first measured epoch from which on the metric in brackets stays below {NEAR} \
         floors. unrest: its deviation over the last quarter of the epochs, in floors. Nothing is subtracted between data \
         sets.\n"
    );
    text
}

fn of_data_set(set: &DataSet) -> String {
    let mut text = format!("\n## Data: {}\n\n{}.\n", plain(&set.name), about(set));
    if set.has_groups() {
        text += &format!("\n### Over {}\n\n{}.\n\n", set.over(), sentence(&over_words(set, "bold")));
        text += &table(&group_rows(set));
    }
    if let Some(reference) = set.reference.and_then(|i| set.groups.get(i)).filter(|_| !set.differences.is_empty()) {
        text += &format!("\n### Against {}\n\n{}.\n\n", plain(&reference.label), sentence(PAIRED_WORDS));
        text += &table(&difference_rows(set));
    }
    text += "\n### Runs\n\n";
    text += &table(&run_rows(set));
    let notes = set.notes();
    if !notes.is_empty() {
        text += "\n";
        for note in notes {
            text += &format!("- {}\n", plain(&note));
        }
    }
    text
}

/// Text in a cell or a heading.
fn plain(text: &str) -> String {
    let escaped = text.chars().flat_map(|c| match c {
        '|' | '*' | '_' | '`' | '<' | '\\' => vec!['\\', c],
        c if c.is_control() => vec![' '],
        c => vec![c],
    });
    escaped.collect()
}

fn cell(cell: &Cell) -> String {
    let error = cell.error.as_ref().map(|error| format!(" +- {error}")).unwrap_or_default();
    let text = plain(&cell.text) + &error;
    if cell.best { format!("**{text}**") } else { text }
}

/// Rows, the first of them a header, as a Markdown table.
fn table(rows: &[Vec<Cell>]) -> String {
    let line = |cells: &[Cell]| format!("| {} |\n", cells.iter().map(cell).collect::<Vec<_>>().join(" | "));
    let Some((header, body)) = rows.split_first() else { return String::new() };
    let rule = format!("|{}\n", "---|".repeat(header.len()));
    line(header) + &rule + &body.iter().map(|row| line(row)).collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_markdown_whatever_the_names() {
        let cell = |text: &str| Cell { text: text.to_owned(), ..Cell::default() };
        let best = Cell { best: true, error: Some("2".to_owned()), ..cell("1") };
        let rows = [vec![cell("run"), cell("w1")], vec![cell("a|b"), best]];
        assert_eq!(table(&rows), "| run | w1 |\n|---|---|\n| a\\|b | **1 +- 2** |\n");
    }
}
