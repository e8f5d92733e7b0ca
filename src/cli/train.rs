//! `gan-lab train`

use std::path::Path;

use clap::{Args, Subcommand};

use super::exit::{Exit, UsageError};
use super::options::points::{PointArgs, checked, points as configured};
use super::printer::{Printer, duration};
use super::progan::{self, ProganArgs};
use super::session;
use super::signals::Signals;
use super::table::facts;
use crate::config::{EngineKind, RunConfig, TrainConfig};
use crate::data::{self, DataError};
use crate::json;
use crate::kinds::points::{self, EpochRecord, Points, PointsRun, Trace, TrainError};
use crate::run::{Kind, Outcome, Position, RUNS, RunDir, Session, Start};

/// Train a model and record what it makes
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "With nothing but a model this is the lab's recipe.\n\
                  Ctrl-C saves and stops; the same command with --resume goes on, to the very same result."
)]
pub(super) struct TrainArgs {
    #[command(subcommand)]
    images: Option<ImageModel>,
    #[command(flatten)]
    points: PointArgs,
}

/// Models of images, which have options of their own.
#[derive(Debug, Subcommand)]
enum ImageModel {
    Progan(ProganArgs),
}

pub(super) fn run(args: &TrainArgs, printer: &Printer) -> anyhow::Result<Exit> {
    match &args.images {
        Some(ImageModel::Progan(args)) => progan::run(args, printer),
        None => train_points(&args.points, printer),
    }
}

fn train_points(args: &PointArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let Plan { config, dir, start } = plan(args)?;
    let trace = args.trace.as_ref().map(|path| Trace::new(path.clone(), &config));
    if data::is_built_in(&config.data.path) {
        printer.note(&format!("{} is not here: training on the built-in set of that name", config.data.path.display()));
    }
    let mut session =
        points::open(config.clone(), dir, start, moved(args), trace).map_err(|error| advised(error, &config))?;
    printer.note(&opening(&config, &session));
    let signals = Signals::listen()?;
    let outcome = session::follow(&mut session, Kind::Points.unit(), &signals, printer, &words)?;
    finish(session, outcome, &signals, printer)
}

/// What an epoch came to, in a line.
pub(super) fn words(record: &EpochRecord) -> Vec<(u8, String)> {
    let losses = format!("d_loss {:>7.4}  g_loss {:>7.4}", record.d_loss, record.g_loss);
    let distance = record.sliced_w2.map(|distance| (2, format!("sliced W2 {distance:.4}")));
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

/// What is to be done, and where.
struct Plan {
    config: RunConfig,
    dir: RunDir,
    start: Start,
}

/// Turns the arguments into a config and a directory; a run that is resumed keeps its own config.
fn plan(args: &PointArgs) -> anyhow::Result<Plan> {
    let config = configured(args, None)?;
    let dir = match (&args.out, &config) {
        (Some(out), _) => RunDir::new(out),
        (None, Some(config)) => RunDir::new(Path::new(RUNS).join(checked(args, config.clone())?.default_name())),
        (None, None) => return Err(which_model()),
    };
    if args.resume && dir.kind().is_some() {
        let saved = PointsRun::open(&dir)?;
        let wanted = configured(args, Some(saved.config()))?.ok_or_else(which_model)?;
        if args.trace.is_some() {
            return Err(
                UsageError("--trace records a run's first iterations; it cannot go with --resume".into()).into()
            );
        }
        let config = checked(args, continued(saved.config(), wanted))?;
        return Ok(Plan { config, dir, start: Start::Resume });
    }
    let config = checked(args, config.ok_or_else(which_model)?)?;
    let start = if args.resume { Start::Resume } else { Start::New { force: args.force } };
    Ok(Plan { config, dir, start })
}

/// Where the data are said to be now.
fn moved(args: &PointArgs) -> Option<&Path> {
    args.settings.given("data.path").and_then(serde_json::Value::as_str).map(Path::new)
}

fn which_model() -> anyhow::Error {
    UsageError("say which model to train: gan-lab train gan, wgan or wgan-gp".into()).into()
}

/// The config to go on with: what is not said is as it was.
fn continued(saved: &RunConfig, mut wanted: TrainConfig) -> TrainConfig {
    if wanted.threads == 0 {
        wanted.threads = saved.threads;
    }
    if wanted.engine == EngineKind::Auto {
        wanted.engine = saved.engine;
    }
    wanted
}

/// Data that cannot be used come with what to do about it.
pub(super) fn advised(error: TrainError, config: &RunConfig) -> anyhow::Error {
    let advice = match &error {
        TrainError::Data(DataError::TooFew { .. }) => None,
        TrainError::Data(_) if data::is_there(&config.data.path) => Some("these data cannot be used"),
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

fn opening(config: &RunConfig, session: &Session<Points>) -> String {
    let Position { done, total } = session.position();
    let path = session.dir().path().display();
    let (model, optim) = (config.objective.model().title(), config.optim.title());
    match done {
        _ if done >= total => format!("this run is finished already: {done} epochs"),
        0 => format!("training: {model} with {optim}, {total} epochs, into {path}"),
        _ => format!("going on after epoch {done}: {model} with {optim}, {total} epochs, into {path}"),
    }
}

/// The distance that was measured last, beside its floor.
fn distance(records: &[EpochRecord], run: &PointsRun) -> anyhow::Result<Option<String>> {
    let measured = records.iter().rev().find_map(|record| record.sliced_w2);
    Ok(measured.zip(run.floor()?).map(|(distance, floor)| {
        let floor = floor.sliced_w2.mean;
        format!("{distance:.4}, {:.1} times its floor of {floor:.4}", distance / floor)
    }))
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
        })
    };
    printer.result(&words, run.path(), fields)
}
