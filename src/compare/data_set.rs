//! The runs on the same data, taken together and compared.

use std::collections::BTreeMap;

use super::comparison::distinct;
use super::groups::{self, Selection};
use super::{Group, Repeat, RunSummary};
use crate::kinds::points::DataSetId;
use crate::metric::{Metric, Spread};

/// The runs on the same data.
#[derive(Clone, Debug)]
pub struct DataSet {
    /// Its name among the others.
    pub name: String,
    /// What it is.
    pub id: DataSetId,
    /// The settings that all of its runs have and no other data set's: `epochs 30, batch_size 50`; empty where there are none.
    pub own: String,
    /// The group that was asked for to compare with, where it is not here.
    pub absent: Option<String>,
    /// How many points are held out.
    pub held_out: usize,
    /// Modes of its law, where that is known to be one of Gaussians.
    pub modes: Option<usize>,
    /// The metric that says most of how near a run is: mode total variation where the law has modes, else sliced W2.
    pub headline: Metric,
    /// The metrics of its runs, the headline first where it was asked for.
    pub metrics: Vec<Metric>,
    /// For each of them what it is between real points. The deviation is a single draw's.
    pub floors: Vec<Option<Spread>>,
    /// For each metric that was followed, the same of frames.
    pub series_floors: Vec<(Metric, Spread)>,
    /// Runs that are others over again, and are not among the groups.
    pub repeats: Vec<Repeat>,
    /// Its runs, taken together.
    pub groups: Vec<Group>,
    /// The group that the others are compared with.
    pub reference: Option<usize>,
    /// How they differ from it.
    pub differences: Vec<Difference>,
}

/// How a group differs from another of its data set in one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The group.
    pub label: String,
    /// The group that it is compared with.
    pub against: String,
    /// The metric.
    pub metric: Metric,
    /// Its values minus those of the other group in the same seeds: mean, and error over seeds.
    pub paired: Spread,
    /// Seeds that both have.
    pub seeds: usize,
}

impl DataSet {
    /// None of no runs.
    pub(super) fn of(
        id: DataSetId,
        name: String,
        runs: Vec<RunSummary>,
        repeats: Vec<Repeat>,
        asked: &[Metric],
        selection: &Selection,
    ) -> Option<Self> {
        // One that knows the law speaks for the data.
        let telling = runs.iter().find(|run| run.modes.is_some()).or_else(|| runs.first())?;
        let (held_out, modes, headline) = (telling.held_out, telling.modes, telling.headline);
        let measured = |metric: &Metric| runs.iter().any(|run| run.measured(*metric).is_some());
        let mut metrics: Vec<Metric> = asked.iter().copied().filter(measured).collect();
        // A stable sort: the rest stays as it was asked for.
        metrics.sort_by_key(|metric| *metric != headline);
        let floors = metrics.iter().map(|&metric| pooled(&runs, |run| run.measured(metric)?.floor)).collect();
        let followed = distinct(runs.iter().flat_map(|run| run.series.iter().map(|series| series.metric)));
        // Recorded among points of another precision: of one kind, if there are both.
        let fine = runs.iter().any(|run| !run.coarse);
        let of_series = |metric| {
            pooled(&runs, |run| run.series_of(metric).filter(|_| !(fine && run.coarse)).and_then(|series| series.floor))
        };
        let series_floors = followed.into_iter().filter_map(|metric| Some((metric, of_series(metric)?))).collect();
        let groups = groups::groups(runs, selection);
        let mut set = Self {
            name,
            id,
            own: String::new(),
            absent: None,
            held_out,
            modes,
            headline,
            metrics,
            floors,
            series_floors,
            repeats,
            groups,
            reference: None,
            differences: Vec::new(),
        };
        set.reference = match &selection.against {
            Some(asked) => groups::only_one(asked, &set.groups),
            None if set.groups.len() < 2 => None,
            // One of which nothing finished has nothing to subtract.
            None => set.groups.iter().position(|group| group.finished().next().is_some()),
        };
        set.absent = selection.against.clone().filter(|_| set.reference.is_none() && set.groups.len() > 1);
        set.differences = set.differences(selection);
        Some(set)
    }

    fn differences(&self, selection: &Selection) -> Vec<Difference> {
        let Some(reference) = self.reference.and_then(|reference| self.groups.get(reference)) else {
            return Vec::new();
        };
        let others = self.groups.iter().filter(|group| group.label != reference.label);
        let pairs = others.flat_map(|group| self.metrics.iter().map(move |&metric| (group, metric)));
        pairs
            .filter_map(|(group, metric)| {
                let values = groups::paired(reference, group, metric, selection);
                let (label, against) = (group.label.clone(), reference.label.clone());
                let seeds = values.len();
                (seeds > 0).then(|| Difference { label, against, metric, paired: Spread::of(&values), seeds })
            })
            .collect()
    }

    /// Its runs, group by group.
    pub fn runs(&self) -> impl Iterator<Item = &RunSummary> {
        self.groups.iter().flat_map(|group| &group.runs)
    }

    /// What a metric is between real points; the deviation is a single draw's.
    pub fn floor(&self, metric: Metric) -> Option<Spread> {
        self.metrics.iter().position(|known| *known == metric).and_then(|i| self.floors[i])
    }

    /// For each group whether it is the best in a metric, or within one standard error of the best group's mean. None is
    /// where there is only one to choose from, and none of which a run diverged: the others' mean is not its own.
    pub fn best(&self, metric: Metric) -> Vec<bool> {
        let floor = self.floor(metric).map(|floor| floor.mean);
        let badness: Vec<Option<(f64, Option<f64>)>> = self
            .groups
            .iter()
            .map(|group| {
                let spread = group.over_seeds(|run| run.mean(metric))?;
                let whole = group.diverged().next().is_none();
                whole.then(|| (metric.badness(spread.mean, floor), spread.error))
            })
            .collect();
        let best = badness.iter().flatten().min_by(|a, b| a.0.total_cmp(&b.0)).copied();
        let several = badness.iter().flatten().count() > 1;
        let limit = best.filter(|_| several).map(|(least, error)| least + error.unwrap_or(0.0));
        badness.iter().map(|group| matches!((group, limit), (Some((bad, _)), Some(limit)) if *bad <= limit)).collect()
    }

    /// Whether groups say more than single runs do.
    pub fn has_groups(&self) -> bool {
        self.groups.len() > 1 || self.groups.iter().any(|group| group.runs.len() > 1)
    }

    /// What a group's numbers are taken over: seeds, or, where runs of one group share a seed, runs.
    pub fn over(&self) -> &'static str {
        let shared = |group: &Group| group.runs.windows(2).any(|pair| pair[0].config.seed == pair[1].config.seed);
        if self.groups.iter().any(shared) { "runs" } else { "seeds" }
    }
}

/// A floor over the splits of the data. Runs of one seed have one split and so one floor; whichever order they came in.
fn pooled(runs: &[RunSummary], floor: impl Fn(&RunSummary) -> Option<Spread>) -> Option<Spread> {
    let mut of_seeds: BTreeMap<u64, (&RunSummary, Spread)> = BTreeMap::new();
    for run in runs {
        let Some(found) = floor(run) else { continue };
        match of_seeds.get(&run.config.seed) {
            Some((first, _)) if first.dir <= run.dir => {}
            _ => {
                of_seeds.insert(run.config.seed, (run, found));
            }
        }
    }
    Spread::pooled(&of_seeds.into_values().map(|(_, floor)| floor).collect::<Vec<_>>())
}
