//! What the commands have in common that carry out, draw and compare runs of points.

use super::exit::{Exit, hinted};
use super::printer::{Printer, duration, typed_path};
use super::session;
use super::signals::Signals;
use super::table::facts;
use crate::config::{RunConfig, Scale, TrainConfig};
use crate::data::synthetic::Law;
use crate::data::{self, DataError, LEAST_HELD_OUT};
use crate::figures::measure;
use crate::json;
use crate::kinds::points::{BestRecord, EpochRecord, Idle, NothingLearnt, Points, PointsRun, TrainError, Units};
use crate::run::{Outcome, Session};

/// Where pictures go unless told otherwise.
pub(super) const GIFS: &str = "gif";

/// What an epoch came to, in a line.
pub(super) fn words(record: &EpochRecord) -> Vec<(u8, String)> {
    let losses = format!("d_loss {:>7.4}  g_loss {:>7.4}", record.d_loss, record.g_loss);
    // Where the law has modes, junk between them hides from every distance but this.
    let modes = record.mode_tv.map(|distance| format!("mode TV {}", measure(distance)));
    let distance = record.sliced_w2.map(|distance| format!("sliced W2 {}", measure(distance)));
    std::iter::once((1, losses)).chain(modes.or(distance).map(|words| (2, words))).collect()
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
pub(super) fn advised(error: TrainError, config: &TrainConfig) -> anyhow::Error {
    let advice = match &error {
        TrainError::Data(DataError::TooFew { found, .. }) => {
            return hinted(error.to_string(), fitting(config, *found));
        }
        TrainError::Data(_) if data::is_there(&config.data.path) => Some("these data cannot be used".to_owned()),
        TrainError::Data(_) if config.data.path.is_dir() => {
            Some("a folder is no data file; name a MAT, npy or CSV file with --data".to_owned())
        }
        TrainError::Data(_) => {
            // A file that is called as a law is the one that the command of that name makes.
            let stem = config.data.path.file_stem().unwrap_or_default().to_string_lossy();
            let law = Law::ALL.into_iter().find(|law| law.name() == stem).map_or("points", Law::name);
            let words = "the data file is not there; name a file with --data, or make one with";
            Some(format!("{words} `gan-lab data make {law}`"))
        }
        _ => None,
    };
    let error = anyhow::Error::new(error);
    match advice {
        Some(advice) => error.context(advice),
        None => error,
    }
}

/// How many of a file's points train where they are too few for the number that the config has, and in batches of how many.
pub(super) fn fewer(config: &TrainConfig, points: usize) -> (usize, usize) {
    let size = points * 6 / 7;
    (size, config.batch_size.min(size / config.real_batches().max(1)))
}

/// How many of so many points can train, and what to type for it.
pub(super) fn fitting(config: &TrainConfig, points: usize) -> String {
    let (most, steps) = (points.saturating_sub(LEAST_HELD_OUT), config.real_batches().max(1));
    let least = config.batch_size.saturating_mul(steps);
    let batch = most / steps;
    if most >= least {
        format!("the file has {points} points: the largest that fits is --train-size {most}, the least {least}")
    } else if batch >= 2 {
        format!("the file has {points} points: the largest that fits is --train-size {most} with --batch-size {batch}")
    } else {
        format!("the file has {points} points, too few to train on")
    }
}

/// The distances that were measured last, each beside its floor: first that which says most.
fn distances(records: &[EpochRecord], run: &PointsRun) -> anyhow::Result<Vec<(&'static str, String)>> {
    let Some(floor) = run.floor()? else { return Ok(Vec::new()) };
    let last = |of: fn(&EpochRecord) -> Option<f64>| records.iter().rev().find_map(of);
    let measured = [
        ("mode TV", last(|record| record.mode_tv), floor.mode_tv),
        ("sliced W2", last(|record| record.sliced_w2), Some(floor.sliced_w2)),
        ("unaveraged mode TV", last(|record| record.generator_mode_tv), floor.mode_tv),
        ("unaveraged sliced W2", last(|record| record.generator_sliced_w2), Some(floor.sliced_w2)),
    ];
    let line = |(name, distance, floor): (_, Option<f64>, Option<crate::metric::Spread>)| {
        let (distance, floor) = (distance?, floor?);
        let deviation = floor.deviation.map(|deviation| format!(" +- {}", measure(deviation))).unwrap_or_default();
        let floors = distance / floor.mean;
        let floor = measure(floor.mean) + &deviation;
        Some((name, format!("{}, {floors:.1} times its floor of {floor}", measure(distance))))
    };
    Ok(measured.into_iter().filter_map(line).collect())
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
        "leave out --scale none, so that the networks get the data in units that they can learn"
    } else if config.epochs < 50 {
        "more --epochs usually help"
    } else {
        "try another --lr, more --epochs, or --optim rmsprop"
    };
    Ok(format!("nothing was learnt: {sign}; {advice}"))
}

