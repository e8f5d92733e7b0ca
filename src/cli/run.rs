//! `gan-lab run`

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;

use super::args::{must_be_there, whole};
use super::exit::{Exit, UsageError};
use super::points::{advised, finish, report, words};
use super::printer::Printer;
use super::session;
use super::signals::Signals;
use crate::config::RunConfig;
use crate::kinds::points::{self, Points, PointsRun, TrainError};
use crate::run::{Kind, Outcome, RunDir, RunError, Session, Start, Status};
use crate::sweep::{PlannedRun, Sweep, SweepError};

/// Where cluster systems say which task of an array this is.
const INDEX_VARIABLES: [&str; 3] = ["SLURM_ARRAY_TASK_ID", "HQ_TASK_ID", "JOB_COMPLETION_INDEX"];

/// How often a directory is looked at anew that another process changed between looking and locking.
const LOOKS: u32 = 5;

/// Train one run of a sweep: one line of its plan.jsonl
#[derive(Debug, Args)]
#[command(
    after_help = "If the run is already finished, exits with 0 at once; if it was interrupted, resumes it. SIGTERM \
                        and SIGUSR1 save its state and exit with 75. The exit code is 75 too if another process is at \
                        work on the run. After a 75, run the same command again to go on."
)]
pub(super) struct RunArgs {
    /// The plan.jsonl that `gan-lab sweep` writes
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,
    /// Line of the plan, counted from 0 [default: the environment variable SLURM_ARRAY_TASK_ID, HQ_TASK_ID or
    /// JOB_COMPLETION_INDEX]
    #[arg(long, value_name = "N", value_parser = whole::<usize>(0..=u64::MAX))]
    index: Option<usize>,
    /// The folder that the run must lie in, whatever the plan says [default: the plan's own]
    #[arg(long, value_name = "DIR", hide = true)]
    runs: Option<PathBuf>,
    /// The directory that the line must have: another plan may have been put in its place
    #[arg(long, value_name = "DIR", hide = true)]
    expect: Option<PathBuf>,
    /// Save and stop when standard input ends, as for SIGTERM
    #[arg(long, hide = true)]
    until_eof: bool,
}

pub(super) fn run(args: &RunArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let signals = Signals::listen_as_task()?;
    if args.until_eof {
        signals.stop_at_end_of_input();
    }
    let index = index(args)?;
    must_be_there(&args.plan, "plan", "gan-lab sweep PLAN.json writes one, plan.jsonl in the sweep's folder")?;
    let planned = Sweep::read_line(&args.plan, index, args.runs.as_deref()).map_err(|error| match error {
        // What was typed is wrong.
        SweepError::NoLine { lines, .. } if args.index.is_some() && lines > 0 => {
            UsageError(format!("--index: {error}")).into()
        }
        other => anyhow::Error::from(other),
    })?;
    if args.expect.as_ref().is_some_and(|expected| *expected != planned.dir()) {
        let (plan, line) = (args.plan.display(), planned.index() + 1);
        bail!("{plan} was written anew by another sweep: line {line} is now a different run; run the sweep again");
    }
    let sweep = Sweep::empty(args.plan.parent().unwrap_or(std::path::Path::new("")));
    match train(&planned, &signals, printer) {
        Ok(exit) => {
            // The run is what counts, not the note.
            if let Err(error) = sweep.clear_failure(&planned) {
                printer.problem(&format!("cannot remove the note of an earlier failure: {error}"));
            }
            Ok(exit)
        }
        Err(error) if is_locked(&error) => {
            printer.problem(&format!("{error:#}"));
            Ok(Exit::TryAgain)
        }
        Err(error) => {
            if let Err(unrecorded) = sweep.record_failure(&planned, &format!("{error:#}")) {
                printer.problem(&format!("the failure below cannot be noted: {unrecorded}"));
            }
            Err(error)
        }
    }
}

fn index(args: &RunArgs) -> anyhow::Result<usize> {
    if let Some(index) = args.index {
        return Ok(index);
    }
    let set = INDEX_VARIABLES.into_iter().find_map(|name| Some((name, std::env::var(name).ok()?)));
    let (name, value) = set.ok_or_else(|| {
        UsageError(format!(
            "say which line with --index, or in one of the environment variables {}",
            INDEX_VARIABLES.join(", ")
        ))
    })?;
    value.trim().parse().map_err(|_| UsageError(format!("{name} is '{value}', not a line's number")).into())
}

fn is_locked(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref().is_some_and(is_lock))
}

fn is_lock(error: &TrainError) -> bool {
    matches!(error, TrainError::Run(RunError::Locked { .. }))
}

fn train(planned: &PlannedRun, signals: &Signals, printer: &Printer) -> anyhow::Result<Exit> {
    let (dir, config) = (planned.run_dir(), planned.config());
    let mut session = match open(&dir, &config)? {
        Opened::Session(session) => *session,
        Opened::Finished => {
            let ended = dir.ended()?;
            printer.note(&over(ended.as_deref()));
            let outcome = if ended.is_some() { Outcome::Ended } else { Outcome::Finished };
            return report(&PointsRun::open(&dir)?, outcome, printer).map(|()| Exit::Done);
        }
    };
    let ended = session.ended();
    if session.position().done >= session.position().total || ended.is_some() {
        printer.note(&over(ended.as_deref()));
    }
    let outcome = session::follow(&mut session, Kind::Points.unit(), signals, printer, &words);
    let outcome = outcome.with_context(|| format!("{} failed", dir.path().display()))?;
    finish(session, outcome, signals, printer)
}

/// That there is nothing left to do.
fn over(ended: Option<&str>) -> String {
    match ended {
        Some(condition) => format!("this run has ended already, by its own condition: {condition}"),
        None => "this run is finished already".to_owned(),
    }
}

enum Opened {
    Session(Box<Session<Points>>),
    /// It is over, and the data are no more that one could go on with.
    Finished,
}

/// Takes the run's directory. What decides is what is found there under the lock: nothing that is there is ever replaced,
/// and what another process changed after we looked is looked at again.
fn open(dir: &RunDir, config: &RunConfig) -> anyhow::Result<Opened> {
    let mut looks = 0;
    loop {
        looks += 1;
        let was_there = dir.kind().is_some();
        let config = as_long(dir, config)?;
        // A finished run is opened too, which makes sure that none of its files is missing or of another moment.
        let error = match points::open(config.clone(), dir.clone(), Start::Resume, None, None) {
            Ok(session) => return Ok(Opened::Session(Box::new(session))),
            Err(TrainError::Data(_) | TrainError::Run(RunError::NoInput { .. })) if is_finished(dir) => {
                return Ok(Opened::Finished);
            }
            Err(error) => error,
        };
        if looks == LOOKS || is_lock(&error) || dir.kind().is_some() == was_there {
            return Err(advised(error, &config));
        }
    }
}

fn is_finished(dir: &RunDir) -> bool {
    dir.status().is_ok_and(Status::is_over)
}

/// A run can be longer than the line says, and be made as long as the line says.
fn as_long(dir: &RunDir, config: &RunConfig) -> anyhow::Result<RunConfig> {
    match PointsRun::open(dir) {
        Ok(saved) => Ok(config.with_epochs(saved.config().epochs.max(config.epochs))?),
        // What is wrong with it is said by whoever goes on with it.
        Err(_) => Ok(config.clone()),
    }
}
