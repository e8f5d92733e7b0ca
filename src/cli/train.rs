//! `gan-lab train`

use std::path::Path;

use anyhow::bail;
use clap::{Args, Subcommand};

use super::exit::{Exit, UsageError};
use super::options::points::{PointArgs, checked, points};
use super::printer::{Printer, Progress, duration};
use super::progan::{self, ProganArgs};
use super::signals::Signals;
use super::table::facts;
use crate::config::{Difference, EngineKind, POINTS, RunConfig, TrainConfig};
use crate::data::{self, DataError};
use crate::run::{EpochRecord, RUNS, RunDir, Status};
use crate::train::{Outcome, Session, Start, Trace, TrainError};

/// Train a model and record what it makes
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "With nothing but a model this is the lab's recipe.\nCtrl-C saves and stops; the same command with --resume goes on, to the very same result."
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
    let Plan { config, dir, resume } = plan(args)?;
    if let Some(done) = already_finished(&dir, &config, resume)? {
        printer.note(&format!("this run is finished already: {} epochs", done.epoch));
        return report(&dir, &config, Outcome::Finished, printer).map(|()| Exit::Done);
    }
    if data::is_built_in(&config.data.path) {
        printer.note(&format!("{} is not here: training on the built-in set of that name", config.data.path.display()));
    }
    let start = if resume { Start::Resume } else { Start::New { force: args.force } };
    let mut session = Session::open(config.clone(), dir, start).map_err(|error| advised(error, &config))?;
    session.set_trace(args.trace.as_ref().map(|path| Trace::new(path.clone(), &config)));
    printer.note(&opening(&config, session.dir(), session.epochs_done()));
    let signals = Signals::listen()?;
    let outcome = follow(&mut session, &config, &signals, printer)?;
    finish(session, &config, outcome, &signals, printer)
}

/// Trains, showing every epoch.
pub(super) fn follow(
    session: &mut Session,
    config: &RunConfig,
    signals: &Signals,
    printer: &Printer,
) -> Result<Outcome, TrainError> {
    let bar = printer.progress("epoch", config.epochs, session.epochs_done());
    let rate = Rate::start(session.epochs_done());
    let outcome = session.train(&|| signals.received().is_some(), &mut |record| {
        show(&bar, record, &rate, config.epochs);
    });
    bar.finish();
    outcome
}

/// Lets the run's directory go, says what came of it, and how the command ends.
pub(super) fn finish(
    session: Session,
    config: &RunConfig,
    outcome: Outcome,
    signals: &Signals,
    printer: &Printer,
) -> anyhow::Result<Exit> {
    let dir = session.dir().clone();
    drop(session);
    report(&dir, config, outcome, printer)?;
    Ok(match outcome {
        Outcome::Finished => Exit::Done,
        Outcome::Stopped => signals.exit(),
    })
}

/// What is to be done, and where.
struct Plan {
    config: RunConfig,
    dir: RunDir,
    resume: bool,
}

/// Turns the arguments into a config and a directory; a run that is resumed keeps its own config.
fn plan(args: &PointArgs) -> anyhow::Result<Plan> {
    let config = points(args, None)?;
    let dir = match (&args.out, &config) {
        (Some(out), _) => RunDir::new(out),
        (None, Some(config)) => RunDir::new(Path::new(RUNS).join(checked(args, config.clone())?.default_name())),
        (None, None) => return Err(which_model()),
    };
    if args.resume && dir.status()? != Status::Absent {
        let saved = dir.config()?;
        let wanted = points(args, Some(&saved))?.ok_or_else(which_model)?;
        let config = continued(&dir, &saved, wanted)?;
        if args.trace.is_some() {
            return Err(
                UsageError("--trace records a run's first iterations; it cannot go with --resume".into()).into()
            );
        }
        return Ok(Plan { config, dir, resume: true });
    }
    let config = checked(args, config.ok_or_else(which_model)?)?;
    Ok(Plan { config, dir, resume: false })
}

