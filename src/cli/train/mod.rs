//! `gan-lab train`

#[cfg(feature = "torch")]
mod progan;

use std::path::Path;
use std::sync::Arc;

use clap::{Args, Subcommand};

#[cfg(not(feature = "torch"))]
use super::absent::progan;
use super::exit::{Exit, UsageError, exit_of, hinted};
use super::options::points::{PointArgs, blamed, checked, points as configured};
use super::pages::{RunSource, serve};
use super::points::{advised, fewer, finish, fitting, gamma_words, words};
use super::preview::Preview;
use super::printer::Printer;
use super::session::{self, Beside};
use super::signals::Signals;
use crate::checkpoint::Source;
use crate::config::{ConfigError, Device, EngineKind, RunConfig, Scale, Shuffle, TrainConfig};
use crate::data::{self, LEAST_HELD_OUT, Reading};
use crate::figures::{measure, place};
use crate::kinds::points::{self, EpochRecord, Merging, Points, PointsRun, Prepared, Trace, TrainError};
use crate::live::{Controls, Server};
use crate::run::{Kind, Position, RUNS, RunDir, Session, Start, count};
use progan::ProganArgs;

/// Train a model and record what it makes
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "With only a MODEL, trains the lab's recipe: every setting at its default.\n\
                  Ctrl-C saves the run and stops; the same command with --resume continues it, with exactly the same result."
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
    let Plan { config, dir, start, note } = plan(args)?;
    if let Some(note) = note {
        printer.note(&note);
    }
    session::note_nothing_to_resume(&dir, start, printer);
    if let Some(path) = args.trace.as_deref().filter(|path| !args.force && !may_be_replaced(path)) {
        let message = format!("{} is there already, and it is no trace of gan-lab's", path.display());
        return Err(hinted(message, "choose another --trace, or replace it with --force"));
    }
    let trace = args.trace.as_ref().map(|path| Trace::new(path.clone(), &config));
    if data::is_built_in(&config.data.path) {
        printer.note(&format!("{} is not here: training on the built-in set of that name", config.data.path.display()));
    }
    session::permit_events(&args.events, &dir)?;
    let mut session =
        points::open(config.clone(), dir, start, moved(args), trace).map_err(|error| advised(error, &config))?;
    let notes = &session.work().taken().notes;
    if !notes.is_empty() {
        printer.note(&format!("{}: {}", config.data.path.display(), notes.join("; ")));
    }
    printer.note(&opening(&config, &session));
    if session.position().done < session.position().total && session.ended().is_none() {
        for doubt in config.doubts() {
            printer.note(&format!("warning: {doubt}"));
        }
        for remark in session.work().remarks() {
            printer.note(&format!("{}: {remark}", config.data.path.display()));
        }
        if let Some(line) = merging(session.work().merging()) {
            printer.note(&line);
        }
        if let Some(line) = slower(&config) {
            printer.note(&line);
        }
        let prepared = session.work().prepared();
        let gamma = gamma_words(&config, &prepared.units);
        for line in preparation(prepared).into_iter().chain(gamma.map(|words| format!("gamma {words}"))) {
            printer.note(&line);
        }
    }
    let mut preview = if args.preview { Preview::begin(&session, printer)? } else { None };
    let events = session::events(&args.events, session.dir(), printer)?;
    let signals = Signals::listen()?;
    let controls = args.live.map(|_| Arc::new(Controls::default()));
    let server = args
        .live
        .map(|port| watched(session.dir(), Some(port).filter(|port| *port > 0), controls.clone(), printer))
        .transpose()?;
    let mut panel = preview.as_mut().map(|preview| |record: &EpochRecord, left: &str| preview.see(record, left));
    let beside = Beside {
        panel: panel.as_mut().map(|panel| panel as _),
        events: events.as_ref(),
        controls: controls.as_deref(),
    };
    let outcome = session::follow_beside(&mut session, Kind::Points.unit(), &signals, printer, &words, beside);
    if let Some(server) = server {
        server.finish();
    }
    let whole = session::finish_events(events, printer);
    let exit = finish(session, outcome?, &signals, printer)?;
    Ok(if whole { exit } else { exit.or_fixable() })
}

/// Serves the page of the run that is trained.
fn watched(
    dir: &RunDir,
    port: Option<u16>,
    controls: Option<Arc<Controls>>,
    printer: &Printer,
) -> anyhow::Result<Server> {
    let dir = dir.clone();
    serve(port, Box::new(RunSource { find: Box::new(move || vec![dir.clone()]) }), controls, printer)
}

/// Where another engine than the fastest does the arithmetic on a CPU: which, and for what.
fn slower(config: &RunConfig) -> Option<String> {
    let lacking = EngineKind::Fused.lacks(config).filter(|_| config.device == Device::Cpu)?;
    Some(format!("the arithmetic is that of --engine {}: the fused engine lacks {lacking}", config.engine.name()))
}

/// What single precision takes from the data, and what to do.
fn merging(axes: [Option<Merging>; 2]) -> Option<String> {
    let step = |(name, axis): (&str, Option<Merging>)| {
        let Merging { step, deviation } = axis?;
        Some(format!("{name} in steps of {}, where its standard deviation is {}", measure(step), measure(deviation)))
    };
    let steps: Vec<String> = ["x", "y"].into_iter().zip(axes).filter_map(step).collect();
    (!steps.is_empty()).then(|| {
        format!(
            "warning: with --scale none the points are kept in single precision: {}. Points closer than that become \
             one; without --scale none they keep their digits",
            steps.join(", and ")
        )
    })
}

