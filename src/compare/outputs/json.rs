//! `comparison.json`: all of it.

use serde_json::{Map, Value, json};

use super::super::{Comparison, DataSet, Difference, Group, Repeat, RunSummary};
use super::OutputError;
use crate::json::{document, path};
use crate::metric::Metric;

pub(super) fn bytes(comparison: &Comparison) -> Result<Vec<u8>, OutputError> {
    Ok((serde_json::to_string_pretty(&document(value(comparison)))? + "\n").into_bytes())
}

pub(super) fn value(comparison: &Comparison) -> Value {
    let sets = || comparison.data_sets.iter();
    let runs: Vec<Value> = comparison.runs().into_iter().map(|(set, run)| of_run(set, run)).collect();
    let groups: Vec<Value> = sets().flat_map(of_groups).collect();
    let differences: Vec<Value> = sets().flat_map(of_differences).collect();
    let repeats: Vec<Value> =
        sets().flat_map(|set| set.repeats.iter().map(move |repeat| of_repeat(set, repeat))).collect();
    let left_out = comparison.left_out.iter().map(|run| json!({ "run": path(&run.run), "reason": run.reason }));
    json!({
        "runs": runs,
        "groups": groups,
        "differences": differences,
        "data_sets": sets().map(of_data_set).collect::<Vec<_>>(),
        "notes": comparison.notes(),
        "repeats": repeats,
        "left_out": left_out.collect::<Vec<_>>(),
        "recorded": comparison.recorded,
    })
}

fn of_data_set(set: &DataSet) -> Value {
    let floors: Map<String, Value> = named(set.metrics.iter().map(|&metric| (metric, json!(set.floor(metric)))));
    let against = set.reference.and_then(|i| set.groups.get(i)).map(|group| &group.label);
    json!({
        "name": set.name, "sha256": set.id.sha256, "train_size": set.id.train_size, "held_out": set.held_out,
        "modes": set.modes, "headline": set.headline.name(), "floor": floors, "against": against,
    })
}

fn of_repeat(set: &DataSet, repeat: &Repeat) -> Value {
    json!({
        "run": path(&repeat.run), "of": path(&repeat.of), "data_set": set.name, "same_numbers": repeat.same_numbers,
        "otherwise": repeat.otherwise,
    })
}

fn of_run(set: &DataSet, run: &RunSummary) -> Value {
    let metrics = named(run.metrics.iter().map(|m| {
        let note = m.unknown.map(|reason| reason.to_string());
        (m.metric, json!({ "generated": m.generated, "floor": m.floor, "ratio": m.ratio(), "note": note }))
    }));
    let series = named(
        run.series.iter().map(|series| (series.metric, json!({ "by_epoch": series.values, "floor": series.floor }))),
    );
    json!({
        "run": path(&run.dir), "label": run.label, "data_set": set.name, "config": *run.config, "status": run.state.name(),
        "ended_by": run.ended,
        "epochs": run.epochs, "planned": run.planned(),
        "near_from": run.near_from, "unrest": run.unrest, "seconds": run.seconds, "metrics": metrics,
        "sliced_w2_by_epoch": run.values(Metric::SlicedW2), "series": series, "floor": run.floor,
    })
}

fn of_groups(set: &DataSet) -> Vec<Value> {
    let best: Vec<Vec<bool>> = set.metrics.iter().map(|&metric| set.best(metric)).collect();
    let group = |(i, group): (usize, &Group)| {
        let metrics =
            named(set.metrics.iter().map(|&metric| (metric, json!(group.over_seeds(|run| run.mean(metric))))));
        let ratios = named(set.metrics.iter().filter(|metric| metric.is_distance()).map(|&metric| {
            (metric, json!(group.over_seeds(|run| run.measured(metric)?.ratio()).map(|ratio| ratio.mean)))
        }));
        let is_best = set.metrics.iter().zip(&best).filter(|(_, best)| best[i]).map(|(metric, _)| metric.name());
        json!({
            "label": group.label, "data_set": set.name, "runs": group.runs.len(), "seeds": seeds(group.finished()),
            "diverged": seeds(group.diverged()), "unfinished": seeds(group.unfinished()), "ended": seeds(group.ended()),
            "metrics": metrics,
            "ratios": ratios, "best": is_best.collect::<Vec<_>>(), "near_from": group.near_from(),
            "unrest": group.over_seeds(|run| run.unrest).map(|unrest| unrest.mean),
        })
    };
    set.groups.iter().enumerate().map(group).collect()
}

fn seeds<'a>(runs: impl Iterator<Item = &'a RunSummary>) -> Vec<u64> {
    runs.map(|run| run.config.seed).collect()
}

fn of_differences(set: &DataSet) -> Vec<Value> {
    let difference = |difference: &Difference| {
        let Difference { label, against, metric, paired, seeds } = difference;
        json!({
            "label": label, "metric": metric.name(), "paired": paired, "seeds": seeds, "against": against,
            "data_set": set.name,
        })
    };
    set.differences.iter().map(difference).collect()
}

fn named(values: impl Iterator<Item = (Metric, Value)>) -> Map<String, Value> {
    values.map(|(metric, value)| (metric.name().to_owned(), value)).collect()
}
