//! Plans: a base config and a grid, and the runs that they come to.
//!
//! ```json
//! {
//!   "base": "configs/lab-gan.json",
//!   "grid": { "model": ["gan", "wgan"], "optim": ["rmsprop", "adam"], "lr": [5e-5, 1e-4], "seed": "0-9" }
//! }
//! ```
//!
//! `base` is a config, a path to one, or left out for the lab's recipe. `grid` is an object or a list of them, each of
//! which contributes every combination of its values. A key is `model`, `optim`, `data` (a path), `seed` (numbers, or
//! ranges such as "0-9"), or any key of a config, with dots between levels: `generator.latent_dim`.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::lines::Collector;
use super::{Sweep, SweepError};
use crate::config::{ConfigError, KeyError, POINTS, RunConfig, TrainConfig, number_list};
use crate::files;

const SEED: &str = "seed";
/// More runs than this are taken for a slip of the pen.
const MOST_RUNS: usize = 1_000_000;

/// A plan as a person writes it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    /// What all runs have in common.
    #[serde(default)]
    base: Base,
    /// What they differ in.
    grid: Grids,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Base {
    Path(PathBuf),
    Config(Map<String, Value>),
}

impl Default for Base {
    fn default() -> Self {
        Self::Config(Map::new())
    }
}

type Grid = Map<String, Value>;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Grids {
    One(Grid),
    Several(Vec<Grid>),
}

impl PlanFile {
    /// Reads a plan.
    pub fn read(path: &Path) -> Result<Self, SweepError> {
        let text = files::read_text(path)?;
        serde_json::from_str(&text).map_err(|error| not_a_plan(path, error.to_string()))
    }

    /// The sweep in `dir` that it comes to. `path` is for messages. Configs that come up twice are done once.
    pub fn expand(&self, path: &Path, dir: &Path) -> Result<Sweep, SweepError> {
        let base = match &self.base {
            Base::Config(config) => config.clone(),
            Base::Path(file) => {
                let text = files::read_text(file)?;
                serde_json::from_str(&text).map_err(|error| not_a_plan(file, error.to_string()))?
            }
        };
        let grids = match &self.grid {
            Grids::One(grid) => std::slice::from_ref(grid),
            Grids::Several(grids) => grids,
        };
        let (mut runs, mut total) = (Collector::new(dir), Some(0_usize));
        for grid in grids {
            let axes = Axes::of(path, grid)?;
            total = total.and_then(|total| total.checked_add(axes.points()?));
            if total.is_none_or(|total| total > MOST_RUNS) {
                return Err(not_a_plan(
                    path,
                    format!("its grid has more than {MOST_RUNS} runs; make it several plans"),
                ));
            }
            axes.collect(path, &base, &mut runs)?;
        }
        let sweep = runs.finish();
        if sweep.runs.is_empty() {
            return Err(not_a_plan(path, "its grid has no runs"));
        }
        Ok(sweep)
    }
}

pub(super) fn not_a_plan(path: &Path, reason: impl Into<String>) -> SweepError {
    SweepError::NotAPlan { path: path.to_owned(), reason: reason.into() }
}

/// The values that a grid gives the keys, at one of its points.
type GridPoint<'a> = Vec<(&'a str, &'a Value)>;

/// A grid's keys with their values.
struct Axes<'a> {
    /// All keys but the seed; the last changes fastest.
    keys: Vec<(&'a str, Vec<Value>)>,
    /// The seeds, which change faster still; None for the base config's.
    seeds: Option<Vec<Value>>,
}

impl<'a> Axes<'a> {
    fn of(path: &Path, grid: &'a Grid) -> Result<Self, SweepError> {
        let mut axes = Self { keys: Vec::new(), seeds: None };
        for (key, value) in grid {
            known(key).map_err(|error| not_a_plan(path, format!("grid.{key}: {error}")))?;
            if let Some(other) =
                grid.keys().take_while(|other| *other != key).find(|other| path_of(other) == path_of(key))
            {
                let reason = format!("grid.{key} and grid.{other} are the same setting; leave one of them out");
                return Err(not_a_plan(path, reason));
            }
            let values = values(key, value).map_err(|reason| not_a_plan(path, format!("grid.{key}: {reason}")))?;
            if key == SEED {
                axes.seeds = Some(values);
            } else {
                axes.keys.push((key.as_str(), values));
            }
        }
        // The model comes first, for other keys may belong to it.
        let rank = |key: &str| match key {
            "model" => 0,
            "optim" => 1,
            _ => 2,
        };
        axes.keys.sort_by_key(|(key, _)| rank(key));
        Ok(axes)
    }

