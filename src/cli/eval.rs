//! `gan-lab eval`

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::args::{MOST_SAMPLES, metric, metric_names, whole};
use super::exit::{Exit, UsageError};
use super::folder::no_run;
use super::printer::Printer;
use super::table::{Align, table};
use crate::data::synthetic::Law;
use crate::figures;
use crate::kinds::points::{self, EvalError, Measured, Plan, Report, Which, evaluate};
use crate::metric::Metric;
use crate::run::RunDir;

/// Measure how close a run's points are to the real ones
#[derive(Debug, Args)]
#[command(
    after_help = "Each value has its floor beside it: the same metric between training points and held-out points, which \
                  is what a perfect generator would reach. s.e.: standard error of the mean over the draws; s.d.: \
                  standard deviation between draws. A value within one s.d. of the floor, above or below, is as good as \
                  real points. If the best value is 'floor', neither more nor less than the floor is better. '-': too \
                  few points to tell; the line below the table says how many are needed."
)]
pub(super) struct EvalArgs {
    /// A run directory
    run: PathBuf,
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = metric, help = metrics_help())]
    metrics: Vec<Metric>,
    /// The known distribution of the data, if their file does not name it
    #[arg(long)]
    law: Option<Law>,
    /// Which of the run's generators to measure
    #[arg(long, value_name = "WHICH", value_enum, default_value_t)]
    from: Which,
    /// Points in each set [default: as many as are held out, 2000 at most]
    #[arg(long, value_name = "N", value_parser = whole::<u32>(10..=MOST_SAMPLES))]
    samples: Option<u32>,
    /// Number of fresh draws; the mean and its error are taken over them
    #[arg(long, value_name = "R", default_value_t = 5, value_parser = whole::<u16>(1..=1000))]
    repeats: u16,
    /// Where the run's data are now, if they were moved [default: where they were when the run began]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
}

fn metrics_help() -> String {
    let [of_sets, of_modes] =
        [false, true].map(|needs_modes| metric_names(|metric| metric.needs_modes() == needs_modes, ", "));
    format!("Metrics to measure: {of_sets}, and for data from a known distribution {of_modes} [default: all]")
}

pub(super) fn run(args: &EvalArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let metrics = Some(args.metrics.clone()).filter(|metrics| !metrics.is_empty());
    let samples = args.samples.map(|n| n as usize);
    let plan = Plan {
        metrics,
        lenient: false,
        law: args.law,
        which: args.from,
        samples,
        repeats: usize::from(args.repeats),
        data: args.data.clone(),
    };
    let dir = RunDir::new(&args.run);
    if args.run.is_dir() && dir.kind().is_none() {
        return Err(no_run(&dir, Some("gan-lab eval"), "name a run's directory; gan-lab runs lists the runs")?);
    }
    let path = args.run.display();
    let working = printer.spinner("measuring");
    let report = evaluate(&dir, &plan).map_err(|error| match error {
        // What was typed is wrong, though it takes the run to see it.
        EvalError::TooMany { .. } => UsageError(format!("--samples: {error}")).into(),
        EvalError::NoLaw { .. } => UsageError(format!("--metrics: {error}")).into(),
        EvalError::NoSuchGenerator { .. } => UsageError(format!("--from {}: {error}", args.from.name())).into(),
        EvalError::OtherLaw { .. } => UsageError(format!("--law: {error}")).into(),
        other => anyhow::Error::from(other),
    });
    let report = report.with_context(|| format!("{path} cannot be measured"))?;
    working.finish();
    let which = match args.from {
        Which::Last => String::new(),
        which => format!(" ({})", which.name()),
    };
    let words = format!(
        "{path}, epoch {}{which}: {} points against {1} held-out ones, {} draws\n\n{}",
        report.epoch,
        report.samples,
        plan.repeats,
        listing(&report)
    );
    printer.result(&words, listing(&report), || json(args, &report))?;
    Ok(Exit::Done)
}

fn listing(report: &Report) -> String {
    let mut rows = vec![["metric", "generated", "s.e.", "floor", "s.d.", "ratio", "best"].map(str::to_owned).to_vec()];
    let dash = || "-".to_owned();
    for measured in &report.metrics {
        let Measured { metric, generated, floor, .. } = measured;
        let largest = [generated, floor].into_iter().flatten().fold(0.0_f64, |most, x| most.max(x.mean.abs()));
        let number = |x: Option<f64>| match x {
            None => dash(),
            // One row, one form.
            Some(x) => match largest {
                0.0001..0.01 => format!("{x:.6}"),
                0.01..1e5 => format!("{x:.4}"),
                _ => figures::measure(x),
            },
        };
        let ratio = if metric.is_distance() {
            measured.ratio().map_or_else(dash, |x| format!("{x:.2}"))
        } else {
            String::new()
        };
        rows.push(vec![
            metric.name().to_owned(),
            number(generated.map(|spread| spread.mean)),
            number(generated.and_then(|spread| spread.error)),
            number(floor.map(|spread| spread.mean)),
            number(floor.and_then(|spread| spread.deviation)),
            ratio,
            metric.best().to_owned(),
        ]);
    }
    let right = Align::Right;
    let table = table(&[Align::Left, right, right, right, right, right, right], &rows);
    let notes = points::notes(&report.metrics);
    if notes.is_empty() { table } else { format!("{table}\n\n{}", notes.join("\n")) }
}

fn json(args: &EvalArgs, report: &Report) -> serde_json::Value {
    let metrics: serde_json::Map<String, serde_json::Value> = report
        .metrics
        .iter()
        .map(|m| {
            let note = m.unknown.map(|reason| reason.to_string());
            let value = serde_json::json!({ "generated": m.generated, "floor": m.floor, "note": note });
            (m.metric.name().to_owned(), value)
        })
        .collect();
    serde_json::json!({
        "run": crate::json::path(&args.run), "epoch": report.epoch, "from": args.from.name(),
        "samples": report.samples, "repeats": args.repeats, "metrics": metrics,
    })
}
