//! `gan-lab run`

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::exit::{Exit, UsageError};
use super::printer::Printer;
use super::signals::Signals;
use super::session;
use super::train::{advised, finish, words};
use crate::kinds::points::{self, PointsRun, TrainError};
use crate::run::{Kind, RunError, Start};
use crate::sweep::{PlannedRun, Sweep};

/// Where cluster systems say which task of an array this is.
const INDEX_VARIABLES: [&str; 3] = ["SLURM_ARRAY_TASK_ID", "HQ_TASK_ID", "JOB_COMPLETION_INDEX"];

/// Do one line of a sweep's plan
#[derive(Debug, Args)]
#[command(after_help = "A run that is finished already is success at once; one that was stopped goes on. SIGTERM and \
                        SIGUSR1 save its state and exit with 75, as does a run that another process is at work on; do \
                        the line again to go on.")]
pub(super) struct RunArgs {
    /// The plan, as `gan-lab sweep` writes it
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,
    /// Which line, from 0 [default: SLURM_ARRAY_TASK_ID, HQ_TASK_ID or JOB_COMPLETION_INDEX]
    #[arg(long, value_name = "N")]
    index: Option<usize>,
}

pub(super) fn run(args: &RunArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let signals = Signals::listen_as_task()?;
    let planned = Sweep::read_line(&args.plan, index(args)?)?;
    let sweep = Sweep::empty(args.plan.parent().unwrap_or(std::path::Path::new("")));
    match train(&planned, &signals, printer) {
        Ok(exit) => {
            sweep.clear_failure(&planned)?;
            Ok(exit)
        }
        Err(error) if is_locked(&error) => {
            printer.problem(&format!("{error:#}"));
            Ok(Exit::TryAgain)
        }
        Err(error) => {
            sweep.record_failure(&planned, &format!("{error:#}"))?;
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
        UsageError(format!("say which line with --index, or in one of {}", INDEX_VARIABLES.join(", ")))
    })?;
    value.trim().parse().map_err(|_| UsageError(format!("{name} is '{value}', not a line's number")).into())
}

fn is_locked(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| matches!(cause.downcast_ref(), Some(TrainError::Run(RunError::Locked { .. }))))
}

fn train(planned: &PlannedRun, signals: &Signals, printer: &Printer) -> anyhow::Result<Exit> {
    let dir = planned.run_dir();
    // Somebody may have made it longer since.
    let config = match PointsRun::open(&dir) {
        Ok(saved) if saved.config().epochs > planned.config.epochs => {
            planned.config.with_epochs(saved.config().epochs)?
        }
        _ => planned.config.clone(),
    };
    let opened = points::open(config.clone(), dir.clone(), Start::Resume, None, None);
    let mut session = opened.map_err(|error| advised(error, &config))?;
    if session.position().done >= session.position().total {
        printer.note("this run is finished already");
    }
    let outcome = session::follow(&mut session, Kind::Points.unit(), signals, printer, &words);
    let outcome = outcome.with_context(|| format!("{} failed", dir.path().display()))?;
    finish(session, outcome, signals, printer)
}
