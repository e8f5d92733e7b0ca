//! Which runs are taken together, what they are called, in which order they stand, and which belong to a pair.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;

use serde_json::Value;

use super::comparison::distinct;
use super::{DataSet, Group, Repeat, RunSummary, repeats};
use crate::config::{Config as _, Key, KeyError, POINTS, Role, RunConfig, TrainConfig, at, nearest_preset, shown};
use crate::metric::Metric;
use crate::paths;

/// What a person chose of the runs.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// The settings by which runs are taken together; None for all but the seed.
    pub group_by: Option<Vec<&'static Key>>,
    /// Groups by their names or parts of them, in this order; empty for all as they come.
    pub only: Vec<String>,
    /// The group that the others of its data set are compared with, by its name or parts of it; None for the first.
    pub against: Option<String>,
}

/// Why runs cannot be chosen like that.
#[derive(Debug, thiserror::Error)]
pub enum SelectionError {
    /// There is no such setting.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It says nothing of what a run is.
    #[error("runs cannot be taken together by {key}: {reason}")]
    NotAGroup {
        /// The setting.
        key: &'static str,
        /// Why not.
        reason: &'static str,
    },
    /// No group has this name.
    #[error("no group is called '{asked}'; there are {}", quoted(known))]
    NoGroup {
        /// The name.
        asked: String,
        /// All names.
        known: Vec<String>,
    },
    /// More than one group has this name.
    #[error("'{asked}' may be {}; say more of its name", quoted(known))]
    SeveralGroups {
        /// The name.
        asked: String,
        /// Those that it may mean.
        known: Vec<String>,
    },
}

impl SelectionError {
    /// That a name does not mean one of these groups.
    pub(super) fn not_one(asked: &str, known: &[String]) -> Self {
        let asked_for: Vec<String> = chosen(asked, known).into_iter().map(|i| known[i].clone()).collect();
        let asked = asked.to_owned();
        if asked_for.is_empty() {
            return Self::NoGroup { asked, known: known.to_vec() };
        }
        Self::SeveralGroups { asked, known: asked_for }
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}

impl Selection {
    /// Settings to group by, as people type them: `model`, `lr`, `optim.alpha`.
    pub fn keys(names: &[String]) -> Result<Vec<&'static Key>, SelectionError> {
        let key = |name: &String| {
            // `model` is the table's flag of `objective.model`.
            let key = POINTS.find(name)?;
            let reason = match key.role {
                Role::Seed => "runs of other seeds are what a group holds",
                Role::Machine | Role::Record => "it says how a run is made or recorded, not what it is",
                Role::Nature | Role::Length if is_of_the_data_set(key) => {
                    "runs on other data are never taken together; each data set has a part of its own"
                }
                Role::Nature | Role::Length => return Ok(key),
            };
            Err(SelectionError::NotAGroup { key: key.path, reason })
        };
        let keys = names.iter().map(key).collect::<Result<Vec<_>, _>>()?;
        Ok(distinct(keys.into_iter().map(|key| key.path)).iter().filter_map(|path| POINTS.find(path).ok()).collect())
    }
}

/// What a data set's identity says already.
fn is_of_the_data_set(key: &Key) -> bool {
    ["data.path", "data.key", "data.train_size"].contains(&key.path)
}

/// The runs that are compared.
pub(super) struct Arranged {
    /// Those that were chosen, each once, in the order in which they came, with their names.
    pub(super) runs: Vec<RunSummary>,
    /// The others of those that are there several times.
    pub(super) repeats: Vec<Repeat>,
    /// The settings that vary.
    pub(super) varying: Vec<&'static Key>,
}

/// Names the runs and leaves those that were chosen.
pub(super) fn arrange(mut runs: Vec<RunSummary>, selection: &Selection) -> Result<Arranged, SelectionError> {
    label_all(&mut runs, selection);
    if !selection.only.is_empty() {
        let mut known: Vec<String> = Vec::new();
        for run in &runs {
            if !known.contains(&run.label) {
                known.push(run.label.clone());
            }
        }
        for asked in &selection.only {
            if chosen(asked, &known).is_empty() {
                return Err(SelectionError::not_one(asked, &known));
            }
        }
        runs.retain(|run| place(&run.label, &known, selection) < usize::MAX);
    }
    let (mut runs, repeats) = repeats::set_aside(runs);
    for (place, run) in runs.iter_mut().enumerate() {
        run.place = place;
    }
    let configs = runs.iter().map(|run| run.config.to_json());
    let varying = POINTS.varying(configs).into_iter().filter(|key| key.role != Role::Seed).collect();
    Ok(Arranged { runs, repeats, varying })
}

