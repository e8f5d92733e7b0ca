//! The rows of tables that people read: the same in every form of table.

use super::{DataSet, Difference, Group, RunSummary};
use crate::figures::{significant, with_error};
use crate::metric::{Metric, Spread};

/// What stands in a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// The text; a mean with its error has them apart.
    pub text: String,
    /// A mean's error.
    pub error: Option<String>,
    /// Whether it is the best of its column, or within one standard error of it.
    pub best: bool,
}

impl Cell {
    fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    fn spread(spread: Option<Spread>) -> Self {
        let Some(Spread { mean, error, .. }) = spread else { return Self::new(DASH) };
        let (text, error) = with_error(mean, error);
        Self { text, error, best: false }
    }

    fn multiple(x: Option<f64>) -> Self {
        Self::optional(x.map(|x| significant(x, 3)))
    }

    fn optional(text: Option<String>) -> Self {
        Self::new(text.unwrap_or_else(|| DASH.to_owned()))
    }

    /// As plain text, a mean and its error with `+-` between them, the best with a star.
    pub fn plain(&self) -> String {
        let error = self.error.as_ref().map(|error| format!(" +- {error}")).unwrap_or_default();
        format!("{}{error}{}", self.text, if self.best { "*" } else { "" })
    }
}

/// What stands where there is no number.
const DASH: &str = "-";

/// A line a group: the first is the header, the second the floor, whose +- is the deviation of a single draw.
pub fn group_rows(set: &DataSet) -> Vec<Vec<Cell>> {
    let mut header = vec!["group".to_owned(), set.over().to_owned()];
    header.extend(metric_header(set));
    header.extend([format!("near from ({}, median)", set.headline.name()), "unrest".to_owned()]);
    let mut rows = vec![header.into_iter().map(Cell::new).collect::<Vec<_>>(), floor_row(set, 1, 2)];
    let best: Vec<Vec<bool>> = set.metrics.iter().map(|&metric| set.best(metric)).collect();
    for (i, group) in set.groups.iter().enumerate() {
        let mut row = vec![Cell::new(&group.label), Cell::new(count(group))];
        for (&metric, best) in set.metrics.iter().zip(&best) {
            let mean = Cell::spread(group.over_seeds(|run| run.mean(metric)));
            row.push(Cell { best: best[i], ..mean });
            if metric.is_distance() {
                let ratio = group.over_seeds(|run| run.measured(metric)?.ratio());
                row.push(Cell::multiple(ratio.map(|ratio| ratio.mean)));
            }
        }
        row.push(near(group.finished(), group.near_from()));
        row.push(Cell::multiple(group.over_seeds(|run| run.unrest).map(|unrest| unrest.mean)));
        rows.push(row);
    }
    rows
}

/// What the metrics are between real points, with so many empty cells before and after them.
fn floor_row(set: &DataSet, before: usize, after: usize) -> Vec<Cell> {
    let mut row = vec![Cell::default(); before + 1];
    row[0] = Cell::new("floor (real against real)");
    for &metric in &set.metrics {
        let floor = set.floor(metric);
        row.push(Cell::spread(floor.map(|floor| Spread { error: floor.deviation, ..floor })));
        if metric.is_distance() {
            row.push(Cell::optional(floor.map(|_| "1".to_owned())));
        }
    }
    row.extend(vec![Cell::default(); after]);
    row
}

/// A line a group that is compared with another, a column a metric: the first line is the header.
pub fn difference_rows(set: &DataSet) -> Vec<Vec<Cell>> {
    let over = if set.over() == "seeds" { "seeds" } else { "pairs" };
    let header = ["group", over].into_iter().chain(set.metrics.iter().map(|metric| metric.name()));
    let mut rows = vec![header.map(Cell::new).collect::<Vec<_>>()];
    for group in &set.groups {
        let of_it: Vec<&Difference> = set.differences.iter().filter(|found| found.label == group.label).collect();
        let Some(seeds) = of_it.iter().map(|difference| difference.seeds).max() else { continue };
        let of = |metric: Metric| of_it.iter().find(|difference| difference.metric == metric);
        let cells = set.metrics.iter().map(|&metric| Cell::spread(of(metric).map(|difference| difference.paired)));
        rows.push([Cell::new(&group.label), Cell::new(seeds.to_string())].into_iter().chain(cells).collect());
    }
    rows
}

