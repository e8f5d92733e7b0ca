//! A comparison as a value, from which every file and picture is written.
//!
//! Runs belong to a data set: the same points, as many of them held out. Within one they stand side by side and are
//! subtracted; between two nothing is, because another set has another scale and another floor.

use std::collections::BTreeMap;

use super::groups::{self, Arranged, Selection, SelectionError};
use super::{DataSet, LeftOut, RunSummary};
use crate::config::Key;
use crate::metric::Metric;

/// Runs side by side.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The metrics that were asked for; a data set has those of them that its law allows.
    pub metrics: Vec<Metric>,
    /// The settings in which the runs differ, in the table's order, but for the seed.
    pub varying: Vec<&'static Key>,
    /// The data sets, in the order in which the runs came.
    pub data_sets: Vec<DataSet>,
    /// Runs that could not be measured.
    pub left_out: Vec<LeftOut>,
    /// Whether the metrics are those that the runs recorded, and not measured anew.
    pub recorded: bool,
}

/// What has to be said of metrics that nobody measured anew.
const OF_RECORDS: &str = "the metrics are those that each run recorded at its last measured frame: a single draw, always from \
                          the same codes; without --recorded they are measured anew, over several draws";

impl Comparison {
    /// Sorts runs by their data and takes them together.
    pub fn of(
        runs: Vec<RunSummary>,
        metrics: &[Metric],
        selection: &Selection,
        left_out: Vec<LeftOut>,
    ) -> Result<Self, SelectionError> {
        let metrics = &distinct(metrics.iter().copied())[..];
        let Arranged { runs, repeats, varying } = groups::arrange(runs, selection)?;
        let names = names(&runs);
        let mut data_sets: Vec<DataSet> = Vec::new();
        for id in distinct(runs.iter().map(|run| run.data.clone())) {
            let of_it: Vec<RunSummary> = runs.iter().filter(|run| run.data == id).cloned().collect();
            let name = names.get(&key_of(&id)).cloned().unwrap_or_default();
            let repeats = repeats.iter().filter(|repeat| repeat.data == id).cloned().collect();
            data_sets.extend(DataSet::of(id, name, of_it, repeats, metrics, selection));
        }
        let labels = distinct(data_sets.iter().flat_map(|set| &set.groups).map(|group| group.label.clone()));
        for group in data_sets.iter_mut().flat_map(|set| &mut set.groups) {
            group.colour = labels.iter().position(|label| *label == group.label).unwrap_or(0);
        }
        let own: Vec<String> = data_sets.iter().map(|set| groups::common(set, &data_sets)).collect();
        for (set, own) in data_sets.iter_mut().zip(own) {
            set.own = own;
        }
        let comparison = Self { metrics: metrics.to_vec(), varying, data_sets, left_out, recorded: false };
        match &selection.against {
            Some(asked) if comparison.data_sets.iter().all(|set| set.reference.is_none()) => {
                Err(SelectionError::not_one(asked, &labels))
            }
            _ => Ok(comparison),
        }
    }

    /// Every run with its data set, in the order in which the runs came.
    pub fn runs(&self) -> Vec<(&DataSet, &RunSummary)> {
        let all = self.data_sets.iter().flat_map(|set| set.runs().map(move |run| (set, run)));
        let mut runs: Vec<_> = all.collect();
        runs.sort_by_key(|(_, run)| run.place);
        runs
    }

    /// What cannot be told in which data set, in words.
    pub fn notes(&self) -> Vec<String> {
        let several = self.data_sets.len() > 1;
        let named = |set: &DataSet, note: String| if several { format!("{}: {note}", set.name) } else { note };
        let of_sets = self.data_sets.iter().flat_map(|set| set.notes().into_iter().map(move |note| named(set, note)));
        self.recorded.then(|| OF_RECORDS.to_owned()).into_iter().chain(of_sets).collect()
    }
}

/// The values without repetitions, in the order in which they first come up.
pub(super) fn distinct<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut found = Vec::new();
    for value in values {
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found
}

fn key_of(id: &crate::kinds::points::DataSetId) -> (String, usize) {
    (id.sha256.clone(), id.train_size)
}

/// The data sets' names: their files', and where two are called the same what tells them apart.
fn names(runs: &[RunSummary]) -> BTreeMap<(String, usize), String> {
    let stem = |run: &RunSummary| {
        let stem = run.data_path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if stem.is_empty() { "data".to_owned() } else { stem }
    };
    // Of files with the same content the first gives the name.
    let mut first: BTreeMap<String, String> = BTreeMap::new();
    for run in runs {
        first.entry(run.data.sha256.clone()).or_insert_with(|| stem(run));
    }
    let ids = distinct(runs.iter().map(|run| run.data.clone()));
    let named = ids.iter().map(|id| {
        let stem = first.get(&id.sha256).cloned().unwrap_or_default();
        let alike = ids.iter().filter(|other| first.get(&other.sha256) == Some(&stem) && *other != id);
        let (mut other_content, mut other_split) = (false, false);
        for other in alike {
            other_content |= other.sha256 != id.sha256;
            other_split |= other.sha256 == id.sha256;
        }
        let mut parts = vec![stem];
        parts.extend(other_content.then(|| id.sha256.chars().take(7).collect()));
        parts.extend(other_split.then(|| format!("{} train", id.train_size)));
        (key_of(id), parts.join(", "))
    });
    named.collect()
}
