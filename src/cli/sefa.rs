//! `gan-lab sefa`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use fs_err as fs;

use super::args::must_be_there;
use super::exit::{Exit, UsageError, hinted};
use super::jobs::pick;
pub(super) use super::options::sefa::SefaArgs;
use super::options::sefa::sefa as configured;
use super::printer::Printer;
use super::session;
use super::signals::Signals;
use super::table::{Align, table};
use super::traits;
use crate::checkpoint::{BUNDLED, bundled};
use crate::config::SefaConfig;
use crate::json;
use crate::kinds::sefa::{self, Job, Picked, SefaError};
use crate::run::{Kind, Outcome, Position, RunDir, Session, Start};
use crate::synthesis::SynthesisError;

/// Where jobs go unless told otherwise.
const JOBS: &str = "work_dirs/synthesis";

pub(super) fn run(args: &SefaArgs, printer: &Printer) -> anyhow::Result<Exit> {
    crate::torch_library::load()?;
    let config = configured(args)?;
    let path = find_checkpoint(&config)?;
    if bundled(&path).is_some() {
        printer.note(&format!("{} is not here: taking the {BUNDLED} that is built in", path.display()));
    }
    RunDir::check_follower(&path)?;
    let labels = args.labels.as_deref().map(read_labels).transpose()?.unwrap_or_default();
    let given = |key: &str| args.settings.given(key).is_some();
    let scores = args.scores.as_deref().map(read_scores).transpose()?;
    let (mut picked, said) = pick(labels, &config, &path).map_err(|error| match error.downcast::<SefaError>() {
        Ok(error) => typed(error, &given),
        Err(error) => error,
    })?;
    for words in &said {
        printer.note(words);
    }
    picked.scores = scores;
    let name = default_name(&config, &picked);
    let dir = RunDir::new(args.out.clone().unwrap_or_else(|| Path::new(JOBS).join(name)));
    let start = if args.resume { Start::Resume } else { Start::New { force: args.force } };
    session::note_nothing_to_resume(&dir, start, printer);
    let mut session = sefa::open(config, picked, &path, dir, start).map_err(|error| typed(error, &given))?;
    for remark in session.work().remarks() {
        printer.note(&remark.to_string());
    }
    let Position { done, total } = session.position();
    let model = session.work().model().to_owned();
    printer.note(&format!("rendering {} images of {model} ({done} are there)", total - done));
    let signals = Signals::listen()?;
    let outcome = session::follow(&mut session, Kind::Sefa.unit(), &signals, printer, &|_| Vec::new())?;
    for (extension, reason) in session.work().without() {
        printer.note(&format!("no {extension}: {reason}"));
    }
    report(&session, outcome, total - done, printer)?;
    Ok(session::exit(outcome, &signals))
}

/// An error of what was typed is one of usage, though it takes the model to see it.
fn typed(error: SefaError, given: &dyn Fn(&str) -> bool) -> anyhow::Error {
    let key = match &error {
        SefaError::Direction { .. } => "directions",
        SefaError::TooMany { .. } => "k",
        SefaError::OnlyStyleGan { setting } => setting,
        SefaError::Synthesis(
            SynthesisError::Class { .. } | SynthesisError::NoClasses { .. } | SynthesisError::ClassNeeded { .. },
        ) => "class",
        _ => return error.into(),
    };
    if let SefaError::Synthesis(SynthesisError::ClassNeeded { .. }) = &error {
        return hinted(error.to_string(), "name one with --class");
    }
    if given(key) {
        return UsageError(format!("--{}: {error}", key.replace('_', "-"))).into();
    }
    error.into()
}

/// What the job is called: by the model, its content where it is not the bundled one, and what is asked of it.
fn default_name(config: &SefaConfig, picked: &Picked) -> String {
    let is_bundled = config.checkpoint.is_none() && config.model == BUNDLED;
    let content = if is_bundled { String::new() } else { format!("-{}", &picked.sha256[..8]) };
    let model = format!("{}{content}", picked.model);
    config.default_name(&model)
}

