//! Trainings that are not at their end, each in a file of its own in the folder `unfinished` beside the results, so that a
//! protocol that was stopped or killed goes on where it was.

use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::{Deserialize, Serialize};

use super::jobs::Mark;
use super::train::{At, Training};
use super::{Job, ProtocolError};
use crate::checkpoint;
use crate::run::Bundle;

/// The folder of states, beside the results.
const FOLDER: &str = "unfinished";
const FORMAT: &str = "gan-lab protocol state 1";

/// What a file says beside its tensors.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    format: String,
    /// The digest of what the training's last measurement follows from.
    training: String,
    #[serde(flatten)]
    at: At,
    /// The SHA-256 of all tensors.
    tensors: String,
}

/// The file of a training.
pub(super) fn path(folder: &Path, job: &Job) -> PathBuf {
    folder.join(FOLDER).join(format!("{}.safetensors", job.digest()))
}

/// Writes how far a training is.
pub(super) fn save(path: &Path, job: &Job, training: &mut Training<'_>) -> Result<(), ProtocolError> {
    let failed = |source| job.failed(source);
    let (at, bundle) = (training.at(), training.state().map_err(failed)?);
    let (training, tensors) = (job.digest().to_owned(), bundle.digest());
    let note = Note { format: FORMAT.to_owned(), training, at, tensors };
    // Our own numbers and words always become JSON.
    let note = serde_json::json!(note).to_string();
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    checkpoint::save(path, &bundle.tensors, Some(note)).map_err(|error| unusable(path, error.to_string()))
}

/// Takes a training to where it was; false if there is no file, or one of a training that has not measured what it should have
/// by then.
pub(super) fn restore(
    path: &Path,
    job: &Job,
    is_measured: impl Fn(&Mark) -> bool,
    training: &mut Training<'_>,
) -> Result<bool, ProtocolError> {
    if !path.exists() {
        return Ok(false);
    }
    let wrong = |reason: String| unusable(path, reason);
    let file = checkpoint::load(path).map_err(|error| wrong(error.to_string()))?;
    let note: Option<Note> = file.note.as_deref().and_then(|note| serde_json::from_str(note).ok());
    let bundle = Bundle { tensors: file.tensors };
    let note = note.filter(|note| note.format == FORMAT && note.training == job.digest());
    let note = note.ok_or_else(|| wrong("its metadata are not of this training".to_owned()))?;
    if note.tensors != bundle.digest() || note.at.done > job.iterations() {
        return Err(wrong("its numbers are not those that were saved".to_owned()));
    }
    if job.marks().iter().any(|mark| mark.iterations < note.at.done && !is_measured(mark)) {
        return Ok(false);
    }
    training.restore(note.at, &bundle).map_err(|error| wrong(error.to_string()))?;
    Ok(true)
}

/// Takes away the file of a training that is at its end.
pub(super) fn remove(path: &Path) -> Result<(), ProtocolError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Takes away the folder beside the results where nothing is left in it. While others train it has to stay: between making
/// the folder and the file in it they would lose it.
pub(super) fn tidy(folder: &Path) {
    // One that is not there or not empty stays as it is.
    let _ = fs::remove_dir(folder.join(FOLDER));
}

fn unusable(path: &Path, reason: String) -> ProtocolError {
    ProtocolError::Unfinished { path: path.to_owned(), reason }
}
