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

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::SweepError;
use crate::config::{ConfigError, RunConfig, TrainConfig, number_list};
use crate::files;
use crate::run::RunDir;

const PLAN: &str = "plan.jsonl";
const RUNS: &str = "runs";
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

/// One line of a plan: a run and where it goes.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedRun {
    /// Its place in the plan, from 0.
    pub index: usize,
    /// Its directory.
    pub dir: PathBuf,
    /// What it is.
    pub config: RunConfig,
}

/// A line of the file; `dir` is relative to the file's folder.
#[derive(Serialize, Deserialize)]
struct Line {
    index: usize,
    dir: PathBuf,
    config: TrainConfig,
}

/// A directory with a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// The directory.
    pub dir: PathBuf,
    /// Its runs, in the plan's order.
    pub runs: Vec<PlannedRun>,
}

impl PlanFile {
    /// Reads a plan.
    pub fn read(path: &Path) -> Result<Self, SweepError> {
        let text = fs::read_to_string(path)?;
        serde_json::from_str(&text).map_err(|error| not_a_plan(path, error.to_string()))
    }

    /// The sweep in `dir` that it comes to. `path` is for messages. Configs that come up twice are done once.
    pub fn expand(&self, path: &Path, dir: &Path) -> Result<Sweep, SweepError> {
        let base = match &self.base {
            Base::Config(config) => config.clone(),
            Base::Path(file) => {
                let text = fs::read_to_string(file)?;
                serde_json::from_str(&text).map_err(|error| not_a_plan(file, error.to_string()))?
            }
        };
        let grids = match &self.grid {
            Grids::One(grid) => std::slice::from_ref(grid),
            Grids::Several(grids) => grids,
        };
        let mut configs = Vec::new();
        for grid in grids {
            for point in points(path, grid)? {
                configs.push(config_at(path, &base, &point)?);
            }
        }
        let sweep = Sweep::new(dir, configs);
        if sweep.runs.is_empty() {
            return Err(not_a_plan(path, "its grid has no runs"));
        }
        Ok(sweep)
    }
}

impl Sweep {
    /// A sweep of these runs in `dir`, without those that come up again.
    pub fn new(dir: &Path, configs: Vec<RunConfig>) -> Self {
        let mut sweep = Self { dir: dir.to_owned(), runs: Vec::new() };
        let mut seen = std::collections::HashSet::new();
        for config in configs {
            let run = dir.join(RUNS).join(group_name(&config)).join(format!("seed{}", config.seed));
            if seen.insert(run.clone()) {
                sweep.push(run, config);
            }
        }
        sweep
    }

    /// A sweep without runs yet.
    pub fn empty(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), runs: Vec::new() }
    }

    /// Adds a run in a directory of its own.
    pub fn push(&mut self, dir: PathBuf, config: RunConfig) {
        self.runs.push(PlannedRun { index: self.runs.len(), dir, config });
    }

    /// Where the plan's lines are.
    pub fn plan_path(&self) -> PathBuf {
        self.dir.join(PLAN)
    }

    /// Writes the plan's lines.
    pub fn write(&self) -> Result<(), SweepError> {
        let mut text = String::new();
        for run in &self.runs {
            let dir = run.dir.strip_prefix(&self.dir).unwrap_or(&run.dir).to_owned();
            let line = Line { index: run.index, dir, config: (*run.config).clone() };
            text += &serde_json::to_string(&line).map_err(std::io::Error::from)?;
            text.push('\n');
        }
        Ok(files::write(&self.plan_path(), text.as_bytes())?)
    }

    /// Reads the plan in a sweep's directory.
    pub fn open(dir: &Path) -> Result<Self, SweepError> {
        let path = dir.join(PLAN);
        if !path.is_file() {
            let reason = "there is no such file; `gan-lab sweep PLAN.json` makes one";
            return Err(not_a_plan(&path, reason));
        }
        Self::read(&path)
    }

    /// Reads a plan's lines.
    pub fn read(path: &Path) -> Result<Self, SweepError> {
        let dir = path.parent().unwrap_or(Path::new("")).to_owned();
        let text = fs::read_to_string(path)?;
        let mut sweep = Self::empty(&dir);
        for (i, text) in text.lines().enumerate() {
            sweep.runs.push(parse(path, &dir, i, text)?);
        }
        Ok(sweep)
    }

    /// Reads one line of a plan, for those who do one run of many.
    pub fn read_line(path: &Path, index: usize) -> Result<PlannedRun, SweepError> {
        let dir = path.parent().unwrap_or(Path::new(""));
        // Line by line: a plan of a million runs is not read into memory for one of them.
        let mut lines = BufReader::new(fs::File::open(path)?).lines();
        let mut passed = 0;
        for line in lines.by_ref().take(index) {
            line?;
            passed += 1;
        }
        match lines.next() {
            Some(line) => parse(path, dir, index, &line?),
            None => Err(SweepError::NoLine { path: path.to_owned(), lines: passed, index }),
        }
    }
}

