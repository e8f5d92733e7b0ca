//! The comparison as Markdown, CSV and JSON.

use serde_json::Value;

use super::{Difference, Group, NEAR, RunSummary};
use crate::figures::measure;
use crate::kinds::points::Measured;
use crate::metric::{Metric, Spread};

/// The whole comparison in Markdown: a line a run, and where there are several seeds a line a group and the paired
/// differences from the first.
pub fn markdown(runs: &[RunSummary], groups: &[Group<'_>], differences: &[Difference], metrics: &[Metric]) -> String {
    let mut text = String::from("# Comparison\n\n## Runs\n\n");
    text += &table(&run_rows(runs, metrics));
    if groups.len() < runs.len() {
        text += "\n## Over seeds\n\nMean +- standard error over seeds.\n\n";
        text += &table(&group_rows(groups, metrics));
    }
    if !differences.is_empty() {
        let first = groups.first().map_or("", |group| group.label.as_str());
        text += &format!("\n## Against {first}\n\nThe difference seed by seed, mean +- standard error.\n\n");
        text += &table(&difference_rows(differences));
    }
    text += &format!(
        "\nEvery distance x floor is a multiple of the same distance between real points. near from: the first measured \
         epoch from which on sliced W2 stays below {NEAR} floors. unrest: the deviation of sliced W2 over the last quarter of \
         the epochs, in floors.\n"
    );
    text
}

/// The runs as CSV, one a line, with every metric, its standard error and its floor.
pub fn csv(runs: &[RunSummary], metrics: &[Metric]) -> std::io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header = ["run", "label", "model", "optim", "seed", "epochs", "near_from", "unrest", "seconds"]
        .map(str::to_owned)
        .to_vec();
    for metric in metrics {
        header.extend(["", "_se", "_floor"].map(|part| format!("{}{part}", metric.name())));
    }
    writer.write_record(&header)?;
    for run in runs {
        let optional = |value: Option<String>| value.unwrap_or_default();
        let mut row = vec![
            run.dir.display().to_string(),
            run.label.clone(),
            run.config.objective.model().to_string(),
            run.config.optim.name().to_owned(),
            run.config.seed.to_string(),
            run.epochs.to_string(),
            optional(run.near_from.map(|epoch| epoch.to_string())),
            optional(run.unrest.map(|unrest| unrest.to_string())),
            run.seconds.to_string(),
        ];
        for &metric in metrics {
            let measured = run.measured(metric);
            let numbers = measured.map(|m| [m.generated.mean, m.generated.error, m.floor.mean].map(|x| x.to_string()));
            row.extend(numbers.unwrap_or_default());
        }
        writer.write_record(&row)?;
    }
    writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()))
}