/// The file that `--checkpoint` or `--model` means.
fn find_checkpoint(config: &SefaConfig) -> anyhow::Result<PathBuf> {
    if let Some(path) = &config.checkpoint {
        if bundled(path).is_none() {
            let hint =
                format!("name a ProGAN or StyleGAN file, or take {BUNDLED}, which is built in, by leaving it out");
            must_be_there(path, "checkpoint", &hint)?;
        }
        return Ok(path.clone());
    }
    let name = &config.model;
    let places = [
        format!("checkpoints/{name}.pth"),
        format!("checkpoints/{name}.pt"),
        format!("checkpoints/{name}.pkl"),
        format!("checkpoints/{name}.safetensors"),
        format!("data/models/{name}.safetensors"),
    ];
    let found = places.iter().map(PathBuf::from).find(|path| path.is_file() || bundled(path).is_some());
    found.with_context(|| {
        format!(
            "there is no model '{name}': looked for {}. Put a checkpoint into checkpoints/, or name one with \
             --checkpoint, or take {BUNDLED}, which is built in. genforce's own downloads are gone; its converter makes such files from NVIDIA's pickles, and PyTorch Hub leaves its PGAN models in \
             its cache as .pth",
            places.join(", ")
        )
    })
}

fn read_scores(path: &Path) -> anyhow::Result<Vec<u8>> {
    must_be_there(
        path,
        "file of scores",
        "a job with --traits scores lists the pictures to score in traits/images.csv",
    )?;
    fs::read(path).context("cannot read the scores")
}

fn read_labels(path: &Path) -> anyhow::Result<BTreeMap<usize, String>> {
    must_be_there(path, "file of labels", "the page of a job exports one")?;
    let text = fs::read_to_string(path).context("cannot read the labels")?;
    serde_json::from_str(&text)
        .with_context(|| format!(r#"{} is not a labels file; it should look like {{"0": "sleeves"}}"#, path.display()))
}

/// The table of eigenvalues.
fn listing(job: &Job) -> String {
    let (directions, chosen, labels) = (job.directions(), job.chosen(), job.labels());
    let mut rows = vec![["direction", "eigenvalue", "share", "label"].map(str::to_owned).to_vec()];
    let shares = directions.shares();
    rows.extend(chosen.iter().map(|&i| {
        let share = format!("{:.1} %", 100.0 * shares[i]);
        let label = labels.get(&i).cloned().unwrap_or_else(|| traits::proposed(job.measuring(), i));
        vec![i.to_string(), format!("{:.3}", directions.eigenvalues[i]), share, label]
    }));
    table(&[Align::Right, Align::Right, Align::Right, Align::Left], &rows)
}

fn report(session: &Session<Job>, outcome: Outcome, rendered: u64, printer: &Printer) -> anyhow::Result<()> {
    let (dir, job) = (session.dir(), session.work());
    let path = dir.path().display().to_string();
    let chosen = job.chosen();
    let page = dir.file("index.html");
    let words = match outcome {
        Outcome::Stopped => "stopped and saved\nnext: the same command with --resume goes on".to_owned(),
        Outcome::Finished | Outcome::Ended => {
            let table = listing(job) + &traits::words(job.measuring(), dir.path());
            format!("{table}\n\nwrote {path}\nnext: open {} in a browser", page.display())
        }
    };
    let eigenvalues: Vec<f64> = chosen.iter().map(|&i| job.directions().eigenvalues[i]).collect();
    let status = if outcome == Outcome::Stopped { "stopped" } else { "finished" };
    let fields = || {
        serde_json::json!({
            "status": status, "job": json::path(dir.path()), "page": json::path(&page),
            "video": job.video(dir, "mp4").as_deref().map(json::path), "rendered": rendered,
            "directions": chosen, "eigenvalues": eigenvalues,
            "traits": traits::json(job.measuring(), dir),
        })
    };
    printer.result(&words, dir.path(), fields)
}
