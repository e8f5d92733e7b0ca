//! What there is to export of a run, whatever the form: its numbers by step, its arrays, its settings.

use std::time::UNIX_EPOCH;

use serde_json::Value;

use super::{ExportError, points, progan};
use crate::config::{Role, TABLES, shown};
use crate::data::npy::Precision;
use crate::run::{Kind, Manifest, RunDir, Status, digest};

/// Keys of records that say when they are, and no number that changes.
const STEPS: [&str; 2] = ["epoch", "images"];

/// All of a run that is exported but its pictures, which `pictures` makes when they are asked for.
#[derive(Clone, Debug)]
pub struct Content {
    /// What kind of run it is.
    pub kind: Kind,
    /// What a person calls it: `WGAN-GP with Adam`.
    pub title: String,
    /// The program that began it.
    pub program: String,
    /// The config as it was resolved.
    pub config: Value,
    /// The same flat, by keys with dots, without what is not set.
    pub settings: Vec<(String, Value)>,
    /// One for all runs that differ in their seeds only, and in how they were done.
    pub group: String,
    /// Its seed.
    pub seed: u64,
    /// When it was begun, in seconds since 1970, as far as its files tell.
    pub begun: u64,
    /// How it stands.
    pub state: State,
    /// What it recorded, in order.
    pub rows: Vec<Row>,
    /// Whether it records the discriminator's scores.
    pub has_scores: bool,
    /// What some of these numbers would be for a perfect generator.
    pub floors: Vec<Floor>,
    /// Its arrays.
    pub arrays: Vec<Array>,
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It may go on.
    Unfinished,
    /// All is done, or it ended by a condition of its own.
    Over,
    /// Its numbers grew beyond all bounds.
    Diverged,
}

/// A record's numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The epoch, or the images shown.
    pub step: u64,
    /// Seconds of work until then.
    pub seconds: f64,
    /// Each number's key in the record, and the number; true is 1.
    pub numbers: Vec<(String, f64)>,
    /// The picture that was written beside it, and its SHA-256; older runs did not record that.
    pub file: Option<(String, Option<String>)>,
}

/// What a number of the records would be for a perfect generator.
#[derive(Clone, Debug, PartialEq)]
pub struct Floor {
    /// The number's key in the records.
    pub key: &'static str,
    /// The mean over draws.
    pub mean: f64,
    /// The deviation of a draw, where there were several.
    pub deviation: Option<f64>,
}

/// An array of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<u64>,
    /// Its numbers, the last axis fastest.
    pub cells: Cells,
}

/// An array's numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    /// Numbers, kept in a precision.
    Floats(Precision, Vec<f64>),
    /// Whole numbers.
    Whole(Vec<u64>),
    /// Text, which has no axes.
    Text(String),
}

impl Content {
    /// What there is of the run in a directory, without its arrays where they are not `wanted`.
    pub fn of(dir: &RunDir, wanted: Arrays) -> Result<Self, ExportError> {
        match dir.kind() {
            Some(Kind::Progan) => progan::content(dir),
            // What is no run, and a kind that is not exported, is refused there.
            None | Some(Kind::Points | Kind::Sefa) => points::content(dir, wanted),
        }
    }

    /// What all kinds say alike; the rest is empty.
    /// `words` begin the name of its group.
    pub(super) fn begin(
        dir: &RunDir,
        kind: Kind,
        title: String,
        words: &str,
        config: Value,
    ) -> Result<Self, ExportError> {
        let manifest = dir.manifest()?;
        let state = match dir.status()? {
            _ if manifest.diverged => State::Diverged,
            status if status.is_over() => State::Over,
            Status::Absent | Status::Unfinished { .. } | Status::Ended { .. } | Status::Finished { .. } => {
                State::Unfinished
            }
        };
        let mut settings = Vec::new();
        flatten("", &config, &mut settings);
        Ok(Self {
            kind,
            title,
            program: manifest.program.clone(),
            group: group(kind, words, &config, &manifest),
            seed: config.get("seed").and_then(Value::as_u64).unwrap_or(0),
            settings,
            config,
            begun: begun(dir),
            state,
            rows: Vec::new(),
            has_scores: false,
            floors: Vec::new(),
            arrays: Vec::new(),
        })
    }

