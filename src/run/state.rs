//! `state.safetensors`: all that resuming needs, in one file, so that it is of one moment.
//!
//! Its note ties it to the run: the digest of the run's settings and inputs, how far it is, and how many records and
//! frames it counts on, with their digests. It decides: whatever the other files hold beyond it is from work that was cut
//! off.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{RunError, digest, hex};
use crate::checkpoint::{self, CheckpointError, NamedTensor, Numbers, TensorError};

const FORMAT: &str = "gan-lab state 2";
/// Before states were tied to their runs.
const OLD_FORMAT: &str = "gan-lab state 1";

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Units done: epochs, or images.
    pub done: u64,
    /// Units in all.
    pub total: u64,
}

/// How many entries of a growing file count, and the SHA-256 of what they say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ledger {
    pub(super) count: u64,
    pub(super) sha256: String,
}

/// What the file says beside its tensors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Note {
    format: String,
    /// The digest of settings and inputs, [`super::manifest::Manifest::identity`].
    pub(super) run: String,
    pub(super) done: u64,
    pub(super) total: u64,
    /// Why the run ended before its last unit, by a condition of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ended: Option<String>,
    pub(super) records: Ledger,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) frames: Option<Ledger>,
    /// The SHA-256 of as many frames in the arrays beside the first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) arrays: BTreeMap<String, String>,
    /// The SHA-256 of files that follow from the state.
    pub(super) files: BTreeMap<String, String>,
    /// The SHA-256 of all tensors.
    tensors: String,
    /// The SHA-256 of the note without this; older states have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
}

impl Note {
    /// The digest of all that it says but this digest.
    fn digest(&self) -> Result<String, serde_json::Error> {
        let bare = Self { sha256: None, ..self.clone() };
        Ok(digest(serde_json::to_string(&bare)?.as_bytes()))
    }
}

#[derive(Deserialize)]
struct OldNote {
    format: String,
    data: String,
}

/// Which note a state has.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and it is soon taken apart")]
#[derive(Clone, Debug)]
pub(super) enum Noted {
    /// Today's.
    Tied(Note),
    /// One of before states were tied to their runs, with the data's digest where it was said.
    Untied { data: Option<String> },
}

/// Named tensors, some of them under a common prefix.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bundle {
    /// The tensors.
    pub tensors: Vec<NamedTensor>,
}

impl Bundle {
    /// Adds a count.
    pub fn add_count(&mut self, name: impl Into<String>, n: u64) {
        self.tensors.push(NamedTensor::i64(name, vec![], vec![n as i64]));
    }

    /// Adds a flat array.
    pub fn add_array(&mut self, name: impl Into<String>, values: Vec<f32>) {
        self.tensors.push(NamedTensor::f32(name, vec![values.len()], values));
    }

    /// Adds tensors, `prefix` before their names.
    pub fn add_under(&mut self, prefix: &str, tensors: impl IntoIterator<Item = NamedTensor>) {
        self.tensors.extend(tensors.into_iter().map(|tensor| tensor.prefixed(prefix)));
    }

    /// A count, which is one whole number, 0 or more.
    pub fn count(&self, name: &str) -> Result<u64, TensorError> {
        NamedTensor::find(&self.tensors, name)?.as_count()
    }

    /// A flat array in single precision.
    pub fn array(&self, name: &str) -> Result<Vec<f32>, TensorError> {
        Ok(NamedTensor::find(&self.tensors, name)?.as_f32_any()?.to_vec())
    }

    /// An array in double precision of this length.
    pub fn doubles(&self, name: &str, length: usize) -> Result<Vec<f64>, TensorError> {
        Ok(NamedTensor::find(&self.tensors, name)?.as_f64(&[length])?.to_vec())
    }

    /// Whether there is a tensor of that name.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.iter().any(|tensor| tensor.name == name)
    }

    /// The tensors whose names begin with `prefix`, without it.
    #[must_use]
    pub fn under(&self, prefix: &str) -> Self {
        let named = self.tensors.iter().filter_map(|tensor| {
            let name = tensor.name.strip_prefix(prefix)?.to_owned();
            Some(NamedTensor { name, ..tensor.clone() })
        });
        Self { tensors: named.collect() }
    }

    /// The SHA-256 of all names, shapes and numbers, in whatever order they stand.
    pub fn digest(&self) -> String {
        let mut order: Vec<&NamedTensor> = self.tensors.iter().collect();
        order.sort_by(|a, b| a.name.cmp(&b.name));
        let mut hash = Sha256::new();
        for tensor in order {
            hash.update(format!("{} {:?} ", tensor.name, tensor.shape));
            hash.update(tensor.bytes());
        }
        hex(&hash.finalize())
    }

    fn first_not_finite(&self) -> Option<&str> {
        let finite = |tensor: &NamedTensor| match &tensor.numbers {
            Numbers::F32(values) => values.iter().all(|x| x.is_finite()),
            Numbers::F64(values) => values.iter().all(|x| x.is_finite()),
            Numbers::F16(values) => values.iter().all(|x| x.is_finite()),
            Numbers::I64(_) => true,
        };
        self.tensors.iter().find(|tensor| !finite(tensor)).map(|tensor| tensor.name.as_str())
    }
}