/// Of these names those that are meant: the name itself, or else all that have every part of what was asked for.
fn chosen(asked: &str, known: &[impl Borrow<String>]) -> Vec<usize> {
    // `lr=1e-4` is `lr 1e-4`.
    let plain = |text: &str| text.trim().replace('=', " ").to_lowercase();
    let whole = known.iter().position(|label| plain(label.borrow()) == plain(asked));
    if let Some(i) = whole {
        return vec![i];
    }
    let parts: Vec<String> = asked.split(',').map(plain).filter(|part| !part.is_empty()).collect();
    let has = |label: &String| {
        let of_label: Vec<String> = label.split(", ").map(plain).collect();
        !parts.is_empty() && parts.iter().all(|part| of_label.contains(part))
    };
    known.iter().enumerate().filter(|(_, label)| has((*label).borrow())).map(|(i, _)| i).collect()
}

/// Where `--only` puts a name; the largest number for a name that it leaves out.
fn place(label: &str, known: &[String], selection: &Selection) -> usize {
    let means = |asked: &String| chosen(asked, known).iter().any(|&i| known[i] == label);
    selection.only.iter().position(means).unwrap_or(usize::MAX)
}

/// The group of a name, if there is exactly one.
pub(super) fn only_one(asked: &str, groups: &[Group]) -> Option<usize> {
    let labels: Vec<&String> = groups.iter().map(|group| &group.label).collect();
    match chosen(asked, &labels)[..] {
        [one] => Some(one),
        _ => None,
    }
}

/// The runs by their labels, in the order in which those first come up, or as `--only` has it.
pub(super) fn groups(runs: Vec<RunSummary>, selection: &Selection) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for run in runs {
        match groups.iter_mut().find(|group| group.label == run.label) {
            Some(group) => group.runs.push(run),
            None => groups.push(Group { label: run.label.clone(), colour: 0, runs: vec![run] }),
        }
    }
    for group in &mut groups {
        group.runs.sort_by_key(|run| run.config.seed);
    }
    if !selection.only.is_empty() {
        let known: Vec<String> = groups.iter().map(|group| group.label.clone()).collect();
        groups.sort_by_key(|group| place(&group.label, &known, selection));
    }
    groups
}

/// A group's values minus another's, one for each seed that both have: the mean of those that share it. Where settings
/// were named to group by, what shares the seed must be the same in all others too.
pub(super) fn paired(reference: &Group, group: &Group, metric: Metric, selection: &Selection) -> Vec<f64> {
    let by_pair = |group: &Group| {
        let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for run in group.finished() {
            if let Some(value) = run.mean(metric) {
                values.entry(pair_of(&run.config, selection)).or_default().push(value);
            }
        }
        values
    };
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (base, other) = (by_pair(reference), by_pair(group));
    other.iter().filter_map(|(pair, values)| Some(mean(values) - mean(base.get(pair)?))).collect()
}

/// What a run is, or is to be: one that is not as far yet, or diverged, belongs to those that came there.
fn meant(run: &RunSummary) -> TrainConfig {
    TrainConfig { epochs: run.planned(), ..what(&run.config) }
}

/// The same of many runs, as JSON. Runs that follow each other and differ only in their seed share it.
pub(super) fn all_meant<'a>(runs: impl Iterator<Item = &'a RunSummary>) -> Vec<Rc<Value>> {
    let mut last: Option<((TrainConfig, u64), Rc<Value>)> = None;
    let of = |run: &RunSummary| {
        let key = (TrainConfig { seed: 0, ..(*run.config).clone() }, run.planned());
        if let Some((known, meant)) = &last
            && *known == key
        {
            return Rc::clone(meant);
        }
        let meant = Rc::new(meant(run).to_json());
        last = Some((key, Rc::clone(&meant)));
        meant
    };
    runs.map(of).collect()
}