    /// The keys of all rows' numbers, each once, in the order in which they come.
    pub fn keys(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = Vec::new();
        for row in &self.rows {
            let mut place = 0;
            for (key, _) in &row.numbers {
                let known = keys.iter().position(|known| known == key);
                if known.is_none() {
                    // Where the row has it, so that what is measured now and then stands where it belongs.
                    keys.insert(place, key);
                }
                place = known.unwrap_or(place) + 1;
            }
        }
        keys
    }

    /// What the records' steps are called.
    pub const fn step_name(&self) -> &'static str {
        match self.kind {
            Kind::Points | Kind::Sefa => STEPS[0],
            Kind::Progan => STEPS[1],
        }
    }
}

/// Whether arrays are read, which may be large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrays {
    /// They are.
    All,
    /// Only the records are.
    None,
}

impl Row {
    /// A record's numbers, of a run of this kind.
    pub fn of(kind: Kind, record: &Value) -> Self {
        let map = record.as_object();
        let step = STEPS.iter().find_map(|step| record.get(*step)?.as_u64()).unwrap_or(0);
        let number = |(key, value): (&String, &Value)| {
            let number = match value {
                Value::Bool(flag) => f64::from(u8::from(*flag)),
                other => other.as_f64()?,
            };
            (!STEPS.contains(&key.as_str())).then(|| (key.clone(), number))
        };
        Self {
            step,
            seconds: record.get("seconds").and_then(Value::as_f64).unwrap_or(0.0),
            numbers: map.into_iter().flatten().filter_map(number).collect(),
            file: file(kind, record),
        }
    }

    /// One of its numbers.
    pub fn number(&self, key: &str) -> Option<f64> {
        self.numbers.iter().find(|(known, _)| known == key).map(|&(_, value)| value)
    }
}

/// The picture beside a record.
fn file(kind: Kind, record: &Value) -> Option<(String, Option<String>)> {
    let known = kind.recorded_file(record).map(|(name, sha256)| (name, Some(sha256)));
    let unsaid = || (kind == Kind::Progan).then(|| record.get("images")?.as_u64()).flatten();
    known.or_else(|| Some((format!("samples/{:09}.png", unsaid()?), None)))
}

/// A config's values by their keys; lists stay whole.
fn flatten(key: &str, value: &Value, to: &mut Vec<(String, Value)>) {
    match value {
        Value::Null => {}
        Value::Object(map) => {
            for (name, inner) in map {
                flatten(&if key.is_empty() { name.clone() } else { format!("{key}.{name}") }, inner, to);
            }
        }
        Value::Array(_) => to.push((key.to_owned(), shown(value).into())),
        other => to.push((key.to_owned(), other.clone())),
    }
}

/// A name that runs share which differ in their seed only: words for people, and a digest of all settings but the seed, what
/// does the arithmetic, and where the inputs lie, with what is in these.
fn group(kind: Kind, words: &str, config: &Value, manifest: &Manifest) -> String {
    let mut essence = config.clone();
    let keys = TABLES.iter().filter(|table| table.kind == kind.name()).flat_map(|table| table.keys);
    for key in keys.filter(|key| matches!(key.role, Role::Seed | Role::Machine)).map(|key| key.path) {
        take(&mut essence, key);
    }
    for key in kind.input_keys() {
        take(&mut essence, key);
    }
    let inputs: Vec<&str> = manifest.inputs.iter().map(|input| input.sha256.as_str()).collect();
    let sha256 = digest(serde_json::json!([kind.name(), essence, inputs]).to_string().as_bytes());
    format!("{words}-{}", &sha256[..8])
}

/// Takes the value at a path out of a config.
fn take(config: &mut Value, path: &str) {
    let (level, last) = path.rsplit_once('.').map_or((None, path), |(level, last)| (Some(level), last));
    let level = level.map_or_else(String::new, |level| format!("/{}", level.replace('.', "/")));
    if let Some(map) = config.pointer_mut(&level).and_then(Value::as_object_mut) {
        map.shift_remove(last);
    }
}