/// All of it as JSON, curves included.
pub fn json(runs: &[RunSummary], groups: &[Group<'_>], differences: &[Difference], metrics: &[Metric]) -> Value {
    let metrics_of = |run: &RunSummary| {
        let pairs = run
            .metrics
            .iter()
            .map(|m| (m.metric.name().to_owned(), serde_json::json!({ "generated": m.generated, "floor": m.floor })));
        Value::Object(pairs.collect())
    };
    let run_values = runs.iter().map(|run| {
        serde_json::json!({
            "run": crate::json::path(&run.dir), "label": run.label, "config": *run.config, "epochs": run.epochs, "near_from": run.near_from,
            "unrest": run.unrest, "seconds": run.seconds, "metrics": metrics_of(run), "sliced_w2_by_epoch": run.curve,
            "floor": run.floor,
        })
    });
    let group_values = groups.iter().map(|group| {
        let pairs = metrics.iter().filter_map(|&metric| {
            Some((metric.name().to_owned(), serde_json::json!(group.over_seeds(|run| run.mean(metric))?)))
        });
        let seeds = group.runs.iter().map(|run| run.config.seed).collect::<Vec<_>>();
        let metrics: serde_json::Map<String, Value> = pairs.collect();
        serde_json::json!({ "label": group.label, "seeds": seeds, "metrics": metrics })
    });
    let difference_values = differences.iter().map(|difference| {
        let Difference { label, metric, paired, seeds } = difference;
        serde_json::json!({ "label": label, "metric": metric.name(), "paired": paired, "seeds": seeds })
    });
    serde_json::json!({
        "runs": run_values.collect::<Vec<_>>(),
        "groups": group_values.collect::<Vec<_>>(),
        "differences": difference_values.collect::<Vec<_>>(),
    })
}

/// A line a run: the first is the header.
pub(crate) fn run_rows(runs: &[RunSummary], metrics: &[Metric]) -> Vec<Vec<String>> {
    let mut header = vec!["run".to_owned(), "seed".to_owned(), "epochs".to_owned()];
    header.extend(metric_header(metrics));
    header.extend(["near from", "unrest", "seconds"].map(str::to_owned));
    let mut rows = vec![header];
    for run in runs {
        let mut row = vec![run.label.clone(), run.config.seed.to_string(), run.epochs.to_string()];
        for &metric in metrics {
            let measured = run.measured(metric);
            row.push(measured.map_or_else(dash, |m| measure(m.generated.mean)));
            if metric.is_distance() {
                row.push(measured.map_or_else(dash, |m| format!("{:.2}", m.ratio())));
            }
        }
        row.push(run.near_from.map_or_else(dash, |epoch| epoch.to_string()));
        row.push(run.unrest.map_or_else(dash, |unrest| format!("{unrest:.2}")));
        row.push(format!("{:.0}", run.seconds));
        rows.push(row);
    }
    rows
}

/// A line a group: the first is the header.
pub(crate) fn group_rows(groups: &[Group<'_>], metrics: &[Metric]) -> Vec<Vec<String>> {
    let mut header = vec!["runs".to_owned(), "seeds".to_owned()];
    header.extend(metric_header(metrics));
    header.extend(["near from (median)", "unrest"].map(str::to_owned));
    let mut rows = vec![header];
    for group in groups {
        let mut row = vec![group.label.clone(), group.runs.len().to_string()];
        for &metric in metrics {
            row.push(group.over_seeds(|run| run.mean(metric)).map_or_else(dash, |s| spread(&s)));
            if metric.is_distance() {
                let ratio = |run: &RunSummary| run.measured(metric).map(Measured::ratio);
                row.push(group.over_seeds(ratio).map_or_else(dash, |s| format!("{:.2}", s.mean)));
            }
        }
        row.push(near(group));
        row.push(group.over_seeds(|run| run.unrest).map_or_else(dash, |s| format!("{:.2}", s.mean)));
        rows.push(row);
    }
    rows
}

/// The median epoch from which on the runs are near, those that never are counted as later than all others.
fn near(group: &Group<'_>) -> String {
    let mut epochs: Vec<u64> = group.runs.iter().map(|run| run.near_from.unwrap_or(u64::MAX)).collect();
    epochs.sort_unstable();
    match epochs[(epochs.len() - 1) / 2] {
        u64::MAX => "never".to_owned(),
        epoch => epoch.to_string(),
    }
}

/// A line a difference: the first is the header.
pub(crate) fn difference_rows(differences: &[Difference]) -> Vec<Vec<String>> {
    let mut rows = vec![["runs", "metric", "difference", "seeds"].map(str::to_owned).to_vec()];
    rows.extend(differences.iter().map(|difference| {
        let Difference { label, metric, paired, seeds } = difference;
        vec![label.clone(), metric.name().to_owned(), spread(paired), seeds.to_string()]
    }));
    rows
}

fn metric_header(metrics: &[Metric]) -> Vec<String> {
    let header = metrics.iter().flat_map(|metric| {
        let floors = metric.is_distance().then(|| "x floor".to_owned());
        std::iter::once(metric.name().to_owned()).chain(floors)
    });
    header.collect()
}

fn dash() -> String {
    "-".to_owned()
}

fn spread(spread: &Spread) -> String {
    format!("{} +- {}", measure(spread.mean), measure(spread.error))
}

/// Rows, the first of them a header, as a Markdown table.
fn table(rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let Some((header, body)) = rows.split_first() else { return String::new() };
    let rule = format!("|{}\n", "---|".repeat(header.len()));
    line(header) + &rule + &body.iter().map(|row| line(row)).collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_markdown() {
        let row = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        assert_eq!(table(&[row("run", "w1"), row("GAN", "1")]), "| run | w1 |\n|---|---|\n| GAN | 1 |\n");
    }
}
