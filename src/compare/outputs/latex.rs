//! `table.tex`: for each data set a `tabular` of its groups and one of how they differ, with the rules of booktabs.

use super::super::rows::{Cell, PAIRED_WORDS, about, difference_rows, group_rows, over_words, run_rows, sentence};
use super::super::{Comparison, DataSet};

pub(super) fn text(comparison: &Comparison) -> String {
    let mut text = String::from("% Written by gan-lab compare. In the preamble: \\usepackage{booktabs}\n");
    for set in &comparison.data_sets {
        text += &of_data_set(set);
    }
    for left_out in &comparison.left_out {
        text +=
            &format!("\n% Left out: {}: {}\n", comment(&left_out.run.display().to_string()), comment(&left_out.reason));
    }
    text
}

fn of_data_set(set: &DataSet) -> String {
    let mut text = format!("\n% Data: {}: {}.\n", comment(&set.name), about(set));
    if set.has_groups() {
        text += &format!("% {}.\n", sentence(&over_words(set, "bold")));
    }
    text +=
        "% The floor's +- is the deviation of a single draw. x floor: multiples of the floor of a run's own split.\n";
    text += &tabular(&if set.has_groups() { group_rows(set) } else { run_rows(set) }, 1);
    if let Some(reference) = set.reference.and_then(|i| set.groups.get(i)).filter(|_| !set.differences.is_empty()) {
        text += &format!("\n% Against {}. {}.\n", comment(&reference.label), sentence(PAIRED_WORDS));
        text += &tabular(&difference_rows(set), 0);
    }
    for note in set.notes() {
        text += &format!("% {}\n", comment(&note));
    }
    text
}

/// Rows, the first of them a header, and after it `apart` rows with a rule below.
fn tabular(rows: &[Vec<Cell>], apart: usize) -> String {
    let Some((header, body)) = rows.split_first() else { return String::new() };
    let line = |cells: &[Cell]| format!("{} \\\\\n", cells.iter().map(cell).collect::<Vec<_>>().join(" & "));
    let columns = format!("l{}", "r".repeat(header.len().saturating_sub(1)));
    let mut text = format!("\\begin{{tabular}}{{{columns}}}\n\\toprule\n{}\\midrule\n", line(header));
    for (i, row) in body.iter().enumerate() {
        text += &line(row);
        if i + 1 == apart && body.len() > apart {
            text += "\\midrule\n";
        }
    }
    text + "\\bottomrule\n\\end{tabular}\n"
}

fn cell(cell: &Cell) -> String {
    let number = |text: &str| match text.strip_prefix('-').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    {
        // A minus, no hyphen.
        Some(rest) => format!("$-${rest}"),
        None => plain(text),
    };
    let error = cell.error.as_ref().map(|error| format!(" $\\pm$ {}", plain(error))).unwrap_or_default();
    let text = number(&cell.text) + &error;
    if cell.best { format!("\\textbf{{{text}}}") } else { text }
}

/// Text in which nothing means anything to LaTeX.
fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => escaped.extend(['\\', c]),
            '\\' => escaped += "\\textbackslash{}",
            '~' => escaped += "\\textasciitilde{}",
            '^' => escaped += "\\textasciicircum{}",
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Text in a comment, which ends with its line.
fn comment(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_nothing_to_latex_and_the_best_is_bold() {
        let cell = |text: &str| Cell { text: text.to_owned(), ..Cell::default() };
        let best = Cell { best: true, error: Some("0.1".to_owned()), ..cell("-1") };
        let rows = [vec![cell("run"), cell("w1")], vec![cell("a_b & 50%"), best]];
        let expected = "\\begin{tabular}{lr}\n\\toprule\nrun & w1 \\\\\n\\midrule\na\\_b \\& 50\\% & \\textbf{$-$1 $\\pm$ 0.1} \
                        \\\\\n\\bottomrule\n\\end{tabular}\n";
        assert_eq!(tabular(&rows, 0), expected);
        assert_eq!(comment("a\nb"), "a b");
    }
}
