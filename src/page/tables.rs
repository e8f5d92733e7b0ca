//! Tables of a page: those of a comparison, as `gan-lab compare` writes them.

use std::path::Path;

use serde::Serialize;

use crate::compare::{
    Cell, Comparison, DataSet, NEAR, PAIRED_WORDS, about, difference_rows, group_rows, over_words, run_rows,
};
use crate::config::RunConfig;

/// A table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Table {
    /// What stands above it.
    pub title: String,
    /// What its numbers are.
    pub words: String,
    /// Its rows, the first of them a header.
    pub rows: Vec<Vec<TableCell>>,
}

/// What stands in a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableCell {
    /// The text, or a mean.
    pub text: String,
    /// The mean's error.
    pub error: Option<String>,
    /// Whether it is the best of its column.
    pub best: bool,
}

impl From<Cell> for TableCell {
    fn from(Cell { text, error, best }: Cell) -> Self {
        Self { text, error, best }
    }
}

/// What a floor and the columns are, for tables of runs.
const COLUMNS: &str = "A floor is the same metric between training points and the held-out ones: what a perfect generator would \
                       get, its +- the deviation of a single draw. A distance may lie below its floor's mean; within the band it is as good as \
                       real. x floor: multiples of the mean of a run's own split. near from: the first measured epoch from which on the metric in \
                       brackets stays below";

/// The tables of a comparison, data set by data set.
pub fn tables(comparison: &Comparison) -> Vec<Table> {
    let several = comparison.data_sets.len() > 1;
    comparison.data_sets.iter().flat_map(|set| of_data_set(set, several)).collect()
}

/// A longer name of a run or a group takes too much room beside curves and in tables.
const LONGEST_NAME: usize = 48;

/// Whether there is room for such a name.
pub fn is_short(name: &str) -> bool {
    name.chars().count() <= LONGEST_NAME
}

/// What a run is called whose settings would make a name of lines: by its folder, which the page has the settings of; `more`
/// follows the folder's name.
pub fn folder_name(run: &Path, more: &str, config: &RunConfig) -> String {
    format!("{}{more}: {}", run.file_name().unwrap_or_default().to_string_lossy(), config.title())
}

/// The data set with labels that a column has room for: what many settings tell apart is called by the folder of its first
/// run, which the page has the settings of.
fn with_short_labels(set: &DataSet) -> DataSet {
    let mut set = set.clone();
    for group in set.groups.iter_mut().filter(|group| !is_short(&group.label)) {
        let Some(first) = group.runs.first() else { continue };
        let more = if group.runs.len() > 1 { " and its like" } else { "" };
        let short = folder_name(&first.dir, more, &first.config);
        for run in &mut group.runs {
            run.label.clone_from(&short);
        }
        for difference in &mut set.differences {
            for label in [&mut difference.label, &mut difference.against] {
                if *label == group.label {
                    label.clone_from(&short);
                }
            }
        }
        group.label = short;
    }
    set
}

fn of_data_set(set: &DataSet, several: bool) -> Vec<Table> {
    let set = &with_short_labels(set);
    let titled = |title: &str| if several { format!("{title}, {}", set.name) } else { title.to_owned() };
    let table = |title: String, words: String, rows: Vec<Vec<Cell>>| {
        let rows = rows.into_iter().map(|row| row.into_iter().map(TableCell::from).collect()).collect();
        Table { title, words, rows }
    };
    let mut made = Vec::new();
    if set.has_groups() {
        let words = over_words(set, "bold");
        made.push(table(titled(&format!("Groups over {}", set.over())), format!("{words}."), group_rows(set)));
    }
    if let Some(reference) = set.reference.and_then(|i| set.groups.get(i)).filter(|_| !set.differences.is_empty()) {
        let title = titled(&format!("Against {}", reference.label));
        made.push(table(title, format!("{PAIRED_WORDS}."), difference_rows(set)));
    }
    let words = format!(
        "{}. {COLUMNS} {NEAR} floors. unrest: its deviation over the last quarter of the epochs, in floors.",
        about(set)
    );
    made.push(table(titled("Runs, measured over fresh draws"), words, run_rows(set)));
    made
}
