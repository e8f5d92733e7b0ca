//! `runs.csv`: a line for each run and metric, every setting that varies a column.

use super::super::{Comparison, DataSet, RunState, RunSummary};
use super::{OutputError, csv};
use crate::config::{Config as _, POINTS, at, shown};
use crate::kinds::points::Measured;

pub(super) fn bytes(comparison: &Comparison) -> Result<Vec<u8>, OutputError> {
    let columns = ["status", "epoch", "metric", "value", "error", "floor", "floor_deviation", "note"];
    let header: Vec<String> = run_header(comparison).into_iter().chain(columns.map(str::to_owned)).collect();
    let rows = comparison.runs().into_iter().flat_map(|(set, run)| {
        let front = run_columns(comparison, set, run);
        run.metrics.iter().map(move |measured| {
            let number = |x: Option<f64>| x.map(|x| x.to_string()).unwrap_or_default();
            let (generated, floor) = (measured.generated, measured.floor);
            let back = [
                run.state.name().to_owned(),
                run.epochs.to_string(),
                measured.metric.name().to_owned(),
                number(generated.map(|spread| spread.mean)),
                number(generated.and_then(|spread| spread.error)),
                number(floor.map(|floor| floor.mean)),
                number(floor.and_then(|floor| floor.deviation)),
                note(run, measured),
            ];
            front.iter().cloned().chain(back).collect()
        })
    });
    csv(&header, rows)
}

/// What has to be said of a number, or of why there is none.
fn note(run: &RunSummary, measured: &Measured) -> String {
    let stopped = (run.state != RunState::Finished).then(|| match &run.ended {
        Some(condition) => format!("{}: {condition}", run.position()),
        None => run.position(),
    });
    let unknown = measured.unknown.map(|reason| reason.to_string());
    stopped.into_iter().chain(unknown).collect::<Vec<_>>().join("; ")
}

/// Columns that say which run it is, and what it is. `model` and `optim` are there whether they vary or not.
pub(super) fn run_header(comparison: &Comparison) -> Vec<String> {
    let fixed = ["run", "data_set", "label", "model", "optim", "seed"].map(str::to_owned);
    let varying = varying(comparison).map(|key| key.path.to_owned());
    fixed.into_iter().chain(varying).collect()
}

/// What stands in them.
pub(super) fn run_columns(comparison: &Comparison, set: &DataSet, run: &RunSummary) -> Vec<String> {
    let config = run.config.to_json();
    let fixed = [
        run.dir.display().to_string(),
        set.name.clone(),
        run.label.clone(),
        run.config.game_name(),
        run.config.optim.name().to_owned(),
        run.config.seed.to_string(),
    ];
    // A setting that a run does not have is empty.
    let value = |path: &str| match at(&config, path) {
        serde_json::Value::Null => String::new(),
        value => shown(value),
    };
    fixed.into_iter().chain(varying(comparison).map(|key| value(key.path))).collect()
}

/// The settings that vary and are no fixed column.
fn varying(comparison: &Comparison) -> impl Iterator<Item = &'static crate::config::Key> + '_ {
    let fixed = |name: &str| ["model", "optim"].contains(&name);
    comparison.varying.iter().copied().filter(move |key| !(POINTS.selects(key) && key.flag.is_some_and(fixed)))
}
