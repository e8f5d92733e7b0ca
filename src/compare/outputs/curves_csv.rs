//! `curves.csv`: a line for each run, followed metric and measured epoch; the columns of the run are those of `runs.csv`.

use super::super::Comparison;
use super::runs_csv::{run_columns, run_header};
use super::{OutputError, csv};

pub(super) fn bytes(comparison: &Comparison) -> Result<Vec<u8>, OutputError> {
    let columns = ["status", "epoch", "metric", "value", "floor", "floor_deviation"];
    let header: Vec<String> = run_header(comparison).into_iter().chain(columns.map(str::to_owned)).collect();
    let rows = comparison.runs().into_iter().flat_map(|(set, run)| {
        let front = run_columns(comparison, set, run);
        run.series.iter().flat_map(move |series| {
            let number = |x: Option<f64>| x.map(|x| x.to_string()).unwrap_or_default();
            let floor = number(series.floor.map(|floor| floor.mean));
            let deviation = number(series.floor.and_then(|floor| floor.deviation));
            let front = front.clone();
            series.values.iter().map(move |(epoch, value)| {
                let name = series.metric.name().to_owned();
                let status = run.state.name().to_owned();
                let back = [status, epoch.to_string(), name, value.to_string(), floor.clone(), deviation.clone()];
                front.iter().cloned().chain(back).collect()
            })
        })
    });
    csv(&header, rows)
}