/// When a run was begun: when the first of its files was written that is never written again.
fn begun(dir: &RunDir) -> u64 {
    let time = |name: &str| {
        let changed = std::fs::metadata(dir.file(name)).ok()?.modified().ok()?;
        Some(changed.duration_since(UNIX_EPOCH).ok()?.as_secs())
    };
    ["noise.npy", "config.json"].into_iter().find_map(time).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_has_every_number_of_its_record() {
        let record = json!({
            "epoch": 3, "iteration": 81, "d_loss": -0.5, "clip_idle": true, "sample": "ab12", "seconds": 1.25,
        });
        let row = Row::of(Kind::Points, &record);
        assert_eq!((row.step, row.seconds), (3, 1.25));
        let named = [("iteration", 81.0), ("d_loss", -0.5), ("clip_idle", 1.0), ("seconds", 1.25)];
        assert_eq!(row.numbers, named.map(|(key, value)| (key.to_owned(), value)));
        assert_eq!((row.file, Row::of(Kind::Points, &json!([1, 2])).numbers), (None, vec![]));
        let file = |record| Row::of(Kind::Progan, &record).file;
        let named = Some("samples/000000040.png".to_owned());
        assert_eq!(file(json!({ "images": 40, "sample": "ab" })), named.clone().zip(Some(Some("ab".to_owned()))));
        assert_eq!(file(json!({ "images": 40 })), named.zip(Some(None)));
    }

    #[test]
    fn settings_are_flat_and_lists_stay_whole() {
        let mut flat = Vec::new();
        flatten("", &json!({ "a": 1, "b": { "c": [64, 128], "d": null, "e": { "f": "x" } } }), &mut flat);
        let named = [("a", json!(1)), ("b.c", json!("64,128")), ("b.e.f", json!("x"))];
        assert_eq!(flat, named.map(|(key, value)| (key.to_owned(), value)));
    }

    #[test]
    fn seeds_and_threads_share_a_group_and_rates_do_not() {
        let config = |change: &dyn Fn(&mut Value)| {
            let mut config = json!({ "objective": { "model": "wgan" }, "optim": { "name": "adam" }, "lr": 1.0, "seed": 0,
                        "threads": 1, "data": { "path": "a", "train_size": 7 } });
            change(&mut config);
            let manifest = json!({ "format": 1, "kind": "points", "program": "", "commit": "", "settings": {},
                "inputs": [{ "role": "data", "path": "a", "sha256": "00" }], "files": [], "digests": {}, "total": 1 });
            group(Kind::Points, "wgan-adam", &config, &serde_json::from_value(manifest).unwrap())
        };
        let first = config(&|_| {});
        assert!(first.starts_with("wgan-adam-") && first.len() == "wgan-adam-".len() + 8, "{first}");
        assert_eq!(config(&|config| config["seed"] = json!(1)), first);
        assert_eq!(config(&|config| config["threads"] = json!(8)), first);
        assert_eq!(config(&|config| config["data"]["path"] = json!("b")), first);
        assert_ne!(config(&|config| config["lr"] = json!(2.0)), first);
        assert_ne!(config(&|config| config["data"]["train_size"] = json!(8)), first);
    }

    #[test]
    fn keys_that_come_later_stand_where_their_rows_have_them() {
        let row = |keys: &[&str]| Row {
            step: 1,
            seconds: 0.0,
            numbers: keys.iter().map(|key| ((*key).to_owned(), 0.0)).collect(),
            file: None,
        };
        let rows = vec![row(&["iteration", "seconds"]), row(&["iteration", "sliced_w2", "seconds"])];
        let content = Content {
            kind: Kind::Points,
            title: String::new(),
            program: String::new(),
            config: Value::Null,
            settings: Vec::new(),
            group: String::new(),
            seed: 0,
            begun: 0,
            state: State::Over,
            rows,
            has_scores: false,
            floors: Vec::new(),
            arrays: Vec::new(),
        };
        assert_eq!(content.keys(), ["iteration", "sliced_w2", "seconds"]);
    }
}
