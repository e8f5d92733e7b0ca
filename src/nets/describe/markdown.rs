//! Markdown tables for a report.

use super::Network;

/// A network as a heading, a table and its notes.
pub fn network(network: &Network) -> String {
    let rows = network.rows();
    let header: Vec<String> = network.header().into_iter().map(str::to_owned).collect();
    let table = table(&header, &network.numeric(), &rows);
    let notes = network.notes.iter().fold(String::new(), |text, note| text + "\n" + &escaped(note) + "\n");
    format!("### {}\n\n{table}{notes}", network.role.title())
}

/// A table; columns of numbers lean right.
pub fn table(header: &[String], numeric: &[bool], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| escaped(cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rule: String = numeric.iter().map(|&right| if right { "---:|" } else { ":---|" }).collect();
    line(header) + "|" + &rule + "\n" + &rows.iter().map(|row| line(row)).collect::<String>()
}

/// Text that stands for itself in Markdown, in one line.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '|' | '`' | '*' | '_' | '<' | '>' | '[' | ']' | '#' | '~' | '&' => safe.extend(['\\', c]),
            c if c.is_control() => safe.extend(c.escape_default()),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_can_end_its_row_or_mean_anything() {
        let rows = [vec!["a|b\n<i>".to_owned(), "1".to_owned()]];
        let text = table(&["name".to_owned(), "n".to_owned()], &[false, true], &rows);
        assert_eq!(text, "| name | n |\n|:---|---:|\n| a\\|b\\n\\<i\\> | 1 |\n");
    }
}