    /// How many points there are; None if they cannot be counted.
    fn points(&self) -> Option<usize> {
        let seeds = self.seeds.as_ref().map_or(1, Vec::len);
        self.keys.iter().try_fold(seeds, |total, (_, values)| total.checked_mul(values.len()))
    }

    /// Adds the run of every point, one point at a time.
    fn collect(&self, path: &Path, base: &Map<String, Value>, runs: &mut Collector) -> Result<(), SweepError> {
        let combinations = self.keys.iter().map(|(_, values)| values.len()).product();
        for combination in 0..combinations {
            let mut point = self.point(combination);
            let Some(seeds) = &self.seeds else {
                let config = config_at(path, base, &point)?;
                runs.add(&config, [config.seed]);
                continue;
            };
            let Some(first) = seeds.first() else { continue };
            point.push((SEED, first));
            let config = config_at(path, base, &point)?;
            for seed in seeds {
                if seed.as_u64().is_none() {
                    // The config's reader says what is wrong with it.
                    point.pop();
                    point.push((SEED, seed));
                    config_at(path, base, &point)?;
                }
            }
            runs.add(&config, seeds.iter().filter_map(Value::as_u64));
        }
        Ok(())
    }

    /// The values of the keys but the seed at the point of this number.
    fn point(&self, mut number: usize) -> GridPoint<'_> {
        let mut point = Vec::with_capacity(self.keys.len() + 1);
        for (key, values) in self.keys.iter().rev() {
            point.push((*key, &values[number % values.len()]));
            number /= values.len();
        }
        point.reverse();
        point
    }
}

/// Whether a key is a setting, or a level of settings; if not, which one may be meant.
fn known(key: &str) -> Result<(), KeyError> {
    if is_level(key) { Ok(()) } else { POINTS.find(key).map(drop) }
}

/// Where a key of a grid is in a config: a setting may be called by its option, `data` or `clip`; a level is where it is.
fn path_of(key: &str) -> &str {
    POINTS.find(key).map_or(key, |known| known.path)
}

fn is_level(key: &str) -> bool {
    POINTS.keys.iter().any(|known| known.path.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')))
}

/// The values of a key: a list's, or the one that is given.
fn values(key: &str, value: &Value) -> Result<Vec<Value>, String> {
    let given = match value {
        Value::Array(list) => list.clone(),
        one => vec![one.clone()],
    };
    if key != SEED {
        return Ok(given);
    }
    let mut seeds = Vec::new();
    for value in given {
        match value {
            Value::String(text) => seeds.extend(seed_list(&text)?.into_iter().map(Value::from)),
            other => seeds.push(other),
        }
        if seeds.len() > MOST_RUNS {
            return Err(format!("these are more than {MOST_RUNS} seeds"));
        }
    }
    Ok(seeds)
}

/// The seeds of `0-9` or `0,3,7-9`.
pub fn seed_list(text: &str) -> Result<Vec<u64>, String> {
    let wrong = || format!("'{text}' is not a list of seeds; say \"0-9\" or [0, 3, 7], {MOST_RUNS} of them at most");
    number_list(text, MOST_RUNS as u64).ok_or_else(wrong)
}

/// The base config with a point's values.
fn config_at(path: &Path, base: &Map<String, Value>, point: &GridPoint<'_>) -> Result<RunConfig, SweepError> {
    let mut json = base.clone();
    // Many runs at once have a thread each, unless told otherwise.
    json.entry("threads").or_insert(1.into());
    for &(key, value) in point {
        let name = |field: &str, value: &Value| Value::Object(Map::from_iter([(field.to_owned(), value.clone())]));
        match key {
            "model" if named(&json, "objective", "model") == Some(value) => {}
            "model" => drop(json.insert("objective".into(), name("model", value))),
            "optim" if named(&json, "optim", "name") == Some(value) => {}
            "optim" if value.is_string() => drop(json.insert("optim".into(), name("name", value))),
            other => set(&mut json, path_of(other), value),
        }
    }
    let shown = || point.iter().map(|(key, value)| format!("{key} {value}")).collect::<Vec<_>>().join(", ");
    if !json.contains_key("objective") {
        return Err(not_a_plan(path, "no model is given; name some in the grid: \"model\": [\"gan\", \"wgan\"]"));
    }
    let parsed = serde_json::from_value::<TrainConfig>(Value::Object(json));
    let config = parsed.map_err(|error| ConfigError::Json { reason: error.to_string() }).and_then(TrainConfig::check);
    config.map_err(|reason| SweepError::Config { path: path.to_owned(), point: shown(), reason })
}

fn named<'a>(json: &'a Map<String, Value>, key: &str, field: &str) -> Option<&'a Value> {
    json.get(key)?.get(field)
}

