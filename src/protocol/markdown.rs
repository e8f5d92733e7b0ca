//! A protocol's results as a part of a Markdown page.

use super::Summary;

/// Heading, a table for each mark, a sentence for each method, notes.
pub fn markdown(summary: &Summary) -> String {
    let protocol = summary.protocol;
    let mut text = format!("## {}\n\n{}; {}.\n", protocol.name, protocol.law.words(), protocol.recipe.source);
    for &mark in protocol.marks {
        text += &format!("\n### {}\n\n", at(summary, mark));
        text += &line(&summary.head());
        text += &line(&vec!["---".to_owned(); summary.head().len()]);
        text.extend(summary.cells(mark).iter().map(|cells| line(cells)));
        text.push('\n');
        text.extend(summary.at(mark).map(|row| format!("- {}: {}.\n", row.method.title, row.sentence)));
    }
    text.extend(summary.notes().iter().map(|note| format!("\n{note}\n")));
    text
}

/// `after 50000 iterations`, and what part of what that is.
fn at(summary: &Summary, mark: u64) -> String {
    let iterations = summary.at(mark).next().map_or(mark, |row| row.iterations);
    if iterations == mark {
        return format!("After {mark} iterations");
    }
    format!("After {iterations} iterations, {} of the published {mark}", summary.fraction)
}

fn line(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}
