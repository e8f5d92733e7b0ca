//! `run.json`: what a run is, what it was made of, and which files in its directory are its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::kind::{MANIFEST, matches};
use super::{Kind, RunError, hex};
use crate::{files, paths};

const FORMAT: u32 = 1;

/// Something that a run is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// What it is for: `data`, `checkpoint`.
    pub role: String,
    /// Where it lay, as it was named, in the form of [`crate::paths`].
    pub path: String,
    /// The SHA-256 of its content.
    pub sha256: String,
}

impl Input {
    /// The input at `path`.
    pub fn new(role: &str, path: &Path, sha256: String) -> Self {
        Self { role: role.to_owned(), path: paths::text(path), sha256 }
    }

    /// Where it lay, as it was named.
    pub fn place(&self) -> PathBuf {
        paths::path(&self.path)
    }

    /// Where it may lie: as it was named, seen from here; or, where someone works in another folder or the whole was
    /// moved, seen from a folder that the run in `dir` lies in.
    pub fn places(&self, dir: &Path) -> Vec<PathBuf> {
        let named = self.place();
        let mut places = vec![named.clone()];
        if named.is_relative()
            && let Ok(dir) = std::path::absolute(dir)
        {
            places.extend(dir.ancestors().skip(1).map(|folder| folder.join(&named)).filter(|place| place.exists()));
        }
        places
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
    pub digests: BTreeMap<String, String>,
    /// Units in all: epochs, or images.
    pub total: u64,
    /// Whether all is done, for a kind without a state.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub finished: bool,
    /// Whether its work ended because its numbers grew beyond all bounds, and nobody has gone on since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub diverged: bool,
    /// Whether it was begun before runs had manifests: its state may not say which run it is of.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub older: bool,
}

impl Manifest {
    /// A new run's.
    pub(super) fn new(kind: Kind, settings: Value, inputs: Vec<Input>, files: Vec<String>, total: u64) -> Self {
        let (program, commit) = (crate::version::program(), crate::version::commit().to_owned());
        Self {
            format: FORMAT,
            kind,
            program,
            commit,
            settings,
            inputs,
            files,
            digests: BTreeMap::new(),
            total,
            finished: false,
            diverged: false,
            older: false,
        }
    }

    /// What the run has in a role: `data`, `checkpoint`.
    pub fn input(&self, role: &str) -> Option<&Input> {
        self.inputs.iter().find(|input| input.role == role)
    }

    /// The manifest in a directory, if there is one.
    pub(super) fn read(dir: &Path) -> Result<Option<Self>, RunError> {
        Self::text(dir)?.map(|text| Self::parsed(dir, &text)).transpose()
    }

    pub(super) fn text(dir: &Path) -> Result<Option<String>, RunError> {
        match fs_err::read_to_string(dir.join(MANIFEST)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => Ok(None),
            other => Ok(Some(other?)),
        }
    }

    pub(super) fn parsed(dir: &Path, text: &str) -> Result<Self, RunError> {
        let path = dir.join(MANIFEST);
        let malformed = |reason: String| RunError::Malformed { path: path.clone(), reason };
        let value: Value = serde_json::from_str(text).map_err(|error| malformed(error.to_string()))?;
        if value.get("format").and_then(Value::as_u64).is_some_and(|format| format > u64::from(FORMAT)) {
            let program = value.get("program").and_then(Value::as_str).unwrap_or("unknown").to_owned();
            return Err(RunError::Newer { path, program });
        }
        if !is_as_written(text, &value) {
            return Err(malformed("it is not what was written".to_owned()));
        }
        serde_json::from_value(value).map_err(|error| malformed(error.to_string()))
    }

    /// Writes it, with a digest of itself.
    pub(super) fn write(&self, dir: &Path) -> Result<(), RunError> {
        let path = dir.join(MANIFEST);
        let json = serde_json::to_string_pretty(&Signed { manifest: self, sha256: &blank() });
        let json = json.map_err(|error| RunError::Malformed { path: path.clone(), reason: error.to_string() })?;
        let blank = json + "\n";
        let text = blank.replace(&self::blank(), &hex(&Sha256::digest(&blank)));
        Ok(files::write(&path, text.as_bytes())?)
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

/// The form on disk.
#[derive(Serialize)]
struct Signed<'a> {
    #[serde(flatten)]
    manifest: &'a Manifest,
    /// The SHA-256 of the file's text with zeros in the place of these digits.
    sha256: &'a str,
}

/// What stands in the digest's place while the digest is made.
fn blank() -> String {
    "0".repeat(64)
}

/// Whether a manifest's text has the digest that it says.
fn is_as_written(text: &str, value: &Value) -> bool {
    let Some(said) = value.get("sha256").and_then(Value::as_str).filter(|said| said.len() == 64) else { return false };
    let Some(at) = text.rfind(said) else { return false };
    let blank = [&text[..at], &blank(), &text[at + said.len()..]].concat();
    hex(&Sha256::digest(blank)) == said
}

/// The settings that make a run what it is.
pub(super) fn essence(kind: Kind, settings: &Value) -> Value {
    let mut settings = settings.clone();
    for key in kind.free_keys().iter().chain(kind.input_keys()).chain(kind.total_key().as_slice()) {
        remove(&mut settings, key);
    }
    for (key, before) in kind.later_keys() {
        if settings.get(key).and_then(Value::as_str) == Some(before) {
            remove(&mut settings, key);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_looked_for_here_and_in_the_folders_around_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let (run, data) = (folder.path().join("work/train/run"), folder.path().join("data/p.npy"));
        fs_err::create_dir_all(&run).unwrap();
        files::write(&data, b"points").unwrap();
        let input = Input::new("data", Path::new("data/p.npy"), String::new());
        assert_eq!(input.places(&run), [Path::new("data/p.npy"), &data]);
    }

    #[test]
    fn identity_is_what_the_run_is_and_not_how_or_where_it_is_done() {
        let manifest = |settings: Value, path: &str| {
            let input = Input::new("data", Path::new(path), "abc".into());
            Manifest::new(Kind::Points, settings, vec![input], vec![], 5).identity()
        };
        let settings = |lr: f64, threads: u64, epochs: u64| serde_json::json!({"lr": lr, "threads": threads, "epochs": epochs, "data": {"path": "x", "train_size": 7}});
        let one = manifest(settings(0.1, 1, 5), "/a");
        assert_eq!(one, manifest(settings(0.1, 4, 9), "/b"));
        assert_ne!(one, manifest(settings(0.2, 1, 5), "/a"));
    }
}