/// Sets a key with dots between levels.
fn set(json: &mut Map<String, Value>, key: &str, value: &Value) {
    match key.split_once('.') {
        None => drop(json.insert(key.to_owned(), value.clone())),
        Some((outer, inner)) => {
            let entry = json.entry(outer).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(map) = entry {
                set(map, inner, value);
            } else {
                // A number where an object belongs: the config's reader says so, by the key.
                *entry = value.clone();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(text: &str) -> Result<Sweep, SweepError> {
        let plan: PlanFile = serde_json::from_str(text).unwrap();
        plan.expand(Path::new("plan.json"), Path::new("out"))
    }

    #[test]
    fn every_combination_is_there_once_and_seeds_change_fastest() {
        let sweep = expand(r#"{"grid": {"seed": "0-2", "lr": [1e-4, 5e-5], "model": ["gan", "wgan"]}}"#).unwrap();
        assert_eq!(sweep.runs.len(), 12);
        assert!(sweep.runs.iter().enumerate().all(|(i, run)| run.index() == i && run.config().threads == 1));
        let seeds: Vec<_> = sweep.runs.iter().map(|run| run.config().seed).collect();
        assert_eq!(seeds[..6], [0, 1, 2, 0, 1, 2]);
        let folders: std::collections::HashSet<_> =
            sweep.runs.iter().map(|run| run.dir().parent().unwrap().to_owned()).collect();
        assert_eq!(folders.len(), 4, "a folder for each config but its seed");
    }

    #[test]
    fn the_same_config_is_the_same_directory_whatever_the_plan() {
        let one = expand(r#"{"grid": {"model": "gan", "seed": 3}}"#).unwrap();
        let many = expand(r#"{"grid": [{"model": ["wgan", "gan"], "seed": [1, 3]}, {"model": "gan", "seed": 3}]}"#);
        let many = many.unwrap();
        assert_eq!(many.runs.len(), 4, "one came up twice");
        assert!(many.runs.iter().any(|run| run.dir() == one.runs[0].dir() && run.config() == one.runs[0].config()));
    }

    #[test]
    fn keys_reach_every_level_and_keep_what_belongs_together() {
        let sweep = expand(
            r#"{"base": {"objective": {"model": "wgan", "clip": 0.3}, "optim": {"name": "adam", "betas": [0.5, 0.9]}},
                "grid": {"model": ["wgan", "wgan-gp"], "optim": ["adam", "sgd"], "generator.latent_dim": [2, 8],
                         "data": "d.npy"}}"#,
        )
        .unwrap();
        assert_eq!(sweep.runs.len(), 8);
        let first = sweep.runs[0].config();
        assert_eq!(first.objective, crate::config::Objective::Wgan { clip: 0.3 });
        assert!(matches!(first.optim, crate::config::Optim::Adam(o) if (o.betas[0] - 0.5).abs() < 1e-9));
        assert_eq!(first.data.path, Path::new("d.npy"));
        assert!(
            sweep.runs.iter().any(|run| run.recipe().generator.latent_dim == 8 && run.recipe().optim.name() == "sgd")
        );
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (text, needle) in [
            (r#"{"grid": {"seed": "0-2"}}"#, "no model"),
            (r#"{"grid": {"model": "gan", "seed": "2-0"}}"#, "not a list of seeds"),
            (r#"{"grid": {"model": "gan", "seed": [0.5]}}"#, "seed 0.5"),
            (r#"{"grid": {"model": "gan", "lr": [-1]}}"#, "lr is -1"),
            (r#"{"grid": {"model": "gan", "learning_rate": 1}}"#, "learning_rate"),
            (r#"{"grid": {"model": ["gan", "wgan"], "objective.clip": [0.1]}}"#, "model \"gan\", objective.clip 0.1"),
            (
                r#"{"grid": {"model": "gan", "lr": 1, "train-size": 300, "data.train_size": 400}}"#,
                "are the same setting",
            ),
            (r#"{"grid": {"model": "gan", "objective.model": "wgan"}}"#, "are the same setting"),
            (r#"{"grid": {"model": []}}"#, "no runs"),
            (r#"{"grid": {"model": "gan", "seed": "0-999999", "lr": [1, 2]}}"#, "more than 1000000"),
            (r#"{"grid": {"model": "gan", "seed": ["0-999999", "0-999999"]}}"#, "more than 1000000"),
            (r#"{"grid": {"model": "gan", "seed": "0-999999,0-999999"}}"#, "not a list of seeds"),
            (r#"{"grid": [{"model": "gan", "seed": "0-999999"}, {"model": "wgan"}]}"#, "more than 1000000"),
        ] {
            let message = expand(text).unwrap_err().to_string();
            assert!(message.contains(needle), "{text}: {message}");
        }
    }
}
