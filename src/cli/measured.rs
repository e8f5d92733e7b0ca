//! What the commands have in common that take many runs and measure them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context as _, bail};

use super::printer::Printer;
use crate::compare::{LeftOut, RunSummary, runs_under};
use crate::kinds::points::Plan;
use crate::metric::Metric;
use crate::run::{Ability, RunDir, count};
use crate::sweep::SweepError;
use crate::threads;

/// The runs that paths mean, each once; what is left out is said, as what is not `done` with it.
pub(super) fn named(
    paths: &[PathBuf],
    ability: Ability,
    done: &str,
    printer: &Printer,
) -> Result<Vec<RunDir>, SweepError> {
    let found = paths.iter().map(|path| runs_under(path, ability)).collect::<Result<Vec<_>, _>>()?;
    for (path, found) in paths.iter().zip(&found) {
        if found.not_begun > 0 {
            let runs = count(found.not_begun as u64, "planned run");
            printer.note(&format!("{}: {runs} not begun", path.display()));
        }
        if found.others > 0 {
            let what = if found.others == 1 { "is of another kind and is" } else { "are of other kinds and are" };
            let runs = count(found.others as u64, "run");
            printer.note(&format!("{}: {runs} {what} not {done}", path.display()));
        }
    }
    Ok(distinct(found.into_iter().flat_map(|found| found.dirs), printer))
}

/// Each run once: one that is named twice is not two seeds.
fn distinct(dirs: impl Iterator<Item = RunDir>, printer: &Printer) -> Vec<RunDir> {
    let mut seen = BTreeSet::new();
    let mut kept = Vec::new();
    for dir in dirs {
        if seen.insert(dir.path().canonicalize().unwrap_or_else(|_| dir.path().to_owned())) {
            kept.push(dir);
        } else {
            printer.note(&format!("{} is named twice and counts once", dir.path().display()));
        }
    }
    kept
}

/// What is measured of runs side by side if nothing else was asked for.
pub(super) const METRICS: [Metric; 8] = [
    Metric::ModeTv,
    Metric::W1,
    Metric::SlicedW2,
    Metric::NearestNeighbour,
    Metric::Precision,
    Metric::Recall,
    Metric::Coverage,
    Metric::HighQuality,
];

/// Where the metrics of runs come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum How<'a> {
    /// They are measured now.
    Anew(&'a Plan),
    /// The runs recorded them.
    Recorded,
}

/// So many runs are read before the bar moves on.
const READ_AT_ONCE: usize = 256;

/// Measures the runs. One that cannot be measured costs itself only, and is named.
pub(super) fn summarise(
    dirs: &[RunDir],
    measured: How<'_>,
    printer: &Printer,
) -> anyhow::Result<(Vec<RunSummary>, Vec<LeftOut>)> {
    let bar = printer.progress("run", dirs.len() as u64, 0);
    let (mut runs, mut left_out) = (Vec::new(), Vec::new());
    let at_once = match measured {
        // Its draws are measured side by side.
        How::Anew(_) => 1,
        How::Recorded => READ_AT_ONCE,
    };
    for some in dirs.chunks(at_once) {
        let summaries = match measured {
            How::Anew(plan) => some.iter().map(|dir| RunSummary::of(dir, plan)).collect(),
            How::Recorded => threads::map(threads::available(), some, RunSummary::recorded),
        };
        for (dir, summary) in some.iter().zip(summaries) {
            let run = dir.path();
            match summary.with_context(|| format!("{} cannot be measured", run.display())) {
                Ok(summary) => runs.push(summary),
                Err(error) if dirs.len() == 1 => return Err(error),
                Err(error) => {
                    printer.problem(&format!("{error:#}; it is left out"));
                    left_out.push(LeftOut { run: run.to_owned(), reason: format!("{:#}", error.root_cause()) });
                }
            }
        }
        bar.show((runs.len() + left_out.len()) as u64, &[(1, "measured")]);
    }
    bar.finish();
    if runs.is_empty() {
        bail!("none of the {} can be measured", count(dirs.len() as u64, "run"));
    }
    Ok((runs, left_out))
}
