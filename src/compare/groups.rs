//! Runs that differ in their seed only, and how groups of them differ, seed by seed.

use serde_json::Value;

use super::RunSummary;
use crate::config::{RunConfig, TrainConfig, differences};
use crate::metric::{Metric, Spread};

/// Keys that say how a run is done, not what it is.
const HOW: [&str; 6] = ["seed", "threads", "device", "engine", "frame_every", "eval_every"];

/// Runs that differ in their seed only.
#[derive(Clone, Debug)]
pub struct Group<'a> {
    /// Their name.
    pub label: String,
    /// The runs, by seed.
    pub runs: Vec<&'a RunSummary>,
}

/// How a group differs from another in one metric.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The group.
    pub label: String,
    /// The metric.
    pub metric: Metric,
    /// Its values minus those of the first group with the same seeds: mean and error over seeds.
    pub paired: Spread,
    /// Seeds that both have.
    pub seeds: usize,
}

/// Gives every run a label that says in what it differs from the others: model and optimiser, and any key of the config
/// that is not the same in all.
pub fn label_all(runs: &mut [RunSummary]) {
    let Some(first) = runs.first().map(|run| what(&run.config)) else { return };
    let mut keys: Vec<String> = Vec::new();
    for run in runs.iter() {
        for difference in differences(&first, &what(&run.config)) {
            let apart = difference.key.starts_with("optim") || difference.key.starts_with("objective");
            if !apart && !keys.contains(&difference.key) {
                keys.push(difference.key);
            }
        }
    }
    let mut labels: Vec<String> = runs.iter().map(|run| labelled(run, &keys)).collect();
    // Models or optimisers of one name with other constants get those too.
    let clash = |i: usize, labels: &[String]| {
        (0..runs.len()).any(|j| labels[i] == labels[j] && what(&runs[i].config) != what(&runs[j].config))
    };
    let constants: Vec<String> =
        (0..runs.len()).map(|i| if clash(i, &labels) { constants_of(&runs[i], runs) } else { String::new() }).collect();
    for (label, more) in labels.iter_mut().zip(constants) {
        label.push_str(&more);
    }
    for (run, label) in runs.iter_mut().zip(labels) {
        run.label = label;
    }
}

fn labelled(run: &RunSummary, keys: &[String]) -> String {
    let json = serde_json::to_value(what(&run.config)).unwrap_or(Value::Null);
    keys.iter().fold(run.config.title(), |label, key| label + ", " + &shown(key, at(&json, key)))
}

/// The constants of model and optimiser that differ from those of another run with the same two.
fn constants_of(run: &RunSummary, runs: &[RunSummary]) -> String {
    let mine = what(&run.config);
    let json = serde_json::to_value(&mine).unwrap_or(Value::Null);
    let mut keys: Vec<String> = Vec::new();
    for other in runs.iter().filter(|other| other.config.title() == run.config.title()) {
        for difference in differences(&mine, &what(&other.config)) {
            let constant = difference.key.starts_with("optim") || difference.key.starts_with("objective");
            if constant && !keys.contains(&difference.key) {
                keys.push(difference.key);
            }
        }
    }
    keys.iter().fold(String::new(), |label, key| label + ", " + &shown(key, at(&json, key)))
}

fn at<'a>(json: &'a Value, key: &str) -> &'a Value {
    key.split('.').fold(json, |value, part| value.get(part).unwrap_or(&Value::Null))
}

fn shown(key: &str, value: &Value) -> String {
    let name = key.rsplit('.').next().unwrap_or(key);
    match value {
        Value::String(text) if key == "data.path" => {
            std::path::Path::new(text).file_stem().unwrap_or_default().to_string_lossy().into_owned()
        }
        Value::String(text) => format!("{name} {text}"),
        other => format!("{name} {other}"),
    }
}

/// The config without what does not change a run's nature.
pub(super) fn what(config: &RunConfig) -> TrainConfig {
    let mut json = serde_json::to_value(&**config).unwrap_or(Value::Null);
    if let Value::Object(map) = &mut json {
        for key in HOW {
            map.remove(key);
        }
    }
    // What was removed has defaults.
    serde_json::from_value(json).unwrap_or_else(|_| (**config).clone())
}

/// The groups among runs, in the order in which they first come up.
pub fn compare_groups<'a>(runs: &'a [RunSummary], metrics: &[Metric]) -> (Vec<Group<'a>>, Vec<Difference>) {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for run in runs {
        match groups.iter_mut().find(|group| group.label == run.label) {
            Some(group) => group.runs.push(run),
            None => groups.push(Group { label: run.label.clone(), runs: vec![run] }),
        }
    }
    for group in &mut groups {
        group.runs.sort_by_key(|run| run.config.seed);
    }
    let mut found = Vec::new();
    if let Some((first, others)) = groups.split_first() {
        for group in others {
            found.extend(metrics.iter().filter_map(|&metric| difference(first, group, metric)));
        }
    }
    (groups, found)
}

