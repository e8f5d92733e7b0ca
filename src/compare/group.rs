//! Runs that are taken together.

use super::RunSummary;
use crate::metric::Spread;

/// Runs that are taken together: those that differ in their seed only, unless settings were named.
#[derive(Clone, Debug)]
pub struct Group {
    /// Their name.
    pub label: String,
    /// The number of that name in the whole comparison, from 0: what has one name has one colour.
    pub colour: usize,
    /// The runs, by seed, those that did not finish among them.
    pub runs: Vec<RunSummary>,
}

impl Group {
    /// The runs that ended by a condition of their own; they count as finished.
    pub fn ended(&self) -> impl Iterator<Item = &RunSummary> {
        self.runs.iter().filter(|run| run.state.is_ended())
    }

    /// The runs that finished: those that means, errors and differences are taken of.
    pub fn finished(&self) -> impl Iterator<Item = &RunSummary> + Clone {
        self.runs.iter().filter(|run| run.state.is_finished())
    }

    /// The runs that diverged.
    pub fn diverged(&self) -> impl Iterator<Item = &RunSummary> {
        self.runs.iter().filter(|run| run.state.is_diverged())
    }

    /// The runs that are not as far as they are to go, and did not diverge.
    pub fn unfinished(&self) -> impl Iterator<Item = &RunSummary> {
        self.runs.iter().filter(|run| !run.state.is_finished() && !run.state.is_diverged())
    }

    /// A number of the finished runs, over seeds; None where one of them lacks it.
    pub fn over_seeds(&self, of: impl Fn(&RunSummary) -> Option<f64>) -> Option<Spread> {
        let values = self.finished().map(of).collect::<Option<Vec<f64>>>()?;
        (!values.is_empty()).then(|| Spread::of(&values))
    }

    /// The run whose value is in the middle, of the finished ones that have one, else of all; the lower of two.
    pub fn median_by(&self, of: impl Fn(&RunSummary) -> Option<f64>) -> Option<&RunSummary> {
        let valued = |run| Some((of(run)?, run));
        let mut found: Vec<(f64, &RunSummary)> = self.finished().filter_map(valued).collect();
        if found.is_empty() {
            found = self.runs.iter().filter_map(valued).collect();
        }
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        let middle = found.len().checked_sub(1)? / 2;
        found.get(middle).map(|&(_, run)| run)
    }

    /// The median epoch from which on the finished runs are near, those that never are counted as later than all others;
    /// None for never.
    pub fn near_from(&self) -> Option<u64> {
        let mut epochs: Vec<u64> = self.finished().map(|run| run.near_from.unwrap_or(u64::MAX)).collect();
        epochs.sort_unstable();
        epochs.get(epochs.len().checked_sub(1)? / 2).copied().filter(|&epoch| epoch < u64::MAX)
    }
}