/// What makes a run the same as another one: data, seed, and what it is meant to be.
pub(super) fn identity(run: &RunSummary, meant: &Value) -> String {
    format!("{:?} {} {meant}", run.data, run.config.seed)
}

/// In which of the ways of doing a run, of which it should not depend, two differ.
pub(super) fn machine_that_differs(a: &RunConfig, b: &RunConfig) -> Vec<&'static str> {
    let keys = POINTS.varying([&a.to_json(), &b.to_json()]);
    keys.into_iter().filter(|key| key.role == Role::Machine).map(|key| key.path).collect()
}

/// What two runs of different groups must have in common to be a pair.
fn pair_of(config: &RunConfig, selection: &Selection) -> String {
    let Some(by) = &selection.group_by else { return config.seed.to_string() };
    let mut json = what(config).to_json();
    for key in by {
        // What belongs to a choice goes with it.
        let gone = if POINTS.selects(key) { key.group().unwrap_or(key.path) } else { key.path };
        let mut place = &mut json;
        for part in gone.split('.') {
            place = &mut place[part];
        }
        *place = Value::Null;
    }
    format!("{} {json}", config.seed)
}

/// Gives every run a label that says in what it differs from the others on its data, or what the settings that were named are.
pub(super) fn label_all(runs: &mut [RunSummary], selection: &Selection) {
    if let Some(by) = &selection.group_by {
        for run in runs {
            run.label = by.iter().map(|key| of_key(key, &run.config)).collect::<Vec<_>>().join(", ");
        }
        return;
    }
    for id in distinct(runs.iter().map(|run| run.data.clone())) {
        let mut of_it: Vec<&mut RunSummary> = runs.iter_mut().filter(|run| run.data == id).collect();
        let configs = all_meant(of_it.iter().map(|run| &**run));
        let titles: Vec<String> = of_it.iter().map(|run| run.config.title()).collect();
        let same_data = vec![String::new(); of_it.len()];
        for (run, label) in of_it.iter_mut().zip(telling_apart(&titles, &configs, &same_data)) {
            run.label = label;
        }
    }
}

/// What tells each of these runs, and how many epochs it came to, from the others; seeds and the way of doing them apart.
pub fn labels(runs: &[(&RunConfig, u64)]) -> Vec<String> {
    let came_to = |&(config, epochs): &(&RunConfig, u64)| TrainConfig { epochs, ..what(config) };
    let configs: Vec<Rc<Value>> = runs.iter().map(|run| Rc::new(came_to(run).to_json())).collect();
    let titles: Vec<String> = runs.iter().map(|(config, _)| config.title()).collect();
    let data: Vec<String> = runs.iter().map(|(config, _)| paths::text(&config.data.path)).collect();
    let labels = telling_apart(&titles, &configs, &data);
    // Data are told apart by their files' names.
    let several = runs.iter().any(|(config, _)| config.data.path != runs[0].0.data.path);
    let stem = |config: &RunConfig| config.data.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let with_data =
        |(label, (config, _)): (String, &(&RunConfig, u64))| if several { label + ", " + &stem(config) } else { label };
    labels.into_iter().zip(runs).map(with_data).collect()
}

/// The names of single runs, given their labels, seeds and folders: each with its seed where another has the same label, and
/// with its folder where that does not tell them apart either.
pub fn names_of_runs(runs: &[(&str, u64, &Path)]) -> Vec<String> {
    let labels: Vec<&str> = runs.iter().map(|run| run.0).collect();
    let shared = several(&labels);
    let with_seed = |&(label, seed, _): &(&str, u64, &Path)| {
        if shared.contains(label) { format!("{label}, seed {seed}") } else { label.to_owned() }
    };
    let names: Vec<String> = runs.iter().map(with_seed).collect();
    let shared = several(&names);
    let with_folder = |(name, run): (&String, &(&str, u64, &Path))| {
        if shared.contains(&name[..]) { format!("{name}, {}", run.2.display()) } else { name.clone() }
    };
    names.iter().zip(runs).map(with_folder).collect()
}

