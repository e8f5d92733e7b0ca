//! `run.json`: what a run is, what it was made of, and which files in its directory are its own.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::kind::{MANIFEST, matches};
use super::{Kind, RunError, hex};
use crate::files;

const FORMAT: u32 = 1;

/// Something that a run is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// What it is for: `data`, `checkpoint`.
    pub role: String,
    /// Where it lay, as it was named.
    pub path: String,
    /// The same, as seen from the run's directory.
    pub from_run: String,
    /// The SHA-256 of its content.
    pub sha256: String,
}

impl Input {
    /// The input at `path` of a run in `dir`.
    pub fn new(role: &str, path: &Path, sha256: String, dir: &Path) -> Self {
        let from_run = relative(path, dir).unwrap_or_else(|| path.to_owned());
        let text = |path: &Path| path.to_string_lossy().into_owned();
        Self { role: role.to_owned(), path: text(path), from_run: text(&from_run), sha256 }
    }

    /// Where it may lie: as it was named, and as seen from the run's directory.
    pub fn places(&self, dir: &Path) -> [PathBuf; 2] {
        [PathBuf::from(&self.path), tidy(&dir.join(&self.from_run))]
    }
}

/// What a directory says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of this file.
    pub format: u32,
    /// The kind of run.
    pub kind: Kind,
    /// The program that began it.
    pub program: String,
    /// The program's commit.
    pub commit: String,
    /// The settings as they were resolved.
    pub settings: Value,
    /// What it is made of.
    pub inputs: Vec<Input>,
    /// The files that it writes, `#` standing for digits: these and no others are replaced and removed.
    pub files: Vec<String>,
    /// The SHA-256 of files that are written once.
    #[serde(default)]
    pub digests: BTreeMap<String, String>,
    /// Units in all: epochs, or images.
    pub total: u64,
    /// Whether all is done, for a kind without a state.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub finished: bool,
}

impl Manifest {
    /// A new run's.
    pub(super) fn new(kind: Kind, settings: Value, inputs: Vec<Input>, files: Vec<String>, total: u64) -> Self {
        let (program, commit) = (crate::version::PROGRAM.to_owned(), crate::version::COMMIT.to_owned());
        Self { format: FORMAT, kind, program, commit, settings, inputs, files, digests: BTreeMap::new(), total, finished: false }
    }

    /// The manifest in a directory, if there is one.
    pub(super) fn read(dir: &Path) -> Result<Option<Self>, RunError> {
        let path = dir.join(MANIFEST);
        let malformed = |reason: String| RunError::Malformed { path: path.clone(), reason };
        let text = match fs_err::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => return Ok(None),
            other => other?,
        };
        let value: Value = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
        if value.get("format").and_then(Value::as_u64).is_some_and(|format| format > u64::from(FORMAT)) {
            let program = value.get("program").and_then(Value::as_str).unwrap_or("unknown").to_owned();
            return Err(RunError::Newer { path, program });
        }
        serde_json::from_value(value).map(Some).map_err(|error| malformed(error.to_string()))
    }

    /// Writes it.
    pub(super) fn write(&self, dir: &Path) -> Result<(), RunError> {
        let path = dir.join(MANIFEST);
        let json = serde_json::to_string_pretty(self);
        let json = json.map_err(|error| RunError::Malformed { path: path.clone(), reason: error.to_string() })?;
        Ok(files::write(&path, (json + "\n").as_bytes())?)
    }

    /// Whether a file, by its path in the directory, is the run's own.
    pub(super) fn owns(&self, name: &str) -> bool {
        self.files.iter().any(|pattern| matches(pattern, name))
    }

    /// What makes the run what it is: the SHA-256 of kind, settings and inputs, without how it is done, how long it is
    /// to go on, and where its inputs lie.
    pub(super) fn identity(&self) -> String {
        let inputs: Vec<_> = self.inputs.iter().map(|input| (&input.role, &input.sha256)).collect();
        let what = serde_json::json!({
            "kind": self.kind.name(), "settings": essence(self.kind, &self.settings), "inputs": inputs,
        });
        hex(&Sha256::digest(what.to_string()))
    }
}

/// The settings that make a run what it is.
pub(super) fn essence(kind: Kind, settings: &Value) -> Value {
    let mut settings = settings.clone();
    for key in kind.free_keys().iter().chain(kind.input_keys()).chain(kind.total_key().as_slice()) {
        remove(&mut settings, key);
    }
    sorted(settings)
}

/// The same with its keys in the alphabet's order, so that a digest does not depend on who wrote them.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<String, Value> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            Value::Object(sorted.into_iter().collect())
        }
        other => other,
    }
}

fn remove(value: &mut Value, key: &str) {
    match key.split_once('.') {
        None => drop(value.as_object_mut().and_then(|map| map.remove(key))),
        Some((outer, inner)) => {
            if let Some(inside) = value.get_mut(outer) {
                remove(inside, inner);
            }
        }
    }
}

/// `path` as seen from the folder `from`; None where there is no way from one to the other.
fn relative(path: &Path, from: &Path) -> Option<PathBuf> {
    let [path, from] = [path, from].map(|path| std::path::absolute(path).map(|path| tidy(&path)));
    let (path, from) = (path.ok()?, from.ok()?);
    let common = path.components().zip(from.components()).take_while(|(a, b)| a == b).count();
    if common == 0 {
        return None;
    }
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    let found: PathBuf = up.chain(path.components().skip(common)).collect();
    Some(found)
}

/// Without `.`, and without `..` where that can be told from the path alone.
fn tidy(path: &Path) -> PathBuf {
    let mut tidied = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(tidied.components().next_back(), Some(Component::Normal(_))) => {
                tidied.pop();
            }
            other => tidied.push(other),
        }
    }
    tidied
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_runs_directory() {
        let seen = |path: &str, from: &str| relative(Path::new(path), Path::new(from)).unwrap();
        assert_eq!(seen("/a/data/p.mat", "/a/work/train/run"), Path::new("../../../data/p.mat"));
        assert_eq!(seen("/a/run/p.mat", "/a/run"), Path::new("p.mat"));
        assert_eq!(seen("data/p.mat", "work/run"), Path::new("../../data/p.mat"));
        let input = Input::new("data", Path::new("d/p.mat"), String::new(), Path::new("w/run"));
        assert_eq!(input.places(Path::new("w/run")), [Path::new("d/p.mat"), Path::new("d/p.mat")]);
    }

    #[test]
    fn identity_is_what_the_run_is_and_not_how_or_where_it_is_done() {
        let manifest = |settings: Value, path: &str| {
            let input = Input::new("data", Path::new(path), "abc".into(), Path::new("/run"));
            Manifest::new(Kind::Points, settings, vec![input], vec![], 5).identity()
        };
        let settings = |lr: f64, threads: u64, epochs: u64| {
            serde_json::json!({"lr": lr, "threads": threads, "epochs": epochs, "data": {"path": "x", "train_size": 7}})
        };
        let one = manifest(settings(0.1, 1, 5), "/a");
        assert_eq!(one, manifest(settings(0.1, 4, 9), "/b"));
        assert_ne!(one, manifest(settings(0.2, 1, 5), "/a"));
    }
}