/// R1's and R2's gamma for slopes by the data's own x and y, where the run has one and its networks have other units.
pub(super) fn gamma_in_data_units(config: &RunConfig, units: &Units) -> Option<[f64; 2]> {
    units.gamma_of_data(gamma(config, units)?)
}

fn gamma(config: &RunConfig, units: &Units) -> Option<f64> {
    let penalised = config.game().penalty.filter(|penalised| penalised.penalty.has_gamma())?;
    (units.scale != Scale::None).then_some(penalised.weight)
}

/// The same in words, to stand after `gamma`.
pub(super) fn gamma_words(config: &RunConfig, units: &Units) -> Option<String> {
    let gamma = gamma(config, units)?;
    let words = match units.gamma_of_data(gamma).map(|gamma| gamma.map(measure)) {
        None => "is for whitened units: the points uncorrelated, in standard deviations".to_owned(),
        Some([x, y]) if x == y => format!("in the data's own units is {x}: it goes with the square of the unit"),
        Some([x, y]) => {
            format!("in the data's own units is {x} along x and {y} along y: it goes with the square of the unit")
        }
    };
    Some(format!("{gamma} {words}"))
}

/// What a setting that did nothing means, in words.
pub(super) fn idle_words(idle: Idle) -> String {
    match idle {
        Idle::Clip(bound) => format!(
            "clipping did nothing: no parameter of the discriminator was at +-{bound} after any epoch; take a smaller \
             --clip"
        ),
        Idle::Penalty(title) => format!(
            "the penalty did nothing: in no frame had {title} a gradient at the points looked at; take another \
             --penalty-weight or --penalty, or none"
        ),
    }
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
    let ended = run.dir().ended()?;
    if let Some(condition) = &ended {
        rows.push(("ended by", condition.clone()));
    }
    if let Some(record) = last {
        rows.push(("time", duration(record.seconds)));
        rows.push(("discriminator loss", format!("{:.4}", record.d_loss)));
        rows.push(("generator loss", format!("{:.4}", record.g_loss)));
    }
    rows.extend(distances(&records, run)?);
    let best = run.best()?;
    if let Some(BestRecord { metric, epoch, value }) = best {
        rows.push(("best", format!("{} {} at epoch {epoch}", metric.watched().name(), measure(value))));
    }
    rows.push(("frames", frames.to_string()));
    rows.push(("run", path.clone()));
    let nothing = if outcome == Outcome::Stopped { None } else { run.nothing_learnt()? };
    let problem = nothing.map(|nothing| nothing_learnt(nothing, run)).transpose()?;
    if let Some(problem) = &problem {
        rows.push(("warning", problem.clone()));
    }
    let idle: Vec<String> = match outcome {
        Outcome::Stopped => Vec::new(),
        Outcome::Finished | Outcome::Ended => run.idle()?.into_iter().map(idle_words).collect(),
    };
    rows.extend(idle.iter().map(|words| ("notice", words.clone())));
    let typed = typed_path(run.path());
    let (headline, status, next) = match outcome {
        Outcome::Finished => ("finished", "finished", format!("gan-lab draw {typed}")),
        Outcome::Ended => ("ended by its own condition", "ended", format!("gan-lab draw {typed}")),
        Outcome::Stopped => ("stopped and saved", "stopped", format!("gan-lab train --resume --out {typed}")),
    };
    let optim = config.optim.name();
    let words =
        format!("{} with {}: {headline}\n{}\nnext: {next}", config.game_title(), config.optim_title(), facts(&rows));
    let fields = || {
        serde_json::json!({
            "status": status,
            "ended_by": ended,
            "run": json::path(run.path()),
            "model": config.game_name(),
            "optim": optim,
            "seed": config.seed,
            "epochs": config.epochs,
            "frames": frames,
            "last": last,
            "best": best,
            "warning": problem,
            "notices": idle,
        })
    };
    printer.result(&words, run.path(), fields)
}