/// What ties a state to its run.
pub(super) struct Tie {
    /// The digest of settings and inputs.
    pub(super) run: String,
    pub(super) position: Position,
    pub(super) ended: Option<String>,
    pub(super) records: Ledger,
    pub(super) frames: Option<Ledger>,
    pub(super) arrays: BTreeMap<String, String>,
    pub(super) files: BTreeMap<String, String>,
}

/// Writes a state.
pub(super) fn write(path: &Path, bundle: &Bundle, tie: Tie) -> Result<(), RunError> {
    let Tie { run, position: Position { done, total }, ended, records, frames, arrays, files } = tie;
    let format = FORMAT.to_owned();
    let tensors = bundle.digest();
    let mut note = Note { format, run, done, total, ended, records, frames, arrays, files, tensors, sha256: None };
    let text = note.digest().and_then(|sha256| {
        note.sha256 = Some(sha256);
        serde_json::to_string(&note)
    });
    let note = text.map_err(|error| malformed(path, error.to_string()))?;
    Ok(checkpoint::save(path, &bundle.tensors, Some(note))?)
}

/// The note of the state at `path`, without its tensors.
pub(super) fn note(path: &Path) -> Result<Noted, RunError> {
    noted(path, checkpoint::load_note(path)?.as_deref())
}

/// A state with its note. Every number in it is finite, and what the note says of the tensors holds.
pub(super) fn read(path: &Path) -> Result<(Bundle, Noted), RunError> {
    let file = checkpoint::load(path)?;
    let noted = noted(path, file.note.as_deref())?;
    let bundle = Bundle { tensors: file.tensors };
    if let Noted::Tied(note) = &noted
        && note.tensors != bundle.digest()
    {
        return Err(malformed(path, "its numbers are not those that were saved"));
    }
    if let Some(name) = bundle.first_not_finite() {
        return Err(malformed(path, format!("'{name}' has a number that is not finite")));
    }
    Ok((bundle, noted))
}

fn noted(path: &Path, text: Option<&str>) -> Result<Noted, RunError> {
    // ProGAN's states had no note.
    let Some(text) = text else { return Ok(Noted::Untied { data: None }) };
    if let Ok(note) = serde_json::from_str::<Note>(text)
        && note.format == FORMAT
    {
        if note.sha256.is_some() && note.digest().ok() != note.sha256 {
            return Err(malformed(path, "its description of the run is not the one that was saved"));
        }
        if note.done > note.total {
            return Err(malformed(path, format!("it says {} of {}", note.done, note.total)));
        }
        return Ok(Noted::Tied(note));
    }
    match serde_json::from_str::<OldNote>(text) {
        Ok(note) if note.format == OLD_FORMAT => Ok(Noted::Untied { data: Some(note.data) }),
        _ => Err(malformed(path, format!("its metadata do not say '{FORMAT}'"))),
    }
}

/// A tensor of the state at `path` that is not what was expected.
pub fn wrong_tensor(path: &Path, problem: TensorError) -> RunError {
    CheckpointError::Tensor { path: path.to_owned(), problem }.into()
}

fn malformed(path: &Path, reason: impl Into<String>) -> RunError {
    RunError::Malformed { path: path.to_owned(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bit_of_a_note_changes_unseen() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.safetensors");
        let mut bundle = Bundle::default();
        bundle.add_array("weights", vec![1.0, 2.0]);
        let ledger = || Ledger { count: 1, sha256: digest(b"records") };
        let tie = Tie {
            run: digest(b"run"),
            position: Position { done: 1, total: 2 },
            ended: Some("a < 1".to_owned()),
            records: ledger(),
            frames: Some(ledger()),
            arrays: [("field.npy".to_owned(), digest(b"field"))].into(),
            files: BTreeMap::from([("generator.safetensors".to_owned(), digest(b"weights"))]),
        };
        write(&path, &bundle, tie).unwrap();
        let text = checkpoint::load_note(&path).unwrap().unwrap();
        assert!(matches!(noted(&path, Some(&text)), Ok(Noted::Tied(_))));
        for at in 0..text.len() {
            for bit in 0..7 {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let changed = String::from_utf8(bytes).unwrap();
                assert!(noted(&path, Some(&changed)).is_err(), "{changed}");
            }
        }
        // One of before there was that digest.
        let mut note: serde_json::Value = serde_json::from_str(&text).unwrap();
        note.as_object_mut().unwrap().remove("sha256");
        assert!(matches!(noted(&path, Some(&note.to_string())), Ok(Noted::Tied(_))));
    }
}
