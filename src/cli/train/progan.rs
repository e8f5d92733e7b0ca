//! `gan-lab train progan`

use std::path::{Path, PathBuf};

use crate::cli::exit::Exit;
pub(super) use crate::cli::options::progan::ProganArgs;
use crate::cli::options::progan::progan as configured;
use crate::cli::printer::{Printer, duration, typed_path};
use crate::cli::session::{self, Beside};
use crate::cli::signals::Signals;
use crate::cli::table::facts;
use crate::config::ProganConfig;
use crate::json;
use crate::kinds::progan::{self, ImageRecord, ProganError};
use crate::paths;
use crate::run::{Kind, Outcome, Position, RUNS, RunDir, Start, count};

pub(super) fn run(args: &ProganArgs, printer: &Printer) -> anyhow::Result<Exit> {
    crate::torch_library::load()?;
    let (config, dir, start) = plan(args)?;
    session::note_nothing_to_resume(&dir, start, printer);
    session::permit_events(&args.events, &dir)?;
    let opened = {
        let mut bar = None;
        let mut watch = |done: u64, total: u64| {
            bar.get_or_insert_with(|| printer.loading("reading image", total)).show(done, &[]);
        };
        progan::open(&config, dir, start, moved(args).as_deref(), &mut watch)
    };
    let mut session = opened.map_err(|error| advised(error, &config.data))?;
    for remark in session.work().remarks() {
        printer.note(&format!("{}: {remark}", config.data.display()));
    }
    let Position { done, total } = session.position();
    let (images, side) = session.work().image_set();
    printer.note(&match done {
        _ if done >= total => format!("this run is finished already: {}", count(done, "image")),
        _ => format!(
            "training a ProGAN on {images} images of side {side}, {done} of {total} shown, into {}",
            session.dir().path().display()
        ),
    });
    let signals = Signals::listen()?;
    let events = session::events(&args.events, session.dir(), printer)?;
    let beside = Beside { panel: None, events: events.as_ref(), controls: None };
    let outcome = session::follow_beside(&mut session, Kind::Progan.unit(), &signals, printer, &words, beside);
    let whole = session::finish_events(events, printer);
    let outcome = outcome?;
    let dir = session.dir().clone();
    drop(session);
    report(&dir, outcome, printer)?;
    let exit = session::exit(outcome, &signals);
    Ok(if whole { exit } else { exit.or_fixable() })
}

/// What is to be done, and where; a run that is resumed keeps its own config.
fn plan(args: &ProganArgs) -> anyhow::Result<(ProganConfig, RunDir, Start)> {
    let fresh = configured(args, None)?;
    let dir = RunDir::new(args.out.clone().unwrap_or_else(|| Path::new(RUNS).join(fresh.default_name())));
    if !args.resume {
        return Ok((fresh, dir, Start::New { force: args.force }));
    }
    if dir.kind().is_none() {
        return Ok((fresh, dir, Start::Resume));
    }
    let saved = progan::settings(&dir)?;
    Ok((configured(args, Some(&saved))?, dir, Start::Resume))
}

/// Where the images are said to be now.
fn moved(args: &ProganArgs) -> Option<PathBuf> {
    args.settings.given("data").and_then(serde_json::Value::as_str).map(paths::path)
}

/// Images that cannot be used come with what to do about it.
fn advised(error: ProganError, data: &Path) -> anyhow::Error {
    let advice = match &error {
        ProganError::Data(_) if data.exists() => Some("these images cannot be used"),
        ProganError::Data(_) => Some(
            "the images are not there; name them with --data, or fetch Fashion-MNIST with ./scripts/fetch-fashion-mnist.sh",
        ),
        _ => None,
    };
    let error = anyhow::Error::new(error);
    match advice {
        Some(advice) => error.context(advice),
        None => error,
    }
}

/// What the images since the last record came to, in a line.
fn words(record: &ImageRecord) -> Vec<(u8, String)> {
    let ImageRecord { side, d_loss, g_loss, .. } = record;
    vec![(1, format!("side {side}  d_loss {d_loss:.3}  g_loss {g_loss:.3}"))]
}

fn report(dir: &RunDir, outcome: Outcome, printer: &Printer) -> anyhow::Result<()> {
    let last = dir.records::<ImageRecord>(&|_| {})?.pop();
    let path = dir.path().display().to_string();
    let mut rows = Vec::new();
    if let Some(record) = &last {
        rows.push(("images", record.images.to_string()));
        rows.push(("time", duration(record.seconds)));
        rows.push(("discriminator loss", format!("{:.4}", record.d_loss)));
        rows.push(("generator loss", format!("{:.4}", record.g_loss)));
    }
    rows.push(("run", path.clone()));
    if progan::film(dir).is_file() {
        rows.push(("film", progan::film(dir).display().to_string()));
    }
    let (headline, status, next) = match outcome {
        Outcome::Finished | Outcome::Ended => (
            "finished",
            "finished",
            format!("gan-lab sefa --checkpoint {}", typed_path(&dir.file("generator.safetensors"))),
        ),
        Outcome::Stopped => {
            ("stopped and saved", "stopped", format!("gan-lab train progan --resume --out {}", typed_path(dir.path())))
        }
    };
    let words = format!("ProGAN: {headline}\n{}\nnext: {next}", facts(&rows));
    let fields = || serde_json::json!({ "status": status, "run": json::path(dir.path()), "last": last });
    printer.result(&words, dir.path(), fields)
}
