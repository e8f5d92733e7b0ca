//! The one way in which commands do many runs on this machine.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::exit::{Exit, UsageError, hinted};
use super::printer::Printer;
use super::signals::ParentSignals;
use crate::made::MadeError;
use crate::run::count;
use crate::sweep::{Ending, Event, PlannedRun, Pool, RunState, Sweep, SweepError, Tally};

/// How often progress is looked up in the runs' directories.
const LOOK: Duration = Duration::from_millis(500);

/// Writes the plan, does its runs, and gives what came of each.
pub(super) fn do_all(
    sweep: &Sweep,
    jobs: Option<usize>,
    signals: &ParentSignals,
    printer: &Printer,
) -> anyhow::Result<Vec<RunState>> {
    sweep.write().map_err(usage)?;
    let jobs = jobs.unwrap_or_else(crate::threads::available);
    let pool = Pool { sweep, jobs, program: std::env::current_exe()? };
    let epochs = |run: &PlannedRun| run.recipe().epochs;
    let bar = printer.progress("epoch", sweep.runs.iter().map(epochs).sum(), 0);
    let (mut ended, mut done_epochs, mut looked) = (0, 0, Instant::now());
    let mut failures = HashMap::new();
    printer.note(&format!("{} into {}, {jobs} at a time", count(sweep.runs.len() as u64, "run"), sweep.dir.display()));
    let worked = pool.run(&|| signals.stop(), &mut |event| {
        let (at_work, elsewhere) = match event {
            Event::Waiting { .. } if looked.elapsed() < LOOK => return,
            Event::Waiting { at_work, elsewhere } => (at_work, elsewhere),
            Event::Ended(run, ending) => {
                ended += 1;
                done_epochs += epochs(run);
                if let Ending::Failed { reason } = ending {
                    printer.problem(&format!("{}: {reason}", run.dir().display()));
                    failures.insert(run.index(), reason.clone());
                }
                (&[][..], 0)
            }
        };
        looked = Instant::now();
        let partly: u64 = at_work.iter().map(|run| done_in(sweep, run)).sum();
        let (failed, at_work) = (failures.len(), at_work.len());
        let words =
            format!("{ended} of {} ended, {failed} failed, {at_work} at work", count(sweep.runs.len() as u64, "run"));
        let others = format!("{elsewhere} at work in other processes");
        let parts: &[(u8, &str)] = if elsewhere > 0 { &[(1, &words), (2, &others)] } else { &[(1, &words)] };
        bar.show(done_epochs + partly, parts);
    });
    bar.finish();
    worked.with_context(|| format!("the sweep {} was stopped; do it again to go on", sweep.dir.display()))?;
    let mut states = sweep.states();
    for (index, reason) in failures {
        // A run whose last epoch is saved may still lack one of its other files.
        states[index] = RunState::Failed { reason };
    }
    Ok(states)
}

fn done_in(sweep: &Sweep, run: &PlannedRun) -> u64 {
    match sweep.state(run) {
        RunState::Running { done } | RunState::Stopped { done } => done,
        _ => 0,
    }
}

/// How a command ends that was to do a whole sweep.
pub(super) fn exit(interrupted: Option<Exit>, tally: Tally, sweep: &Sweep) -> Exit {
    match interrupted {
        Some(exit) => exit,
        None if tally.done == sweep.runs.len() => Exit::Done,
        None => Exit::Fixable,
    }
}

/// What no script can say is a mistake in the arguments; what is in the way can be moved.
pub(super) fn usage(error: SweepError) -> anyhow::Error {
    match error {
        SweepError::Unsayable { .. } => UsageError(error.to_string()).into(),
        SweepError::Made(MadeError::Foreign { .. }) => hinted(
            error.to_string(),
            "move the file away, or choose another --out; --sbatch adds options to the script for Slurm",
        ),
        other => other.into(),
    }
}
