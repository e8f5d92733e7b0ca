//! `gan-lab train`

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use fs_err as fs;

use super::args::{EngineArg, GeneratorLossArg, ModelArg, OptimArg, set};
use super::exit::{Exit, UsageError, config_error};
use super::printer::{Printer, Progress, duration};
use super::progan::{self, ProganArgs};
use super::signals::Signals;
use super::table::facts;
use crate::config::{Device, Difference, EngineKind, Model, Objective, RunConfig, TrainConfig, differences};
use crate::data::DataError;
use crate::json;
use crate::run::{EpochRecord, RUNS, RunDir, Status};
use crate::train::{Outcome, Session, Start, Trace, TrainError};

/// Train a model and record what it makes
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "With nothing but a model this is the lab's recipe: data/points.mat, 320 epochs, RMSProp, lr 5e-5.\n\
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

/// A model of points.
#[derive(Debug, Args)]
struct PointArgs {
    /// The model
    #[arg(value_enum)]
    model: Option<ModelArg>,
    /// The model, as an option
    #[arg(long = "model", value_enum, value_name = "MODEL", conflicts_with = "model", hide_possible_values = true)]
    model_option: Option<ModelArg>,
    /// Begin with this config (see configs/); other options override it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// A MAT, npy or CSV file with two columns [default: data/points.mat]
    #[arg(long, value_name = "FILE", help_heading = "Data")]
    data: Option<PathBuf>,
    /// The variable to read from a MAT file [default: xx]
    #[arg(long, help_heading = "Data")]
    key: Option<String>,
    /// How many points train; all others are held out [default: 7000]
    #[arg(long, value_name = "N", help_heading = "Data")]
    train_size: Option<usize>,

    /// The optimiser [default: rmsprop]
    #[arg(long, value_enum, help_heading = "Training")]
    optim: Option<OptimArg>,
    /// Learning rate [default: 5e-5]
    #[arg(long, help_heading = "Training")]
    lr: Option<f64>,
    /// Passes over the training points [default: 320]
    #[arg(long, value_name = "N", help_heading = "Training")]
    epochs: Option<u64>,
    /// Points in a batch [default: 256]
    #[arg(long, value_name = "N", help_heading = "Training")]
    batch_size: Option<usize>,
    /// Dimension of the latent codes [default: 2]
    #[arg(long, value_name = "N", help_heading = "Training")]
    latent_dim: Option<usize>,
    /// Discriminator steps for each generator step [default: 1]
    #[arg(long, value_name = "N", help_heading = "Training")]
    critic_steps: Option<usize>,
    /// wgan: clamp the critic's parameters to [-C, C] [default: 0.1]
    #[arg(long, value_name = "C", help_heading = "Training")]
    clip: Option<f64>,
    /// wgan-gp: weight of the gradient penalty [default: 0.001]
    #[arg(long, value_name = "W", help_heading = "Training")]
    gp_weight: Option<f64>,
    /// gan: what the generator minimises [default: saturating]
    #[arg(long, value_enum, value_name = "LOSS", help_heading = "Training")]
    generator_loss: Option<GeneratorLossArg>,
    /// What all chance derives from: the same seed gives the same bytes [default: 0]
    #[arg(long, help_heading = "Training")]
    seed: Option<u64>,

    /// cpu, cuda or cuda:N [default: cpu]
    #[arg(long, help_heading = "Machine")]
    device: Option<Device>,
    /// Who does the arithmetic [default: auto]
    #[arg(long, value_enum, help_heading = "Machine")]
    engine: Option<EngineArg>,
    /// CPU threads [default: what the machine has, 4 at most]
    #[arg(long, value_name = "N", help_heading = "Machine")]
    threads: Option<usize>,

    /// Record a frame whenever this many epochs have passed [default: 10]
    #[arg(long, value_name = "EPOCHS", help_heading = "Run")]
    frame_every: Option<u64>,
    /// Measure sliced W2 and coverage whenever this many epochs have passed, 0 for never [default: with every frame]
    #[arg(long, value_name = "EPOCHS", help_heading = "Run")]
    eval_every: Option<u64>,
    /// The run's directory [default: work_dirs/train/<model>-<optim>-seed<seed>]
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    out: Option<PathBuf>,
    /// Go on with the run in that directory; a larger --epochs makes it longer
    #[arg(long, conflicts_with = "force", help_heading = "Run")]
    resume: bool,
    /// Replace the run in that directory
    #[arg(long, help_heading = "Run")]
    force: bool,
    /// Write what the first three iterations took and gave, for scripts/replay.py
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    trace: Option<PathBuf>,
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
    let model = args.model.or(args.model_option).map(Model::from);
    let from_file = args.config.as_deref().map(read_config).transpose()?;
    let base = match (&from_file, model) {
        (Some(config), _) => Some(config.clone()),
        (None, Some(model)) => Some(TrainConfig::lab(model)),
        (None, None) => None,
    };
    let dir = match (&args.out, &base) {
        (Some(out), _) => RunDir::new(out),
        (None, Some(base)) => RunDir::new(
            Path::new(RUNS).join(checked(args, apply(args, base.clone())?, from_file.clone())?.default_name()),
        ),
        (None, None) => return Err(which_model()),
    };
    if args.resume && dir.status()? != Status::Absent {
        let saved = dir.config()?;
        let wanted = apply(args, from_file.unwrap_or_else(|| (*saved).clone()))?;
        let config = continued(&dir, &saved, wanted)?;
        if args.trace.is_some() {
            return Err(
                UsageError("--trace records a run's first iterations; it cannot go with --resume".into()).into()
            );
        }
        return Ok(Plan { config, dir, resume: true });
    }
    let base = base.ok_or_else(which_model)?;
    let config = checked(args, apply(args, base)?, from_file)?;
    Ok(Plan { config, dir, resume: false })
}