/// None with fewer than two seeds in common.
fn difference(first: &Group<'_>, group: &Group<'_>, metric: Metric) -> Option<Difference> {
    let paired: Vec<f64> = group
        .runs
        .iter()
        .filter_map(|run| {
            let same_seed = first.runs.iter().find(|other| other.config.seed == run.config.seed)?;
            Some(run.mean(metric)? - same_seed.mean(metric)?)
        })
        .collect();
    let label = group.label.clone();
    (paired.len() > 1).then(|| Difference { label, metric, paired: Spread::of(&paired), seeds: paired.len() })
}

impl<'a> Group<'a> {
    /// A number of the runs, over seeds; None where a run lacks it.
    pub fn over_seeds(&self, of: impl Fn(&RunSummary) -> Option<f64>) -> Option<Spread> {
        let values = self.runs.iter().map(|run| of(run)).collect::<Option<Vec<f64>>>()?;
        (!values.is_empty()).then(|| Spread::of(&values))
    }

    /// The mean of the runs' curves, at the epochs that all of them have.
    pub fn mean_curve(&self) -> Vec<(u64, f64)> {
        let Some((first, others)) = self.runs.split_first() else { return Vec::new() };
        let mean = |&(epoch, value): &(u64, f64)| {
            let at = |run: &RunSummary| run.curve.iter().find(|&&(e, _)| e == epoch).map(|&(_, value)| value);
            let rest = others.iter().map(|run| at(run)).sum::<Option<f64>>()?;
            Some((epoch, (value + rest) / self.runs.len() as f64))
        };
        first.curve.iter().filter_map(mean).collect()
    }

    /// The run whose value is in the middle, of those that have one; the lower of two.
    pub fn median_by(&self, of: impl Fn(&RunSummary) -> Option<f64>) -> Option<&'a RunSummary> {
        let mut valued: Vec<_> = self.runs.iter().filter_map(|run| Some((of(run)?, *run))).collect();
        valued.sort_by(|a, b| a.0.total_cmp(&b.0));
        let middle = valued.len().checked_sub(1)? / 2;
        valued.get(middle).map(|&(_, run)| run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Model, Objective, Optim};
    use crate::kinds::points::Measured;

    fn run(change: impl Fn(&mut TrainConfig), w1: f64) -> RunSummary {
        let mut config = TrainConfig::lab(Model::Gan);
        change(&mut config);
        let config = config.check().unwrap();
        let measured = Measured { metric: Metric::W1, generated: Spread::of(&[w1]), floor: Spread::of(&[0.1]) };
        RunSummary {
            dir: "run".into(),
            label: config.title(),
            metrics: vec![measured],
            epochs: 1,
            near_from: None,
            unrest: None,
            seconds: 1.0,
            curve: Vec::new(),
            floor: None,
            config,
        }
    }

    #[test]
    fn labels_say_what_differs_and_nothing_else() {
        let mut runs = vec![
            run(|c| c.seed = 4, 1.0),
            run(|c| c.optim = Optim::ALL_DEFAULTS[0], 1.0),
            run(|c| (c.lr, c.threads) = (1e-4, 1), 1.0),
            run(|c| c.objective = Objective::Wgan { clip: 0.1 }, 1.0),
            run(|c| c.objective = Objective::Wgan { clip: 0.01 }, 1.0),
        ];
        label_all(&mut runs);
        let labels: Vec<_> = runs.iter().map(|run| run.label.as_str()).collect();
        assert_eq!(
            labels,
            [
                "GAN, RMSProp, lr 0.00005",
                "GAN, SGD, lr 0.00005",
                "GAN, RMSProp, lr 0.0001",
                "WGAN, RMSProp, lr 0.00005, clip 0.1",
                "WGAN, RMSProp, lr 0.00005, clip 0.01",
            ]
        );
    }

    #[test]
    fn groups_are_compared_seed_by_seed() {
        let mut runs: Vec<RunSummary> = (0..3).map(|seed| run(|c| c.seed = seed, 1.0 + seed as f64)).collect();
        // Always 0.5 more than the same seed of the first group, and a seed that the first group lacks.
        runs.extend([2, 0, 1].map(|seed| {
            let adam = Optim::ALL_DEFAULTS[2];
            run(|c| (c.seed, c.optim) = (seed, adam), 1.5 + seed as f64)
        }));
        runs.push(run(|c| (c.seed, c.optim) = (9, Optim::ALL_DEFAULTS[2]), 100.0));
        label_all(&mut runs);
        let (groups, differences) = compare_groups(&runs, &[Metric::W1]);
        assert_eq!(groups.iter().map(|group| group.runs.len()).collect::<Vec<_>>(), [3, 4]);
        assert_eq!((differences.len(), differences[0].seeds), (1, 3));
        assert!((differences[0].paired.mean - 0.5).abs() < 1e-12 && differences[0].paired.deviation < 1e-12);
        assert!((groups[0].over_seeds(|run| run.mean(Metric::W1)).unwrap().mean - 2.0).abs() < 1e-12);
        assert_eq!(groups[0].median_by(|run| run.mean(Metric::W1)).unwrap().config.seed, 1);
    }
}