impl PlannedRun {
    /// Its directory.
    pub fn run_dir(&self) -> RunDir {
        RunDir::new(&self.dir)
    }
}

fn parse(path: &Path, dir: &Path, index: usize, text: &str) -> Result<PlannedRun, SweepError> {
    let wrong = |reason: String| not_a_plan(path, format!("line {}: {reason}", index + 1));
    let line: Line = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    if line.index != index {
        return Err(wrong(format!("its index is {}, not {index}", line.index)));
    }
    let config = line.config.check().map_err(|error| wrong(error.to_string()))?;
    Ok(PlannedRun { index, dir: dir.join(line.dir), config })
}

fn not_a_plan(path: &Path, reason: impl Into<String>) -> SweepError {
    SweepError::NotAPlan { path: path.to_owned(), reason: reason.into() }
}

/// What runs that differ only in their seed have in common: `<model>-<optim>-<digest>`.
fn group_name(config: &RunConfig) -> String {
    let seedless = TrainConfig { seed: 0, ..(**config).clone() };
    // A config always becomes JSON: its keys are strings and its numbers finite.
    let json = serde_json::to_vec(&seedless).unwrap_or_default();
    let digest = Sha256::digest(&json);
    let hex = digest.iter().take(4).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    format!("{}-{}-{hex}", config.objective.model(), config.optim.name())
}

/// The values that a grid gives the keys, at one of its points.
type GridPoint = Vec<(String, Value)>;

/// Every combination of a grid's values; seeds change fastest.
fn points(path: &Path, grid: &Grid) -> Result<Vec<GridPoint>, SweepError> {
    let mut axes = Vec::new();
    for (key, value) in grid {
        let values = values(key, value).map_err(|reason| not_a_plan(path, format!("grid.{key}: {reason}")))?;
        axes.push((key.as_str(), values));
    }
    // The model comes first, for other keys may belong to it.
    let rank = |key: &str| match key {
        "model" => 0,
        "optim" => 1,
        "seed" => 3,
        _ => 2,
    };
    axes.sort_by_key(|(key, _)| rank(key));
    let total = axes.iter().try_fold(1_usize, |total, (_, values)| total.checked_mul(values.len()));
    if total.is_none_or(|total| total > MOST_RUNS) {
        return Err(not_a_plan(path, format!("its grid has more than {MOST_RUNS} runs")));
    }
    let mut points: Vec<GridPoint> = vec![Vec::new()];
    for (key, values) in axes {
        let with = |point: &GridPoint, value: &Value| [&point[..], &[(key.to_owned(), value.clone())]].concat();
        points = points.iter().flat_map(|point| values.iter().map(move |value| with(point, value))).collect();
    }
    Ok(points)
}

/// The values of a key: a list's, or the one that is given.
fn values(key: &str, value: &Value) -> Result<Vec<Value>, String> {
    let given = match value {
        Value::Array(list) => list.clone(),
        one => vec![one.clone()],
    };
    if key != "seed" {
        return Ok(given);
    }
    let mut seeds = Vec::new();
    for value in given {
        match value {
            Value::String(text) => seeds.extend(seed_list(&text)?.into_iter().map(Value::from)),
            other => seeds.push(other),
        }
    }
    Ok(seeds)
}

/// The seeds of `0-9` or `0,3,7-9`.
pub fn seed_list(text: &str) -> Result<Vec<u64>, String> {
    let wrong = || format!("'{text}' is not a list of seeds; say \"0-9\" or [0, 3, 7]");
    number_list(text, MOST_RUNS as u64).ok_or_else(wrong)
}