/// The names that more than one has.
fn several<S: AsRef<str>>(names: &[S]) -> BTreeSet<&str> {
    let mut seen = BTreeSet::new();
    names.iter().map(AsRef::as_ref).filter(|name| !seen.insert(*name)).collect()
}

/// A label with more settings than this is read by nobody.
const MOST_NAMED: usize = 4;

/// What tells each of these configs, each with what its data are, from the others, as [`apart`] says it. Most runs of many are
/// the same but for their seeds, and are told once.
fn telling_apart(titles: &[String], configs: &[Rc<Value>], data: &[String]) -> Vec<String> {
    let mut kinds: BTreeMap<(&str, String), usize> = BTreeMap::new();
    let mut firsts = Vec::new();
    let kind_of = |i: usize| {
        *kinds.entry((&data[i], configs[i].to_string())).or_insert_with(|| {
            firsts.push(i);
            firsts.len() - 1
        })
    };
    let kind: Vec<usize> = (0..configs.len()).map(kind_of).collect();
    let of = |from: &[String]| firsts.iter().map(|&i| from[i].clone()).collect::<Vec<_>>();
    let (titles, data) = (of(titles), of(data));
    let configs: Vec<Value> = firsts.iter().map(|&i| (*configs[i]).clone()).collect();
    let labels = apart(&titles, &configs, |i, j| data[i] == data[j]);
    kind.into_iter().map(|kind| labels[kind].clone()).collect()
}

/// What tells each of these configs from the others: model and optimiser, and any setting that is not the same in all. Where
/// these are many, a run that is a preset or nearly so is called by its name.
/// Settings of the data count where they differ for the same data: between data sets what `auto` came to is no choice of
/// anyone's.
fn apart(titles: &[String], configs: &[Value], same_data: impl Fn(usize, usize) -> bool) -> Vec<String> {
    let all = 0..configs.len();
    let differ = |key: &Key, i: usize, j: usize| at(&configs[i], key.path) != at(&configs[j], key.path);
    let within = |key: &Key| all.clone().any(|i| (0..i).any(|j| same_data(i, j) && differ(key, i, j)));
    let named = |key: &&Key| !is_in_title(key) && (key.group() != Some("data") || within(key));
    let keys: Vec<&Key> = POINTS.varying(configs).into_iter().filter(named).collect();
    let labels: Vec<String> =
        titles.iter().zip(configs).map(|(title, config)| with_values(title, config, &keys)).collect();
    // Models or optimisers of one name with other constants get those too.
    let constants_of = |i: usize| {
        let alike = all.clone().filter(|&j| titles[j] == titles[i]).map(|j| &configs[j]);
        POINTS.varying(alike).into_iter().filter(|key| is_in_title(key)).collect::<Vec<_>>()
    };
    let other_constants = |i: usize, j: usize| POINTS.varying([&configs[i], &configs[j]]).into_iter().any(is_in_title);
    let clash = |i: usize| all.clone().any(|j| labels[i] == labels[j] && other_constants(i, j));
    let full = |i: usize| {
        if clash(i) { with_values(&labels[i], &configs[i], &constants_of(i)) } else { labels[i].clone() }
    };
    if keys.len() <= MOST_NAMED {
        return all.clone().map(full).collect();
    }
    let varies = POINTS.varying(configs);
    let counts = |key: &Key| key.group() != Some("data") || keys.iter().any(|other| other.path == key.path);
    let by_preset = |i: usize| {
        let (preset, _) = nearest_preset(&configs[i], counts)?;
        let recipe = POINTS.complete(&preset.config().ok()?).ok()?;
        let own = POINTS.varying([&configs[i], &recipe]).into_iter().filter(|key| counts(key));
        let own: Vec<&Key> = own.filter(|key| varies.iter().any(|other| other.path == key.path)).collect();
        Some(with_values(preset.name, &configs[i], &own))
    };
    all.clone().map(|i| by_preset(i).unwrap_or_else(|| full(i))).collect()
}