/// The config, checked; what is wrong with it is the fault of the options, or of the file that it began with.
fn checked(args: &PointArgs, config: TrainConfig, from_file: Option<TrainConfig>) -> anyhow::Result<RunConfig> {
    let file = args.config.as_deref().zip(from_file.map(|config| config.check().err()));
    config.check().map_err(|error| config_error(&error, file)).context("this run cannot be trained")
}

fn which_model() -> anyhow::Error {
    UsageError("say which model to train: gan-lab train gan, wgan or wgan-gp".into()).into()
}

fn read_config(path: &Path) -> anyhow::Result<TrainConfig> {
    let text = fs::read_to_string(path).context("cannot read the config")?;
    TrainConfig::from_json(&text).with_context(|| format!("{} is not a config", path.display()))
}

/// The config with the options that were given.
fn apply(args: &PointArgs, mut config: TrainConfig) -> anyhow::Result<TrainConfig> {
    if let Some(model) = args.model.or(args.model_option).map(Model::from)
        && config.objective.model() != model
    {
        config.objective = Objective::lab(model);
    }
    apply_objective(args, &mut config.objective)?;
    if let Some(optim) = args.optim.map(crate::config::Optim::from)
        && config.optim.name() != optim.name()
    {
        config.optim = optim;
    }
    set(&mut config.data.path, args.data.as_ref());
    set(&mut config.data.key, args.key.as_ref());
    set(&mut config.data.train_size, args.train_size.as_ref());
    set(&mut config.lr, args.lr.as_ref());
    set(&mut config.epochs, args.epochs.as_ref());
    set(&mut config.batch_size, args.batch_size.as_ref());
    set(&mut config.generator.latent_dim, args.latent_dim.as_ref());
    set(&mut config.critic_steps, args.critic_steps.as_ref());
    set(&mut config.seed, args.seed.as_ref());
    set(&mut config.device, args.device.as_ref());
    set(&mut config.engine, args.engine.map(EngineKind::from).as_ref());
    set(&mut config.threads, args.threads.as_ref());
    set(&mut config.frame_every, args.frame_every.as_ref());
    if args.eval_every.is_some() {
        config.eval_every = args.eval_every;
    }
    Ok(config)
}

/// Sets the constants of the losses; one that the model does not have is a mistake.
fn apply_objective(args: &PointArgs, objective: &mut Objective) -> anyhow::Result<()> {
    let model = objective.model();
    let foreign = |option: &str, owner: Model| -> anyhow::Result<()> {
        Err(UsageError(format!("{option} belongs to {owner}; this run is {model}")).into())
    };
    if let Some(value) = args.clip {
        match objective {
            Objective::Wgan { clip } => *clip = value,
            _ => return foreign("--clip", Model::Wgan),
        }
    }
    if let Some(value) = args.gp_weight {
        match objective {
            Objective::WganGp { gp_weight } => *gp_weight = value,
            _ => return foreign("--gp-weight", Model::WganGp),
        }
    }
    if let Some(value) = args.generator_loss {
        match objective {
            Objective::Gan { generator_loss } => *generator_loss = value.into(),
            _ => return foreign("--generator-loss", Model::Gan),
        }
    }
    Ok(())
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
    let differing = differences(&longer, &wanted);
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
        TrainError::Data(_) if config.data.path.exists() => Some("these data cannot be used"),
        TrainError::Data(_) => Some(
            "the data file is not there; run gan-lab from the project's folder, name a file with --data, or make one \
             with `gan-lab data make points`",
        ),
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
    let losses = format!("d_loss {:>7.4}  g_loss {:>7.4}", record.d_loss, record.g_loss);
    let distance = record.sliced_w2.map(|w2| format!("sliced W2 {w2:.4}"));
    let (rate, left) = (format!("{rate:>4.1} epochs/s"), format!("{left} left"));
    let parts =
        [Some((1, losses.as_str())), distance.as_deref().map(|text| (2, text)), Some((4, &rate)), Some((3, &left))];
    bar.show(record.epoch, &parts.into_iter().flatten().collect::<Vec<_>>());
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
    let fields = || {
        serde_json::json!({
            "status": status,
            "run": json::path(dir.path()),
            "model": model.name(),
            "optim": optim,
            "seed": config.seed,
            "epochs": config.epochs,
            "frames": frames,
            "last": last,
        })
    };
    printer.result(&words, dir.path(), fields)
}
