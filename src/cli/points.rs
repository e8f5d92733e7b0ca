//! What the commands have in common that carry out, draw and compare runs of points.

use super::exit::Exit;
use super::printer::{Printer, duration};
use super::session;
use super::signals::Signals;
use super::table::facts;
use crate::config::{RunConfig, Scale};
use crate::data::{self, DataError, Point};
use crate::figures::measure;
use crate::json;
use crate::kinds::points::{EpochRecord, NothingLearnt, Points, PointsRun, TrainError};
use crate::render::{Axes, AxesChoice, ScatterPainter, Size};
use crate::run::{Outcome, Session};

/// Where pictures go unless told otherwise.
pub(super) const GIFS: &str = "gif";

/// What an epoch came to, in a line.
pub(super) fn words(record: &EpochRecord) -> Vec<(u8, String)> {
    let losses = format!("d_loss {:>7.4}  g_loss {:>7.4}", record.d_loss, record.g_loss);
    let distance = record.sliced_w2.map(|distance| (2, format!("sliced W2 {}", measure(distance))));
    std::iter::once((1, losses)).chain(distance).collect()
}

/// Lets the run's directory go, says what came of it, and how the command ends.
pub(super) fn finish(
    session: Session<Points>,
    outcome: Outcome,
    signals: &Signals,
    printer: &Printer,
) -> anyhow::Result<Exit> {
    let dir = session.dir().clone();
    drop(session);
    report(&PointsRun::open(&dir)?, outcome, printer)?;
    Ok(session::exit(outcome, signals))
}

/// Data that cannot be used come with what to do about it.
pub(super) fn advised(error: TrainError, config: &RunConfig) -> anyhow::Error {
    let advice = match &error {
        TrainError::Data(DataError::TooFew { .. }) => None,
        TrainError::Data(_) if data::is_there(&config.data.path) => Some("these data cannot be used"),
        TrainError::Data(_) if config.data.path.is_dir() => {
            Some("a folder is no data file; name a MAT, npy or CSV file with --data")
        }
        TrainError::Data(_) => {
            Some("the data file is not there; name a file with --data, or make one with `gan-lab data make points`")
        }
        _ => None,
    };
    let error = anyhow::Error::new(error);
    match advice {
        Some(advice) => error.context(advice),
        None => error,
    }
}

/// Whether a run's data are the lab's by their name.
pub(super) fn is_lab(config: &RunConfig) -> bool {
    config.data.path.file_name().is_some_and(|name| name == "points.mat")
}

/// The lab's axes for its own points, else axes that fit.
pub(super) fn axes(config: &RunConfig, real: &[Point]) -> Axes {
    ScatterPainter::axes(Size::default(), AxesChoice::Auto, real, is_lab(config))
}

/// The distance that was measured last, beside its floor.
fn distance(records: &[EpochRecord], run: &PointsRun) -> anyhow::Result<Option<String>> {
    let measured = records.iter().rev().find_map(|record| record.sliced_w2);
    Ok(measured.zip(run.floor()?).map(|(distance, floor)| {
        let floor = floor.sliced_w2.mean;
        format!("{}, {:.1} times its floor of {}", measure(distance), distance / floor, measure(floor))
    }))
}

/// In words, with what to try.
fn nothing_learnt(nothing: NothingLearnt, run: &PointsRun) -> anyhow::Result<String> {
    let sign = match nothing {
        NothingLearnt::Elsewhere => "no generated point lies where the data do".to_owned(),
        NothingLearnt::Floors(floors) => format!("the generator is {floors:.0} floors away from the data"),
        NothingLearnt::NoCoverage => "no point of the data has a generated one near it".to_owned(),
    };
    let config = run.config();
    let as_they_are = run.units()?.scale == Scale::None && !config.data.scale.is_auto();
    let advice = if as_they_are {
        "without --scale none the networks have the data where they can learn them"
    } else if config.epochs < 50 {
        "more --epochs usually help"
    } else {
        "try another --lr, more --epochs, or --optim rmsprop"
    };
    Ok(format!("nothing was learnt: {sign}; {advice}"))
}

/// Says what a run came to.
pub(super) fn report(run: &PointsRun, outcome: Outcome, printer: &Printer) -> anyhow::Result<()> {
    let config = run.config();
    let records = run.metrics()?;
    let last = records.last();
    let epoch = last.map_or(0, |record| record.epoch);
    let frames = run.frame_count()?;
    let path = run.path().display().to_string();
    let mut rows = vec![("epochs", format!("{epoch} of {}", config.epochs))];
    if let Some(record) = last {
        rows.push(("time", duration(record.seconds)));
        rows.push(("discriminator loss", format!("{:.4}", record.d_loss)));
        rows.push(("generator loss", format!("{:.4}", record.g_loss)));
    }
    if let Some(line) = distance(&records, run)? {
        rows.push(("sliced W2", line));
    }
    rows.push(("frames", frames.to_string()));
    rows.push(("run", path.clone()));
    let nothing = if outcome == Outcome::Finished { run.nothing_learnt()? } else { None };
    let problem = nothing.map(|nothing| nothing_learnt(nothing, run)).transpose()?;
    if let Some(problem) = &problem {
        rows.push(("warning", problem.clone()));
    }
    let (headline, status, next) = match outcome {
        Outcome::Finished => ("finished", "finished", format!("gan-lab draw {path}")),
        Outcome::Stopped => ("stopped and saved", "stopped", format!("gan-lab train --resume --out {path}")),
    };
    let (model, optim) = (config.objective.model(), config.optim.name());
    let words = format!("{} with {}: {headline}\n{}\nnext: {next}", model.title(), config.optim.title(), facts(&rows));
    let fields = || {
        serde_json::json!({
            "status": status,
            "run": json::path(run.path()),
            "model": model.name(),
            "optim": optim,
            "seed": config.seed,
            "epochs": config.epochs,
            "frames": frames,
            "last": last,
            "warning": problem,
        })
    };
    printer.result(&words, run.path(), fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Model, TrainConfig};

    #[test]
    fn the_labs_axes_are_for_its_points_only() {
        let mut config = TrainConfig::lab(Model::Gan).check().unwrap();
        assert_eq!(axes(&config, &[[0.5, 0.5]]), Axes::LAB);
        assert_ne!(axes(&config, &[[5.0, 0.5]]), Axes::LAB);
        let other = TrainConfig::lab(Model::Gan);
        let data = crate::config::DataConfig { path: "ring8.mat".into(), ..other.data.clone() };
        config = TrainConfig { data, ..other }.check().unwrap();
        assert_ne!(axes(&config, &[[0.5, 0.5]]), Axes::LAB);
    }
}
