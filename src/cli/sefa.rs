//! `gan-lab sefa`

use std::path::Path;

use anyhow::Context as _;
use fs_err as fs;

use super::args::must_be_there;
use super::exit::Exit;
use super::jobs::{Counts, checkpoint, eigenvalue_table, files_are_there, pick, read_labels, typed};
pub(super) use super::options::sefa::SefaArgs;
use super::options::sefa::sefa as configured;
use super::printer::Printer;
use super::session;
use super::signals::Signals;
use super::studio;
use super::traits;
use crate::checkpoint::bundled_names;
use crate::config::SefaConfig;
use crate::json;
use crate::kinds::sefa::{self, Job, Picked, SefaError};
use crate::run::{Input, Kind, Outcome, Position, RunDir, Session, Start};

/// Where jobs go unless told otherwise.
const JOBS: &str = "work_dirs/synthesis";

pub(super) fn run(args: &SefaArgs, printer: &Printer) -> anyhow::Result<Exit> {
    if let Some(command) = &args.command {
        return studio::run(command, printer);
    }
    let mut config = configured(args)?;
    files_are_there(&config)?;
    let path = checkpoint(&config, printer)?;
    RunDir::check_follower(&path)?;
    let labels = args.labels.as_deref().map(read_labels).transpose()?.unwrap_or_default();
    let given = |key: &str| args.settings.given(key).is_some();
    let scores = args.scores.as_deref().map(read_scores).transpose()?;
    let (mut picked, said) =
        pick(labels, &mut config, &path, counts(args)?).map_err(|error| match error.downcast::<SefaError>() {
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
    for (extension, reason) in session.work().without() {
        printer.note(&format!("no {extension}: {reason}"));
    }
    let Position { done, total } = session.position();
    let model = session.work().model().to_owned();
    printer.note(&format!("rendering {} images of {model} ({done} are there)", total - done));
    let signals = Signals::listen()?;
    let outcome = session::follow(&mut session, Kind::Sefa.unit(), &signals, printer, &|_| Vec::new())?;
    report(&session, outcome, total - done, printer)?;
    Ok(session::exit(outcome, &signals))
}

/// Whether numbers of samples and directions were said: by an option, or by a config's file, which says all.
fn counts(args: &SefaArgs) -> anyhow::Result<Counts> {
    let settings = &args.settings;
    let from_file = settings.base()?.is_some() && settings.preset().is_none();
    let said = |paths: &[&str]| from_file || paths.iter().any(|path| settings.given(path).is_some());
    Ok(Counts { samples: said(&["samples"]), directions: said(&["k", "directions"]) })
}

/// What the job is called: by the model, its content where it is not a bundled one, what is asked of it, and the content of the
/// files of codes and directions.
fn default_name(config: &SefaConfig, picked: &Picked) -> String {
    // The side that is meant where none is said is the same job.
    let usual = sefa::usual_side(picked.drawing.side());
    let config = &SefaConfig { viz_size: config.viz_size.filter(|&side| side != usual), ..config.clone() };
    let is_bundled = config.checkpoint.is_none() && bundled_names().any(|name| name == config.model);
    let content = if is_bundled { String::new() } else { format!("-{}", &picked.sha256[..8]) };
    let model = format!("{}{content}", picked.model);
    let of =
        |name: String, input: &Input| format!("{name}_{}-{}", input.role.trim_end_matches("-file"), &input.sha256[..8]);
    picked.inputs.iter().fold(config.default_name(&model), of)
}

fn read_scores(path: &Path) -> anyhow::Result<Vec<u8>> {
    must_be_there(
        path,
        "file of scores",
        "a job with --traits scores lists the pictures to score in traits/images.csv",
    )?;
    fs::read(path).context("cannot read the scores")
}

/// The table of eigenvalues.
fn listing(job: &Job) -> String {
    let (directions, labels) = (job.directions(), job.labels());
    let label = |i: usize| labels.get(&i).cloned().unwrap_or_else(|| traits::proposed(job.measuring(), i));
    eigenvalue_table(directions, &directions.shares(), job.chosen(), &label)
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
    let eigenvalues: Vec<f64> = chosen.iter().filter_map(|&i| job.directions().eigenvalue(i)).collect();
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
