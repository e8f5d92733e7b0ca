//! The rows of tables that people read: the same in every form of table.

use super::{DataSet, Difference, Group, RunSummary};
use crate::figures::measure;
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
        Self { text: measure(mean), error: error.map(measure), best: false }
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
    let mut header = vec!["runs".to_owned(), "seeds".to_owned()];
    header.extend(metric_header(set));
    header.extend([format!("near from ({}, median)", set.headline.name()), "unrest".to_owned()]);
    let mut rows = vec![header.into_iter().map(Cell::new).collect::<Vec<_>>(), floor_row(set)];
    let best: Vec<Vec<bool>> = set.metrics.iter().map(|&metric| set.best(metric)).collect();
    for (i, group) in set.groups.iter().enumerate() {
        let mut row = vec![Cell::new(&group.label), Cell::new(group.runs.len().to_string())];
        for (&metric, best) in set.metrics.iter().zip(&best) {
            let mean = Cell::spread(group.over_seeds(|run| run.mean(metric)));
            row.push(Cell { best: best[i], ..mean });
            if metric.is_distance() {
                let ratio = group.over_seeds(|run| run.measured(metric)?.ratio());
                row.push(Cell::optional(ratio.map(|ratio| format!("{:.2}", ratio.mean))));
            }
        }
        row.push(Cell::new(near(group)));
        row.push(Cell::optional(group.over_seeds(|run| run.unrest).map(|unrest| format!("{:.2}", unrest.mean))));
        rows.push(row);
    }
    rows
}

/// What the metrics are between real points.
fn floor_row(set: &DataSet) -> Vec<Cell> {
    let mut row = vec![Cell::new("floor (real against real)"), Cell::default()];
    for &metric in &set.metrics {
        let floor = set.floor(metric);
        row.push(Cell { error: floor.and_then(|floor| floor.deviation).map(measure), ..Cell::spread(floor) });
        if metric.is_distance() {
            row.push(Cell::optional(floor.map(|_| "1".to_owned())));
        }
    }
    row.extend([Cell::default(), Cell::default()]);
    row
}

/// A line a group that is compared with another, a column a metric: the first line is the header.
pub fn difference_rows(set: &DataSet) -> Vec<Vec<Cell>> {
    let header = ["runs", "seeds"].into_iter().chain(set.metrics.iter().map(|metric| metric.name()));
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

/// A line a run: the first is the header.
pub fn run_rows(set: &DataSet) -> Vec<Vec<Cell>> {
    let mut header = vec!["run".to_owned(), "seed".to_owned(), "epochs".to_owned()];
    header.extend(metric_header(set));
    header.extend([format!("near from ({})", set.headline.name()), "unrest".to_owned(), "seconds".to_owned()]);
    let mut rows = vec![header.into_iter().map(Cell::new).collect::<Vec<_>>()];
    let mut runs: Vec<&RunSummary> = set.runs().collect();
    runs.sort_by_key(|run| run.place);
    for run in runs {
        let mut row =
            vec![Cell::new(&run.label), Cell::new(run.config.seed.to_string()), Cell::new(run.epochs.to_string())];
        for &metric in &set.metrics {
            row.push(Cell::optional(run.mean(metric).map(measure)));
            if metric.is_distance() {
                let ratio = run.measured(metric).and_then(crate::kinds::points::Measured::ratio);
                row.push(Cell::optional(ratio.map(|ratio| format!("{ratio:.2}"))));
            }
        }
        row.push(Cell::optional(run.near_from.map(|epoch| epoch.to_string())));
        row.push(Cell::optional(run.unrest.map(|unrest| format!("{unrest:.2}"))));
        row.push(Cell::new(format!("{:.0}", run.seconds)));
        rows.push(row);
    }
    rows
}

fn near(group: &Group) -> String {
    group.near_from().map_or_else(|| "never".to_owned(), |epoch| epoch.to_string())
}

fn metric_header(set: &DataSet) -> Vec<String> {
    let header = set.metrics.iter().flat_map(|metric| {
        let floors = metric.is_distance().then(|| "x floor".to_owned());
        std::iter::once(metric.name().to_owned()).chain(floors)
    });
    header.collect()
}

/// What a data set is, in words.
pub(super) fn about(set: &DataSet) -> String {
    let law = match set.modes {
        Some(modes) => format!("; its law has {modes} modes"),
        None => String::new(),
    };
    let digest: String = set.id.sha256.chars().take(12).collect();
    format!("{} points train, {} are held out{law}; SHA-256 {digest}", set.id.train_size, set.held_out)
}
