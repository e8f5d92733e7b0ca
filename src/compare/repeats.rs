//! Runs that are there more than once: copies of a folder, or the same settings, seed and data trained again.
//!
//! The same seed gives the same run. Two of them are one, and to count them as two would make an error over seeds that is
//! too small, or 0.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::RunSummary;
use super::groups::{all_meant, identity, machine_that_differs};
use crate::kinds::points::DataSetId;

/// A run that is another one over again, and does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// The run.
    pub run: PathBuf,
    /// The one that counts.
    pub of: PathBuf,
    /// The data of both.
    pub data: DataSetId,
    /// Whether both came to the same numbers.
    pub same_numbers: bool,
    /// What is not the same of the way in which they were done: the engine, say.
    pub otherwise: Vec<&'static str>,
}

/// Leaves each run once: a finished one before others, one that is further before one that is not, else the first.
pub(super) fn set_aside(runs: Vec<RunSummary>) -> (Vec<RunSummary>, Vec<Repeat>) {
    let worth = |run: &RunSummary| (run.state.is_finished(), !run.state.is_diverged(), run.epochs);
    let mut alike: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (i, (run, meant)) in runs.iter().zip(all_meant(runs.iter())).enumerate() {
        alike.entry(identity(run, &meant)).or_default().push(i);
    }
    let mut kept = vec![0; runs.len()];
    for same in alike.values() {
        // Of equal ones `max_by_key` takes the last.
        let best = same.iter().rev().max_by_key(|&&j| worth(&runs[j]));
        for &i in same {
            kept[i] = best.copied().unwrap_or(i);
        }
    }
    let repeats = (0..runs.len()).filter(|&i| kept[i] != i).map(|i| repeat(&runs[i], &runs[kept[i]])).collect();
    let left = runs.into_iter().enumerate().filter(|&(i, _)| kept[i] == i).map(|(_, run)| run).collect();
    (left, repeats)
}

fn repeat(run: &RunSummary, of: &RunSummary) -> Repeat {
    let numbers =
        |run: &RunSummary| run.metrics.iter().map(|measured| (measured.metric, measured.generated)).collect::<Vec<_>>();
    Repeat {
        run: run.dir.clone(),
        of: of.dir.clone(),
        data: run.data.clone(),
        same_numbers: numbers(run) == numbers(of),
        otherwise: machine_that_differs(&run.config, &of.config),
    }
}