/// A line a run: the first is the header, the second the floor.
pub fn run_rows(set: &DataSet) -> Vec<Vec<Cell>> {
    let mut header = vec!["run".to_owned(), "seed".to_owned(), "epochs".to_owned()];
    header.extend(metric_header(set));
    header.extend([format!("near from ({})", set.headline.name()), "unrest".to_owned(), "seconds".to_owned()]);
    let mut rows = vec![header.into_iter().map(Cell::new).collect::<Vec<_>>(), floor_row(set, 2, 3)];
    let mut runs: Vec<&RunSummary> = set.runs().collect();
    runs.sort_by_key(|run| run.place);
    for run in runs {
        let mut row = vec![Cell::new(&run.label), Cell::new(run.config.seed.to_string()), Cell::new(run.position())];
        for &metric in &set.metrics {
            row.push(Cell::optional(run.mean(metric).map(|mean| significant(mean, 4))));
            if metric.is_distance() {
                let ratio = run.measured(metric).and_then(crate::kinds::points::Measured::ratio);
                row.push(Cell::multiple(ratio));
            }
        }
        row.push(near(std::iter::once(run), run.near_from));
        row.push(Cell::multiple(run.unrest));
        row.push(Cell::multiple(Some(run.seconds)));
        rows.push(row);
    }
    rows
}

/// How many runs there are; where not all finished, how many of them did.
fn count(group: &Group) -> String {
    let (all, finished) = (group.runs.len(), group.finished().count());
    if finished == all { all.to_string() } else { format!("{finished} of {all}") }
}

/// The epoch from which on runs are near; a dash where that was not followed.
fn near<'a>(mut runs: impl Iterator<Item = &'a RunSummary>, from: Option<u64>) -> Cell {
    let followed =
        |run: &RunSummary| run.series_of(run.headline).is_some_and(|s| s.floor.is_some() && !s.values.is_empty());
    let never = || if runs.any(followed) { "never" } else { DASH }.to_owned();
    Cell::new(from.map_or_else(never, |epoch| epoch.to_string()))
}

/// What the numbers of groups are, in words.
pub fn over_words(set: &DataSet, mark: &str) -> String {
    let diverged = set.groups.iter().any(|group| group.diverged().next().is_some());
    let but = if diverged { ", but for groups of which a run diverged" } else { "" };
    format!(
        "mean +- standard error over {}; {mark}: the best, and what is within one standard error of it{but}",
        set.over()
    )
}

/// What the numbers of differences are, in words.
pub const PAIRED_WORDS: &str = "the difference seed by seed, mean +- standard error; of one pair there is no error";

/// With a capital at its beginning.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn metric_header(set: &DataSet) -> Vec<String> {
    let header = set.metrics.iter().flat_map(|metric| {
        let floors = metric.is_distance().then(|| "x floor".to_owned());
        std::iter::once(metric.name().to_owned()).chain(floors)
    });
    header.collect()
}

/// What a data set is, in words.
pub fn about(set: &DataSet) -> String {
    let law = match set.modes {
        Some(modes) => format!("; its law has {modes} modes"),
        None => String::new(),
    };
    let own = if set.own.is_empty() { String::new() } else { format!("; {}", set.own) };
    let digest: String = set.id.sha256.chars().take(12).collect();
    format!("{} points train, {} are held out{law}{own}; SHA-256 {digest}", set.id.train_size, set.held_out)
}