fn which_model() -> anyhow::Error {
    UsageError("say which model to train: gan-lab train gan, wgan or wgan-gp".into()).into()
}

/// The config to go on with: the saved one, with as many epochs as wanted if those are more.
fn continued(dir: &RunDir, saved: &RunConfig, mut wanted: TrainConfig) -> anyhow::Result<RunConfig> {
    if wanted.threads == 0 {
        wanted.threads = saved.threads;
    }
    if wanted.engine == EngineKind::Auto {
        wanted.engine = saved.engine;
    }
    let longer = saved.with_epochs(saved.epochs.max(wanted.epochs))?;
    let differing = POINTS.differences(&longer, &wanted);
    if differing.is_empty() {
        return Ok(longer);
    }
    let lines = differing.iter().map(Difference::to_string).collect::<Vec<_>>().join("\n  ");
    bail!(
        "the run in {} was begun with other settings:\n  {lines}\nleave those options out to go on with it, or train into \
         another --out",
        dir.path().display()
    )
}

fn already_finished(dir: &RunDir, config: &RunConfig, resume: bool) -> anyhow::Result<Option<EpochRecord>> {
    if !resume || !matches!(dir.status()?, Status::Finished { epochs } if epochs >= config.epochs) {
        return Ok(None);
    }
    Ok(dir.metrics()?.pop())
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

fn opening(config: &RunConfig, dir: &RunDir, done: u64) -> String {
    let how = if done > 0 { format!("going on after epoch {done}") } else { "training".to_owned() };
    let (model, optim) = (config.objective.model().title(), config.optim.title());
    format!("{how}: {model} with {optim}, {} epochs, into {}", config.epochs, dir.path().display())
}

/// Epochs a second since this process began.
struct Rate {
    start: std::time::Instant,
    first: u64,
}

impl Rate {
    fn start(first: u64) -> Self {
        Self { start: std::time::Instant::now(), first }
    }

    fn at(&self, epoch: u64) -> f64 {
        (epoch - self.first) as f64 / self.start.elapsed().as_secs_f64().max(1e-9)
    }
}

fn show(bar: &Progress, record: &EpochRecord, rate: &Rate, epochs: u64) {
    let rate = rate.at(record.epoch);
    let left = duration((epochs - record.epoch) as f64 / rate.max(1e-9));
    let message =
        format!("d_loss {:>7.4}  g_loss {:>7.4}  {rate:>4.1} epochs/s  {left} left", record.d_loss, record.g_loss);
    bar.show(record.epoch, &message);
}

/// The distance that was measured last, beside its floor.
fn distance(dir: &RunDir) -> anyhow::Result<Option<String>> {
    let measured = dir.metrics()?.into_iter().rev().find_map(|record| record.sliced_w2);
    Ok(measured.zip(dir.floor()?).map(|(distance, floor)| {
        let floor = floor.sliced_w2.mean;
        format!("{distance:.4}, {:.1} times its floor of {floor:.4}", distance / floor)
    }))
}

pub(super) fn report(dir: &RunDir, config: &RunConfig, outcome: Outcome, printer: &Printer) -> anyhow::Result<()> {
    let last = dir.metrics()?.pop();
    let epoch = last.as_ref().map_or(0, |record| record.epoch);
    let frames = dir.frames()?.epochs.len();
    let path = dir.path().display().to_string();
    let mut rows = vec![("epochs", format!("{epoch} of {}", config.epochs))];
    if let Some(record) = &last {
        rows.push(("time", duration(record.seconds)));
        rows.push(("discriminator loss", format!("{:.4}", record.d_loss)));
        rows.push(("generator loss", format!("{:.4}", record.g_loss)));
    }
    if let Some(line) = distance(dir)? {
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
    let json = serde_json::json!({
        "status": status,
        "run": path,
        "model": model.name(),
        "optim": optim,
        "seed": config.seed,
        "epochs": config.epochs,
        "frames": frames,
        "last": last,
    });
    printer.result(&words, &path, &json);
    Ok(())
}
