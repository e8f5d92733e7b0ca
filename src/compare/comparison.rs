//! A comparison as a value, from which every file and picture is written.
//!
//! Runs belong to a data set: the same points, as many of them held out. Within one they stand side by side and are
//! subtracted; between two nothing is, because another set has another scale and another floor.

use std::collections::BTreeMap;

use super::groups::{self, Selection, SelectionError};
use super::{LeftOut, RunSummary};
use crate::config::Key;
use crate::kinds::points::DataSetId;
use crate::metric::{Metric, Spread};

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
}

/// The runs on the same data.
#[derive(Clone, Debug)]
pub struct DataSet {
    /// Its name among the others.
    pub name: String,
    /// What it is.
    pub id: DataSetId,
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
    /// Its runs, taken together.
    pub groups: Vec<Group>,
    /// The group that the others are compared with.
    pub reference: Option<usize>,
    /// How they differ from it.
    pub differences: Vec<Difference>,
}

/// Runs that are taken together: those that differ in their seed only, unless settings were named.
#[derive(Clone, Debug)]
pub struct Group {
    /// Their name.
    pub label: String,
    /// The number of that name in the whole comparison, from 0: what has one name has one colour.
    pub colour: usize,
    /// The runs, by seed.
    pub runs: Vec<RunSummary>,
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

impl Comparison {
    /// Sorts runs by their data and takes them together.
    pub fn of(
        runs: Vec<RunSummary>,
        metrics: &[Metric],
        selection: &Selection,
        left_out: Vec<LeftOut>,
    ) -> Result<Self, SelectionError> {
        let (runs, varying) = groups::arrange(runs, selection)?;
        let names = names(&runs);
        let mut data_sets: Vec<DataSet> = Vec::new();
        for id in distinct(runs.iter().map(|run| run.data.clone())) {
            let of_it: Vec<RunSummary> = runs.iter().filter(|run| run.data == id).cloned().collect();
            let name = names.get(&key_of(&id)).cloned().unwrap_or_default();
            data_sets.extend(DataSet::of(id, name, of_it, metrics, selection));
        }
        let labels = distinct(data_sets.iter().flat_map(|set| &set.groups).map(|group| group.label.clone()));
        for group in data_sets.iter_mut().flat_map(|set| &mut set.groups) {
            group.colour = labels.iter().position(|label| *label == group.label).unwrap_or(0);
        }
        let comparison = Self { metrics: metrics.to_vec(), varying, data_sets, left_out };
        match &selection.against {
            Some(asked) if comparison.data_sets.iter().all(|set| set.reference.is_none()) => {
                Err(SelectionError::no_group(asked, &labels))
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
        self.data_sets.iter().flat_map(|set| set.notes().into_iter().map(move |note| named(set, note))).collect()
    }
}

impl DataSet {
    /// None of no runs.
    fn of(id: DataSetId, name: String, runs: Vec<RunSummary>, asked: &[Metric], selection: &Selection) -> Option<Self> {
        let first = runs.first()?;
        let (held_out, modes, headline) = (first.held_out, first.modes, first.headline);
        let measured = |metric: &Metric| runs.iter().any(|run| run.measured(*metric).is_some());
        let mut metrics: Vec<Metric> = asked.iter().copied().filter(measured).collect();
        // A stable sort: the rest stays as it was asked for.
        metrics.sort_by_key(|metric| *metric != headline);
        // Runs of one seed have one split and so one floor.
        let of_seeds: BTreeMap<u64, &RunSummary> = runs.iter().rev().map(|run| (run.config.seed, run)).collect();
        let floors = metrics.iter().map(|&metric| {
            let floors: Option<Vec<Spread>> = of_seeds.values().map(|run| run.measured(metric)?.floor).collect();
            Spread::pooled(&floors?)
        });
        let floors = floors.collect();
        let followed = distinct(runs.iter().flat_map(|run| run.series.iter().map(|series| series.metric)));
        let series_floors = followed.into_iter().filter_map(|metric| {
            let floors: Vec<Spread> = of_seeds.values().filter_map(|run| run.series_of(metric)?.floor).collect();
            Some((metric, Spread::pooled(&floors)?))
        });
        let series_floors = series_floors.collect();
        let groups = groups::groups(runs, selection);
        let mut set = Self {
            name,
            id,
            held_out,
            modes,
            headline,
            metrics,
            floors,
            series_floors,
            groups,
            reference: None,
            differences: Vec::new(),
        };
        set.reference = match &selection.against {
            Some(asked) => groups::only_one(asked, &set.groups),
            None => (set.groups.len() > 1).then_some(0),
        };
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
    /// where there is only one to choose from.
    pub fn best(&self, metric: Metric) -> Vec<bool> {
        let floor = self.floor(metric).map(|floor| floor.mean);
        let badness: Vec<Option<(f64, Option<f64>)>> = self
            .groups
            .iter()
            .map(|group| {
                let spread = group.over_seeds(|run| run.mean(metric))?;
                Some((metric.badness(spread.mean, floor), spread.error))
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

    /// What cannot be told, in words.
    pub fn notes(&self) -> Vec<String> {
        crate::kinds::points::notes(self.runs().flat_map(|run| &run.metrics))
    }
}

impl Group {
    /// A number of the runs, over seeds; None where a run lacks it.
    pub fn over_seeds(&self, of: impl Fn(&RunSummary) -> Option<f64>) -> Option<Spread> {
        let values = self.runs.iter().map(of).collect::<Option<Vec<f64>>>()?;
        (!values.is_empty()).then(|| Spread::of(&values))
    }

    /// The run whose value is in the middle, of those that have one; the lower of two.
    pub fn median_by(&self, of: impl Fn(&RunSummary) -> Option<f64>) -> Option<&RunSummary> {
        let mut valued: Vec<_> = self.runs.iter().filter_map(|run| Some((of(run)?, run))).collect();
        valued.sort_by(|a, b| a.0.total_cmp(&b.0));
        let middle = valued.len().checked_sub(1)? / 2;
        valued.get(middle).map(|&(_, run)| run)
    }

    /// The median epoch from which on the runs are near, those that never are counted as later than all others; None for
    /// never.
    pub fn near_from(&self) -> Option<u64> {
        let mut epochs: Vec<u64> = self.runs.iter().map(|run| run.near_from.unwrap_or(u64::MAX)).collect();
        epochs.sort_unstable();
        epochs.get(epochs.len().checked_sub(1)? / 2).copied().filter(|&epoch| epoch < u64::MAX)
    }
}

/// The values without repetitions, in the order in which they first come up.
fn distinct<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut found = Vec::new();
    for value in values {
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found
}

fn key_of(id: &DataSetId) -> (String, usize) {
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

#[cfg(test)]
pub(super) mod tests {
    use serde_json::Value;

    use super::*;
    use crate::compare::{Format, OUTPUTS};
    use crate::config::{Model, Objective, Optim, POINTS, TrainConfig};
    use crate::kinds::points::{Measured, Series};
    use crate::metric::CannotTell;

    fn spread(mean: f64, deviation: f64) -> Spread {
        Spread { mean, deviation: Some(deviation), error: Some(deviation / 2.0) }
    }

    /// A run on a data set with its W1, which cannot tell coverage.
    pub(in crate::compare) fn run(data: &str, change: impl Fn(&mut TrainConfig), w1: f64) -> RunSummary {
        let mut config = TrainConfig::lab(Model::Gan);
        config.data.path = format!("{data}.mat").into();
        change(&mut config);
        let config = config.check().unwrap();
        let metrics = vec![
            Measured {
                metric: Metric::W1,
                generated: Some(Spread::of(&[w1, w1 + 0.5, w1 - 0.5])),
                floor: Some(spread(0.1 + config.seed as f64 / 100.0, 0.02)),
                unknown: None,
            },
            Measured {
                metric: Metric::Coverage,
                generated: None,
                floor: None,
                unknown: Some(CannotTell::TooFew { points: 5, least: 6 }),
            },
        ];
        let values = vec![(1, 2.0 * w1), (2, w1)];
        RunSummary {
            dir: format!("runs/{}-{data}-{}", config.title(), config.seed).into(),
            label: config.title(),
            place: 0,
            data: DataSetId { sha256: format!("{:0>64}", data.len()), train_size: config.data.train_size },
            data_path: config.data.path.clone(),
            held_out: 5,
            modes: None,
            headline: Metric::SlicedW2,
            metrics,
            epochs: config.epochs,
            diverged: false,
            near_from: None,
            unrest: None,
            seconds: 1.0,
            series: vec![Series { metric: Metric::SlicedW2, values, floor: Some(spread(0.2, 0.01)) }],
            floor: None,
            config,
        }
    }

    pub(in crate::compare) fn compared(runs: Vec<RunSummary>, selection: &Selection) -> Comparison {
        Comparison::of(runs, &[Metric::W1, Metric::Coverage], selection, Vec::new()).unwrap()
    }

    fn adam(config: &mut TrainConfig, seed: u64) {
        (config.seed, config.optim) = (seed, Optim::ALL_DEFAULTS[2]);
    }

    /// Two data sets, in each two groups; in the second the other group comes first, and both have one seed.
    fn four_groups() -> Vec<RunSummary> {
        let mut runs: Vec<RunSummary> = (0..3).map(|seed| run("one", |c| c.seed = seed, 1.0 + seed as f64)).collect();
        // Always 0.5 more than the same seed of the first group, and a seed that the first group lacks.
        runs.extend([2, 0, 1].map(|seed| run("one", |c| adam(c, seed), 1.5 + seed as f64)));
        runs.push(run("one", |c| adam(c, 9), 100.0));
        runs.push(run("other", |c| adam(c, 0), 7.0));
        runs.push(run("other", |_| (), 10.0));
        runs
    }

    #[test]
    fn labels_say_what_differs_and_nothing_else() {
        let runs = vec![
            run("one", |c| c.seed = 4, 1.0),
            run("one", |c| c.optim = Optim::ALL_DEFAULTS[0], 1.0),
            run("one", |c| (c.lr, c.threads) = (1e-4, 1), 1.0),
            run("one", |c| c.objective = Objective::Wgan { clip: 0.1 }, 1.0),
            run("one", |c| c.objective = Objective::Wgan { clip: 0.01 }, 1.0),
        ];
        let comparison = compared(runs, &Selection::default());
        let labels: Vec<_> = comparison.runs().iter().map(|(_, run)| run.label.as_str()).collect();
        assert_eq!(
            labels,
            [
                "GAN, RMSProp, lr 5e-5",
                "GAN, SGD, lr 5e-5",
                "GAN, RMSProp, lr 1e-4",
                "WGAN, RMSProp, lr 5e-5, clip 0.1",
                "WGAN, RMSProp, lr 5e-5, clip 0.01",
            ]
        );
    }

    #[test]
    fn two_data_sets_are_never_subtracted() {
        let comparison = compared(four_groups(), &Selection::default());
        let [one, other] = &comparison.data_sets[..] else { panic!("two data sets") };
        assert_eq!((one.name.as_str(), other.name.as_str()), ("one", "other"));
        let found: Vec<_> = one.differences.iter().collect();
        assert_eq!((found.len(), found[0].seeds, found[0].metric), (1, 3, Metric::W1));
        assert!((found[0].paired.mean - 0.5).abs() < 1e-12 && found[0].paired.error.unwrap() < 1e-12);
        // Without a name each data set has its own first group as the reference; one seed has no error.
        assert_eq!((found[0].against.as_str(), other.differences[0].against.as_str()), ("GAN, RMSProp", "GAN, Adam"));
        assert_eq!(other.differences[0].paired, Spread { mean: 3.0, deviation: None, error: None });
        let named = Selection { against: Some("rmsprop".into()), ..Selection::default() };
        let comparison = compared(four_groups(), &named);
        for set in &comparison.data_sets {
            assert!(set.differences.iter().all(|found| found.against == "GAN, RMSProp"));
        }
        assert!((comparison.data_sets[1].differences[0].paired.mean + 3.0).abs() < 1e-12);
        // What has one name has one colour.
        let colours = comparison.data_sets.iter().map(|set| set.groups.iter().map(|g| g.colour).collect::<Vec<_>>());
        assert_eq!(colours.collect::<Vec<_>>(), [[0, 1], [1, 0]]);
        // The floor of runs of one seed counts once.
        let floors: Vec<f64> = [0.1, 0.11, 0.12, 0.19].to_vec();
        let mean = floors.iter().sum::<f64>() / 4.0;
        assert!((one.floor(Metric::W1).unwrap().mean - mean).abs() < 1e-12);
    }

    #[test]
    fn a_data_set_is_its_content_and_its_split() {
        // Two files of one content, by their digests; and one of them split in another way.
        let runs = vec![
            run("abc", |_| (), 1.0),
            run("xyz", |c| c.seed = 1, 1.0),
            run("abc", |c| c.data.train_size = 6000, 1.0),
            run("longer", |_| (), 1.0),
        ];
        let comparison = compared(runs, &Selection::default());
        let names: Vec<_> = comparison.data_sets.iter().map(|set| (set.name.as_str(), set.runs().count())).collect();
        assert_eq!(names, [("abc, 7000 train", 2), ("abc, 6000 train", 1), ("longer", 1)]);
        // None of that is in a group's name, for it is the data set's.
        assert!(comparison.runs().iter().all(|(_, run)| run.label == "GAN, RMSProp"), "{comparison:?}");
    }

    #[test]
    fn groups_are_chosen_ordered_and_taken_together_by_settings() {
        let only = Selection { only: vec!["adam".into(), "GAN, RMSProp".into()], ..Selection::default() };
        let comparison = compared(four_groups(), &only);
        for set in &comparison.data_sets {
            let labels: Vec<_> = set.groups.iter().map(|group| group.label.as_str()).collect();
            assert_eq!(labels, ["GAN, Adam", "GAN, RMSProp"]);
        }
        let adam_alone = Selection { only: vec!["adam".into()], ..Selection::default() };
        assert_eq!(compared(four_groups(), &adam_alone).runs().len(), 5);
        let wrong = Selection { only: vec!["sgd".into()], ..Selection::default() };
        let error = Comparison::of(four_groups(), &[Metric::W1], &wrong, Vec::new()).unwrap_err().to_string();
        assert!(error.contains("'sgd'") && error.contains("GAN, Adam"), "{error}");
        let two = Selection { against: Some("gan".into()), ..Selection::default() };
        assert!(Comparison::of(four_groups(), &[Metric::W1], &two, Vec::new()).is_err());
        // By the rate alone: pairs are those that share seed and optimiser.
        let mut runs = vec![run("one", |c| c.seed = 1, 1.0), run("one", |c| adam(c, 1), 3.0)];
        runs.push(run("one", |c| (c.seed, c.lr) = (1, 1e-3), 1.5));
        runs.push(run("one", |c| (adam(c, 1), c.lr = 1e-3).1, 4.5));
        let by = Selection { group_by: Some(Selection::keys(&["lr".into()]).unwrap()), ..Selection::default() };
        let comparison = compared(runs, &by);
        let set = &comparison.data_sets[0];
        assert_eq!(set.groups.iter().map(|group| group.label.as_str()).collect::<Vec<_>>(), ["lr 5e-5", "lr 0.001"]);
        assert_eq!((set.differences[0].seeds, set.differences[0].paired.mean), (2, 1.0));
        for wrong in ["seed", "threads", "data", "nothing"] {
            assert!(Selection::keys(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_best_and_what_is_within_its_error_are_marked() {
        let mut runs: Vec<RunSummary> = (0..3).map(|seed| run("one", |c| c.seed = seed, 1.0 + seed as f64)).collect();
        // The best has mean 2 and error 1/sqrt(3) = 0.577.
        for (lr, w1) in [(1e-3, 2.5), (1e-2, 2.6)] {
            runs.extend((0..3).map(|seed| run("one", |c| (c.seed, c.lr) = (seed, lr), w1)));
        }
        let comparison = compared(runs, &Selection::default());
        let set = &comparison.data_sets[0];
        assert_eq!(set.best(Metric::W1), [true, true, false]);
        assert_eq!(set.best(Metric::Coverage), [false; 3]);
        let alone = compared(vec![run("one", |_| (), 1.0)], &Selection::default());
        assert_eq!(alone.data_sets[0].best(Metric::W1), [false]);
        // 1-NN is best at a half, however good less looks.
        assert!(Metric::NearestNeighbour.badness(0.45, None) > Metric::NearestNeighbour.badness(0.52, None));
        assert!(Metric::HighQuality.badness(1.0, Some(0.98)) > Metric::HighQuality.badness(0.975, Some(0.98)));
    }

    /// Every form that is a text, written and looked at: each file of the list has one.
    #[test]
    fn every_output_holds_both_data_sets_and_says_what_cannot_be_told() {
        let comparison = compared(four_groups(), &Selection::default());
        for (i, output) in OUTPUTS.iter().enumerate() {
            assert!(OUTPUTS[..i].iter().all(|other| other.file != output.file));
            assert!(Format::ALL.contains(&output.format) && !output.content.is_empty());
            // Panels are drawn from runs on disk, as the tests of the command do.
            if output.file.starts_with("panel") {
                continue;
            }
            let bytes = (output.bytes)(&comparison).unwrap();
            if output.format == Format::Png {
                assert!(bytes.starts_with(b"\x89PNG"), "{}", output.file);
                continue;
            }
            let text = String::from_utf8(bytes).unwrap();
            for needed in ["other", "GAN, Adam"] {
                assert!(text.contains(needed), "{}: {text}", output.file);
            }
            let tells = ["table.csv", "curves.csv"].contains(&output.file) || text.contains("too few to tell");
            assert!(tells, "{}: {text}", output.file);
        }
        insta::assert_snapshot!("table_md", text_of(&comparison, "table.md"));
        insta::assert_snapshot!("table_tex", text_of(&comparison, "table.tex"));
        insta::assert_snapshot!("runs_csv", text_of(&comparison, "runs.csv"));
    }

    fn text_of(comparison: &Comparison, file: &str) -> String {
        let output = OUTPUTS.iter().find(|output| output.file == file).unwrap();
        String::from_utf8((output.bytes)(comparison).unwrap()).unwrap()
    }

    fn rows_of(comparison: &Comparison, file: &str) -> Vec<BTreeMap<String, String>> {
        let text = text_of(comparison, file);
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        reader.deserialize().map(Result::unwrap).collect()
    }

    #[test]
    fn csv_read_back_equals_json() {
        let comparison = compared(four_groups(), &Selection::default());
        let json = comparison.json();
        let runs = json["runs"].as_array().unwrap();
        let find = |row: &BTreeMap<String, String>| {
            runs.iter()
                .find(|run| run["run"] == row["run"].as_str() && run["data_set"] == row["data_set"].as_str())
                .unwrap()
        };
        let same = |cell: &str, value: &Value| match value {
            Value::Null => cell.is_empty(),
            value => cell.parse::<f64>().ok() == value.as_f64(),
        };
        let rows = rows_of(&comparison, "runs.csv");
        assert_eq!(rows.len(), 2 * runs.len());
        for row in &rows {
            let measured = &find(row)["metrics"][&row["metric"]];
            assert!(same(&row["value"], &measured["generated"]["mean"]), "{row:?}");
            assert!(same(&row["error"], &measured["generated"]["error"]), "{row:?}");
            assert!(same(&row["floor_deviation"], &measured["floor"]["deviation"]), "{row:?}");
            assert_eq!(row["note"], measured["note"].as_str().unwrap_or_default());
            // Every setting that varies is a column, as the config has it.
            for key in comparison.varying.iter().filter(|key| key.path == "data.path") {
                assert_eq!(row[key.path], find(row)["config"]["data"]["path"]);
            }
        }
        let wide = rows_of(&comparison, "table.csv");
        assert_eq!(wide.len(), runs.len());
        for row in &wide {
            assert!(same(&row["w1"], &find(row)["metrics"]["w1"]["generated"]["mean"]) && row["coverage"].is_empty());
        }
        let curves = rows_of(&comparison, "curves.csv");
        assert_eq!(curves.len(), 2 * runs.len());
        for row in &curves {
            let by_epoch = find(row)["series"][&row["metric"]]["by_epoch"].as_array().unwrap();
            let pair = by_epoch.iter().find(|pair| same(&row["epoch"], &pair[0])).unwrap();
            assert!(same(&row["value"], &pair[1]));
        }
        // Names of metrics are the same everywhere, and those that --metrics takes.
        let known = |name: &str| Metric::ALL.iter().any(|metric| metric.name() == name);
        assert!(rows.iter().chain(&curves).all(|row| known(&row["metric"])));
        assert!(POINTS.keys.iter().all(|key| !known(key.path)));
    }
}