/// Whether a trace may be written to `path`: nothing is there, or another trace.
fn may_be_replaced(path: &Path) -> bool {
    let note = || Source::open(path).ok()?.note().map(str::to_owned);
    std::fs::symlink_metadata(path).is_err() || note().is_some_and(|note| note.contains("\"gan-lab trace "))
}

/// What is to be done, and where.
struct Plan {
    config: RunConfig,
    dir: RunDir,
    start: Start,
    /// What was chosen for the person, and how to choose otherwise.
    note: Option<String>,
}

/// Turns the arguments into a config and a directory; a run that is resumed keeps its own config.
fn plan(args: &PointArgs) -> anyhow::Result<Plan> {
    let mut config = configured(args, None)?;
    let note = config.as_mut().and_then(|config| fit(args, config));
    let dir = match (&args.out, &config) {
        (Some(out), _) => RunDir::new(out),
        (None, Some(config)) => RunDir::new(Path::new(RUNS).join(sound(args, config)?.default_name())),
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
        return Ok(Plan { config, dir, start: Start::Resume, note: None });
    }
    if config.is_none() && args.resume && dir.is_half_begun() {
        dir.expect(Kind::Points)?;
    }
    let config = sound(args, &config.ok_or_else(which_model)?)?;
    let start = if args.resume { Start::Resume } else { Start::New { force: args.force } };
    Ok(Plan { config, dir, start, note })
}

/// Fits the number of training points to a person's own file that has too few for the default, and says so. What was said is
/// left alone, and what cannot be read or cannot train is told later.
fn fit(args: &PointArgs, config: &mut TrainConfig) -> Option<String> {
    let said = |key| args.settings.given(key).is_some();
    if !said("data.path") || said("data.train_size") || args.settings.has_file() {
        return None;
    }
    let points = data::load(&config.data.path, &Reading::from(&config.data)).ok()?.points.len();
    let (size, batch) = fewer(config, points);
    let (enough, shrinks) = (config.data.train_size + LEAST_HELD_OUT, batch < config.batch_size);
    if points >= enough || batch < 2 || points - size < LEAST_HELD_OUT || (shrinks && said("batch_size")) {
        return None;
    }
    config.data.train_size = size;
    let mut note = format!("{} has {points} points: {size} of them train (--train-size", config.data.path.display());
    if shrinks {
        config.batch_size = batch;
        note += &format!("), in batches of {batch} (--batch-size");
    }
    Some(note + "), the others are held out")
}

/// The config, checked. Where both it and its data are wrong the data are complained of first; where they are sound, what
/// is wrong with the number that train comes with what fits them.
fn sound(args: &PointArgs, config: &TrainConfig) -> anyhow::Result<RunConfig> {
    let error = match config.clone().check() {
        Ok(config) => return Ok(config),
        Err(error) => error,
    };
    let of_size = matches!(&error, ConfigError::Value { key, .. } if *key == "data.train_size");
    let set = data::load(&config.data.path, &Reading::from(&config.data));
    let set = set.map_err(|error| advised(TrainError::Data(error), config))?;
    let error = blamed(args, error);
    if !of_size {
        return Err(error);
    }
    let fitting = fitting(config, set.points.len());
    Err(match exit_of(&error) {
        Exit::Usage => UsageError(format!("{error:#}; {fitting}")).into(),
        _ => hinted(format!("{error:#}"), fitting),
    })
}

/// Where the data are said to be now.
fn moved(args: &PointArgs) -> Option<&Path> {
    args.settings.given("data.path").and_then(serde_json::Value::as_str).map(Path::new)
}

fn which_model() -> anyhow::Error {
    UsageError("say which model to train: gan-lab train gan, wgan or wgan-gp; or a --preset, or a --rule".into()).into()
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

/// What a person should know of what was made of the data.
fn preparation(prepared: &Prepared) -> Vec<String> {
    let Prepared { train, held_out, shuffle, left_out, units, .. } = prepared;
    let mut lines = vec![format!("{train} points train, {held_out} are held out")];
    if *left_out > 0 {
        let (taken, which) = (
            train - left_out,
            match shuffle {
                Shuffle::EveryEpoch => "others in every epoch",
                Shuffle::Auto | Shuffle::Once => "the same in every epoch; --shuffle every-epoch takes all in turn",
            },
        );
        lines[0] += &format!("; an epoch takes {taken} and leaves {left_out} out, {which}");
    }
    let [x, y] = [0, 1].map(|i| place(units.centre[i], units.spread(i)));
    let how = match units.scale {
        Scale::Auto | Scale::None => return lines,
        Scale::Standardise => {
            let [sx, sy] = [0, 1].map(|i| measure(units.spread(i)));
            let less = |x: &str| match x.strip_prefix('-') {
                Some(x) => format!("+ {x}"),
                None => format!("- {x}"),
            };
            format!("(x {}) / {sx} and (y {}) / {sy}", less(&x), less(&y))
        }
        Scale::Whiten => format!("the points around ({x}, {y}), uncorrelated, in standard deviations"),
    };
    lines.push(format!("the networks see {how}; files and pictures are in the data's own units"));
    lines
}

fn opening(config: &RunConfig, session: &Session<Points>) -> String {
    let Position { done, total } = session.position();
    let path = session.dir().path().display();
    let (model, optim) = (config.game_title(), config.optim_title());
    if let Some(condition) = session.ended() {
        return format!(
            "this run ended after epoch {done} of {total} by its own condition, {condition}; to go on, say --resume --out \
             {path} with --stop-when never or another condition"
        );
    }
    match done {
        _ if done >= total => format!("this run is finished already: {}", count(done, "epoch")),
        0 => format!("training: {model} with {optim}, {}, into {path}", count(total, "epoch")),
        _ => format!("going on after epoch {done}: {model} with {optim}, {}, into {path}", count(total, "epoch")),
    }
}
