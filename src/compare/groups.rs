//! Runs that differ in their seed only, and how groups of them differ, seed by seed.

use serde_json::Value;

use super::RunSummary;
use crate::config::{Config as _, Key, POINTS, Role, RunConfig, TrainConfig, at, shown};
use crate::metric::{Metric, Spread};

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

/// Gives every run a label that says in what it differs from the others: model and optimiser, and any setting that is
/// not the same in all.
pub fn label_all(runs: &mut [RunSummary]) {
    let labels = labels(&runs.iter().map(|run| (&run.config, run.epochs)).collect::<Vec<_>>());
    for (run, label) in runs.iter_mut().zip(labels) {
        run.label = label;
    }
}

/// What tells each of these runs, and how many epochs it came to, from the others; seeds and the way of doing them apart.
pub fn labels(runs: &[(&RunConfig, u64)]) -> Vec<String> {
    // A run is what it came to: one that was to be longer is not yet.
    let came_to = |&(config, epochs): &(&RunConfig, u64)| TrainConfig { epochs, ..what(config) };
    let configs: Vec<Value> = runs.iter().map(|run| came_to(run).to_json()).collect();
    let keys: Vec<&Key> = POINTS.varying(&configs).into_iter().filter(|key| !POINTS.is_of_choice(key)).collect();
    let titles: Vec<String> = runs.iter().map(|(config, _)| config.title()).collect();
    let labels: Vec<String> =
        titles.iter().zip(&configs).map(|(title, config)| with_values(title, config, &keys)).collect();
    // Models or optimisers of one name with other constants get those too.
    let constants_of = |i: usize| {
        let alike = (0..runs.len()).filter(|&j| titles[j] == titles[i]).map(|j| &configs[j]);
        POINTS.varying(alike).into_iter().filter(|key| POINTS.is_of_choice(key)).collect::<Vec<_>>()
    };
    let clash = |i: usize| (0..runs.len()).any(|j| labels[i] == labels[j] && configs[i] != configs[j]);
    let with_constants =
        |i: usize| if clash(i) { with_values(&labels[i], &configs[i], &constants_of(i)) } else { labels[i].clone() };
    (0..runs.len()).map(with_constants).collect()
}

/// A label with the values of these settings.
fn with_values(label: &str, config: &Value, keys: &[&Key]) -> String {
    keys.iter().fold(label.to_owned(), |label, key| label + ", " + &said(key, at(config, key.path)))
}

fn said(key: &Key, value: &Value) -> String {
    let name = POINTS.short_name(key);
    match value {
        Value::String(text) if key.path == "data.path" => {
            std::path::Path::new(text).file_stem().unwrap_or_default().to_string_lossy().into_owned()
        }
        other => format!("{name} {}", shown(other)),
    }
}

/// The config without what does not change a run's nature: seed, records, machine.
pub(super) fn what(config: &RunConfig) -> TrainConfig {
    let mut json = config.to_json();
    let default = POINTS.default_config();
    for key in POINTS.keys.iter().filter(|key| matches!(key.role, Role::Seed | Role::Record | Role::Machine)) {
        // A default is one of the setting's values.
        let _ = POINTS.set(&mut json, key.path, at(&default, key.path).clone());
    }
    TrainConfig::from_value(json).unwrap_or_else(|_| (**config).clone())
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
                "GAN, RMSProp, lr 5e-5",
                "GAN, SGD, lr 5e-5",
                "GAN, RMSProp, lr 1e-4",
                "WGAN, RMSProp, lr 5e-5, clip 0.1",
                "WGAN, RMSProp, lr 5e-5, clip 0.01",
            ]
        );
    }

    #[test]
    fn a_run_that_is_not_at_its_end_is_called_by_what_it_came_to() {
        let mut runs = vec![run(|c| c.epochs = 9000, 1.0), run(|c| c.epochs = 320, 1.0)];
        (runs[0].epochs, runs[1].epochs) = (133, 320);
        label_all(&mut runs);
        assert_eq!([&runs[0].label, &runs[1].label], ["GAN, RMSProp, epochs 133", "GAN, RMSProp, epochs 320"]);
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