/// The base config with a point's values.
fn config_at(path: &Path, base: &Map<String, Value>, point: &GridPoint) -> Result<RunConfig, SweepError> {
    let mut json = base.clone();
    // Many runs at once have a thread each, unless told otherwise.
    json.entry("threads").or_insert(1.into());
    for (key, value) in point {
        let name = |field: &str, value: &Value| Value::Object(Map::from_iter([(field.to_owned(), value.clone())]));
        match key.as_str() {
            "model" if named(&json, "objective", "model") == Some(value) => {}
            "model" => drop(json.insert("objective".into(), name("model", value))),
            "optim" if named(&json, "optim", "name") == Some(value) => {}
            "optim" if value.is_string() => drop(json.insert("optim".into(), name("name", value))),
            "data" => set(&mut json, "data.path", value),
            other => set(&mut json, other, value),
        }
    }
    let shown = || point.iter().map(|(key, value)| format!("{key} {value}")).collect::<Vec<_>>().join(", ");
    if !json.contains_key("objective") {
        return Err(not_a_plan(path, "no model is given; name some in the grid: \"model\": [\"gan\", \"wgan\"]"));
    }
    let parsed = serde_json::from_value::<TrainConfig>(Value::Object(json));
    let config = parsed.map_err(|error| ConfigError::Json { reason: error.to_string() }).and_then(TrainConfig::check);
    config.map_err(|source| SweepError::Config { path: path.to_owned(), point: shown(), source })
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
        assert!(sweep.runs.iter().enumerate().all(|(i, run)| run.index == i && run.config.threads == 1));
        let seeds: Vec<_> = sweep.runs.iter().map(|run| run.config.seed).collect();
        assert_eq!(seeds[..6], [0, 1, 2, 0, 1, 2]);
        let folders: std::collections::HashSet<_> = sweep.runs.iter().map(|run| run.dir.parent().unwrap()).collect();
        assert_eq!(folders.len(), 4, "a folder for each config but its seed");
    }

    #[test]
    fn the_same_config_is_the_same_directory_whatever_the_plan() {
        let one = expand(r#"{"grid": {"model": "gan", "seed": 3}}"#).unwrap();
        let many = expand(r#"{"grid": [{"model": ["wgan", "gan"], "seed": [1, 3]}, {"model": "gan", "seed": 3}]}"#);
        let many = many.unwrap();
        assert_eq!(many.runs.len(), 4, "one came up twice");
        assert!(many.runs.iter().any(|run| run.dir == one.runs[0].dir && run.config == one.runs[0].config));
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
        let first = &sweep.runs[0].config;
        assert_eq!(first.objective, crate::config::Objective::Wgan { clip: 0.3 });
        assert!(matches!(first.optim, crate::config::Optim::Adam(o) if (o.betas[0] - 0.5).abs() < 1e-9));
        assert_eq!(first.data.path, Path::new("d.npy"));
        assert!(sweep.runs.iter().any(|run| run.config.generator.latent_dim == 8 && run.config.optim.name() == "sgd"));
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
            (r#"{"grid": {"model": []}}"#, "no runs"),
            (r#"{"grid": {"model": "gan", "seed": "0-999999", "lr": [1, 2]}}"#, "more than 1000000"),
        ] {
            let message = expand(text).unwrap_err().to_string();
            assert!(message.contains(needle), "{text}: {message}");
        }
    }

    #[test]
    fn a_plan_survives_its_file_and_its_lines_can_be_read_one_by_one() {
        let dir = tempfile::tempdir().unwrap();
        let plan: PlanFile = serde_json::from_str(r#"{"grid": {"model": "gan", "seed": "0-3"}}"#).unwrap();
        let sweep = plan.expand(Path::new("p"), dir.path()).unwrap();
        sweep.write().unwrap();
        assert_eq!(Sweep::open(dir.path()).unwrap(), sweep);
        assert_eq!(Sweep::read_line(&sweep.plan_path(), 2).unwrap(), sweep.runs[2]);
        let message = Sweep::read_line(&sweep.plan_path(), 4).unwrap_err().to_string();
        assert!(message.contains("4 runs, 0 to 3"), "{message}");
        assert!(Sweep::open(Path::new("nowhere")).unwrap_err().to_string().contains("gan-lab sweep"));
    }
}
