//! `table.csv`: a line a run, with every metric, its standard error and its floor in columns.

use super::super::Comparison;
use super::{OutputError, csv};

pub(super) fn bytes(comparison: &Comparison) -> Result<Vec<u8>, OutputError> {
    let mut header =
        ["run", "data_set", "label", "model", "optim", "seed", "status", "epochs", "near_from", "unrest", "seconds"]
            .map(str::to_owned)
            .to_vec();
    for metric in &comparison.metrics {
        header.extend(["", "_se", "_floor"].map(|part| format!("{}{part}", metric.name())));
    }
    let optional = |value: Option<String>| value.unwrap_or_default();
    let rows = comparison.runs().into_iter().map(|(set, run)| {
        let mut row = vec![
            run.dir.display().to_string(),
            set.name.clone(),
            run.label.clone(),
            run.config.game_name(),
            run.config.optim.name().to_owned(),
            run.config.seed.to_string(),
            run.state.name().to_owned(),
            run.epochs.to_string(),
            optional(run.near_from.map(|epoch| epoch.to_string())),
            optional(run.unrest.map(|unrest| unrest.to_string())),
            run.seconds.to_string(),
        ];
        for &metric in &comparison.metrics {
            let measured = run.measured(metric);
            let generated = measured.and_then(|measured| measured.generated);
            row.push(optional(generated.map(|spread| spread.mean.to_string())));
            row.push(optional(generated.and_then(|spread| spread.error).map(|error| error.to_string())));
            row.push(optional(measured.and_then(|measured| measured.floor).map(|floor| floor.mean.to_string())));
        }
        row
    });
    csv(&header, rows)
}