/// Of the settings that vary in a comparison those that all runs of a data set have in common, constants of a choice where
/// runs of that choice do: what sets it apart from others, but for the data themselves, which have a name.
pub(super) fn common(set: &DataSet, sets: &[DataSet]) -> String {
    // What all runs of the only data set have in common sets it apart from nothing.
    if sets.len() < 2 {
        return String::new();
    }
    let configs_of = |set: &DataSet| {
        let mut configs = all_meant(set.runs());
        configs.dedup_by(|a, b| Rc::ptr_eq(a, b));
        configs
    };
    let (here, all) = (configs_of(set), sets.iter().flat_map(configs_of).collect::<Vec<Rc<Value>>>());
    let chosen = |key: &Key, config: &Value| key.only.map(|owner| at(config, owner.selector).clone());
    let said_here = |key: &&Key| {
        if !matches!(key.role, Role::Nature | Role::Length) || key.group() == Some("data") || POINTS.selects(key) {
            return None;
        }
        // Null is that there is no such setting.
        let own = here.iter().find(|config| !at(config, key.path).is_null())?;
        let value = at(own, key.path);
        let alike = |config: &&Rc<Value>| chosen(key, config) == chosen(key, own);
        let has = |config: &Rc<Value>| at(config, key.path) == value;
        let same = here.iter().filter(|config| !at(config, key.path).is_null()).all(&has);
        (same && !all.iter().filter(alike).all(&has)).then(|| said(key, value))
    };
    POINTS.keys.iter().filter_map(|key| said_here(&key)).collect::<Vec<_>>().join(", ")
}

/// Whether it is a choice that a run's title names, or one of the constants that come with it.
fn is_in_title(key: &Key) -> bool {
    POINTS.is_of_choice(key) && !key.group().is_some_and(|group| group.starts_with("activation"))
}

/// A label with the values of these settings, but for constants of a choice that the config does not make.
fn with_values(label: &str, config: &Value, keys: &[&Key]) -> String {
    let chosen = |key: &&&Key| {
        key.only.is_none_or(|owner| at(config, owner.selector).as_str().is_none_or(|name| owner.names.contains(&name)))
    };
    let of_choice = |key: &&&Key| chosen(key) && !(at(config, key.path).is_null() && key.only.is_some());
    keys.iter().filter(of_choice).fold(label.to_owned(), |label, key| label + ", " + &said(key, at(config, key.path)))
}

/// A setting of a run in a label.
fn of_key(key: &Key, config: &RunConfig) -> String {
    match key.path {
        "objective.model" => config.game_title(),
        "optim.name" => config.optim.title().to_owned(),
        path => said(key, at(&config.to_json(), path)),
    }
}

fn said(key: &Key, value: &Value) -> String {
    // What is left to the data is not in the config, and is not nothing.
    let left = match key.path {
        "activation.name" => Value::from("leaky-relu"),
        "activation_d.name" => Value::from("as the generator's"),
        _ => POINTS.default_of(key),
    };
    let value = if value.is_null() { &left } else { value };
    format!("{} {}", POINTS.short_name(key), shown(value))
}

/// The config without what does not change a run's nature: seed, records, machine, and which file the data lay in, whose
/// content the run knows by its digest.
pub(super) fn what(config: &RunConfig) -> TrainConfig {
    let mut json = nature(config);
    let default = POINTS.default_config();
    for key in POINTS.keys.iter().filter(|key| is_of_the_data_set(key)) {
        // A default is one of the setting's values.
        let _ = POINTS.set(&mut json, key.path, at(&default, key.path).clone());
    }
    TrainConfig::from_value(json).unwrap_or_else(|_| (**config).clone())
}

/// The config without seed, records and machine.
pub(super) fn without_the_machine(config: &RunConfig) -> TrainConfig {
    TrainConfig::from_value(nature(config)).unwrap_or_else(|_| (**config).clone())
}

fn nature(config: &RunConfig) -> Value {
    let mut json = config.to_json();
    let default = POINTS.default_config();
    for key in POINTS.keys.iter().filter(|key| matches!(key.role, Role::Seed | Role::Record | Role::Machine)) {
        let _ = POINTS.set(&mut json, key.path, at(&default, key.path).clone());
    }
    json
}
